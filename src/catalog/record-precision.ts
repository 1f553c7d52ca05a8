/** Writes into a pair's manifest what a model of it does in int8: lists and readers of the manifest see it. */
import { join } from 'node:path';
import { CycleboxError, readRegularText, writeFileAtomic } from '../base/index.js';
import type { DomainPairContribution, PluginManifest, PrecisionLikeness } from '../plugin-api/index.js';
import { loadAvailablePairs } from './available-pairs.js';

export interface RecordedDirection {
  readonly pair: string;
  readonly to: string;
  readonly plugins?: readonly string[] | undefined;
}

/** @throws CycleboxError PAIR_NOT_FOUND, WRITE_FAILED */
export async function recordPrecision(
  { pair: id, to, plugins }: RecordedDirection,
  { psnr, lowest, images }: PrecisionLikeness,
): Promise<void> {
  const { plugin } = (await loadAvailablePairs({ plugins })).pair(id);
  const file = join(plugin.folder, 'package.json');
  const manifest = JSON.parse(await readRegularText(file)) as PluginManifest;
  const domainPairs = manifest.contributes.domainPairs?.map(pair =>
    pair.id === id ? withInt8(pair, to, { psnr, lowest, images }) : pair,
  );
  const changed = { ...manifest, contributes: { ...manifest.contributes, domainPairs } };
  await writeFileAtomic(file, `${JSON.stringify(changed, undefined, 2)}\n`).catch(cause => {
    const message = `${file} could not be written: ${(cause as Error).message}`;
    throw new CycleboxError('WRITE_FAILED', message, { subject: { file, pair: id }, cause });
  });
}

function withInt8(pair: DomainPairContribution, to: string, int8: PrecisionLikeness): DomainPairContribution {
  const model = pair.models?.[to];
  return model ? { ...pair, models: { ...pair.models, [to]: { ...model, precisions: { int8 } } } } : pair;
}
