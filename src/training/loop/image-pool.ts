/**
 * History of generated images for the discriminators (Shrivastava et al. 2017, with CycleGAN's rule): until full, every
 * image is stored and passed on; then, with even chance, an image is either passed on or exchanged for a stored one.
 */
import type { Random } from '../../base/index.js';

export class ImagePool {
  readonly #capacity: number;
  readonly #images: Float32Array[];

  constructor(capacity: number, images: readonly Float32Array[] = []) {
    this.#capacity = capacity;
    this.#images = [...images];
  }

  /** The stored images, oldest slot first. */
  get images(): readonly Float32Array[] {
    return this.#images;
  }

  /** Forgets everything: images of another size are coming. */
  clear(): void {
    this.#images.length = 0;
  }

  /** The image to show the discriminator in place of `image`, which the pool may keep: it must not be written to. */
  query(image: Float32Array, random: Random): Float32Array {
    if (this.#capacity === 0) return image;
    if (this.#images.length < this.#capacity) {
      this.#images.push(image);
      return image;
    }
    if (random.uniform() <= 0.5) return image;
    const slot = random.integer(this.#capacity);
    const old = this.#images[slot]!;
    this.#images[slot] = image;
    return old;
  }

  /** The same for every image of a batch `[n, …]`. */
  queryBatch(batch: Float32Array, n: number, random: Random): Float32Array {
    const length = batch.length / n;
    const result = new Float32Array(batch.length);
    for (let index = 0; index < n; index++) {
      const image = batch.slice(index * length, (index + 1) * length);
      result.set(this.query(image, random), index * length);
    }
    return result;
  }
}
