/** What self-tests found, kept as `health.json` in the state folder. What cannot be read was never found: it is tested again. */
import { join } from 'node:path';
import { z } from 'zod';
import { readRegularText, writeFileAtomic } from '../base/index.js';
import type { DirectionHealth, PairHealth } from './model-health.js';

const health = z.object({
  sha256: z.string(),
  backSha256: z.string().optional(),
  testedMs: z.number(),
  width: z.number(),
  height: z.number(),
  latencyMs: z.number().optional(),
  cycleError: z.number().optional(),
  faults: z.array(z.string()),
});

const file = z.object({ directions: z.record(z.string(), health) });

const fileIn = (stateFolder: string): string => join(stateFolder, 'health.json');

export async function readHealth(stateFolder: string): Promise<PairHealth> {
  try {
    const { directions } = file.parse(JSON.parse(await readRegularText(fileIn(stateFolder))));
    return new Map(Object.entries(directions));
  } catch {
    return new Map();
  }
}

/** @throws what the system says, when it cannot be written */
export async function keepHealth(stateFolder: string, key: string, found: DirectionHealth): Promise<void> {
  const all = new Map(await readHealth(stateFolder)).set(key, found);
  await writeFileAtomic(fileIn(stateFolder), `${JSON.stringify({ directions: Object.fromEntries(all) }, null, 2)}\n`);
}
