/** The entry of the process that tests models. It is in nobody's way: whatever else the machine has to do goes first. */
import { constants, setPriority } from 'node:os';
import { serveParent } from '../process/index.js';
import { type HealthApi, healthProtocol } from './health-protocol.js';
import { testModel } from './test-model.js';

try {
  setPriority(constants.priority.PRIORITY_LOW);
} catch {
  // Not everybody may.
}

await serveParent<HealthApi>({
  protocol: healthProtocol,
  handlers: () => ({ test: ({ model, back }) => testModel(model, back) }),
});
