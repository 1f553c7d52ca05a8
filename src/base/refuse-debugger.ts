/**
 * Node opens a debugger, which may run anything, for every process of the user that sends SIGUSR1. Here only whoever starts
 * cyclebox may have one, by `--inspect`.
 */

/** For the life of the process. Where a debugger was asked for at the start, the signal keeps its meaning. */
export function refuseDebugger(environment: NodeJS.ProcessEnv = process.env): void {
  const asked = [...process.execArgv, environment['NODE_OPTIONS'] ?? ''].some(option => option.includes('--inspect'));
  // Windows has no such signal.
  if (!asked && process.platform !== 'win32') process.on('SIGUSR1', () => {});
}
