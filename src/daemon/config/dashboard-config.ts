/**
 * The keys of `watch-config.json` that are about looking at the daemon and being told by it: the dashboard, where trainings may be
 * started, and webhooks. What they mean is in docs/dashboard.md.
 */
import { isIP } from 'node:net';
import { z } from 'zod';

/** Shorter ones can be guessed. */
const leastTokenChars = 16;
const token = z
  .string()
  .min(leastTokenChars, `must have at least ${leastTokenChars} characters`)
  .max(200)
  .regex(/^[\x21-\x7e]+$/, 'must be of visible ASCII characters');

const host = z
  .string()
  .min(1, 'must not be empty')
  .max(253)
  .regex(/^[A-Za-z0-9.:_-]+$/, 'must be a name or an address, such as "127.0.0.1" or "192.168.1.5"');

export const dashboardSchema = z
  .strictObject({
    enabled: z.boolean().optional().describe('False: no dashboard. Default true.'),
    port: z.int().min(0).max(65_535).optional().describe('Its port; 0: a free one. Default 7345.'),
    host: host
      .optional()
      .describe('The address that it listens at; beyond this machine only with a token. Default "127.0.0.1".'),
    token: token.optional().describe('What lets somebody in. Default: one is made and kept in the state folder.'),
    allowedHosts: z
      .array(host)
      .optional()
      .describe('Further names by which browsers may ask for it: those of this machine, or of a proxy before it.'),
  })
  .refine(({ host = '127.0.0.1', token }) => isLoopback(host) || token !== undefined, {
    path: ['token'],
    error: 'must be given where "host" is beyond this machine, with at least 16 characters',
  })
  .describe('The page that shows the daemon at work.');

export const trainingsSchema = z
  .strictObject({
    images: z.string().min(1).describe('The folder below which the images to train on lie; relative to this file.'),
    runs: z
      .string()
      .min(1)
      .optional()
      .describe('The folder that trainings write into; relative to this file. Default "runs".'),
  })
  .describe('Where the dashboard may start trainings. Default: nowhere.');

export const hookEvents = ['done', 'failed', 'paused', 'training-finished'] as const;
export type HookEvent = (typeof hookEvents)[number];

export const webhookSchema = z
  .strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https address' })
      .describe('Where to tell it: an http or https address.'),
    secret: token.describe('Signs what is sent, so that the receiver knows who sent it.'),
    events: z.array(z.enum(hookEvents)).min(1).optional().describe('What to tell. Default: all but "done".'),
  })
  .describe('Tells another program of what happens.');

/** What the code reads. */
export interface DashboardConfig {
  readonly port: number;
  readonly host: string;
  /** Undefined: one is made and kept in the state folder. */
  readonly token: string | undefined;
  readonly allowedHosts: readonly string[];
}

export interface TrainingsConfig {
  /** Absolute, both. */
  readonly images: string;
  readonly runs: string;
}

export interface WebhookConfig {
  readonly url: string;
  readonly secret: string;
  readonly events: readonly HookEvent[];
}

const defaultPort = 7345;

/** @param given what the file has. Returns undefined where there is to be none. */
export function resolveDashboard(given: z.infer<typeof dashboardSchema> = {}): DashboardConfig | undefined {
  const { enabled = true, port = defaultPort, host = '127.0.0.1', token, allowedHosts = [] } = given;
  if (!enabled) return undefined;
  return { port, host, token, allowedHosts };
}

export function resolveWebhooks(given: readonly z.infer<typeof webhookSchema>[] = []): readonly WebhookConfig[] {
  const usual = hookEvents.filter(event => event !== 'done');
  return given.map(({ url, secret, events = usual }) => ({ url, secret, events }));
}

/** Whether only this machine can reach it. */
export function isLoopback(host: string): boolean {
  if (host === 'localhost' || host === '::1') return true;
  return isIP(host) === 4 && host.startsWith('127.');
}
