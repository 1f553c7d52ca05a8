/** What `cyclebox doctor` says, for a terminal and for the dashboard alike: each fault with the one command that helps. */

import { type DeviceReport, type EngineReport, type Int8Worth, isInt8Right } from '../engine/index.js';
import { healthText } from '../health/index.js';
import type { Diagnosis, FolderReport, ModelReport, WatchingReport } from './report.js';

/** Blocks with titles, an empty line between them. Names of files are as they are: who shows them makes them safe. */
export function diagnosisLines(diagnosis: Diagnosis): readonly string[] {
  const blocks = [
    ['Installation', installation(diagnosis)],
    ['Engines', engines(diagnosis)],
    ['Configuration', configuration(diagnosis)],
    ['Models', diagnosis.models.map(model)],
    ['Amiss', complaints(diagnosis)],
  ] as const;
  const shown = blocks.filter(([, lines]) => lines.length > 0);
  return [...shown.flatMap(([title, lines]) => [title, ...lines.map(line => `  ${line}`), '']), verdict(diagnosis)];
}

function installation({ installation: { cyclebox, node, packages }, machine }: Diagnosis): string[] {
  const { platform, processor, threads, memoryBytes, availableMemoryBytes } = machine;
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`);
  return [
    `cyclebox ${cyclebox}, Node ${node}, ${platform}`,
    `${processor}, ${threads} threads, ${gigabytes(memoryBytes)} of memory, ${gigabytes(availableMemoryBytes)} available`,
    ...wrapText(versions, 100),
  ];
}

function engines({ engines: reports, chosen, asked }: Diagnosis): string[] {
  const devices = chosen.map(({ id, name }) => `${id} (${name})`).join(', ') || 'no device';
  return [
    ...reports.flatMap(engine),
    `With "${asked.join(', ')}", images are translated on ${devices}.`,
    'Speeds are those of a small network; "cyclebox bench" measures your own models.',
  ];
}

function engine(report: EngineReport): string[] {
  const name = report.engine.padEnd(9);
  if (!report.usable) return [`${name} not usable: ${report.reason}`];
  const failed = (report.failed ?? []).map(({ choice, reason }) => `${choice.padEnd(9)} not usable: ${reason}`);
  return [...report.devices.map(found => device(found, report.version)), ...failed];
}

function device({ device, hardware, float16, int8, speed, selfTestError }: DeviceReport, version: string): string {
  const memory = device.memoryBytes === undefined ? '' : `, ${gigabytes(device.memoryBytes)}`;
  const measured = speed
    ? `${speed.imagesPerSecond.toPrecision(3)} images/s of ${speed.size} × ${speed.size}`
    : 'not timed';
  const by = device.name.startsWith(version) ? '' : version;
  const precisions = [...(float16 ? ['float16'] : int8 ? [] : ['float32 only']), ...(int8 ? [int8Text(int8)] : [])];
  const facts = [measured, ...precisions, hardware ? '' : 'software renderer', by];
  const error = `self-test passed (error ${selfTestError.toExponential(0)})`;
  return `${device.id.padEnd(9)} ${device.name}${memory}: ${[...facts, error].filter(Boolean).join(', ')}`;
}

/** Of a convolution, not of a model: how much of one calculates in int8 is its calibration's affair. */
function int8Text(worth: Int8Worth): string {
  if (!isInt8Right(worth)) return 'int8 computes wrongly and is not taken';
  const bits = worth.kernelBits === 7 ? ' (kernels of 7 bits: sums of 8 are cut off here)' : '';
  return `convolutions in int8 ${worth.speedup.toFixed(1)} times as fast as in float32${bits}`;
}

function configuration({ config, folders, watching }: Diagnosis): string[] {
  if (config === undefined) return [];
  return [config, ...folders.map(folder), ...watches(watching)];
}

function watches(watching: WatchingReport | undefined): string[] {
  if (watching?.maxWatches === undefined) return [];
  const { folders, maxWatches, maxInstances } = watching;
  const need = folders === 1 ? 'one folder' : `${folders} folders`;
  return [`watching  ${need}; the system allows each user ${maxWatches} watches and ${maxInstances} watchers`];
}

function folder({ role, path, exists, writable, freeBytes }: FolderReport): string {
  const state = writable ? 'writable' : 'NOT WRITABLE';
  const free = freeBytes === undefined ? '' : `, ${gigabytes(freeBytes)} free`;
  return `${role.padEnd(9)} ${path}: ${exists ? '' : 'not there yet, '}${state}${free}`;
}

const states: Readonly<Record<ModelReport['state'], string>> = {
  ready: 'ready, its hash is the one in the manifest',
  unlisted: 'found; its manifest names no hash',
  missing: 'no model yet',
  damaged: 'DAMAGED',
};

function model({ pair, from, to, state, sha256, sizeBytes, health }: ModelReport): string {
  const file =
    sha256 === undefined ? '' : `, ${((sizeBytes ?? 0) / 1e6).toFixed(1)} MB, SHA-256 ${sha256.slice(0, 12)}…`;
  return `${pair}: ${from} → ${to}: ${states[state]}${file}${health ? `; self-test: ${healthText(health)}` : ''}`;
}

function complaints({ complaints: all }: Diagnosis): string[] {
  return all.map(({ blocking, message, remedy }) => {
    const advice = remedy === undefined || message.includes(remedy) ? '' : ` Run: ${remedy}`;
    return `${blocking ? 'FAULT' : 'note '} ${message}${advice}`;
  });
}

function verdict({ ok, config, complaints: all }: Diagnosis): string {
  if (!ok) return 'Not ready: see the faults above.';
  const notes = all.length === 0 ? '' : ', apart from the notes above';
  return config === undefined
    ? `Ready to translate and to train${notes}. "cyclebox init" makes an inbox.`
    : `Ready${notes}.`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;
}

/** Joins with commas into lines of about this length. */
function wrapText(words: readonly string[], length: number): string[] {
  return words.reduce<string[]>((lines, word) => {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length > length) lines.push(word);
    else lines[lines.length - 1] = `${last}, ${word}`;
    return lines;
  }, []);
}
