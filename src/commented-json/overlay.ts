/** Values that come from elsewhere than the file, and stand in place of the file's own or beside them. */
import type { JsonPath } from './json-path.js';

export interface Overlay {
  readonly path: JsonPath;
  readonly value: unknown;
  /** Where it comes from, for messages: `the environment's CYCLEBOX_SETTLE_MS`. */
  readonly source: string;
}

type Plain = Readonly<Record<string, unknown>>;

/** A copy of `value` with each overlay at its path, later ones over earlier ones; a path through what is no object changes nothing. */
export function withOverlays(value: unknown, overlays: readonly Overlay[]): unknown {
  return overlays.reduce((whole, { path, value: part }) => put(whole, path.map(String), part), value);
}

function put(whole: unknown, [key, ...rest]: readonly string[], value: unknown): unknown {
  if (key === undefined) return value;
  if (!isPlain(whole)) return whole;
  return { ...whole, [key]: put(whole[key] ?? (rest.length > 0 ? {} : undefined), rest, value) };
}

/** The overlay that a value at `path` comes from: the one that reaches furthest. */
export function overlayAt(path: JsonPath, overlays: readonly Overlay[]): Overlay | undefined {
  const around = overlays.filter(overlay => overlay.path.every((part, index) => part === path[index]));
  return around.sort((a, b) => b.path.length - a.path.length)[0];
}

/** What stands at `path`. */
export function valueAt(value: unknown, path: JsonPath): unknown {
  return path.reduce<unknown>((at, part) => (at as Plain | undefined)?.[part as string], value);
}

function isPlain(value: unknown): value is Plain {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
