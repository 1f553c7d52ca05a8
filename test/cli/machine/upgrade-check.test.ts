import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { packageRoot, packageVersion } from '../../../src/base/index.js';
import { temporaryFolder } from '../../support/pictures.js';

/** A registry that has cyclebox in these versions. */
async function registry(...versions: readonly string[]): Promise<string> {
  const server = createServer((request, response) => {
    if (request.url !== '/cyclebox') return void response.writeHead(404).end('{}');
    const all = Object.fromEntries(versions.map(version => [version, { name: 'cyclebox', version, dist: {} }]));
    const answer = { name: 'cyclebox', 'dist-tags': { latest: versions.at(-1) }, versions: all };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function upgradeCheck(
  at: string,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const cwd = await temporaryFolder();
  const env = { ...process.env, npm_config_registry: at, npm_config_cache: join(cwd, 'cache') };
  const entry = join(packageRoot, 'dist/cli/main.js');
  return new Promise(resolve => {
    execFile(process.execPath, [entry, 'upgrade-check', '--json'], { cwd, env }, (error, out, err) => {
      resolve({ code: error ? Number(error.code) : 0, out, err });
    });
  });
}

describe('cyclebox upgrade-check', () => {
  it('says whether the registry that npm is set to has a newer one', async () => {
    const newer = await upgradeCheck(await registry(packageVersion(), '99.1.0'));
    expect(newer).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(newer.out)).toEqual({ current: packageVersion(), latest: '99.1.0', isNewer: true });
    const same = await upgradeCheck(await registry(packageVersion()));
    expect(JSON.parse(same.out)).toMatchObject({ isNewer: false });
  });

  it('says that it does not know where nobody answers', async () => {
    const { code, err } = await upgradeCheck('http://127.0.0.1:9/');
    expect(code).toBe(1);
    expect(err).toMatch(/^DOWNLOAD_FAILED: The newest version could not be asked for; this is /);
  });
});
