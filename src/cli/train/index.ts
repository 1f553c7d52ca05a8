/** Trainings on the command line, here and on other machines, and the data sets that they can have. */
export { type ListDatasetsOptions, listDatasets } from './list-datasets.js';
export {
  cancelTrainings,
  followRun,
  listTrainings,
  retryTrainings,
  type TrainingsOptions,
} from './manage-trainings.js';
export { type PullDatasetOptions, pullDatasetByName } from './pull-dataset.js';
export { trainCommand } from './train-command.js';
