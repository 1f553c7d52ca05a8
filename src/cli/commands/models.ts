/** `cyclebox models …`: what its commands take. The work is in ../import-model.ts and its neighbours, loaded when one runs. */
import { type Command, Option } from 'commander';
import { parsePositive, wholeNumber } from '../arguments.js';
import type { ImportModelOptions } from '../import-model.js';

const ranges = ['-1..1', '0..1', '0..255'] as const;

export function register(program: Command): void {
  const models = program.command('models').description('bring models of other programs in, and look at models');
  registerImport(models);
}

function registerImport(models: Command): void {
  models
    .command('import')
    .description('make a plugin of a model: ONNX, PyTorch (.pth), safetensors, or a TensorFlow.js folder')
    .argument('<file>', 'the model; what it is is found out from its content')
    .requiredOption('-p, --pair <id>', 'pair of domains that it belongs to, such as horse-zebra')
    .requiredOption('-t, --to <domain>', 'domain that it translates to, such as zebra')
    .option('--from <domain>', 'domain that it translates from (default: the other one of the pair)')
    .option('--plugins <folder>', 'folder to make the plugin in', 'plugins')
    .option('--network <name>', 'of several networks in the file, such as G_A')
    .option('--architecture <file>', 'description of the layers (default: NAME.architecture.json beside the file)')
    .addOption(new Option('--range <range>', 'of values that go in (default: found out)').choices(ranges))
    .addOption(new Option('--output-range <range>', 'of values that come out').choices(ranges))
    .addOption(new Option('--layout <layout>', 'where the channels are (default: found out)').choices(['nchw', 'nhwc']))
    .option('--enlarges <times>', 'how many times larger results are (default: found out)', wholeNumber(1, 16))
    .option('--size-multiple <pixels>', 'what sides must be multiples of (default: found out)', wholeNumber(1, 4096))
    .option('--trained-size <pixels>', 'the shorter side of its training images', parsePositive)
    .option('--licence <text>', 'of the weights')
    .option('--data-licence <text>', 'of the images that it was trained on')
    .option('--replace', 'replace the model of this direction')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Everything that is found out is told with how: what the file says, what its operations say, what it does with a small
picture. A self-test translates one. docs/models.md says which files are read, and how to describe other networks.

Example: cyclebox models import latest_net_G_A.pth --pair horse-zebra --to zebra`,
    )
    .action(async (file: string, options: ImportModelOptions) => {
      const { importModelFile } = await import('../import-model.js');
      process.exitCode = await importModelFile(file, options);
    });
}
