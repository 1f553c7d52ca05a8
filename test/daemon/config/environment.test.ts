import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configOrigins } from '../../../src/daemon/config/config-origins.js';
import { environmentKeys, unknownVariables } from '../../../src/daemon/config/environment.js';
import { presumedState } from '../../../src/daemon/config/presumed-state.js';
import { usePair } from '../../../src/daemon/config/use-pair.js';
import { configSchema, parseConfig, resolveConfig } from '../../../src/daemon/index.js';

const route = { match: 'a/**', pair: 'cat-dog', to: 'dog' };
const text = JSON.stringify({ settleMs: 7, dashboard: { port: 1 }, routes: [route] }, null, 2);
const parse = (environment: Record<string, string>, written = text) =>
  parseConfig(written, 'watch-config.json', environment);
const resolved = (environment: Record<string, string>) => resolveConfig(parse(environment), '/project');

describe('environment variables of the configuration', () => {
  it('are there for every key, and for those inside', () => {
    const paths = environmentKeys().map(({ path }) => path.join('.'));
    for (const key of Object.keys(configSchema.shape).filter(each => each !== '$schema')) expect(paths).toContain(key);
    expect(paths).toEqual(expect.arrayContaining(['dashboard.allowedHosts', 'trainings.images']));
    const names = environmentKeys().map(({ variable }) => variable);
    expect(new Set(names).size).toBe(names.length);
    expect(names).toEqual(expect.arrayContaining(['CYCLEBOX_ON_COLLISION', 'CYCLEBOX_DASHBOARD__ALLOWED_HOSTS']));
  });

  it('stand in place of the file, in parts where a part is named', () => {
    const config = resolved({
      CYCLEBOX_SETTLE_MS: '500',
      CYCLEBOX_INBOX: 'in',
      CYCLEBOX_POLLING: 'true',
      CYCLEBOX_ENGINE: '["cpu","cpu"]',
      CYCLEBOX_DASHBOARD__HOST: '127.0.0.2',
    });
    expect(config).toMatchObject({ settleMs: 500, inbox: '/project/in', polling: true, engine: ['cpu', 'cpu'] });
    expect(config.dashboard).toMatchObject({ port: 1, host: '127.0.0.2' });
    expect(resolved({ CYCLEBOX_TRAININGS__IMAGES: 'pictures' }).trainings?.images).toBe('/project/pictures');
    expect(resolved({ CYCLEBOX_ROUTES: JSON.stringify([{ ...route, to: 'cat' }]) }).routes[0]?.to).toBe('cat');
  });

  it('are texts where the key is one, whatever they look like', () => {
    const token = '12345678901234567890';
    expect(resolved({ CYCLEBOX_DASHBOARD__TOKEN: token, CYCLEBOX_OUTBOX: 'true' })).toMatchObject({
      outbox: '/project/true',
      dashboard: { token },
    });
    expect(resolved({ CYCLEBOX_ENGINE: 'cuda:1' }).engine).toEqual(['cuda:1']);
  });

  it('say nothing when they are empty', () => {
    expect(resolved({ CYCLEBOX_SETTLE_MS: '' }).settleMs).toBe(7);
  });

  it('are checked with the file, and a fault names the variable', () => {
    const fault = (environment: Record<string, string>) => () => parse(environment);
    expect(fault({ CYCLEBOX_SETTLE_MS: 'soon' })).toThrow(/^the environment's CYCLEBOX_SETTLE_MS: settleMs: /);
    expect(fault({ CYCLEBOX_ROUTES: '[{"match":"a","pair":"b","to":"c","priorty":1}]' })).toThrow(
      /CYCLEBOX_ROUTES: "priorty" is not a known key\. Did you mean "priority"\?/,
    );
    // What the two say together is checked, too.
    expect(fault({ CYCLEBOX_DASHBOARD__HOST: '0.0.0.0' })).toThrow(/dashboard\.token: must be given/);
    expect(() => parse({}, text.replace('7', '-7'))).toThrow(/watch-config\.json:2:3: settleMs/);
  });

  it('that are almost spelt like one are refused with a guess', () => {
    expect(() => parse({ CYCLEBOX_SETTLEMS: '5' })).toThrow(/CYCLEBOX_SETTLEMS .* Did you mean CYCLEBOX_SETTLE_MS\?/);
    expect(() => parse({ CYCLEBOX_DASHBOARD_PORT: '5' })).toThrow(/Did you mean CYCLEBOX_DASHBOARD__PORT\?/);
  });

  it('of other programs are none of ours', () => {
    const environment = {
      CYCLEBOX_DASHBOARD_PORT: 'tcp://10.0.0.1:7345',
      CYCLEBOX_SERVICE_HOST: '10.0.0.1',
      CYCLEBOX_PORT_7345_TCP_ADDR: '10.0.0.1',
      CYCLEBOX_LOG: 'debug',
      CYCLEBOX_COLOUR_OF_THE_DAY: 'blue',
      PATH: '/bin',
    };
    expect(resolved(environment).settleMs).toBe(7);
    expect(unknownVariables(environment).map(({ variable }) => variable)).toEqual(['CYCLEBOX_COLOUR_OF_THE_DAY']);
  });

  it('lead to the state folder of a daemon whose file is broken', async () => {
    const file = join('/nowhere', 'watch-config.json');
    expect(await presumedState(file, { CYCLEBOX_STATE: 'kept' })).toBe(join('/nowhere', 'kept'));
    expect(await presumedState(file, {})).toBe(join('/nowhere', '.cyclebox'));
  });

  it('keep the dashboard from changing a file that would change nothing', async () => {
    const which = { file: '/nowhere/x.json', config: resolved({}), plugins: '/p', pair: 'a', to: 'b', match: 'c/**' };
    const used = usePair(which, () => Promise.reject(new Error('not called')), { CYCLEBOX_ROUTES: '[]' });
    await expect(used).rejects.toThrow(/environment's CYCLEBOX_ROUTES stands in place/);
  });
});

describe('where values of the configuration come from', () => {
  it('is the environment before the file before the default', () => {
    const origins = configOrigins(text, {
      CYCLEBOX_SETTLE_MS: '5',
      CYCLEBOX_DASHBOARD__HOST: 'x',
      CYCLEBOX_STATE: 's',
    });
    expect(Object.fromEntries(origins)).toEqual({
      settleMs: { from: 'environment', line: 2, variables: ['CYCLEBOX_SETTLE_MS'] },
      dashboard: { from: 'environment', line: 3, variables: ['CYCLEBOX_DASHBOARD__HOST'] },
      state: { from: 'environment', variables: ['CYCLEBOX_STATE'] },
      routes: { from: 'file', line: 6 },
    });
  });
});
