/**
 * Files of JSON with comments and trailing commas that people write by hand: every fault is named with its line, and a
 * misspelt key gets a guess at what was meant. What may stand in a file is the schema's business; where its paths lead, the
 * caller's. The value comes back as it was written: defaults are whoever reads it.
 */
import {
  createScanner,
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode,
} from 'jsonc-parser';
import type { z } from 'zod';
import { CycleboxError, didYouMean, readRegularText } from '../base/index.js';
import type { JsonPath } from './json-path.js';
import { type Overlay, overlayAt, valueAt, withOverlays } from './overlay.js';

export interface CommentedJsonOptions<Schema extends z.ZodType> {
  /** Its name, for messages. */
  readonly file: string;
  readonly schema: Schema;
  /** The keys of the object at `path`, for guesses. */
  readonly knownKeys: (path: JsonPath) => readonly string[];
  /** What is said of a value that the schema refuses. Default: `name: message`. */
  readonly complaint?: ((name: string, value: unknown, message: string) => string) | undefined;
  /** What stands in place of the file's own values, or beside them; checked with them. */
  readonly overlays?: readonly Overlay[] | undefined;
}

/** @throws CONFIG_NOT_FOUND, CONFIG_INVALID naming the file */
export async function readConfigText(path: string): Promise<string> {
  try {
    return await readRegularText(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') {
      const message = `There is no configuration file ${path}. Name one with --config, or create it.`;
      throw new CycleboxError('CONFIG_NOT_FOUND', message, { subject: { file: path }, cause });
    }
    const message = `${path} could not be read: ${(cause as Error).message}`;
    throw new CycleboxError('CONFIG_INVALID', message, { subject: { file: path }, cause });
  }
}

/** @throws CONFIG_INVALID with every fault, its line and what is allowed */
export function parseCommentedJson<Schema extends z.ZodType>(
  text: string,
  options: CommentedJsonOptions<Schema>,
): z.input<Schema> {
  const tooDeep = tooDeepAt(text);
  if (tooDeep !== undefined) {
    throw invalid(options.file, [
      `${options.file}:${position(text, tooDeep)}: nested deeper than ${mostLevels} levels`,
    ]);
  }
  const errors: ParseError[] = [];
  const tree = parseTree(text.replace(/^\uFEFF/, ' '), errors, { allowTrailingComma: true });
  const [first] = errors;
  if (first || !tree) {
    const what = first ? printParseErrorCode(first.error) : 'it is empty';
    throw invalid(options.file, [`${options.file}:${position(text, first?.offset ?? 0)}: not JSON (${what})`]);
  }
  const value = withOverlays(getNodeValue(tree), options.overlays ?? []);
  const { error } = options.schema.safeParse(value);
  if (!error) return value as z.input<Schema>;
  const faults = error.issues.flatMap(issue => describe(issue, { tree, text, value }, options));
  throw invalid(options.file, [...new Set(faults)]);
}

/** No file that people write needs so many, and the parser does not go arbitrarily deep. */
const mostLevels = 100;

/** Where in a text the objects and lists that are open become too many to be parsed; undefined where they never do. */
export function tooDeepAt(text: string): number | undefined {
  const scanner = createScanner(text, true);
  let levels = 0;
  while (scanner.getPosition() < text.length) {
    scanner.scan();
    const first = text.charAt(scanner.getTokenOffset());
    if (first === '{' || first === '[') levels++;
    if (first === '}' || first === ']') levels--;
    if (levels > mostLevels) return scanner.getTokenOffset();
  }
  return undefined;
}

/** The file as it was read, and what came of it with its overlays. */
interface Read {
  readonly tree: Node;
  readonly text: string;
  readonly value: unknown;
}

function describe(issue: z.core.$ZodIssue, read: Read, options: CommentedJsonOptions<z.ZodType>): string[] {
  const { file, knownKeys, complaint = (name, _, message) => `${name}: ${message}`, overlays = [] } = options;
  const at = (path: JsonPath) =>
    overlayAt(path, overlays)?.source ?? `${file}:${positionOf(read.tree, path, read.text)}`;
  const path = issue.path.filter(part => typeof part !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(path);
    return issue.keys.map(key => {
      const hint = didYouMean(key, known) || ` Known are ${known.join(', ')}.`;
      return `${at([...path, key])}: "${key}" is not a known key.${hint}`;
    });
  }
  const name = path.map(part => (typeof part === 'number' ? `[${part}]` : `.${part}`)).join('');
  return [`${at(path)}: ${complaint(name.replace(/^\./, '') || 'the file', valueAt(read.value, path), issue.message)}`];
}

/** `line:column` of a value, or of the nearest thing around it that is there. */
function positionOf(tree: Node, path: JsonPath, text: string): string {
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node) return position(text, (node.parent?.type === 'property' ? node.parent : node).offset);
  }
  return position(text, tree.offset);
}

function position(text: string, offset: number): string {
  const lines = text.slice(0, offset).split('\n');
  return `${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}`;
}

function invalid(file: string, faults: readonly string[]): CycleboxError {
  return new CycleboxError('CONFIG_INVALID', faults.join('\n'), { subject: { file } });
}
