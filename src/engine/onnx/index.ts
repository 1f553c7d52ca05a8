export { type OnnxEngineOptions, openOnnxEngine } from './onnx-engine.js';
