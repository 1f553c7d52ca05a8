/** `cyclebox dataset …`: what its commands take. The work is in ../train/pull-dataset.ts and ../train/list-datasets.ts. */
import type { Command } from 'commander';
import { collect } from '../options/index.js';
import type { ListDatasetsOptions, PullDatasetOptions } from '../train/index.js';

export function register(program: Command): void {
  const dataset = program
    .command('dataset')
    .description('list the data sets that the authors of CycleGAN published, and pull one into a folder to train on');
  dataset
    .command('list')
    .description('list names, numbers of images, sizes and licences')
    .option('--json', 'print one JSON document')
    .action(async (options: ListDatasetsOptions) => {
      const { listDatasets } = await import('../train/index.js');
      process.exitCode = listDatasets(options);
    });
  registerPull(dataset);
}

function registerPull(dataset: Command): void {
  dataset
    .command('pull')
    .description('fetch a data set, or take it from an archive or a folder, check it, and put it into a folder')
    .argument('<name>', 'such as horse2zebra; "cyclebox dataset list" has all')
    .option('-o, --out <folder>', 'where to (default: datasets/NAME)')
    .option('--from <path>', 'take it from this zip archive or folder instead of fetching it')
    .option('--mirror <address>', 'try this address first, in place of the publisher; may be repeated', collect)
    .option('--any-count', 'take it also when it has other numbers of images than were published')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
The licence is told before anything is fetched. A pull that was interrupted goes on where it stopped, when it is called
again. Mirrors may also be named in the environment (CYCLEBOX_MIRRORS, with spaces between them). The folder appears
only when everything is there; docs/datasets.md says what is checked.`,
    )
    .action(async (name: string, options: PullDatasetOptions) => {
      const { pullDatasetByName } = await import('../train/index.js');
      process.exitCode = await pullDatasetByName(name, options);
    });
}
