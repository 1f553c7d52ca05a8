/** What reading a model of any kind takes and gives. Types only: how each kind is read is loaded when one comes. */
import type { OnnxOutline } from '../onnx/index.js';
import type { ModelKind } from './recognise-model.js';

export interface ReadModelOptions {
  /** Of several networks in a weight file: `G_A`. */
  readonly network?: string | undefined;
  /** A description of the layers; default: `NAME.architecture.json` beside the file, where it is. */
  readonly architecture?: string | undefined;
}

/** Of the files as they lie there. */
export interface FileSums {
  /** Of the source's files, in lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface ForeignModel extends FileSums {
  readonly kind: ModelKind;
  /** The network in a line, for people; undefined for ONNX files, which do not say. */
  readonly network: string | undefined;
  /** An ONNX file, whole. */
  readonly bytes: Uint8Array;
  readonly outline: OnnxOutline;
}

/** What a file's sums are, without making anything of it. */
export interface ModelSums extends FileSums {
  readonly kind: ModelKind;
  /** Of ONNX files. */
  readonly outline?: OnnxOutline;
}
