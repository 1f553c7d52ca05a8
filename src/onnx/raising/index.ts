export { type OnnxNetwork, readNetwork } from './network.js';
export { checkRaisable, raiseOnnx } from './raise.js';
