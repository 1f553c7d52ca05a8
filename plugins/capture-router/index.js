/**
 * A router for photos: the first rule that fits one chooses its translation. What a photo does not say, no rule can fit; a photo
 * that none fits is left to whoever asked. The rules are read once, when the plugin starts: a wrong one keeps it from starting.
 */
import { readRule } from './rules.js';

/** @param {import('cyclebox/plugin').PluginContext<{ rules: readonly string[], hemisphere: 'north' | 'south' }>} context */
export function activate(context) {
  const { rules, hemisphere } = context.settings;
  const known = rules.map(text => readRule(text, hemisphere));
  context.subscriptions.push(
    context.registerRouter('by-capture', ({ capture }) => known.find(rule => rule.fits(capture))?.decision),
  );
}
