/** `cyclebox bench`: what it takes. The work is in ../machine/show-bench.ts, loaded when the command runs. */
import { type Command, Option } from 'commander';
import type { ShowBenchOptions } from '../machine/index.js';
import { collect, listOf, parsePositive, parsePrecision, wholeNumber } from '../options/index.js';

const pixels = listOf(wholeNumber(16, 16384));
const count = wholeNumber(1, 4096);

export function register(program: Command): void {
  program
    .command('bench')
    .description('measure what the devices do: images a second for a pair, and training steps a second')
    .option('-p, --pair <id>', 'pair to translate with (default: the first that has a model)')
    .option('-t, --to <domain>', 'domain to translate to (default: the first that has a model)')
    .option('--model <file>', 'use this .onnx file instead of a pair')
    .option('--plugins <folder>', 'folder with plugins, or of one plugin; may be repeated', collect)
    .option('--models <folder>', 'model store (default: the models folder of cyclebox)')
    .option('--size <pixels,…>', 'side lengths of the square images (default: 256,512)', pixels)
    .option('--engine <name,…>', 'engines or devices, such as cpu,cuda:1 (default: all that work)', listOf(String))
    .addOption(
      new Option(
        '--precision <name,…>',
        'float32, float16, int8 (default: float32; also float16 on GPUs that support it)',
      ).argParser(listOf(parsePrecision)),
    )
    .option('--training', 'also measure training steps')
    .option('--crop <pixels,…>', 'training: side lengths of the crops (default: 128)', pixels)
    .option('--batch <number,…>', 'training: images of each domain per step (default: 1)', listOf(count))
    .option('--width <channels>', "training: channels of the networks' first layers (default: 64)", count)
    .option('--blocks <number>', 'training: residual blocks (default: 9)', count)
    .option('--seconds <number>', 'for each figure, without loading (default: 2)', parsePositive)
    .option('--threads <number>', 'CPU threads (default: all)', count)
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Every figure is measured in a process of its own: after a first run, the work is repeated for --seconds; the figure is
the median, with the 10th and the 90th percentile. Images go from pixels to pixels; reading and writing files is not
counted. The exit code is 1 if something that was to be measured could not be.

Example: cyclebox bench --pair satellite-map --to map --size 256 --training`,
    )
    .action(async (options: ShowBenchOptions) => {
      const { showBench } = await import('../machine/index.js');
      process.exitCode = await showBench(options);
    });
}
