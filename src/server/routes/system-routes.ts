/** The session of a browser, the configuration, uploads, and whether the daemon is well. */
import type { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { addRoute } from '../http/index.js';
import type { RouteContext } from './context.js';
import { openApiDocument } from './open-api.js';
import { sendSamples } from './samples.js';
import { receiveUpload } from './upload.js';

/** The largest files that are decoded are smaller. */
const mostUploadBytes = 512 * 1024 * 1024;

export function addSystemRoutes({ server, service, access, guard, status, feed }: RouteContext): void {
  addRoute(server, 'openSession', ({ body, request, reply }) => {
    guard.checkToken(body.token, request.ip);
    return reply
      .header('set-cookie', access.grant(request.socket.localPort ?? 0))
      .code(204)
      .send();
  });
  addRoute(server, 'closeSession', ({ request, reply }) =>
    reply
      .header('set-cookie', access.revoke(request.socket.localPort ?? 0))
      .code(204)
      .send(),
  );
  addRoute(server, 'reloadConfig', async () => {
    const outcome = await service.reload();
    feed.touch();
    if (outcome.kind !== 'refused') return outcome;
    const { code, message } = outcome.error;
    return { kind: outcome.kind, error: { code, message } };
  });
  for (const type of ['application/octet-stream', /^image\/[\w.+-]+$/])
    server.addContentTypeParser(type, (_request, payload, done) => done(null, payload));
  addRoute(
    server,
    'upload',
    ({ query, request }) => {
      const { config, routes } = service;
      const content = request.body as Readable;
      return receiveUpload({ inbox: config.inbox, routes, ...query, content, mostBytes: mostUploadBytes });
    },
    { bodyLimit: mostUploadBytes },
  );
  addRoute(server, 'sendSamples', async ({ body }) => {
    const { config, routes } = service;
    return { paths: await sendSamples({ inbox: config.inbox, routes, route: body.route }) };
  });
  addRoute(server, 'getOpenApi', () => openApiDocument());
  server.get('/healthz', (_request, reply) => plain(reply, 200, 'ok'));
  server.get('/readyz', async (_request, reply) => {
    const { inboxIsThere, pause, routes } = await status.report();
    if (!inboxIsThere) return plain(reply, 503, 'the inbox is gone');
    if (pause?.by === 'environment') return plain(reply, 503, 'paused by the environment');
    if (routes.every(route => route.problem !== undefined)) return plain(reply, 503, 'no route works');
    return plain(reply, 200, 'ready');
  });
}

/** To whoever asks without a token: no names, no paths. */
function plain(reply: FastifyReply, status: number, text: string): FastifyReply {
  return reply.code(status).type('text/plain; charset=utf-8').header('cache-control', 'no-store').send(`${text}\n`);
}
