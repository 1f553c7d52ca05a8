/** The work of `cyclebox models info`: what a model is, what its images are like, and what its file says of its making. */
import { detectInterface, kindNames, type ReadModelOptions, readModel } from '../../model-files/index.js';
import { describeNetwork, parseArchitecture } from '../../nets/index.js';
import { decodeOnnx, imageInterfaceOf, metadataKeys, outlineOfBytes, withMetadata } from '../../onnx/index.js';
import { exitCodes, printable } from '../terminal/index.js';
import { describeFinding } from './import-model.js';
import { type NamedModel, resolveModel } from './named-model.js';

export interface ModelInfoOptions extends NamedModel, ReadModelOptions {
  readonly json?: boolean;
}

/** @returns the exit code. @throws CycleboxError as `readModel` */
export async function showModelInfo(file: string | undefined, options: ModelInfoOptions): Promise<number> {
  const { network, architecture, json } = options;
  const info = await infoOf(await resolveModel(file, options), { network, architecture });
  process.stdout.write(json ? `${JSON.stringify(info, null, 2)}\n` : toText(info));
  return exitCodes.ok;
}

type ModelInfo = Awaited<ReturnType<typeof infoOf>>;

async function infoOf(path: string, options: ReadModelOptions) {
  const model = await readModel(path, options);
  const { findings, metadata, runs } = await detectInterface(model, {}, path);
  const outline = outlineOfBytes(withMetadata(model.bytes, metadata, path), path);
  const { fixed, input, output } = imageInterfaceOf(outline, path);
  const weights = [...decodeOnnx(model.bytes, path).weights.values()];
  const named = outline.metadata[metadataKeys.architecture];
  return {
    path,
    kind: model.kind,
    network: model.network ?? (named === undefined ? undefined : describeNetwork(parseArchitecture(named, path))),
    sha256: model.sha256,
    sizeBytes: model.sizeBytes,
    parameters: weights.reduce((sum, { shape }) => sum + shape.reduce((product, side) => product * side, 1), 0),
    nodes: outline.nodes,
    opset: outline.opset,
    input: { name: input.name, element: input.element, channels: input.channels },
    output: { name: output.name, element: output.element, channels: output.channels },
    fixed,
    findings,
    runs,
    metadata: model.outline.metadata,
  };
}

function toText(info: ModelInfo): string {
  const { path, kind, network, sha256, sizeBytes, parameters, nodes, opset, fixed, findings, metadata, runs } = info;
  const { input, output } = info;
  const side = (value: number | undefined) => value ?? 'any';
  const lines = [
    `${path}`,
    `  ${kindNames[kind]}${network === undefined ? '' : `: ${printable(network)}`}`,
    `  ${(sizeBytes / 1e6).toFixed(2)} MB, SHA-256 ${sha256}`,
    `  ${parameters} weights, ${nodes} operations of ONNX opset ${opset}`,
    `  takes ${input.channels} channels of ${input.element} (${printable(input.name)}), gives ${output.channels} of ${output.element} (${printable(output.name)})`,
    `  sizes: ${side(fixed.width)} × ${side(fixed.height)}, ${fixed.batch ?? 'any number'} at a time`,
    ...findings.map(finding => `  ${describeFinding(finding)}`),
    ...(runs ? [] : ['  does not run: it made no picture of one of 64 to 512 pixels a side']),
    ...Object.entries(metadata).map(([key, value]) => `  ${printable(key)}: ${printable(shortened(value))}`),
  ];
  return `${lines.join('\n')}\n`;
}

function shortened(text: string): string {
  return text.length <= 160 ? text : `${text.slice(0, 157)}…`;
}
