/** Which file gets which translation: the inbox asks, the rooms above answer. */
import type { CycleboxError, RelativePath } from '../base/index.js';
import type { Job, Translation } from './journal/index.js';
import type { FoundFile } from './watch/index.js';

export interface ToTranslate {
  readonly kind: 'translate';
  readonly translation: Translation;
  /** Higher ones go first. Default 0. */
  readonly priority?: number | undefined;
  /** True: files done by another version are done again by this one. Default false. */
  readonly reprocess?: boolean | undefined;
}

export type Routing = ToTranslate | { readonly kind: 'refuse'; readonly error: CycleboxError };

export type Router = (path: RelativePath) => Routing;

/** A file of the inbox, with what is to be done to it. */
export interface RoutedFile extends FoundFile {
  readonly routing: Routing;
}

/** Whether a file that is done is to be done anew, by another version of its model. */
export function isToBeDoneAgain(job: Pick<Job, 'version'>, routing: Routing): boolean {
  return routing.kind === 'translate' && routing.reprocess === true && routing.translation.version !== job.version;
}

/** The key by which the journal knows what is done to a file; empty where nothing can be. */
export function keyOf(routing: Routing): string {
  return routing.kind === 'translate' ? routing.translation.key : '';
}
