/**
 * Watches how much memory a process holds while it works, and has it ended when that is over the limit: before the
 * system runs out and ends whom it likes. The operating system is asked, since a worker that computes answers nobody.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { type Clock, type Disposable, systemClock } from '../base/index.js';

export interface MemoryGuardOptions {
  readonly pid: number;
  readonly limitBytes: number;
  readonly onExceeded: (residentBytes: number) => void;
  /** Each time that it has looked. */
  readonly onMeasured?: ((residentBytes: number) => void) | undefined;
  readonly everyMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

/** Looks every `everyMs` (250 ms; 2 s where a process has to be started for it) until disposed or exceeded. */
export function guardMemory(options: MemoryGuardOptions): Disposable {
  const { pid, limitBytes, onExceeded, onMeasured, clock = systemClock } = options;
  const everyMs = options.everyMs ?? (process.platform === 'linux' ? 250 : 2000);
  let timer: Disposable | undefined;
  let isOver = false;
  const look = async () => {
    const bytes = await residentBytes(pid);
    if (isOver) return;
    if (bytes !== undefined) onMeasured?.(bytes);
    if (bytes !== undefined && bytes > limitBytes) onExceeded(bytes);
    else timer = clock.after(everyMs, () => void look());
  };
  void look();
  return {
    dispose() {
      isOver = true;
      void timer?.dispose();
    },
  };
}

/** Memory that a process holds; undefined when it is gone, or where there is no way to ask (Windows). */
export async function residentBytes(pid: number): Promise<number | undefined> {
  try {
    if (process.platform === 'linux') return kibibytes(/^VmRSS:\s+(\d+) kB$/m, await status(pid));
    if (process.platform === 'win32') return undefined;
    const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
    return kibibytes(/^\s*(\d+)/, stdout);
  } catch {
    return undefined;
  }
}

function status(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/status`, 'utf8');
}

function kibibytes(pattern: RegExp, text: string): number | undefined {
  const found = pattern.exec(text)?.[1];
  return found === undefined ? undefined : Number(found) * 1024;
}
