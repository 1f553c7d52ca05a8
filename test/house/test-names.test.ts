/**
 * A test file says in its name what it tests: a source file of its room, a room inside it, the room itself, or an engine;
 * more may follow behind a hyphen. Folders that hold promises rather than rooms (`faults`, `golden` …) are named for those.
 */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join, posix } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { engineIds } from '../../src/engine/index.js';
import { longFiles } from '../support/longest-first.js';

const tests = readdirSync(join(packageRoot, 'test'), { recursive: true, encoding: 'utf8' })
  .map(path => path.replaceAll('\\', '/'))
  .filter(path => path.endsWith('.test.ts'));

const promises = new Set(['bundle', 'demo', 'examples', 'faults', 'golden', 'house', 'plugins', 'support', 'tools']);

/** What a test in this folder may be of. */
function subjects(folder: string): readonly string[] {
  const sources = readdirSync(join(packageRoot, 'src', folder), { recursive: true, encoding: 'utf8' });
  const besides = readdirSync(join(packageRoot, 'test', folder)).filter(name => !name.endsWith('.test.ts'));
  const names = [...sources, ...besides].map(path => basename(path).replace(/\.ts$/, ''));
  return [...names, ...folder.split('/'), ...engineIds];
}

const ofRooms = tests.filter(path => !promises.has(path.split('/')[0]!));

test('there are tests of rooms, in folders that are rooms', () => {
  expect(ofRooms.length).toBeGreaterThan(80);
  expect(ofRooms.filter(path => !existsSync(join(packageRoot, 'src', dirname(path))))).toEqual([]);
});

test('every test of a room is named after what it tests', () => {
  const astray = ofRooms.filter(path => {
    const name = posix.basename(path, '.test.ts');
    return !subjects(posix.dirname(path)).some(subject => name === subject || name.startsWith(`${subject}-`));
  });
  expect(astray).toEqual([]);
});

test('every file that is to run before others is there', () => {
  expect(longFiles.filter(path => !tests.includes(path.slice('test/'.length)))).toEqual([]);
});
