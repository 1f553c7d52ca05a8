/** A daemon with its dashboard, for tests: a real inbox, a tiny network, a free port; and requests as raw as an attack needs them. */
import { once } from 'node:events';
import { type IncomingHttpHeaders, request } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { type Daemon, resolveConfig, startDaemon, type WatchConfig } from '../../src/daemon/index.js';
import { type Dashboard, type DashboardOptions, openDashboard } from '../../src/server/index.js';
import { dayNight, project } from '../support/project.js';

export const token = 'a-token-of-these-tests';

export interface UnderTest {
  readonly root: string;
  readonly daemon: Daemon;
  readonly dashboard: Dashboard;
  /** What it has told of its own defects. */
  readonly defects: readonly unknown[];
  ask(path: string, options?: AskOptions): Promise<Answered>;
}

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON, unless it is bytes or text. */
  readonly body?: unknown;
  /** False: comes without the token. */
  readonly token?: boolean;
}

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server says, which tests look at
  json(): any;
}

export async function openUnderTest(
  { watch: config = dayNight, ...options }: Partial<DashboardOptions> & { readonly watch?: WatchConfig } = {},
  before: (root: string) => Promise<void> = async () => {},
): Promise<UnderTest> {
  const written = { ...config, dashboard: { port: 0, token } };
  const root = await project(written);
  await before(root);
  const configFile = join(root, 'watch-config.json');
  const daemon = await startDaemon(resolveConfig(written, root), { configFile });
  onTestFinished(() => daemon.stop());
  const defects: unknown[] = [];
  const dashboard = await openDashboard({
    service: daemon.service,
    config: daemon.config.dashboard!,
    onDefect: error => defects.push(error),
    pictureEntry: join(packageRoot, 'dist/server/images/picture-main.js'),
    ...options,
  });
  onTestFinished(() => dashboard.dispose());
  return { root, daemon, dashboard, defects, ask: (path, given) => ask(dashboard.port, path, given) };
}

export async function ask(
  port: number,
  path: string,
  { method = 'GET', headers = {}, body, token: withToken = true }: AskOptions = {},
): Promise<Answered> {
  const isRaw = typeof body === 'string' || body instanceof Uint8Array;
  const content = body === undefined ? undefined : isRaw ? body : JSON.stringify(body);
  const outgoing = request({
    ...{ host: '127.0.0.1', port, path, method },
    agent: false,
    headers: {
      ...(withToken && { authorization: `Bearer ${token}` }),
      ...(content !== undefined && !isRaw && { 'content-type': 'application/json' }),
      ...headers,
    },
  });
  outgoing.end(content);
  const [response] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const bytes = Buffer.concat(chunks);
  const text = bytes.toString();
  return { status: response.statusCode, headers: response.headers, bytes, text, json: () => JSON.parse(text) };
}

/** Sends exactly these characters, and returns what comes back until the line is closed. */
export async function askRaw(port: number, request: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('utf8');
  let answer = '';
  socket.on('data', text => {
    answer += text;
  });
  socket.write(request);
  await once(socket, 'close');
  return answer;
}

export interface Heard {
  readonly id: string;
  readonly type: string;
  // biome-ignore lint/suspicious/noExplicitAny: whatever the server says, which tests look at
  readonly data: any;
}

export interface Listening {
  readonly events: readonly Heard[];
  /** Resolves with the first event that fits, of those that have come and those that come. */
  heard(fits: (event: Heard) => boolean): Promise<Heard>;
  close(): void;
}

/** Listens to the stream until the test ends. */
export async function listen(port: number, headers: Readonly<Record<string, string>> = {}): Promise<Listening> {
  const outgoing = request({
    ...{ host: '127.0.0.1', port, path: '/api/stream' },
    agent: false,
    headers: { authorization: `Bearer ${token}`, ...headers },
  });
  outgoing.end();
  const [response] = await once(outgoing, 'response');
  if (response.statusCode !== 200) throw new Error(`the stream answers ${response.statusCode}`);
  const events: Heard[] = [];
  const waiting = new Set<() => void>();
  let text = '';
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const frames = text.split('\n\n');
    text = frames.pop() ?? '';
    events.push(...frames.map(parseFrame).filter(event => event !== undefined));
    for (const look of waiting) look();
  });
  response.on('error', () => {});
  outgoing.on('error', () => {});
  const close = () => void outgoing.destroy();
  onTestFinished(close);
  return {
    events,
    close,
    heard: fits =>
      new Promise(resolve => {
        const look = () => {
          const found = events.find(fits);
          if (!found) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        look();
      }),
  };
}

function parseFrame(frame: string): Heard | undefined {
  const fields = new Map(
    frame.split('\n').map(line => [line.split(': ', 1)[0] ?? '', line.slice(line.indexOf(': ') + 2)]),
  );
  const data = fields.get('data');
  if (data === undefined) return undefined;
  return { id: fields.get('id') ?? '', type: fields.get('event') ?? '', data: JSON.parse(data) };
}
