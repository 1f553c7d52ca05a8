#!/usr/bin/env node
/**
 * The command line's entry. Registers the commands and turns what they throw into one line and an exit code. Loads
 * nothing heavy itself: every command brings its machinery in by dynamic import when it runs, so that `--version` and
 * `--help` answer at once.
 */
import { Command } from 'commander';
import { packageVersion, refuseDebugger } from '../base/index.js';
import {
  registerBackup,
  registerBench,
  registerCompletion,
  registerConfig,
  registerDataset,
  registerDemo,
  registerDoctor,
  registerEvaluate,
  registerInit,
  registerModels,
  registerOpen,
  registerPairs,
  registerPlugins,
  registerQueue,
  registerReplay,
  registerService,
  registerStart,
  registerStatus,
  registerTrain,
  registerTranslate,
  registerUpgradeCheck,
  registerWorker,
} from './commands/index.js';
import { exitCodes, exitCodesHelp, guardOutput, reportError } from './terminal/index.js';

refuseDebugger();

const program = new Command('cyclebox')
  .description(
    'Translates images between domains (satellite ⇄ map, horse ⇄ zebra, …), and learns new pairs of domains.',
  )
  .version(packageVersion(), '-v, --version')
  .helpOption('-h, --help')
  .showHelpAfterError('(--help lists what can be given)')
  .addHelpText('after', exitCodesHelp)
  .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'USAGE: ')) })
  .exitOverride();

for (const register of [
  registerInit,
  registerStart,
  registerWorker,
  registerOpen,
  registerStatus,
  registerQueue,
  registerReplay,
  registerBackup,
  registerService,
  registerConfig,
  registerTranslate,
  registerTrain,
  registerEvaluate,
  registerPairs,
  registerPlugins,
  registerModels,
  registerDataset,
  registerDemo,
  registerDoctor,
  registerBench,
  registerUpgradeCheck,
  registerCompletion,
])
  register(program);

for (const stream of [process.stdout, process.stderr]) guardOutput(stream);

// Whoever reads may have seen enough, as `head` has: no defect of ours.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.unread);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  process.exitCode = reportError(error);
}
