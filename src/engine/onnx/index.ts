import './no-telemetry.js';

export { onnxDevices } from './devices.js';
export { type Inspection, type OnnxEngineOptions, openOnnxEngine } from './onnx-engine.js';
export { type OnnxProvider, onnxProviders, providerTraits } from './providers.js';
