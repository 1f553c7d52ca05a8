/** Another Node, run to its end. */
import { execFile } from 'node:child_process';

export function runNode(cwd: string, ...args: string[]): Promise<{ readonly code: number; readonly out: string }> {
  // The variables of a test runner would have its children speak its protocol.
  const { NODE_TEST_CONTEXT: _, NODE_OPTIONS: __, ...env } = process.env;
  return new Promise(resolve => {
    execFile(process.execPath, args, { cwd, env }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? 1 : 0, out: `${out}${err}` });
    });
  });
}
