/**
 * The command that trains a model, from what the model says of its training: every option in which it differs from what a
 * new pair has, and no other. Not the run itself: a model that was stopped early or begun from another's weights says so.
 */
import { isDeepStrictEqual } from 'node:util';
import { flagOf, propertiesOf } from '../../dist/cli/options/schema-options.js';
import { resolveTrainingSettings, trainingOptionsSchema } from '../../dist/training/index.js';

/** A plugin's recipe is named by `recipe`; its graph is no option. */
const optionsSchema = trainingOptionsSchema.omit({ recipeGraph: true });
/** Given by the caller; `warmStart` is a folder that the model does not name. */
const elsewhere = new Set(['pair', 'domains', 'a', 'b', 'out', 'warmStart']);
/** Files of 0.1.0 do not name what had no choice then. */
const oldDefaults = { upsample: 'transpose', ema: 0 };

/**
 * @param {Readonly<Record<string, unknown>>} training the model's metadata: settings and the step
 * @param {{ pair: string, domains: readonly [string, string], a: string, b: string, out: string, warmStart?: string }} place
 * @returns {string} on as many lines as it takes
 */
export function trainCommand(training, { pair, domains, a, b, out, warmStart = 'DIR' }) {
  const options = differing({ ...oldDefaults, ...training }, { pair, domains, a, b, out });
  const properties = propertiesOf(optionsSchema);
  const flags = Object.entries(options).map(([name, value]) => flagText(flagOf(name, properties[name]), value));
  const domainsFlag = pair === domains.join('-') ? [] : [`--domains ${domains.join(',')}`];
  const warm = training.warmStart ? [`--warm-start ${warmStart}`] : [];
  const words = [`--pair ${pair}`, ...domainsFlag, `--a ${a}`, `--b ${b}`, `--out ${out}`, ...warm, ...flags];
  return wrapped('npx cyclebox train', [...words, '--weights float16']);
}

/** One after another: some follow from others, and are named only where they do not. */
function differing(training, place) {
  const options = {};
  for (const name of Object.keys(optionsSchema.shape)) {
    if (elsewhere.has(name) || training[name] === undefined) continue;
    const resolved = resolveTrainingSettings({ ...place, ...options });
    if (!isDeepStrictEqual(resolved[name], training[name])) options[name] = training[name];
  }
  return options;
}

function flagText(flag, value) {
  if (typeof value === 'boolean') return value ? `--${flag}` : `--no-${flag}`;
  return `--${flag} ${Array.isArray(value) ? value.join(',') : value}`;
}

/** In lines of at most so many characters, ended by backslashes. */
export function wrapped(first, words, most = 116) {
  const lines = [first];
  for (const word of words) {
    const line = `${lines.at(-1)} ${word}`;
    if (line.length <= most) lines[lines.length - 1] = line;
    else lines.push(`  ${word}`);
  }
  return lines.join(' \\\n');
}
