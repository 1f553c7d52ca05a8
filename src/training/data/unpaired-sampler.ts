/**
 * Draws training batches from two folders without pairing them: A goes through its shuffled folder epoch by epoch, B is
 * drawn at random each time; each image is cropped and mirrored independently. All choices come from one seeded source
 * and are made when a batch is asked for, never when a file happens to have been read.
 */
import { CycleboxError, Random, type RandomState } from '../../base/index.js';
import type { TensorData } from '../../engine/index.js';
import { type Picture, toUnitRange } from '../../image/index.js';
import type { ImageFolder } from './image-folder.js';

export interface Batch {
  /** `[batch, 3, size, size]` in [-1, 1]. */
  readonly A: TensorData;
  readonly B: TensorData;
}

export interface SamplerState {
  readonly random: RandomState;
  /** Indices into A still to come in this epoch, next one last. */
  readonly remaining: readonly number[];
}

/** Fractions of the free room at which a crop starts, and whether it is mirrored. */
interface View {
  readonly index: number;
  readonly x: number;
  readonly y: number;
  readonly mirrored: boolean;
}

export class UnpairedSampler {
  readonly #a: ImageFolder;
  readonly #b: ImageFolder;
  readonly #options: { readonly size: number; readonly batch: number; readonly flip: boolean };
  readonly #random: Random;
  #remaining: number[];

  constructor(
    a: ImageFolder,
    b: ImageFolder,
    options: { readonly size: number; readonly batch: number; readonly flip: boolean },
    start: Random | SamplerState,
  ) {
    this.#a = a;
    this.#b = b;
    this.#options = options;
    this.#random = start instanceof Random ? start : Random.from(start.random);
    this.#remaining = start instanceof Random ? [] : [...start.remaining];
  }

  /** As before the next draw. */
  get state(): SamplerState {
    return { random: this.#random.state, remaining: [...this.#remaining] };
  }

  /** Draws at once; reads in the background. */
  next(): Promise<Batch> {
    const views = Array.from({ length: this.#options.batch }, () => [this.#viewOfA(), this.#viewOfB()] as const);
    return this.#read(views);
  }

  async #read(views: readonly (readonly [View, View])[]): Promise<Batch> {
    const [as, bs] = await Promise.all([
      Promise.all(views.map(([view]) => this.#crop(this.#a, view))),
      Promise.all(views.map(([, view]) => this.#crop(this.#b, view))),
    ]);
    return { A: this.#stack(as), B: this.#stack(bs) };
  }

  #viewOfA(): View {
    if (this.#remaining.length === 0) {
      const epoch = Math.max(this.#a.length, this.#b.length);
      this.#remaining = this.#random.shuffle(Array.from({ length: epoch }, (_, index) => index % this.#a.length));
    }
    return this.#view(this.#remaining.pop()!);
  }

  #viewOfB(): View {
    return this.#view(this.#random.integer(this.#b.length));
  }

  #view(index: number): View {
    const [x, y] = [this.#random.uniform(), this.#random.uniform()];
    const mirrored = this.#random.uniform() < 0.5;
    return { index, x, y, mirrored: mirrored && this.#options.flip };
  }

  async #crop(folder: ImageFolder, view: View): Promise<Float32Array> {
    const picture = await folder.load(view.index);
    const { size } = this.#options;
    if (picture.width >= size && picture.height >= size) return cropToTensor(picture, size, view);
    const file = folder.files[view.index]!;
    const message = `${file} in ${folder.folder} is ${picture.width}×${picture.height}, smaller than the crop size ${size}. Use a smaller size, or let images be scaled (load size).`;
    throw new CycleboxError('IMAGE_TOO_SMALL', message, { subject: { file } });
  }

  #stack(images: readonly Float32Array[]): TensorData {
    const { size } = this.#options;
    const data = new Float32Array(images.length * 3 * size * size);
    images.forEach((image, index) => {
      data.set(image, index * image.length);
    });
    return { shape: [images.length, 3, size, size], data };
  }
}

/** Bytes, interleaved → planes in [-1, 1]: `v / 127.5 - 1`. */
function cropToTensor(picture: Picture, size: number, view: View): Float32Array {
  const left = Math.floor(view.x * (picture.width - size + 1));
  const top = Math.floor(view.y * (picture.height - size + 1));
  const planes = new Float32Array(3 * size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const column = left + (view.mirrored ? size - 1 - x : x);
      const from = ((top + y) * picture.width + column) * 3;
      for (let channel = 0; channel < 3; channel++) {
        planes[(channel * size + y) * size + x] = toUnitRange(picture.rgb[from + channel]!);
      }
    }
  }
  return planes;
}
