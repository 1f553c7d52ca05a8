// Writes what is made of the compiled schemas: watch-config.schema.json, train.schema.json, sweep.schema.json,
// plugin.schema.json and the tables of docs/training.md and docs/watch-config.md. Run by `npm run schema`.
import { readFileSync, writeFileSync } from 'node:fs';
import { withEnvironmentTable } from '../dist/cli/options/environment-table.js';
import { withOptionTables } from '../dist/cli/options/option-table.js';
import { sweepFileJsonSchema } from '../dist/cli/train/sweep-config.js';
import { trainingFileJsonSchema } from '../dist/cli/train/train-config.js';
import { configJsonSchema } from '../dist/daemon/index.js';
import { pluginJsonSchema } from '../dist/plugin-host/index.js';

const file = name => new URL(`../${name}`, import.meta.url);
const writeJson = (name, value) => writeFileSync(file(name), `${JSON.stringify(value, null, 2)}\n`);

writeJson('watch-config.schema.json', configJsonSchema());
writeJson('train.schema.json', trainingFileJsonSchema());
writeJson('sweep.schema.json', sweepFileJsonSchema());
writeJson('plugin.schema.json', pluginJsonSchema());

const rewrite = (name, change) => writeFileSync(file(name), change(readFileSync(file(name), 'utf8')));

rewrite('docs/training.md', withOptionTables);
rewrite('docs/watch-config.md', withEnvironmentTable);
