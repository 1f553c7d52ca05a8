import { join } from 'node:path';
import sharp from 'sharp';
import { expect, it } from 'vitest';
import { maxDifference, testRgb } from '../../support/pictures.js';
import { cyclebox, dayNight, drop, outputs, project } from '../../support/project.js';

it('"engine": ["cpu", "tfjs"] translates on both; status names the workers, and the log where each image was made', async () => {
  const root = await project({ ...dayNight, engine: ['cpu', 'tfjs'] });
  for (let i = 0; i < 6; i++) await drop(root, `day-to-night/${i}.png`);
  const daemon = cyclebox(root, 'start');
  await Promise.all(['cpu', 'tfjs'].map(device => daemon.heard(`"device":"${device}","precision"`)));
  const status = await cyclebox(root, 'status').ended;
  expect(status.out).toMatch(/^device {2}cpu \(.+\): process \d+/m);
  expect(status.out).toMatch(/^device {2}tfjs \(TensorFlow\.js .+\): process \d+/m);
  const json = JSON.parse((await cyclebox(root, 'status', '--json').ended).out) as {
    daemon: { workers: { device: string; pid: number }[]; passedOver: unknown[] };
  };
  expect(new Set(json.daemon.workers.map(({ pid }) => pid)).size).toBe(2);
  expect(json.daemon.passedOver).toEqual([]);
  daemon.child.kill('SIGTERM');
  const { code, out } = await daemon.ended;
  expect(code).toBe(0);
  const records = out
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { output?: string; device?: string });
  const made = records.filter(({ output }) => output !== undefined);
  expect(new Set(made.map(({ device }) => device))).toEqual(new Set(['cpu', 'tfjs']));
  const wanted = testRgb(48, 32).map(value => 255 - value);
  expect(made.length).toBeGreaterThanOrEqual(2);
  for (const name of await outputs(root)) {
    const pixels = await sharp(join(root, 'outbox', name))
      .removeAlpha()
      .raw()
      .toBuffer();
    expect(maxDifference(pixels, wanted)).toBeLessThanOrEqual(1);
  }
});

it('an engine that does not work here ends the start with what is wrong, and a wrong name is found out sooner', async () => {
  const root = await project({ ...dayNight, engine: process.platform === 'linux' ? 'directml' : 'tensorrt' });
  const { code, err } = await cyclebox(root, 'start', '--once').ended;
  expect(code).toBe(1);
  expect(err).toMatch(/^ENGINE_UNAVAILABLE: /);
  const wrong = await project({ ...dayNight, engine: ['cpu', 'cdua'] });
  const refused = await cyclebox(wrong, 'start', '--once').ended;
  expect(refused.code).toBe(78);
  expect(refused.err).toMatch(/watch-config\.json:\d+:\d+: engine\[1\]: .*"cdua".*Did you mean "cuda"\?/);
});
