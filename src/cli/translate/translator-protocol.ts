/**
 * What `cyclebox translate` says to the process that translates for it: open one model, then one file after the other.
 * Encoded images come back; pixels and tensors never cross.
 */
import type { Device, Precision, SkippedDevice } from '../../engine/index.js';
import type { OutputOptions } from '../../picture/index.js';
import type { ProtocolName } from '../../process/index.js';
import type { TranslatedFile, TranslatedImage, TranslatorOptions } from '../../translate/index.js';

export const translatorProtocol: ProtocolName = { name: 'translator', version: 3 };

export interface OpenedTranslator {
  readonly model: string;
  readonly device: Device;
  readonly precision: Precision;
}

/** The result lies in the file that was named for it. */
export type WrittenImage = TranslatedFile & { readonly data?: undefined };

export interface TranslatorApi {
  open(options: Omit<TranslatorOptions, 'onMemoryStep' | 'freeMemory' | 'openEngine'>): OpenedTranslator;
  translate(request: {
    readonly file: string;
    readonly options: OutputOptions;
    /** True: `between` is called before and after the translation. */
    readonly isChanged?: boolean | undefined;
    /** Where the result is written to, rather than handed back, of an image that is better not held in memory. */
    readonly target: string;
  }): TranslatedImage | WrittenImage;
  /** Of the file that is translated: lays its picture down as a raw-pixel file, or takes another. */
  exportPicture(request: { readonly path: string }): void;
  importPicture(request: { readonly path: string }): void;
}

/** What the process tells, unasked. */
export interface TranslatorListener {
  /** The picture waits to be changed by plugins, which take it out and give it back until the call is answered. */
  between(stage: 'before' | 'after'): void | Promise<void>;
  memoryStep(message: string): void;
  /** How far an image of several tiles has come, from 0 to 1; a few times a second at most. */
  progress(fraction: number): void;
  deviceSkipped(device: SkippedDevice): void;
}
