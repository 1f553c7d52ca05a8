/**
 * A small S3 server for tests, written for them over `node:http`, since no server on npm has conditional PUT (s3rver 3.7 and
 * @20minutes/s3rver 4.0 answer `If-None-Match: *` on an object that is there with 200 and overwrite it). It keeps objects in memory
 * and has what the store uses: PUT with If-None-Match and If-Match, uploads in parts, GET with ranges, lists in pages, metadata, keys
 * and rights. It is not Amazon's: signatures are not checked, only whose key it is and that a body is the one that was signed.
 */
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export interface StoredObject {
  readonly bytes: Buffer;
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** What a request is, as tests count and disturb them. */
export interface S3Call {
  /** `PUT`, `GET` … and `part`, `begin`, `complete`, `abort`, `list`, `uploads`. */
  readonly what: string;
  readonly key: string;
}

export type S3Harm =
  /** The connection is cut before an answer, after the work was done. */
  | { readonly kind: 'cut' }
  /** A GET breaks off after so many bytes. */
  | { readonly kind: 'break'; readonly afterBytes: number }
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string };

export interface TestS3 {
  readonly endpoint: string;
  readonly port: number;
  readonly bucket: string;
  readonly objects: Map<string, StoredObject>;
  /** Uploads in parts that are under way, by id. */
  readonly uploads: ReadonlyMap<string, { readonly key: string }>;
  readonly calls: readonly S3Call[];
  /** Asked at each call; undefined: none. */
  harm: (call: S3Call) => S3Harm | undefined;
  /** False: as servers without conditional PUT do. */
  isConditional: boolean;
  dispose(): Promise<void>;
}

export const testKeys = { accessKeyId: 'cyclebox-test', secretAccessKey: 'cyclebox-test-secret' };

interface Upload {
  readonly key: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly parts: Map<number, Buffer>;
}

class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
  ) {
    super(code);
  }
}

export async function openS3({ port = 0, bucket = 'images' } = {}): Promise<TestS3> {
  const objects = new Map<string, StoredObject>();
  const uploads = new Map<string, Upload>();
  const calls: S3Call[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    void answer(request, response).catch(error => refuse(response, error));
  });
  server.on('connection', socket => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const { port: own } = server.address() as { readonly port: number };

  const self: TestS3 = {
    ...{ endpoint: `http://127.0.0.1:${own}`, port: own, bucket, objects, uploads, calls },
    harm: () => undefined,
    isConditional: true,
    async dispose() {
      server.close();
      for (const socket of sockets) socket.destroy();
      if (server.listening) await once(server, 'close');
    },
  };

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', self.endpoint);
    const [, wanted = '', ...rest] = url.pathname.split('/').map(decodeURIComponent);
    const key = rest.join('/');
    const { searchParams: query } = url;
    const body = await bodyOf(request);
    requireKey(request);
    requireBody(request, body);
    if (wanted !== bucket) throw new Refusal(404, 'NoSuchBucket');
    const call: S3Call = { what: whatOf(request.method ?? '', key, query), key };
    calls.push(call);
    const harm = self.harm(call);
    if (harm?.kind === 'refuse') throw new Refusal(harm.status, harm.code);
    const send = harm?.kind === 'cut' ? () => void request.socket.destroy() : undefined;
    const breaksAfter = harm?.kind === 'break' ? harm.afterBytes : undefined;
    answers[call.what]?.({ request, response, key, query, body, send, breaksAfter });
    if (!answers[call.what]) throw new Refusal(501, 'NotImplemented');
  }

  interface Asked {
    readonly request: IncomingMessage;
    readonly response: ServerResponse;
    readonly key: string;
    readonly query: URLSearchParams;
    readonly body: Buffer;
    /** In place of an answer. */
    readonly send: (() => void) | undefined;
    readonly breaksAfter: number | undefined;
  }

  const say = ({ response, send }: Asked, headers: Record<string, string>, xml = '') =>
    send ? send() : void response.writeHead(200, headers).end(xml);

  const store = ({ request, key }: Asked, bytes: Buffer, etag: string, metadata: StoredObject['metadata']) => {
    requireCondition(request, self.isConditional, objects.get(key));
    objects.set(key, { bytes, etag, metadata });
  };

  const upload = ({ query, key }: Asked): Upload => {
    const found = uploads.get(query.get('uploadId') ?? '');
    if (!found || found.key !== key) throw new Refusal(404, 'NoSuchUpload');
    return found;
  };

  const answers: Readonly<Record<string, (asked: Asked) => void>> = {
    PUT(asked) {
      const etag = etagOf(asked.body);
      store(asked, asked.body, etag, metadataOf(asked.request));
      say(asked, { etag });
    },
    begin(asked) {
      const id = randomUUID();
      uploads.set(id, { key: asked.key, metadata: metadataOf(asked.request), parts: new Map() });
      say(asked, {}, tag('InitiateMultipartUploadResult', tag('UploadId', id)));
    },
    part(asked) {
      upload(asked).parts.set(Number(asked.query.get('partNumber')), asked.body);
      say(asked, { etag: etagOf(asked.body) });
    },
    complete(asked) {
      const { parts, metadata } = upload(asked);
      const named = [...asked.body.toString().matchAll(/<PartNumber>(\d+)<\/PartNumber>/g)].map(([, n]) => Number(n));
      if (named.length === 0 || named.some(number => !parts.has(number))) throw new Refusal(400, 'InvalidPart');
      const bytes = Buffer.concat(named.map(number => parts.get(number) as Buffer));
      const etag = `"${createHash('md5').update(bytes).digest('hex')}-${named.length}"`;
      store(asked, bytes, etag, metadata);
      uploads.delete(asked.query.get('uploadId') ?? '');
      say(asked, {}, tag('CompleteMultipartUploadResult', tag('ETag', etag)));
    },
    abort(asked) {
      upload(asked);
      uploads.delete(asked.query.get('uploadId') ?? '');
      say(asked, {});
    },
    GET(asked) {
      const found = required(objects, asked.key);
      const condition = asked.request.headers['if-match'];
      if (condition !== undefined && condition !== found.etag) throw new Refusal(412, 'PreconditionFailed');
      sendObject(asked.response, found, asked.request.headers.range, asked.breaksAfter);
    },
    HEAD(asked) {
      const found = required(objects, asked.key);
      asked.response.writeHead(200, headersOf(found, found.bytes.length)).end();
    },
    DELETE(asked) {
      objects.delete(asked.key);
      say(asked, {});
    },
    list(asked) {
      const all = [...objects].filter(([key]) => key.startsWith(asked.query.get('prefix') ?? '')).sort();
      const after = asked.query.get('continuation-token') ?? '';
      const page = all.filter(([key]) => key > after).slice(0, Number(asked.query.get('max-keys') ?? 1000));
      const last = page.at(-1)?.[0] ?? '';
      const isWhole = (all.at(-1)?.[0] ?? '') <= last;
      const next = isWhole ? '' : tag('NextContinuationToken', last);
      const contents = page.map(([key, { bytes }]) =>
        tag('Contents', tag('Key', key) + tag('Size', `${bytes.length}`)),
      );
      say(asked, {}, tag('ListBucketResult', tag('IsTruncated', `${!isWhole}`) + next + contents.join('')));
    },
    uploads(asked) {
      const prefix = asked.query.get('prefix') ?? '';
      const found = [...uploads].filter(([, { key }]) => key.startsWith(prefix));
      const each = found.map(([id, { key }]) => tag('Upload', tag('Key', key) + tag('UploadId', id)));
      say(asked, {}, tag('ListMultipartUploadsResult', tag('IsTruncated', 'false') + each.join('')));
    },
  };

  return self;
}

function whatOf(method: string, key: string, query: URLSearchParams): string {
  if (key === '') return query.has('uploads') ? 'uploads' : 'list';
  if (query.has('uploads')) return 'begin';
  if (!query.has('uploadId')) return method;
  return { PUT: 'part', POST: 'complete', DELETE: 'abort' }[method] ?? method;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts);
}

/** Whose key it is stands in the open: `Credential=KEY/…`. */
function requireKey(request: IncomingMessage): void {
  const { authorization = '' } = request.headers;
  const [, key] = /Credential=([^/]+)\//.exec(authorization) ?? [];
  if (key === undefined) throw new Refusal(403, 'AccessDenied');
  if (key !== testKeys.accessKeyId) throw new Refusal(403, 'InvalidAccessKeyId');
}

function requireBody(request: IncomingMessage, body: Buffer): void {
  const signed = request.headers['x-amz-content-sha256'];
  if (signed === undefined || signed === 'UNSIGNED-PAYLOAD') return;
  if (signed !== createHash('sha256').update(body).digest('hex')) throw new Refusal(400, 'XAmzContentSHA256Mismatch');
}

function requireCondition(request: IncomingMessage, isConditional: boolean, there: StoredObject | undefined): void {
  if (!isConditional) return;
  const { 'if-none-match': none, 'if-match': match } = request.headers;
  if (none === '*' && there) throw new Refusal(412, 'PreconditionFailed');
  if (match !== undefined && there?.etag !== match) throw new Refusal(412, 'PreconditionFailed');
}

function required(objects: ReadonlyMap<string, StoredObject>, key: string): StoredObject {
  const found = objects.get(key);
  if (found) return found;
  throw new Refusal(404, 'NoSuchKey');
}

function metadataOf({ headers }: IncomingMessage): StoredObject['metadata'] {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (name.startsWith('x-amz-meta-') ? [[name, String(value)]] : [])),
  );
}

function etagOf(bytes: Buffer): string {
  return `"${createHash('md5').update(bytes).digest('hex')}"`;
}

function headersOf({ etag, metadata }: StoredObject, length: number): Record<string, string> {
  return { etag, 'content-length': String(length), ...metadata };
}

function sendObject(response: ServerResponse, object: StoredObject, range = '', breaksAfter: number | undefined): void {
  const [, from = '0'] = /^bytes=(\d+)-$/.exec(range) ?? [];
  const bytes = object.bytes.subarray(Number(from));
  response.writeHead(range === '' ? 200 : 206, headersOf(object, bytes.length));
  if (breaksAfter === undefined || breaksAfter >= bytes.length) return void response.end(bytes);
  response.write(bytes.subarray(0, breaksAfter), () => response.destroy());
}

function refuse(response: ServerResponse, error: unknown): void {
  const { status, code } = error instanceof Refusal ? error : { status: 500, code: `InternalError ${error}` };
  if (response.headersSent) return void response.destroy();
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(tag('Error', tag('Code', code) + tag('Message', code)));
}

/** Keys in tests hold nothing that XML would take for its own. */
function tag(name: string, content: string): string {
  return `<${name}>${content}</${name}>`;
}
