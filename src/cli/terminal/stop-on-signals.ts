/** Work that Ctrl-C stops in order, where what is half done can go on later. */
import { CycleboxError } from '../../base/index.js';
import { exitCodes, printError } from './report-error.js';

export interface StopSignal {
  readonly signal: AbortSignal;
  dispose(): void;
}

export function stopOnSignals(): StopSignal {
  const controller = new AbortController();
  const abort = () => controller.abort();
  process.once('SIGINT', abort).once('SIGTERM', abort);
  return { signal: controller.signal, dispose: () => process.off('SIGINT', abort).off('SIGTERM', abort) };
}

/** @returns the exit code of what was stopped, having said `message`. @throws `error` when it is anything else */
export function reportStop(error: unknown, message: string): number {
  if (!(error instanceof CycleboxError && error.code === 'CANCELLED')) throw error;
  printError(new CycleboxError('CANCELLED', message));
  return exitCodes.interrupted;
}
