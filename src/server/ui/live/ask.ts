/**
 * One request of the contract, typed by it. An answer that is no success throws a `Refused` with the server's code and message, so
 * that pages show the same sentences as the command line. A 401 anywhere locks the page: it asks for the token.
 */
import type { Answer, Body, EndpointName, Params, Query } from '../contract.js';
import { addresses } from './addresses.js';
import { connection } from './connection.js';

export interface AskOptions<Name extends EndpointName> {
  readonly params?: Params<Name> | undefined;
  readonly query?: Query<Name> | undefined;
  readonly body?: Body<Name> | Blob | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The server said no, or could not be reached (`code` is `UNREACHABLE`). */
export class Refused extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message: string, status: number) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** @throws Refused */
export async function ask<Name extends EndpointName>(
  name: Name,
  { params, query, body, signal }: AskOptions<Name> = {},
): Promise<Answer<Name>> {
  const [method = 'GET'] = addresses[name].split(' ');
  const response = await reach(addressOf(name, params, query), {
    method,
    ...(signal && { signal }),
    ...(body !== undefined && contentOf(body)),
  });
  if (!response.ok) throw await refusalOf(response);
  return (response.status === 204 ? undefined : await response.json()) as Answer<Name>;
}

/** For images, and links to what is asked for. */
export function addressOf<Name extends EndpointName>(name: Name, params?: Params<Name>, query?: Query<Name>): string {
  const [, path = ''] = addresses[name].split(' ');
  const given = (params ?? {}) as Readonly<Record<string, unknown>>;
  const filled = path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(String(given[key])));
  const search = queryText((query ?? {}) as Readonly<Record<string, unknown>>);
  return search === '' ? filled : `${filled}?${search}`;
}

/** Lists become `a,b`; what is undefined or empty is left out. */
export function queryText(query: Readonly<Record<string, unknown>>): string {
  const entries = Object.entries(query)
    .map(([key, value]) => [key, Array.isArray(value) ? value.join(',') : String(value ?? '')] as [string, string])
    .filter(([, value]) => value !== '');
  return new URLSearchParams(entries).toString();
}

function contentOf(body: unknown): Pick<RequestInit, 'body' | 'headers'> {
  if (body instanceof Blob) return { body, headers: { 'content-type': 'application/octet-stream' } };
  return { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
}

async function reach(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, { ...init, credentials: 'same-origin' });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Refused('UNREACHABLE', 'The daemon cannot be reached. "cyclebox status" on its machine says more.', 0);
  }
}

async function refusalOf(response: Response): Promise<Refused> {
  if (response.status === 401) connection.value = { kind: 'locked' };
  const answer: unknown = await response.json().catch(() => undefined);
  const { code = `HTTP_${response.status}`, message = response.statusText } =
    (answer as { readonly error?: { readonly code?: string; readonly message?: string } } | undefined)?.error ?? {};
  return new Refused(code, message, response.status);
}
