/**
 * Which files a model consists of, so that it can be taken elsewhere: the one that opens it, those that its hash covers besides, and what
 * lies beside it for calculating in int8. Says names; reads no weights.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { calibrationPathOf } from './int8/index.js';
import { recogniseModel } from './recognise-model.js';
import { tensorFlowFileNames } from './tensorflow-js/index.js';

export interface ModelFiles {
  /** Absolute. */
  readonly folder: string;
  /** Names in it; the first opens the model. */
  readonly files: readonly string[];
}

/** @throws CycleboxError MODEL_MISSING, MODEL_INVALID */
export async function filesOfModel(path: string): Promise<ModelFiles> {
  const found = await recogniseModel(path);
  const main = basename(found.path);
  const folder = dirname(found.path);
  const weights = found.kind === 'tensorflow-js' ? await tensorFlowFileNames(found.path) : [];
  const beside = [`${basename(main, extname(main))}.architecture.json`, basename(calibrationPathOf(main))];
  const there = await Promise.all(beside.map(async name => ((await isFile(join(folder, name))) ? [name] : [])));
  return { folder, files: [...new Set([main, ...weights, ...there.flat()])] };
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    status => status.isFile(),
    () => false,
  );
}
