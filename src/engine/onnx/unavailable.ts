/** Why a provider that ONNX Runtime's package knows does not work here, as one sentence and what to do. */
import { CycleboxError } from '../../base/index.js';
import { remedyOf } from '../remedies.js';
import { type OnnxProvider, providerTraits } from './providers.js';

/** @param error what opening the provider threw */
export function unavailable(provider: OnnxProvider, error: unknown): CycleboxError {
  const { label } = providerTraits[provider];
  const message = innermost(error);
  const sentence = isNumberOfNone.test(message)
    ? `${label} has no device of this number.`
    : `${reasonOf(label, message)} ${remedyOf(provider)}`;
  return new CycleboxError('ENGINE_UNAVAILABLE', sentence, { cause: error });
}

/** The engine works: there is nothing to install. */
const isNumberOfNone = /invalid device ordinal/i;

/** ONNX Runtime's own words: the coded errors around them add nothing to why. */
function innermost(error: unknown): string {
  if (error instanceof CycleboxError && error.cause !== undefined) return innermost(error.cause);
  return error instanceof Error ? error.message : String(error);
}

function reasonOf(label: string, message: string): string {
  if (/no supported adapters|WebGPU adapter/i.test(message)) return 'No WebGPU adapter was found.';
  const library = /(?:failed to load (?:shared )?library|LoadLibrary failed|cannot open shared object file)/i;
  if (library.test(message)) return `ONNX Runtime's ${label} library, or one that it needs, is not installed.`;
  if (/no CUDA-capable device|CUDA_ERROR_NO_DEVICE|CUDA failure (?:100|35)\b/i.test(message)) {
    return 'No NVIDIA device, or no driver that fits, was found.';
  }
  return `${label} could not be started: ${firstLine(message)}`;
}

function firstLine(message: string): string {
  const line = message.trim().split('\n')[0] ?? '';
  return /[.!?]$/.test(line) ? line : `${line}.`;
}
