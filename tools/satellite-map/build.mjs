/**
 * `npm run dataset:satellite-map`: installs this folder's own packages where they are missing, then builds the data set.
 * Not the builder itself (that is `dataset.mjs`); what is imported statically here needs Node alone.
 * What must stay true: it works from a fresh clone, and never touches the root's node_modules.
 */
import { ensurePackages } from './packages.mjs';

ensurePackages();
const { main } = await import('./dataset.mjs');
await main(process.argv.slice(2));
