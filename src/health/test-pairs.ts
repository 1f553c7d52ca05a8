/**
 * Tests the directions of pairs that were not tested with their models of today, one after the other, in a process of their own, and
 * keeps what comes of it. A model that kills or hangs that process is a finding like others.
 */
import { asCycleboxError, throwIfAborted } from '../base/index.js';
import { type DomainPair, directionsOf, type ModelFile, type ResolveOptions } from '../catalog/index.js';
import { Child, compiledEntry } from '../process/index.js';
import { type HealthApi, healthProtocol } from './health-protocol.js';
import { keepHealth, readHealth } from './health-store.js';
import { type DirectionHealth, isCurrent } from './model-health.js';

export interface TestPairsOptions extends ResolveOptions {
  /** Where findings are kept. */
  readonly state: string;
  readonly onTested?: ((key: string, health: DirectionHealth) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For one direction; default two minutes. */
  readonly timeoutMs?: number | undefined;
  /** Another entry than the real one; for tests. */
  readonly entry?: string | undefined;
}

interface Task {
  readonly key: string;
  readonly model: ModelFile;
  readonly back: ModelFile | undefined;
}

/** @returns how many directions were tested @throws CANCELLED, or what the system says when findings cannot be kept */
export async function testPairs(pairs: readonly DomainPair[], options: TestPairsOptions): Promise<number> {
  const tasks = await untested(pairs, options);
  for (const task of tasks) {
    throwIfAborted(options.signal, 'The test of models was cancelled.');
    const health = await findOut(task, options);
    throwIfAborted(options.signal, 'The test of models was cancelled.');
    await keepHealth(options.state, task.key, health);
    options.onTested?.(task.key, health);
  }
  return tasks.length;
}

async function untested(
  pairs: readonly DomainPair[],
  { state, modelStore }: TestPairsOptions,
): Promise<readonly Task[]> {
  const known = await readHealth(state);
  const tasks = await Promise.all(pairs.map(pair => tasksOf(pair, { modelStore })));
  return tasks.flat().filter(({ key, model, back }) => !isCurrent(known.get(key), { ...sumsOf(model, back) }));
}

async function tasksOf(pair: DomainPair, options: ResolveOptions): Promise<readonly Task[]> {
  const directions = await directionsOf(pair, options);
  return directions.flatMap(({ to, from, model }) => {
    const back = directions.find(direction => direction.to === from)?.model;
    return model ? [{ key: `${pair.id}/${to}`, model, back }] : [];
  });
}

function sumsOf(model: ModelFile, back: ModelFile | undefined) {
  return { sha256: model.sha256, ...(back && { backSha256: back.sha256 }) };
}

/** A process for each: what one leaves behind does not spoil the next. */
async function findOut({ model, back }: Task, options: TestPairsOptions): Promise<DirectionHealth> {
  const { signal, timeoutMs = 120_000, entry = compiledEntry(import.meta.url, './health-main.js') } = options;
  let child: Child<HealthApi> | undefined;
  try {
    child = await Child.start<HealthApi>({
      entry,
      name: 'process that tests models',
      protocol: healthProtocol,
      unresponsiveAfterMs: timeoutMs,
    });
    return await child.call('test', { model: fileOf(model), back: back && fileOf(back) }, { signal, timeoutMs });
  } catch (error) {
    return {
      ...sumsOf(model, back),
      testedMs: Date.now(),
      width: 0,
      height: 0,
      faults: [String(asCycleboxError(error))],
    };
  } finally {
    await child?.kill();
  }
}

const fileOf = ({ path, sha256 }: ModelFile) => ({ path, sha256 });
