export { RunPage } from './run-page.js';
export { TrainingPage } from './training-page.js';
