/**
 * A network that somebody describes beside its weights: the layer tables' own form, with more operations and with keys of
 * its own where a module tree is no list. Channels, kernels' sizes and biases are read off the tensors, so they are not said.
 */
import { z } from 'zod';
import { CycleboxError, readRegularText } from '../base/index.js';
import { imageRanges } from '../onnx/index.js';

const count = z.int().min(1);
const cells = z.int().min(0);
/** The module's place in the state_dict; default: the list's own key, a dot, and the place in the list. */
const key = z.string().optional();
const border = z.enum(['zeros', 'reflect', 'replicate']).optional();
const epsilon = z.number().positive().optional();

const simple = z.strictObject({
  op: z.enum(['relu', 'tanh', 'sigmoid', 'silu', 'dropout', 'identity']),
});

const convolution = z.strictObject({
  op: z.literal('conv'),
  key,
  stride: count.optional(),
  padding: cells.optional(),
  border,
  dilation: count.optional(),
  groups: count.optional(),
});

const transposed = z.strictObject({
  op: z.literal('transposed'),
  key,
  stride: count.optional(),
  padding: cells.optional(),
  outputPadding: cells.optional(),
  groups: count.optional(),
});

const normalisation = z.strictObject({ op: z.enum(['instanceNorm', 'batchNorm']), key, epsilon });
const groupNormalisation = z.strictObject({ op: z.literal('groupNorm'), key, epsilon, groups: count });
const leaky = z.strictObject({ op: z.literal('leakyRelu'), slope: z.number() });
const parametric = z.strictObject({ op: z.literal('prelu'), key });
const padding = z.strictObject({ op: z.enum(['zeroPad', 'reflectPad', 'replicatePad']), cells: count });
const resizing = z.strictObject({
  op: z.literal('resize'),
  factor: z.int().min(2).max(16),
  by: z.enum(['nearest', 'bilinear']).optional(),
});
const shuffle = z.strictObject({ op: z.literal('pixelShuffle'), factor: z.int().min(2).max(16) });
const blurs = z.strictObject({ op: z.enum(['blurDown', 'blurUp']), key });
const clamp = z.strictObject({ op: z.literal('clamp'), least: z.number(), most: z.number() });
const affine = z.strictObject({
  op: z.literal('affine'),
  factor: z.number().optional(),
  summand: z.number().optional(),
});

const flat = z.discriminatedUnion('op', [
  simple,
  convolution,
  transposed,
  normalisation,
  groupNormalisation,
  leaky,
  parametric,
  padding,
  resizing,
  shuffle,
  blurs,
  clamp,
  affine,
]);

type FlatLayer = z.infer<typeof flat>;

/** `residual`: x + f(x). `skip`: the channels of x, then those of f(x). */
interface BranchLayer {
  readonly op: 'residual' | 'skip';
  readonly key?: string | undefined;
  /** What comes after the key, and before the place in `layers`: `conv_block`. */
  readonly name?: string | undefined;
  readonly layers: readonly DescribedLayer[];
}

export type DescribedLayer = Readonly<FlatLayer> | BranchLayer;

const branch: z.ZodType<BranchLayer> = z.strictObject({
  op: z.enum(['residual', 'skip']),
  key,
  name: z.string().optional(),
  layers: z.lazy(() => z.array(layer)),
});

const layer: z.ZodType<DescribedLayer> = z.lazy(() => z.union([flat, branch]));

/** Deeper trees than this are no network, and would exhaust the stack. */
const deepest = 64;

const description = z.strictObject({
  /** For people. */
  title: z.string().optional(),
  /** Key of the outermost list; none: places alone are keys, as nn.Sequential saves them. */
  prefix: z.string().optional(),
  layers: z.array(layer).min(1),
  /** Of the values that go in, and of those that come out (default: the same). */
  range: z.enum(imageRanges).optional(),
  outputRange: z.enum(imageRanges).optional(),
  sizeMultiple: z.int().min(1).max(4096).optional(),
});

export type DescribedNetwork = Readonly<z.infer<typeof description>>;

/** @throws CycleboxError MODEL_INVALID naming the file and what is wrong in it; FILE_NOT_FOUND, FILE_UNREADABLE */
export async function readDescription(path: string): Promise<DescribedNetwork> {
  return parseDescription(await textOf(path), path);
}

/** @throws CycleboxError MODEL_INVALID */
export function parseDescription(text: string, file: string): DescribedNetwork {
  const value = jsonOf(text, file);
  if (depthOf(value) > 2 * deepest) throw invalid(file, `its layers are nested more than ${deepest} deep`);
  const parsed = description.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(file, parsed.error.issues.map(describeIssue).join('; '));
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const inner = issue.code === 'invalid_union' ? issue.errors.flat().at(0) : undefined;
  const found = inner ?? issue;
  const path = [...issue.path, ...(inner ? inner.path : [])];
  const at = path.map(part => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  return `${at.replace(/^\./, '') || 'the description'}: ${found.message}`;
}

/** Of objects and lists, without recursion, which a hostile file could exhaust. */
function depthOf(value: unknown): number {
  let level: readonly unknown[] = [value];
  let depth = 0;
  while (level.length > 0 && depth <= 2 * deepest) {
    level = level.flatMap(each => (typeof each === 'object' && each !== null ? Object.values(each) : []));
    depth++;
  }
  return depth;
}

async function textOf(path: string): Promise<string> {
  try {
    return await readRegularText(path);
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const why = isMissing ? 'does not exist' : `could not be read: ${(cause as Error).message}`;
    const subject = { file: path };
    const message = `The description ${path} ${why}.`;
    throw new CycleboxError(isMissing ? 'FILE_NOT_FOUND' : 'FILE_UNREADABLE', message, { subject, cause });
  }
}

function jsonOf(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(file, `it is not JSON: ${(error as Error).message}`);
  }
}

function invalid(file: string, why: string): CycleboxError {
  const message = `${file} describes no network: ${why}. docs/models.md shows the form.`;
  return new CycleboxError('MODEL_INVALID', message, { subject: { file } });
}
