export {
  type DatasetFolder,
  datasetFolders,
  datasets,
  findDataset,
  type ImageCounts,
  type PublishedDataset,
  publishedBase,
} from './collection.js';
export { type PulledDataset, type PullOptions, pullDataset } from './pull-dataset.js';
export { trainCommandFor } from './train-command.js';
