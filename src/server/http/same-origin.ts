/**
 * Whether a request comes from the dashboard's own pages. What changes something must say so, by `Sec-Fetch-Site` or, where the browser
 * sends none (plain HTTP on a network), by an `Origin` that is the host asked for. Programs send neither, and then need the token itself: a
 * cookie alone is a browser's.
 */
import type { IncomingHttpHeaders } from 'node:http';

export type Provenance =
  /** One of our own pages. */
  | 'own'
  /** Another site's page. */
  | 'foreign'
  /** Nobody says: a program, or an old browser's plain navigation. */
  | 'unsaid';

export function provenanceOf(headers: IncomingHttpHeaders): Provenance {
  const site = headers['sec-fetch-site'];
  // `none`: somebody typed the address or used a bookmark.
  if (site !== undefined) return site === 'same-origin' || site === 'none' ? 'own' : 'foreign';
  const { origin } = headers;
  if (origin === undefined) return 'unsaid';
  return isOrigin(origin, headers.host) ? 'own' : 'foreign';
}

/** @param origin `http://host:port`; or `null`, as sandboxed pages send it */
function isOrigin(origin: string, host: string | undefined): boolean {
  try {
    const { protocol, host: from } = new URL(origin);
    return /^https?:$/.test(protocol) && from === host?.toLowerCase();
  } catch {
    return false;
  }
}
