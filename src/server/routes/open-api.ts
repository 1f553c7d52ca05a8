/** The table of requests as OpenAPI 3.1, for people and for generators of clients. Made when it is asked for, once. */
import { z } from 'zod';
import { packageVersion } from '../../base/index.js';
import { type Endpoint, endpoints, problem } from '../contract/index.js';

type Json = Readonly<Record<string, unknown>>;

let document: Json | undefined;

export function openApiDocument(): Record<string, unknown> {
  document ??= makeDocument();
  return { ...document };
}

function makeDocument(): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const [name, endpoint] of Object.entries(endpoints as Readonly<Record<string, Endpoint>>)) {
    const path = endpoint.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [endpoint.method.toLowerCase()]: operation(name, endpoint) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'cyclebox',
      version: packageVersion(),
      description: 'What can be asked of a running daemon. The token comes as "Authorization: Bearer TOKEN".',
    },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: schemaOf(problem, 'output') },
    },
    security: [{ token: [] }],
    paths,
  };
}

function operation(name: string, { path, summary, cli, params, query, body, answer }: Endpoint): Json {
  return {
    operationId: name,
    summary,
    ...(cli !== undefined && { description: `On the command line: ${cli}` }),
    tags: [path.split('/')[2] ?? 'session'],
    ...(path.startsWith('/api/') ? {} : { security: [] }),
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query')],
    ...(body !== undefined && { requestBody: { required: true, content: bodyContent(body) } }),
    responses: {
      [answer === 'nothing' ? '204' : '200']: { description: 'As asked.', ...answerContent(answer) },
      default: {
        description: 'Why not.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Problem' } } },
      },
    },
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): readonly Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    readonly properties?: Json;
    readonly required?: readonly string[];
  };
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(place === 'query' && { style: 'form', explode: false }),
    schema: one,
  }));
}

function bodyContent(body: NonNullable<Endpoint['body']>): Json {
  if (body === 'bytes') return { 'application/octet-stream': {}, 'image/*': {} };
  return { 'application/json': { schema: schemaOf(body, 'input') } };
}

function answerContent(answer: Endpoint['answer']): Json {
  const types = { image: 'image/webp', text: 'text/plain', events: 'text/event-stream' } as const;
  if (answer === 'nothing') return {};
  if (typeof answer === 'string') return { content: { [types[answer]]: {} } };
  return { content: { 'application/json': { schema: schemaOf(answer, 'output') } } };
}

function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return rest;
}
