/**
 * Lets a route of the configuration file use a pair of a run: the file is changed in as few places as can be, and put back as it was if
 * the daemon refuses it. What a person has written around it stays.
 */
import { dirname, relative, sep } from 'node:path';
import { CycleboxError, readRegularText, writeFileAtomic } from '../../base/index.js';
import { listLength, withJsonValue } from '../../commented-json/index.js';
import type { DaemonConfig } from './config.js';
import { variablesByKey } from './config-origins.js';
import type { ReloadOutcome } from './config-reload.js';
import type { Environment } from './environment.js';

export interface UsePair {
  /** The configuration file, absolute. */
  readonly file: string;
  /** In force. */
  readonly config: DaemonConfig;
  /** The folder of the plugin with the pair, absolute. */
  readonly plugins: string;
  readonly pair: string;
  readonly to: string;
  /** `match` of a route that is there, which changes its pair; one that is not there is added. */
  readonly match: string;
}

/**
 * @returns what was done, for people
 * @throws CONFIG_INVALID when the daemon refuses what comes of it, or the environment says what would have to be changed
 */
export async function usePair(
  which: UsePair,
  reload: () => Promise<ReloadOutcome>,
  environment: Environment = process.env,
): Promise<string> {
  const { file, match, pair, to } = which;
  requireFromFile(environment);
  const before = await readRegularText(file);
  await writeFileAtomic(file, changed(before, which));
  const outcome = await reload();
  if (outcome.kind !== 'refused') return `The route "${match}" translates with ${pair} to ${to} now.`;
  await writeFileAtomic(file, before);
  await reload();
  throw new CycleboxError('CONFIG_INVALID', outcome.error.message, { subject: { file } });
}

/** A change of the file would change nothing. */
function requireFromFile(environment: Environment): void {
  const variables = variablesByKey(environment);
  const [variable] = ['routes', 'plugins'].flatMap(key => variables.get(key) ?? []);
  if (variable === undefined) return;
  const message = `The environment's ${variable} stands in place of what the file says: change it there, and start cyclebox again.`;
  throw new CycleboxError('CONFIG_INVALID', message);
}

function changed(text: string, { file, config, plugins, pair, to, match }: UsePair): string {
  const isThere = config.plugins.includes(plugins);
  const short = relative(dirname(file), plugins).split(sep).join('/');
  const withPlugin = isThere ? text : withJsonValue(text, ['plugins', listLength(text, ['plugins'])], short);
  const at = config.routes.findIndex(route => route.match === match);
  if (at < 0) return withJsonValue(withPlugin, ['routes', listLength(text, ['routes'])], { match, pair, to });
  return withJsonValue(withJsonValue(withPlugin, ['routes', at, 'pair'], pair), ['routes', at, 'to'], to);
}
