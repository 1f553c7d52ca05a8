/**
 * One plugin with code, for as long as it is in force: starts its process when something of it is asked for, ends it when it is
 * idle, starts it again after a crash, and stops it after too many. What it does wrong is told by errors that name it, and by its
 * state; it concerns no other plugin.
 *
 * Pictures are handed to it one at a time, so that a crash is the crash of one picture.
 */
import { realpath } from 'node:fs/promises';
import {
  asCycleboxError,
  type Clock,
  CycleboxError,
  type Disposable,
  Emitter,
  type Event,
  errorToData,
  systemClock,
} from '../../base/index.js';
import type { ChildExit, Handlers, OutputLine, ParamsOf, ResultOf } from '../../process/index.js';
import { type PluginState, stateText } from '../registry/index.js';
import type { HostCalls, PluginCallName, PluginCalls } from '../runtime/index.js';
import { requireNoLinksOut } from './check-links.js';
import type { CodedPluginSpec } from './coded-plugin-spec.js';
import { CostLedger, type PluginCosts } from './cost-ledger.js';
import { type CrashPolicy, CrashRecord } from './crash-record.js';
import { hostCalls, type TranslateForPlugin } from './host-calls.js';
import { IdleTimer } from './idle-timer.js';
import { type PluginLimits, pluginLimits } from './plugin-limits.js';
import { PluginLog } from './plugin-log.js';
import { type PluginPlaces, pluginPlaces, preparePlaces, removeScratch } from './plugin-places.js';
import { PluginProcess } from './plugin-process.js';
import { PluginStore } from './plugin-store.js';
import { Turns } from './turns.js';

export type PluginEvent =
  | { readonly type: 'state'; readonly plugin: string; readonly state: PluginState; readonly text: string }
  /** Its process crashed, or its code could not be activated. */
  | { readonly type: 'fault'; readonly plugin: string; readonly error: CycleboxError }
  /** It broke a rule, and nothing came of it. */
  | { readonly type: 'stray'; readonly plugin: string; readonly what: string }
  | {
      readonly type: 'said';
      readonly plugin: string;
      readonly level: 'debug' | 'info' | 'warn' | 'error';
      readonly message: string;
    }
  /** A debugger can be attached there. */
  | { readonly type: 'inspector'; readonly plugin: string; readonly address: string };

export interface CodedPluginOptions {
  readonly spec: CodedPluginSpec;
  /** The daemon's state folder, or another that stands in for it. */
  readonly stateFolder: string;
  readonly translate: TranslateForPlugin;
  readonly limits?: PluginLimits | undefined;
  readonly crashes?: CrashPolicy | undefined;
  /** True: with a debugger, and so without permissions and time limits. */
  readonly inspect?: boolean | undefined;
  readonly clock?: Clock | undefined;
}

export interface PluginCallOptions {
  /** `onTranslate:grain`: what it is started for, if it has to be. */
  readonly event: string;
  /** For messages, after the plugin's name: `failed as postprocessor "grain"`. */
  readonly doing: string;
  readonly signal?: AbortSignal | undefined;
}

/** Calls that are given a picture. */
const takesTurns: ReadonlySet<PluginCallName> = new Set(['preprocess', 'postprocess', 'route', 'measure']);

export class CodedPlugin implements Disposable {
  readonly spec: CodedPluginSpec;
  readonly places: PluginPlaces;
  readonly #options: CodedPluginOptions;
  readonly #limits: PluginLimits;
  readonly #clock: Clock;
  readonly #events = new Emitter<PluginEvent>();
  readonly #crashes: CrashRecord;
  readonly #log: PluginLog;
  readonly #handlers: Handlers<HostCalls>;
  readonly #store: PluginStore;
  readonly #turns = new Turns();
  readonly #idle: IdleTimer;
  /** What it was started for; asked for again after a crash. */
  readonly #requested = new Set<string>();
  readonly #ending = new AbortController();
  #ledger: CostLedger | undefined;
  #starting: Promise<PluginProcess> | undefined;
  /** The end of the process that was idle. */
  #retiring: Promise<void> | undefined;
  #state: PluginState = { kind: 'idle' };
  #running: PluginProcess | undefined;
  #lastCrash: string | undefined;
  #lastFault: CycleboxError | undefined;

  constructor(options: CodedPluginOptions) {
    const { spec, clock = systemClock, limits = pluginLimits } = options;
    this.spec = spec;
    this.#options = options;
    this.#clock = clock;
    this.#limits = limits;
    this.places = pluginPlaces(options.stateFolder, spec.name);
    this.#crashes = new CrashRecord(options.crashes);
    this.#log = new PluginLog(this.places.log, clock);
    this.#store = new PluginStore(this.places.state);
    this.#handlers = hostCalls({
      store: this.#store,
      secrets: new PluginStore(this.places.secrets),
      scratch: this.places.scratch,
      translate: options.translate,
      log: ({ level, message }) => this.#said(level, message),
    });
    this.#idle = new IdleTimer(clock, limits.idleAfterMs, () => void this.#evict());
  }

  readonly onEvent: Event<PluginEvent> = this.#events.event;

  get state(): PluginState {
    return this.#state;
  }

  /** Of the process that runs: what it holds, as far as it is known. */
  get memoryBytes(): number | undefined {
    return this.#running?.memoryBytes;
  }

  /** What its last crash or failed start was; undefined once it runs again. */
  get fault(): CycleboxError | undefined {
    return this.#lastFault;
  }

  /** What it has cost so far; undefined before its first start here. */
  get costs(): PluginCosts | undefined {
    return this.#ledger?.costs;
  }

  /**
   * Asks something of it, having started it if need be.
   * @throws PLUGIN_FAILED, PLUGIN_CRASHED (in this call), PLUGIN_UNAVAILABLE (it cannot be started), CANCELLED
   */
  async call<M extends PluginCallName>(
    method: M,
    params: ParamsOf<PluginCalls, M>,
    options: PluginCallOptions,
  ): Promise<ResultOf<PluginCalls, M>> {
    const work = () => this.#call(method, params, options);
    return await this.#idle.during(() => (takesTurns.has(method) ? this.#turns.next(work, options.signal) : work()));
  }

  /** Starts it. @throws PLUGIN_UNAVAILABLE, CANCELLED */
  async activate(event: string, signal?: AbortSignal): Promise<void> {
    await this.#idle.during(() => this.#ready(event, signal));
  }

  /** Ends it in order once what it is at has ended. */
  async retire(): Promise<void> {
    await this.#idle.whenFree();
    await this.dispose();
  }

  /** Ends it in order; what is under way fails as cancelled or crashed. */
  async dispose(): Promise<void> {
    this.#ending.abort();
    this.#idle.dispose();
    const process = await this.#starting?.catch(() => undefined);
    await process?.dispose();
    await this.#retiring;
    await Promise.all([this.#store.flushed(), this.#log.flushed(), this.#ledger?.save(), removeScratch(this.places)]);
    this.#events.dispose();
  }

  async #call<M extends PluginCallName>(
    method: M,
    params: ParamsOf<PluginCalls, M>,
    { event, doing, signal }: PluginCallOptions,
  ): Promise<ResultOf<PluginCalls, M>> {
    const process = await this.#ready(event, signal);
    const startMs = this.#clock.monotonicMs();
    const spent = (failed: boolean) => this.#ledger?.called(method, this.#clock.monotonicMs() - startMs, failed);
    try {
      const result = await process.call(method, params, { doing, signal });
      spent(false);
      return result;
    } catch (error) {
      spent(true);
      this.#log.add('host', asCycleboxError(error).stack ?? String(error));
      throw error;
    }
  }

  /** A start that crashes is no caller's fault: whoever waits goes on waiting, until it runs or is stopped. */
  async #ready(event: string, signal: AbortSignal | undefined): Promise<PluginProcess> {
    this.#requested.add(event);
    for (;;) {
      this.#requireStartable();
      this.#starting ??= this.#start(event);
      try {
        return await unlessAborted(this.#starting, signal, this.spec.name);
      } catch (error) {
        if (signal?.aborted || this.#ending.signal.aborted) throw error;
      }
    }
  }

  #requireStartable(): void {
    const { name, version } = this.spec;
    if (this.#ending.signal.aborted) throw new CycleboxError('CANCELLED', `the plugin ${name} is ending`);
    if (this.#state.kind !== 'failed' && this.#state.kind !== 'disabledByCrashes') return;
    const why =
      this.#state.kind === 'failed' ? this.#state.problem.message : (this.#lastCrash ?? 'it crashed too often');
    const remedy = `Repair or update it, or enable it anew: cyclebox plugins enable ${name}`;
    const message = `${name} ${version} is not running, ${stateText(this.#state)}: ${why.replace(/\.$/, '')}. ${remedy}`;
    throw new CycleboxError('PLUGIN_UNAVAILABLE', message, { subject: { plugin: name } });
  }

  /** @param pauseMs before it, after a crash */
  async #start(event: string, pauseMs = 0): Promise<PluginProcess> {
    await this.#pause(pauseMs);
    this.#become({ kind: 'activating', event, sinceMs: this.#clock.epochMs() });
    const startedMs = this.#clock.monotonicMs();
    try {
      const process = await this.#startProcess();
      this.#watch(process, startedMs);
      return process;
    } catch (thrown) {
      const error = asCycleboxError(thrown, { plugin: this.spec.name }, 'PLUGIN_FAILED');
      this.#starting = undefined;
      if (this.#ending.signal.aborted) throw error;
      if (error.code === 'PLUGIN_CRASHED') this.#crashed(error, startedMs);
      else this.#failed(error);
      throw error;
    }
  }

  async #startProcess(): Promise<PluginProcess> {
    const { limits, clock, spec } = { limits: this.#limits, clock: this.#clock, spec: await this.#locatedSpec() };
    await preparePlaces(this.places);
    this.#ledger ??= await CostLedger.open(this.places.ledger);
    const options = {
      spec,
      places: this.places,
      state: await this.#store.all(),
      handlers: this.#handlers,
      limits,
      clock,
      inspect: this.#options.inspect ?? false,
      onLine: (line: OutputLine) => this.#heardLine(line),
      onStray: (what: string) => this.#stray(what),
      onUsage: (peakBytes: number) => this.#ledger?.used(peakBytes),
    };
    const { process, report } = await PluginProcess.start(options, this.#ending.signal);
    this.#ledger.started(report);
    return process;
  }

  /** Without links, since permissions are those of real paths. @throws PLUGIN_UNSAFE, FILE_NOT_FOUND */
  async #locatedSpec(): Promise<CodedPluginSpec> {
    const { folder, main } = this.spec;
    const real = await realpath(folder).catch(error => {
      throw asCycleboxError(error, { file: folder }, 'FILE_NOT_FOUND');
    });
    await requireNoLinksOut(real);
    return { ...this.spec, folder: real, main: real + main.slice(folder.length) };
  }

  #watch(process: PluginProcess, startedMs: number): void {
    const self = this.#starting;
    this.#running = process;
    this.#lastFault = undefined;
    this.#become({ kind: 'active', pid: process.pid, sinceMs: this.#clock.epochMs() });
    process.onResponsiveness(isResponsive => {
      const sinceMs = this.#clock.epochMs();
      this.#become({ kind: isResponsive ? 'active' : 'unresponsive', pid: process.pid, sinceMs });
    });
    void process.exited.then((exit: ChildExit) => {
      if (this.#starting === self) this.#starting = undefined;
      if (this.#running === process) this.#running = undefined;
      if (!process.isRetired && !this.#ending.signal.aborted) this.#crashed(process.crash(exit), startedMs);
    });
  }

  #crashed(error: CycleboxError, startedMs: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#ledger?.crashed();
    void this.#ledger?.save();
    this.#lastCrash = error.message;
    this.#fault(error);
    const verdict = this.#crashes.crashed(nowMs, nowMs - startedMs);
    const { crashes } = verdict;
    if (verdict.kind === 'stop') {
      this.#become({ kind: 'disabledByCrashes', crashes, sinceMs: this.#clock.epochMs() });
      return;
    }
    this.#become({ kind: 'restarting', crashes, againMs: this.#clock.epochMs() + verdict.pauseMs });
    const [event = ''] = this.#requested;
    this.#starting = this.#start(event, verdict.pauseMs);
    this.#starting.catch(() => {});
  }

  #failed(error: CycleboxError): void {
    this.#fault(error);
    this.#become({ kind: 'failed', problem: errorToData(error) });
  }

  /** What runs from the start on has work of its own, and stays. */
  async #evict(): Promise<void> {
    if (this.spec.activationEvents.includes('onStartupFinished') || this.#state.kind !== 'active') return;
    const process = await this.#starting?.catch(() => undefined);
    if (!process || this.#idle.isBusy) return;
    this.#starting = undefined;
    this.#become({ kind: 'idle' });
    this.#retiring = process.dispose().then(() => this.#ledger?.save());
  }

  #become(state: PluginState): void {
    this.#state = state;
    const text = stateText(state);
    this.#log.add('host', text);
    this.#events.fire({ type: 'state', plugin: this.spec.name, state, text });
  }

  #fault(error: CycleboxError): void {
    this.#lastFault = error;
    this.#log.add('host', error.stack ?? error.message);
    this.#events.fire({ type: 'fault', plugin: this.spec.name, error });
  }

  #stray(what: string): void {
    this.#log.add('host', what);
    this.#events.fire({ type: 'stray', plugin: this.spec.name, what });
  }

  #said(level: 'debug' | 'info' | 'warn' | 'error', message: string): void {
    this.#log.add(level, message);
    this.#events.fire({ type: 'said', plugin: this.spec.name, level, message });
  }

  #heardLine({ stream, text }: OutputLine): void {
    this.#log.add(stream, text);
    const [, address] = /^Debugger listening on (ws:\S+)/.exec(text) ?? [];
    if (address !== undefined) this.#events.fire({ type: 'inspector', plugin: this.spec.name, address });
  }

  #pause(ms: number): Promise<void> {
    if (ms <= 0) return Promise.resolve();
    return new Promise(resolve => {
      const timer = this.#clock.after(ms, resolve);
      this.#ending.signal.addEventListener('abort', () => {
        void timer.dispose();
        resolve();
      });
    });
  }
}

/** What is waited for goes on. @throws CANCELLED */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined, name: string): Promise<T> {
  if (!signal) return work;
  return new Promise((resolve, reject) => {
    const cancel = () => reject(new CycleboxError('CANCELLED', `what ${name} was asked for was cancelled`));
    if (signal.aborted) cancel();
    signal.addEventListener('abort', cancel, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', cancel));
  });
}
