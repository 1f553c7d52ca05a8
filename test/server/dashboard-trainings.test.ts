import { access, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { endpoints } from '../../src/server/index.js';
import { temporaryFolder, testSharp } from '../support/pictures.js';
import { dayNight, drop } from '../support/project.js';
import { listen, openUnderTest, type UnderTest } from './dashboard-under-test.js';

const watch = { ...dayNight, trainings: { images: 'images' } };
const tiny = {
  size: 32,
  width: 2,
  blocks: 1,
  steps: 4,
  sampleEvery: 2,
  checkpointEvery: 0,
  evaluateEvery: 0,
  background: false,
  threads: 1,
};

async function images(root: string): Promise<void> {
  for (const name of ['cats', 'pets/dogs']) {
    await mkdir(join(root, 'images', name), { recursive: true });
    for (const number of [1, 2, 3])
      await writeFile(join(root, 'images', name, `${number}.png`), await testSharp(48, 48).png().toBuffer());
  }
  await symlink(await temporaryFolder(), join(root, 'images/link'));
}

const start = ({ ask }: UnderTest, body: object) =>
  ask('/api/trainings', {
    method: 'POST',
    body: { id: 'cat-dog-1', pair: 'cat-dog', a: 'cats', b: 'pets/dogs', ...body },
  });

describe('a training that is started from the page', () => {
  it('is listed, told live, shown with curves and samples, exported, and used in a route', async () => {
    const test = await openUnderTest({ watch }, images);
    const { ask, dashboard, root, daemon } = test;
    expect((await ask('/api/trainings/folders')).json()).toEqual({
      folders: [
        { path: 'cats', images: 3 },
        { path: 'pets/dogs', images: 3 },
      ],
    });
    const stream = await listen(dashboard.port);
    await stream.heard(({ type }) => type === 'snapshot');
    const started = await start(test, { options: tiny });
    expect([started.status, started.json().error]).toEqual([200, undefined]);
    endpoints.startTraining.answer.parse(started.json());
    const ended = await stream.heard(({ type, data }) => type === 'training' && data.run.state === 'finished');
    expect(ended.data.run).toMatchObject({
      id: 'cat-dog-1',
      pair: 'cat-dog',
      domains: ['cat', 'dog'],
      step: 4,
      steps: 4,
    });
    const words = daemon.service.log.lines().map(({ text }) => text);
    expect(words).toContain('training cat-dog-1 of cat-dog begins');
    expect(words).toContain('training cat-dog-1 has finished at step 4 of 4');

    const list = (await ask('/api/trainings')).json();
    endpoints.listTrainings.answer.parse(list);
    expect(list.runs).toMatchObject([{ id: 'cat-dog-1', state: 'finished', isOurs: false, step: 4 }]);
    const detail = (await ask('/api/trainings/cat-dog-1')).json();
    expect(endpoints.getTraining.answer.parse(detail)).toEqual(detail);
    expect(detail).toMatchObject({ hasPlugin: true, settings: { width: 2, blocks: 1 } });
    expect(detail.samples.at(-1)).toMatchObject({
      step: 4,
      columns: expect.arrayContaining([{ key: 'B', title: 'dog' }]),
    });
    const column = detail.samples.at(-1).columns[1].key;
    const sample = await ask(`/api/trainings/cat-dog-1/samples/4/0/${column}`);
    expect(await sharp(sample.bytes).metadata()).toMatchObject({ format: 'webp' });
    expect((await ask('/api/trainings/cat-dog-1/samples/4/99/x')).status).toBe(404);

    const use = (body: object) => ask('/api/trainings/cat-dog-1/use', { method: 'POST', body });
    expect((await use({ match: 'cats/**', to: 'bird' })).status).toBe(404);
    const used = await use({ match: 'cats/**', to: 'dog' });
    expect(used.json()).toEqual({ message: 'The route "cats/**" translates with cat-dog to dog now.' });
    const config = JSON.parse(await readFile(join(root, 'watch-config.json'), 'utf8'));
    expect(config.plugins).toEqual(['plugins', 'runs/cat-dog-1/plugins']);
    expect(config.routes.at(-1)).toEqual({ match: 'cats/**', pair: 'cat-dog', to: 'dog' });
    await drop(root, 'cats/a.png');
    await expect.poll(() => daemon.counts().done, { timeout: 90_000 }).toBe(1);

    const pairs = (await ask('/api/pairs')).json();
    endpoints.listPairs.answer.parse(pairs);
    const pair = pairs.pairs.find(({ id }: { id: string }) => id === 'cat-dog');
    expect(pair.directions.find(({ to }: { to: string }) => to === 'dog')).toMatchObject({
      health: 'ready',
      done: 1,
      failed: 0,
      routes: [{ match: 'cats/**', folder: 'cats' }],
    });
  }, 120_000);

  it('stops with a checkpoint when it is asked to, and goes on from there', async () => {
    const test = await openUnderTest({ watch }, images);
    const { ask, dashboard } = test;
    const stream = await listen(dashboard.port);
    await start(test, { options: { ...tiny, steps: 100_000, sampleEvery: 100_000, checkpointEvery: 5 } });
    await stream.heard(({ type, data }) => type === 'training' && data.run.step > 2);
    const act = (action: string) => ask('/api/trainings/cat-dog-1/actions', { method: 'POST', body: { action } });
    expect((await act('checkpoint')).json().message).toMatch(/^The checkpoint .* is written\.$/);
    expect((await act('stop')).status).toBe(200);
    await stream.heard(({ type, data }) => type === 'training' && data.run.state === 'stopped');
    expect((await act('stop')).json().error.message).toContain('does not run here');
    expect((await act('resume')).json().message).toBe('It goes on from its latest checkpoint.');
    const before = stream.events.length;
    await stream.heard(
      event =>
        stream.events.indexOf(event) >= before && event.type === 'training' && event.data.run.state === 'training',
    );
    expect((await start(test, {})).status).toBe(409);
    expect((await act('stop')).status).toBe(200);
    await stream.heard(
      event => stream.events.indexOf(event) > before && event.type === 'training' && event.data.run.state === 'stopped',
    );
  }, 120_000);

  it('leads to no folder outside the root, and takes no paths among its options', async () => {
    const test = await openUnderTest({ watch }, images);
    for (const a of ['../state', '/etc', 'cats/../../state', 'link', 'link/x', 'nowhere', 'C:\\', 'cats\0'])
      expect([a, (await start(test, { a })).status]).toEqual([
        a,
        expect.toSatisfy((status: number) => status === 400 || status === 404),
      ]);
    for (const id of ['../x', '.hidden', 'a/b', ''])
      expect([id, (await start(test, { id })).status]).toEqual([id, 400]);
    for (const options of [
      { testA: '/etc' },
      { warmStart: '/etc' },
      { out: '/tmp/x' },
      { a: '/etc' },
      { colour: 'blue' },
    ]) {
      const answer = await start(test, { options });
      if (answer.status === 200) continue;
      expect([options, answer.status, answer.json().error.code]).toEqual([options, 400, 'USAGE']);
    }
    await expect(access(join(test.root, 'runs/x'))).rejects.toThrow();
    expect((await test.ask('/api/trainings/..%2f..%2fx')).status).toBe(400);
  });

  it('is refused with the reason where no folder of images is configured', async () => {
    const test = await openUnderTest();
    expect((await test.ask('/api/trainings')).json()).toMatchObject({
      runs: [],
      refusal: expect.stringContaining('trainings.images'),
    });
    expect((await start(test, {})).status).toBe(400);
  });
});

describe('the configuration, the doctor and the plugins', () => {
  it('are shown: where each key comes from, without secrets; what is amiss; what plugins are', async () => {
    const secret = 'a-secret-of-sixteen';
    const watch = { ...dayNight, webhooks: [{ url: 'http://127.0.0.1:9/', secret }] };
    const { ask } = await openUnderTest({ watch });
    const config = await ask('/api/config');
    endpoints.getConfig.answer.parse(config.json());
    const entry = (key: string) => config.json().entries.find((one: { key: string }) => one.key === key);
    expect(entry('settleMs')).toMatchObject({ value: 30, origin: 'file', line: 6, needsRestart: false });
    expect(entry('rescanMs')).toMatchObject({ value: 60_000, origin: 'default' });
    expect(entry('inbox').needsRestart).toBe(true);
    expect(config.text).not.toMatch(/a-secret|a-token/);

    const plugins = (await ask('/api/plugins')).json();
    endpoints.listPlugins.answer.parse(plugins);
    const own = plugins.plugins.find(({ name }: { name: string }) => name === 'day-night');
    expect(own).toMatchObject({
      state: 'ready',
      isEnabled: true,
      origin: 'folder',
      pairs: ['day-night'],
      permissions: [],
    });
    expect(own.commands).toEqual([]);
    const turn = (enabled: boolean) => ask('/api/plugins/day-night/switch', { method: 'POST', body: { enabled } });
    expect((await turn(false)).json().message).toMatch(/^day-night is disabled: disabledByUser/);
    expect((await ask('/api/status')).json().routes[0].problem).toContain('PAIR_NOT_FOUND');
    expect((await turn(true)).json().message).toBe('day-night is enabled: ready');
    expect((await ask('/api/plugins/nobody/switch', { method: 'POST', body: { enabled: true } })).status).toBe(404);
  });
});
