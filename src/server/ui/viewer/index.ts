export { CompareViewer } from './compare-viewer.js';
