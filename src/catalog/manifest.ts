/**
 * Reads and judges one plugin's `package.json`. Nothing of the plugin is run. npm's own keys are left alone; what
 * belongs to cyclebox is strict, so that a misspelt key is an error and not a pair that silently is not there.
 */
import { join } from 'node:path';
import semver from 'semver';
import { z } from 'zod';
import { CycleboxError, didYouMean, idPattern, packageVersion, readRegularText } from '../base/index.js';
import type { PluginManifest } from '../plugin-api/index.js';
import { scaleSchema } from './scale.js';

const id = z.string().regex(idPattern, 'must be lower-case words joined by hyphens, such as "satellite-map"');

const pixels = z.int('must be a whole number of pixels').min(1).max(65_535).optional();

const fit = z.strictObject({ trainedSize: pixels, cropSize: pixels, scale: scaleSchema.optional() });

const words = z.string().min(1, 'must not be empty');

const figure = z.strictObject({
  name: words,
  value: z.number(),
  unit: words.optional(),
  better: z.enum(['higher', 'lower']),
  unchanged: z.number().optional(),
  real: z.number().optional(),
});

const model = z.strictObject({
  path: z
    .string()
    .endsWith('.onnx', 'must name an .onnx file')
    .refine(isInside, 'must be a relative path with forward slashes that stays inside its folder'),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, 'must be 64 lower-case hex digits')
    .optional(),
  fit: fit.optional(),
  quality: z.strictObject({ on: words, figures: z.array(figure).min(1, 'must have at least one') }).optional(),
  licence: z.strictObject({ weights: words, data: words }).optional(),
});

const domainPair = z
  .strictObject({
    id,
    title: z.string().optional(),
    description: z.string().optional(),
    domains: z.tuple([id, id]),
    models: z.record(z.string(), model).optional(),
  })
  .superRefine((pair, context) => {
    const [a, b] = pair.domains;
    if (a === b) context.addIssue({ code: 'custom', path: ['domains'], message: `must be two, not "${a}" twice` });
    for (const to of Object.keys(pair.models ?? {}))
      if (to !== a && to !== b)
        context.addIssue({
          code: 'custom',
          path: ['models', to],
          message: `leads to "${to}", which is no domain of the pair; its domains are "${a}" and "${b}".${didYouMean(to, [a, b])}`,
        });
  });

const manifest = z.looseObject({
  name: z.string().min(1),
  version: z.string().refine(value => semver.valid(value) !== null, 'must be a version, such as "1.0.0"'),
  description: z.string().optional(),
  engines: z.looseObject({
    cyclebox: z.string().refine(value => semver.validRange(value) !== null, 'must be a semver range, such as "^0.1.0"'),
  }),
  contributes: z.strictObject({ domainPairs: z.array(domainPair).optional() }),
});

const knownKeys = [
  'domainPairs',
  'id',
  'title',
  'description',
  'domains',
  'models',
  'path',
  'sha256',
  'fit',
  'trainedSize',
  'cropSize',
  'scale',
  ...['quality', 'on', 'figures', 'name', 'value', 'unit', 'better', 'unchanged', 'real'],
  ...['licence', 'weights', 'data'],
];

/**
 * @param folder the plugin's own folder
 * @throws CycleboxError PLUGIN_INVALID naming the file and key, PLUGIN_ENGINE_MISMATCH
 */
export async function readManifest(folder: string): Promise<PluginManifest> {
  const file = join(folder, 'package.json');
  const parsed = manifest.safeParse(parseJson(await readText(file), file));
  if (!parsed.success) throw invalid(file, parsed.error.issues.map(describeIssue).join('; '));
  requireEngine(parsed.data, file);
  return parsed.data as PluginManifest;
}

function requireEngine({ name, version, engines }: z.infer<typeof manifest>, file: string): void {
  const ours = packageVersion();
  if (semver.satisfies(ours, engines.cyclebox, { includePrerelease: true })) return;
  throw new CycleboxError(
    'PLUGIN_ENGINE_MISMATCH',
    `${name} ${version} needs cyclebox ${engines.cyclebox}, this is ${ours}. ` +
      `Update cyclebox, or install a version of ${name} that was made for ${ours}.`,
    { subject: { plugin: name, file } },
  );
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const at = issue.path
    .map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i ? '.' : ''}${String(key)}`))
    .join('');
  if (issue.code === 'unrecognized_keys') {
    const named = issue.keys.map(key => `"${key}" is not a known key.${didYouMean(key, knownKeys)}`).join(' ');
    return at ? `${at}: ${named}` : named;
  }
  return `${at || 'the manifest'}: ${issue.message}`;
}

async function readText(file: string): Promise<string> {
  try {
    return await readRegularText(file);
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    throw invalid(file, missing ? 'it does not exist, so this folder is no plugin' : (error as Error).message, error);
  }
}

function parseJson(text: string, file: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw invalid(file, `it is not JSON: ${(error as Error).message}`, error);
  }
}

function invalid(file: string, why: string, cause?: unknown): CycleboxError {
  return new CycleboxError('PLUGIN_INVALID', `${file}: ${why}`, { subject: { file }, cause });
}

function isInside(path: string): boolean {
  const parts = path.split('/');
  return !/[\\:\0]/.test(path) && parts.every(part => part !== '' && part !== '.' && part !== '..');
}
