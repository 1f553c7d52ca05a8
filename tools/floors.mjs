/**
 * The rooms of src/ and what each may import, as one table, and the rules for Biome that are made of it. Run by
 * `npm run floors`, it writes floors.biome.json; a test holds that file to the table, and the table to the folders.
 *
 * A room imports rooms of lower floors only, and only through their faces (`index.js`). The same holds for the rooms
 * inside a room, among themselves. A room's own files stand above the rooms inside it, but for those named `beneath`.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** @type {import('./floors.mjs').Rooms} */
export const rooms = {
  base: { floor: 0 },
  process: { floor: 1 },
  graph: { floor: 1 },
  picture: { floor: 1 },
  'commented-json': { floor: 1 },
  image: { floor: 2 },
  download: { floor: 2 },
  onnx: {
    floor: 2,
    beneath: [
      'attributes',
      'emitter',
      'encode-model',
      'float16',
      'lowering-context',
      'model-file',
      'padding',
      'splitting',
      'stored-weights',
    ],
    rooms: { generated: { floor: 0 }, convolution: { floor: 1 }, import: { floor: 1 }, int8: { floor: 1 } },
  },
  'plugin-api': { floor: 2 },
  'plugin-host': {
    floor: 3,
    rooms: {
      points: { floor: 0 },
      runtime: { floor: 0 },
      registry: { floor: 1 },
      install: { floor: 2 },
      process: { floor: 2 },
      testing: { floor: 3 },
    },
  },
  datasets: { floor: 3 },
  engine: {
    floor: 3,
    beneath: [
      'accelerators',
      'contract',
      'cpu-name',
      'engine-choice',
      'graph-shapes',
      'imported-model',
      'model-source',
      'open-device',
      'remedies',
    ],
    rooms: { onnx: { floor: 0 }, reference: { floor: 0 }, tfjs: { floor: 0 }, discovery: { floor: 1 } },
  },
  nets: { floor: 3, beneath: ['element-types', 'weight-tensor'], rooms: { pytorch: { floor: 0 } } },
  training: {
    floor: 4,
    beneath: [
      'device-options',
      'option-groups',
      'options',
      'parse-options',
      'plugin-export',
      'plugin-names',
      'run-options',
      'settings',
      'trained-networks',
      'training-event',
    ],
    rooms: {
      data: { floor: 0 },
      records: { floor: 0 },
      recipes: { floor: 0 },
      evaluation: { floor: 1 },
      memory: { floor: 1 },
      plugins: { floor: 2 },
      sweeps: { floor: 2 },
      loop: { floor: 2 },
      process: { floor: 3 },
    },
  },
  tiling: { floor: 4 },
  'model-files': { floor: 4, rooms: { int8: { floor: 0 }, 'tensorflow-js': { floor: 0 } } },
  catalog: { floor: 5 },
  translate: { floor: 6 },
  health: { floor: 6 },
  worker: { floor: 7 },
  inbox: {
    floor: 7,
    rooms: {
      watch: { floor: 0 },
      journal: { floor: 0 },
      publish: { floor: 1, apart: ['watch'] },
      jobs: { floor: 2, apart: ['watch'] },
    },
    seam: 'Seeing (watch/) and doing (publish/, jobs/) do not know each other: the journal is all they share.',
  },
  dispatch: {
    floor: 8,
    rooms: { redis: { floor: 0 }, store: { floor: 0 }, trainings: { floor: 1 } },
  },
  daemon: {
    floor: 9,
    rooms: {
      config: { floor: 0 },
      backup: { floor: 1 },
      pool: { floor: 0 },
      plugins: { floor: 1 },
      trainings: { floor: 1 },
      control: { floor: 1 },
      words: { floor: 2 },
    },
  },
  diagnosis: { floor: 10 },
  server: {
    floor: 11,
    rooms: {
      contract: { floor: 0 },
      http: { floor: 1 },
      images: { floor: 1 },
      stream: { floor: 1 },
      webhooks: { floor: 1 },
      routes: { floor: 2 },
      ui: { floor: 3 },
    },
  },
  cli: {
    floor: 12,
    rooms: {
      options: { floor: 0 },
      scaffold: { floor: 0 },
      sheets: { floor: 0 },
      terminal: { floor: 0 },
      daemon: { floor: 1 },
      demo: { floor: 1 },
      machine: { floor: 1 },
      plugins: { floor: 1 },
      models: { floor: 2 },
      train: { floor: 2 },
      translate: { floor: 2 },
      commands: { floor: 3 },
    },
  },
};

const face = 'index.js';

/** Not of the server's process: it has rules of its own, and folders that are its own business. */
export const pages = 'server/ui';

/** Names of the rooms beside `name` that it may import. */
function lowerThan(name, siblings) {
  const { floor, apart = [] } = siblings[name];
  return Object.keys(siblings).filter(other => siblings[other].floor < floor && !apart.includes(other));
}

function override(includes, group, message) {
  const noRestrictedImports = { level: 'error', options: { patterns: [{ group, message }] } };
  return { includes: [includes], linter: { rules: { style: { noRestrictedImports } } } };
}

function ruleForRoom(room) {
  const { floor } = rooms[room];
  const group = ['../**', ...lowerThan(room, rooms).map(other => `!../${other}/${face}`), './*/**', `!./*/${face}`];
  const message = `${room}/ is on floor ${floor}: it imports rooms of lower floors only, and rooms only through their ${face}.`;
  return override(`src/${room}/*.ts`, group, message);
}

function ruleForInnerRoom(room, inner) {
  const { rooms: siblings, beneath = [], seam } = rooms[room];
  const lower = lowerThan(inner, siblings);
  const group = [
    '../**',
    ...lowerThan(room, rooms).map(other => `!../../${other}/${face}`),
    ...lower.map(other => `!../${other}/${face}`),
    ...beneath.map(file => `!../${file}.js`),
    './*/**',
  ];
  const within = lower.length > 0 ? `${lower.join(', ')} through their ${face}` : 'no other room';
  const message = `${room}/${inner}/ imports of ${room}/ ${within}; of src/ what ${room}/ may.${seam ? ` ${seam}` : ''}`;
  return override(`src/${room}/${inner}/*.ts`, group, message);
}

/** The dashboard's pages run in browsers: of everything outside they know the contract's types, and that in one file. */
function rulesForPages() {
  const message =
    'server/ui/ runs in browsers: of all the rest it imports types of server/contract/, in contract.ts alone.';
  return [
    override('src/server/ui/*.{ts,tsx}', ['../**', './*/**', '!./*/index.js'], message),
    override('src/server/ui/contract.ts', ['../**', '!../contract/index.js'], message),
    override('src/server/ui/*/*.{ts,tsx}', ['../../**', '../*/**', '!../*/index.js'], message),
  ];
}

/** One override for each folder of src/, and one for src/ itself. */
export function overrides() {
  const perFolder = Object.entries(rooms).flatMap(([room, { rooms: inside = {} }]) => [
    ruleForRoom(room),
    ...Object.keys(inside)
      .filter(inner => `${room}/${inner}` !== pages)
      .map(inner => ruleForInnerRoom(room, inner)),
  ]);
  const face = ['./*/**', '!./*/index.js'];
  return [
    ...perFolder,
    ...rulesForPages(),
    override('src/*.ts', face, "The package's face imports rooms only through their index.js."),
  ];
}

/** The text of floors.biome.json. */
export function floorsFile() {
  const lines = overrides().map(rule => `    ${JSON.stringify(rule)}`);
  const schema = './node_modules/@biomejs/biome/configuration_schema.json';
  return `{\n  "$schema": "${schema}",\n  "overrides": [\n${lines.join(',\n')}\n  ]\n}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(new URL('../floors.biome.json', import.meta.url), floorsFile());
}
