/**
 * Copies between the CPU's memory and the device's: two sessions of one Identity each, for tensors of any shape.
 * The binding's own way back (`getData()` of a tensor on the device) ends the process, so nothing else may read there.
 *
 * The sessions also keep the device open: a tensor that is let go of after the last session of its device ended the
 * process too. They must be closed last.
 */
import * as ort from 'onnxruntime-node';
import { encodeIdentity } from '../../onnx/index.js';
import type { TensorData } from '../contract.js';
import { type OpenTransferSession, PixelTransfer } from './pixel-transfer.js';
import { runSession } from './run-session.js';
import type { RunnableSession } from './session-thread.js';

export class Transfer {
  readonly #up: RunnableSession;
  readonly #down: RunnableSession;
  readonly #open: OpenTransferSession;
  #pixels: Promise<PixelTransfer> | undefined;

  private constructor(up: RunnableSession, down: RunnableSession, open: OpenTransferSession) {
    this.#up = up;
    this.#down = down;
    this.#open = open;
  }

  static async open(open: OpenTransferSession): Promise<Transfer> {
    const model = encodeIdentity('x', 'y');
    return new Transfer(await open(model, { device: ['y'] }), await open(model, { host: ['y'] }), open);
  }

  /** For pictures; opened when it is first asked for. */
  async pixels(): Promise<PixelTransfer> {
    this.#pixels ??= PixelTransfer.open(this.#open);
    try {
      return await this.#pixels;
    } catch (error) {
      this.#pixels = undefined;
      throw error;
    }
  }

  async toDevice({ shape, data }: TensorData): Promise<ort.Tensor> {
    return copied(this.#up, new ort.Tensor('float32', data, shape));
  }

  /** A copy on the device, of a tensor on the device. */
  async duplicate(tensor: ort.Tensor): Promise<ort.Tensor> {
    return copied(this.#up, tensor);
  }

  async toHost(tensor: ort.Tensor): Promise<TensorData> {
    const { dims, data } = await copied(this.#down, tensor);
    return { shape: dims, data: data as Float32Array };
  }

  async dispose(): Promise<void> {
    await (await this.#pixels?.catch(() => undefined))?.dispose();
    await this.#up.release();
    await this.#down.release();
  }
}

async function copied(session: RunnableSession, x: ort.Tensor): Promise<ort.Tensor> {
  const { y } = await runSession(session, { x });
  return y as ort.Tensor;
}
