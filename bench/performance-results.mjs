/**
 * What `npm run bench:performance` has measured, in `bench/results/performance.json`: written after every row, so that an
 * interruption loses nothing, and rows that are measured again take the place of their old ones. A section is of one machine.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';

/** @typedef {Readonly<Record<string, string | number | undefined>> & { readonly what: string }} Row */
/** @typedef {Readonly<Record<string, string | number | undefined>>} Machine */
/** @typedef {{ readonly machine: Machine, readonly measured: string, readonly rows: readonly Row[] }} Section */

export const resultsFile = new URL('results/performance.json', import.meta.url);

/** Of every section. @returns {Record<string, Section>} empty where nothing has been measured */
export function readResults(file = resultsFile) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return {};
    throw error;
  }
}

/**
 * Puts a row into its section. Rows of another machine, or of other versions, are dropped: they cannot be compared.
 * @param {string} section
 * @param {Machine} machine
 * @param {Row} row
 */
export function keepRow(section, machine, row, file = resultsFile) {
  const results = readResults(file);
  const known = results[section];
  // Without peers, it is the same machine; with others than before, it is not.
  const isSame = known && Object.entries(machine).every(([key, value]) => (known.machine[key] ?? value) === value);
  const before = isSame ? known.rows : [];
  const isNew = before.every(({ what }) => what !== row.what);
  const rows = isNew ? [...before, row] : before.map(other => (other.what === row.what ? row : other));
  const measured = new Date().toISOString().slice(0, 10);
  results[section] = { machine: { ...(isSame ? known.machine : {}), ...machine }, measured, rows };
  mkdirSync(new URL('.', file), { recursive: true });
  const beside = new URL(`${file.href}.new`);
  writeFileSync(beside, `${JSON.stringify(results, null, 2)}\n`);
  renameSync(beside, file);
}
