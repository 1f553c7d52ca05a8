/** The work of `cyclebox init`: a commented configuration to start from, and its folders. Nothing is overwritten. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { CycleboxError, packageRoot, takeFreeName, temporaryPathFor } from '../../base/index.js';
import { directionsOf, loadAvailablePairs } from '../../catalog/index.js';
import { loadConfig } from '../../daemon/index.js';
import { inboxDefaults } from '../../inbox/index.js';
import { exitCodes } from '../terminal/index.js';

const name = 'watch-config.json';

/** @returns the exit code */
export async function initProject(folder: string): Promise<number> {
  const root = resolve(folder);
  const file = join(root, name);
  await mkdir(root, { recursive: true });
  await writeNew(file, await configText(root));
  const config = await loadConfig(file);
  const folders = config.routes.map(route => join(config.inbox, route.match.replace(/\/\*\*$/, '')));
  for (const path of [config.inbox, config.outbox, ...folders]) await mkdir(path, { recursive: true });
  process.stdout.write(
    `wrote ${file}\nDrop images into ${join(config.inbox, '…')}, then run "cyclebox start" in ${root}.\n`,
  );
  return exitCodes.ok;
}

/** Whole or not at all, and never over another file. */
async function writeNew(path: string, text: string): Promise<void> {
  const temporary = temporaryPathFor(path);
  const subject = { file: path };
  try {
    await writeFile(temporary, text, { flag: 'wx', flush: true });
    if ((await takeFreeName(temporary, path)) !== 'taken') return;
  } catch (cause) {
    const message = `${path} could not be written: ${(cause as Error).message}`;
    throw new CycleboxError('WRITE_FAILED', message, { subject, cause });
  } finally {
    await rm(temporary, { force: true }).catch(() => {});
  }
  const message = `${path} is there already and was left as it is. Name another folder, or edit the file.`;
  throw new CycleboxError('FILE_EXISTS', message, { subject });
}

async function configText(root: string): Promise<string> {
  const routes = await routeLines();
  return `{
  // Drop an image into one of the inbox's folders; its translation appears under the same name in the outbox.
  "$schema": ${JSON.stringify(schemaReference(root))},

  // Folders are relative to this file. They must lie apart.
  "inbox": "inbox",
  "outbox": "outbox",
  // The journal: what was done, and what is still to do.
  "state": ".cyclebox",
  // Folders with plugins, such as those of your own trainings. The pairs that come with cyclebox are there besides.
  // "plugins": ["plugins"],

  // A file is taken when it has not changed for this long.
  "settleMs": ${inboxDefaults.settleMs},
  // The whole inbox is looked at this often, for files that no event told of. On network shares, "polling": true.
  "rescanMs": ${inboxDefaults.rescanMs},
  // What becomes of an image that has been translated: "keep", "archive" (into the folder "archive") or "delete".
  "afterSuccess": "${inboxDefaults.afterSuccess}",
  // When the name of an output is taken: "suffix" ("a (2).jpg"), "update" (what the image became before), "skip", "overwrite" or "error".
  "onCollision": "${inboxDefaults.onCollision}",

  // Which files get which translation; the first match counts. "cyclebox pairs" lists what there is.
  "routes": [
${routes}
  ]
}
`;
}

/** One route for each direction that has a model here; the others are there as comments. */
async function routeLines(): Promise<string> {
  const { pairs } = await loadAvailablePairs({});
  const directions = await Promise.all(
    pairs.map(async pair => (await directionsOf(pair)).map(direction => ({ ...direction, pair: pair.id }))),
  );
  const lines = directions.flat().map(({ from, to, pair, model }) => ({
    text: `{ "match": "${from}-to-${to}/**", "pair": "${pair}", "to": "${to}" },`,
    works: model !== undefined,
  }));
  const anyWorks = lines.some(({ works }) => works);
  return lines
    .map(({ text, works }) => (works || !anyWorks ? `    ${text}` : `    // No model yet: ${text}`))
    .join('\n');
}

/** The schema that came with this cyclebox, relative where it lies within the project. */
function schemaReference(root: string): string {
  const path = join(packageRoot, 'watch-config.schema.json');
  const way = relative(root, path).split(sep).join('/');
  return way.startsWith('../') ? path : `./${way}`;
}
