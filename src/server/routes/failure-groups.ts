/** What stands as failed, by cause, with what helps. The remedies are of the codes; each message besides names its own file and value. */
import { type ErrorCode, errorCodes, isErrorCode } from '../../base/index.js';
import type { LiveService } from '../../daemon/index.js';
import type { FailureGroup } from '../contract/index.js';

/** What to do, in a sentence or two; for codes that jobs can end with. */
const remedies: Partial<Record<ErrorCode, string>> = {
  IMAGE_UNSUPPORTED:
    'Convert the files to JPEG, PNG, WebP, AVIF or TIFF, or add their names to "ignore" of watch-config.json.',
  IMAGE_CORRUPT:
    'Copy the files again from where they came; one that was still being written is tried again when it changes.',
  IMAGE_TOO_LARGE: 'Raise "maxMegapixels" in watch-config.json, or scale the images down.',
  IMAGE_TOO_SMALL: 'Only larger images can be translated; remove these from the inbox.',
  ROUTE_NOT_FOUND: 'Move the files into the folder of a route, or add a route that matches them.',
  PAIR_NOT_FOUND: 'Correct the pair of the route: "cyclebox pairs" lists those that there are.',
  DOMAIN_NOT_FOUND: 'Correct "to" of the route: it is one of the two domains of its pair.',
  PLUGIN_INVALID: 'Mend the manifest that the message names, then retry.',
  PLUGIN_ENGINE_MISMATCH: 'Update cyclebox or the plugin, then retry.',
  MODEL_MISSING:
    'Train the pair, or put its model where the manifest says; the files are then translated by themselves.',
  MODEL_HASH_MISMATCH: 'Install the model again: its file is not the one that the manifest names.',
  MODEL_INVALID: 'Replace the model file; "cyclebox doctor" names it.',
  SCALE_UNKNOWN: 'Give the route a "scale" in pixels, or "native".',
  ENGINE_FAILED: 'Retry; if it fails again, "cyclebox doctor" tests the engine.',
  ENGINE_UNAVAILABLE: '"cyclebox doctor" says what the engine lacks; "engine": "auto" takes another.',
  DEVICE_LOST: 'Retry: the device gets a new process.',
  OUT_OF_MEMORY: 'Close other programs, or raise "workerMemoryMegabytes"; then retry.',
  PROCESS_CRASHED:
    'The image has crashed its worker and is kept apart. Retry it alone; if it crashes again, report it with the file.',
  PROCESS_UNRESPONSIVE: 'Retry it; if it hangs again, report it with the file.',
  TIMED_OUT: 'Raise "jobTimeoutMs" in watch-config.json, or use a faster device; then retry.',
  FILE_UNREADABLE: 'Let the user of the daemon read the files, then retry.',
  FILE_EXISTS: 'Take the outputs of these names away, or set "onCollision" to "suffix"; then retry.',
  WRITE_FAILED: 'Make room in the outbox and let the daemon write there, then retry.',
  INTERNAL: 'A defect in cyclebox: retry, and report it with the message.',
};

/** Of each group. */
const mostExamples = 5;

export function remedyOf(code: string): string {
  return (isErrorCode(code) ? remedies[code] : undefined) ?? 'The message says what to do; retry when it is done.';
}

export function failureGroups({ jobs }: Pick<LiveService, 'jobs'>): readonly FailureGroup[] {
  const byCode = new Map<string, ReturnType<typeof jobs.failures>>();
  for (const part of jobs.failures()) byCode.set(part.code, [...(byCode.get(part.code) ?? []), part]);
  const groups = [...byCode].map(([code, parts]) => ({
    code,
    meaning: isErrorCode(code) ? errorCodes[code] : '',
    remedy: remedyOf(code),
    count: sum(parts.map(({ count }) => count)),
    quarantined: sum(parts.map(({ quarantined }) => quarantined)),
    newestMs: Math.max(...parts.map(({ newestMs }) => newestMs)),
    oldestMs: Math.min(...parts.map(({ oldestMs }) => oldestMs)),
    translations: Object.fromEntries(parts.map(({ translation, count }) => [translation, count])),
    examples: examplesOf(jobs, code),
  }));
  return groups.sort((a, b) => b.count - a.count);
}

function examplesOf(jobs: LiveService['jobs'], code: string): FailureGroup['examples'] {
  const page = jobs.page({ states: ['failed', 'quarantined'], code, limit: mostExamples });
  return page.jobs.map(({ id, path, error }) => ({ id, path, message: error?.message ?? '' }));
}

const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
