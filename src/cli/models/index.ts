/** Pairs and models on the command line. */
export { type CompareModelsOptions, compareModels } from './compare-models.js';
export { type EvaluateModelOptions, evaluateModel } from './evaluate-model.js';
export { type ExportModelOptions, exportModelFile } from './export-model.js';
export { type ImportModelOptions, importModelFile } from './import-model.js';
export { type ListPairsOptions, listPairs } from './list-pairs.js';
export { type ModelInfoOptions, showModelInfo } from './model-info.js';
export { type PullPairOptions, pullPair } from './pull-pair.js';
export { type QuantiseModelOptions, quantiseModel } from './quantise-model.js';
export { type VerifyModelsOptions, verifyModels } from './verify-models.js';
