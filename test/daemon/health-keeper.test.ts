/** When models are tested: once the daemon has nothing else to do, and then by itself. */
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { resolveModels } from '../../src/daemon/config/index.js';
import { HealthKeeper } from '../../src/daemon/health-keeper.js';
import { type Daemon, type DaemonEvent, loadConfig, startDaemon } from '../../src/daemon/index.js';
import { readHealth } from '../../src/health/index.js';
import { dayNight, drop, project } from '../support/project.js';

let daemon: Daemon | undefined;
afterEach(async () => {
  await daemon?.stop(0);
  daemon = undefined;
});

test('nothing is tested while there is work; once there is none, each model is', async () => {
  const root = await project(dayNight);
  const config = await loadConfig(join(root, 'watch-config.json'));
  const resolved = await resolveModels(config);
  let isIdle = false;
  let asked = () => {};
  const wasAsked = new Promise<void>(resolve => {
    asked = resolve;
  });
  const keeper = new HealthKeeper({
    resolved: () => ({ ...resolved, plugins: { ...resolved.plugins, records: ownOf(resolved.plugins.records) } }),
    isIdle: () => {
      asked();
      return isIdle;
    },
    restMs: 0,
  });
  const tested = new Promise<string>(resolve => {
    keeper.onEvent(event => event.type === 'modelTested' && resolve(event.translation));
  });
  keeper.nudge();
  await wasAsked;
  expect([...(await readHealth(config.state)).keys()]).toEqual([]);
  isIdle = true;
  keeper.nudge();
  expect(await tested).toBe('day-night/night');
  await keeper.dispose();
  expect((await readHealth(config.state)).get('day-night/night')?.faults).toEqual([]);
});

test('a daemon whose last image is done tests the models by itself', async () => {
  const root = await project(dayNight);
  await drop(root, 'day-to-night/a.png');
  const order: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const onEvent = (event: DaemonEvent) => {
      if (event.type === 'done') order.push('done');
      if (event.type !== 'modelTested' || event.translation !== 'day-night/night') return;
      order.push('tested');
      resolve();
    };
    loadConfig(join(root, 'watch-config.json'))
      .then(config => startDaemon(config, { onEvent, selfTest: true, selfTestRestMs: 1 }))
      .then(started => {
        daemon = started;
      }, reject);
  });
  expect(order).toEqual(['done', 'tested']);
});

/** Of the project alone: those that come with cyclebox would take their time. */
function ownOf<T extends { readonly source: string }>(records: readonly T[]): readonly T[] {
  return records.filter(({ source }) => source !== 'built-in');
}
