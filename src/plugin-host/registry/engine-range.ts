/**
 * Holds `engines.cyclebox` of a manifest against the version of the plugin API. A range must stay within major versions that it
 * names: nobody can know that they can use one that is not there yet.
 */
import semver from 'semver';
import { type Contributions, pluginApiVersion } from '../../plugin-api/index.js';

export type EngineVerdict =
  | { readonly kind: 'fits' }
  /** Made before the API had a version of its own; what it contributes means the same today. */
  | { readonly kind: 'legacy' }
  | { readonly kind: 'mismatch'; readonly remedy: string };

/** The versions of cyclebox that stood for the plugin API before it had one. */
const legacyRange = '>=0.1.0-0 <0.2.0-0';

/** @param range a semver range */
export function judgeEngine(range: string, contributes: Contributions): EngineVerdict {
  const parts = range.split('||').map(part => part.trim());
  if (parts.every(part => isWithin(part, legacyRange))) return judgeLegacy(contributes);
  if (!parts.every(pinsMajor)) {
    return { kind: 'mismatch', remedy: `It must pin the major version: write "^${pluginApiVersion}".` };
  }
  if (semver.satisfies(pluginApiVersion, range, { includePrerelease: true })) return { kind: 'fits' };
  return { kind: 'mismatch', remedy: 'Update cyclebox, or install a version of it that was made for this API.' };
}

function judgeLegacy(contributes: Contributions): EngineVerdict {
  const isPairsOnly = Object.keys(contributes).every(point => point === 'domainPairs');
  if (isPairsOnly) return { kind: 'legacy' };
  return {
    kind: 'mismatch',
    remedy: `Only plugins with nothing but domainPairs may be so old: write "^${pluginApiVersion}".`,
  };
}

function pinsMajor(range: string): boolean {
  const least = semver.minVersion(range);
  return least !== null && isWithin(range, `>=${least.major}.0.0-0 <${least.major + 1}.0.0-0`);
}

function isWithin(range: string, outer: string): boolean {
  return semver.subset(range, outer, { includePrerelease: true });
}
