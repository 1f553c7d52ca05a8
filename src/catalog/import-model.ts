/**
 * A model of another program as a plugin: its ONNX form in a folder with a manifest, which any configuration can name. A
 * second direction joins the pair that is there. Nothing is written before all of it is known, and no model is replaced unasked.
 */
import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { CycleboxError, idPattern, readRegularText, undefinedIfGone, writeFileAtomic } from '../base/index.js';
import {
  type DetectedInterface,
  detectInterface,
  type ForeignModel,
  type ModelOverrides,
  readModel,
} from '../model-files/index.js';
import { imageInterfaceOf, metadataKeys, outlineOfBytes, withMetadata } from '../onnx/index.js';
import { type DomainPairContribution, type ModelContribution, pluginApiVersion } from '../plugin-api/index.js';

export interface ImportRequest {
  readonly file: string;
  readonly pair: string;
  readonly to: string;
  /** Default: the pair's other domain, where there is one already or the pair is named after both. */
  readonly from?: string | undefined;
  /** The folder that plugins' folders lie in. */
  readonly plugins: string;
  readonly architecture?: string | undefined;
  readonly network?: string | undefined;
  readonly overrides: ModelOverrides;
  /** The shorter side of its training images, in pixels. */
  readonly trainedSize?: number | undefined;
  readonly licence?: ModelContribution['licence'];
  /** Replaces the model of this direction, where there is one. */
  readonly replace: boolean;
}

export interface ImportedModel extends Pick<ForeignModel, 'kind' | 'network'>, Pick<DetectedInterface, 'findings'> {
  /** The plugin's. */
  readonly folder: string;
  /** The model in it. */
  readonly model: string;
  readonly pair: string;
  readonly from: string;
  readonly to: string;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/**
 * @throws CycleboxError as `readModel`; MODEL_INVALID for what is no image-to-image network or does not run; USAGE for names that
 * are none, or a domain that has to be named; FILE_EXISTS; WRITE_FAILED
 */
export async function importModel(request: ImportRequest): Promise<ImportedModel> {
  const { file, pair, to, plugins, architecture, network } = request;
  for (const name of [pair, to, request.from]) requireId(name);
  const folder = join(plugins, pair);
  const manifest = await readOwnManifest(folder, pair);
  const from = request.from ?? otherDomain(manifest?.pair, pair, to);
  requireFits(manifest?.pair, { pair, from, to, replace: request.replace }, folder);
  const source = await readModel(file, { architecture, network });
  const detected = await detectInterface(source, request.overrides, file);
  if (!detected.runs) throw runsNowhere(file);
  const bytes = describedModel(source, detected, { pair, from, to }, request);
  imageInterfaceOf(outlineOfBytes(bytes, file), file);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const name = `to-${to}.onnx`;
  await writePlugin(folder, name, bytes, withModel(manifest, { pair, from, to }, { path: name, sha256 }, request));
  const facts = { kind: source.kind, network: source.network, findings: detected.findings };
  return { ...facts, folder, model: join(folder, name), pair, from, to, sizeBytes: bytes.length, sha256 };
}

interface Names {
  readonly pair: string;
  readonly from: string;
  readonly to: string;
}

/** What is known of it, in its own file: it says so wherever it is taken. */
function describedModel(
  { bytes }: ForeignModel,
  { metadata }: DetectedInterface,
  { pair, from, to }: Names,
  { file, trainedSize }: ImportRequest,
): Uint8Array {
  const names = { [metadataKeys.pair]: pair, [metadataKeys.from]: from, [metadataKeys.to]: to };
  const size = trainedSize === undefined ? {} : { [metadataKeys.trainedSize]: String(trainedSize) };
  return withMetadata(bytes, { ...metadata, ...names, ...size }, file);
}

interface OwnManifest {
  readonly document: Readonly<Record<string, unknown>>;
  readonly pair: DomainPairContribution;
}

/** The manifest of the plugin of that pair, where there is one. @throws CycleboxError PLUGIN_INVALID for another plugin's */
async function readOwnManifest(folder: string, pair: string): Promise<OwnManifest | undefined> {
  const file = join(folder, 'package.json');
  const text = await readRegularText(file).catch(error => undefinedIfGone(error as NodeJS.ErrnoException));
  if (text === undefined) return undefined;
  const document = jsonOf(text, file) as OwnManifest['document'];
  const contributes = document['contributes'] as
    | { readonly domainPairs?: readonly DomainPairContribution[] }
    | undefined;
  const found = contributes?.domainPairs?.find(({ id }) => id === pair);
  if (found) return { document, pair: found };
  throw new CycleboxError(
    'PLUGIN_INVALID',
    `${file} is there, and brings no pair "${pair}". Name another folder with --plugins.`,
    {
      subject: { file },
    },
  );
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = `${file}: it is not JSON: ${(cause as Error).message}`;
    throw new CycleboxError('PLUGIN_INVALID', message, { subject: { file }, cause });
  }
}

/** Of the pair, else of its name: `horse-zebra` without `zebra`. @throws CycleboxError USAGE */
function otherDomain(known: DomainPairContribution | undefined, pair: string, to: string): string {
  const other = known?.domains.find(domain => domain !== to);
  if (other !== undefined) return other;
  if (pair.endsWith(`-${to}`)) return pair.slice(0, -to.length - 1);
  if (pair.startsWith(`${to}-`)) return pair.slice(to.length + 1);
  throw new CycleboxError(
    'USAGE',
    `What does ${pair} translate to ${to} from? Name the domain with --from, such as --from photo.`,
  );
}

function requireFits(
  known: DomainPairContribution | undefined,
  { pair, from, to, replace }: Names & { readonly replace: boolean },
  folder: string,
): void {
  if (from === to)
    throw new CycleboxError('USAGE', `A model leads from one domain to another, not from ${from} to ${to}.`);
  if (!known) return;
  if (!known.domains.includes(to) || !known.domains.includes(from))
    throw new CycleboxError(
      'DOMAIN_NOT_FOUND',
      `The pair ${pair} in ${folder} has the domains ${known.domains.join(' and ')}, not ${from} and ${to}. Name these, or another pair.`,
    );
  if (known.models?.[to] === undefined || replace) return;
  throw new CycleboxError(
    'FILE_EXISTS',
    `The pair ${pair} in ${folder} has a model to ${to} already. Name another pair, or --replace it.`,
    { subject: { file: folder, pair } },
  );
}

function withModel(
  manifest: OwnManifest | undefined,
  { pair, from, to }: Names,
  written: ModelContribution,
  { trainedSize, licence }: ImportRequest,
): Readonly<Record<string, unknown>> {
  const model = { ...written, ...(trainedSize !== undefined && { fit: { trainedSize } }), ...(licence && { licence }) };
  const fresh: DomainPairContribution = { id: pair, domains: [from, to] };
  const old = manifest?.pair ?? fresh;
  const changed = { ...old, models: { ...old.models, [to]: model } };
  if (manifest) return replacePair(manifest.document, changed);
  return {
    name: pair,
    version: '0.1.0',
    private: true,
    engines: { cyclebox: `^${pluginApiVersion}` },
    contributes: { domainPairs: [changed] },
  };
}

function replacePair(document: OwnManifest['document'], pair: DomainPairContribution): OwnManifest['document'] {
  const contributes = document['contributes'] as { readonly domainPairs: readonly DomainPairContribution[] };
  const domainPairs = contributes.domainPairs.map(each => (each.id === pair.id ? pair : each));
  return { ...document, contributes: { ...contributes, domainPairs } };
}

/** The model first: a manifest never names what is not there. */
async function writePlugin(folder: string, name: string, bytes: Uint8Array, manifest: unknown): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(join(folder, name), bytes);
    await writeFileAtomic(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  } catch (cause) {
    const message = `${folder} could not be written: ${(cause as Error).message}`;
    throw new CycleboxError('WRITE_FAILED', message, { subject: { file: folder }, cause });
  }
}

function requireId(name: string | undefined): void {
  if (name === undefined || idPattern.test(name)) return;
  throw new CycleboxError(
    'USAGE',
    `"${name}" is no name of a pair or a domain: lower-case words joined by hyphens are.`,
  );
}

function runsNowhere(file: string): CycleboxError {
  return new CycleboxError(
    'MODEL_INVALID',
    `${basename(file)} made no picture of one of 64, 128, 256 or 512 pixels a side: it does not run, or what comes out is not ` +
      'as large, nor a whole number of times as large, as what goes in.',
    { subject: { file } },
  );
}
