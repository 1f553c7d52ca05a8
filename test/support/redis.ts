/**
 * A real `redis-server` on a free port and in a temporary folder, for tests. Where none is installed they are skipped and say so; with
 * `CYCLEBOX_REQUIRE=redis` in the environment they fail. On Debian: `apt-get install redis-server`.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const why = findFault();

/** False where there is no redis-server, which the first test file that asks says. */
export const hasRedis = why === undefined;

if (why !== undefined) {
  if ((process.env['CYCLEBOX_REQUIRE'] ?? '').split(',').includes('redis')) throw new Error(why);
  process.stderr.write(`Tests with Redis are skipped: ${why}\n`);
}

export interface TestRedis {
  readonly url: string;
  readonly port: number;
  /** As a power cut does; what is on its disk stays. */
  kill(): Promise<void>;
  /** @param keepsDisk false: with an empty disk */
  start(keepsDisk: boolean): Promise<void>;
  dispose(): Promise<void>;
}

/**
 * Writes everything to its disk, as an operator would have it.
 * @param alsoOn an address of this machine beside 127.0.0.1
 */
export async function openRedis(alsoOn?: string): Promise<TestRedis> {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-redis-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const kill = async () => {
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'close');
  };
  const start = async (keepsDisk: boolean) => {
    await kill();
    if (!keepsDisk) await rm(join(folder, 'appendonlydir'), { recursive: true, force: true });
    child = await launched(folder, port, alsoOn);
  };
  await start(false);
  return {
    url: `redis://127.0.0.1:${port}`,
    port,
    kill,
    start,
    async dispose() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function launched(folder: string, port: number, alsoOn?: string): Promise<ChildProcess> {
  const options = { port, dir: folder, save: '', appendonly: 'yes', appendfsync: 'always' };
  const pairs = Object.entries(options).flatMap(([key, value]) => [`--${key}`, String(value)]);
  const elsewhere = alsoOn === undefined ? [] : [alsoOn, '--protected-mode', 'no'];
  const args = [...pairs, '--bind', '127.0.0.1', ...elsewhere];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  await new Promise<void>((resolve, reject) => {
    child.stdout?.on('data', (text: Buffer) => {
      said += text.toString();
      if (said.includes('Ready to accept connections')) resolve();
    });
    child.once('exit', () => reject(new Error(`redis-server ended: ${said}`)));
    child.once('error', reject);
  });
  return child;
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}

function findFault(): string | undefined {
  try {
    execFileSync('redis-server', ['--version'], { stdio: 'ignore' });
    return undefined;
  } catch (error) {
    return `redis-server cannot be run: ${(error as Error).message}`;
  }
}
