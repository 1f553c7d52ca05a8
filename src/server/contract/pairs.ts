/** Pairs with the health of both directions, and plugins with what they may and cost. */
import { z } from 'zod';
import { endpoint } from './endpoint.js';
import { fault } from './jobs.js';

export const pairDirection = z.object({
  from: z.string(),
  to: z.string(),
  /** `ready`, `missing`: no model yet, `faulty`: the model is not what it should be. */
  health: z.enum(['ready', 'missing', 'faulty']),
  problem: fault.optional(),
  model: z.object({ path: z.string(), sha256: z.string(), sizeBytes: z.number() }).optional(),
  /** What the self-test of this very model has found, in words; absent where it was not tested yet. */
  selfTest: z.object({ text: z.string(), isSound: z.boolean() }).optional(),
  /** Folders of the inbox whose files take this direction. */
  routes: z.array(z.object({ match: z.string(), folder: z.string() })).readonly(),
  /** Of jobs of this direction: done, failed. */
  done: z.number(),
  failed: z.number(),
  /** Mean of the latest attempts, from start to published file; absent where there was none. */
  msPerImage: z.number().optional(),
  licence: z.string().optional(),
});

export const pair = z.object({
  id: z.string(),
  title: z.string(),
  description: z.string().optional(),
  domains: z.array(z.string()).readonly(),
  plugin: z.object({ name: z.string(), version: z.string(), folder: z.string() }),
  isDisabled: z.boolean(),
  directions: z.array(pairDirection).readonly(),
  /** How to train it, where it lacks a model. */
  trainCommand: z.string().optional(),
});
export type PairHealth = z.infer<typeof pair>;

export const plugin = z.object({
  name: z.string(),
  version: z.string(),
  folder: z.string(),
  /** `folder`, `installed`, `package`, or `built-in`. */
  origin: z.string(),
  /** With its reason: `ready` for data alone, `active(4711)`, `restarting(2, 2026-03-01T12:00:00.000Z)`, `disabledByUser(…)`. */
  state: z.string(),
  isEnabled: z.boolean(),
  pairs: z.array(z.string()).readonly(),
  /** What its process may do; empty for data alone. */
  permissions: z.array(z.string()).readonly(),
  /** What people can start of it. */
  commands: z
    .array(z.object({ command: z.string(), title: z.string(), description: z.string().optional() }))
    .readonly(),
  /** What it has cost: calls, milliseconds, restarts; absent for data alone. */
  cost: z.record(z.string(), z.number()).optional(),
  /** The process that runs. */
  process: z.object({ pid: z.number(), memoryBytes: z.number().optional(), sinceMs: z.number() }).optional(),
  /** Of its manifest, or its last crash or failed start until it runs again. */
  problem: fault.optional(),
});
export type PluginStatus = z.infer<typeof plugin>;

export const pairEndpoints = {
  listPairs: endpoint({
    method: 'GET',
    path: '/api/pairs',
    summary: 'All pairs, with the health of each direction.',
    cli: 'cyclebox pairs',
    answer: z.object({ pairs: z.array(pair).readonly(), problems: z.array(fault).readonly() }),
  }),
  listPlugins: endpoint({
    method: 'GET',
    path: '/api/plugins',
    summary: 'Plugins: what they bring, may and cost.',
    answer: z.object({ plugins: z.array(plugin).readonly() }),
  }),
  runPluginCommand: endpoint({
    method: 'POST',
    path: '/api/commands/:command/run',
    summary: 'Runs a command that a plugin brings, with the words that follow it, and answers with what it returned.',
    cli: 'cyclebox plugins run COMMAND WORDS',
    params: z.strictObject({ command: z.string().max(200) }),
    body: z.strictObject({ words: z.array(z.string().max(2000)).max(100).readonly().default([]) }),
    answer: z.object({ text: z.string() }),
  }),
  switchPlugin: endpoint({
    method: 'POST',
    path: '/api/plugins/:name/switch',
    summary: 'Switches the pairs of a plugin on or off, in the configuration file.',
    params: z.strictObject({ name: z.string().max(214) }),
    body: z.strictObject({ enabled: z.boolean() }),
    answer: z.object({ message: z.string() }),
  }),
};
