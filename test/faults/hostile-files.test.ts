import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { bombs } from '../support/bombs.js';
import { testSharp } from '../support/pictures.js';
import { childrenOf, cyclebox, type Ended, isDone, type LogRecord, project, workThrough } from './cyclebox-process.js';
import { colourIn, colourOf, drop, negative, outputs, pictureOf } from './promise-check.js';
import { isFull } from './scale.js';

const recordsOf = ({ text }: Ended): LogRecord[] =>
  text.split('\n').flatMap(line => (line.startsWith('{') ? [JSON.parse(line) as LogRecord] : []));

/** The code that each failed file was given. */
const codesOf = (ended: Ended): Record<string, unknown> =>
  Object.fromEntries(
    recordsOf(ended)
      .filter(record => record['level'] === 50)
      .map(record => [record['path'], record['code']]),
  );

const put = (root: string, name: string, content: string | Uint8Array) =>
  writeFile(join(root, 'inbox/day-to-night', name), content);

describe('a file that is cut off', () => {
  const sources: Record<string, () => Promise<Buffer>> = {
    jpg: () => testSharp().jpeg().toBuffer(),
    png: () => testSharp().png().toBuffer(),
    ...(isFull && {
      webp: () => testSharp().webp().toBuffer(),
      avif: () => testSharp().avif().toBuffer(),
      tiff: () => testSharp().tiff({ compression: 'lzw' }).toBuffer(),
    }),
  };

  it.each(Object.keys(sources))('at every hundredth of its length fails, or loses no pixel (%s)', async extension => {
    const root = await project({ decodeGraceMs: 50 });
    const whole = await sources[extension]!();
    await put(root, `100.${extension}`, whole);
    const parts = Array.from({ length: 100 }, (_, percent) => [percent, Math.floor((whole.length * percent) / 100)]);
    for (const [percent, length] of parts) await put(root, `${percent}.${extension}`, whole.subarray(0, length));
    const run = await workThrough(root);
    expect(run.code, run.text).toBe(1);
    const codes = codesOf(run);
    const made = await outputs(root);
    expect(made).toContain(`day-to-night/100.${extension}`);
    const right = await sharp(join(root, `outbox/day-to-night/100.${extension}`))
      .raw()
      .toBuffer();
    for (const [percent] of parts) {
      const path = `day-to-night/${percent}.${extension}`;
      if (made.includes(path)) {
        const pixels = await sharp(join(root, 'outbox', path))
          .raw()
          .toBuffer();
        expect(Buffer.compare(pixels, right), `${path} lost pixels`).toBe(0);
      } else expect(codes[path], path).toBeOneOf(['IMAGE_CORRUPT', 'IMAGE_UNSUPPORTED']);
    }
    expect(Object.keys(codes).length + made.length).toBe(101);
  });
});

describe('a bomb', () => {
  it('of any kind is refused, or is the small picture that it also is, and costs neither memory nor its neighbours', async () => {
    const root = await project({ jobTimeoutMs: 20_000, decodeGraceMs: 0 });
    const made = Object.entries(bombs());
    for (const [name, bomb] of made) {
      expect(bomb.length, name).toBeLessThan(4e6);
      await put(root, name, bomb);
    }
    const run = cyclebox(root);
    await drop(root, 'day-to-night/last.png', 1);
    const said = new Map<unknown, unknown>();
    for (const name of [...made.map(([name]) => name), 'last.png']) {
      const path = `day-to-night/${name}`;
      const record = await run.heard(one => one['path'] === path && (one['level'] === 50 || isDone(one)));
      said.set(name, record['code'] ?? 'done');
    }
    for (const [name, outcome] of said)
      expect(outcome, `${name}`).toBeOneOf(['done', 'IMAGE_TOO_LARGE', 'IMAGE_CORRUPT', 'IMAGE_UNSUPPORTED']);
    expect([said.get('pixels.png'), said.get('pixels.tif')]).toEqual(['IMAGE_TOO_LARGE', 'IMAGE_TOO_LARGE']);
    expect(said.get('last.png')).toBe('done');
    const [worker] = await childrenOf(run.pid);
    if (worker !== undefined) expect(await peakMegabytes(worker)).toBeLessThan(400);
    await run.stop();
  });
});

describe('what only calls itself an image', () => {
  const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
  const disguised: Record<string, string | Buffer> = {
    'svg.png': svg,
    'svg-with-prolog.jpg': `<?xml version="1.0"?>\n<!-- a comment -->\n${svg}`,
    'external-entity.png': `<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>${svg}`,
    'gif.png': Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64'),
    'pdf.jpg': '%PDF-1.7\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF',
    'html.webp': '<!DOCTYPE html><img src="http://localhost/">',
    'postscript.tiff': '%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file',
    'bmp.png': Buffer.concat([Buffer.from('BM'), Buffer.alloc(200)]),
    'zip.png': Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(200)]),
    'mvg.png': "push graphic-context\nimage over 0,0 0,0 'https://localhost/x.png'\npop graphic-context",
    'heic.jpg': Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from('ftypheic\0\0\0\0mif1heic'), Buffer.alloc(99)]),
    'vips.png': Buffer.concat([Buffer.from([0x08, 0xf2, 0xa6, 0xb6]), Buffer.alloc(200)]),
    'csv.png': '1,2,3\n4,5,6\n',
    'ppm.png': 'P3\n1 1\n255\n255 0 0\n',
    'zeros.png': Buffer.alloc(4096),
    'elf.jpg': Buffer.concat([Buffer.from('\x7fELF'), Buffer.alloc(300)]),
  };

  it('is refused by its content, one by one, and never opened by what its content asks for', async () => {
    const root = await project({ decodeGraceMs: 0 });
    for (const [name, content] of Object.entries(disguised)) await put(root, name, content);
    await put(root, 'real.svg', await pictureOf(colourOf(5)));
    const run = await workThrough(root);
    expect(run.code, run.text).toBe(1);
    const expected = Object.keys(disguised).map(name => [
      `day-to-night/${name}`,
      // As a file is that was given its size before its content: waited for first.
      name === 'zeros.png' ? 'IMAGE_CORRUPT' : 'IMAGE_UNSUPPORTED',
    ]);
    expect(codesOf(run)).toEqual(Object.fromEntries(expected));
    // A real picture is one whatever it is called, and is named for what it is.
    expect(await outputs(root)).toEqual(['day-to-night/real.svg.png']);
  });
});

describe('names', () => {
  const names = [
    'with\nnewlines\n.png',
    'tab\tand\u0007bell.png',
    '🐎→🦓 👩‍👩‍👧.png',
    `${'x'.repeat(251)}.png`,
    `${'é'.repeat(125)}.png`,
    `abc${'🦓'.repeat(62)}.png`,
    'e\u0301 decomposed.png',
    'é composed.png',
    ' leading and trailing .png',
    '%20%2e%2e%2f.png',
    '"quoted" \'and\' `more` $(x).png',
    'back\\slash.png',
    '[brackets] {braces} !(not) *star?.png',
    '-rf.png',
    '日本語.PNG',
    'two.dots.png',
    'ﷺ‮gnp.png',
  ];

  it('of every kind come out as they went in, each with its own picture', async () => {
    const root = await project();
    for (const [index, name] of names.entries()) await drop(root, `day-to-night/${name}`, index);
    const run = await workThrough(root);
    expect(run.code, run.text).toBe(0);
    expect((await outputs(root)).sort()).toEqual(names.map(name => `day-to-night/${name}`).sort());
    for (const [index, name] of names.entries()) {
      expect(await colourIn(join(root, 'outbox/day-to-night', name)), name).toEqual(negative(colourOf(index)));
    }
  });

  it('of 255 bytes that are taken get a number all the same', async () => {
    const root = await project();
    const long = names.filter(name => Buffer.byteLength(name) > 250);
    await mkdir(join(root, 'outbox/day-to-night'), { recursive: true });
    for (const [index, name] of long.entries()) {
      await drop(root, `day-to-night/${name}`, index);
      await writeFile(join(root, 'outbox/day-to-night', name), 'foreign');
    }
    const run = await workThrough(root);
    expect(run.code, run.text).toBe(0);
    expect(await outputs(root)).toHaveLength(long.length * 2);
    for (const name of long) {
      expect(await readFile(join(root, 'outbox/day-to-night', name), 'utf8')).toBe('foreign');
    }
  });

  it('that are no text at all are not lost from sight', async context => {
    const root = await project();
    const name = Buffer.concat([
      Buffer.from(join(root, 'inbox/day-to-night/')),
      Buffer.from([0x66, 0xff, 0xfe]),
      Buffer.from('.png'),
    ]);
    await writeFile(name, await pictureOf(colourOf(1))).catch(() => context.skip('this file system knows text only'));
    await drop(root, 'day-to-night/good.png', 2);
    const run = await workThrough(root);
    expect(run.text).toMatch(/FILE_UNREADABLE|FILE_NOT_FOUND|not UTF-8|not text|"output":"[^"]*f[^"]*\.png"/);
    expect(await outputs(root)).toContain('day-to-night/good.png');
  });
});

async function peakMegabytes(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
}
