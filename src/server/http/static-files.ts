/**
 * The pages' files: those that were there when the dashboard was opened and no others, by their exact names. No path of a request
 * ever reaches the file system, links are passed over, and what is asked for again comes from memory, compressed.
 */
import { createHash } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readRegularFile } from '../../base/index.js';
import { HttpProblem } from './http-problem.js';

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.webmanifest': 'application/manifest+json',
};
const isText = /\.(?:html|js|css|json|svg|webmanifest)$/;
/** Named after their content by the build. */
const isHashed = /^\/assets\//;

interface StaticFile {
  readonly type: string;
  readonly etag: string;
  readonly plain: Buffer;
  readonly gzipped: Buffer | undefined;
}

const notBuilt =
  '<!doctype html><html lang="en"><title>cyclebox</title><p>The pages of the dashboard are not built: run <code>npm run build</code>. The API is at <code>/api/</code>.</p></html>';

/** Serves `folder` at `/`, and its index for every page that the pages themselves know. */
export async function serveStaticFiles(server: FastifyInstance, folder: string): Promise<void> {
  const files = await filesIn(folder);
  const loaded = new Map<string, Promise<StaticFile>>();
  const load = (name: string, path: string) => {
    const known = loaded.get(name) ?? loadFile(path);
    loaded.set(name, known);
    return known;
  };
  const index = files.get('/index.html');
  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    const [name = '/'] = request.url.split('?');
    const path = files.get(name) ?? (isPage(name) ? index : undefined);
    if (path !== undefined) return send(request, reply, name, await load(path, path));
    if (name === '/') return reply.type('text/html; charset=utf-8').send(notBuilt);
    throw new HttpProblem('NOT_FOUND', `There is no page ${name.slice(0, 200)}.`);
  };
  server.get('/', answer);
  server.get('/*', answer);
}

/** A name without an extension, which is no file: the pages find their own way from there. */
function isPage(name: string): boolean {
  return !/^\/(?:api|session|metrics|healthz|readyz)(?:$|\/)/.test(name) && extname(name) === '';
}

/** By the path of their address. */
async function filesIn(folder: string): Promise<ReadonlyMap<string, string>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const paths = entries
    .filter(entry => entry.isFile() && extname(entry.name) in types)
    .map(entry => join(entry.parentPath, entry.name));
  return new Map(paths.map(path => [`/${relative(folder, path).split(sep).join('/')}`, path]));
}

async function loadFile(path: string): Promise<StaticFile> {
  const plain = await readRegularFile(path);
  const etag = `"${createHash('sha256').update(plain).digest('base64url').slice(0, 22)}"`;
  const gzipped = isText.test(path) ? await promisify(gzip)(plain, { level: 9 }) : undefined;
  return { type: types[extname(path)] ?? 'application/octet-stream', etag, plain, gzipped };
}

function send(request: FastifyRequest, reply: FastifyReply, name: string, file: StaticFile): FastifyReply {
  reply.header('etag', file.etag).header('vary', 'accept-encoding');
  reply.header('cache-control', isHashed.test(name) ? 'public, max-age=31536000, immutable' : 'no-cache');
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  const takesGzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  reply.type(file.type);
  if (!takesGzip || !file.gzipped) return reply.send(file.plain);
  return reply.header('content-encoding', 'gzip').send(file.gzipped);
}
