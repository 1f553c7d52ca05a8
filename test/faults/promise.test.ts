/**
 * The promise against chance: files are written, rewritten, renamed into place and taken away, the watcher says
 * something, nothing or nonsense, scans begin, time passes, and the process that does all the work stops or is killed
 * whenever it likes. A model in memory knows only what was written; afterwards the outbox has to agree with it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FaultPoint, isTemporaryName, packageRoot } from '../../src/base/index.js';
import { scaled, seed } from './scale.js';

const names = ['a.txt', 'b.txt', 'sub/a.txt', 'A.txt'] as const;
const faults: readonly FaultPoint[] = ['seen', 'claimed', 'linked', 'renamed', 'committed'];

const name = fc.constantFrom(...names);
const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('write' as const), name, isGood: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('rename-in' as const), name }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('remove' as const), name }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('hint' as const), name }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('scan' as const) }) },
  { weight: 6, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.constantFrom(1, 20, 60, 200) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('settle' as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('kill' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stop' as const) }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('die-at' as const),
      fault: fc.constantFrom(...faults),
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** The world: folders, the process at work in them, and what was written. */
class World {
  readonly root: string;
  /** Every content ever written that can be shouted. */
  readonly #written: string[] = [];
  /** What is in the inbox now. */
  readonly #present = new Map<string, string>();
  /** Outputs seen, by path: content and inode. */
  readonly #published = new Map<string, string>();
  #child: ChildProcess | undefined;
  #fault = '';

  constructor(root: string) {
    this.root = root;
    for (const folder of ['inbox/sub', 'outbox']) mkdirSync(join(root, folder), { recursive: true });
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case 'write':
        this.#write(step.name, step.isGood, path => path);
        break;
      case 'rename-in':
        this.#write(step.name, true, path => join(dirname(path), `.${basename(path)}.part`));
        break;
      case 'remove':
        rmSync(join(this.root, 'inbox', step.name), { force: true });
        this.#present.delete(step.name);
        break;
      case 'hint':
        await this.#tell({ command: 'hint', path: step.name });
        break;
      case 'advance':
        await this.#tell({ command: 'advance', ms: step.ms });
        break;
      case 'scan':
      case 'settle':
        await this.#tell({ command: step.do });
        break;
      case 'stop':
        await this.#tell({ command: 'stop' });
        await this.#kill();
        break;
      case 'kill':
        await this.#kill();
        break;
      case 'die-at':
        await this.#kill();
        this.#fault = `${step.fault}@${step.times}`;
        break;
      default:
        step satisfies never;
    }
    this.#look();
  }

  /** Everything is worked through by a fresh process, and then holds. */
  async conclude(): Promise<void> {
    await this.#kill();
    this.#fault = '';
    await this.#tell({ command: 'settle' });
    await this.#tell({ command: 'stop' });
    await this.#kill();
    this.#look();
    const made = [...this.#outputs().values()].map(output => output.content).sort();
    expect(new Set(made).size, `an output twice: ${made}`).toBe(made.length);
    for (const content of made) expect(this.#written, 'an output of nothing that was written').toContain(content);
    for (const [path, content] of this.#present) {
      if (content.startsWith('GOOD')) expect(made, `${path} was lost`).toContain(content);
    }
    expect(filesBelow(join(this.root, 'outbox')).filter(path => isTemporaryName(basename(path)))).toEqual([]);
  }

  async dispose(): Promise<void> {
    await this.#kill();
    await rm(this.root, { recursive: true, force: true });
  }

  /** Contents are of growing length: clocks of file systems are coarse, and a file is known by size and time. */
  #write(path: string, isGood: boolean, firstAt: (file: string) => string): void {
    const count = this.#written.length + 1;
    const content = `${isGood ? 'good' : 'bad'} ${path} ${'x'.repeat(count)}`;
    const file = join(this.root, 'inbox', path);
    writeFileSync(firstAt(file), content);
    if (firstAt(file) !== file) renameSync(firstAt(file), file);
    this.#written.push(content.toUpperCase());
    this.#present.set(path, content.toUpperCase());
  }

  /** What was published stays as it is. */
  #look(): void {
    const now = this.#outputs();
    for (const [path, was] of this.#published) {
      const is = now.get(path);
      expect(is && `${is.inode} ${is.content}`, `${path} was published and has been touched`).toBe(was);
    }
    for (const [path, { inode, content }] of now) this.#published.set(path, `${inode} ${content}`);
  }

  #outputs(): Map<string, { readonly inode: bigint; readonly content: string }> {
    const outbox = join(this.root, 'outbox');
    const paths = filesBelow(outbox).filter(path => !/(^|\/)\./.test(path) && path !== 'failed.json');
    const read = (path: string) => ({
      inode: lstatSync(join(outbox, path), { bigint: true }).ino,
      content: readFileSync(join(outbox, path), 'utf8'),
    });
    return new Map(paths.map(path => [path, read(path)]));
  }

  /** Starts the process if there is none; one that dies over the message has died where it was to. */
  async #tell(message: { readonly command: string; readonly [key: string]: unknown }): Promise<void> {
    const child = this.#child ?? (await this.#start());
    if (!child) return;
    child.send(message, () => {});
    await this.#answerOrEnd(child, message.command);
  }

  async #start(): Promise<ChildProcess | undefined> {
    const entry = join(packageRoot, 'test/fixtures/faults/inbox-process.mjs');
    const env = { ...process.env, CYCLEBOX_FAULTS: this.#fault };
    const child = fork(entry, [this.root], { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    this.#child = child;
    await this.#answerOrEnd(child, 'start');
    return this.#child;
  }

  async #answerOrEnd(child: ChildProcess, command: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const end = (code: number | null) => {
        child.off('message', hear);
        if (this.#child === child) this.#child = undefined;
        this.#fault = '';
        if (code === null) resolve();
        else reject(new Error(`the inbox ended with ${code} over ${command}`));
      };
      const hear = (message: unknown) => {
        if ((message as { answered?: string }).answered !== command) return;
        child.off('exit', end);
        child.off('message', hear);
        resolve();
      };
      child.on('message', hear);
      child.once('exit', end);
      if (child.exitCode !== null || child.signalCode !== null) end(child.exitCode);
    });
  }

  async #kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
}

function filesBelow(folder: string): string[] {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1));
}

describe('whatever happens', () => {
  it('every file has one output, and no output is lost, made twice or touched', { timeout: 1_800_000 }, async () => {
    const steps = fc.array(step, { minLength: 5, maxLength: 25 });
    const property = fc.asyncProperty(steps, async steps => {
      const world = new World(await mkdtemp(join(tmpdir(), 'cyclebox-promise-')));
      try {
        for (const step of steps) await world.take(step);
        await world.conclude();
      } finally {
        await world.dispose();
      }
    });
    await fc.assert(property, {
      numRuns: scaled(5, 300),
      seed,
      endOnFailure: false,
      interruptAfterTimeLimit: 1_700_000,
    });
  });
});
