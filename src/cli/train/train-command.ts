/** The options of `cyclebox train`: those of the training's schemas, and the few that belong to the command line. */
import { Command } from 'commander';
import { optionGroups } from '../../training/index.js';
import { addSchemaOptions, collect, readSchemaOptions } from '../options/index.js';
import { type TrainPairOptions, trainPair } from './train-pair.js';

/** @param program whose settings for help and errors it takes over */
export function trainCommand(program: Command): Command {
  const command = new Command('cyclebox train')
    .copyInheritedSettings(program)
    .description('fit a new pair from two folders of unpaired images')
    .option(
      '-c, --config <file>',
      'options from a JSON file with comments; those given on the command line take precedence',
    )
    .option('--resume', 'resume from the latest checkpoint in --out, with the options of the run')
    .option('--explain', 'show the plan (settings, networks, memory, time of a few real steps), and do not train')
    .option('--plugins <folder>', 'folder with plugins, or of one plugin, for --recipe, --metrics and --best', collect)
    .option(
      '--queue [config]',
      'have any worker train it that has the device of --engine; with the queue of this configuration (watch-config.json)',
    )
    .option('--no-follow', 'with --queue: do not wait for its end')
    .option('--sweep <file>', 'train what this JSON file with comments lists, and write one table of what came of it')
    .option('--json', 'print each event as a line of JSON; with --explain, print one document');
  for (const { title, schema } of optionGroups) addSchemaOptions(command, schema, title);
  return command
    .addHelpText(
      'after',
      `
Ctrl-C stops after the current step and writes a checkpoint; a second one ends at once. The finished pair is the folder
OUT/plugins/PAIR: name OUT/plugins under "plugins" in watch-config.json and add a route.

Example: cyclebox train --pair satellite-map --a data/a --b data/b --out runs/satellite-map --size 128 --width 32`,
    )
    .action(async (options: Omit<TrainPairOptions, 'given'>) => {
      const given = Object.assign({}, ...optionGroups.map(({ schema }) => readSchemaOptions(command, schema)));
      process.exitCode = await trainPair({ ...options, given });
    });
}
