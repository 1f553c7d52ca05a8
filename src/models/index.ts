export { defaultModelStore, locateModel, type ModelFile, type ModelPlaces } from './locate-model.js';
