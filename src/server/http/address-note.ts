/** Where the dashboard listens, noted in the state folder for `cyclebox open`: with port 0, nobody else knows. Without the token. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type Disposable, readRegularText, writeFileAtomic } from '../../base/index.js';

const noteName = 'dashboard.json';
const privateMode = 0o600;

/** The note goes with the dashboard; that of one that was killed stays until the next. */
export async function noteAddress(state: string, address: string): Promise<Disposable> {
  const file = join(state, noteName);
  await writeFileAtomic(file, `${JSON.stringify({ address, pid: process.pid })}\n`, privateMode);
  return { dispose: () => rm(file, { force: true }) };
}

/** Undefined where none is noted. */
export async function notedAddress(state: string): Promise<string | undefined> {
  try {
    const { address } = JSON.parse(await readRegularText(join(state, noteName))) as { readonly address?: unknown };
    return typeof address === 'string' && /^http:\/\/[\w.:[\]-]+\/$/.test(address) ? address : undefined;
  } catch {
    return undefined;
  }
}

/** The token is the fragment, which browsers send to nobody. */
export function entranceOf(address: string, token: string): string {
  return `${address}#token=${encodeURIComponent(token)}`;
}
