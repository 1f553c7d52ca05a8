/**
 * The work of `cyclebox models import`: makes the plugin, tries it, and says what was found out about the model and how it is
 * used now.
 */
import { relative } from 'node:path';
import { type ImportedModel, importModel } from '../../catalog/index.js';
import { type Finding, kindNames, type Source } from '../../model-files/index.js';
import type { ImageLayout, ImageRange } from '../../onnx/index.js';
import { exitCodes, printable } from '../terminal/index.js';
import { describeTest, type SelfTest, selfTest } from './self-test.js';

export interface ImportModelOptions {
  readonly pair: string;
  readonly to: string;
  readonly from?: string;
  readonly plugins: string;
  readonly network?: string;
  readonly architecture?: string;
  readonly range?: ImageRange;
  readonly outputRange?: ImageRange;
  readonly layout?: ImageLayout;
  readonly enlarges?: number;
  readonly sizeMultiple?: number;
  readonly trainedSize?: number;
  readonly licence?: string;
  readonly dataLicence?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

/** @returns the exit code. @throws CycleboxError as `importModel` */
export async function importModelFile(file: string, options: ImportModelOptions): Promise<number> {
  const { pair, to, from, plugins, network, architecture, trainedSize, replace = false, json } = options;
  const { range, outputRange, layout, enlarges: scale, sizeMultiple } = options;
  const imported = await importModel({
    ...{ file, pair, to, from, plugins, network, architecture, trainedSize, replace },
    overrides: { range, outputRange, layout, scale, sizeMultiple },
    licence: licenceOf(options),
  });
  const test = await selfTest(imported.model);
  process.stdout.write(json ? toJson(imported, test) : describeImport(imported, test));
  return exitCodes.ok;
}

function licenceOf({ licence, dataLicence }: ImportModelOptions) {
  if (licence === undefined && dataLicence === undefined) return undefined;
  return { weights: licence ?? 'not said', data: dataLicence ?? 'not said' };
}

const labels: Readonly<Record<Finding['name'], string>> = {
  range: 'values in',
  outputRange: 'values out',
  layout: 'layout',
  scale: 'enlarges',
  sizeMultiple: 'sides are multiples of',
};

const sources: Readonly<Record<Source, string>> = {
  given: 'as you say',
  said: 'known of it',
  read: 'by its operations',
  tried: 'by what it does with a picture',
  assumed: 'assumed: nothing tells; overrule it with --range if pictures look wrong',
};

export function describeFinding({ name, value, source }: Finding): string {
  return `${labels[name]} ${value}${name === 'scale' ? ' times' : ''} (${sources[source]})`;
}

/** Some lines: what it is, what was found out, the self-test, and how to translate with it. */
export function describeImport(imported: ImportedModel, test: SelfTest): string {
  const { kind, network, findings, folder, pair, from, to, sizeBytes } = imported;
  const path = shortPath(folder);
  const lines = [
    `${kindNames[kind]}${network === undefined ? '' : `: ${printable(network)}`}`,
    ...findings.map(finding => `  ${describeFinding(finding)}`),
    `self-test: ${describeTest(test)}`,
    `${path}: ${from} → ${to} of ${pair}, ${(sizeBytes / 1e6).toFixed(1)} MB`,
    `to translate: cyclebox translate PHOTO --pair ${pair} --to ${to} --plugins ${path}`,
  ];
  return `${lines.join('\n')}\n`;
}

function toJson(imported: ImportedModel, test: SelfTest): string {
  return `${JSON.stringify({ ...imported, selfTest: test }, null, 2)}\n`;
}

function shortPath(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') || short === '' ? path : short;
}
