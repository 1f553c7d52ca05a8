/**
 * The architecture that our own files name in their metadata: what cannot be told from keys and shapes (how a resnet upsamples,
 * groups of channels, no normalisation) is known by it.
 */
import { z } from 'zod';
import { CycleboxError } from '../base/index.js';
import { downsamplings, type NetworkSpec, norms, upsamplings } from './spec.js';

const count = z.int().min(1);
const norm = z.enum(norms).optional();
const generator = {
  width: count,
  inputChannels: count,
  outputChannels: count,
  dropout: z.boolean(),
  norm,
  upsample: z.enum(upsamplings).optional(),
};
const discriminator = { width: count, inputChannels: count, norm };
const halving = { ...discriminator, layers: count, downsample: z.enum(downsamplings).optional() };

const architecture = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('resnet'), blocks: count, ...generator }),
  z.strictObject({ kind: z.literal('unet'), levels: z.int().min(5), ...generator }),
  z.strictObject({ kind: z.literal('patch'), ...halving }),
  z.strictObject({ kind: z.literal('pixel'), ...discriminator }),
  z.strictObject({ kind: z.literal('image'), ...halving }),
]) satisfies z.ZodType<NetworkSpec>;

/** @throws WEIGHTS_MISMATCH for text that names no network of this version's. */
export function parseArchitecture(text: string, file?: string): NetworkSpec {
  const parsed = architecture.safeParse(jsonOf(text));
  if (parsed.success) return parsed.data;
  throw new CycleboxError(
    'WEIGHTS_MISMATCH',
    `${file ?? 'The weights'} cannot be used: it names the architecture ${text.slice(0, 200)}, which this version does not know. Use the version of cyclebox that wrote it, or a newer one.`,
    { subject: { file } },
  );
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
