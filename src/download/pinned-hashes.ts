/**
 * Hashes of files that nobody published a hash of: the first pull pins what came, and later pulls must bring the same.
 * It shows that a file has changed since, not that the first one was right; whoever pins says so to the user. One JSON
 * file, read once; unknown keys of others are kept.
 */
import { z } from 'zod';
import { CycleboxError, readRegularText, writeFileAtomic } from '../base/index.js';

export interface PinnedFile {
  /** Lower-case hex. */
  readonly sha256: string;
  readonly sizeBytes: number;
  /** Where it came from when it was pinned. */
  readonly address: string;
}

const pinnedFile = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), sizeBytes: z.int(), address: z.string() });

export class PinnedHashes {
  readonly #path: string;
  readonly #pins: Map<string, PinnedFile>;

  constructor(path: string, pins: ReadonlyMap<string, PinnedFile>) {
    this.#path = path;
    this.#pins = new Map(pins);
  }

  /** Where the pins are kept, for messages. */
  get path(): string {
    return this.#path;
  }

  /** @param name such as `datasets/ae_photos.zip`: the address without what mirrors replace */
  get(name: string): PinnedFile | undefined {
    return this.#pins.get(name);
  }

  /** Pins a file, unless it is pinned already. */
  async pin(name: string, file: PinnedFile): Promise<void> {
    if (this.#pins.has(name)) return;
    this.#pins.set(name, file);
    const sorted = [...this.#pins].sort(([a], [b]) => (a < b ? -1 : 1));
    await writeFileAtomic(this.#path, `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`);
  }
}

/** @throws CycleboxError FILE_UNREADABLE when the file is there and is not of this form */
export async function openPinnedHashes(path: string): Promise<PinnedHashes> {
  try {
    const parsed = z.record(z.string(), pinnedFile).parse(JSON.parse(await readRegularText(path)));
    return new PinnedHashes(path, new Map(Object.entries(parsed)));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return new PinnedHashes(path, new Map());
    throw new CycleboxError(
      'FILE_UNREADABLE',
      `${path}, which pins the hashes of fetched files, could not be read: ${(cause as Error).message}. ` +
        'Repair it, or remove it to pin anew what is pulled next.',
      { subject: { file: path }, cause },
    );
  }
}
