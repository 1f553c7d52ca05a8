/**
 * The work of `cyclebox models verify`: are the models that manifests name the files that they name, and do they run? Or one
 * file, against a sum. Every model is tried on a picture; the first fault keeps none of the others from being looked at.
 */
import { asCycleboxError, type CycleboxError } from '../../base/index.js';
import { directionsOf, loadAvailablePairs, openImageModel } from '../../catalog/index.js';
import { pairPlaces } from '../plugins/index.js';
import { exitCodes, printError } from '../terminal/index.js';
import { describeTest, type SelfTest, selfTest } from './self-test.js';

export interface VerifyModelsOptions {
  readonly plugins?: readonly string[];
  readonly models?: string;
  readonly sha256?: string;
  readonly json?: boolean;
}

type Verified = { readonly model: string } & (
  | { readonly sha256: string; readonly selfTest: SelfTest }
  | { readonly problem: Pick<CycleboxError, 'code' | 'message'> }
);

/** @returns the exit code: 1 where any model is not what it should be */
export async function verifyModels(file: string | undefined, options: VerifyModelsOptions): Promise<number> {
  const { sha256, json } = options;
  const verified = file === undefined ? await verifyPlugins(options) : [await verify(file, file, sha256)];
  if (json) process.stdout.write(`${JSON.stringify({ verified }, null, 2)}\n`);
  else for (const each of verified) process.stdout.write(toText(each));
  return verified.some(each => 'problem' in each) ? exitCodes.failed : exitCodes.ok;
}

/** Directions without a model are no fault: there is nothing to verify. */
async function verifyPlugins({ plugins, models }: VerifyModelsOptions): Promise<readonly Verified[]> {
  const catalog = await loadAvailablePairs(await pairPlaces(plugins));
  for (const problem of catalog.problems) printError(problem);
  const verified: Verified[] = catalog.problems.map(({ code, message }) => ({
    model: 'a plugin',
    problem: { code, message },
  }));
  for (const pair of catalog.pairs) {
    for (const { to, model, problem } of await directionsOf(pair, { modelStore: models })) {
      const name = `${pair.id}/${to}`;
      if (model) verified.push(await verify(name, model.path, model.sha256));
      else if (problem.code !== 'MODEL_MISSING') verified.push({ model: name, problem: plain(problem) });
    }
  }
  return verified;
}

async function verify(name: string, path: string, sha256: string | undefined): Promise<Verified> {
  try {
    const model = await openImageModel(path, sha256);
    return { model: name, sha256: model.sha256, selfTest: await selfTest(path) };
  } catch (error) {
    return { model: name, problem: plain(asCycleboxError(error, { file: path })) };
  }
}

function plain({ code, message }: CycleboxError): Pick<CycleboxError, 'code' | 'message'> {
  return { code, message };
}

function toText(verified: Verified): string {
  if ('problem' in verified) return `${verified.model}: ${verified.problem.code}: ${verified.problem.message}\n`;
  return `${verified.model}: as it should be (SHA-256 ${verified.sha256.slice(0, 12)}…), ${describeTest(verified.selfTest)}\n`;
}
