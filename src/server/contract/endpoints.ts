/** Everything that can be asked over HTTP, by name. Routes, the OpenAPI page and the types of the pages' client are made of this. */
import type { z } from 'zod';
import type { Endpoint } from './endpoint.js';
import { jobEndpoints } from './jobs.js';
import { logEndpoints } from './log.js';
import { pairEndpoints } from './pairs.js';
import { queueEndpoints } from './queue.js';
import { statusEndpoints } from './status.js';
import { streamEndpoints } from './stream.js';
import { systemEndpoints } from './system.js';
import { trainingEndpoints } from './trainings.js';

export const endpoints = {
  ...statusEndpoints,
  ...jobEndpoints,
  ...queueEndpoints,
  ...logEndpoints,
  ...pairEndpoints,
  ...trainingEndpoints,
  ...systemEndpoints,
  ...streamEndpoints,
};

export type EndpointName = keyof typeof endpoints;
type Of<Name extends EndpointName> = (typeof endpoints)[Name];
type Part<Name extends EndpointName, Key extends keyof Endpoint> =
  Of<Name> extends { readonly [K in Key]: infer P } ? P : undefined;

/** What a client may send: defaults may be left out. */
export type Params<Name extends EndpointName> = Sent<Part<Name, 'params'>>;
export type Query<Name extends EndpointName> = Sent<Part<Name, 'query'>>;
export type Body<Name extends EndpointName> =
  Part<Name, 'body'> extends 'bytes' ? Uint8Array : Sent<Part<Name, 'body'>>;
/** What it gets; `undefined` where there is no JSON. */
export type Answer<Name extends EndpointName> =
  Part<Name, 'answer'> extends z.ZodType ? z.output<Part<Name, 'answer'> & z.ZodType> : undefined;

/** What the server's handler reads, and may return. */
export type Received<Name extends EndpointName, Key extends 'params' | 'query' | 'body'> =
  Part<Name, Key> extends z.ZodType ? z.output<Part<Name, Key> & z.ZodType> : undefined;

type Sent<Schema> = Schema extends z.ZodType ? z.input<Schema> : undefined;
