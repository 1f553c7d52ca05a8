/**
 * Translates every image of a folder:
 *
 *     node examples/translate-folder.mjs samples/satellite-to-map results satellite-map map
 *
 * The model is opened once. A file that is no image is named and passed over; nothing is overwritten.
 */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join, parse } from 'node:path';
import { openTranslator } from 'cyclebox';

const [folder, out, pair = 'satellite-map', to = 'map'] = process.argv.slice(2);
if (!folder || !out) throw new Error('Give a folder with images and one for the results.');

await mkdir(out, { recursive: true });
const translator = await openTranslator({ pair, to });
console.log(`${translator.model} on ${translator.device.name}`);
try {
  for (const name of (await readdir(folder)).sort()) await translateOne(name);
} finally {
  await translator.dispose();
}

/** @param {string} name */
async function translateOne(name) {
  const started = performance.now();
  try {
    const { data, width, height, format } = await translator.translate(join(folder, name));
    const result = join(out, `${parse(name).name}.${format}`);
    await writeFile(result, data, { flag: 'wx' });
    console.log(`${name} → ${result}  ${width} × ${height}, ${Math.round(performance.now() - started)} ms`);
  } catch (error) {
    // Errors of cyclebox have a code, and say what to do.
    console.error(`${name}: ${error.code} ${error.message}`);
    process.exitCode = 1;
  }
}
