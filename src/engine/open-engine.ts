/** From what a user asked for to an engine. */
import { CycleboxError } from '../base/index.js';
import type { Engine, EngineChoice, EngineOptions } from './contract.js';
import { openOnnxEngine } from './onnx/index.js';
import { referenceEngine } from './reference/index.js';

/** @throws ENGINE_UNAVAILABLE with what to do when the engine cannot be used here. */
export async function openEngine(choice: EngineChoice = 'auto', options: EngineOptions = {}): Promise<Engine> {
  switch (choice) {
    case 'auto':
    case 'cpu':
      return openOnnxEngine(options);
    case 'reference':
      return referenceEngine();
    default:
      throw new CycleboxError('ENGINE_UNAVAILABLE', `There is no engine ${choice} yet.`);
  }
}
