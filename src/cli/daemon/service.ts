/** The work of `cyclebox service …`: the daemon as a service of systemd. What other systems have is in docs/operations.md. */
import { spawnSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  CycleboxError,
  makeFolder,
  packageRoot,
  readRegularText,
  undefinedIfGone,
  writeFileAtomic,
} from '../../base/index.js';
import { loadConfig } from '../../daemon/index.js';
import { exitCodes } from '../terminal/index.js';
import { serviceUnit, unitMark } from './service-unit.js';

export interface ServiceOptions {
  /** Of the whole machine instead of the user. */
  readonly system?: boolean;
  readonly name: string;
}

export interface InstallOptions extends ServiceOptions {
  readonly config: string;
  /** For `system`. */
  readonly runAs?: string;
  /** False: not enabled and not started. */
  readonly start?: boolean;
  /** Only shown. */
  readonly print?: boolean;
}

/** @returns the exit code @throws USAGE, CONFIG_NOT_FOUND, CONFIG_INVALID, FILE_EXISTS for a unit that is not ours, WRITE_FAILED */
export async function installService(options: InstallOptions): Promise<number> {
  const { config, system = false, runAs, start = true, print = false, name } = options;
  if (!print) requireSystemd();
  if (system && runAs === undefined)
    throw new CycleboxError('USAGE', 'A service of the whole machine needs --run-as USER: it does not run as root.');
  const file = resolve(config);
  const command = [process.execPath, join(packageRoot, 'dist', 'cli', 'main.js')];
  const unit = serviceUnit({ command, file, config: await loadConfig(file), runAs: system ? runAs : undefined });
  if (print) {
    process.stdout.write(unit);
    return exitCodes.ok;
  }
  const path = unitPath(options);
  await requireOurs(path);
  await makeFolder(join(path, '..'));
  await writeFileAtomic(path, unit, 0o644);
  systemctl(options, 'daemon-reload');
  if (start) systemctl(options, 'enable', '--now', `${name}.service`);
  process.stdout.write(
    `${path} is there${start ? ', enabled and started' : ''}. It logs to the journal of systemd: ${logCommand(options)}\n`,
  );
  return exitCodes.ok;
}

/** @returns the exit code @throws USAGE, FILE_EXISTS for a unit that is not ours, FILE_NOT_FOUND */
export async function uninstallService(options: ServiceOptions): Promise<number> {
  requireSystemd();
  const path = unitPath(options);
  if ((await requireOurs(path)) === undefined)
    throw new CycleboxError('FILE_NOT_FOUND', `${path} does not exist: nothing is installed.`, {
      subject: { file: path },
    });
  systemctl(options, 'disable', '--now', `${options.name}.service`);
  await rm(path);
  systemctl(options, 'daemon-reload');
  process.stdout.write(`${path} is gone. Inbox, outbox and journal are as they were.\n`);
  return exitCodes.ok;
}

/** @returns the exit code: 1 where it is not installed or does not run */
export async function showService(options: ServiceOptions): Promise<number> {
  requireSystemd();
  const path = unitPath(options);
  const unit = await readRegularText(path).catch(undefinedIfGone);
  if (unit === undefined) {
    process.stdout.write(`not installed: there is no ${path}\n`);
    return exitCodes.failed;
  }
  const { stdout, status } = run(options, ['status', '--no-pager', `${options.name}.service`]);
  process.stdout.write(stdout);
  return status === 0 ? exitCodes.ok : exitCodes.failed;
}

function unitPath({ system = false, name }: ServiceOptions): string {
  const own = join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'systemd', 'user');
  return join(system ? '/etc/systemd/system' : own, `${name}.service`);
}

/** @returns what is there @throws FILE_EXISTS */
async function requireOurs(path: string): Promise<string | undefined> {
  const unit = await readRegularText(path).catch(undefinedIfGone);
  if (unit === undefined || unit.startsWith(unitMark)) return unit;
  const message = `${path} was not made by cyclebox and stays as it is: choose another --name.`;
  throw new CycleboxError('FILE_EXISTS', message, { subject: { file: path } });
}

function requireSystemd(): void {
  if (process.platform === 'linux') return;
  const message =
    'Services are installed on systems with systemd. docs/operations.md has a file for launchd (macOS) and the way on Windows.';
  throw new CycleboxError('USAGE', message);
}

/** @throws USAGE with what systemctl says */
function systemctl(options: ServiceOptions, ...words: readonly string[]): void {
  const { status, stderr, error } = run(options, words);
  if (status === 0) return;
  const why = error?.message ?? stderr.trim();
  throw new CycleboxError('USAGE', `systemctl ${words.join(' ')} failed: ${why}`, { cause: error });
}

function run({ system = false }: ServiceOptions, words: readonly string[]) {
  return spawnSync('systemctl', [...(system ? [] : ['--user']), ...words], { encoding: 'utf8' });
}

function logCommand({ system = false, name }: ServiceOptions): string {
  return `journalctl ${system ? '' : '--user '}-u ${name}`;
}
