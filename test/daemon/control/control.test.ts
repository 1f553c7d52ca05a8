import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CycleboxError, DisposableStore } from '../../../src/base/index.js';
import { controlAddresses } from '../../../src/daemon/control/control-address.js';
import { connectControl } from '../../../src/daemon/control/control-client.js';
import { serveControl } from '../../../src/daemon/control/control-server.js';
import type { DaemonService } from '../../../src/daemon/index.js';
import { temporaryFolder } from '../../support/pictures.js';

let opened: DisposableStore;
beforeEach(() => {
  opened = new DisposableStore();
});
afterEach(() => opened.dispose());

function service(calls: unknown[] = []): DaemonService {
  const change = { changed: 1, refused: [] };
  const heard =
    <T>(result: T) =>
    async (params?: unknown) => {
      calls.push(params);
      return result;
    };
  return {
    status: heard({ counts: { queued: 2 }, running: [], inbox: '/i', outbox: '/o', state: '/s' }),
    list: heard([]),
    retry: async which => {
      if ('stale' in which) throw new CycleboxError('JOURNAL_INVALID', 'no');
      calls.push(which);
      return change;
    },
    cancel: heard(change),
    purge: heard(change),
    pause: heard(undefined),
    resume: heard(undefined),
    reload: heard({ kind: 'unchanged' as const }),
  };
}

describe('the control socket', () => {
  it('carries questions, answers and coded errors', async () => {
    const state = await temporaryFolder();
    const calls: unknown[] = [];
    opened.add(await serveControl(state, service(calls)));
    const client = opened.add((await connectControl(state))!);
    expect(await client.status()).toMatchObject({ counts: { queued: 2 } });
    expect(await client.retry({ ids: ['a'] })).toEqual({ changed: 1, refused: [] });
    await client.pause('moving');
    expect(calls).toEqual([undefined, { ids: ['a'] }, 'moving']);
    await expect(client.retry({ stale: true })).rejects.toMatchObject({ code: 'JOURNAL_INVALID', message: 'no' });
  });

  it('is the user’s alone, and goes with the daemon', async () => {
    const state = await temporaryFolder();
    const server = await serveControl(state, service());
    const [address = ''] = controlAddresses(state, 'connect');
    expect(statSync(address).mode & 0o777).toBe(0o600);
    await server.dispose();
    expect(existsSync(address)).toBe(false);
    expect(await connectControl(state)).toBeUndefined();
  });

  it('takes the place of one that a killed daemon left, and finds nobody where there is no folder', async () => {
    const state = await temporaryFolder();
    await writeFile(join(state, 'control.sock'), 'not even a socket');
    expect(await connectControl(state)).toBeUndefined();
    opened.add(await serveControl(state, service()));
    expect(await connectControl(state)).toBeDefined();
    expect(await connectControl(join(state, 'nowhere'))).toBeUndefined();
  });

  it('works where the path is too long for a socket', async () => {
    const state = join(await temporaryFolder(), 'x'.repeat(90));
    await mkdir(state);
    opened.add(await serveControl(state, service()));
    const client = opened.add((await connectControl(state))!);
    expect(await client.reload()).toEqual({ kind: 'unchanged' });
  });

  it('refuses what it does not know, and cuts off who speaks another language', async () => {
    const state = await temporaryFolder();
    opened.add(await serveControl(state, service()));
    const client = opened.add((await connectControl(state))!);
    await expect(client.retry({ ids: [] })).rejects.toMatchObject({ code: 'PROTOCOL' });
    const stranger = connect([...controlAddresses(state, 'connect')][0]!);
    stranger.resume().write('GET / HTTP/1.1\r\n\r\n');
    await once(stranger, 'close');
    expect(await client.list()).toEqual([]);
  });

  it('tells the client that the daemon ended', async () => {
    const state = await temporaryFolder();
    const silent = { ...service(), status: () => new Promise<never>(() => {}) };
    const server = await serveControl(state, silent);
    const client = opened.add((await connectControl(state))!);
    const asked = client.status();
    await client.list();
    await server.dispose();
    await expect(asked).rejects.toMatchObject({ code: 'CANCELLED' });
  });

  describe('with a client that asks and never reads', () => {
    const count = 2000;
    const request = (id: number) => `${JSON.stringify({ kind: 'request', id, method: 'status', params: {} })}\n`;

    /** Its requests are sent when it is there. Each answer has 10 kB. */
    async function flooded(options: Parameters<typeof serveControl>[2] = {}) {
      const state = await temporaryFolder();
      let asked = 0;
      const status: DaemonService['status'] = async () => {
        asked++;
        return { counts: {}, running: [], inbox: 'x'.repeat(10_000), outbox: '/o', state: '/s' };
      };
      const server = opened.add(await serveControl(state, { ...service(), status }, options));
      const client = connect([...controlAddresses(state, 'connect')][0]!).pause();
      opened.add({ dispose: () => void client.destroy() });
      const requests = Array.from({ length: count }, (_, id) => request(id)).join('');
      await new Promise(resolve => client.write(requests, resolve));
      return { state, server, client, asked: () => asked };
    }

    it('keeps few answers for it, serves others, and goes on when it reads', async () => {
      const { state, client, asked } = await flooded();
      const other = opened.add((await connectControl(state))!);
      for (let turn = 0; turn < 20; turn++) await other.status();
      expect(asked()).toBeGreaterThan(20);
      expect(asked()).toBeLessThan(500);
      let answers = 0;
      for await (const chunk of client.setEncoding('utf8')) {
        answers += (chunk as string).split('"reply"').length - 1;
        if (answers >= count - 5) break;
      }
      expect(asked()).toBeGreaterThan(count);
    });

    it('cuts it off after a while', async () => {
      const { client } = await flooded({ stalledAfterMs: 50 });
      const fault = once(client, 'error');
      const timer = setInterval(() => client.write(request(count)), 10);
      opened.add({ dispose: () => clearInterval(timer) });
      expect((await fault)[0]).toMatchObject({ code: expect.stringMatching(/EPIPE|ECONNRESET/) });
    });

    it('ends all the same', async () => {
      const { server, client } = await flooded();
      await server.dispose();
      expect(client.destroyed).toBe(false);
    });
  });
});
