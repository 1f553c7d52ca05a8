/** The work of `cyclebox status`: what runs, what waits and what is amiss, for people or as one JSON document. */
import type { CycleboxError } from '../../base/index.js';
import { type DaemonStatus, findService, statusLines } from '../../daemon/index.js';
import { exitCodes, printable, printError } from '../terminal/index.js';

export interface ShowStatusOptions {
  readonly config: string;
  readonly json?: boolean;
}

/** @returns the exit code; 0 also where a daemon answers beside a configuration file that is broken by now */
export async function showStatus({ config, json }: ShowStatusOptions): Promise<number> {
  const { service, configFault } = await findService(config);
  try {
    const status = await service.status();
    process.stdout.write(`${json ? toJson(status, configFault) : statusLines(status).map(printable).join('\n')}\n`);
    if (configFault) printError(configFault);
    return exitCodes.ok;
  } finally {
    await service.dispose();
  }
}

function toJson(status: DaemonStatus, fault: CycleboxError | undefined): string {
  const configFault = fault && { code: fault.code, message: fault.message };
  return JSON.stringify({ isRunning: status.daemon !== undefined, ...status, configFault }, null, 2);
}
