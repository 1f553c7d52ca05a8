/**
 * A photograph of 12 megapixels through a pair's generator, as it is and at the size that the generator was trained at with the
 * change brought back. Each in a process of its own, whose largest memory is the row's. Decoding and encoding are left out.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ownGenerator } from './generator.mjs';

const photograph = { width: 4000, height: 3000 };
/** The shorter side, pixels, of the training images of a model with crops of 256. */
const trainedSize = 286;

/** @param {{ threads: number, scales: readonly (string | number)[] }} options */
export async function scaleRows({ threads, scales }) {
  const folder = await mkdtemp(join(tmpdir(), 'cyclebox-bench-'));
  try {
    const model = join(folder, 'model.onnx');
    await writeFile(model, ownGenerator(32, 8, { trainedSize, upsample: 'resize' }));
    const rows = [];
    for (const scale of scales) rows.push({ scale, ...(await measure(model, scale, threads)) });
    return rows;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(model, scale, threads) {
  const args = [fileURLToPath(import.meta.url), model, String(scale), String(threads)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout);
}

/** In the process of its own: prints the row. */
async function translateOnce(model, scale, threads) {
  const { decodeImage, resizePicture } = await import('../dist/image/index.js');
  const { openTranslator } = await import('../dist/translate/index.js');
  const sample = fileURLToPath(new URL('../samples/summer-to-winter/aizkorri.jpg', import.meta.url));
  const picture = await resizePicture(await decodeImage(sample), photograph.width, photograph.height);
  const translator = await openTranslator({ model, scale: Number(scale) || scale, engine: 'cpu', threads });
  const before = process.memoryUsage().rss;
  const start = performance.now();
  const cpu = process.cpuUsage();
  const { shownAs } = await translator.translatePicture(picture);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await translator.dispose();
  const peakMB = process.resourceUsage().maxRSS / 1000;
  const { width, height } = shownAs ?? photograph;
  console.log(
    JSON.stringify({
      shownAs: `${width} × ${height}`,
      seconds,
      cpuSeconds: (user + system) / 1e6,
      peakMB,
      beforeMB: before / 1e6,
    }),
  );
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await translateOnce(...process.argv.slice(2, 4), Number(process.argv[4]));
