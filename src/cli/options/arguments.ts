/** Values of options, from text. Each throws commander's own error, which names the option and ends with code 2. */
import { InvalidArgumentError } from 'commander';

/** `--plugins a --plugins b`: all of them, in order. */
export const collect = (value: string, earlier: readonly string[] = []): readonly string[] => [...earlier, value];

export function parsePositive(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('It must be a number above 0.');
}

/** A parser for whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return text => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    const range = most === Number.MAX_SAFE_INTEGER ? `from ${least} up` : `from ${least} to ${most}`;
    throw new InvalidArgumentError(`It must be a whole number ${range}.`);
  };
}

const units: Readonly<Record<string, number>> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/** `512M`, `2GB`, `1.5 GiB` or plain bytes; units are powers of 1024. */
export function parseBytes(text: string): number {
  const [, digits, unit = ''] = /^([0-9]*\.?[0-9]+)\s*([kmgt]?)(?:i?b)?$/i.exec(text.trim()) ?? [];
  const value = Number(digits) * (units[unit.toLowerCase()] ?? Number.NaN);
  if (value > 0) return Math.floor(value);
  throw new InvalidArgumentError('It must be a size such as 512MB or 2GB.');
}

const durations: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `90s`, `15m`, `12h`, `30d`; in milliseconds. */
export function parseDuration(text: string): number {
  const [, digits, unit = ''] = /^([0-9]*\.?[0-9]+)\s*([smhd])$/i.exec(text.trim()) ?? [];
  const value = Number(digits) * (durations[unit.toLowerCase()] ?? Number.NaN);
  if (value >= 0) return value;
  throw new InvalidArgumentError('It must be a time such as 90s, 15m, 12h or 30d.');
}

/** A whole number ≥ 0. */
export function parseCount(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text.trim()) && Number.isSafeInteger(value)) return value;
  throw new InvalidArgumentError('It must be a whole number.');
}

/** A number ≥ 0. */
export function parseWeight(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be a number of at least 0.');
}

/** `satellite,map`: two names. */
export function parseTwoNames(text: string): readonly [string, string] {
  const names = text.split(',').map(name => name.trim());
  if (names.length === 2 && names.every(Boolean)) return [names[0]!, names[1]!];
  throw new InvalidArgumentError('It must be two names with a comma, such as satellite,map.');
}

/** `256,512`: one value or several, each read by `parse`. */
export function listOf<T>(parse: (text: string) => T): (text: string) => readonly T[] {
  return text => text.split(',').map(each => parse(each.trim()));
}

/** `float32`, `float16` or `int8`. */
export function parsePrecision(text: string): 'float32' | 'float16' | 'int8' {
  if (text === 'float32' || text === 'float16' || text === 'int8') return text;
  throw new InvalidArgumentError('It must be float32, float16 or int8.');
}
