/**
 * A phase of a recipe as a program on an engine: where the engine has its own way down a gradient, in shares that it computes beside
 * each other; elsewhere, and where gradients are gathered over several runs, as one graph that has the optimiser in it.
 */
import { CycleboxError } from '../../base/index.js';
import type { Engine, Program, State } from '../../engine/index.js';
import {
  adamInputs,
  buildPhase,
  buildShares,
  gradientName,
  momentNames,
  type Phase,
  type PhaseGraph,
  type Recipe,
  type RecipeSettings,
} from '../recipes/index.js';

export interface CompiledPhase extends Omit<PhaseGraph, 'graph'> {
  readonly phase: Phase;
  readonly program: Program;
}

export interface CompilePhaseOptions {
  /** Runs in a step, ≥ 1, and whether this is the last of them. Default: one, which is. */
  readonly accumulate?: number;
  readonly part?: 'accumulate' | 'apply';
}

/** @throws what `Engine.compile` throws */
export async function compilePhase(
  engine: Engine,
  state: State,
  recipe: Recipe,
  phase: Phase,
  settings: RecipeSettings,
  { accumulate = 1, part = 'apply' }: CompilePhaseOptions = {},
): Promise<CompiledPhase> {
  const inShares = accumulate === 1 ? await compileShares(engine, state, recipe, phase, settings) : undefined;
  if (inShares) return inShares;
  const together = engine.prefersFewOperations ?? false;
  const { graph, ...facts } = buildPhase(recipe, phase, settings, { accumulate, part, together });
  return { ...facts, phase, program: await engine.compile(graph, { state }) };
}

/** Undefined where the engine has no way of its own, or no memory for it: limits of address space forbid it, and not the graph. */
async function compileShares(
  { descent }: Engine,
  state: State,
  recipe: Recipe,
  phase: Phase,
  settings: RecipeSettings,
): Promise<CompiledPhase | undefined> {
  if (!descent) return undefined;
  const { shares, trained, ...facts } = buildShares(recipe, phase, settings, descent.lanes);
  const { beta1, beta2 } = settings.adam;
  const weights = trained.map(({ name }) => {
    const [firstMoment, secondMoment] = momentNames(name);
    return { name, firstMoment, secondMoment, gradient: gradientName(name) };
  });
  try {
    const program = await descent.compile(shares, { state, weights, beta1, beta2, ...adamInputs });
    return { ...facts, phase, program };
  } catch (error) {
    if (error instanceof CycleboxError && error.code === 'OUT_OF_MEMORY') return undefined;
    throw error;
  }
}
