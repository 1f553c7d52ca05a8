/** Which file gets which translation: the inbox asks, the rooms above answer. */
import type { CycleboxError, RelativePath } from '../../base/index.js';
import type { Translation } from '../journal/index.js';

export type Routing =
  | {
      readonly kind: 'translate';
      readonly translation: Translation;
      /** Higher ones go first. Default 0. */
      readonly priority?: number | undefined;
      /** True: files done by another version are done again by this one. Default false. */
      readonly reprocess?: boolean | undefined;
    }
  | { readonly kind: 'refuse'; readonly error: CycleboxError };

export type Router = (path: RelativePath) => Routing;
