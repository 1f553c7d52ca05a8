/** The engines that must pass the conformance suite. A new engine joins with a line here. */
import { type Engine, openEngine } from '../../src/engine/index.js';

export interface EngineUnderTest {
  readonly name: string;
  readonly open: () => Promise<Engine>;
}

export const engines: readonly EngineUnderTest[] = [
  { name: 'reference', open: () => openEngine('reference') },
  { name: 'ONNX Runtime on the CPU', open: () => openEngine('cpu', { threads: 2 }) },
];
