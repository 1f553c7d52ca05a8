/**
 * The folder of a study: what the study is (`study.json`), so that figures of another are not mixed with its own, and what
 * has come out so far (`results.json`, `results.md`). A run's own files are in study-run.mjs.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/**
 * @param {string} out made where it is missing
 * @param {Readonly<Record<string, unknown>>} study everything that its figures follow from, but the machine
 */
export async function claimFolder(out, study) {
  const file = join(out, 'study.json');
  const text = await readFile(file, 'utf8').catch(() => undefined);
  const differs =
    text && Object.entries(JSON.parse(text)).find(([key, value]) => !isDeepStrictEqual(value, study[key]));
  if (differs) {
    const [key, value] = differs;
    throw new RangeError(
      `${out} holds a study with ${key} ${JSON.stringify(value)}, not ${JSON.stringify(study[key])}. Give another --out, or remove it.`,
    );
  }
  await mkdir(out, { recursive: true });
  await writeFile(file, `${JSON.stringify(study, undefined, 2)}\n`);
}

/** @param {string} table in Markdown */
export async function writeResults(out, results, table) {
  await writeFile(join(out, 'results.json'), `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(join(out, 'results.md'), `${table}\n`);
}

/** Aborted by Ctrl-C: the run under way gets a checkpoint. A second one ends at once. */
export function interruption() {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => controller.abort());
  return controller.signal;
}

export function interrupted() {
  console.log('Interrupted. The same command goes on from here.');
  process.exitCode = 130;
}
