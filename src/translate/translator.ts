/** What can be asked of an open translator, and what it gives. Types only. */
import type { Disposable } from '../base/index.js';
import type { Device, EngineChoice, Precision } from '../engine/index.js';
import type {
  AnyPicture,
  Colour,
  DecodeColours,
  Depth,
  EncodeOptions,
  ImageFormat,
  Picture,
  PictureOf,
  Samples,
  StoredImage,
  StoredResult,
} from '../image/index.js';
import type { Scale, Tiling } from '../plugin-api/index.js';
import type { PictureSize } from './translate-at-scale.js';
import type { PictureRun, RunOptions } from './translate-picture.js';

export interface TranslatePictureOptions extends RunOptions {
  /** For this picture; default: the translator's. */
  readonly scale?: Scale | undefined;
  /** For `trained`: the shorter side of the training images; default: what the manifest or the model says. */
  readonly trainedSize?: number | undefined;
}

export interface TranslatedPicture<S extends Samples = Uint8Array> extends Omit<PictureRun<S>, 'notes'>, ShownPicture {}

/** At which scale a picture was translated. */
export interface ShownPicture {
  readonly scale: Scale;
  /** The size at which the network saw it. Where that is smaller, new patterns are no finer than there. */
  readonly shownAs: PictureSize;
  /** What of the picture a network of grey has left out, and why it went in float32: sentences without a subject, which is the source. */
  readonly notes: readonly string[];
}

/** What results are like where nothing is said: as the pair's manifest says, else as their sources are. */
export interface TranslateOptions extends TranslatePictureOptions, EncodeOptions {
  /**
   * Bits of each value, from the decoder to the encoder: those of the source, where the format of the result has them (PNG, TIFF), or
   * so many. Default `source`; 8 where `before` or `after` is there, which see bytes.
   */
  readonly depth?: Depth | undefined;
  /** Of which space the colours of the result are: sRGB, or that of the source, as far as that can be. Default `srgb`. */
  readonly colour?: Colour | undefined;
  /** Changes the picture between decoding and translation. */
  readonly before?: ((picture: Picture) => Promise<Picture>) | undefined;
  /** Changes it between translation and encoding. */
  readonly after?: ((picture: Picture) => Promise<Picture>) | undefined;
  /** How errors name a source that is bytes. */
  readonly file?: string | undefined;
}

export interface TranslatedImage extends ShownPicture {
  /** The encoded image. */
  readonly data: Buffer;
  readonly width: number;
  readonly height: number;
  readonly format: ImageFormat;
  /** When the source says that it was taken, `2024-12-24T18:30:00`; undefined where it does not, or its metadata were not read. */
  readonly takenAt?: string | undefined;
  /** What the source held that the result does not: sentences without a subject, which is the source. */
  readonly notes: readonly string[];
  /** 1: in one piece. */
  readonly tiles: number;
  /** Where it was translated. */
  readonly device: EngineChoice;
  readonly precision: Precision;
  /** Of several tiles: what they were normalised by. */
  readonly tiling?: Tiling | undefined;
}

export interface DecodeOptions {
  /** How errors name a source that is bytes. */
  readonly file?: string | undefined;
}
/** Of depth and colours as `translate`. */
export type TranslateFileOptions = TranslatePictureOptions & EncodeOptions & { readonly depth?: Depth | undefined };

/** An image that was translated from file to file. */
export type TranslatedFile = Omit<TranslatedImage, 'data'>;

/** An image that was translated into a file of pixels. */
export interface TranslatedPixels extends Omit<PictureRun, 'picture' | 'notes'>, ShownPicture {
  readonly result: StoredResult;
}

export interface Translator extends Disposable {
  /** The network's file. */
  readonly model: string;
  /** Where it runs now: the CPU, once its device's memory did not do. */
  readonly device: Device;
  readonly precision: Precision;
  /** A path or the bytes of a file. @throws FILE_NOT_FOUND, FILE_UNREADABLE, IMAGE_UNSUPPORTED, IMAGE_CORRUPT, IMAGE_TOO_LARGE */
  decode(source: string | Uint8Array, options?: { readonly file?: string | undefined }): Promise<Picture>;
  decode(source: string | Uint8Array, options: DecodeOptions & DecodeColours): Promise<AnyPicture>;
  /** Calls wait for each other: a model runs one picture at a time, or as many as there are `lanes`. @throws OUT_OF_MEMORY, MODEL_INVALID, ENGINE_FAILED, CANCELLED */
  translatePicture<S extends Samples>(
    picture: PictureOf<S>,
    options?: TranslatePictureOptions,
  ): Promise<TranslatedPicture<S>>;
  encode(picture: AnyPicture, options?: EncodeOptions): Promise<Buffer>;
  /**
   * From file to file, without the image ever being in memory: for hundreds of megapixels. The result is that of `translate` but for
   * rounding. Several large temporary files are made on the way (`TMPDIR`).
   * @param target must not exist
   * @throws what the three throw, WRITE_FAILED, and IMAGE_TOO_LARGE for networks that cannot be taken in parts at this scale
   */
  translateFile(source: string, target: string, options?: TranslateFileOptions): Promise<TranslatedFile>;
  /** Whether an image of this size can be translated from file to file: the network goes in parts, at this scale. */
  takesRows(size: PictureSize, options?: TranslatePictureOptions): boolean;
  /**
   * The middle of `translateFile`: from an image whose pixels lie in a file to a file of pixels.
   * @param pixels must not exist; it stays where this throws
   * @throws as `translateFile`
   */
  translateStored(image: StoredImage, pixels: string, options?: TranslatePictureOptions): Promise<TranslatedPixels>;
  /** The three in a row: an image in, an image of the same size (larger, where the network enlarges) and format out. */
  translate(source: string | Uint8Array, options?: TranslateOptions): Promise<TranslatedImage>;
}
