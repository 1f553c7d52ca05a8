export { isPyTorchFile, type PyTorchOptions, readPyTorch } from './read-pytorch.js';
export { writePyTorch } from './write-pytorch.js';
