/** What is said to the process that tests models. Paths and figures cross, tensors never do. */
import type { ProtocolName } from '../process/index.js';
import type { DirectionHealth } from './model-health.js';

export const healthProtocol: ProtocolName = { name: 'model-test', version: 1 };

export interface ModelToTest {
  readonly path: string;
  /** A file that has another sum by then is not run. */
  readonly sha256: string;
}

export interface HealthApi {
  test(request: { readonly model: ModelToTest; readonly back?: ModelToTest | undefined }): DirectionHealth;
}
