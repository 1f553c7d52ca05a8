/**
 * A loaded model that gets a program of its own for the size of image that keeps coming (`tailoredTo`). The first two images
 * of a size go through the program for all sizes, which is there already; for the third in a row the other is made: it takes
 * about as long as the next few images save. There is one at a time, and each that was given up makes the next wait longer, so
 * that sizes in turns do not make programs in turns.
 *
 * What it cannot do, the program for all sizes does: nothing fails for want of a faster one.
 */
import type { Program, TensorData, Tensors } from '../contract.js';
import type { OnnxProgram } from './onnx-program.js';

/** A program for inputs of exactly these shapes; undefined where it would gain nothing. */
export type Tailor = (shapes: Readonly<Record<string, readonly number[]>>) => Promise<OnnxProgram | undefined>;

export class TailoringProgram implements Program {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly #general: OnnxProgram;
  readonly #tailor: Tailor;
  #tailored: { readonly size: string; readonly program: OnnxProgram } | undefined;
  /** Sizes that gain nothing. */
  readonly #plain = new Set<string>();
  #last: { readonly size: string; times: number } | undefined;
  /** Runs of one size in a row before it gets a program. */
  #patience = 2;

  constructor(general: OnnxProgram, tailor: Tailor) {
    this.inputs = general.inputs;
    this.outputs = general.outputs;
    this.metadata = general.metadata;
    this.#general = general;
    this.#tailor = tailor;
  }

  async run(inputs: Tensors): Promise<Record<string, TensorData>> {
    const shapes = Object.fromEntries(Object.entries(inputs).map(([name, { shape }]) => [name, shape]));
    const size = JSON.stringify(shapes);
    if (this.#isDue(size)) await this.#makeFor(size, shapes);
    const program = this.#tailored?.size === size ? this.#tailored.program : this.#general;
    return await program.run(inputs);
  }

  /** Gives back what the programs hold, until the next run; the tailored one for good. */
  async suspend(): Promise<void> {
    await this.#drop();
    await this.#general.suspend();
  }

  async dispose(): Promise<void> {
    await this.#drop();
    await this.#general.dispose();
  }

  onDispose(callback: () => void): void {
    this.#general.onDispose(callback);
  }

  #isDue(size: string): boolean {
    if (this.#last?.size !== size) this.#last = { size, times: 0 };
    const due = this.#last.times++ >= this.#patience;
    return due && this.#tailored?.size !== size && !this.#plain.has(size);
  }

  async #makeFor(size: string, shapes: Readonly<Record<string, readonly number[]>>): Promise<void> {
    await this.#drop();
    const program = await this.#tailor(shapes).catch(() => undefined);
    if (!program) return void this.#plain.add(size);
    this.#tailored = { size, program };
    // It comes back when an image of another size does.
    await this.#general.suspend();
  }

  async #drop(): Promise<void> {
    const dropped = this.#tailored;
    this.#tailored = undefined;
    this.#last = undefined;
    if (!dropped) return;
    this.#patience *= 2;
    await dropped.program.dispose();
  }
}
