import './no-telemetry.js';

export { onnxDevices } from './devices.js';
export { type OnnxEngineOptions, openOnnxEngine, type SessionDiagnostics } from './onnx-engine.js';
export { type OnnxProvider, onnxProviders, providerTraits } from './providers.js';
