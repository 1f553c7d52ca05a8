/**
 * What the daemon says to a compute worker. Staged: decode, then translate, then encode, with the picture kept in the
 * worker under the job's id in between, so that a plugin's process can step in by way of a raw-pixel file.
 * Only paths and small numbers cross; pixels never do.
 */
import type { FileContent, MetadataPolicy, PixelPaths } from '../base/index.js';
import type { EngineChoice, Precision } from '../engine/index.js';
import type { Colour, Depth, ImageFormat } from '../image/index.js';
import type { CaptureFacts, OutputOptions } from '../picture/index.js';
import type { Scale, Tiling } from '../plugin-api/index.js';
import type { ProtocolName } from '../process/index.js';
import type { MemoryStep, PictureSize } from '../translate/index.js';
import type { ExpectedFile } from './expected-file.js';

export const computeProtocol: ProtocolName = { name: 'compute-worker', version: 8 };

/** A model file and the hash of its content, by which the worker caches it. */
export interface ComputeModel {
  readonly path: string;
  readonly sha256: string;
}

/** How an image is shown to a model. */
export interface ComputeFit {
  /** Default `native`. */
  readonly scale?: Scale | undefined;
  /** The shorter side of the model's training images, in pixels; default: what the model says. */
  readonly trainedSize?: number | undefined;
  /** Of an image that does not go in one piece. Default `exact`. */
  readonly tiling?: Tiling | undefined;
}

/** How the worker runs models; given once, when it is started. */
export interface ComputeSettings {
  readonly engine: EngineChoice;
  readonly precision: Precision | 'auto';
  readonly threads?: number | undefined;
  readonly maxMegapixels?: number | undefined;
  /** Images with more pixels are not held in memory, but lie in files beside their results. Default 50 million. */
  readonly storedAbovePixels?: number | undefined;
  readonly memoryLimitBytes?: number | undefined;
  /** Whether results say what their sources say besides pixels. Default `keep`. */
  readonly metadata?: MetadataPolicy | undefined;
  /** Whether models may take memory to be faster (`EngineOptions.tailoring`). Default true. */
  readonly tailoring?: boolean | undefined;
  /** Models kept loaded at a time. */
  readonly maxModels: number;
  /** The sum of the loaded models' estimated memory above which the least recently used one goes. */
  readonly maxModelBytes: number;
}

export const defaultComputeSettings: ComputeSettings = {
  engine: 'auto',
  precision: 'auto',
  maxModels: 4,
  maxModelBytes: 2 * 2 ** 30,
};

export interface DecodeReport {
  /** What the image held that is not in the picture. */
  readonly notes: readonly string[];
  /** Pixels, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  /** What was read, where it was said what to expect. */
  readonly source?: FileContent | undefined;
  readonly ms: number;
}

export interface InspectReport {
  /** Pixels, after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  readonly capture: CaptureFacts;
}

export interface TranslateReport {
  readonly width: number;
  readonly height: number;
  /** 1 when the picture was translated whole. */
  readonly tiles: number;
  /** Of several tiles: what they were normalised by. */
  readonly tiling?: Tiling | undefined;
  readonly device: EngineChoice;
  readonly precision: Precision;
  readonly scale: Scale;
  /** The size at which the model saw the picture. */
  readonly shownAs: PictureSize;
  /** What of the picture a network of grey has left out. */
  readonly notes?: readonly string[] | undefined;
  /** Time to load the model; 0 when it was loaded already. */
  readonly loadMs: number;
  readonly ms: number;
}

export interface EncodeReport {
  /** What the result's format has no room for. */
  readonly notes: readonly string[];
  /** The source's file name, with an extension that fits the format. */
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  readonly bytes: number;
  /** When the image says that it was taken, `2024-12-24T18:30:00`; undefined where it does not, or its metadata were not read. */
  readonly takenAt?: string | undefined;
  readonly ms: number;
}

export interface WorkerStatus {
  readonly pid: number;
  /** Hashes of the loaded models, least recently used first. */
  readonly models: readonly string[];
  /** Jobs whose picture the worker holds. */
  readonly jobs: readonly string[];
  readonly residentBytes: number;
}

export interface ComputeApi {
  configure(settings: ComputeSettings): void;
  /** `mayGrow`: it may still be being written, and is refused where it looks like that. */
  decode(request: {
    readonly job: string;
    readonly source: string;
    /** What the source has to be; default: whatever is there. */
    readonly expected?: ExpectedFile | undefined;
    readonly mayGrow?: boolean | undefined;
    /** Default 8. */
    readonly depth?: Depth | undefined;
    /** Default `srgb`. */
    readonly colour?: Colour | undefined;
    /** Where the pixels of a large image go, rather than into memory, until `release`. Undefined: it is held in any case. */
    readonly pixels?: PixelPaths | undefined;
  }): DecodeReport;
  /**
   * Decodes what is likely to be asked for next, and keeps it for the `decode` that asks for just that. It promises nothing: what is
   * large, or cannot be decoded, is left to that call. Answered when it has ended.
   */
  prefetch(request: {
    readonly source: string;
    readonly expected: ExpectedFile;
    readonly mayGrow: boolean;
    readonly depth: Depth;
    readonly colour?: Colour | undefined;
  }): void;
  translate(request: {
    readonly job: string;
    readonly model: ComputeModel;
    readonly fit?: ComputeFit | undefined;
  }): TranslateReport;
  /** Writes and flushes `temporary`, whose folder is made if need be; it must not exist. */
  encode(request: {
    readonly job: string;
    readonly source: string;
    readonly temporary: string;
    /** The source's; default: the picture's. */
    readonly format?: ImageFormat | undefined;
    readonly output?: OutputOptions | undefined;
  }): EncodeReport;
  /**
   * What an image says of itself, and a small picture of it in a raw-pixel file: for whoever decides what is to be done with it.
   * It leaves no picture in the worker.
   */
  inspect(request: {
    readonly source: string;
    readonly expected?: ExpectedFile | undefined;
    readonly mayGrow?: boolean | undefined;
    readonly thumbnail: string;
    /** Its longer side, in pixels, at most. */
    readonly thumbnailSize: number;
  }): InspectReport;
  /** Lays the job's picture down as a raw-pixel file, for another process. */
  exportPicture(request: { readonly job: string; readonly path: string }): void;
  /** Takes the job's picture from a raw-pixel file. */
  importPicture(request: { readonly job: string; readonly path: string }): void;
  /** Forgets the job's picture. Unknown jobs are fine. */
  release(request: { readonly job: string }): void;
  status(request: null): WorkerStatus;
}

/** What the worker tells the daemon, unasked. */
export interface ComputeListener {
  /** Memory ran out on the device, and this was given up. */
  memoryStep(step: MemoryStep): void;
  /** How far a translation has come that takes several tiles, from 0 to 1; a few times a second at most. */
  progress(progress: { readonly job: string; readonly fraction: number }): void;
}
