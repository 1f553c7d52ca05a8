/** The machine and what is installed on it, as far as cyclebox is concerned. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { join } from 'node:path';
import { satisfies } from 'semver';
import { packageRoot, packageVersion } from '../base/index.js';
import type { Complaint, InstallationReport, MachineReport } from './report.js';

interface Manifest {
  readonly version?: string;
  readonly engines?: { readonly node?: string };
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

export function examineMachine(): MachineReport {
  return {
    platform: `${process.platform}-${process.arch}`,
    processor: cpus()[0]?.model.trim() || 'unknown CPU',
    threads: availableParallelism(),
    memoryBytes: totalmem(),
    availableMemoryBytes: availableMemory(),
  };
}

/** @param complaints where what is wrong is added */
export async function examineInstallation(complaints: Complaint[]): Promise<InstallationReport> {
  const manifest = readManifest(join(packageRoot, 'package.json'));
  checkNode(manifest?.engines?.node ?? '*', complaints);
  await checkNatives(complaints);
  const packages: Record<string, string> = {};
  for (const name of Object.keys(manifest?.dependencies ?? {})) {
    const version = installedVersion(name);
    if (version !== undefined) packages[name] = version;
    else complaints.push(broken(`The package ${name} is not installed.`));
  }
  for (const name of Object.keys(manifest?.peerDependencies ?? {})) {
    const version = installedVersion(name);
    if (version !== undefined) packages[name] = version;
  }
  return { cyclebox: packageVersion(), node: process.versions.node, packages };
}

function checkNode(wanted: string, complaints: Complaint[]): void {
  if (satisfies(process.versions.node, wanted)) return;
  const message = `cyclebox needs Node ${wanted}, this is ${process.versions.node}. Install a current Node.`;
  complaints.push({ about: 'installation', blocking: true, message });
}

/** Native packages are the ones that are installed for another system, or not at all, and then fail in the middle. */
async function checkNatives(complaints: Complaint[]): Promise<void> {
  for (const name of ['sharp', 'libsql']) {
    try {
      await import(name);
    } catch (error) {
      const [line] = (error instanceof Error ? error.message : String(error)).trim().split('\n');
      complaints.push(broken(`The package ${name} does not load: ${line}.`));
    }
  }
}

function broken(message: string): Complaint {
  return { about: 'installation', blocking: true, message, remedy: 'npm ci' };
}

/** By its folder: many packages do not let their manifest be asked for by name. */
function installedVersion(name: string): string | undefined {
  const folders = createRequire(join(packageRoot, 'package.json')).resolve.paths(name) ?? [];
  const inProject = createRequire(join(process.cwd(), 'package.json')).resolve.paths(name) ?? [];
  for (const folder of [...folders, ...inProject]) {
    const version = readManifest(join(folder, name, 'package.json'))?.version;
    if (version !== undefined) return version;
  }
  return undefined;
}

function readManifest(path: string): Manifest | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  } catch {
    return undefined;
  }
}

/** Linux counts its file cache as used in `freemem`. */
function availableMemory(): number {
  try {
    const kibibytes = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return kibibytes === undefined ? freemem() : Number(kibibytes) * 1024;
  } catch {
    return freemem();
  }
}
