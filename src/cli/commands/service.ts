/** `cyclebox service …`: what its commands take. The work is in ../daemon/service.ts, loaded when one of them runs. */
import { type Command, InvalidArgumentError } from 'commander';
import type { InstallOptions, ServiceOptions } from '../daemon/index.js';

export function register(program: Command): void {
  const service = program.command('service').description('run the daemon as a service of systemd');
  add(service, 'install', 'write the unit, enable it and start it')
    .option('-c, --config <file>', 'configuration file', 'watch-config.json')
    .option('--run-as <user>', 'who it runs as, with --system')
    .option('--no-start', 'neither enable nor start it')
    .option('--print', 'print the unit and write nothing')
    .action(async (options: InstallOptions) => {
      const { installService } = await import('../daemon/index.js');
      process.exitCode = await installService(options);
    });
  add(service, 'uninstall', 'stop it and remove the unit').action(async (options: ServiceOptions) => {
    const { uninstallService } = await import('../daemon/index.js');
    process.exitCode = await uninstallService(options);
  });
  add(service, 'status', 'show whether it is installed and runs').action(async (options: ServiceOptions) => {
    const { showService } = await import('../daemon/index.js');
    process.exitCode = await showService(options);
  });
}

function add(service: Command, name: string, description: string): Command {
  return service
    .command(name)
    .description(description)
    .option('--system', 'of the whole machine instead of the user')
    .option('--name <name>', 'of the unit', unitName, 'cyclebox');
}

function unitName(text: string): string {
  if (/^[a-z][a-z0-9-]{0,60}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be of small letters, digits and hyphens.');
}
