/**
 * ONNX's messages as types, and what reads and writes them. Generated (`npm run onnx-schema`), but for this face: nothing
 * here is written by hand, and nothing here judges what a file says.
 */
export * from './onnx_pb.js';
