/** What decides where a run runs and how it gets on with the rest of the machine, but neither its weights nor its files. */
import { z } from 'zod';
import { type EngineChoice, offeredEngines, parseEngineChoice } from '../engine/index.js';
import { givenOf, parseOptions } from './parse-options.js';

const engines = ['auto', ...offeredEngines];
const allowed = `${engines.join(', ')}; or one of several GPUs by its number, such as cuda:1`;

const engine = z
  .string({ error: allowed })
  .refine(isEngineChoice, { error: allowed })
  .meta({ examples: [...engines, 'cuda:1'] });

function isEngineChoice(text: string): boolean {
  try {
    parseEngineChoice(text);
    return true;
  } catch {
    return false;
  }
}

export const deviceOptionsSchema = z.strictObject({
  engine: engine
    .default('auto')
    .describe(`What trains: ${engines.join(', ')}; cuda:1 is the second GPU. auto takes the best that works.`),
  threads: z
    .int({ error: 'a whole number ≥ 1' })
    .min(1, { error: 'a whole number ≥ 1' })
    .optional()
    .describe('CPU threads. Default: all.'),
  background: z.boolean().default(false).describe('Run at the lowest priority.'),
  memoryCheck: z
    .boolean()
    .default(true)
    .describe('Refuse a training that would need more memory than there is, by estimate.'),
});

export type DeviceOptions = Readonly<
  Omit<z.input<typeof deviceOptionsSchema>, 'engine'> & { engine?: EngineChoice | undefined }
>;

/** What was given, checked; what was not stays open, since a resumed run goes on where it was. @throws USAGE */
export function checkDeviceOptions(options: DeviceOptions): DeviceOptions {
  const { engine } = options;
  // Its own message guesses what was meant.
  const parsed = engine === undefined ? {} : { engine: parseEngineChoice(engine) };
  const given = givenOf({ ...options, ...parsed });
  parseOptions(deviceOptionsSchema, given);
  return given;
}
