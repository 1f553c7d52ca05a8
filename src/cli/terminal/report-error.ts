/** How failures look on the command line: `CODE: message` on stderr, and one of a few exit codes that scripts rely on. */
import { CommanderError } from 'commander';
import { asCycleboxError, type CycleboxError, type ErrorCode } from '../../base/index.js';

export const exitCodes = {
  ok: 0,
  /** Something was asked for and not done: an image that failed, a model that is missing. */
  failed: 1,
  usage: 2,
  /** Nothing could be written; EX_IOERR of sysexits.h. */
  unwritable: 74,
  /** Another process holds what is needed; EX_TEMPFAIL of sysexits.h. */
  locked: 75,
  /** EX_CONFIG of sysexits.h. */
  configuration: 78,
  /** Stopped by a signal, in order; what a shell says of a process that Ctrl-C ended. */
  interrupted: 130,
  /** Nobody reads the output any more; what a shell says of a process that SIGPIPE ended. */
  unread: 141,
} as const;

export const exitCodesHelp = `
Exit codes: 0 done, 1 something failed, 2 wrong arguments, 74 nothing could be written for a minute (--once), 75 the state folder is in use, 78 wrong configuration.`;

const codesOfErrors: Partial<Record<ErrorCode, number>> = {
  USAGE: exitCodes.usage,
  PAIR_NOT_FOUND: exitCodes.usage,
  PLUGIN_NOT_FOUND: exitCodes.usage,
  DOMAIN_NOT_FOUND: exitCodes.usage,
  DATASET_NOT_FOUND: exitCodes.usage,
  STATE_LOCKED: exitCodes.locked,
  CONFIG_NOT_FOUND: exitCodes.configuration,
  CONFIG_INVALID: exitCodes.configuration,
};

/** Prints what was thrown, unless commander has done so already, and returns the exit code. */
export function reportError(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  const coded = asCycleboxError(error);
  printError(coded);
  return codesOfErrors[coded.code] ?? exitCodes.failed;
}

/** One line; a defect of our own shows where it happened. */
export function printError(error: CycleboxError): void {
  const cause = error.cause instanceof Error ? error.cause.stack : error.stack;
  process.stderr.write(error.code === 'INTERNAL' ? `${error}\n${cause ?? ''}\n` : `${error}\n`);
}
