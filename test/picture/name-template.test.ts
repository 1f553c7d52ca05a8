import { describe, expect, test } from 'vitest';
import { nameAfter, nameFactsOf, nameFault } from '../../src/picture/index.js';

const facts = nameFactsOf({
  path: 'holiday/day 1/IMG_7.JPG',
  name: 'IMG_7.png',
  pair: 'winter-summer',
  from: 'winter',
  to: 'summer',
  width: 640,
  height: 480,
  takenAt: '2024-12-24T18:30:00',
  sha256: 'abcdef0123456789',
  at: new Date(2026, 0, 31, 23, 5, 9),
});

describe('a template', () => {
  test.each([
    ['{stem}-{to}{ext}', 'IMG_7-summer.png'],
    ['{stem}-{to}', 'IMG_7-summer.png'],
    ['{name} ({from} to {to})', 'IMG_7 (winter to summer).png'],
    ['{date} {time} {hash}', '2026-01-31 23-05-09 abcdef01.png'],
    ['{taken}_{stem}_{width}x{height}', '2024-12-24_IMG_7_640x480.png'],
    ['{pair}.{parent}.{stem}', 'winter-summer.day 1.IMG_7.png'],
  ])('%s is a name in the folder of the image: %s', (template, name) => {
    expect(nameFault(template)).toBeUndefined();
    expect(nameAfter(template, facts)).toEqual({ folder: undefined, name });
  });

  test.each([
    ['{to}/{folder}/{stem}{ext}', 'summer/holiday/day 1', 'IMG_7.png'],
    ['{folder}/{to}/{stem}', 'holiday/day 1/summer', 'IMG_7.png'],
    ['{taken}/{stem}', '2024-12-24', 'IMG_7.png'],
    ['all/{hash}', 'all', 'abcdef01.png'],
  ])('%s is a path below the outbox', (template, folder, name) => {
    expect(nameFault(template)).toBeUndefined();
    expect(nameAfter(template, facts)).toEqual({ folder, name });
  });

  test('of images in the inbox itself has no empty folders', () => {
    expect(nameAfter('{folder}/{to}/{stem}', { ...facts, folder: '' })).toEqual({
      folder: 'summer',
      name: 'IMG_7.png',
    });
    expect(nameAfter('{folder}/{stem}', { ...facts, folder: '' })).toEqual({ folder: '', name: 'IMG_7.png' });
  });

  test.each([
    ['{stme}', /\{stme\}, which is none of \{stem\}.*Did you mean "stem"\?/],
    ['{to}', /must have \{stem\} or \{hash\}/],
    ['result', /must have \{stem\} or \{hash\}/],
    ['{stem', /brace/],
    ['{stem}}', /brace/],
    ['{ext}{stem}', /\{ext\} at its end/],
    ['{folder}-{stem}', /between slashes/],
    ['{to}/{folder}', /must have \{stem\}/],
    ['{stem}/{folder}', /between slashes/],
    ['/{stem}', /relative to the outbox/],
    ['../{stem}', /lead elsewhere/],
    ['a/../../{stem}', /lead elsewhere/],
    ['./{stem}', /lead elsewhere/],
    ['a//{stem}', /nothing between/],
    ['{stem}/', /nothing between/],
    ['{stem}/{ext}', /nothing between/],
    ['.cyclebox/{stem}', /not hidden/],
    ['.{stem}', /not hidden/],
    ['{stem}. ', /Windows does not keep/],
    ['{stem}:{to}', /cannot have everywhere/],
    ['..\\{stem}', /lead|character|hidden/],
    ['nul/{stem}', /no name on Windows/],
  ])('%s is refused: %s', (template, why) => {
    expect(nameFault(template)).toMatch(why);
  });
});

describe('whatever an image is called, its result', () => {
  test.each(['..', '.', '...', '.cyclebox', 'a/../..', '-'])(
    'called %s stays in its folder, and is not hidden',
    stem => {
      for (const template of ['{stem}', '{stem}/{stem}', 'x/{stem}/{folder}/{stem}']) {
        expect(nameFault(template)).toBeUndefined();
        const { folder = '', name } = nameAfter(template, { ...facts, stem, folder: stem });
        for (const part of [...folder.split('/'), name]) expect(part).not.toMatch(/^\./);
        expect(name).not.toContain('/');
      }
    },
  );

  test('has no longer names than file systems take', () => {
    const { folder = '', name } = nameAfter('{stem}-{to}/{stem}', { ...facts, stem: 'ä'.repeat(127) });
    for (const part of [folder, name]) expect(Buffer.byteLength(part)).toBeLessThanOrEqual(259);
    expect(Buffer.byteLength(folder)).toBeLessThanOrEqual(255);
  });
});
