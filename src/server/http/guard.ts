/**
 * Who may come in: every request passes here before any route, file or stream is looked for. In this order: the host, how often,
 * where it comes from, what it brings, the token. Nothing behind it has to ask again.
 */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../base/index.js';
import type { Access } from './access.js';
import { isAllowedHost } from './allowed-hosts.js';
import { HttpProblem } from './http-problem.js';
import { provenanceOf } from './same-origin.js';
import { securityHeaders } from './security-headers.js';
import { TokenBucket } from './token-bucket.js';

export interface GuardOptions {
  readonly hosts: ReadonlySet<string>;
  readonly access: Access;
  readonly clock: Clock;
}

/** A page of 200 thumbnails comes at once, and again with the next turn of the wheel. */
const requests = { burst: 1000, perSecond: 300 };
/** Wrong tokens. */
const guesses = { burst: 10, perSecond: 0.2 };

export class Guard {
  readonly #options: GuardOptions;
  readonly #requests: TokenBucket;
  readonly #guesses: TokenBucket;

  constructor(options: GuardOptions) {
    this.#options = options;
    this.#requests = new TokenBucket({ clock: options.clock, ...requests });
    this.#guesses = new TokenBucket({ clock: options.clock, ...guesses });
  }

  /** @throws HttpProblem */
  check(request: FastifyRequest, reply: FastifyReply): void {
    reply.headers(securityHeaders);
    const { headers, ip, method, url } = request;
    if (!isAllowedHost(headers.host, this.#options.hosts)) throw foreignHost(headers.host);
    if (!this.#requests.take(ip)) throw tooMany(this.#requests.waitSeconds(ip));
    const isChange = method !== 'GET' && method !== 'HEAD';
    const provenance = provenanceOf(headers);
    if (provenance === 'foreign' && (isChange || needsToken(url))) throw foreignOrigin();
    if (isChange && method !== 'DELETE') requireFitBody(url, headers['content-type']);
    if (needsToken(url)) this.#requireToken(request, isChange && provenance === 'unsaid');
  }

  /** A token as it was given to `/session`. @throws HttpProblem when it is wrong, or too many were */
  checkToken(token: string, ip: string): void {
    this.#countGuess(ip, () => this.#options.access.isToken(token));
  }

  #requireToken({ headers, ip, socket }: FastifyRequest, byTokenOnly: boolean): void {
    const { access } = this.#options;
    const port = socket.localPort ?? 0;
    if (headers.authorization !== undefined) {
      this.#countGuess(ip, () => access.credentialOf(headers, port) === 'token');
      return;
    }
    if (access.credentialOf(headers, port) !== 'cookie') throw unauthorized();
    if (byTokenOnly) throw foreignOrigin();
  }

  #countGuess(ip: string, isRight: () => boolean): void {
    if (!this.#guesses.has(ip)) throw tooMany(this.#guesses.waitSeconds(ip));
    if (isRight()) return;
    this.#guesses.take(ip);
    throw unauthorized();
  }
}

/** As the router will read it: what it decodes is decoded here. */
export function needsToken(url: string): boolean {
  const path = pathOf(url);
  return path === undefined || /^\/+(?:api|metrics)(?:$|\/)/i.test(path);
}

/** Undefined where it cannot be decoded. */
function pathOf(url: string): string | undefined {
  try {
    return decodeURIComponent(url.replace(/[?#;].*$/s, ''));
  } catch {
    return undefined;
  }
}

/** JSON is nothing that a page of another site can send without asking first; forms and plain text are. */
function requireFitBody(url: string, type = ''): void {
  const [essence = ''] = type.split(';');
  const isUpload = pathOf(url) === '/api/uploads';
  const isFit = isUpload ? /^(?:image\/[\w.+-]+|application\/octet-stream)$/i : /^application\/json$/i;
  if (isFit.test(essence.trim())) return;
  const allowed = isUpload ? 'image/… or application/octet-stream' : 'application/json';
  const message = `The content type is ${type === '' ? 'not given' : `"${type.slice(0, 100)}"`}; allowed here: ${allowed}.`;
  throw new HttpProblem('UNSUPPORTED_MEDIA_TYPE', message);
}

function foreignHost(host: string | undefined): HttpProblem {
  const name = host === undefined ? 'no host' : `"${host.slice(0, 200)}"`;
  const message = `This dashboard does not answer to ${name}. Ask for localhost or 127.0.0.1, or name the host under "dashboard.allowedHosts" of watch-config.json.`;
  return new HttpProblem('FORBIDDEN_HOST', message);
}

function foreignOrigin(): HttpProblem {
  const message = "Only the dashboard's own pages may ask this. Programs send the token: Authorization: Bearer TOKEN.";
  return new HttpProblem('FORBIDDEN_ORIGIN', message);
}

function unauthorized(): HttpProblem {
  const message =
    'This needs the token: open the address that "cyclebox open" prints, or send Authorization: Bearer TOKEN.';
  return new HttpProblem('UNAUTHORIZED', message, { 'www-authenticate': 'Bearer realm="cyclebox"' });
}

function tooMany(seconds: number): HttpProblem {
  const message = `Too many requests: ask again in ${seconds} s.`;
  return new HttpProblem('TOO_MANY_REQUESTS', message, { 'retry-after': String(seconds) });
}
