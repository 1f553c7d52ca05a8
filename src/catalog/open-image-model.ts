/**
 * A model file ready for an engine: read once, held against the sum that is expected of it, judged as an image-to-image
 * network and adapted to what all networks of cyclebox take and give. The bytes that are summed are those that are run.
 */
import { CycleboxError } from '../base/index.js';
import {
  type Calibration,
  detectInterface,
  type ForeignModel,
  type FoundCalibration,
  findCalibration,
  type ReadModelOptions,
  readModel,
} from '../model-files/index.js';
import {
  adaptInterface,
  type FixedSizes,
  imageInterfaceOf,
  isPlain,
  metadataKeys,
  outlineOfBytes,
  withMetadata,
} from '../onnx/index.js';
import type { ModelFile } from './locate-model.js';

export interface ImageModel extends ModelFile {
  /** An ONNX file of its own: input `[n, 3, h, w]`, float32 from -1 to 1, and an output like it. */
  readonly bytes: Uint8Array;
  /** Sizes that the network insists on. */
  readonly fixed: FixedSizes;
  /** How many times larger the sides of its results are; 1 but for networks that enlarge. */
  readonly scale: number;
  /** Channels that the file itself takes and gives: where it is one, colours become their luma, or grey becomes three of itself. */
  readonly channels: { readonly taken: 1 | 3; readonly given: 1 | 3 };
  /** What lies beside it for calculating in int8. */
  readonly calibration?: Calibration | undefined;
  /** Why what lies there is of no use. */
  readonly calibrationFault?: CycleboxError | undefined;
}

/**
 * Of any kind of file that is read.
 * @param sha256 what the file is to have, as it was when it was looked at
 * @param options which of several networks it is, and what describes one that nobody knows
 * @throws MODEL_MISSING, MODEL_HASH_MISMATCH, MODEL_INVALID, WEIGHTS_UNREADABLE, WEIGHTS_UNSAFE, WEIGHTS_MISMATCH naming the file
 */
export async function openImageModel(
  path: string,
  sha256?: string,
  options: ReadModelOptions = {},
): Promise<ImageModel> {
  const file = await readModel(path, options);
  if (sha256 !== undefined && sha256 !== file.sha256) throw changed(path, file.sha256, sha256);
  const { bytes: whole, outline } = await withWhatIsDetected(file, path);
  const taken = imageInterfaceOf(outline, path);
  const bytes = isPlain(taken) ? whole : adaptInterface(whole, taken, outline.opset, path);
  const { fixed, scale, input, output } = taken;
  const channels = { taken: input.channels, given: output.channels };
  // Of a file with several networks, nobody knows which one was calibrated.
  const found: FoundCalibration = options.network === undefined ? await findCalibration(path, file.sha256) : {};
  const { sha256: sum, sizeBytes } = file;
  const { calibration, fault: calibrationFault } = found;
  return { path, sha256: sum, sizeBytes, bytes, fixed, scale, channels, calibration, calibrationFault };
}

/** A file that says nothing of its values is looked into, and tried; what does not run is told when a picture comes. */
async function withWhatIsDetected(file: ForeignModel, path: string): Promise<Pick<ForeignModel, 'bytes' | 'outline'>> {
  if (file.outline.metadata[metadataKeys.range] !== undefined) return file;
  imageInterfaceOf(file.outline, path);
  const detected = await detectInterface(file, {}, path).catch(() => undefined);
  if (!detected) return file;
  const bytes = withMetadata(file.bytes, detected.metadata, path);
  return bytes === file.bytes ? file : { bytes, outline: outlineOfBytes(bytes, path) };
}

function changed(path: string, found: string, expected: string): CycleboxError {
  return new CycleboxError(
    'MODEL_HASH_MISMATCH',
    `${path} has the SHA-256 ${found}, but ${expected} is expected: it was changed since it was looked at, or damaged. ` +
      'Once it stays as it is, try again.',
    { subject: { file: path } },
  );
}
