/**
 * What may stand in `watch-config.json`: the one source of the types, the checks and the JSON Schema for editors
 * (`watch-config.schema.json`, made by `npm run schema`). Defaults are the reader's, in `config.ts`.
 */

import picomatch from 'picomatch';
import { z } from 'zod';
import { asCycleboxError, idPattern, metadataPolicies } from '../../base/index.js';
import { offeredEngines, parseEngineChoice } from '../../engine/index.js';
import { collisionPolicies } from '../../inbox/index.js';
import {
  nameTemplate,
  outputFields,
  type PluginSet,
  refineOutput,
  scaleSchema,
  settingsJsonSchema,
  tilingSchema,
} from '../../plugin-host/index.js';
import { dashboardSchema, trainingsSchema, webhookSchema } from './dashboard-config.js';
import { logFileSchema } from './log-file-config.js';
import { queueSchema } from './queue-config.js';
import { scheduleSchema } from './schedule.js';
import { storeSchema } from './store-config.js';

const folder = z
  .string()
  .min(1, 'must not be empty')
  .refine(path => !path.includes('\0'), 'must not hold a NUL character, which no path can');

/** A longer one would be a list, and lists are what `routes` and `ignore` are. */
const mostPatternChars = 1000;

/** A glob pattern relative to the inbox. */
function pattern(example: string) {
  return z
    .string()
    .min(1, 'must not be empty')
    .max(mostPatternChars, `must be a pattern of at most ${mostPatternChars} characters`)
    .refine(
      text => !/[\\\0]/.test(text) && !text.startsWith('/') && !text.split('/').includes('..'),
      `must be a pattern relative to the inbox with forward slashes, such as ${example}`,
    )
    .refine(compiles, 'must be a glob pattern; this one cannot be understood');
}

/** The pattern of a string that is too long is not looked at. */
function compiles(text: string): boolean {
  try {
    return text.length > mostPatternChars || picomatch(text) !== undefined;
  } catch {
    return false;
  }
}

const match = pattern('"satellite-to-map/**"');

const ignored = pattern('"drafts/**" or "*.bak"');

/** The id of something that a plugin contributes. */
const contribution = z.string().regex(idPattern, 'must be the id that a plugin gives it, such as "by-season"');

const route = z
  .strictObject({
    match: match.describe('Which files of the inbox: a glob pattern relative to it, such as "satellite-to-map/**".'),
    pair: z.string().min(1).optional().describe('The domain pair, as "cyclebox pairs" lists it.'),
    to: z.string().min(1).optional().describe('The domain of the pair that files are translated to.'),
    router: contribution
      .optional()
      .describe('Instead of "pair" and "to": a router of a plugin, which chooses both for each file.'),
    preprocessors: z
      .array(contribution)
      .optional()
      .describe('What plugins change in a picture before it is translated, in this order.'),
    postprocessors: z
      .array(contribution)
      .optional()
      .describe('What plugins change in a translated picture, in this order.'),
    priority: z.int().min(-1000).max(1000).optional().describe('Files of higher priority go first. Default 0.'),
    scale: scaleSchema
      .optional()
      .describe(
        'At which scale the model sees images: "native" (as they are), "trained" (the size it was trained at), or pixels of the shorter side. Default: what the pair says, else "native".',
      ),
    name: nameTemplate.optional(),
    format: outputFields.format.optional(),
    quality: outputFields.quality.optional(),
    lossless: outputFields.lossless.optional(),
    chroma: outputFields.chroma.optional(),
    compression: outputFields.compression.optional(),
    depth: outputFields.depth.optional(),
    colour: outputFields.colour.optional(),
    tiling: tilingSchema
      .optional()
      .describe(
        'What the parts of an image that does not go in one piece are normalised by: "exact" (the whole image), "thumbnail" (a small copy of it; faster) or "independent" (each part by itself). Default: what the pair says, else "exact".',
      ),
    reprocess: z
      .boolean()
      .optional()
      .describe('True: a new version of the model does files again that an older one has done. Default false.'),
  })
  .superRefine(refineOutput)
  .superRefine(({ pair, to, router }, context) => {
    if (router === undefined ? pair !== undefined && to !== undefined : pair === undefined && to === undefined) return;
    const message = 'must name "pair" and "to", or a "router" instead of the two';
    context.addIssue({ code: 'custom', path: [], message });
  })
  .describe('Files that match get this translation. The first route that matches counts.');

/** What `parseEngineChoice` takes, as a pattern, which editors understand. */
const engine = z
  .string()
  .regex(/^(auto|cpu|webgpu|coreml|tfjs|(cuda|tensorrt|directml)(:[0-9]{1,3})?)$/, { error: wrongEngine })
  .meta({ examples: ['auto', ...offeredEngines, 'cuda:1'] });

function wrongEngine({ input }: { readonly input?: unknown }): string | undefined {
  try {
    parseEngineChoice(String(input));
    return 'must be written in small letters and without spaces';
  } catch (error) {
    return asCycleboxError(error).message;
  }
}

export const configSchema = z
  .strictObject({
    $schema: z.string().optional().describe('The JSON Schema of this file, for editors.'),
    inbox: folder.optional().describe('Where images are dropped; relative to this file. Default "inbox".'),
    outbox: folder.optional().describe('Where translations appear; relative to this file. Default "outbox".'),
    state: folder.optional().describe('Where the journal is kept; relative to this file. Default ".cyclebox".'),
    plugins: z
      .array(folder)
      .optional()
      .describe('Folders with plugins; relative to this file. The pairs that come with cyclebox are there besides.'),
    settings: z
      .record(z.string(), z.record(z.string(), z.unknown()))
      .optional()
      .describe('Settings of plugins, by the name of the plugin: "cyclebox plugins info" lists them.'),
    onPluginFailure: z
      .record(z.string(), z.enum(['continue', 'abort']))
      .optional()
      .describe(
        'By the name of a plugin: whether the daemon goes on ("continue", the default) or ends ("abort") when the plugin cannot be run.',
      ),
    disabledPairs: z
      .array(z.string().min(1, 'must not be empty'))
      .optional()
      .describe('Pairs that are switched off, also those that come with cyclebox, as "cyclebox pairs" lists them.'),
    models: folder.optional().describe('The model store; relative to this file. Default: the one of cyclebox.'),
    settleMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .optional()
      .describe('A file must have stayed unchanged for this long, in milliseconds. Default 1000.'),
    rescanMs: z
      .int()
      .min(100)
      .max(86_400_000)
      .optional()
      .describe('The time between full scans of the inbox, in milliseconds. Default 60000.'),
    polling: z
      .boolean()
      .optional()
      .describe('True: look again and again, for network shares, which tell of no changes. Default false.'),
    pollMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .optional()
      .describe('The time between looks at the inbox when polling, in milliseconds. Default 5000.'),
    ignore: z
      .array(ignored)
      .optional()
      .describe('Glob patterns of files and folders of the inbox to pass over, beside the usual junk.'),
    decodeGraceMs: z
      .int()
      .min(0)
      .max(3_600_000)
      .optional()
      .describe('A settled file that cannot be decoded is tried again for this long, in milliseconds. Default 10000.'),
    onCollision: z
      .enum(collisionPolicies)
      .optional()
      .describe(
        'What to do when the name of an output is taken. "update": replace what an earlier version of the image became. Default "suffix": "a (2).jpg".',
      ),
    sidecars: z
      .enum(['ignore', 'copy'])
      .optional()
      .describe(
        'Files that lie beside images (.xmp, .jgw, .txt, .json ...): "copy" puts copies of them beside the outputs. Default "ignore".',
      ),
    afterSuccess: z
      .enum(['keep', 'archive', 'delete'])
      .optional()
      .describe('What becomes of an image that has been translated. Default "keep".'),
    archive: folder
      .optional()
      .describe('Where "afterSuccess": "archive" moves images to; relative to this file. Default "archive".'),
    maxAttempts: z
      .int()
      .min(1)
      .max(100)
      .optional()
      .describe('How often an image is tried whose failure may pass. Default 5.'),
    historyDays: z
      .number()
      .min(0)
      .max(36_500)
      .optional()
      .describe('How long the journal remembers what it did with files that have gone, in days. Default 30.'),
    stopTimeoutMs: z
      .int()
      .min(0)
      .max(86_400_000)
      .optional()
      .describe('How long a stop waits for the running image before it gives it back, in milliseconds. Default 30000.'),
    workerMemoryMegabytes: z
      .int()
      .min(64)
      .max(10_000_000)
      .optional()
      .describe('Memory that one worker may use; one that uses more is restarted. Default: no limit.'),
    jobTimeoutMs: z
      .int()
      .min(1000)
      .max(86_400_000)
      .optional()
      .describe('The longest that one image may take, in milliseconds. Default 600000.'),
    engine: z
      .union([engine, z.array(engine).min(1, 'must name at least one engine')], {
        error: 'must be the name of an engine, such as "cuda:1", or a list of such names',
      })
      .optional()
      .describe(
        'What runs the models: an engine, one of its devices, or a list of them, with one worker for each device. Default "auto": the best that works.',
      ),
    precision: z
      .enum(['auto', 'float32', 'float16', 'int8'])
      .optional()
      .describe(
        'How devices calculate: float16 is for those other than the CPU, int8 for the CPU and models calibrated for it. Default "auto": each where it gains by it.',
      ),
    threads: z
      .int()
      .min(1)
      .max(1024)
      .optional()
      .describe('CPU threads of each worker. Default: what the machine offers, shared among workers.'),
    maxMegapixels: z.number().positive().optional().describe('Larger images are refused. Default 128.'),
    metadata: z
      .enum(metadataPolicies)
      .optional()
      .describe('"keep": results say when, where, with what and by whom their images were taken. Default "keep".'),
    schedule: scheduleSchema.optional(),
    logFile: logFileSchema.optional(),
    dashboard: dashboardSchema.optional(),
    trainings: trainingsSchema.optional(),
    queue: queueSchema.optional(),
    store: storeSchema.optional(),
    webhooks: z.array(webhookSchema).max(20).optional().describe('Programs that are told of what happens.'),
    routes: z.array(route).min(1, 'must name at least one route').describe('Which files get which translation.'),
  })
  .describe('Configuration of cyclebox, the watch-folder daemon that translates images.');

/** What the user may write. */
export type WatchConfig = z.infer<typeof configSchema>;

/**
 * The JSON Schema of `watch-config.json`: as checked in, or with the settings of the plugins that a project has.
 * @param plugins those of the project
 */
export function configJsonSchema(plugins?: PluginSet): Record<string, unknown> {
  const { $schema, ...schema } = z.toJSONSchema(configSchema, { io: 'input', target: 'draft-7' });
  const whole = { $schema, title: 'watch-config.json', allowTrailingCommas: true, ...schema };
  if (!plugins) return whole;
  const { description } = configSchema.shape.settings;
  const settings = { description, ...settingsJsonSchema(plugins) };
  return { ...whole, properties: { ...schema.properties, settings } };
}
