/** The token stands in the address as a fragment; it becomes a cookie that no script can read, and goes from the address at once. */
import { ask } from './ask.js';
import { connection } from './connection.js';

/** @returns whether the page may go on; an old cookie may be good also where the token is not */
export async function enter(): Promise<void> {
  const token = new URLSearchParams(location.hash.slice(1)).get('token');
  if (token === null) return;
  history.replaceState(history.state, '', location.pathname + location.search);
  await openSession(token).catch(() => {});
}

/** @throws Refused where the token is wrong */
export async function openSession(token: string): Promise<void> {
  await ask('openSession', { body: { token } });
  if (connection.value.kind === 'locked') connection.value = { kind: 'opening' };
}
