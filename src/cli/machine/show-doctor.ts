/** The work of `cyclebox doctor`: the diagnosis as text, each fault with the one command that helps, or as JSON. */
import { diagnose, diagnosisLines } from '../../diagnosis/index.js';
import { exitCodes, printable } from '../terminal/index.js';

export interface ShowDoctorOptions {
  readonly config?: string;
  readonly json?: boolean;
}

/** @returns the exit code: 0 where the main job can run */
export async function showDoctor({ config, json = false }: ShowDoctorOptions): Promise<number> {
  const waiting = 'Testing every engine; this takes some seconds …';
  if (process.stderr.isTTY) process.stderr.write(waiting);
  const diagnosis = await diagnose({ config });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  process.stdout.write(
    `${json ? JSON.stringify(diagnosis, null, 2) : diagnosisLines(diagnosis).map(printable).join('\n')}\n`,
  );
  return diagnosis.ok ? exitCodes.ok : exitCodes.failed;
}
