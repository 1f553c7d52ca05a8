/** `cyclebox train`: what it takes. The work is in ../train-pair.ts, loaded when the command runs. */
import { type Command, Option } from 'commander';
import { parseCount, parsePositive, parseTwoNames, parseWeight } from '../arguments.js';
import { engineHelp } from '../engine-option.js';
import type { TrainPairOptions } from '../train-pair.js';

export function register(program: Command): void {
  program
    .command('train')
    .description('fit a new pair from two folders of unpaired images')
    .option('-p, --pair <id>', 'id of the pair, such as satellite-map')
    .option('--a <folder>', 'images of the first domain')
    .option('--b <folder>', 'images of the second domain')
    .requiredOption('-o, --out <folder>', 'folder for checkpoints, samples and the finished plugin')
    .option('--domains <a,b>', 'names of the domains (default: the two words of the id)', parseTwoNames)
    .option('--size <pixels>', 'side of the training crops (default: 256)', parseCount)
    .option('--load-size <pixels>', 'shorter side before cropping; 0: not scaled (default: size × 286/256)', parseCount)
    .option('--no-flip', 'do not mirror crops')
    .option('--width <channels>', "channels of the generators' first layer (default: 64)", parseCount)
    .option('--blocks <number>', 'residual blocks (default: 9)', parseCount)
    .option(
      '--discriminator-width <channels>',
      "channels of the discriminators' first layer (default: width)",
      parseCount,
    )
    .option('--batch <number>', 'images of each domain per step (default: 1)', parseCount)
    .option('--steps <number>', 'steps in all (default: 200 passes over the larger folder)', parseCount)
    .option('--learning-rate <rate>', 'for the first half, then falling to 0 (default: 0.0002)', parsePositive)
    .addOption(new Option('--loss <kind>', 'adversarial loss (default: lsgan)').choices(['lsgan', 'vanilla']))
    .option('--cycle <weight>', 'weight of the cycle losses (default: 10)', parseWeight)
    .option('--identity <weight>', 'weight of the identity losses; 0: none (default: 5)', parseWeight)
    .option('--pool <images>', 'fakes kept for the discriminators; 0: none (default: 50)', parseCount)
    .option('--seed <number>', 'everything random follows from it (default: 1)', parseCount)
    .option('--resume', 'go on from the latest checkpoint in --out')
    .option('--sample-every <steps>', 'steps between sample sheets', parseCount, 500)
    .option('--checkpoint-every <minutes>', 'minutes between checkpoints, at most 5', parsePositive, 5)
    .option('--export-every <steps>', 'also write the plugin folder every so many steps', parseCount)
    .option('--engine <engine>', engineHelp)
    .option('--threads <number>', 'processor threads (default: all)', parseCount)
    .addHelpText(
      'after',
      `
Ctrl-C stops after the current step and writes a checkpoint. The finished pair is the folder OUT/plugins/PAIR: name
OUT/plugins under "plugins" in watch-config.json and add a route.

Example: cyclebox train --pair satellite-map --a data/a --b data/b --out runs/satellite-map --size 128 --width 32`,
    )
    .action(async (options: TrainPairOptions) => {
      const { trainPair } = await import('../train-pair.js');
      process.exitCode = await trainPair(options);
    });
}
