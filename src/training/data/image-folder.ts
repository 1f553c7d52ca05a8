/**
 * A folder of training images: found recursively, in sorted order, decoded when first asked for and kept while memory
 * allows. Files that are no images are named once and left out.
 */
import { readdir } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { CycleboxError } from '../../base/index.js';
import { decodeImage, type Picture, resizePicture } from '../../image/index.js';

const extensions = new Set(['.jpg', '.jpeg', '.png', '.webp', '.avif', '.tif', '.tiff']);

export class ImageFolder {
  readonly folder: string;
  readonly files: readonly string[];
  readonly #loadSize: number;
  readonly #cache = new Map<string, Picture>();
  #freeBytes: number;

  private constructor(folder: string, files: readonly string[], loadSize: number, cacheBytes: number) {
    this.folder = folder;
    this.files = files;
    this.#loadSize = loadSize;
    this.#freeBytes = cacheBytes;
  }

  /**
   * @param loadSize the shorter side images are scaled to, 0 for none.
   * @throws DATASET_EMPTY naming the folder when it holds no image files.
   */
  static async open(folder: string, loadSize: number, cacheBytes = 2 ** 30): Promise<ImageFolder> {
    const files = (await list(folder)).filter(name => extensions.has(extname(name).toLowerCase())).sort();
    if (files.length > 0) return new ImageFolder(folder, files, loadSize, cacheBytes);
    const message = `${folder} holds no images. Put JPEG, PNG, WebP, AVIF or TIFF files of one domain there.`;
    throw new CycleboxError('DATASET_EMPTY', message, { subject: { file: folder } });
  }

  get length(): number {
    return this.files.length;
  }

  /** The image, scaled. @throws IMAGE_* naming the file. */
  async load(index: number): Promise<Picture> {
    const file = this.files[index % this.files.length]!;
    const cached = this.#cache.get(file);
    if (cached) return cached;
    const picture = await this.#decode(join(this.folder, file));
    if (picture.rgb.byteLength <= this.#freeBytes) {
      this.#freeBytes -= picture.rgb.byteLength;
      this.#cache.set(file, picture);
    }
    return picture;
  }

  async #decode(path: string): Promise<Picture> {
    const picture = await decodeImage(path);
    if (this.#loadSize === 0) return picture;
    const scale = this.#loadSize / Math.min(picture.width, picture.height);
    return resizePicture(picture, Math.round(picture.width * scale), Math.round(picture.height * scale));
  }
}

async function list(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true });
    return entries
      .filter(entry => entry.isFile() && !entry.name.startsWith('.'))
      .map(entry => join(entry.parentPath, entry.name).slice(folder.length + 1));
  } catch (cause) {
    const message = `${folder} could not be read as a folder of images.`;
    throw new CycleboxError('FILE_NOT_FOUND', message, { subject: { file: folder }, cause });
  }
}
