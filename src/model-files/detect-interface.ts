/**
 * What a model's images are like, found out: what its file says, what its operations say, and at last what it does with a small
 * picture. Each finding is told with how it was come by, and whoever knows better overrules it.
 */
import {
  adaptInterface,
  type ImageInterface,
  type ImageLayout,
  type ImageRange,
  imageInterfaceOf,
  metadataKeys,
  type OnnxOutline,
  readNetwork,
} from '../onnx/index.js';
import { type ProbedModel, probeModel } from './probe-model.js';
import { inputRangeOf, outputRangeOf } from './read-ranges.js';

/** What somebody says of a model, which goes before what is found out. */
export interface ModelOverrides {
  readonly range?: ImageRange | undefined;
  readonly outputRange?: ImageRange | undefined;
  readonly layout?: ImageLayout | undefined;
  readonly scale?: number | undefined;
  readonly sizeMultiple?: number | undefined;
}

/** `given` by the user, `said` by the file, `read` off its operations, seen when it was `tried`, or `assumed`. */
export type Source = 'given' | 'said' | 'read' | 'tried' | 'assumed';

export interface Finding {
  readonly name: 'range' | 'outputRange' | 'layout' | 'scale' | 'sizeMultiple';
  readonly value: string;
  readonly source: Source;
}

export interface DetectedInterface {
  readonly findings: readonly Finding[];
  /** What the file should say besides, under `metadataKeys`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** False where it was tried, and made a picture at no size. */
  readonly runs: boolean;
}

interface Model {
  readonly bytes: Uint8Array;
  readonly outline: OnnxOutline;
}

const keyOf = {
  range: metadataKeys.range,
  outputRange: metadataKeys.outputRange,
  layout: metadataKeys.layout,
  scale: metadataKeys.scale,
  sizeMultiple: metadataKeys.sizeMultiple,
} as const satisfies Record<Finding['name'], string>;

/** @throws CycleboxError MODEL_INVALID for what is no image-to-image network; ENGINE_FAILED and others where it cannot be loaded */
export async function detectInterface(
  model: Model,
  overrides: ModelOverrides,
  file: string,
): Promise<DetectedInterface> {
  const given = givenFindings(overrides);
  const said = saidFindings(model.outline).filter(({ name }) => !given.some(each => each.name === name));
  const known = [...given, ...said];
  const outline = withFindings(model.outline, known);
  const taken = imageInterfaceOf(outline, file);
  const read = readFindings(model.bytes, taken, file).filter(({ name }) => !known.some(each => each.name === name));
  const enough = [...known, ...read];
  const tried = isEnough(enough, taken) ? [] : await triedFindings(model, enough, taken, file);
  const findings = [...enough, ...(tried ?? []), layoutFinding(taken)].filter(
    ({ name }, at, all) => all.findIndex(each => each.name === name) === at,
  );
  const news = findings.filter(({ source, name }) => source !== 'said' && name !== 'layout');
  const layout = given.filter(({ name }) => name === 'layout');
  return { findings, metadata: metadataOf([...news, ...layout]), runs: tried !== undefined };
}

/** The same file as if it had said so. */
export function withFindings(outline: OnnxOutline, findings: readonly Finding[]): OnnxOutline {
  return { ...outline, metadata: { ...outline.metadata, ...metadataOf(findings) } };
}

function metadataOf(findings: readonly Finding[]): Record<string, string> {
  return Object.fromEntries(findings.map(({ name, value }) => [keyOf[name], value]));
}

function givenFindings(overrides: ModelOverrides): readonly Finding[] {
  return Object.entries(overrides).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name: name as Finding['name'], value: String(value), source: 'given' as const }],
  );
}

function saidFindings({ metadata }: OnnxOutline): readonly Finding[] {
  return (Object.keys(keyOf) as Finding['name'][]).flatMap(name => {
    const value = metadata[keyOf[name]];
    return value === undefined ? [] : [{ name, value, source: 'said' as const }];
  });
}

function layoutFinding({ input }: ImageInterface): Finding {
  return { name: 'layout', value: input.layout, source: 'read' };
}

/** What operations say of the ranges. Of bytes there is but one, and nothing to find out. */
function readFindings(bytes: Uint8Array, { input, output }: ImageInterface, file: string): readonly Finding[] {
  const network = readNetwork(bytes, file);
  const takesBytes = input.element === 'uint8';
  const first = takesBytes ? undefined : inputRangeOf(network);
  const last = output.element === 'uint8' ? (takesBytes ? '0..255' : undefined) : outputRangeOf(network);
  const range = first ?? last;
  return [
    ...(range === undefined ? [] : [{ name: 'range', value: range, source: 'read' } as const]),
    ...(last === undefined || last === range ? [] : [{ name: 'outputRange', value: last, source: 'read' } as const]),
  ];
}

/** Sizes that are fixed both ways say how much a network enlarges. */
function isEnough(findings: readonly Finding[], { fixed }: ImageInterface): boolean {
  const has = (name: Finding['name']) => findings.some(each => each.name === name);
  const sizes = fixed.width !== undefined && fixed.height !== undefined;
  return has('range') && (sizes || has('sizeMultiple'));
}

async function triedFindings(
  model: Model,
  known: readonly Finding[],
  taken: ImageInterface,
  file: string,
): Promise<readonly Finding[] | undefined> {
  const raw = { ...taken, input: asIs(taken.input), output: asIs(taken.output), scale: 2 };
  const bytes = adaptInterface(model.bytes, raw, model.outline.opset, file);
  const wantsRange = !known.some(({ name }) => name === 'range');
  const probed = await probeModel(bytes, taken.fixed, file, {
    wantsRange,
    takesBytes: taken.input.element === 'uint8',
  });
  return probed && probeFindings(probed, known);
}

/** Values as the network has them, in floats; bytes stay bytes. */
function asIs(value: ImageInterface['input']): ImageInterface['input'] {
  return { ...value, range: value.element === 'uint8' ? '0..255' : '-1..1' };
}

function probeFindings({ scale, sizeMultiple, range }: ProbedModel, known: readonly Finding[]): readonly Finding[] {
  const isNew = (name: Finding['name']) => !known.some(each => each.name === name);
  return [
    ...(isNew('scale') && scale !== 1 ? [{ name: 'scale', value: String(scale), source: 'tried' } as const] : []),
    ...(isNew('sizeMultiple') && sizeMultiple !== undefined
      ? [{ name: 'sizeMultiple', value: String(sizeMultiple), source: 'tried' } as const]
      : []),
    ...(isNew('range')
      ? [{ name: 'range', value: range ?? '-1..1', source: range === undefined ? 'assumed' : 'tried' } as const]
      : []),
  ];
}
