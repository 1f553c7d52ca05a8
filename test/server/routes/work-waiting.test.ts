import { describe, expect, it } from 'vitest';
import { WorkWaiting } from '../../../src/server/routes/work-waiting.js';

const report = (device: string, translateMs: number) => {
  const times = { decodeMs: 10, loadMs: 0, translateMs, encodeMs: 10 };
  return { name: 'a.png', width: 1, height: 1, bytes: 1, tiles: 1, device, ...times };
};
const waiting = (translation: string, count: number) => ({ translation, count, oldestMs: 0 });

describe('work waiting', () => {
  it('is nothing where nothing was done yet, since nobody knows how long it takes', () => {
    expect([...new WorkWaiting().of([waiting('a/b', 10)])]).toEqual([]);
  });

  it('is counted for each class of devices, by what images of the same translation took there', () => {
    const work = new WorkWaiting();
    work.heard('a/b', report('cpu', 980));
    work.heard('a/b', report('cuda:0', 80));
    work.heard('a/b', report('cuda:1', 80));
    const seconds = work.of([waiting('a/b', 30)]);
    expect([...seconds.keys()]).toEqual(['cpu', 'cuda']);
    expect(seconds.get('cpu')).toBeCloseTo(30);
    expect(seconds.get('cuda')).toBeCloseTo(3);
  });

  it('takes the mean of all translations for one that was not done yet', () => {
    const work = new WorkWaiting();
    work.heard('a/b', report('cpu', 980));
    expect(work.of([waiting('a/b', 1), waiting('c/d', 2)]).get('cpu')).toBeCloseTo(3);
  });

  it('follows when images take longer than before', () => {
    const work = new WorkWaiting();
    work.heard('a/b', report('cpu', 980));
    for (let image = 0; image < 200; image++) work.heard('a/b', report('cpu', 3980));
    expect(work.of([waiting('a/b', 1)]).get('cpu')).toBeCloseTo(4, 1);
  });
});
