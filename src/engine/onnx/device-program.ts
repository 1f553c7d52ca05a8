/**
 * A loaded model whose results stay on the device until they are asked for: as floats, or as a picture's bytes, which are made of them
 * there. What a run leaves on the device is let go of before the next.
 */
import type * as ort from 'onnxruntime-node';
import type { PixelBytes, PixelResult, Program, TensorData, Tensors } from '../contract.js';
import type { OnnxProgram } from './onnx-program.js';
import type { Transfer } from './transfer.js';

export class DeviceProgram implements Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #program: OnnxProgram;
  readonly #transfer: () => Transfer;

  /** @param transfer the one that is open now */
  constructor(program: OnnxProgram, transfer: () => Transfer) {
    this.inputs = program.inputs;
    this.outputs = program.outputs;
    this.metadata = program.metadata;
    this.#program = program;
    this.#transfer = transfer;
  }

  async run(inputs: Tensors): Promise<Record<string, TensorData>> {
    return await this.#handedOut(await this.#program.compute(inputs));
  }

  async runPixels(pixels: PixelBytes): Promise<PixelResult | undefined> {
    const transfer = await this.#transfer().pixels();
    const image = await transfer.toDevice(pixels);
    try {
      const results = await this.#program.computeFrom({ [this.inputs[0]!]: image });
      const result = results[this.outputs[0]!] as ort.Tensor;
      try {
        return await transfer.toHost(result);
      } finally {
        result.dispose();
      }
    } finally {
      image.dispose();
    }
  }

  suspend(): Promise<void> {
    return this.#program.suspend();
  }

  dispose(): Promise<void> {
    return this.#program.dispose();
  }

  onDispose(callback: () => void): void {
    this.#program.onDispose(callback);
  }

  async #handedOut(results: ort.InferenceSession.OnnxValueMapType): Promise<Record<string, TensorData>> {
    const left = Object.entries(results) as [string, ort.Tensor][];
    try {
      const handedOut: Record<string, TensorData> = {};
      for (const [name, tensor] of left) handedOut[name] = await this.#transfer().toHost(tensor);
      return handedOut;
    } finally {
      for (const [, tensor] of left) tensor.dispose();
    }
  }
}
