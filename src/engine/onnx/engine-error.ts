/**
 * What ONNX Runtime throws, as coded errors: it has only messages, so memory exhaustion and a lost device are told by
 * the spellings of its allocators, of CUDA, Dawn (WebGPU), Direct3D and Metal.
 */
import { CycleboxError, type ErrorCode } from '../../base/index.js';

/**
 * Of the CPU and of CUDA, cuDNN and cuBLAS; of Direct3D and Vulkan; of WebGPU, which hands out an invalid buffer where
 * the device has no memory, and refuses tensors larger than one buffer, or than all that a kernel may read, can be.
 */
const memory = new RegExp(
  [
    'bad_alloc|bad allocation|failed to allocate|out of (device |host )?memory|not enough memory|insufficient memory',
    'CUDA_ERROR_OUT_OF_MEMORY|CUDA failure 2\\b|ALLOC_FAILED|E_OUTOFMEMORY|OUT_OF_(DEVICE|HOST)_MEMORY',
    'invalid buffer|max buffer size limit|storage buffer binding size|too many storage buffers',
  ].join('|'),
  'i',
);

/** What only a new process mends. */
const lost = new RegExp(
  [
    'device\\]? (was |is |has been )?(lost|removed|hung|reset)|DEVICE_LOST|DXGI_ERROR_DEVICE_(REMOVED|HUNG|RESET)',
    'CUDA failure (46|77|700|719|999)\\b|illegal memory access|unspecified launch failure',
    'CUDA_ERROR_(ILLEGAL_ADDRESS|LAUNCH_FAILED|ECC_UNCORRECTABLE|UNKNOWN|DEVICE_UNAVAILABLE)',
  ].join('|'),
  'i',
);

export function asEngineError(error: unknown, doing: 'compiling' | 'running'): CycleboxError {
  if (error instanceof CycleboxError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const [line] = message.trim().split('\n', 1); // Where in its sources follows.
  return new CycleboxError(codeOf(message), `ONNX Runtime failed while ${doing}: ${line}`, { cause: error });
}

export function codeOf(message: string): ErrorCode {
  if (memory.test(message)) return 'OUT_OF_MEMORY';
  return lost.test(message) ? 'DEVICE_LOST' : 'ENGINE_FAILED';
}
