/** The work of `cyclebox plugins validate`: each finding with its reason. Errors make the exit code 1. */
import { resolve } from 'node:path';
import { CycleboxError, packageRoot } from '../../base/index.js';
import { exitCodes } from '../terminal/index.js';
import { type Finding, findingsOf } from './plugin-findings.js';

export interface ValidateOptions {
  readonly json?: boolean;
}

/** @returns the exit code */
export async function validate(folder: string, { json }: ValidateOptions): Promise<number> {
  const findings = await findingsOf(resolve(folder)).catch(error => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw new CycleboxError('FILE_NOT_FOUND', `There is no folder ${resolve(folder)}.`, { cause: error });
  });
  const isValid = findings.every(({ severity }) => severity !== 'error');
  if (json) print(JSON.stringify({ valid: isValid, folder: resolve(folder), findings }, null, 2));
  else for (const line of describe(folder, findings, isValid)) print(line);
  return isValid ? exitCodes.ok : exitCodes.failed;
}

function describe(folder: string, findings: readonly Finding[], isValid: boolean): readonly string[] {
  const lines = findings.map(({ severity, message, why }) => `${severity.padEnd(7)}  ${message}\n         ${why}`);
  const count = (severity: string) => findings.filter(each => each.severity === severity).length;
  const verdict = isValid ? `${folder} is a valid plugin` : `${folder} does not work as it is`;
  const learnMore = findings.length > 0 ? [`More: ${packageRoot}/docs/plugins.md`] : [];
  return [
    ...lines,
    `${verdict}: ${count('error')} errors, ${count('warning')} warnings, ${count('hint')} hints`,
    ...learnMore,
  ];
}

const print = (text: string): boolean => process.stdout.write(`${text}\n`);
