// Writes watch-config.schema.json from the compiled configuration schema. Run by `npm run schema`.
import { writeFileSync } from 'node:fs';
import { configJsonSchema } from '../dist/daemon/index.js';

const file = new URL('../watch-config.schema.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(configJsonSchema(), null, 2)}\n`);
