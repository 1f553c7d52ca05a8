/**
 * A model file rewritten for images of one size on this machine's CPU. With sizes known, wide 3 × 3 convolutions are
 * computed by Winograd's minimal filtering, their kernels transformed while the program is loaded, and phases of images are put
 * together by larger copies. Results differ from the file's own in the last digits only: a few 1e-5 of the range.
 *
 * It costs memory (a transformed kernel is four times the kernel) and the time of loading another program; it is for whoever
 * has several images of the size. Never for files that leave the process.
 */
import { machineMemoryBytes } from '../base/index.js';
import type { Graph } from '../graph/index.js';
import { minChannelsOfFixed } from './convolution/index.js';
import { checkImportable, importOnnx, type OnnxNetwork, readNetwork } from './import/index.js';
import { encodeOnnx } from './lowering.js';
import { givesBytes, type OnnxModelFile } from './model-file.js';

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Transformed kernels, and what the file becomes on its way to them, for each of its bytes. */
const memoryPerByte = 10;
/** Of the machine's memory. */
const largestShare = 1 / 8;

/** Whether a file has convolutions that may gain, and memory is there to do it. Cheap: asked of every file that is loaded. */
export function mayGain({ weights }: Pick<OnnxModelFile, 'weights'>, bytes: number): boolean {
  if (bytes * memoryPerByte > machineMemoryBytes() * largestShare) return false;
  return [...weights.values()].some(
    ({ shape: [k, c, ...kernel] }) => `${kernel}` === '3,3' && Math.min(k!, c!) >= minChannelsOfFixed,
  );
}

/** Undefined where nothing would be gained, or the file holds what the tensor language has no words for. */
export function tailoredTo(shapes: Shapes, bytes: Uint8Array, file: string): Uint8Array | undefined {
  const graph = graphAt(shapes, bytes, file);
  if (!graph) return undefined;
  const gains = { tiled: 0 };
  const encoded = encodeOnnx(graph, { tailored: gains });
  return gains.tiled > 0 ? encoded : undefined;
}

function graphAt(shapes: Shapes, bytes: Uint8Array, file: string): Graph | undefined {
  const network = importable(bytes, file);
  try {
    return network && importOnnx(network, shapes);
  } catch {
    return undefined;
  }
}

function importable(bytes: Uint8Array, file: string): OnnxNetwork | undefined {
  try {
    const network = readNetwork(bytes, file);
    checkImportable(network);
    // Bytes between layers are what makes a quantised file fast: as floats it would be slower, and something else.
    return network.nodes.some(({ op }) => givesBytes(op)) ? undefined : network;
  } catch {
    return undefined;
  }
}
