/** From what a user asked for to an engine. */
import type { Engine, EngineChoice } from './contract.js';
import { openOnnxEngine } from './onnx/index.js';
import { referenceEngine } from './reference/index.js';

export interface EngineOptions {
  /** Threads for one operation. Default: what the machine offers. */
  readonly threads?: number;
}

/** @throws ENGINE_UNAVAILABLE with what to do when the engine cannot be used here. */
export async function openEngine(choice: EngineChoice = 'auto', options: EngineOptions = {}): Promise<Engine> {
  switch (choice) {
    case 'auto':
    case 'cpu':
      return openOnnxEngine(options);
    case 'reference':
      return referenceEngine();
    default:
      return choice satisfies never;
  }
}
