/**
 * Pictures' bytes to tensors on a device and back, four bytes in a number: two sessions, for images of any size.
 */
import * as ort from 'onnxruntime-node';
import { encodePacking, encodeUnpacking } from '../../onnx/index.js';
import type { PixelBytes, PixelResult } from '../contract.js';
import { runSession } from './run-session.js';
import type { RunnableSession } from './session-thread.js';

/** Makes a session whose outputs stay on the device or come to the host. */
export type OpenTransferSession = (
  model: Uint8Array,
  outputs: { readonly device: readonly string[] } | { readonly host: readonly string[] },
) => Promise<RunnableSession>;

export class PixelTransfer {
  readonly #unpacking: RunnableSession;
  readonly #packing: RunnableSession;

  private constructor(unpacking: RunnableSession, packing: RunnableSession) {
    this.#unpacking = unpacking;
    this.#packing = packing;
  }

  static async open(open: OpenTransferSession): Promise<PixelTransfer> {
    const unpacking = await open(encodeUnpacking(), { device: ['image'] });
    try {
      return new PixelTransfer(unpacking, await open(encodePacking(), { host: ['words', 'sum'] }));
    } catch (error) {
      await unpacking.release();
      throw error;
    }
  }

  /** `[1, 3, height, width]` in -1..1, on the device. */
  async toDevice({ rgb, width, height }: PixelBytes): Promise<ort.Tensor> {
    const words = wordsOf(rgb);
    const { image } = await runSession(this.#unpacking, {
      words: new ort.Tensor('uint32', words, [words.length]),
      shape: new ort.Tensor('int64', BigInt64Array.from([1, height, width, 3], BigInt), [4]),
    });
    return image as ort.Tensor;
  }

  /** Undefined where it is no image whose bytes fill numbers. */
  async toHost(image: ort.Tensor): Promise<PixelResult | undefined> {
    const [images, channels, height, width] = image.dims as [number, number, number, number];
    if (image.dims.length !== 4 || images !== 1 || channels !== 3 || (height * width) % 4 !== 0) return undefined;
    const { words, sum } = await runSession(this.#packing, { image });
    const { data } = words as ort.Tensor;
    const { buffer, byteOffset, byteLength } = data as Uint32Array;
    const rgb = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
    return { rgb, width, height, hasNaN: Number.isNaN((sum as ort.Tensor).data[0]) };
  }

  async dispose(): Promise<void> {
    await this.#unpacking.release();
    await this.#packing.release();
  }
}

/** Copied only where the bytes do not lie as numbers have to. */
function wordsOf(rgb: Uint8Array): Uint32Array {
  const { buffer, byteOffset, byteLength } = rgb.byteOffset % Uint32Array.BYTES_PER_ELEMENT === 0 ? rgb : rgb.slice();
  return new Uint32Array(buffer, byteOffset, byteLength / Uint32Array.BYTES_PER_ELEMENT);
}
