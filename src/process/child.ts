/**
 * The parent's side: forks a compiled entry, shakes hands, and lends a typed channel to it. It starts one process
 * once; restarting is `Supervisor`'s.
 *
 * When the process ends, for whatever reason, every pending call fails at once with a reason that names the process,
 * what it was doing and its last words.
 */
import { type ChildProcess, fork, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { type Clock, CycleboxError, type Disposable, type Event, systemClock } from '../base/index.js';
import { type CallOptions, Channel } from './channel.js';
import { FrameLink } from './frame-link.js';
import { ipcLink } from './ipc-link.js';
import type { Link } from './link.js';
import { OutputCapture, type OutputLine } from './output-capture.js';
import {
  frameDescriptor,
  type Handlers,
  type Message,
  type MethodOf,
  type NoMethods,
  type ParamsOf,
  type ProtocolName,
  type ResultOf,
  rpcVersion,
  type Wire,
} from './protocol.js';

export interface ChildOptions<Local = NoMethods> {
  /** Absolute path of a JavaScript file that calls `serveParent`. */
  readonly entry: string;
  /** What people call it: `compute worker`. */
  readonly name: string;
  readonly protocol: ProtocolName;
  /**
   * `ipc`, Node's own channel, for children that are ours; `frames`, a pipe that takes rubbish without harm, for those that
   * are not. The child's `serveParent` has to be told the same. Default `ipc`.
   */
  readonly wire?: Wire | undefined;
  /** What the child may call here. */
  readonly handlers?: Handlers<Local> | undefined;
  readonly args?: readonly string[] | undefined;
  /** Node's own flags, such as `--permission` or `--max-old-space-size=…`. Default: none. */
  readonly execArgv?: readonly string[] | undefined;
  readonly env?: NodeJS.ProcessEnv | undefined;
  readonly cwd?: string | undefined;
  /** Gives the process a session of its own, which Linux's scheduler weighs by itself. It ends with its parent all the same. */
  readonly detached?: boolean | undefined;
  readonly onLine?: ((line: OutputLine) => void) | undefined;
  /** Default 30 000. */
  readonly handshakeTimeoutMs?: number | undefined;
  /** Default 3000. */
  readonly unresponsiveAfterMs?: number | undefined;
  /** Calls of the child that are served at a time; further ones are refused. Default: no limit. */
  readonly maxServing?: number | undefined;
  /** Told when the child breaks the rules of the channel: answers twice, or unasked. */
  readonly onStray?: ((what: string) => void) | undefined;
  /** How long `dispose` waits for an orderly end before SIGKILL. Default 3000. */
  readonly graceMs?: number | undefined;
  readonly clock?: Clock | undefined;
}

export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True when this side asked for the end. */
  readonly expected: boolean;
}

export class Child<Remote, Local = NoMethods> implements Disposable {
  readonly #process: ChildProcess;
  readonly #channel: Channel<Remote, Local>;
  readonly #options: ChildOptions<Local>;
  readonly #output: OutputCapture;
  readonly #clock: Clock;
  readonly #link: Link;
  #expected = false;
  /** What the process was ended for, where it said what is no message. */
  #fault: CycleboxError | undefined;

  /** Resolves when the process has ended; never rejects. */
  readonly exited: Promise<ChildExit>;

  private constructor(options: ChildOptions<Local>) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#output = new OutputCapture({ onLine: options.onLine });
    this.#process = startProcess(options);
    this.#link = linkTo(this.#process, options);
    this.#channel = new Channel<Remote, Local>({
      send: message => this.#send(message),
      handlers: options.handlers ?? ({} as Handlers<Local>),
      peer: options.name,
      unresponsiveAfterMs: options.unresponsiveAfterMs,
      maxServing: options.maxServing,
      onStray: options.onStray,
      clock: options.clock,
    });
    this.exited = this.#listen();
  }

  /**
   * Forks and shakes hands.
   * @param signal ends the process before it has said hello
   * @throws PROCESS_CRASHED, PROCESS_UNRESPONSIVE (no hello in time), PROTOCOL (it speaks another protocol)
   */
  static async start<Remote, Local = NoMethods>(
    options: ChildOptions<Local>,
    signal?: AbortSignal,
  ): Promise<Child<Remote, Local>> {
    const child = new Child<Remote, Local>(options);
    const end = () => void child.kill();
    signal?.addEventListener('abort', end, { once: true });
    try {
      await child.#shakeHands();
    } catch (error) {
      await child.kill();
      throw error;
    } finally {
      signal?.removeEventListener('abort', end);
    }
    return child;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** False when nothing more can be said to it: it has ended, or is about to. */
  get isReachable(): boolean {
    return this.#link.isOpen && this.#process.exitCode === null && this.#process.signalCode === null;
  }

  get isResponsive(): boolean {
    return this.#channel.isResponsive;
  }

  /** See `Channel.onResponsiveness`. */
  get onResponsiveness(): Event<boolean> {
    return this.#channel.onResponsiveness;
  }

  /** The last lines that the process wrote, oldest first. */
  get recentOutput(): readonly string[] {
    return this.#output.recent;
  }

  call<M extends MethodOf<Remote>>(
    method: M,
    params: ParamsOf<Remote, M>,
    options?: CallOptions,
  ): Promise<ResultOf<Remote, M>> {
    return this.#channel.call(method, params, options);
  }

  /** Ends the process without asking. Resolves when it has ended. */
  async kill(): Promise<ChildExit> {
    this.#expected = true;
    this.#process.kill('SIGKILL');
    return this.exited;
  }

  /** Asks the process to end and waits for it; kills it after the grace time. */
  async dispose(): Promise<void> {
    this.#expected = true;
    const timer = this.#clock.after(this.#options.graceMs ?? 3000, () => this.#process.kill('SIGKILL'));
    try {
      this.#send({ kind: 'bye' });
    } catch {
      this.#process.kill('SIGKILL');
    }
    await this.exited;
    await timer.dispose();
  }

  #send(message: Message): void {
    if (!this.#link.isOpen) throw new CycleboxError('PROCESS_CRASHED', `the ${this.#options.name} has ended`);
    this.#link.send(message);
  }

  #listen(): Promise<ChildExit> {
    const { stdout, stderr } = this.#process;
    if (stdout) this.#output.attach(stdout, 'stdout');
    if (stderr) this.#output.attach(stderr, 'stderr');
    this.#link.onMessage(message => this.#channel.receive(message));
    this.#link.onFault(fault => {
      this.#fault = fault;
      this.#process.kill('SIGKILL');
    });
    let lastWords: Disposable | undefined;
    let lastWait: Disposable | undefined;
    let hasEnded = false;
    // A process that nobody can talk to any more is of no use, whatever else it does.
    this.#link.onEnd(() => {
      if (!hasEnded) lastWait = this.#clock.after(500, () => this.#process.kill('SIGKILL'));
    });
    return new Promise(resolve => {
      const ended = (code: number | null, signal: NodeJS.Signals | null) => {
        hasEnded = true;
        void lastWords?.dispose();
        void lastWait?.dispose();
        const exit: ChildExit = { code, signal, expected: this.#expected };
        this.#channel.close(this.#crash(exit));
        void this.#link.dispose();
        resolve(exit);
      };
      this.#process.once('error', () => this.#process.pid === undefined && ended(null, null));
      // 'close' rather than 'exit': the output has been read to its end, so the last words are known. A grandchild may
      // hold the pipes open, so that 'close' never comes: then half a second after 'exit' has to do.
      this.#process.once('close', ended);
      this.#process.once('exit', (code, signal) => {
        lastWords = this.#clock.after(500, () => ended(code, signal));
      });
    });
  }

  async #shakeHands(): Promise<void> {
    const hello = await this.#firstHello(this.#options.handshakeTimeoutMs ?? 30_000);
    const mismatch = this.#mismatch(hello.rpc, hello.protocol);
    if (mismatch) throw mismatch;
    this.#send({ kind: 'welcome', parentPid: process.pid });
  }

  #firstHello(limitMs: number): Promise<Extract<Message, { kind: 'hello' }>> {
    return new Promise((resolve, reject) => {
      const late = `the ${this.#options.name} did not complete its handshake within ${limitMs} ms`;
      const timer = this.#clock.after(limitMs, () => reject(new CycleboxError('PROCESS_UNRESPONSIVE', late)));
      const listening = this.#link.onMessage(message => {
        if (message.kind !== 'hello') return;
        void timer.dispose();
        void listening.dispose();
        resolve(message);
      });
      void this.exited.then(exit => {
        void timer.dispose();
        reject(this.#crash(exit));
      });
    });
  }

  #mismatch(rpc: number, protocol: ProtocolName): CycleboxError | undefined {
    const { name, version } = this.#options.protocol;
    if (rpc === rpcVersion && protocol.name === name && protocol.version === version) return undefined;
    const theirs = `${protocol.name} ${protocol.version} (messages ${rpc})`;
    const ours = `${name} ${version} (messages ${rpcVersion})`;
    const text = `the ${this.#options.name} speaks ${theirs}, this side ${ours}: rebuild or reinstall, both must be of one version`;
    return new CycleboxError('PROTOCOL', text);
  }

  #crash(exit: ChildExit): CycleboxError {
    const ended = exit.signal ? `by signal ${exit.signal}` : `with code ${exit.code}`;
    const how = this.#fault ? `because ${this.#fault.message}` : ended;
    const doing = this.#channel.inFlight;
    const during = doing.length > 0 ? ` during ${doing.join(', ')}` : '';
    const words = this.#output.lastOutput.join(' | ');
    const last = words === '' ? '' : `; its last output: ${words.slice(0, 500)}`;
    const code = exit.expected ? 'CANCELLED' : 'PROCESS_CRASHED';
    return new CycleboxError(code, `the ${this.#options.name} (pid ${this.pid}) ended ${how}${during}${last}`);
  }
}

function startProcess<Local>(options: ChildOptions<Local>): ChildProcess {
  const { entry, args = [], execArgv = [], env, cwd, detached = false } = options;
  const common = { detached, ...(env && { env }), ...(cwd !== undefined && { cwd }) };
  if (options.wire !== 'frames')
    return fork(entry, [...args], { ...common, execArgv: [...execArgv], serialization: 'advanced', silent: true });
  const [command, ...words] = [...endsWithParent(detached), process.execPath, ...execArgv, entry, ...args];
  return spawn(command as string, words, { ...common, stdio: ['ignore', 'pipe', 'pipe', 'pipe'], windowsHide: true });
}

const setpriv = '/usr/bin/setpriv';

/**
 * Has Linux end the process with this one: its own orphan guard cannot, once its code loops for ever. Where util-linux is missing,
 * and on other systems, the guard has to do.
 */
function endsWithParent(detached: boolean): readonly string[] {
  if (detached || process.platform !== 'linux' || !existsSync(setpriv)) return [];
  return [setpriv, '--pdeathsig', 'KILL', '--'];
}

function linkTo<Local>(child: ChildProcess, { wire, name }: ChildOptions<Local>): Link {
  return wire === 'frames'
    ? new FrameLink(child.stdio[frameDescriptor] as Duplex, { peer: name })
    : ipcLink(child, name);
}
