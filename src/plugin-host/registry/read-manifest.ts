/**
 * Reads and judges one plugin's `package.json`. Nothing of the plugin is run. npm's own keys are left alone; what belongs to
 * cyclebox is strict, so that a misspelt key is an error and not a pair that silently is not there.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { z } from 'zod';
import { asCycleboxError, CycleboxError, didYouMean, readRegularText } from '../../base/index.js';
import { type PluginManifest, pluginApiVersion } from '../../plugin-api/index.js';
import { activationEventsOf, pointsThatNeedCode } from './activation-events.js';
import { codeFingerprint } from './code-fingerprint.js';
import { judgeEngine } from './engine-range.js';
import { asManifest, manifestKeys, manifestSchema } from './manifest-schema.js';
import type { FoundPlugin, Plugin, PluginSource } from './plugin.js';

/** Faults are values: whatever a folder holds, there is an answer. */
export async function findPlugin(folder: string, source: PluginSource): Promise<FoundPlugin> {
  const read: { raw?: unknown } = {};
  try {
    return { folder, source, plugin: await readPlugin(folder, source, read) };
  } catch (error) {
    const { name, version, engines } = known(read.raw);
    const problem = asCycleboxError(error, { plugin: basename(folder) }, 'PLUGIN_INVALID');
    return { folder, source, problem, name: name ?? basename(folder), version, engines };
  }
}

/**
 * @param folder the plugin's own folder
 * @throws CycleboxError PLUGIN_INVALID naming the file and key, PLUGIN_ENGINE_MISMATCH
 */
async function readPlugin(folder: string, source: PluginSource, read: { raw?: unknown }): Promise<Plugin> {
  const file = join(folder, 'package.json');
  const text = await readText(file);
  read.raw = parseJson(text, file);
  const parsed = manifestSchema.safeParse(read.raw);
  if (!parsed.success) throw invalid(file, describeIssues(parsed.error.issues));
  const manifest = asManifest(parsed.data);
  const notes = requireEngine(manifest, file);
  requireCode(manifest, file);
  const main = manifest.main === undefined ? undefined : await requireMain(folder, manifest.main, file);
  const code = main === undefined ? '' : await codeFingerprint(folder);
  const { name, version, publisher } = manifest;
  const activationEvents = main === undefined ? [] : activationEventsOf(manifest);
  const fingerprint = createHash('sha256').update(text).update('\0').update(code).digest('hex');
  return { name, version, publisher, folder, source, manifest, main, activationEvents, notes, fingerprint };
}

/** @returns what is to be said of it all the same @throws PLUGIN_ENGINE_MISMATCH */
function requireEngine({ name, version, engines, contributes }: PluginManifest, file: string): readonly string[] {
  const verdict = judgeEngine(engines.cyclebox, contributes);
  if (verdict.kind === 'fits') return [];
  if (verdict.kind === 'legacy') {
    return [
      `It was made for cyclebox ${engines.cyclebox}, before the plugin API had a version of its own, and works: "^${pluginApiVersion}" as engines.cyclebox says so.`,
    ];
  }
  throw new CycleboxError(
    'PLUGIN_ENGINE_MISMATCH',
    `${name} ${version} needs the plugin API ${engines.cyclebox}, this is ${pluginApiVersion}. ${verdict.remedy}`,
    { subject: { plugin: name, file } },
  );
}

function requireCode(manifest: PluginManifest, file: string): void {
  const [needy] = pointsThatNeedCode(manifest);
  if (manifest.main !== undefined || needy === undefined) return;
  throw invalid(
    file,
    `contributes.${needy}: needs code, and the manifest names none: "main" is the module with "activate"`,
  );
}

async function requireMain(folder: string, main: string, file: string): Promise<string> {
  const path = resolve(folder, main);
  const isFile = await stat(path).then(
    status => status.isFile(),
    () => false,
  );
  if (isFile) return path;
  throw invalid(file, `main: there is no file ${path}. Build the plugin, or correct the path`);
}

/** What can be said of a manifest that cannot be used. */
function known(raw: unknown): Record<'name' | 'version' | 'engines', string | undefined> {
  const text = (value: unknown) => (typeof value === 'string' && value !== '' ? value : undefined);
  const { name, version, engines } = (raw ?? {}) as Record<string, unknown>;
  const range = (engines as Record<string, unknown> | undefined)?.['cyclebox'];
  return { name: text(name), version: text(version), engines: text(range) };
}

/** So many faults, and so many letters of a name and of a message, are told: more of either is no mistake of a person. */
const mostTold = 10;
const mostLetters = 160;
const mostInMessage = 600;

function describeIssues(issues: readonly z.core.$ZodIssue[]): string {
  const told = issues.slice(0, mostTold).map(describeIssue);
  return issues.length > mostTold ? `${told.join('; ')}; and ${issues.length - mostTold} more` : told.join('; ');
}

function shortened(text: string, most = mostLetters): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

function describeUnknown(keys: readonly string[]): string {
  const told = keys
    .slice(0, mostTold)
    .map(key => `"${shortened(key)}" is not a known key.${didYouMean(key, manifestKeys)}`);
  return keys.length > mostTold ? `${told.join(' ')} And ${keys.length - mostTold} more.` : told.join(' ');
}

function describeIssue(issue: z.core.$ZodIssue): string {
  const at = shortened(
    issue.path.map((key, i) => (typeof key === 'number' ? `[${key}]` : `${i ? '.' : ''}${String(key)}`)).join(''),
  );
  if (issue.code === 'unrecognized_keys') {
    const named = describeUnknown(issue.keys);
    return at ? `${at}: ${named}` : named;
  }
  const inner = issue.code === 'invalid_key' ? issue.issues.map(each => each.message).join(', ') : issue.message;
  return `${at || 'the manifest'}: ${shortened(inner, mostInMessage)}`;
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
    return JSON.parse(text.replace(/^\uFEFF/, ''), refuseProto);
  } catch (error) {
    throw invalid(file, `it is not JSON: ${(error as Error).message}`, error);
  }
}

/** No key of npm's or ours is called so; where one is copied, it becomes what all objects inherit from. */
function refuseProto(key: string, value: unknown): unknown {
  if (key === '__proto__') throw new Error('it has a key "__proto__", which no manifest needs');
  return value;
}

function invalid(file: string, why: string, cause?: unknown): CycleboxError {
  return new CycleboxError('PLUGIN_INVALID', `${file}: ${why}`, { subject: { file }, cause });
}
