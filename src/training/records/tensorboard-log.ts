/**
 * TensorBoard's event files, one for each start of the run: `OUT/tensorboard/events.out.tfevents.…`, so that
 * `tensorboard --logdir OUT` shows it while it goes on. TensorBoard reads the files of a folder in the order of their
 * names; a resumed run's file opens with its step, at which TensorBoard drops what the earlier files hold beyond it.
 */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppendFile } from './append-file.js';
import {
  type EventImage,
  type EventTime,
  imageRecord,
  scalarRecord,
  sessionRecord,
  versionRecord,
} from './event-record.js';

const prefix = 'events.out.tfevents.';
const suffix = '.cyclebox';

export class TensorboardLog {
  readonly #file: AppendFile;
  #records: Uint8Array[] = [];

  private constructor(path: string) {
    this.#file = new AppendFile(path);
  }

  /**
   * A new file in the run's folder `out`.
   * @param start the first step that this file has, and when it is opened
   */
  static async open(out: string, start: EventTime): Promise<TensorboardLog> {
    const folder = join(out, 'tensorboard');
    const log = new TensorboardLog(join(folder, await nextName(folder, start.atMs)));
    log.#records.push(versionRecord(start.atMs), sessionRecord(start));
    return log;
  }

  /** Values by tag (`loss/G_A`); those that are no finite numbers are left out, as curves have no place for them. */
  scalars(time: EventTime, values: Readonly<Record<string, number>>): void {
    const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
    if (finite.length > 0) this.#records.push(scalarRecord(time, Object.fromEntries(finite)));
  }

  image(time: EventTime, tag: string, image: EventImage): void {
    this.#records.push(imageRecord(time, tag, image));
  }

  /** After one that failed, the next flush writes what that one could not. @throws WRITE_FAILED */
  async flush(): Promise<void> {
    const records = this.#records;
    if (records.length === 0) return;
    this.#records = [];
    try {
      await this.#file.append(Buffer.concat(records));
    } catch (error) {
      this.#records = [...records, ...this.#records];
      throw error;
    }
  }
}

/** `events.out.tfevents.SECONDS.cyclebox`, later than every file that is there, whatever the clock says. */
async function nextName(folder: string, atMs: number): Promise<string> {
  const names = await readdir(folder).catch(() => [] as string[]);
  const times = names
    .filter(name => name.startsWith(prefix))
    .map(name => Number.parseInt(name.slice(prefix.length), 10));
  const seconds = Math.max(Math.floor(atMs / 1000), ...times.filter(Number.isFinite).map(time => time + 1));
  return `${prefix}${String(seconds).padStart(10, '0')}${suffix}`;
}
