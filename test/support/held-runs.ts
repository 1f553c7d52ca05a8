/**
 * The CPU for tests of what goes on beside what: every run of a model waits until the test lets it go. What it computes is real. On which
 * engine a run is, its threads tell.
 */
import { CycleboxError } from '../../src/base/index.js';
import { type EngineOptions, openEngine, type Program } from '../../src/engine/index.js';
import type { OpenEngine } from '../../src/translate/index.js';

export interface HeldRun {
  /** Of the engine that it is on; undefined: all. */
  readonly threads: number | undefined;
  /** Of the picture. */
  readonly width: number;
  /** Runs it, and ends when that has been done. */
  letGo(): Promise<void>;
  /** It fails for want of memory. */
  runOut(): Promise<void>;
}

export interface HeldRuns {
  /** For `TranslatorOptions.openEngine`. */
  readonly openEngine: OpenEngine;
  /** The next run that begins, in the order in which they do. */
  begun(): Promise<HeldRun>;
  /** Runs that have begun and not been asked for. */
  readonly unseen: () => number;
  /** Engines that are open, by their threads. */
  readonly open: (number | undefined)[];
}

export function heldRuns(): HeldRuns {
  const runs: HeldRun[] = [];
  const waiting: ((run: HeldRun) => void)[] = [];
  const open: (number | undefined)[] = [];
  const begin = (run: HeldRun) => {
    const take = waiting.shift();
    if (take) take(run);
    else runs.push(run);
  };
  return {
    open,
    unseen: () => runs.length,
    begun() {
      const run = runs.shift();
      return run ? Promise.resolve(run) : new Promise(resolve => waiting.push(resolve));
    },
    async openEngine(choice, options) {
      const engine = await openEngine(choice, { ...options, threads: 1 });
      open.push(options.threads);
      return {
        id: engine.id,
        device: engine.device,
        createState: initial => engine.createState(initial),
        compile: (graph, how) => engine.compile(graph, how),
        load: async (model, how) => held(await engine.load(model, how), options, begin),
        releaseCaches: () => engine.releaseCaches(),
        async dispose() {
          open.splice(open.indexOf(options.threads), 1);
          await engine.dispose();
        },
      };
    },
  };
}

function held(program: Program, { threads }: EngineOptions, begin: (run: HeldRun) => void): Program {
  const { inputs, outputs, metadata } = program;
  return {
    inputs,
    outputs,
    metadata,
    dispose: () => program.dispose(),
    async run(given) {
      const width = Object.values(given)[0]!.shape[3]!;
      let ended: () => void = () => {};
      const end = new Promise<void>(resolve => {
        ended = resolve;
      });
      try {
        await new Promise<void>((resolve, reject) => {
          const then = (act: () => void) => () => {
            act();
            return end;
          };
          const runOut = then(() => reject(new CycleboxError('OUT_OF_MEMORY', 'failed to allocate')));
          const letGo = then(resolve);
          begin({ threads, width, letGo, runOut });
        });
        return await program.run(given);
      } finally {
        ended();
      }
    },
  };
}
