/** Which devices `cyclebox bench` measures: those that were named, else all that work, software renderers excepted. */
import { asCycleboxError } from '../base/index.js';
import {
  chooseAmong,
  type DeviceReport,
  discoverEngines,
  type EngineChoice,
  type EngineId,
  type EngineReport,
  type SkippedDevice,
  splitChoice,
} from '../engine/index.js';

export interface BenchDevice extends DeviceReport {
  readonly engine: EngineId;
}

export interface BenchDevices {
  readonly devices: readonly BenchDevice[];
  readonly leftOut: readonly SkippedDevice[];
}

/** @throws CANCELLED by the signal, and nothing else. */
export async function findBenchDevices(
  asked: readonly EngineChoice[] | undefined,
  signal?: AbortSignal,
): Promise<BenchDevices> {
  const named = asked?.map(choice => splitChoice(choice).engine);
  const engines = named && !named.includes('auto') ? ([...new Set(named)] as EngineId[]) : undefined;
  const reports = await discoverEngines({ engines, signal });
  return asked ? namedDevices(asked, reports) : worthwhileDevices(reports);
}

function namedDevices(asked: readonly EngineChoice[], reports: readonly EngineReport[]): BenchDevices {
  const known = devicesOf(reports);
  const devices = new Map<EngineChoice, BenchDevice>();
  const leftOut: SkippedDevice[] = [];
  for (const choice of asked) {
    try {
      for (const { id } of chooseAmong(choice, reports).devices) {
        const found = known.find(({ device }) => device.id === id);
        if (found) devices.set(id, found);
        else leftOut.push(unusable(reports, id));
      }
    } catch (error) {
      leftOut.push({ choice, reason: asCycleboxError(error).message });
    }
  }
  return { devices: [...devices.values()], leftOut };
}

function worthwhileDevices(reports: readonly EngineReport[]): BenchDevices {
  const known = devicesOf(reports);
  const leftOut = [
    ...reports.flatMap(report => (report.usable ? (report.failed ?? []) : [unusable([report], report.engine)])),
    ...known.filter(isSoftwareRenderer).map(({ device, engine }) => ({
      choice: device.id,
      reason: `${device.name} is a software renderer; --engine ${engine} measures it anyway.`,
    })),
  ];
  return { devices: known.filter(device => !isSoftwareRenderer(device)), leftOut };
}

function isSoftwareRenderer({ device, hardware }: BenchDevice): boolean {
  return device.kind === 'gpu' && !hardware;
}

function devicesOf(reports: readonly EngineReport[]): readonly BenchDevice[] {
  return reports.flatMap(report =>
    report.usable ? report.devices.map(device => ({ ...device, engine: report.engine })) : [],
  );
}

function unusable(reports: readonly EngineReport[], choice: EngineChoice): SkippedDevice {
  const report = reports.find(({ engine }) => engine === splitChoice(choice).engine);
  if (!report || report.usable) return { choice, reason: 'There is no such device.' };
  const { reason, remedy, fault = false } = report;
  // Where something can be done about it, it is worth telling, though it is no fault.
  return remedy === undefined ? { choice, reason, fault } : { choice, reason };
}
