/** What TensorFlow.js throws, as coded errors: its backends have only messages, so the kind is told by their spellings. */
import { CycleboxError, type ErrorCode } from '../../base/index.js';

const memory =
  /\bOOM\b|out of memory|array buffer allocation failed|invalid (typed )?array( buffer)? length|cannot enlarge memory|access out of bounds|offset is out of bounds|failed to allocate|bad_alloc|allocation of \d+ .*exceeds/i;

const lost = /CUDA_ERROR_(ILLEGAL_ADDRESS|LAUNCH_FAILED|UNKNOWN)|illegal memory access|unspecified launch failure/i;

/** WebAssembly gives up for good: everything that is called later fails in the same way. */
const aborted = /^Aborted\(/;

export function asTfjsError(error: unknown, doing: string): CycleboxError {
  if (error instanceof CycleboxError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CycleboxError(codeOf(message), `TensorFlow.js failed while ${doing}: ${message.trim()}`, { cause: error });
}

export function isAborted(error: unknown): boolean {
  return error instanceof Error && aborted.test(error.message);
}

function codeOf(message: string): ErrorCode {
  if (memory.test(message)) return 'OUT_OF_MEMORY';
  return lost.test(message) || aborted.test(message) ? 'DEVICE_LOST' : 'ENGINE_FAILED';
}
