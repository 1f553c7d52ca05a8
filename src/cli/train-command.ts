/** The options of `cyclebox train`: those of the training's schemas, and the few that belong to the command line. */
import { Command } from 'commander';
import { runOptionsSchema, trainingOptionsSchema } from '../training/index.js';
import { parseCount } from './arguments.js';
import { engineHelp } from './engine-option.js';
import { addSchemaOptions, readSchemaOptions } from './schema-options.js';
import { type TrainPairOptions, trainPair } from './train-pair.js';

/** @param program whose settings for help and errors it takes over */
export function trainCommand(program: Command): Command {
  const command = new Command('cyclebox train')
    .copyInheritedSettings(program)
    .description('fit a new pair from two folders of unpaired images')
    .requiredOption('-o, --out <folder>', 'folder for checkpoints, samples and the finished plugin')
    .option('--resume', 'go on from the latest checkpoint in --out, as the run was called');
  addSchemaOptions(command, trainingOptionsSchema, ['out']);
  addSchemaOptions(command, runOptionsSchema);
  return command
    .option('--engine <engine>', engineHelp)
    .option('--threads <number>', 'processor threads (default: all)', parseCount)
    .option('--background', 'let everything else on the machine go first')
    .addHelpText(
      'after',
      `
Ctrl-C stops after the current step and writes a checkpoint. The finished pair is the folder OUT/plugins/PAIR: name
OUT/plugins under "plugins" in watch-config.json and add a route.

Example: cyclebox train --pair satellite-map --a data/a --b data/b --out runs/satellite-map --size 128 --width 32`,
    )
    .action(async (options: Pick<TrainPairOptions, 'out'>) => {
      process.exitCode = await trainPair({
        ...options,
        training: readSchemaOptions(command, trainingOptionsSchema),
        run: readSchemaOptions(command, runOptionsSchema),
      });
    });
}
