/** `cyclebox doctor`: what it takes. The work is in ../machine/show-doctor.ts, loaded when the command runs. */
import type { Command } from 'commander';
import type { ShowDoctorOptions } from '../machine/index.js';

export function register(program: Command): void {
  program
    .command('doctor')
    .description('check everything that translation depends on, time the devices, and report problems')
    .option('-c, --config <file>', 'configuration file (default: watch-config.json, if there is one)')
    .option('--json', 'print one JSON document')
    .addHelpText(
      'after',
      `
Each engine is tried in a process of its own: a driver that crashes is a line of the report. Nothing is changed or
downloaded. The exit code is 0 if images can be translated as the configuration says, else 1.`,
    )
    .action(async (options: ShowDoctorOptions) => {
      const { showDoctor } = await import('../machine/index.js');
      process.exitCode = await showDoctor(options);
    });
}
