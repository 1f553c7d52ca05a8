/** A registry as npm knows them, with the packages that a test hands it: a document for each, and its tarballs. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished, vi } from 'vitest';
import { temporaryFolder } from './pictures.js';
import { type TarEntry, tarball } from './tar-bytes.js';

export interface RegistryPackage {
  readonly name: string;
  readonly version: string;
  /** Of its `package.json`, besides name and version. */
  readonly manifest: object;
  /** Other files, by path in the package. */
  readonly files: Readonly<Record<string, string>>;
}

/** Listens on this machine until the test ends; npm is led there by its environment, with a cache of its own. @returns what was asked for */
export async function npmRegistry(
  packages: readonly RegistryPackage[],
): Promise<{ readonly asked: readonly string[] }> {
  const asked: string[] = [];
  const archives = new Map(packages.map(one => [`/${one.name}/-/${one.version}.tgz`, archiveOf(one)]));
  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? '');
    asked.push(path);
    const archive = archives.get(path);
    const versions = packages.filter(({ name }) => path === `/${name}`);
    if (archive) response.end(archive);
    else if (versions.length > 0) response.end(JSON.stringify(documentOf(versions, origin, archives)));
    else response.writeHead(404).end('{}');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  vi.stubEnv('npm_config_registry', origin);
  vi.stubEnv('npm_config_cache', await temporaryFolder());
  vi.stubEnv('npm_config_noproxy', '127.0.0.1');
  vi.stubEnv('npm_config_fetch_retries', '0');
  onTestFinished(() => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  });
  return { asked };
}

function archiveOf({ name, version, manifest, files }: RegistryPackage): Buffer {
  const entries: TarEntry[] = [
    { path: 'package/package.json', content: JSON.stringify({ name, version, ...manifest }) },
    ...Object.entries(files).map(([path, content]) => ({ path: `package/${path}`, content })),
  ];
  return tarball(entries);
}

function documentOf(
  versions: readonly RegistryPackage[],
  origin: string,
  archives: ReadonlyMap<string, Buffer>,
): object {
  const { name } = versions[0]!;
  const each = versions.map(({ version, manifest }) => {
    const path = `/${name}/-/${version}.tgz`;
    const integrity = `sha512-${createHash('sha512').update(archives.get(path)!).digest('base64')}`;
    return [version, { name, version, ...manifest, dist: { tarball: origin + path, integrity } }] as const;
  });
  return { name, 'dist-tags': { latest: versions.at(-1)!.version }, versions: Object.fromEntries(each) };
}
