/**
 * The token that lets somebody in, also on this machine, which others use too. It comes as `Authorization: Bearer`, or as a cookie that was
 * given for it: the cookie is worked out from the token, so that it outlives the daemon and ends with the token. Tries are counted.
 */
import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { chmodSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { readRegularText, writeFileAtomic } from '../../base/index.js';

const tokenFile = 'dashboard-token';
const cookieDays = 90;

export type Credential = 'token' | 'cookie' | undefined;

export class Access {
  readonly #token: string;
  readonly #session: string;

  constructor(token: string) {
    this.#token = token;
    this.#session = createHmac('sha256', token).update('cyclebox dashboard session').digest('base64url');
  }

  isToken(given: string): boolean {
    return isSame(given, this.#token);
  }

  /** @param port the one that was asked at: cookies do not tell ports apart, their names do */
  credentialOf({ authorization, cookie }: IncomingHttpHeaders, port: number): Credential {
    const bearer = /^Bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    if (bearer !== undefined) return this.isToken(bearer) ? 'token' : undefined;
    return cookiesIn(cookie, port).some(value => isSame(value, this.#session)) ? 'cookie' : undefined;
  }

  /** `Set-Cookie` for a browser that has shown the token. */
  grant(port: number): string {
    return `${cookieName(port)}=${this.#session}; Path=/; HttpOnly; SameSite=Strict; Max-Age=${cookieDays * 86_400}`;
  }

  revoke(port: number): string {
    return `${cookieName(port)}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0`;
  }
}

const cookieName = (port: number) => `cyclebox-${port}`;

function cookiesIn(header: string | undefined, port: number): readonly string[] {
  const pairs = (header ?? '').split(';').map(pair => pair.trim().split('='));
  return pairs.filter(([name]) => name === cookieName(port)).map(([, value = '']) => value);
}

/** Of equal length by their hashes, and in the same time whatever they are. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}

/**
 * The token of a state folder, made at the first start; only the user can read it.
 * @throws what the system says where it cannot be kept
 */
export async function keptToken(state: string): Promise<string> {
  const known = await readKeptToken(state);
  if (known !== undefined) return known;
  const token = randomBytes(24).toString('base64url');
  await writeFileAtomic(join(state, tokenFile), `${token}\n`, 0o600);
  return token;
}

/** Undefined where none was made, or what is there is none. */
export async function readKeptToken(state: string): Promise<string | undefined> {
  const file = join(state, tokenFile);
  const text = await readRegularText(file).catch(() => '');
  if (!/^[\w-]{32,}\n$/.test(text)) return undefined;
  chmodSync(file, 0o600);
  return text.trim();
}
