/**
 * The systemd unit of a daemon: text, made of its configuration. A system unit is shut in as far as a program with a JIT and compute
 * devices can be; a user's has what a user's manager can enforce, which is what works without privileges.
 */
import { dirname, relative } from 'node:path';
import type { DaemonConfig } from '../../daemon/index.js';

export interface UnitFacts {
  /** `node` and the command's entry, absolute. */
  readonly command: readonly string[];
  /** The configuration file, absolute. */
  readonly file: string;
  readonly config: DaemonConfig;
  /** Who a system unit runs as; undefined: a user's unit. */
  readonly runAs: string | undefined;
}

/** Its first line: a unit without it is somebody else's. */
export const unitMark = '# Made by "cyclebox service install"; changes are lost when it is made again.';

/** More than the daemon takes to stop by itself. */
const stopSlackSeconds = 15;

/** What needs no privileges: the kernel's own filters. */
const forAll = [
  'NoNewPrivileges=yes',
  'LockPersonality=yes',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallErrorNumber=EPERM',
];

/** Not MemoryDenyWriteExecute: JavaScript is compiled while it runs. */
const forSystem = [
  'CapabilityBoundingSet=',
  'AmbientCapabilities=',
  'PrivateTmp=yes',
  'ProtectSystem=strict',
  'ProtectHome=read-only',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectProc=invisible',
  'RemoveIPC=yes',
  'RestrictNamespaces=yes',
];

export function serviceUnit({ command, file, config, runAs }: UnitFacts): string {
  const seconds = Math.ceil(config.stopTimeoutMs / 1000) + stopSlackSeconds;
  const lines = [
    unitMark,
    '[Unit]',
    'Description=cyclebox, which translates the images that are dropped into its inbox',
    'After=local-fs.target network-online.target',
    'Wants=network-online.target',
    // A fault that comes back at once is looked at by a person.
    'StartLimitIntervalSec=300',
    'StartLimitBurst=10',
    '',
    '[Service]',
    'Type=exec',
    `ExecStart=${[...command, 'start', '--config', file].map(argument).join(' ')}`,
    `WorkingDirectory=${escaped(dirname(file))}`,
    ...(runAs === undefined ? [] : [`User=${runAs}`]),
    // The daemon ends its own processes in order; what is left after the time is killed.
    'KillMode=mixed',
    `TimeoutStopSec=${seconds}`,
    'Restart=on-failure',
    'RestartSec=5',
    // Wrong arguments and a wrong configuration do not mend themselves.
    'RestartPreventExitStatus=2 78',
    ...forAll,
    ...(runAs === undefined ? [] : systemLines(file, config)),
    '',
    '[Install]',
    `WantedBy=${runAs === undefined ? 'default.target' : 'multi-user.target'}`,
  ];
  return `${lines.join('\n')}\n`;
}

function systemLines(file: string, config: DaemonConfig): readonly string[] {
  const isCpuOnly = config.engine.every(engine => engine === 'cpu');
  const paths = writtenFolders(file, config).map(folder => `ReadWritePaths=${argument(folder)}`);
  return [...forSystem, ...(isCpuOnly ? ['PrivateDevices=yes'] : []), ...paths];
}

/** The configuration's folder, whose file the dashboard may change, and those that lie elsewhere. */
function writtenFolders(file: string, config: DaemonConfig): readonly string[] {
  const { inbox, outbox, state, archive, afterSuccess, trainings } = config;
  const home = dirname(file);
  const others = [
    inbox,
    outbox,
    state,
    ...(afterSuccess === 'archive' ? [archive] : []),
    ...(trainings ? [trainings.runs] : []),
  ];
  return [home, ...others.filter(folder => relative(home, folder).startsWith('..'))];
}

/** systemd's own marks, which `%` begins. */
const escaped = (text: string): string => text.replaceAll('%', '%%');

/** A word of a line that has several. */
function argument(text: string): string {
  return `"${escaped(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('$', '$$$$')}"`;
}
