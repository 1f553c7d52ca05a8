/**
 * Opens an engine that was named, on the device that was named, without looking at others or testing it first: for
 * those who know already what they want. An engine's code, and the native library behind it, is loaded when it is
 * opened and not before, so that naming an engine costs nothing.
 */
import { CycleboxError } from '../base/index.js';
import type { Engine, EngineChoice, EngineOptions } from './contract.js';
import { splitChoice } from './engine-choice.js';
import { remedyOf } from './remedies.js';

/** @throws ENGINE_UNAVAILABLE with what to do when the engine or device cannot be used here. */
export async function openDevice(choice: Exclude<EngineChoice, 'auto'>, options: EngineOptions = {}): Promise<Engine> {
  const { engine, index } = splitChoice(choice);
  switch (engine) {
    case 'reference':
      return (await import('./reference/index.js')).referenceEngine();
    case 'tfjs':
      return (await import('./tfjs/index.js')).openTfjsEngine(options);
    case 'cpu':
    case 'webgpu':
    case 'cuda':
    case 'tensorrt':
    case 'directml':
    case 'coreml':
      return (await onnxRuntime()).openOnnxEngine({ ...options, provider: engine, index });
    default:
      return engine satisfies never;
  }
}

/** Its native library is loaded with the code: it may be missing, or made for other machines. */
async function onnxRuntime(): Promise<typeof import('./onnx/index.js')> {
  try {
    return await import('./onnx/index.js');
  } catch (cause) {
    const [line] = String(cause instanceof Error ? cause.message : cause).split('\n', 1);
    const message = `ONNX Runtime could not be loaded (${line}). ${remedyOf('cpu')}`;
    throw new CycleboxError('ENGINE_UNAVAILABLE', message, { cause });
  }
}
