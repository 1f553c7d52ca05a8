/**
 * How much memory a training takes, found out from its graphs before anything starts: good to a third, to tell whether it
 * fits at all, never to plan to the last megabyte. What an engine does with a graph, it knows by measurement only.
 *
 * The factors are fitted to the peak of resident memory of whole runs on the CPU (ONNX Runtime 1.30, two threads, Linux
 * x64 with AVX-512; four steps, sheets, checkpoint and export), which `npm run bench:memory` measures again: 64² to 256², width 32 and 64,
 * batch 1 and 4 came out within 8 %.
 */
import { sizeOf } from '../../graph/index.js';
import { buildPhase, buildPreview, type TrainedParameter, trainedParameters } from '../recipes/index.js';
import { recipeOf, recipeSettings, type TrainingSettings } from '../settings.js';
import { generatorParameters, networksOf } from '../trained-networks.js';
import { liveBytes } from './live-bytes.js';

/** All in bytes. */
export interface MemoryEstimate {
  readonly weights: number;
  /** Of Adam: two for each weight. */
  readonly moments: number;
  /** Of the generators. */
  readonly averages: number;
  /** Gradients between the runs of a step. */
  readonly gathered: number;
  /** What the graphs' values take while they run, in the largest stage. */
  readonly activations: number;
  /** Of the variables: those in other threads, those that a step writes while it reads the others, and those on their way to a file. */
  readonly copies: number;
  readonly pools: number;
  /** Node, the engine's code and what they hold besides. */
  readonly program: number;
  /** Of all of the above, on the device; on the CPU, that is the same memory. */
  readonly onDevice: number;
  readonly total: number;
}

const floatBytes = 4;
/** What a run takes for each byte that is live by the order of the graph: layouts in between, and memory taken in doubling pieces. */
const takenPerLiveByte = 1.8;
/** For each byte of variables: gradients, the copy in a thread of its own, and what is on its way to a file. */
const copiesPerByte = 1.75;
const copiesOnDevice = 1;
const programBytes = 320 * 2 ** 20;

/**
 * @param prefersFewOperations as the engine has it: weights of like shapes are then joined to be updated, and lie there twice
 */
export function estimateMemory(settings: TrainingSettings, prefersFewOperations = false): MemoryEstimate {
  const weights = bytesOf(trainedParameters(networksOf(settings)));
  const moments = 2 * weights;
  const averages = settings.ema > 0 ? bytesOf(generatorParameters(settings)) : 0;
  const gathered = settings.accumulate > 1 ? weights : 0;
  const activations = takenPerLiveByte * trainingLiveBytes(settings, prefersFewOperations);
  const variables = weights + moments + averages + gathered;
  const copies = copiesPerByte * variables;
  const pools = poolBytes(settings);
  return {
    weights,
    moments,
    averages,
    gathered,
    activations,
    copies,
    pools,
    program: programBytes,
    onDevice: variables * (1 + copiesOnDevice) + activations,
    total: variables + copies + activations + pools + programBytes,
  };
}

/** Each program keeps what its largest run took, so that they add up; of the stages, one at a time is there. */
function trainingLiveBytes(settings: TrainingSettings, together: boolean): number {
  const recipe = recipeOf(settings);
  const spec = recipeSettings(settings);
  const { accumulate } = settings;
  const parts = accumulate > 1 ? (['accumulate', 'apply'] as const) : (['apply'] as const);
  const phases = recipe.phases.flatMap(phase =>
    parts.map(part => buildPhase(recipe, phase, spec, { accumulate, part, together }).graph),
  );
  return [...phases, buildPreview(recipe, spec)].reduce((sum, graph) => sum + liveBytes(graph), 0);
}

function poolBytes(settings: TrainingSettings): number {
  const { size, poolSize } = settings;
  const { generator } = recipeSettings(settings);
  return recipeOf(settings).pooled.length * poolSize * generator.outputChannels * size * size * floatBytes;
}

function bytesOf(parameters: readonly TrainedParameter[]): number {
  return parameters.reduce((sum, { shape }) => sum + floatBytes * sizeOf(shape), 0);
}
