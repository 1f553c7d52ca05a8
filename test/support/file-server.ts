/**
 * A web server with one file, on 127.0.0.1. It answers as an honest server does (ranges, If-Range, ETag) unless it is told
 * to misbehave: once for each request, in order, and honestly after that. It keeps what it was asked.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
}

export interface HonestAnswer {
  readonly status: 200 | 206;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: Uint8Array;
  /** The whole file, whatever was asked. */
  readonly whole: Uint8Array;
}

/** @param honest what an honest server would answer */
export type Misbehaviour = (request: IncomingMessage, response: ServerResponse, honest: HonestAnswer) => void;

export interface FileServer {
  /** Ends with a slash; any path below it is the file. */
  readonly base: string;
  readonly asked: readonly Asked[];
  /** The file from now on. */
  content: Uint8Array;
  etag: string | undefined;
  misbehave(...answers: readonly Misbehaviour[]): void;
}

/** It is closed when the running test ends. */
export async function fileServer(content: Uint8Array): Promise<FileServer> {
  const asked: Asked[] = [];
  const queue: Misbehaviour[] = [];
  const served = { content, etag: '"first"' as string | undefined };
  const server = createServer((request, response) => {
    const { range, 'if-range': ifRange } = request.headers;
    asked.push({ path: request.url!, range, ifRange: ifRange as string | undefined });
    const honest = answerTo(request, served);
    (queue.shift() ?? honestly)(request, response, honest);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return Object.assign(served, { base, asked, misbehave: (...answers: Misbehaviour[]) => void queue.push(...answers) });
}

/** An address where nobody listens; ends with a slash. */
export async function deafAddress(): Promise<string> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return `http://127.0.0.1:${port}/`;
}

function answerTo(
  request: IncomingMessage,
  { content, etag }: { content: Uint8Array; etag: string | undefined },
): HonestAnswer {
  const { range, 'if-range': ifRange } = request.headers;
  const headers = { 'accept-ranges': 'bytes', 'content-type': 'application/zip', ...(etag !== undefined && { etag }) };
  const from = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1]);
  const goesOn = from < content.length && (ifRange === undefined || ifRange === etag);
  if (!goesOn)
    return { status: 200, headers: { ...headers, 'content-length': content.length }, body: content, whole: content };
  const body = content.subarray(from);
  const part = {
    'content-length': body.length,
    'content-range': `bytes ${from}-${content.length - 1}/${content.length}`,
  };
  return { status: 206, headers: { ...headers, ...part }, body, whole: content };
}

const honestly: Misbehaviour = (_request, response, { status, headers, body }) => {
  response.writeHead(status, headers).end(body);
};

/** Announces everything, sends so many bytes, and breaks the connection. */
export const cutAfter =
  (bytes: number): Misbehaviour =>
  (_request, response, { status, headers, body }) => {
    response.writeHead(status, headers);
    response.write(body.subarray(0, bytes), () => response.destroy());
  };

/** Sends so many bytes and then nothing more, with the connection open. */
export const stallAfter =
  (bytes: number): Misbehaviour =>
  (_request, response, { status, headers, body }) => {
    response.writeHead(status, headers);
    response.write(body.subarray(0, bytes));
  };

/** Says that there are more (or fewer) bytes than there are, and closes after sending what it has. */
export const sayLength =
  (bytes: number): Misbehaviour =>
  (_request, response, { status, headers, body }) => {
    response.writeHead(status, { ...headers, 'content-length': bytes });
    response.write(body.subarray(0, bytes), () => response.destroy());
  };

export const answer =
  (status: number, headers: Readonly<Record<string, string>> = {}, body = ''): Misbehaviour =>
  (_request, response) => {
    response.writeHead(status, headers).end(body);
  };

/** A page, with the status of success, as logins and captchas are served. */
export const servePage: Misbehaviour = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/html' });
  response.end('<!DOCTYPE html>\n<html><head><title>Sign in to continue</title></head><body>…</body></html>');
};

/** Knows nothing of ranges: always everything. */
export const ignoreRange: Misbehaviour = (_request, response, { whole }) => {
  response.writeHead(200, { 'content-type': 'application/zip', 'content-length': whole.length }).end(whole);
};
