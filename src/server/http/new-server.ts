/**
 * A fastify server as the dashboard needs it: the guard before everything, bodies and answers by our own zod schemas (so that ajv is
 * never loaded), errors as coded answers, limits on bodies, headers and time. It knows no route.
 */
import fastify, {
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type FastifySchemaCompiler,
} from 'fastify';
import { z } from 'zod';
import { CycleboxError } from '../../base/index.js';
import type { Guard } from './guard.js';
import { HttpProblem, problemAnswer } from './http-problem.js';

export interface NewServerOptions {
  readonly guard: Pick<Guard, 'check'>;
  /** Told of what is a defect, not a refusal. */
  readonly onDefect: (error: unknown) => void;
  readonly limits?: HeadLimits | undefined;
}

export interface HeadLimits {
  /** Slower than this nobody sends the head of a request. Default 10 s. */
  readonly headersWithinMs?: number;
  /** So often that is looked at. Default 30 s. */
  readonly checkEveryMs?: number;
}

const mostJsonBytes = 1024 * 1024;
const mostConnections = 256;
/** An upload of the largest image over a slow network. */
const requestWithinMs = 600_000;

export function newServer({ guard, onDefect, limits = {} }: NewServerOptions): FastifyInstance {
  const { headersWithinMs = 10_000, checkEveryMs = 30_000 } = limits;
  const server = fastify({
    logger: false,
    trustProxy: false,
    bodyLimit: mostJsonBytes,
    requestTimeout: requestWithinMs,
    connectionTimeout: 0,
    keepAliveTimeout: 5000,
    forceCloseConnections: true,
    http: { connectionsCheckingInterval: checkEveryMs },
    // HEAD of a stream would be a stream.
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 300, ignoreDuplicateSlashes: false, caseSensitive: true },
    schemaController: { compilersFactory: { buildValidator: neverBuilt, buildSerializer: neverBuilt } },
    frameworkErrors: (error, _request, reply) => sendProblem(reply as FastifyReply, error, onDefect),
  });
  server.server.maxConnections = mostConnections;
  server.server.headersTimeout = headersWithinMs;
  server.setValidatorCompiler(byZod);
  server.removeContentTypeParser('text/plain');
  server.addHook('onRequest', async (request, reply) => guard.check(request, reply));
  server.setErrorHandler((error, _request, reply) => sendProblem(reply, error, onDefect));
  server.setNotFoundHandler((request, reply) => sendProblem(reply, notFound(request), onDefect));
  return server;
}

function sendProblem(reply: FastifyReply, error: unknown, onDefect: (error: unknown) => void): FastifyReply {
  const { status, headers, body } = problemAnswer(error);
  if (status >= 500) onDefect(error);
  return reply.code(status).headers(headers).header('cache-control', 'no-store').send(body);
}

function notFound({ method, url }: FastifyRequest): HttpProblem {
  return new HttpProblem(
    'NOT_FOUND',
    `There is nothing at ${method} ${url.slice(0, 200)}. /api/openapi.json lists what there is.`,
  );
}

/** Fastify hands over the schema of each part of a request; what it gets back replaces the part. */
const byZod: FastifySchemaCompiler<unknown> = ({ schema }) => {
  if (!(schema instanceof z.ZodType)) throw new Error('a route without a zod schema');
  return (value: unknown) => {
    const result = schema.safeParse(value);
    return result.success ? { value: result.data } : { error: unfit(result.error) };
  };
};

/** Stands where fastify would load ajv. */
function neverBuilt(): never {
  throw new Error('schemas are checked by zod, and answers are plain JSON');
}

function unfit(error: z.ZodError): CycleboxError {
  const faults = error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.') || 'the body'}: ${message}`);
  return new CycleboxError(
    'USAGE',
    `This request is not understood: ${faults.join('; ')}. /api/openapi.json says what is.`,
  );
}
