/**
 * One pass over an image: tile by tile, what it reads is fetched, run through the part of the network that this tile takes,
 * and handed on. While one tile is computed the next one is fetched and the last one written. Tiles of one kind share a program.
 */
import { throwIfAborted } from '../base/index.js';
import type { Engine, Program, Tensors } from '../engine/index.js';
import {
  buildPart,
  type ChannelMoments,
  type Graph,
  inputName,
  type LocalNetwork,
  lengthOf,
  type NodeId,
  outputName,
  type Part,
  type Region,
} from '../graph/index.js';
import type { Pass } from './passes.js';
import type { Tile, TileGrid } from './tile-grid.js';

export interface PassRun {
  readonly engine: Engine;
  readonly network: LocalNetwork;
  readonly pass: Pass;
  readonly grid: TileGrid;
  readonly moments: ReadonlyMap<NodeId, ChannelMoments>;
  /** A region of a source, channels one after the other. */
  readonly read: (id: NodeId, region: Region) => Promise<Float32Array>;
  /** Takes a tile's part of a target. Called in the order of the tiles. */
  readonly take: (id: NodeId, region: Region, data: Float32Array) => Promise<void>;
  readonly onTile: () => void;
  readonly signal: AbortSignal | undefined;
}

/** Programs kept open: a row of tiles has one at the left edge, one in the middle, and up to two at the right edge. */
const mostPrograms = 4;

/** @throws CANCELLED, ENGINE_FAILED, OUT_OF_MEMORY, and what `read` and `take` throw */
export async function runPass(run: PassRun): Promise<void> {
  const programs = new Programs(run.engine, run.grid[0]!.length === 1 ? 1 : mostPrograms);
  let written: Promise<void> = Promise.resolve();
  try {
    const tiles = run.grid.flat();
    let next = fetched(run, tiles[0]);
    for (let i = 0; i < tiles.length; i++) {
      const current = await next;
      next = fetched(run, tiles[i + 1]);
      next?.catch(() => {});
      // Others get their turn: a message that says to stop, above all.
      await new Promise(resolve => setImmediate(resolve));
      throwIfAborted(run.signal, 'The translation was cancelled.');
      const program = await programs.of(current!.part.graph);
      const results = await program.run(current!.inputs);
      await written;
      written = handOn(run, tiles[i]!, results);
      written.catch(() => {});
      run.onTile();
    }
    await written;
  } finally {
    await written.catch(() => {});
    await programs.dispose();
  }
}

interface Fetched {
  readonly part: Part;
  readonly inputs: Tensors;
}

async function fetched(run: PassRun, tile: Tile | undefined): Promise<Fetched | undefined> {
  if (!tile) return undefined;
  const { network, pass, moments } = run;
  const part = buildPart(network, { sources: pass.sources, moments, targets: tile });
  const inputs = await Promise.all(
    [...part.reads].map(async ([id, region]) => {
      const shape = [1, network.channelsOf(id), lengthOf(region[0]), lengthOf(region[1])];
      return [inputName(id), { shape, data: await run.read(id, region) }] as const;
    }),
  );
  const names = new Set(Object.keys(part.graph.inputs));
  return { part, inputs: Object.fromEntries(inputs.filter(([name]) => names.has(name))) };
}

async function handOn({ take }: PassRun, tile: Tile, results: Tensors): Promise<void> {
  for (const [id, region] of tile) await take(id, region, results[outputName(id)]!.data);
}

/** By what they compute: numbers that differ make different programs, places that differ do not. */
class Programs {
  readonly #engine: Engine;
  readonly #most: number;
  /** The last used last. */
  readonly #open = new Map<string, Program>();

  /** @param most each keeps the memory that its runs took */
  constructor(engine: Engine, most: number) {
    this.#engine = engine;
    this.#most = most;
  }

  async of(graph: Graph): Promise<Program> {
    const key = signatureOf(graph);
    const program = this.#open.get(key) ?? (await this.#opened(graph));
    this.#open.delete(key);
    this.#open.set(key, program);
    return program;
  }

  async #opened(graph: Graph): Promise<Program> {
    const [oldest] = this.#open;
    if (this.#open.size >= this.#most && oldest) {
      this.#open.delete(oldest[0]);
      await oldest[1].dispose();
    }
    return await this.#engine.compile(graph);
  }

  async dispose(): Promise<void> {
    await Promise.all([...this.#open.values()].map(program => program.dispose()));
    this.#open.clear();
  }
}

/** Within a pass constants are the same where they stand in the same place. */
function signatureOf({ nodes }: Graph): string {
  return nodes
    .map(
      ({ op, inputs, attributes, shape }) =>
        `${op} ${inputs} ${shape} ${op === 'constant' ? '' : JSON.stringify(attributes)}`,
    )
    .join('\n');
}
