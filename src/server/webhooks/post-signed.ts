/**
 * One signed message to one address. `x-cyclebox-signature: t=SECONDS,v1=HEX` holds the HMAC-SHA256, with the shared secret, of
 * `SECONDS.BODY`: a receiver that compares it, and the time, knows who sent it and that it is no repeat of an old one. Redirects are not followed.
 */
import { createHmac } from 'node:crypto';
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { packageVersion } from '../../base/index.js';

export interface SignedMessage {
  readonly url: string;
  readonly body: string;
  readonly id: string;
  readonly secret: string;
  /** Since 1970. */
  readonly atSeconds: number;
}

/** Returns why it was not taken; undefined when it was. Never rejects. */
export type PostSigned = (message: SignedMessage, signal: AbortSignal) => Promise<string | undefined>;

const withinMs = 10_000;

export const postSigned: PostSigned = ({ url, body, id, secret, atSeconds }, signal) => {
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': `cyclebox/${packageVersion()}`,
    'x-cyclebox-delivery': id,
    'x-cyclebox-signature': signatureOf(body, secret, atSeconds),
  };
  const request = url.startsWith('https:') ? requestSecure : requestPlain;
  return new Promise(resolve => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(withinMs)]);
    const outgoing = request(url, { method: 'POST', headers, agent: false, signal: limit }, response => {
      const { statusCode = 0 } = response;
      response.resume();
      resolve(statusCode >= 200 && statusCode < 300 ? undefined : `it answered ${statusCode}`);
    });
    outgoing.on('error', error => resolve(limit.aborted ? 'it did not answer in time' : error.message));
    outgoing.end(body);
  });
};

export function signatureOf(body: string, secret: string, atSeconds: number): string {
  const digest = createHmac('sha256', secret).update(`${atSeconds}.${body}`).digest('hex');
  return `t=${atSeconds},v1=${digest}`;
}
