/**
 * One GET over at most five redirects, to http and https addresses only, and never from https back to http: what is
 * fetched might be replaced on the way. Bodies of redirects are not read. It judges no other answer.
 */

export type Followed =
  | { readonly kind: 'answer'; readonly response: Response; readonly address: string }
  | { readonly kind: 'refused'; readonly reason: string };

const maxRedirects = 5;

/** @throws what `fetch` throws: no connection, a broken one, or the signal's reason */
export async function follow(
  address: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Followed> {
  let at = new URL(address);
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(at, { headers, signal, redirect: 'manual' });
    const location = response.status >= 300 && response.status < 400 ? response.headers.get('location') : null;
    if (location === null) return { kind: 'answer', response, address: at.href };
    await response.body?.cancel();
    const refusal = redirects === maxRedirects ? `redirected more than ${maxRedirects} times` : refuse(at, location);
    if (refusal !== undefined) return { kind: 'refused', reason: refusal };
    at = new URL(location, at);
  }
}

/** Why a redirect is not followed. */
function refuse(from: URL, location: string): string | undefined {
  if (!URL.canParse(location, from.href)) return `redirected to "${location}", which is no address`;
  const to = new URL(location, from);
  if (to.protocol !== 'http:' && to.protocol !== 'https:') return `redirected to ${to.href}, which is no web address`;
  if (from.protocol === 'https:' && to.protocol === 'http:')
    return `redirected from https to ${to.href}, which anyone on the way could change`;
  return undefined;
}
