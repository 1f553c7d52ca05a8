/**
 * The two errors of reading a PyTorch file: it cannot be read, or it asks for more than tensors. Both name the file.
 */
import { CycleboxError } from '../../base/index.js';

export class FileErrors {
  /** @param file path or another name for people. */
  constructor(readonly file: string) {}

  unreadable(reason: string, cause?: unknown): CycleboxError {
    const message = `${this.file} is not a readable PyTorch weight file: ${reason}.`;
    return new CycleboxError('WEIGHTS_UNREADABLE', message, { subject: { file: this.file }, cause });
  }

  /** @param request what the file asks for: `os.system`. */
  unsafe(request: string): CycleboxError {
    const message = `${this.file} asks for ${printable(request)}; only tensors and dictionaries of them are read. Nothing was run. If you trust the file, save its weights alone in PyTorch: torch.save(net.state_dict(), path).`;
    return new CycleboxError('WEIGHTS_UNSAFE', message, { subject: { file: this.file } });
  }
}

/** Text out of an untrusted file, fit for a terminal. */
export function printable(text: string): string {
  const short = text.length > 120 ? `${text.slice(0, 120)}…` : text;
  return short.replace(/[^\x20-\x7e…]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
