/** `cyclebox config …`: what its commands take. The work is in ../daemon/check-config.ts, loaded when one of them runs. */
import type { Command } from 'commander';
import type { ConfigOptions, PrintOptions } from '../daemon/index.js';

export function register(program: Command): void {
  const config = program.command('config').description('check or print the configuration');
  config
    .command('validate')
    .description('check the configuration, its folders, pairs and models; exits with 78 if it is wrong')
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .option('--json', 'print one JSON document')
    .action(async (options: ConfigOptions) => {
      const { validateConfig } = await import('../daemon/index.js');
      process.exitCode = await validateConfig(options);
    });
  config
    .command('schema')
    .description(
      'print the JSON Schema of the configuration, with the settings of the plugins that are there, for editors',
    )
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .action(async (options: ConfigOptions) => {
      const { printSchema } = await import('../daemon/index.js');
      process.exitCode = await printSchema(options);
    });
  config
    .command('print')
    .description('print the configuration as JSON, completed with what is not said, with absolute paths')
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .option(
      '--origin',
      'each key with where its value comes from: the environment, the file (with the line), or its default',
    )
    .action(async (options: PrintOptions) => {
      const { printConfig } = await import('../daemon/index.js');
      process.exitCode = await printConfig(options);
    });
}
