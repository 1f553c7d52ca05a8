/**
 * The dashboard of a running daemon: composition of guard, routes, stream and pages on one port. It changes nothing in how the daemon
 * works; where it cannot listen, the daemon works without it. What may be asked is in `contract/`.
 */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Clock, CycleboxError, type Disposable, DisposableStore, systemClock } from '../base/index.js';
import type { DashboardConfig, LiveService } from '../daemon/index.js';
import {
  Access,
  allowedHosts,
  entranceOf,
  Guard,
  keptToken,
  type NewServerOptions,
  newServer,
  noteAddress,
  serveStaticFiles,
} from './http/index.js';
import { PictureCache, PictureProcess } from './images/index.js';
import {
  addConfigRoutes,
  addJobRoutes,
  addMetricsRoute,
  addPairRoutes,
  addQueueRoutes,
  addSystemRoutes,
  addTrainingRoutes,
  type RouteContext,
  StatusReport,
} from './routes/index.js';
import { LiveFeed, type LiveFeedOptions } from './stream/index.js';

/** Where the build puts them. */
const pagesFolder = fileURLToPath(new URL('./ui', import.meta.url));

const routes = [addJobRoutes, addQueueRoutes, addPairRoutes, addTrainingRoutes, addConfigRoutes, addSystemRoutes];

export interface DashboardOptions {
  readonly service: LiveService;
  readonly config: DashboardConfig;
  /** Told of defects of the dashboard itself. */
  readonly onDefect: (error: unknown) => void;
  readonly clock?: Clock | undefined;
  /** Where the pages lie. Default: beside this file. */
  readonly pages?: string | undefined;
  /** For tests, which run from sources. */
  readonly pictureEntry?: string | undefined;
  readonly limits?:
    | (Pick<LiveFeedOptions, 'mostClients' | 'mostUnreadBytes' | 'heartbeatMs'> & NewServerOptions['limits'])
    | undefined;
}

export interface Dashboard extends Disposable {
  readonly port: number;
  /** `http://127.0.0.1:7345/`, without the token. */
  readonly address: string;
  /** The address with the token as its fragment, which is sent to nobody. */
  readonly entrance: string;
}

/**
 * Listens until disposed.
 * @throws WRITE_FAILED when the port is taken or the token cannot be kept
 */
export async function openDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { service, config, clock = systemClock } = options;
  const opened = new DisposableStore();
  try {
    const token = config.token ?? (await keptToken(service.config.state));
    const port = await openServer({ ...options, clock }, token, opened);
    const address = `http://${hostInAddress(config.host)}:${port}/`;
    opened.add(await noteAddress(service.config.state, address));
    return {
      port,
      address,
      entrance: entranceOf(address, token),
      dispose: () => opened.dispose(),
    };
  } catch (error) {
    await opened.dispose();
    throw cannotListen(error, config);
  }
}

/** @returns the port */
async function openServer(
  options: DashboardOptions & { readonly clock: Clock },
  token: string,
  opened: DisposableStore,
): Promise<number> {
  const { service, config, clock, onDefect, limits, pages = pagesFolder, pictureEntry: entry } = options;
  const access = new Access(token);
  const guard = new Guard({ hosts: allowedHosts(config.host, config.allowedHosts), access, clock });
  const server = newServer({ guard, onDefect, limits });
  const status = opened.add(new StatusReport(service, clock));
  const folder = join(service.config.state, 'pictures');
  const pictures = opened.add(new PictureCache({ folder, process: new PictureProcess({ clock, entry }) }));
  // Closed before its streams would be: a server waits for whom it answers.
  opened.add({ dispose: () => server.close() });
  const feed = opened.add(new LiveFeed({ service, clock, status: () => status.report(), ...limits }));
  const context: RouteContext = { server, service, clock, access, guard, status, feed, pictures };
  for (const add of routes) add(context);
  opened.add(addMetricsRoute(context));
  await serveStaticFiles(server, pages);
  await server.listen({ port: config.port, host: config.host });
  return (server.server.address() as AddressInfo).port;
}

function cannotListen(error: unknown, { host, port }: DashboardConfig): CycleboxError {
  const { code } = error as NodeJS.ErrnoException;
  const why = code === 'EADDRINUSE' ? 'another program has this port' : (error as Error).message;
  const message = `the dashboard cannot be opened at ${host}:${port} (${why}): the daemon works without its page. Give another "dashboard.port" in watch-config.json, or 0 for a free one.`;
  return new CycleboxError('WRITE_FAILED', message, { cause: error });
}

/** Everybody's address is one that no browser can ask for. */
function hostInAddress(host: string): string {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
}
