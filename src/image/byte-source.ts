/** Bytes by their place: of a file that stays on the disk, or of one that is in memory. For readers of containers. */

export interface ByteSource {
  readonly size: number;
  /** Up to `length` bytes from `offset` on: fewer, or none, where there are no more. */
  read(offset: number, length: number): Promise<Uint8Array>;
}

export function bytesAsSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: async (offset, length) => bytes.subarray(offset, offset + length) };
}
