/** The work of `cyclebox open`: finds where the running daemon's dashboard listens, prints the address with its token, and opens a browser. */
import { spawn } from 'node:child_process';
import { CycleboxError } from '../../base/index.js';
import { findService, loadConfig } from '../../daemon/index.js';
import { entranceOf, notedAddress, readKeptToken } from '../../server/index.js';
import { exitCodes } from '../terminal/index.js';

export interface OpenDashboardOptions {
  readonly config: string;
  readonly print?: boolean;
}

/** @returns the exit code */
export async function showEntrance({ config, print = false }: OpenDashboardOptions): Promise<number> {
  const entrance = await findEntrance(config);
  process.stdout.write(`${entrance}\n`);
  if (!print && process.stdout.isTTY) openBrowser(entrance);
  return exitCodes.ok;
}

/** @throws USAGE when no daemon runs, or it has no dashboard */
async function findEntrance(file: string): Promise<string> {
  const { service } = await findService(file);
  const { state, daemon } = await service.status().finally(() => service.dispose());
  if (!daemon) throw new CycleboxError('USAGE', 'No daemon is running: start one with "cyclebox start".');
  const given = await loadConfig(file).then(
    ({ dashboard }) => dashboard?.token,
    () => undefined,
  );
  const [address, token] = [await notedAddress(state), given ?? (await readKeptToken(state))];
  if (address !== undefined && token !== undefined) return entranceOf(address, token);
  const message = `The daemon (process ${daemon.pid}) has no dashboard: it was started without, or its port is taken, as its log says.`;
  throw new CycleboxError('USAGE', message);
}

/** Where there is no browser, the printed address does. */
function openBrowser(address: string): void {
  const commands: Partial<Record<NodeJS.Platform, readonly string[]>> = {
    darwin: ['open', address],
    win32: ['rundll32', 'url.dll,FileProtocolHandler', address],
  };
  const [command = '', ...args] = commands[process.platform] ?? ['xdg-open', address];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
