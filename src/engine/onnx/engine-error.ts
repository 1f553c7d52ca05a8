/**
 * What ONNX Runtime throws, as coded errors: it has only messages, so memory exhaustion and a lost device are told by
 * the spellings of its allocators, of CUDA, Dawn (WebGPU), Direct3D and Metal.
 */
import { CycleboxError, type ErrorCode } from '../../base/index.js';

/** Dawn tells of a buffer that it could not make only when that is used: it was too large, or memory was short. */
const memory =
  /bad_alloc|failed to allocate|out of (device )?memory|bad allocation|CUDA_ERROR_OUT_OF_MEMORY|CUBLAS_STATUS_ALLOC_FAILED|CUDNN_STATUS_ALLOC_FAILED|OUT_OF_(DEVICE|HOST)_MEMORY|E_OUTOFMEMORY|exceeds the max buffer size|buffer allocation failed|not enough memory|insufficient memory|\[Invalid Buffer\b.*\] is invalid due to a previous error/i;

const lost =
  /device (was|is|has been) (lost|removed|hung|reset)|device lost|DEVICE_LOST|DXGI_ERROR_DEVICE_(REMOVED|HUNG|RESET)|CUDA_ERROR_(ILLEGAL_ADDRESS|LAUNCH_FAILED|ECC_UNCORRECTABLE|UNKNOWN|DEVICE_UNAVAILABLE)|illegal memory access|CUDA failure (46|77|700|719|999)\b|unspecified launch failure|unable to determine the device handle/i;

export function asEngineError(error: unknown, doing: 'compiling' | 'running'): CycleboxError {
  if (error instanceof CycleboxError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new CycleboxError(codeOf(message), `ONNX Runtime failed while ${doing}: ${message.trim()}`, { cause: error });
}

export function codeOf(message: string): ErrorCode {
  if (memory.test(message)) return 'OUT_OF_MEMORY';
  return lost.test(message) ? 'DEVICE_LOST' : 'ENGINE_FAILED';
}
