/**
 * Part of the build: what `dist/` imports through a room's face it imports from the file that holds it. In `src/` a room knows others by their
 * faces alone; at run time a face would load its whole room for one name, and the rooms below with it, which took a second before `status`
 * had begun. A face that does more than pass names on stays in the way: what it does would not happen. Whatever has a form that is not known
 * here stays as it is, which is slower and no less right.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { parseSync } from 'vite';

const isFace = file => /[\\/]index\.js$/.test(file);
const mentionsFace = /\/index\.js'/;

/**
 * Rewrites compiled files where they lie; lines keep their numbers, so source maps stay true.
 * @param {string} folder with all files, such as `dist`
 * @param {(file: string) => boolean} [isOurs] relative, with `/`; others are left alone
 */
export function importPastFaces(folder, isOurs = () => true) {
  const ours = readdirSync(folder, { recursive: true })
    .map(name => name.split(sep).join('/'))
    .filter(name => name.endsWith('.js') && isOurs(name));
  const texts = new Map(ours.map(name => [resolve(folder, name), readFileSync(join(folder, name), 'utf8')]));
  for (const [file, text] of pastFaces(texts)) if (text !== texts.get(file)) writeFileSync(file, text);
}

/**
 * @param {ReadonlyMap<string, string>} texts files by absolute path, among them all that they import
 * @returns {Map<string, string>} the same files, importing past the faces among them
 */
export function pastFaces(texts) {
  const trees = new Trees(texts);
  return new Map(
    [...texts].map(([file, text]) => [file, mentionsFace.test(text) ? rewritten(file, text, trees) : text]),
  );
}

/** Parsed once each, and only where somebody asks. */
class Trees {
  #texts;
  #parsed = new Map();
  #names = new Map();

  constructor(texts) {
    this.#texts = texts;
  }

  /** The statements of a file. */
  of(file) {
    if (!this.#parsed.has(file)) this.#parsed.set(file, parseSync(file, this.#texts.get(file)).program.body);
    return this.#parsed.get(file);
  }

  /** Where a file among ours lies that another imports as `specifier`. */
  target(from, specifier) {
    const file = specifier.startsWith('.') ? resolve(dirname(from), specifier) : '';
    return this.#texts.has(file) ? file : undefined;
  }

  /** What a face passes on: name there → file and name where it is declared. Undefined: no face, or one that does more. */
  face(file) {
    if (!isFace(file)) return undefined;
    if (!this.#names.has(file)) this.#names.set(file, this.#readFace(file));
    return this.#names.get(file);
  }

  #readFace(file) {
    const passed = this.of(file).flatMap(statement => this.#passedOn(file, statement) ?? [undefined]);
    return passed.includes(undefined) ? undefined : new Map(passed);
  }

  /** `[name, origin]` of each name that a statement of a face passes on; undefined where it is another kind of statement. */
  #passedOn(face, statement) {
    const { type, source, specifiers = [], exported = null } = statement;
    if (type === 'ExportNamedDeclaration' && !source && !statement.declaration && specifiers.length === 0) return [];
    const file = source && this.target(face, source.value);
    if (!file || exported) return undefined;
    if (type === 'ExportNamedDeclaration')
      return specifiers.map(({ local, exported: as }) => [as.name, this.origin(file, local.name)]);
    if (type === 'ExportAllDeclaration') return this.#exportsOf(file).map(name => [name, this.origin(file, name)]);
    return undefined;
  }

  /** Follows a name through faces to the file that has it. */
  origin(file, name) {
    return this.face(file)?.get(name) ?? { file, name };
  }

  #exportsOf(file) {
    const passed = this.face(file);
    if (passed) return [...passed.keys()];
    return this.of(file).flatMap(({ type, declaration, specifiers = [], source }) => {
      const passing = type === 'ExportAllDeclaration' && this.target(file, source.value);
      if (passing) return this.#exportsOf(passing);
      if (type !== 'ExportNamedDeclaration') return [];
      const declared = declaration?.declarations ?? (declaration ? [declaration] : []);
      return [...declared.map(({ id }) => id.name), ...specifiers.map(({ exported }) => exported.name)];
    });
  }
}

/** One file's text, its statements and `await import` in its functions put right from the end to the beginning. */
function rewritten(file, text, trees) {
  const static_ = trees.of(file).map(statement => staticEdit(file, statement, text, trees));
  const dynamic = dynamicImports(trees.of(file)).map(found => dynamicEdit(file, found, trees));
  const edits = [...static_, ...dynamic].filter(edit => edit !== undefined).sort((a, b) => b.start - a.start);
  return edits.reduce((result, { start, end, by }) => result.slice(0, start) + by + result.slice(end), text);
}

/** `import { a, b } from '../room/index.js'` becomes an import of each file that holds one of them; `export … from` likewise. */
function staticEdit(file, statement, text, trees) {
  const { type, source, specifiers = [], start, end } = statement;
  const kind = { ImportDeclaration: 'import', ExportNamedDeclaration: 'export' }[type];
  const names = specifiers.map(kind === 'import' ? importedName : exportedName);
  const origins = kind && source && originsOf(file, source.value, names, trees);
  if (!origins) return undefined;
  const lists = new Map();
  for (const [index, { file: at, name }] of origins.entries()) {
    const { as } = names[index];
    lists.set(at, [...(lists.get(at) ?? []), name === as ? name : `${name} as ${as}`]);
  }
  const statements = [...lists].map(([at, list]) => `${kind} { ${list.join(', ')} } from '${path(file, at)}';`);
  return { start, end, by: statements.join(' ') + text.slice(start, end).replace(/[^\n]/g, '') };
}

const importedName = ({ type, imported, local }) =>
  type === 'ImportSpecifier' ? { name: imported.name, as: local.name } : undefined;
const exportedName = ({ local, exported }) => ({ name: local.name, as: exported.name });

/** `const { a } = await import('../room/index.js')`, where one file has all that is taken out. */
function dynamicEdit(file, { pattern, source }, trees) {
  const names = pattern.properties.map(({ type, key }) =>
    type === 'Property' ? { name: key.name, as: key.name } : undefined,
  );
  const origins = originsOf(file, source.value, names, trees);
  const [first] = origins ?? [];
  const isOne = first && origins.every(({ file: at, name }, index) => at === first.file && name === names[index].name);
  return isOne ? { start: source.start, end: source.end, by: `'${path(file, first.file)}'` } : undefined;
}

/** Undefined where the import is not of a face that can be seen through, or not of names alone. */
function originsOf(file, specifier, names, trees) {
  const target = trees.target(file, specifier);
  const face = target && trees.face(target);
  if (!face || names.length === 0 || names.includes(undefined)) return undefined;
  const origins = names.map(({ name }) => face.get(name));
  return origins.includes(undefined) ? undefined : origins;
}

/** Every `{ … } = await import('…')` in a tree. */
function dynamicImports(node) {
  if (Array.isArray(node)) return node.flatMap(dynamicImports);
  if (node === null || typeof node !== 'object') return [];
  const source = node.type === 'VariableDeclarator' && node.init?.argument?.source;
  const isFound = source?.type === 'Literal' && node.id.type === 'ObjectPattern';
  return isFound ? [{ pattern: node.id, source }] : Object.values(node).flatMap(dynamicImports);
}

function path(from, to) {
  const between = relative(dirname(from), to).split(sep).join('/');
  return between.startsWith('.') ? between : `./${between}`;
}
