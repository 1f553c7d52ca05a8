/**
 * `npm run picture`: README's picture, docs/images/pairs.jpg. It shows what the pairs do that have models here: for each
 * direction the first of its samples, or as many as `--each` says, beside their translations. What must stay true: the
 * samples are taken in the order of their names, never by how well they came out.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import sharp from 'sharp';
import { directionName, planDemo, samplesFolder } from '../dist/cli/demo/demo-plan.js';
import { writeContactSheet } from '../dist/cli/sheets/contact-sheet.js';
import { openTranslator } from '../dist/index.js';

const { values } = parseArgs({
  options: {
    each: { type: 'string', default: '1' },
    out: { type: 'string', default: fileURLToPath(new URL('../docs/images/pairs.jpg', import.meta.url)) },
  },
});

/** Translates files into a folder; paths before and after. */
async function translateAll({ pair, to, folder }, files, into) {
  const translator = await openTranslator({ pair, to });
  try {
    const shown = [];
    for (const [index, before] of files.entries()) {
      const after = join(into, `${folder}-${index}.png`);
      await writeFile(after, (await translator.translate(before, { format: 'png' })).data);
      shown.push({ before, after });
    }
    return shown;
  } finally {
    await translator.dispose();
  }
}

async function main() {
  const { routes } = await planDemo();
  const into = await mkdtemp(join(tmpdir(), 'cyclebox-picture-'));
  try {
    const shown = new Map();
    // Those with samples of their own first: the others are shown on what they make.
    for (const route of routes.toSorted((a, b) => b.samples.length - a.samples.length)) {
      const own = route.samples.slice(0, Number(values.each)).map(name => join(samplesFolder, route.folder, name));
      const files = route.shownOn === undefined ? own : shown.get(route.shownOn).map(({ after }) => after);
      shown.set(route.folder, await translateAll(route, files, into));
    }
    const entries = routes.flatMap(route =>
      shown.get(route.folder).map(files => ({
        caption: `${directionName(route)}${route.shownOn === undefined ? '' : ', of what the other direction made'}`,
        ...files,
      })),
    );
    const sheet = join(into, 'sheet.png');
    await writeContactSheet(sheet, entries);
    await sharp(sheet).jpeg({ quality: 88, chromaSubsampling: '4:4:4', mozjpeg: true }).toFile(values.out);
  } finally {
    await rm(into, { recursive: true, force: true });
  }
}

await main();
