export { isPyTorchFile, type PyTorchOptions, readPyTorch } from './read-pytorch.js';
