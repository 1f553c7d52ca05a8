/**
 * What a plugin's code has registered, held to what its manifest contributes: nothing else can be registered, each id once, and
 * what is contributed but not registered is missing by name.
 */
import { CycleboxError, didYouMean } from '../../base/index.js';
import type {
  Command,
  Metric,
  PluginDisposable,
  Postprocessor,
  Preprocessor,
  RecipeBuilder,
  RouteChooser,
} from '../../plugin-api/index.js';
import { type ContributedIds, type HandlerKind, handlerKinds } from './plugin-protocol.js';

export interface HandlerOf {
  readonly preprocessor: Preprocessor;
  readonly postprocessor: Postprocessor;
  readonly router: RouteChooser;
  readonly recipe: RecipeBuilder;
  readonly metric: Metric;
  readonly command: Command;
}

export class HandlerTable {
  readonly #contributed: ContributedIds;
  readonly #handlers = new Map<string, HandlerOf[HandlerKind]>();

  constructor(contributed: ContributedIds) {
    this.#contributed = contributed;
  }

  /** @throws PLUGIN_FAILED for what the manifest does not contribute, or is registered already */
  register<Kind extends HandlerKind>(kind: Kind, id: string, handler: HandlerOf[Kind]): PluginDisposable {
    const ids = this.#contributed[kind];
    if (!ids.includes(id)) throw failed(`registers the ${kind} ${quoted(id)}, ${notContributed(id, ids)}`);
    if (typeof handler !== 'function') throw failed(`registers no function for the ${kind} ${quoted(id)}`);
    const key = keyOf(kind, id);
    if (this.#handlers.has(key)) throw failed(`registers the ${kind} ${quoted(id)} twice`);
    this.#handlers.set(key, handler);
    return { dispose: () => void this.#handlers.delete(key) };
  }

  /** @throws PLUGIN_FAILED */
  get<Kind extends HandlerKind>(kind: Kind, id: string): HandlerOf[Kind] {
    const handler = this.#handlers.get(keyOf(kind, id));
    if (!handler) throw failed(`has registered no ${kind} ${quoted(id)}`);
    return handler as HandlerOf[Kind];
  }

  /** @throws PLUGIN_FAILED naming what is contributed and not registered */
  requireAll(): void {
    const missing = handlerKinds.flatMap(kind =>
      this.#contributed[kind].filter(id => !this.#handlers.has(keyOf(kind, id))).map(id => `${kind} ${quoted(id)}`),
    );
    if (missing.length === 0) return;
    throw failed(`contributes the ${missing.join(', ')}, but its activate() registers none of that name`);
  }
}

const keyOf = (kind: HandlerKind, id: string): string => `${kind} ${id}`;

const quoted = (id: string): string => JSON.stringify(id);

function notContributed(id: string, ids: readonly string[]): string {
  if (ids.length === 0) return 'but its manifest contributes none';
  return `which its manifest does not contribute; it contributes ${ids.join(', ')}.${didYouMean(id, ids)}`;
}

/** @param what follows the plugin's name, which whoever is called adds */
function failed(what: string): CycleboxError {
  return new CycleboxError('PLUGIN_FAILED', what);
}
