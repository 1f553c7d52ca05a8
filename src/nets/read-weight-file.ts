/**
 * A weight file's bytes, with the errors of the file system told in the project's own codes.
 */
import { stat } from 'node:fs/promises';
import { CycleboxError, readRegularFile } from '../base/index.js';

/** 1 GiB; a resnet_9 of the reference is 45 MB. */
const maxFileBytes = 2 ** 30;

/** @throws FILE_NOT_FOUND, FILE_UNREADABLE, WEIGHTS_UNREADABLE when it is larger than 1 GiB. */
export async function readWeightFile(path: string): Promise<Uint8Array> {
  const subject = { file: path };
  try {
    const { size } = await stat(path);
    if (size > maxFileBytes) {
      const message = `${path} is ${size} bytes; weight files of up to ${maxFileBytes} are read.`;
      throw new CycleboxError('WEIGHTS_UNREADABLE', message, { subject });
    }
    return await readRegularFile(path);
  } catch (cause) {
    if (cause instanceof CycleboxError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT') throw new CycleboxError('FILE_NOT_FOUND', `${path} does not exist.`, { subject, cause });
    throw new CycleboxError('FILE_UNREADABLE', `${path} could not be read: ${message}`, { subject, cause });
  }
}
