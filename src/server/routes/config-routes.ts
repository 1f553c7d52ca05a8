/** The configuration in force with where each key comes from, and the doctor, over HTTP. Secrets are not shown. */
import { readRegularText } from '../../base/index.js';
import { type ConfigOrigin, configOrigins, configSchema, type DaemonConfig, restartKeys } from '../../daemon/index.js';
import { diagnose, diagnosisLines } from '../../diagnosis/index.js';
import type { ConfigAnswer, DoctorAnswer } from '../contract/index.js';
import { addRoute } from '../http/index.js';
import type { RouteContext } from './context.js';

export function addConfigRoutes({ server, service, status }: RouteContext): void {
  let running: Promise<DoctorAnswer> | undefined;
  addRoute(server, 'getConfig', async () => {
    const { configFile } = await status.report();
    const { daemon } = await service.status();
    const problem = daemon?.configProblem;
    return {
      ...(configFile !== undefined && { file: configFile }),
      entries: entriesOf(service.config, await originsOf(configFile)),
      ...(problem !== undefined && { problem }),
    };
  });
  // Two at once would time the same devices against each other.
  addRoute(server, 'runDoctor', async () => {
    const { configFile } = await status.report();
    running ??= examine(configFile).finally(() => {
      running = undefined;
    });
    return running;
  });
}

async function examine(config: string | undefined): Promise<DoctorAnswer> {
  const diagnosis = await diagnose({ config });
  const complaints = diagnosis.complaints.map(({ about, blocking, message, remedy }) => {
    return { about, blocking, message, ...(remedy !== undefined && { remedy }) };
  });
  return { ok: diagnosis.ok, complaints, lines: diagnosisLines(diagnosis) };
}

/** None where the file cannot be read now: it may be being written. */
async function originsOf(file: string | undefined): Promise<ReadonlyMap<string, ConfigOrigin>> {
  if (file === undefined) return new Map();
  return configOrigins(await readRegularText(file).catch(() => ''), process.env);
}

function entriesOf(config: DaemonConfig, origins: ReadonlyMap<string, ConfigOrigin>): ConfigAnswer['entries'] {
  const shape = configSchema.shape as Readonly<Record<string, { readonly description?: string | undefined }>>;
  return Object.entries(config).map(([key, value]) => {
    const { from: origin, line, variables }: ConfigOrigin = origins.get(key) ?? { from: 'default' };
    const { description } = shape[key] ?? {};
    return {
      key,
      value: withoutSecrets(value) ?? null,
      origin,
      ...(line !== undefined && { line }),
      ...(variables !== undefined && { variables }),
      ...(description !== undefined && { description }),
      needsRestart: (restartKeys as readonly string[]).includes(key),
    };
  });
}

const secretKeys: ReadonlySet<string> = new Set(['token', 'secret']);

function withoutSecrets(value: unknown): unknown {
  // An address may have its password inside.
  if (typeof value === 'string') return value.replace(/^(\w+:\/\/)[^@/\s]*@/, '$1(secret)@');
  if (Array.isArray(value)) return value.map(withoutSecrets);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      secretKeys.has(key) && one !== undefined ? '(secret)' : withoutSecrets(one),
    ]),
  );
}
