/** The session of a browser, the configuration, the doctor, and uploads. */
import { z } from 'zod';
import { endpoint } from './endpoint.js';

export const configEntry = z.object({
  /** `routes`, `settleMs`. */
  key: z.string(),
  value: z.unknown(),
  /**
   * `file`: written there, at `line`. `default`: not written. `command`: given when it was started. `environment`: `variables` say it, or
   * a part of it, also where the file has a `line` for it.
   */
  origin: z.enum(['file', 'default', 'command', 'environment']),
  line: z.number().optional(),
  /** Of the environment, by name. */
  variables: z.array(z.string()).readonly().optional(),
  description: z.string().optional(),
  /** Whether only a restart changes it. */
  needsRestart: z.boolean(),
});

export const config = z.object({
  file: z.string().optional(),
  entries: z.array(configEntry).readonly(),
  /** Why the file's last change was not taken over. */
  problem: z.string().optional(),
});
export type ConfigAnswer = z.infer<typeof config>;

const complaint = z.object({
  about: z.string(),
  /** True where an inbox whose images are translated cannot run because of it. */
  blocking: z.boolean(),
  message: z.string(),
  remedy: z.string().optional(),
});

export const diagnosis = z.object({
  ok: z.boolean(),
  complaints: z.array(complaint).readonly(),
  /** The lines of `cyclebox doctor`. */
  lines: z.array(z.string()).readonly(),
});
export type DoctorAnswer = z.infer<typeof diagnosis>;

export const reloadOutcome = z.object({
  kind: z.enum(['unchanged', 'applied', 'refused']),
  keys: z.array(z.string()).readonly().optional(),
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});

export const systemEndpoints = {
  openSession: endpoint({
    method: 'POST',
    path: '/session',
    summary: 'Takes the token of the address (its fragment) and gives a cookie for it. Needs no token besides.',
    body: z.strictObject({ token: z.string().max(500) }),
    answer: 'nothing',
  }),
  closeSession: endpoint({
    method: 'DELETE',
    path: '/api/session',
    summary: 'Takes the cookie back.',
    answer: 'nothing',
  }),
  getConfig: endpoint({
    method: 'GET',
    path: '/api/config',
    summary: 'The configuration in force, each key with where it comes from.',
    cli: 'cyclebox config',
    answer: config,
  }),
  reloadConfig: endpoint({
    method: 'POST',
    path: '/api/config/reload',
    summary: 'Reads the configuration file again now.',
    cli: 'cyclebox config reload',
    body: z.strictObject({}),
    answer: reloadOutcome,
  }),
  runDoctor: endpoint({
    method: 'POST',
    path: '/api/doctor',
    summary: 'Looks at everything that the daemon depends on; takes seconds.',
    cli: 'cyclebox doctor',
    body: z.strictObject({}),
    answer: diagnosis,
  }),
  upload: endpoint({
    method: 'POST',
    path: '/api/uploads',
    summary: 'An image into the inbox folder of a route: written beside, then renamed. Its name is made free.',
    query: z.strictObject({
      /** `match` of a route. */
      route: z.string().min(1).max(1000),
      /** A file name, without folders. */
      name: z.string().min(1).max(255),
    }),
    body: 'bytes',
    answer: z.object({
      /** Relative to the inbox. */
      path: z.string(),
      bytes: z.number(),
    }),
  }),
  sendSamples: endpoint({
    method: 'POST',
    path: '/api/samples',
    summary: 'Puts some of the images that come with cyclebox into the inbox folder of a route.',
    body: z.strictObject({
      /** `match` of a route. */
      route: z.string().min(1).max(1000),
    }),
    answer: z.object({
      /** Relative to the inbox. */
      paths: z.array(z.string()).readonly(),
    }),
  }),
  getOpenApi: endpoint({
    method: 'GET',
    path: '/api/openapi.json',
    summary: 'This list, as OpenAPI 3.1.',
    answer: z.record(z.string(), z.unknown()),
  }),
};
