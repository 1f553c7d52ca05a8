/** `cyclebox models …`: what its commands take. The work is in ../models/import-model.ts and its neighbours, loaded when one runs. */
import { type Command, Option } from 'commander';
import type {
  CompareModelsOptions,
  ExportModelOptions,
  ImportModelOptions,
  ModelInfoOptions,
  QuantiseModelOptions,
  VerifyModelsOptions,
} from '../models/index.js';
import { collect, parsePositive, wholeNumber } from '../options/index.js';

const ranges = ['-1..1', '0..1', '0..255'] as const;

export function register(program: Command): void {
  const models = program
    .command('models')
    .description('bring models of other programs in, take them out for others, and look at them');
  registerImport(models);
  registerExport(models);
  registerQuantise(models);
  registerInfo(models);
  registerCompare(models);
  registerVerify(models);
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
      const { importModelFile } = await import('../models/index.js');
      process.exitCode = await importModelFile(file, options);
    });
}

function registerExport(models: Command): void {
  models
    .command('export')
    .description('write a model for other programs: ONNX, safetensors, PyTorch, TensorFlow.js')
    .argument('[file]', 'the model; or name --pair and --to')
    .requiredOption('-o, --out <path>', 'file to write, or folder for TensorFlow.js')
    .option('-p, --pair <id>', 'pair of domains of a plugin')
    .option('-t, --to <domain>', 'domain that it translates to')
    .option('--plugins <folder>', 'folder with plugins, or of one plugin; may be repeated', collect)
    .addOption(
      new Option('--as <format>', 'format (default: by the ending of --out)').choices([
        'onnx',
        'safetensors',
        'pytorch',
        'tensorflow-js',
      ]),
    )
    .addOption(
      new Option('--weights <storage>', 'as what an ONNX file stores them').choices(['float32', 'float16', 'int8']),
    )
    .addOption(
      new Option(
        '--precision <precision>',
        'in what an ONNX file calculates its convolutions; int8 is for models that "quantize" has calibrated',
      ).choices(['float32', 'int8']),
    )
    .option('--network <name>', 'of several networks in the file, such as G_A')
    .option('--architecture <file>', 'description of the layers')
    .option('--replace', 'replace what is there')
    .option('--json', 'print one JSON document')
    .action(async (file: string | undefined, options: ExportModelOptions) => {
      const { exportModelFile } = await import('../models/index.js');
      process.exitCode = await exportModelFile(file, options);
    });
}

function registerQuantise(models: Command): void {
  models
    .command('quantize')
    .description('calibrate a model for int8 on the CPU, on images of what it translates from')
    .argument('[file]', 'the model; or name --pair and --to')
    .option('--images <folder>', 'images to calibrate on; without it, the calibration that is there is judged again')
    .requiredOption('--judge <folder>', 'other images, to judge the result on')
    .option('-p, --pair <id>', 'pair of domains of a plugin; its manifest will record the result')
    .option('-t, --to <domain>', 'domain that it translates to')
    .option('--plugins <folder>', 'folder with plugins, or of one plugin; may be repeated', collect)
    .option('--most <number>', 'how many of the images to calibrate on', wholeNumber(4), 64)
    .option('--judge-most <number>', 'and to judge on', wholeNumber(4), 32)
    .option('--size <pixels>', 'side of the squares that images are shown as', wholeNumber(16, 4096), 256)
    .option('--at-least <dB>', 'PSNR to float32 at which convolutions are chosen', parsePositive, 37)
    .option('--threads <number>', 'CPU threads (default: all)', wholeNumber(1))
    .option('--replace', 'replace the calibration that is there')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
It writes NAME.int8.json beside the model: how far the values around each convolution go, which convolutions calculate in int8,
how near results come, and in which part of the time. --precision auto takes int8 from 35 dB on where it is faster. Weights stay
in the model alone; they are quantised when it is loaded.

Example: cyclebox models quantize --pair horse-zebra --to zebra --images horses --judge other-horses`,
    )
    .action(async (file: string | undefined, options: QuantiseModelOptions) => {
      const { quantiseModel } = await import('../models/index.js');
      process.exitCode = await quantiseModel(file, options);
    });
}

function registerInfo(models: Command): void {
  models
    .command('info')
    .description('say what a model is: its kind, network, sizes, values, and what its file says of its making')
    .argument('[file]', 'the model; or name --pair and --to')
    .option('-p, --pair <id>', 'pair of domains of a plugin')
    .option('-t, --to <domain>', 'domain that it translates to')
    .option('--plugins <folder>', 'folder with plugins, or of one plugin; may be repeated', collect)
    .option('--network <name>', 'of several networks in the file, such as G_A')
    .option('--architecture <file>', 'description of the layers')
    .option('--json', 'print one JSON document')
    .action(async (file: string | undefined, options: ModelInfoOptions) => {
      const { showModelInfo } = await import('../models/index.js');
      process.exitCode = await showModelInfo(file, options);
    });
}

function registerCompare(models: Command): void {
  models
    .command('compare')
    .description('translate the same pictures with two models, and say how far apart the results are')
    .argument('<a>', 'a model')
    .argument('<b>', 'another')
    .option('--images <file>', 'picture to compare on (default: one that is drawn); may be repeated', collect)
    .option('--at-least <dB>', 'end with 1 where results are less alike than this PSNR', parsePositive)
    .option('--json', 'print one JSON document')
    .action(async (a: string, b: string, options: CompareModelsOptions) => {
      const { compareModels } = await import('../models/index.js');
      process.exitCode = await compareModels(a, b, options);
    });
}

function registerVerify(models: Command): void {
  models
    .command('verify')
    .description('hold models to the sums that manifests name, and try each on a picture')
    .argument('[file]', 'one model (default: those of all plugins)')
    .option('--sha256 <sum>', 'what the file is to have')
    .option('--plugins <folder>', 'folder with plugins, or of one plugin; may be repeated', collect)
    .option('--models <folder>', 'model store (default: the models folder of cyclebox)')
    .option('--json', 'print one JSON document')
    .action(async (file: string | undefined, options: VerifyModelsOptions) => {
      const { verifyModels } = await import('../models/index.js');
      process.exitCode = await verifyModels(file, options);
    });
}
