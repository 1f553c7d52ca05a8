export { isPyTorchFile, readPyTorch } from './read-pytorch.js';
