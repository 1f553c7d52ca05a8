/**
 * Where the page is: path and query as a signal, changed by links, by `navigate` and by the browser's own buttons. Whatever a view
 * depends on (filters, the step of a training) stands in the query, so that an address shows the same to everybody.
 */
import { computed, signal } from '@preact/signals';

const current = signal(read());

export const path = computed(() => current.value.pathname);
export const query = computed<URLSearchParams>(() => new URLSearchParams(current.value.search));

export function navigate(address: string, { replace = false }: { readonly replace?: boolean } = {}): void {
  if (replace) history.replaceState(null, '', address);
  else history.pushState(null, '', address);
  current.value = read();
}

/** Changes some of the query; undefined or empty takes a key away. */
export function setQuery(changes: Readonly<Record<string, string | undefined>>, options = { replace: true }): void {
  const next = new URLSearchParams(current.value.search);
  for (const [key, value] of Object.entries(changes)) {
    if (value === undefined || value === '') next.delete(key);
    else next.set(key, value);
  }
  const text = next.toString();
  navigate(current.value.pathname + (text === '' ? '' : `?${text}`), options);
}

/** Links of our own change the page instead of loading it. @returns what ends it */
export function followLinks(): () => void {
  const onClick = (event: MouseEvent) => {
    const link = (event.target as Element | null)?.closest?.('a[href]');
    if (!(link instanceof HTMLAnchorElement) || !isOurs(link) || isSpecial(event)) return;
    event.preventDefault();
    if (link.href !== location.href) navigate(link.pathname + link.search);
  };
  const onPop = () => {
    current.value = read();
  };
  document.addEventListener('click', onClick);
  window.addEventListener('popstate', onPop);
  return () => {
    document.removeEventListener('click', onClick);
    window.removeEventListener('popstate', onPop);
  };
}

function isOurs(link: HTMLAnchorElement): boolean {
  const isPage = link.origin === location.origin && !link.pathname.startsWith('/api/') && link.hash === '';
  return isPage && link.target === '' && !link.hasAttribute('download');
}

function isSpecial(event: MouseEvent): boolean {
  const { defaultPrevented, button, metaKey, ctrlKey, shiftKey, altKey } = event;
  return defaultPrevented || button !== 0 || metaKey || ctrlKey || shiftKey || altKey;
}

function read(): { readonly pathname: string; readonly search: string } {
  return { pathname: location.pathname, search: location.search };
}
