/** What TensorFlow.js throws, as coded errors: memory exhaustion is told by its spellings in the backends. */
import { CycleboxError } from '../../base/index.js';

const outOfMemory =
  /OOM|out of memory|array buffer allocation failed|invalid (typed )?array( buffer)? length|cannot enlarge memory|memory access out of bounds|offset is out of bounds|failed to allocate|bad_alloc/i;

export function asTfjsError(error: unknown, doing: string): CycleboxError {
  if (error instanceof CycleboxError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const code = outOfMemory.test(message) ? 'OUT_OF_MEMORY' : 'ENGINE_FAILED';
  return new CycleboxError(code, `TensorFlow.js failed while ${doing}: ${message}`, { cause: error });
}
