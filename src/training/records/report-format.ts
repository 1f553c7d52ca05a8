/** Numbers and times as the report writes them. */

/** Thin spaces between thousands. */
export const grouped = (value: number): string => String(value).replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** `7.8 M` from a hundred thousand on. */
export const millions = (count: number): string => (count < 1e5 ? grouped(count) : `${(count / 1e6).toFixed(1)} M`);

/** `2026-07-12 18:52 UTC` */
export const formatTime = (atMs: number): string =>
  `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** Three digits, whole numbers as they are; a dash for what is no number. */
export function formatValue(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return '–';
  if (Number.isInteger(value)) return grouped(value);
  if (Math.abs(value) < 0.001) return value.toExponential(1);
  return Math.abs(value) < 100 ? value.toPrecision(3) : grouped(Math.round(value));
}
