/** What ONNX Runtime throws, as coded errors: it has only messages, so memory exhaustion is told by its spellings. */
import { CycleboxError } from '../../base/index.js';

export function asEngineError(error: unknown, doing: 'compiling' | 'running'): CycleboxError {
  if (error instanceof CycleboxError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const memory = /bad_alloc|failed to allocate|out of memory|bad allocation/i.test(message);
  return new CycleboxError(
    memory ? 'OUT_OF_MEMORY' : 'ENGINE_FAILED',
    `ONNX Runtime failed while ${doing}: ${message}`,
    {
      cause: error,
    },
  );
}
