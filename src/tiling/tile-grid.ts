/**
 * Into which tiles a pass is cut: as few as fit into the memory for one, and of a shape that reads little twice. Full
 * rows come first, since what is kept is then read and written in long runs. Every tile has its own part of each target; the
 * parts make up the whole and do not overlap.
 */
import { CycleboxError } from '../base/index.js';
import {
  buildPart,
  type ChannelMoments,
  type LocalNetwork,
  type NodeId,
  type Region,
  type Span,
} from '../graph/index.js';
import { costOfGraph, type Pass, peakBytes } from './passes.js';

export interface TileLimits {
  /** What the values of one tile may take. */
  readonly tileBytes: number;
  /** Cells of the output that one tile may have. */
  readonly maxCells: number;
}

/** What of each target a tile makes. */
export type Tile = ReadonlyMap<NodeId, Region>;

/** Rows of tiles, from top to bottom, each from left to right. */
export type TileGrid = readonly (readonly Tile[])[];

/** Parts of tiles lie on multiples of this: strided layers then see all of them alike. */
const unit = 8;

/** @throws OUT_OF_MEMORY where not even the smallest tile fits */
export function planGrid(
  network: LocalNetwork,
  pass: Pass,
  moments: ReadonlyMap<NodeId, ChannelMoments>,
  limits: TileLimits,
): TileGrid {
  const planes = pass.targets.map(id => network.planeOf(id));
  const [rows, columns] = [Math.min(...planes.map(plane => plane[0])), Math.min(...planes.map(plane => plane[1]))];
  const measure = (size: readonly [number, number]) => measured(network, pass, moments, [rows, columns], size);
  let best: { readonly size: readonly [number, number]; readonly cost: number } | undefined;
  for (let parts = 1; ; parts *= 2) {
    const across = Math.min(columns, roundedUp(columns / parts));
    const down = tallest(rows, size => fits(measure([size, across]), limits));
    if (down > 0) {
      const cost = measure([down, across]).cost * Math.ceil(rows / down) * Math.ceil(columns / across);
      if (!best || cost < best.cost * 0.97) best = { size: [down, across], cost };
      else break;
    }
    if (across <= unit || (best && across <= 2 * unit)) break;
  }
  if (!best) throw noRoom(measure([Math.min(rows, unit), Math.min(columns, unit)]).bytes, limits);
  return gridOf(network, pass, [rows, columns], best.size);
}

const roundedUp = (length: number): number => Math.ceil(length / unit) * unit;

interface Measured {
  readonly bytes: number;
  readonly cost: number;
  readonly cells: number;
}

function fits({ bytes, cells }: Measured, { tileBytes, maxCells }: TileLimits): boolean {
  return bytes <= tileBytes && cells <= maxCells;
}

/** The most rows that fit: all, or a multiple of the unit; 0 where not even one unit does. */
function tallest(rows: number, hasRoom: (rows: number) => boolean): number {
  if (hasRoom(rows)) return rows;
  let [low, high] = [0, Math.ceil(rows / unit)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (hasRoom(middle * unit)) low = middle;
    else high = middle;
  }
  return low * unit;
}

/** Of a tile in the middle, which has neighbours on all sides. */
function measured(
  network: LocalNetwork,
  { sources, targets }: Pass,
  moments: ReadonlyMap<NodeId, ChannelMoments>,
  plane: readonly [number, number],
  size: readonly [number, number],
): Measured {
  const middle = ([0, 1] as const).map(axis => {
    const room = Math.max(0, plane[axis] - size[axis]);
    const from = Math.floor(room / 2 / unit) * unit;
    return [from, Math.min(plane[axis], from + size[axis])] as const;
  }) as unknown as Region;
  const tile = tileAt(network, targets, plane, middle);
  const { graph, reads } = buildPart(network, { sources, moments, targets: tile });
  const input = reads.get(network.input) ?? tile.get(network.output);
  const cells = input ? (input[0][1] - input[0][0]) * (input[1][1] - input[1][0]) : 0;
  return { bytes: peakBytes(graph), cost: costOfGraph(graph), cells };
}

function gridOf(
  network: LocalNetwork,
  { targets }: Pass,
  plane: readonly [number, number],
  size: readonly [number, number],
): TileGrid {
  const spans = (axis: 0 | 1): Span[] =>
    Array.from({ length: Math.ceil(plane[axis] / size[axis]) }, (_, i) => [
      i * size[axis],
      Math.min(plane[axis], (i + 1) * size[axis]),
    ]);
  return spans(0).map(rows => spans(1).map(columns => tileAt(network, targets, plane, [rows, columns])));
}

/** @param region of the smallest of the targets' planes; the others' parts are as many times larger */
function tileAt(
  network: LocalNetwork,
  targets: readonly NodeId[],
  plane: readonly [number, number],
  region: Region,
): Tile {
  return new Map(
    targets.map(id => {
      const own = network.planeOf(id);
      const along = (axis: 0 | 1): Span => {
        const factor = Math.floor(own[axis] / plane[axis]);
        const [from, to] = region[axis];
        return [from * factor, to === plane[axis] ? own[axis] : to * factor];
      };
      return [id, [along(0), along(1)] as const];
    }),
  );
}

function noRoom(bytes: number, { tileBytes }: TileLimits): CycleboxError {
  const megabytes = (value: number) => `${Number((value / 1e6).toPrecision(3))} MB`;
  return new CycleboxError(
    'OUT_OF_MEMORY',
    `The smallest tile needs about ${megabytes(bytes)}; the memory for one is ${megabytes(tileBytes)}. ` +
      'Raise it with --memory-limit (option memoryLimitBytes).',
  );
}
