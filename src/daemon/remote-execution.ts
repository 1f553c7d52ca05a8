/** The daemon's work done by workers that Redis connects. Loaded only where the configuration has such a queue. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { readRegularText, undefinedIfGone, writeFileAtomic } from '../base/index.js';
import { RemoteRunner } from '../dispatch/index.js';
import type { QueueConfig, ResolvedConfig } from './config/index.js';
import type { Execution } from './execution.js';
import { modelOfHash, storeOf } from './model-supply.js';
import type { WorkerFacts } from './pool/index.js';

/** Workers on other machines have settings and devices of their own. */
export function remoteExecution(queue: QueueConfig, resolved: () => ResolvedConfig): Execution {
  const { config } = resolved();
  const store = storeOf(config);
  const remote = new RemoteRunner({ ...queue, store, modelOf: sha256 => modelOfHash(sha256, resolved()) });
  return {
    runner: remote.runner,
    get size() {
      return remote.size;
    },
    skipped: [],
    onEvent: remote.onEvent,
    facts: () =>
      remote.devices.map(({ worker, host, name, ...device }) => {
        return { ...device, name: `${name}, ${worker} on ${host}` } as unknown as WorkerFacts;
      }),
    configure: () => {},
    start: async () => remote.start(await queueIdOf(config.state)),
    async dispose() {
      await remote.dispose();
      await store.dispose();
    },
  };
}

/** By which a daemon that was killed finds its own claim to the queue again. */
async function queueIdOf(state: string): Promise<string> {
  const file = join(state, 'queue-id');
  const known = (await readRegularText(file).catch(undefinedIfGone))?.trim();
  if (known) return known;
  const id = randomUUID();
  await writeFileAtomic(file, `${id}\n`, 0o600);
  return id;
}
