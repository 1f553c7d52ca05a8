/**
 * A network that takes one image of any size in parts, as if it took it whole: every part is normalised by the moments of
 * the whole image. `exact` finds these by passes over the image, one for each normalisation in a row; `thumbnail` takes those of
 * a small copy (Chen et al. 2022, "Towards ultra-resolution neural style transfer via thumbnail instance normalization") and needs
 * one pass. It knows no pictures: rows come from a reader and go to a writer.
 */
import { CycleboxError } from '../base/index.js';
import type { Engine } from '../engine/index.js';
import { areaOf, type ChannelMoments, LocalNetwork, type NodeId, NotLocalError, type Region } from '../graph/index.js';
import { importOnnx, type OnnxNetwork, readNetwork } from '../onnx/index.js';
import { MomentSum } from './channel-moments.js';
import { KeptValue, type MemoryBudget } from './kept-value.js';
import { runPass } from './pass-runner.js';
import { anyMoments, costOf, lastPass, type Pass, planPasses } from './passes.js';
import { planGrid, type TileLimits } from './tile-grid.js';

/** Rows and columns. */
export type PlaneSize = readonly [height: number, width: number];

/** An image as the network is to see it. */
export interface TiledImage {
  /** Multiples of what the network takes. */
  readonly size: PlaneSize;
  /** `[3, h, w]` of a region, in [-1, 1]. */
  readonly read: (region: Region) => Promise<Float32Array>;
}

export interface TiledRunOptions extends TileLimits {
  /** What is kept between passes may take so much memory; more of it goes to a file in `folder`. */
  readonly keptBytes: number;
  readonly folder: string;
  /** Takes the result's regions in rows of tiles, from top to bottom, each from left to right. */
  readonly write: (region: Region, data: Float32Array) => Promise<void>;
  /** A small copy of the image: its moments are taken for the image's own. Default: exact. */
  readonly thumbnail?: TiledImage | undefined;
  /**
   * Exact runs: false computes again in each pass what earlier ones had, and keeps nothing. Default true: what does not fit into `keptBytes` goes
   * to a file, but for what is sooner computed again than written and read.
   */
  readonly keep?: boolean | undefined;
  /** From 0 to 1. */
  readonly onProgress?: ((fraction: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TiledRun {
  /** Tiles of the last pass. */
  readonly tiles: number;
  readonly passes: number;
  /** The most that lay in files at a time. */
  readonly spilledBytes: number;
}

/** Images this small are enough to see what a network is made of. */
const trialSide = 64;

export class TiledNetwork {
  readonly #engine: Engine;
  readonly #network: OnnxNetwork;
  readonly #input: string;

  /** @param multiple what sides must be multiples of @throws NotLocalError, MODEL_INVALID where it cannot be taken in parts */
  constructor(engine: Engine, model: { readonly bytes: Uint8Array; readonly name: string }, multiple: number) {
    this.#engine = engine;
    this.#network = readNetwork(model.bytes, model.name);
    this.#input = this.#network.inputs[0]!.name;
    this.#at([1, 1].map(() => multiple * Math.max(2, Math.ceil(trialSide / multiple))) as unknown as PlaneSize);
  }

  /** @throws CANCELLED, WRITE_FAILED, OUT_OF_MEMORY, ENGINE_FAILED */
  async run(image: TiledImage, options: TiledRunOptions): Promise<TiledRun> {
    const network = this.#at(image.size);
    const known = options.thumbnail ? await this.#momentsOf(options.thumbnail, network, options) : undefined;
    const { keep = true, keptBytes: roomBytes } = options;
    const passes = known ? [lastPass(network)] : planPasses(network, { keep, roomBytes });
    return new ImageRun(this.#engine, network, image, options, new Map(known)).run(passes);
  }

  /** Of a small copy, as the image's own. */
  async #momentsOf(
    thumbnail: TiledImage,
    whole: LocalNetwork,
    options: TiledRunOptions,
  ): Promise<ReadonlyMap<NodeId, ChannelMoments>> {
    const network = this.#at(thumbnail.size);
    const quiet = { ...options, onProgress: undefined, write: async () => {} };
    const run = new ImageRun(this.#engine, network, thumbnail, quiet, new Map());
    await run.run(planPasses(network, { keep: true }).slice(0, -1));
    if (network.statistics.length !== whole.statistics.length)
      throw new CycleboxError('GRAPH_INVALID', 'A network has not the same layers at two sizes.');
    return new Map(
      whole.statistics.map(({ of }, i) => {
        const moments = run.moments.get(network.statistics[i]!.of)!;
        const [rows, columns] = whole.planeOf(of);
        return [of, { ...moments, count: rows * columns }] as const;
      }),
    );
  }

  #at([height, width]: PlaneSize): LocalNetwork {
    return new LocalNetwork(importOnnx(this.#network, { [this.#input]: [1, 3, height, width] }));
  }
}

/** Undefined where a network cannot be taken in parts; then `onReason` hears why. */
export function openTiledNetwork(
  engine: Engine,
  model: { readonly bytes: Uint8Array; readonly name: string },
  multiple: number,
  onReason: (reason: string) => void = () => {},
): TiledNetwork | undefined {
  try {
    return new TiledNetwork(engine, model, multiple);
  } catch (error) {
    const isForeign = error instanceof CycleboxError && ['MODEL_INVALID', 'SHAPE_MISMATCH'].includes(error.code);
    if (!(error instanceof NotLocalError || isForeign)) throw error;
    onReason(error.message);
    return undefined;
  }
}

/** One image on its way. */
class ImageRun {
  readonly moments: Map<NodeId, ChannelMoments>;
  readonly #engine: Engine;
  readonly #network: LocalNetwork;
  readonly #image: TiledImage;
  readonly #options: TiledRunOptions;
  readonly #budget: MemoryBudget;
  readonly #kept = new Map<NodeId, KeptValue>();
  #spilledBytes = 0;

  constructor(
    engine: Engine,
    network: LocalNetwork,
    image: TiledImage,
    options: TiledRunOptions,
    moments: Map<NodeId, ChannelMoments>,
  ) {
    this.#engine = engine;
    this.#network = network;
    this.#image = image;
    this.#options = options;
    this.moments = moments;
    this.#budget = { leftBytes: options.keptBytes };
  }

  async run(passes: readonly Pass[]): Promise<TiledRun> {
    const costs = passes.map(pass => costOf(this.#network, pass));
    const total = costs.reduce((sum, cost) => sum + cost, 0);
    let done = 0;
    let tiles = 0;
    try {
      for (const [i, pass] of passes.entries()) {
        tiles = await this.#pass(pass, fraction => this.#options.onProgress?.((done + fraction * costs[i]!) / total));
        done += costs[i]!;
      }
      return { tiles, passes: passes.length, spilledBytes: this.#spilledBytes };
    } finally {
      await Promise.all([...this.#kept.values()].map(value => value.dispose()));
    }
  }

  async #pass(pass: Pass, onProgress: (fraction: number) => void): Promise<number> {
    const { folder, signal } = this.#options;
    const network = this.#network;
    const moments = new Map([...anyMoments(network), ...this.moments]);
    const grid = planGrid(network, pass, moments, this.#options);
    const tiles = grid.reduce((sum, row) => sum + row.length, 0);
    const sums = new Map(pass.measured.map(id => [id, new MomentSum(network.channelsOf(id))]));
    for (const id of pass.kept)
      this.#kept.set(id, new KeptValue({ channels: network.channelsOf(id), budget: this.#budget, folder }));
    let count = 0;
    await runPass({
      engine: this.#engine,
      network,
      pass,
      grid,
      moments: this.moments,
      signal,
      read: (id, region) => (id === network.input ? this.#image.read(region) : this.#kept.get(id)!.read(region)),
      take: async (id, region, data) => {
        sums.get(id)?.add(data, areaOf(region));
        await this.#kept.get(id)?.write(region, data);
        if (id === network.output && pass.measured.length === 0) await this.#options.write(region, data);
      },
      onTile: () => onProgress(++count / tiles),
    });
    for (const [id, sum] of sums) this.moments.set(id, sum.moments);
    await this.#endPass(pass);
    return tiles;
  }

  async #endPass({ done }: Pass): Promise<void> {
    const spilled = [...this.#kept.values()].reduce((sum, value) => sum + value.spilledBytes, 0);
    this.#spilledBytes = Math.max(this.#spilledBytes, spilled);
    for (const id of done) {
      await this.#kept.get(id)?.dispose();
      this.#kept.delete(id);
    }
  }
}
