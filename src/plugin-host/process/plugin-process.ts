/**
 * One process of one plugin: started with the plugin's permissions, activated, called, watched, and ended. It starts once; whether
 * there is another after it, `CodedPlugin` decides.
 *
 * A call ends in time, whatever the plugin does: by its answer, or with the process.
 */
import { realpath } from 'node:fs/promises';
import { dirname, join, sep } from 'node:path';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  DisposableStore,
  Emitter,
  type Event,
  packageRoot,
} from '../../base/index.js';
import {
  Child,
  type ChildExit,
  compiledEntry,
  guardMemory,
  type Handlers,
  type OutputLine,
  type ParamsOf,
  type ResultOf,
} from '../../process/index.js';
import {
  type ActivationReport,
  type HostCalls,
  type PluginCallName,
  type PluginCalls,
  pluginProtocol,
} from '../runtime/index.js';
import type { CodedPluginSpec } from './coded-plugin-spec.js';
import { permissionFlags } from './permission-flags.js';
import { pluginEnvironment } from './plugin-environment.js';
import { crashOf, failureOf } from './plugin-fault.js';
import type { PluginLimits } from './plugin-limits.js';
import type { PluginPlaces } from './plugin-places.js';

export interface PluginProcessOptions {
  readonly spec: CodedPluginSpec;
  readonly places: PluginPlaces;
  /** What the plugin remembers. */
  readonly state: Readonly<Record<string, unknown>>;
  readonly handlers: Handlers<HostCalls>;
  readonly limits: PluginLimits;
  readonly clock: Clock;
  /** True: with a debugger, and so without permissions and time limits. */
  readonly inspect: boolean;
  readonly onLine: (line: OutputLine) => void;
  /** It broke the rules of its channel. */
  readonly onStray: (what: string) => void;
  readonly onUsage: (peakBytes: number) => void;
}

export interface StartReport extends ActivationReport {
  readonly processMs: number;
}

type PluginChild = Child<PluginCalls, HostCalls>;

/** Calls of a plugin that are served at a time. */
const mostCallsAtOnce = 64;

export class PluginProcess implements Disposable {
  readonly #options: PluginProcessOptions;
  readonly #child: PluginChild;
  readonly #opened = new DisposableStore();
  readonly #responsiveness = new Emitter<boolean>();
  #underWay = 0;
  #heartbeat: Disposable | undefined;
  #endTimer: Disposable | undefined;
  /** True: this side has no more use for it, and its end is no crash. */
  #isRetired = false;
  /** When it was last looked at. */
  #memoryBytes: number | undefined;
  /** Why this side has ended the process. */
  #endedFor: string | undefined;

  private constructor(options: PluginProcessOptions, child: PluginChild) {
    this.#options = options;
    this.#child = child;
    this.#opened.add(child.onResponsiveness(isResponsive => this.#heardResponsiveness(isResponsive)));
    this.#opened.add(this.#guardMemory());
    void child.exited.then(() => this.#opened.dispose());
  }

  /** @throws PLUGIN_FAILED (its code threw), PLUGIN_CRASHED (the process ended), CANCELLED */
  static async start(
    options: PluginProcessOptions,
    signal?: AbortSignal,
  ): Promise<{ readonly process: PluginProcess; readonly report: StartReport }> {
    const startMs = options.clock.monotonicMs();
    const child = await forked(options, signal);
    const processMs = options.clock.monotonicMs() - startMs;
    const process = new PluginProcess(options, child);
    try {
      return { process, report: { processMs, ...(await process.#activate()) } };
    } catch (error) {
      await child.kill();
      throw error;
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** What it holds; undefined until it was looked at, and where there is no way to ask. */
  get memoryBytes(): number | undefined {
    return this.#memoryBytes;
  }

  /** True while it answers in time. */
  get onResponsiveness(): Event<boolean> {
    return this.#responsiveness.event;
  }

  get exited(): Promise<ChildExit> {
    return this.#child.exited;
  }

  /** What it ended of, as an error; for ends that nobody asked for. */
  crash(exit: ChildExit): CycleboxError {
    return crashOf(this.#options.spec, 'crashed', this.#howEnded(exit), this.#child.recentOutput);
  }

  /**
   * @param doing what is asked, for messages: `failed as postprocessor "grain"`
   * @throws PLUGIN_FAILED, PLUGIN_CRASHED, CANCELLED (by the signal only)
   */
  async call<M extends PluginCallName>(
    method: M,
    params: ParamsOf<PluginCalls, M>,
    { doing, signal }: { readonly doing: string; readonly signal?: AbortSignal | undefined },
  ): Promise<ResultOf<PluginCalls, M>> {
    const limit = this.#limit(method);
    this.#begin();
    try {
      return await this.#child.call(method, params, { signal });
    } catch (error) {
      throw await this.#explained(asCycleboxError(error), doing, signal);
    } finally {
      void limit?.dispose();
      this.#end();
    }
  }

  get isRetired(): boolean {
    return this.#isRetired;
  }

  /** In order: `deactivate` has its time, then the process is asked to go. */
  async dispose(): Promise<void> {
    this.#isRetired = true;
    await this.call('deactivate', null, { doing: 'failed to deactivate' }).catch(error => {
      this.#options.onStray(asCycleboxError(error).message);
    });
    await this.#child.dispose();
  }

  #activate(): Promise<ActivationReport> {
    const { spec, places, state } = this.#options;
    const { name, version, folder, main, settings, contributes } = spec;
    const own = { storagePath: places.storage, scratchPath: places.scratch, logPath: places.log };
    const start = { name, version, folder, main, settings, contributes, state, ...own };
    return this.call('activate', start, { doing: 'could not be activated' });
  }

  #limit(method: PluginCallName): Disposable | undefined {
    const { limits, clock, inspect } = this.#options;
    const ms = limits.callMs[method];
    if (inspect && method !== 'deactivate') return undefined;
    return clock.after(ms, () => this.#endFor(`it took longer than ${ms} ms for ${method}, and was ended`));
  }

  #endFor(reason: string): void {
    this.#endedFor ??= reason;
    void this.#child.kill();
  }

  #begin(): void {
    if (this.#underWay++ === 0) this.#beat();
  }

  #end(): void {
    if (--this.#underWay > 0) return;
    void this.#heartbeat?.dispose();
    this.#heartbeat = undefined;
  }

  /** Asks for something small, so that an acknowledgement is owed even where the one call under way was acknowledged long ago. */
  #beat(): void {
    const { clock, limits, inspect, onUsage } = this.#options;
    if (inspect) return;
    this.#heartbeat = clock.after(limits.heartbeatMs, () => {
      this.#child.call('usage', null).then(
        ({ peakBytes }) => onUsage(peakBytes),
        () => {},
      );
      this.#beat();
    });
  }

  #heardResponsiveness(isResponsive: boolean): void {
    const { clock, limits, inspect } = this.#options;
    void this.#endTimer?.dispose();
    this.#responsiveness.fire(isResponsive);
    if (isResponsive || inspect) return;
    const text = `it stopped answering for ${limits.unresponsiveAfterMs + limits.endAfterMs} ms, and was ended`;
    this.#endTimer = this.#opened.add(clock.after(limits.endAfterMs, () => this.#endFor(text)));
  }

  #guardMemory(): Disposable {
    const { limits, clock } = this.#options;
    const limitBytes = limits.memoryBytes;
    return guardMemory({
      pid: this.pid,
      limitBytes,
      clock,
      onMeasured: bytes => {
        this.#memoryBytes = bytes;
      },
      onExceeded: bytes =>
        this.#endFor(`it held ${megabytes(bytes)} of memory, more than its ${megabytes(limitBytes)}, and was ended`),
    });
  }

  /** The plugin's word for what went wrong counts only while its process is there to give it. */
  async #explained(error: CycleboxError, doing: string, signal: AbortSignal | undefined): Promise<CycleboxError> {
    if (signal?.aborted)
      return new CycleboxError('CANCELLED', `what ${this.#options.spec.name} was asked for was cancelled`);
    if (this.#child.isReachable && this.#endedFor === undefined) return failureOf(this.#options.spec, doing, error);
    const exit = await this.#child.exited;
    return crashOf(this.#options.spec, doing, this.#howEnded(exit), this.#child.recentOutput);
  }

  #howEnded({ code, signal }: ChildExit): string {
    if (this.#endedFor !== undefined) return this.#endedFor;
    const how = signal ? `by signal ${signal}` : `with code ${code}`;
    const [said] = this.#child.recentOutput.filter(line => /^\s*(?:\w*Error\b|FATAL)/.test(line)).slice(-1);
    return `its process ended ${how}${said === undefined ? '' : `: ${said.trim()}`}`;
  }
}

/** @throws PLUGIN_CRASHED, CANCELLED */
async function forked(options: PluginProcessOptions, signal: AbortSignal | undefined): Promise<PluginChild> {
  const { spec, places, limits, handlers, clock, onLine, onStray } = options;
  const entry = await realpath(compiledEntry(import.meta.url, '../runtime/plugin-main.js'));
  let said: readonly string[] = [];
  try {
    return await Child.start<PluginCalls, HostCalls>(
      {
        entry,
        name: `plugin ${spec.name}`,
        protocol: pluginProtocol,
        wire: 'frames',
        handlers,
        execArgv: await flagsOf(options),
        env: pluginEnvironment(places.scratch),
        cwd: places.storage,
        onLine: line => {
          said = [...said, line.text].slice(-20);
          onLine(line);
        },
        onStray,
        maxServing: mostCallsAtOnce,
        handshakeTimeoutMs: limits.handshakeMs,
        unresponsiveAfterMs: limits.unresponsiveAfterMs,
        clock,
      },
      signal,
    );
  } catch (error) {
    if (signal?.aborted) throw new CycleboxError('CANCELLED', `the start of ${spec.name} was cancelled`);
    throw crashOf(spec, 'could not be started', asCycleboxError(error).message, said);
  }
}

async function flagsOf({ spec, places, limits, inspect }: PluginProcessOptions): Promise<readonly string[]> {
  const common = [`--max-old-space-size=${limits.heapMegabytes}`, '--disable-warning=ExperimentalWarning'];
  // Node opens no debugger under its permissions.
  if (inspect) return [...common, '--inspect=127.0.0.1:0'];
  const root = await realpath(packageRoot);
  const reads = [spec.folder, ...sharedModules(spec.folder), join(root, 'dist'), join(root, 'package.json')];
  return [...common, ...permissionFlags(spec.permissions, { reads, writes: [places.storage, places.scratch] })];
}

/** npm lays what an installed plugin depends on beside it, not in it. */
function sharedModules(folder: string): readonly string[] {
  const parts = folder.split(sep);
  const last = parts.lastIndexOf('node_modules');
  return last > 0 && last < parts.length - 1 ? [dirname([...parts.slice(0, last + 1), 'x'].join(sep))] : [];
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1e6)} MB`;
}
