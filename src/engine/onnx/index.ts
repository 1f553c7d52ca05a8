export { openOnnxEngine } from './onnx-engine.js';
