/**
 * What `cyclebox translate` says to the process that translates for it: open one model, then one file after the other.
 * Encoded images come back; pixels and tensors never cross.
 */
import type { Device, Precision, SkippedDevice } from '../engine/index.js';
import type { ProtocolName } from '../process/index.js';
import type { TranslatedImage, TranslateOptions, TranslatorOptions } from '../translate/index.js';

export const translatorProtocol: ProtocolName = { name: 'translator', version: 1 };

export interface OpenedTranslator {
  readonly model: string;
  readonly device: Device;
  readonly precision: Precision;
}

export interface TranslatorApi {
  open(options: Omit<TranslatorOptions, 'onMemoryStep' | 'freeMemory' | 'openEngine'>): OpenedTranslator;
  translate(request: {
    readonly file: string;
    readonly options: Pick<TranslateOptions, 'format' | 'quality'>;
  }): TranslatedImage;
}

/** What the process tells, unasked. */
export interface TranslatorListener {
  memoryStep(message: string): void;
  deviceSkipped(device: SkippedDevice): void;
}
