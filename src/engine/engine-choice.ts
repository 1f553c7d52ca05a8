/**
 * What a user may write for an engine, as text: `auto`, an engine, or one of its devices (`cuda:1`). The grammar only;
 * whether such a device is there is found out when it is opened.
 */
import { CycleboxError, didYouMean } from '../base/index.js';
import { type EngineChoice, type EngineId, engineIds } from './contract.js';

/** The engines that users choose from: all but the oracle of the tests. */
export const offeredEngines: readonly EngineId[] = engineIds.filter(id => id !== 'reference');

/** Engines whose devices are numbered from 0. */
const numbered: readonly EngineId[] = ['cuda', 'tensorrt', 'directml'];

/** @throws USAGE naming the text, what is allowed, and what was probably meant. */
export function parseEngineChoice(text: string): EngineChoice {
  const [, name = '', digits] = /^\s*([a-z0-9-]+)\s*(?::\s*(\d{1,3}))?\s*$/i.exec(text) ?? [];
  const known = ['auto', ...offeredEngines];
  const id = known.find(each => each === name.toLowerCase());
  if (id === undefined) throw unknown(text, known);
  if (digits === undefined) return id as EngineChoice;
  if (numbered.includes(id as EngineId)) return `${id as EngineId}:${Number(digits)}`;
  const message = `The engine ${id} has no numbered devices, as in "${text}"; write "${id}". ${numbered.join(', ')} have, such as cuda:1.`;
  throw new CycleboxError('USAGE', message);
}

/** `cuda:1` → cuda and 1; without a number, `index` is undefined. */
export function splitChoice(choice: Exclude<EngineChoice, 'auto'>): SplitChoice<EngineId>;
export function splitChoice(choice: EngineChoice): SplitChoice<EngineId | 'auto'>;
export function splitChoice(choice: EngineChoice): SplitChoice<EngineId | 'auto'> {
  const [engine, digits] = choice.split(':');
  return { engine: engine as EngineId | 'auto', index: digits === undefined ? undefined : Number(digits) };
}

interface SplitChoice<Engine> {
  readonly engine: Engine;
  readonly index: number | undefined;
}

function unknown(text: string, known: readonly string[]): CycleboxError {
  const list = `${known.join(', ')}, or one of several GPUs by its number, such as cuda:1`;
  // Which letters are alike would lead from the GPU to the CPU.
  const hint = /^\s*gpu/i.test(text) ? ' "auto" takes a GPU where one works.' : didYouMean(text, known);
  return new CycleboxError('USAGE', `There is no engine "${text}"; allowed are ${list}.${hint}`);
}
