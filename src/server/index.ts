export { endpoints } from './contract/index.js';
