/** The fast Fourier transform (Cooley and Tukey 1965, radix 2), of lines and of squares whose side is a power of two. */

/** In place; `real` and `imaginary` hold one complex line of `twiddles.length * 2` values, `step` apart. */
export class FourierTransform {
  readonly size: number;
  readonly #cosines: Float64Array;
  readonly #sines: Float64Array;
  readonly #order: Uint32Array;
  readonly #real: Float64Array;
  readonly #imaginary: Float64Array;

  /** @param size a power of two */
  constructor(size: number) {
    this.size = size;
    const angles = Array.from({ length: size / 2 }, (_, k) => (-2 * Math.PI * k) / size);
    this.#cosines = Float64Array.from(angles, Math.cos);
    this.#sines = Float64Array.from(angles, Math.sin);
    this.#order = bitReversal(size);
    this.#real = new Float64Array(size);
    this.#imaginary = new Float64Array(size);
  }

  /** In place, of a complex square of `size * size` values: row by row, then column by column. */
  square(real: Float64Array, imaginary: Float64Array): void {
    for (let row = 0; row < this.size; row++) this.#line(real, imaginary, row * this.size, 1);
    for (let column = 0; column < this.size; column++) this.#line(real, imaginary, column, this.size);
  }

  /** In place, of the `size` complex values that begin at `start` and lie `step` apart. */
  #line(real: Float64Array, imaginary: Float64Array, start: number, step: number): void {
    for (let i = 0; i < this.size; i++) {
      const from = start + this.#order[i]! * step;
      this.#real[i] = real[from]!;
      this.#imaginary[i] = imaginary[from]!;
    }
    for (let half = 1; half < this.size; half *= 2) this.#combine(half);
    for (let i = 0; i < this.size; i++) {
      real[start + i * step] = this.#real[i]!;
      imaginary[start + i * step] = this.#imaginary[i]!;
    }
  }

  /** Transforms of `half` values each to transforms of twice as many. */
  #combine(half: number): void {
    const [re, im, stride] = [this.#real, this.#imaginary, this.size / (2 * half)];
    for (let block = 0; block < this.size; block += 2 * half) {
      for (let k = 0; k < half; k++) {
        const [c, s] = [this.#cosines[k * stride]!, this.#sines[k * stride]!];
        const [low, high] = [block + k, block + k + half];
        const x = c * re[high]! - s * im[high]!;
        const y = s * re[high]! + c * im[high]!;
        re[high] = re[low]! - x;
        im[high] = im[low]! - y;
        re[low] = re[low]! + x;
        im[low] = im[low]! + y;
      }
    }
  }
}

function bitReversal(size: number): Uint32Array {
  const order = new Uint32Array(size);
  for (let i = 1; i < size; i++) order[i] = (order[i >> 1]! >> 1) | (i & 1 ? size >> 1 : 0);
  return order;
}
