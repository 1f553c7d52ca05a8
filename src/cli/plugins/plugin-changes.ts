/** What plugins change in the pictures of `cyclebox translate`, before and after each translation. */
import { basename } from 'node:path';
import { type Disposable, newJobId } from '../../base/index.js';
import { processingSteps } from '../../daemon/index.js';
import type { PictureExchange } from '../../worker/index.js';
import { openPluginSession, type PluginSession } from './plugin-session.js';

export interface PluginChangesOptions {
  readonly pair?: string;
  readonly to?: string;
  readonly plugins?: readonly string[];
  readonly models?: string;
  readonly preprocess: readonly string[];
  readonly postprocess: readonly string[];
}

type Steps = ReturnType<typeof processingSteps>;

export class PluginChanges implements Disposable {
  readonly #session: PluginSession;
  readonly #options: PluginChangesOptions;
  #steps: Steps | undefined;

  private constructor(session: PluginSession, options: PluginChangesOptions) {
    this.#session = session;
    this.#options = options;
  }

  /** @throws PLUGIN_UNAVAILABLE for what no plugin in force has */
  static async open(options: PluginChangesOptions): Promise<PluginChanges> {
    const { plugins = [], models } = options;
    const session = await openPluginSession({ config: 'watch-config.json', plugins, models });
    const changes = new PluginChanges(session, options);
    try {
      changes.begin('');
      return changes;
    } catch (error) {
      await session.dispose();
      throw error;
    }
  }

  /** The next file. */
  begin(file: string): void {
    const { pair = '', to = '', preprocess: preprocessors, postprocess: postprocessors } = this.#options;
    const about = { job: newJobId(), path: basename(file), pair, to };
    void this.#steps?.dispose();
    this.#steps = processingSteps({ host: this.#session.host, preprocessors, postprocessors, about });
  }

  async at(stage: 'before' | 'after', exchange: PictureExchange): Promise<void> {
    for (const step of this.#steps?.[stage] ?? []) await step(exchange);
  }

  async dispose(): Promise<void> {
    await this.#steps?.dispose();
    await this.#session.dispose();
  }
}
