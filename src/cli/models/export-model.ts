/** The work of `cyclebox models export`: one model for another program, whole or not at all, and never over another file. */
import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CycleboxError, temporaryPathFor } from '../../base/index.js';
import {
  type ExportedFiles,
  type ExportedPrecision,
  type ExportedStorage,
  type ExportFormat,
  exportModel,
} from '../../model-files/index.js';
import { exitCodes } from '../terminal/index.js';
import { type NamedModel, resolveModel } from './named-model.js';

export interface ExportModelOptions extends NamedModel {
  readonly out: string;
  readonly as?: ExportFormat;
  readonly weights?: ExportedStorage;
  readonly precision?: ExportedPrecision;
  readonly network?: string;
  readonly architecture?: string;
  readonly replace?: boolean;
  readonly json?: boolean;
}

/** @returns the exit code. @throws CycleboxError as `exportModel`; FILE_EXISTS, WRITE_FAILED */
export async function exportModelFile(file: string | undefined, options: ExportModelOptions): Promise<number> {
  const { out, weights: storage = 'float32', precision = 'float32', network, architecture, replace = false } = options;
  const format = options.as ?? formatOf(out);
  const source = await resolveModel(file, options);
  const exported = await exportModel(source, { format, storage, precision, network, architecture });
  if (!replace) await requireFree(out);
  await writeWhole(out, exported, format === 'tensorflow-js');
  const sizeBytes = exported.files.reduce((sum, { content }) => sum + content.length, 0);
  const { notes } = exported;
  const said = notes.map(note => `  ${note}\n`).join('');
  const text = `${source} → ${out} (${format}, ${precision === 'int8' ? precision : storage}, ${(sizeBytes / 1e6).toFixed(1)} MB)\n${said}`;
  process.stdout.write(
    options.json ? `${JSON.stringify({ source, out, format, storage, precision, sizeBytes, notes }, null, 2)}\n` : text,
  );
  return exitCodes.ok;
}

const endings: readonly (readonly [RegExp, ExportFormat])[] = [
  [/\.onnx$/i, 'onnx'],
  [/\.safetensors$/i, 'safetensors'],
  [/\.(?:pth|pt)$/i, 'pytorch'],
];

/** By the ending of the name. @throws CycleboxError USAGE */
function formatOf(out: string): ExportFormat {
  const found = endings.find(([ending]) => ending.test(out));
  if (found) return found[1];
  throw new CycleboxError(
    'USAGE',
    `${out} does not say a format: let it end in .onnx, .safetensors or .pth, or name one, such as --as tensorflow-js.`,
  );
}

async function requireFree(path: string): Promise<void> {
  const isFree = await stat(path).then(
    () => false,
    () => true,
  );
  if (isFree) return;
  throw new CycleboxError('FILE_EXISTS', `${path} is there already. Name another, or --replace it.`, {
    subject: { file: path },
  });
}

/** A file, or a folder of files, that takes its name when all of it is there. */
async function writeWhole(out: string, { files }: ExportedFiles, asFolder: boolean): Promise<void> {
  const temporary = temporaryPathFor(out);
  try {
    await mkdir(asFolder ? temporary : dirname(out), { recursive: true });
    for (const { name, content } of files) await writeFile(asFolder ? join(temporary, name) : temporary, content);
    if (asFolder) await rm(out, { recursive: true, force: true });
    await rename(temporary, out);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => {});
    throw new CycleboxError('WRITE_FAILED', `${out} could not be written: ${(cause as Error).message}`, {
      subject: { file: out },
      cause,
    });
  }
}
