/**
 * How much work waits, in seconds, if devices of one class alone did it: what autoscaling asks. Seconds are those that images of the
 * same translation took on such devices since the start; where there were none, those of all translations there.
 */
import type { DaemonEvent } from '../../daemon/index.js';
import type { Backlog } from '../../inbox/index.js';

/** Of later images more than of earlier ones: the mean follows what changes. */
const weightOfNext = 0.05;

type Report = Extract<DaemonEvent, { readonly type: 'done' }>['report'];

export class WorkWaiting {
  /** Seconds an image, by class of devices, then by translation; under '' of all. */
  readonly #seconds = new Map<string, Map<string, number>>();

  heard(translation: string, { device, decodeMs, loadMs, translateMs, encodeMs }: Report): void {
    const kind = device?.split(':')[0];
    if (kind === undefined) return;
    const means = this.#seconds.get(kind) ?? new Map<string, number>();
    this.#seconds.set(kind, means);
    const seconds = (decodeMs + loadMs + translateMs + encodeMs) / 1000;
    for (const key of [translation, '']) {
      const mean = means.get(key) ?? seconds;
      means.set(key, mean + weightOfNext * (seconds - mean));
    }
  }

  /** By class of devices; those on which nothing has been done since the start are not there. */
  of(backlog: readonly Backlog[]): ReadonlyMap<string, number> {
    return new Map(
      [...this.#seconds].map(([kind, means]) => {
        const each = ({ translation, count }: Backlog) => count * (means.get(translation) ?? means.get('') ?? 0);
        return [kind, backlog.reduce((sum, waiting) => sum + each(waiting), 0)] as const;
      }),
    );
  }
}
