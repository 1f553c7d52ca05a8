/** How `cyclebox train --explain` looks as text. Only words: what is in a plan was found out elsewhere. */
import { formatDuration } from '../../base/index.js';
import {
  type DataReport,
  describeReport,
  optionGroups,
  recipeOf,
  recipes,
  type TrainingPlan,
} from '../../training/index.js';

export function printPlan(plan: TrainingPlan): void {
  const parts = [
    describeSettings(plan),
    describeNetworks(plan),
    describeData(plan),
    describeMemory(plan),
    describeTime(plan),
  ];
  process.stdout.write(`${parts.map(lines => lines.join('\n')).join('\n\n')}\n`);
}

function describeSettings({ settings, run, device, recipe, step }: TrainingPlan): string[] {
  const values: Readonly<Record<string, unknown>> = { ...settings, ...run };
  const unused = unusedOptions(settings);
  const groups = optionGroups.map(({ title, schema }) => {
    const known = Object.keys(schema.shape).filter(name => values[name] !== undefined && !unused.has(name));
    return { title, text: known.map(name => `${name} ${describeValue(values[name])}`).join(', ') };
  });
  return [
    `Training ${settings.pair} on ${device.name} (${device.id})${step > 0 ? `, from step ${step}` : ''}`,
    recipe,
    ...groups.filter(({ text }) => text !== '').map(({ title, text }) => `  ${title.padEnd(14)}${text}`),
  ];
}

function describeValue(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (!Array.isArray(value)) return String(value);
  return value.length === 0 ? 'none' : value.join(',');
}

/** Those that only other recipes read. */
function unusedOptions(settings: TrainingPlan['settings']): ReadonlySet<string> {
  const used: readonly string[] = recipeOf(settings).uses;
  return new Set(Object.values(recipes).flatMap(({ uses }) => uses.filter(name => !used.includes(name))));
}

function describeNetworks({ networks }: TrainingPlan): string[] {
  const widest = Math.max(...networks.map(({ what }) => what.length));
  return [
    'Networks',
    ...networks.map(
      ({ name, what, parameters }) =>
        `  ${name.padEnd(6)}${what.padEnd(widest)}  ${describeCount(parameters)} parameters`,
    ),
  ];
}

function describeData({ data, stepsPerEpoch, settings }: TrainingPlan): string[] {
  const passes = settings.steps / stepsPerEpoch;
  return [
    'Data',
    ...data.flatMap(report => [
      `  ${domainOf(report, settings.domains)}: ${describeImages(report)} in ${report.folder}`,
      ...describeReport(report).map(sentence => `    ${sentence}`),
    ]),
    `  ${stepsPerEpoch} steps per pass; ${settings.steps} steps in total, ${passes.toFixed(passes < 10 ? 1 : 0)} passes`,
  ];
}

function domainOf({ domain }: DataReport, [first, second]: readonly [string, string]): string {
  return domain === 'A+B' ? `${first} and ${second}` : domain === 'A' ? first : second;
}

function describeImages({ used }: DataReport): string {
  return used === 1 ? '1 image' : `${used} images`;
}

function describeMemory({ memory, availableMemory, dataBytes, peakBytes, refusal }: TrainingPlan): string[] {
  const { weights, moments, averages, gathered, activations, copies, pools, program, total } = memory;
  const parts = { weights, moments, averages, gathered, activations, copies, pools, program };
  const known = Object.entries(parts).filter(([, bytes]) => bytes > 0);
  const device = availableMemory.device === undefined ? '' : `; the device has ${megabytes(availableMemory.device)}`;
  return [
    'Memory (an estimate, within a third)',
    `  ${known.map(([name, bytes]) => `${name} ${megabytes(bytes)}`).join(', ')}`,
    `  ${megabytes(total)} in all, of ${megabytes(availableMemory.machine)}${device}; decoded images take up to ${megabytes(dataBytes)} more`,
    ...(refusal ? [] : [`  measured so far: ${megabytes(peakBytes)}`]),
  ];
}

function describeTime({ stages, totalMs, settings, step }: TrainingPlan): string[] {
  if (totalMs === undefined) return ['Time: not measured, since the training does not fit into memory'];
  const left = step > 0 ? `the ${settings.steps - step} steps that are left` : `${settings.steps} steps`;
  return [
    'Time, from a few real steps',
    ...stages.map(
      ({ size, steps, compileMs, stepMs }) =>
        `  crops of ${size}: ${steps} steps of ${stepMs.toFixed(stepMs < 100 ? 1 : 0)} ms, after ${formatDuration(compileMs)} to get ready`,
    ),
    `  ${left} take about ${formatDuration(totalMs)}, with nothing else running, sheets and checkpoints aside`,
  ];
}

function describeCount(count: number): string {
  return count < 1e6 ? `${(count / 1e3).toFixed(1)} thousand` : `${(count / 1e6).toFixed(2)} million`;
}

function megabytes(bytes: number): string {
  return bytes < 1e9 ? `${Math.ceil(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
