/**
 * Files that are dropped beside the drop zones: a browser would leave the page and show them. Where there is one route that works they
 * go there; where there are more, the page says where to drop them.
 */
import { isLive, status } from '../live/index.js';
import { say, sayProblem } from '../parts/index.js';
import { send } from './uploads.js';

/** Watches as long as the page lives. */
export function catchDrops(): void {
  document.addEventListener('dragover', event => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener('drop', event => {
    // A zone has taken them.
    if (event.defaultPrevented || !hasFiles(event)) return;
    event.preventDefault();
    take([...(event.dataTransfer?.files ?? [])]);
  });
}

function hasFiles({ dataTransfer }: DragEvent): boolean {
  return dataTransfer?.types.includes('Files') === true;
}

function take(files: readonly File[]): void {
  if (!isLive.value || files.length === 0) return;
  const open = status.value?.routes.filter(({ problem }) => problem === undefined) ?? [];
  const [only] = open;
  if (open.length === 1 && only) {
    say(`Sent to ${only.match}.`);
    void send(files, only.match).catch(sayProblem);
  } else say('Drop images onto one of the routes of the overview.');
}
