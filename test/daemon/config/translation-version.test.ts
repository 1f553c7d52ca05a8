import { expect, test } from 'vitest';
import { configSchema } from '../../../src/daemon/config/config-schema.js';
import { fitOf, type RouteFit, versionOf } from '../../../src/daemon/config/translation-version.js';

test.each<[RouteFit, string]>([
  [{ scale: 'native' }, 'abc'],
  [{ scale: 512 }, 'abc@512'],
  [{ scale: 'trained' }, 'abc@trained'],
  [{ scale: 'trained', trainedSize: 143 }, 'abc@trained:143'],
  [{ scale: 'native', tiling: 'thumbnail' }, 'abc^thumbnail'],
  [{ scale: 512, tiling: 'independent' }, 'abc^independent@512'],
])('%j is the version %s, and can be read from it', (fit, version) => {
  expect(versionOf('abc', fit)).toBe(version);
  expect(fitOf(version)).toEqual(fit);
});

test.each(['half', 8, 40.5, '512', null])('a route with the scale %j is refused', scale => {
  const route = { match: 'a/**', pair: 'day-night', to: 'night', scale };
  const { error } = configSchema.safeParse({ routes: [route] });
  expect(error?.issues).toMatchObject([
    { path: ['routes', 0, 'scale'], message: expect.stringMatching(/must be "native", "trained", or a whole number/) },
  ]);
});
