/** What the answers are made of: the daemon's service, and what stands beside it while the dashboard is open. */
import type { FastifyInstance } from 'fastify';
import type { Clock } from '../../base/index.js';
import type { LiveService } from '../../daemon/index.js';
import type { Access, Guard } from '../http/index.js';
import type { PictureCache } from '../images/index.js';
import type { LiveFeed } from '../stream/index.js';
import type { StatusReport } from './status-report.js';

export interface RouteContext {
  readonly server: FastifyInstance;
  readonly service: LiveService;
  readonly clock: Clock;
  readonly access: Access;
  readonly guard: Guard;
  readonly status: StatusReport;
  readonly feed: LiveFeed;
  readonly pictures: PictureCache;
}
