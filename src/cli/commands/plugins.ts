/** `cyclebox plugins …`: what its commands take. The work is in files of their own, loaded when one of them runs. */
import { type Command, Option } from 'commander';
import { collect } from '../options/index.js';
import type {
  BisectOptions,
  EnableOptions,
  InfoOptions,
  InstallOptions,
  NewPluginOptions,
  PluginsOptions,
  UninstallOptions,
  ValidateOptions,
} from '../plugins/index.js';

const kinds = ['pair', 'processor', 'full'] as const satisfies readonly NewPluginOptions['kind'][];

export function register(program: Command): void {
  const plugins = program
    .command('plugins')
    .description('list, install, switch, check and make plugins')
    .addHelpText(
      'after',
      '\nA running daemon follows what these commands change. docs/plugins.md says how plugins are made.',
    );
  registerLists(plugins);
  registerInstalling(plugins);
  registerSwitches(plugins);
  registerMaking(plugins);
  registerRunning(plugins);
}

/** The options of those that look at a project's plugins. */
function add(plugins: Command, name: string, description: string): Command {
  return plugins
    .command(name)
    .description(description)
    .option('-c, --config <file>', 'configuration file; may be missing', 'watch-config.json')
    .option('--json', 'print one JSON document');
}

function addFolders(command: Command): Command {
  return command.option('--plugins <folder>', 'folder with plugins, or of one plugin; may be repeated', collect);
}

function registerLists(plugins: Command): void {
  addFolders(add(plugins, 'list', 'list all plugins: where they come from, how they stand, what they bring')).action(
    async (options: PluginsOptions) => {
      const { listPlugins } = await import('../plugins/index.js');
      process.exitCode = await listPlugins(options);
    },
  );
  addFolders(add(plugins, 'info', 'say all that is known of a plugin'))
    .argument('<name>')
    .action(async (name: string, options: InfoOptions) => {
      const { describePlugin } = await import('../plugins/index.js');
      process.exitCode = await describePlugin(name, options);
    });
}

function registerInstalling(plugins: Command): void {
  add(plugins, 'install', 'install a plugin from a folder, a .cbx or .tgz file, or npm; what it may do is shown first')
    .argument('<source>', 'folder, file, or name of an npm package, such as "name" or "name@1.2.0"')
    .action(async (source: string, options: InstallOptions) => {
      const { installPlugins } = await import('../plugins/index.js');
      process.exitCode = await installPlugins(source, options);
    });
  add(plugins, 'uninstall', 'remove an installed plugin and what was decided of it')
    .argument('<name>')
    .action(async (name: string, options: UninstallOptions) => {
      const { uninstallPlugins } = await import('../plugins/index.js');
      process.exitCode = await uninstallPlugins(name, options);
    });
}

function registerSwitches(plugins: Command): void {
  add(plugins, 'enable', 'let a plugin run, and do what it asks for; forgets its crashes')
    .argument('<name>')
    .option('--yes', 'do not ask')
    .action(async (name: string, options: EnableOptions) => {
      const { enable } = await import('../plugins/index.js');
      process.exitCode = await enable(name, options);
    });
  add(plugins, 'disable', 'switch a plugin off, with all that it brings')
    .argument('<name>')
    .action(async (name: string, options: PluginsOptions) => {
      const { disable } = await import('../plugins/index.js');
      process.exitCode = await disable(name, options);
    });
}

function registerMaking(plugins: Command): void {
  plugins
    .command('validate')
    .description('check a plugin before it is handed on, and explain each finding')
    .argument('[folder]', 'of the plugin', '.')
    .option('--json', 'print one JSON document')
    .action(async (folder: string, options: ValidateOptions) => {
      const { validate } = await import('../plugins/index.js');
      process.exitCode = await validate(folder, options);
    });
  plugins
    .command('new')
    .description('make the folder of a new plugin, with a test that passes')
    .argument('<name>', 'lower-case words joined by hyphens; the folder is called so')
    .addOption(new Option('--kind <kind>', 'what it is to bring').choices(kinds).default('pair'))
    .addOption(new Option('--language <language>', 'of its code').choices(['ts', 'js']).default('ts'))
    .option('--folder <folder>', 'where its folder is made', '.')
    .option('--json', 'print one JSON document')
    .action(async (name: string, options: NewPluginOptions) => {
      const { newPlugin } = await import('../plugins/index.js');
      process.exitCode = await newPlugin(name, options);
    });
}

function registerRunning(plugins: Command): void {
  plugins
    .command('test')
    .description('run the tests of a plugin, which open it with "cyclebox/plugin/testing"')
    .argument('[folder]', 'of the plugin', '.')
    .action(async (folder: string) => {
      const { runPluginTests } = await import('../plugins/index.js');
      process.exitCode = await runPluginTests(folder);
    });
  add(plugins, 'bisect', 'find the plugin that spoils a picture: a job is done again with fewer and fewer of them')
    .argument('<job>', 'as "queue list --all" lists it, or the beginning of it, or its path')
    .option('--test <program>', 'is given a picture, and fails for a spoilt one; without it, you are asked')
    .action(async (job: string, options: BisectOptions) => {
      const { bisect } = await import('../plugins/index.js');
      process.exitCode = await bisect(job, options);
    });
  addFolders(add(plugins, 'run', 'run a command that a plugin brings, with the words that follow it'))
    .argument('<command>', 'as "plugins info" lists it')
    .argument('[words...]')
    .action(async (command: string, words: readonly string[], options: PluginsOptions) => {
      const { runCommand } = await import('../plugins/index.js');
      process.exitCode = await runCommand(command, words, options);
    });
}
