/**
 * The named steps of a job at which a test may have a process killed. It does nothing unless the environment says so:
 * `CYCLEBOX_FAULTS=renamed` kills the daemon with SIGKILL when it has just taken that step, `renamed@3` the third time
 * a process takes it, `decoded@2:worker` the worker in its place. It stands here because daemon and worker share it.
 */

export type FaultPoint =
  /** The journal has the file as a queued job. */
  | 'seen'
  /** The journal has the job as running. */
  | 'claimed'
  /** The worker holds the picture. */
  | 'decoded'
  /** The worker holds the translated picture. */
  | 'inferred'
  /** The temporary file has its content, not yet flushed. */
  | 'temp-written'
  /** The temporary file is flushed. */
  | 'fsynced'
  /** The output has its name beside the temporary's; the folder is not flushed. */
  | 'linked'
  /** The output has its name and its folder is flushed; the journal does not know yet. */
  | 'renamed'
  /** The journal has the job as done. */
  | 'committed';

interface Fault {
  readonly step: string;
  readonly victim: 'daemon' | 'worker';
  /** How many times the step is still passed over. */
  passes: number;
}

const fault = parseFault(process.env['CYCLEBOX_FAULTS']);

/** @param daemonPid the daemon, when it is another process than this one */
export function faultPoint(step: FaultPoint, daemonPid?: number): void {
  if (fault?.step !== step || fault.passes-- > 0) return;
  process.kill(fault.victim === 'daemon' ? (daemonPid ?? process.pid) : process.pid, 'SIGKILL');
}

function parseFault(text: string | undefined): Fault | undefined {
  const [, step, count, victim] = /^([a-z-]+)(?:@(\d+))?(?::(daemon|worker))?$/.exec(text ?? '') ?? [];
  if (step === undefined) return undefined;
  return { step, victim: victim === 'worker' ? 'worker' : 'daemon', passes: Number(count ?? 1) - 1 };
}
