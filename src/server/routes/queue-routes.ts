/** The queue as a whole over HTTP, the status, the log and the one stream. */
import { addRoute, HttpProblem } from '../http/index.js';
import type { RouteContext } from './context.js';
import { failureGroups } from './failure-groups.js';

export function addQueueRoutes({ server, service, feed, status }: RouteContext): void {
  addRoute(server, 'getStatus', () => status.report());
  addRoute(server, 'listFailures', () => ({ groups: failureGroups(service) }));
  addRoute(server, 'getLog', ({ query }) => ({ records: service.log.lines(query) }));
  addRoute(server, 'pauseQueue', async ({ body }) => {
    await service.pause(body.reason);
    feed.touch();
    return undefined;
  });
  addRoute(server, 'resumeQueue', async () => {
    await service.resume();
    feed.touch();
    return undefined;
  });
  addRoute(server, 'retryStale', async () => {
    const change = await service.retry({ stale: true });
    feed.touch();
    return change;
  });
  addRoute(server, 'purgeQueue', async ({ body }) => {
    const change = await service.purge(body);
    feed.touch();
    return change;
  });
  addRoute(server, 'getStream', ({ request, reply }) => {
    if (feed.hub.isFull)
      throw new HttpProblem('TOO_MANY_STREAMS', 'Too many pages listen already: close some.', { 'retry-after': '5' });
    const lastId = request.headers['last-event-id'];
    reply.hijack();
    const head = {
      ...reply.getHeaders(),
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    };
    reply.raw.writeHead(200, head as Record<string, string>);
    // Errors of a line that broke are the hub's: it forgets the client.
    void feed.hub.join(reply.raw, typeof lastId === 'string' ? lastId : undefined).catch(() => reply.raw.destroy());
    return reply;
  });
}
