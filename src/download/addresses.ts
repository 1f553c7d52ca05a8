/**
 * Where a published file may be had: mirrors first, in the order in which they were named, then where it was
 * published. A mirror stands in for the part of the address that all files of a publisher have in common, so that one
 * mirror serves data sets and models alike. Nothing is fetched here.
 */
import { CycleboxError } from '../base/index.js';

/**
 * @param base the part in common, such as `https://host/cyclegan/`
 * @param path the rest, such as `datasets/horse2zebra.zip`
 * @param mirrors what stands in for `base`
 * @throws CycleboxError USAGE for a mirror that is no http or https address
 */
export function addressesOf(base: string, path: string, mirrors: readonly string[] = []): readonly string[] {
  return [...mirrors, base].map(each => new URL(path, asFolder(each)).href);
}

/** Mirrors that the environment names, with spaces between them: `CYCLEBOX_MIRRORS`. */
export function configuredMirrors(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): readonly string[] {
  return (environment['CYCLEBOX_MIRRORS'] ?? '').split(/\s+/).filter(Boolean);
}

/** With a slash at the end, without which the last part would be replaced. */
function asFolder(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
    throw new CycleboxError(
      'USAGE',
      `"${address}" is no address of a mirror. Give an http or https address, such as https://mirror.example/cyclegan/.`,
    );
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url.href;
}
