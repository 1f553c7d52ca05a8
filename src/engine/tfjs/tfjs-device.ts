/**
 * One backend of TensorFlow.js. TensorFlow.js has one current backend for the whole process: whatever computes does so
 * inside `run`, which makes this one current first and awaits nothing, so that two backends in one process never mix.
 */
import type { Tensor } from '@tensorflow/tfjs-core';
import { CycleboxError } from '../../base/index.js';
import type { LoadedTfjs, Tensorflow } from './installation.js';
import { asTfjsError, isAborted } from './tfjs-error.js';

/** Of the 4 GiB that WebAssembly can address; its memory grows in steps. */
const nearlyAllMemory = 3 * 2 ** 30;

export class TfjsDevice {
  readonly #tf: Tensorflow;
  readonly #backendName: string;
  readonly #kernels: ReadonlySet<string>;
  #lost: CycleboxError | undefined;

  constructor({ tf, backendName }: LoadedTfjs) {
    this.#tf = tf;
    this.#backendName = backendName;
    this.#kernels = new Set(tf.getKernelsForBackend(backendName).map(({ kernelName }) => kernelName));
  }

  /** Whether sums are made element by element in float32; plain JavaScript adds in double precision. */
  get accumulatesInFloat32(): boolean {
    return this.#backendName !== 'cpu';
  }

  get isWebAssembly(): boolean {
    return this.#backendName === 'wasm';
  }

  /** Whether libtensorflow computes, on a CPU or a GPU. */
  get isNative(): boolean {
    return this.#backendName === 'tensorflow';
  }

  /** Whether the backend has a kernel of its own, by TensorFlow.js's name for it. */
  has(kernelName: string): boolean {
    return this.#kernels.has(kernelName);
  }

  /** Calls TensorFlow.js on this backend; of the tensors made, only the result stays. @throws ENGINE_FAILED, OUT_OF_MEMORY */
  run<T extends Tensor>(doing: string, compute: (tf: Tensorflow) => T): T {
    return this.guarded(doing, tf => tf.tidy(() => compute(tf)));
  }

  /** The same, handing out a copy of the result's values. */
  read(doing: string, compute: (tf: Tensorflow) => Tensor): Float32Array {
    return this.guarded(doing, tf => {
      tf.engine().startScope();
      try {
        // Some backends hand out the very array that they keep.
        return compute(tf).dataSync<'float32'>().slice();
      } finally {
        tf.engine().endScope();
      }
    });
  }

  /** Calls TensorFlow.js on this backend; what is made stays. */
  guarded<T>(doing: string, compute: (tf: Tensorflow) => T): T {
    if (this.#lost) throw this.#lost;
    try {
      // Of a backend that is initialised, this ends before its first await.
      this.#tf.setBackend(this.#backendName).catch(() => {});
      if (this.#tf.getBackend() !== this.#backendName) {
        throw new CycleboxError('ENGINE_FAILED', `TensorFlow.js did not switch to its backend ${this.#backendName}.`);
      }
      return compute(this.#tf);
    } catch (error) {
      throw isAborted(error) ? this.#markLost(error) : asTfjsError(error, doing);
    }
  }

  /** Whether nothing can be computed any more. */
  get isLost(): boolean {
    return this.#lost !== undefined;
  }

  /** WebAssembly aborts when its memory is used up, and for defects. The memory tells which. */
  #markLost(cause: unknown): CycleboxError {
    const after = 'TensorFlow.js has aborted in this process; a new process can use it again.';
    this.#lost = new CycleboxError('DEVICE_LOST', after, { cause });
    const { wasm } = this.#tf.backend() as { readonly wasm?: { readonly HEAPU8?: Uint8Array } };
    const usedUp = (wasm?.HEAPU8?.byteLength ?? 0) > nearlyAllMemory;
    if (!usedUp) return this.#lost;
    return new CycleboxError('OUT_OF_MEMORY', `WebAssembly's 4 GiB of memory are used up. ${after}`, { cause });
  }
}
