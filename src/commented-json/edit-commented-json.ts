/** Small changes to files that people write by hand: comments, order and spacing of all the rest stay as they are. Text in, text out. */
import { applyEdits, findNodeAtLocation, modify, parseTree } from 'jsonc-parser';
import type { JsonPath } from './json-path.js';

/** The text with `value` at `path`; what is missing on the way is made. An index one past the end adds to a list. */
export function withJsonValue(text: string, path: JsonPath, value: unknown): string {
  const formattingOptions = { insertSpaces: true, tabSize: 2, eol: '\n' };
  return applyEdits(text, modify(text, [...path], value, { formattingOptions }));
}

/** The line of each key of the outermost object, from 1. */
export function keyLines(text: string): ReadonlyMap<string, number> {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const keys = (tree?.children ?? []).flatMap(({ children: [key] = [] }) => (key ? [key] : []));
  return new Map(keys.map(key => [String(key.value), text.slice(0, key.offset).split('\n').length]));
}

/** How many items the list at `path` has; 0 where there is none. */
export function listLength(text: string, path: JsonPath): number {
  const tree = parseTree(text, [], { allowTrailingComma: true });
  const node = tree && findNodeAtLocation(tree, [...path]);
  return node?.type === 'array' ? (node.children?.length ?? 0) : 0;
}
