/** One request of the contract with what answers it, checked and typed by its schemas. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Answer, type Endpoint, type EndpointName, endpoints, type Received } from '../contract/index.js';

export interface Asked<Name extends EndpointName> {
  readonly params: Received<Name, 'params'>;
  readonly query: Received<Name, 'query'>;
  readonly body: Received<Name, 'body'>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

/** Answers in JSON; for images, text and streams it sends by itself, and returns the reply. */
export type Handler<Name extends EndpointName> = (
  asked: Asked<Name>,
) => Answer<Name> | FastifyReply | Promise<Answer<Name> | FastifyReply>;

/** @param bodyLimit of a file, in bytes */
export function addRoute<Name extends EndpointName>(
  server: FastifyInstance,
  name: Name,
  handler: Handler<Name>,
  { bodyLimit }: { readonly bodyLimit?: number } = {},
): void {
  const endpoint: Endpoint = endpoints[name];
  const { method, path: url, params, query: querystring, body } = endpoint;
  server.route({
    method,
    url,
    ...(bodyLimit !== undefined && { bodyLimit }),
    schema: {
      ...(params && { params }),
      ...(querystring && { querystring }),
      ...(body !== undefined && body !== 'bytes' && { body }),
    },
    async handler(request, reply) {
      reply.header('cache-control', 'no-store');
      const { params, query, body } = request;
      const answer = await handler({ params, query, body, request, reply } as Asked<Name>);
      if (answer !== undefined || endpoint.answer !== 'nothing') return answer;
      return reply.code(204).send();
    },
  });
}
