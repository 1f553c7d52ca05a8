/**
 * ONNX Runtime's execution providers as this package uses them: what each is called, where it exists, whether variables
 * can stay on its device. Which of them to prefer is not decided here.
 */
import * as ort from 'onnxruntime-node';
import { CycleboxError } from '../../base/index.js';
import type { WebGpuLayout } from './webgpu-layout.js';

export const onnxProviders = ['cpu', 'webgpu', 'cuda', 'tensorrt', 'directml', 'coreml'] as const;
export type OnnxProvider = (typeof onnxProviders)[number];

export interface ProviderTraits {
  /** For people. */
  readonly label: string;
  /** ONNX Runtime's own name. */
  readonly backend: string;
  readonly kind: 'cpu' | 'gpu';
  /** Whether the Node binding can leave a run's outputs on the device: it does for WebGPU's buffers alone. */
  readonly keepsState: boolean;
  /** Whether models may run in float16 there. */
  readonly float16: boolean;
  /** Where ONNX Runtime's package for Node has it, or can have it. */
  readonly platforms: string;
}

export const providerTraits: Readonly<Record<OnnxProvider, ProviderTraits>> = {
  cpu: {
    label: 'CPU',
    backend: 'cpu',
    kind: 'cpu',
    keepsState: false,
    float16: false,
    platforms: 'all systems',
  },
  webgpu: {
    label: 'WebGPU',
    backend: 'webgpu',
    kind: 'gpu',
    keepsState: true,
    float16: true,
    platforms: 'Linux x64, macOS and Windows',
  },
  cuda: {
    label: 'CUDA',
    backend: 'cuda',
    kind: 'gpu',
    keepsState: false,
    float16: true,
    platforms: 'Linux x64 and Windows x64',
  },
  tensorrt: {
    label: 'TensorRT',
    backend: 'tensorrt',
    kind: 'gpu',
    keepsState: false,
    float16: true,
    platforms: 'Linux x64 and Windows x64',
  },
  directml: {
    label: 'DirectML',
    backend: 'dml',
    kind: 'gpu',
    keepsState: false,
    float16: true,
    platforms: 'Windows',
  },
  coreml: {
    label: 'CoreML',
    backend: 'coreml',
    kind: 'gpu',
    keepsState: false,
    float16: true,
    platforms: 'macOS',
  },
};

/** @throws ENGINE_UNAVAILABLE where ONNX Runtime's package for this system cannot have the provider. */
export function requireProvider(provider: OnnxProvider): void {
  const { backend, label, platforms } = providerTraits[provider];
  if (ort.listSupportedBackends().some(({ name }) => name === backend)) return;
  const here = `${process.platform}-${process.arch}`;
  throw new CycleboxError(
    'ENGINE_UNAVAILABLE',
    `ONNX Runtime does not support ${label} on ${here}, only on ${platforms}. Take another engine: --engine auto.`,
  );
}

/** What a session asks for. Later providers run what earlier ones cannot; the CPU is always the last. */
export function executionProviders(
  provider: OnnxProvider,
  index: number,
  layout: WebGpuLayout,
  webGpuOptions: Readonly<Record<string, string>> = {},
): readonly ort.InferenceSession.ExecutionProviderConfig[] {
  switch (provider) {
    case 'cpu':
      return ['cpu'];
    case 'webgpu':
      return [{ ...webGpuOptions, name: 'webgpu', preferredLayout: layout }];
    case 'tensorrt':
      return [
        { name: 'tensorrt', deviceId: index },
        { name: 'cuda', deviceId: index },
      ];
    case 'cuda':
      return [{ name: 'cuda', deviceId: index }];
    case 'directml':
      return [{ name: 'dml', deviceId: index }];
    case 'coreml':
      return ['coreml'];
    default:
      return provider satisfies never;
  }
}
