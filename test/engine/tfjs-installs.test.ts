/**
 * Installs of TensorFlow.js as users have them, made of folders: none, several, broken ones. What is broken is said in
 * one sentence with what to do, and never replaced by something slower without a word.
 */
import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { findTfjs, openTfjsEngine } from '../../src/engine/tfjs/index.js';
import { nothingFound } from '../../src/engine/tfjs/installation.js';
import { GraphBuilder, mul } from '../../src/graph/index.js';
import { temporaryFolder } from '../support/pictures.js';

/** A `node_modules` folder with packages of one file each. */
async function modules(packages: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(await temporaryFolder(), 'node_modules');
  for (const [name, code] of Object.entries(packages)) {
    const place = join(folder, name);
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'package.json'), JSON.stringify({ name, version: '4.22.0', main: 'index.js' }));
    await writeFile(join(place, 'index.js'), code);
  }
  return folder;
}

const throwing = (message: string) => `throw new Error(${JSON.stringify(message)});`;

describe('finding TensorFlow.js', () => {
  it('lists what is installed, best first, from the first folder that has it', async () => {
    const near = await modules({ '@tensorflow/tfjs-node': '', '@tensorflow/tfjs-backend-cpu': '' });
    const far = await modules({ '@tensorflow/tfjs-node-gpu': '', '@tensorflow/tfjs-node': '' });
    const found = await findTfjs({ searchIn: [near, far] });
    expect(found.map(({ backend }) => backend)).toEqual(['node-gpu', 'node', 'cpu']);
    expect(found.map(({ folder }) => folder.startsWith(near))).toEqual([false, true, true]);
  });

  it('finds what is beside this package without being told where', async () => {
    const found = await findTfjs();
    expect(found.map(({ backend }) => backend)).toEqual(expect.arrayContaining(['wasm', 'cpu']));
  });

  it('where there is none says which command installs it', async () => {
    const searchIn = [await temporaryFolder()];
    await expect(openTfjsEngine({ searchIn })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: nothingFound(undefined),
    });
    const advice = (nvidia: number) => nothingFound(undefined, { nvidia, any: nvidia > 0 });
    expect(advice(0)).toBe('TensorFlow.js is not installed. Run: npm install @tensorflow/tfjs-node');
    expect(advice(1)).toBe('TensorFlow.js is not installed. Run: npm install @tensorflow/tfjs-node-gpu');
    await expect(openTfjsEngine({ searchIn, backend: 'wasm' })).rejects.toMatchObject({
      message: expect.stringContaining('npm install @tensorflow/tfjs-backend-wasm @tensorflow/tfjs-core'),
    });
  });
});

describe('a broken install is named with what to do:', () => {
  const gpu = '@tensorflow/tfjs-node-gpu';
  it.each([
    {
      what: 'the native addon was never built',
      name: '@tensorflow/tfjs-node',
      code: throwing(
        "The Node.js native addon module (tfjs_binding.node) can not be found at path: /p/lib/napi-v8/tfjs_binding.node. \nPlease run command 'npm rebuild'",
      ),
      says: /no native addon.* Run: npm rebuild @tensorflow\/tfjs-node --build-addon-from-source$/,
    },
    {
      what: 'the library of TensorFlow is missing',
      name: gpu,
      code: throwing('libtensorflow.so.2: cannot open shared object file: No such file or directory'),
      says: /lacks a library \(libtensorflow\.so\.2: cannot open.*\)\. Let .* Run: npm rebuild @tensorflow\/tfjs-node-gpu --foreground-scripts$/,
    },
    {
      what: 'the libraries of CUDA are missing',
      name: gpu,
      code: throwing('libcudart.so.11.0: cannot open shared object file: No such file or directory'),
      says: /lacks a library \(libcudart\.so\.11\.0.*Install CUDA 11.* Run: npm uninstall @tensorflow\/tfjs-node-gpu$/,
    },
    {
      what: 'the addon is of another Node',
      name: gpu,
      code: throwing(
        "The module '/p/tfjs_binding.node'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 93.",
      ),
      says: /built for another version of Node than .*npm rebuild/,
    },
    {
      what: 'a dependency is missing',
      name: '@tensorflow/tfjs-node',
      code: "require('@mapbox/node-pre-gyp');",
      says: /lacks @mapbox\/node-pre-gyp\. Reinstall it, .*Run: npm install @tensorflow\/tfjs-node$/,
    },
    {
      what: 'something else is wrong',
      name: gpu,
      code: throwing('the moon is full.\nsecond line'),
      says: /does not load \(the moon is full\)\. Reinstall it, or remove it \(npm uninstall @tensorflow\/tfjs-node-gpu\)\. Run: npm install @/,
    },
  ])('$what', async ({ name, code, says }) => {
    const searchIn = [await modules({ [name]: code })];
    const error = await openTfjsEngine({ searchIn }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: expect.stringMatching(says) });
    expect((error as Error).message).toContain(`${name} 4.22.0`);
    expect((error as Error).message).not.toContain('\n');
  });

  it('the core that a backend needs has lost its files', async () => {
    const folder = await modules({ '@tensorflow/tfjs-backend-cpu': '', '@tensorflow/tfjs-core': '' });
    await rm(join(folder, '@tensorflow', 'tfjs-core', 'index.js'));
    await expect(openTfjsEngine({ searchIn: [folder] })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(
        /lacks .*tfjs-core.*Reinstall it, .*Run: npm install @tensorflow\/tfjs-backend-cpu$/,
      ),
    });
  });

  it('it loads, and its first operation needs what this Node no longer has', async () => {
    const core = JSON.stringify(createRequire(import.meta.url).resolve('@tensorflow/tfjs-core'));
    const code = `
      const tf = require(${core});
      const broken = () => { throw new TypeError('(0 , util_1.isNullOrUndefined) is not a function'); };
      module.exports = { ...tf, setBackend: async () => true, tidy: broken };`;
    const searchIn = [await modules({ '@tensorflow/tfjs-node': code })];
    await expect(openTfjsEngine({ searchIn })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(
        /does not run on Node \d+.*Use Node 20 or 22, or remove it\. Run: npm uninstall @tensorflow\/tfjs-node$/,
      ),
    });
  });

  it('and a slower one is not taken in its place, unless it is asked for', async () => {
    const broken = await modules({ [gpu]: throwing('libtensorflow.so.2: cannot open shared object file') });
    const searchIn = [broken, join(packageRoot, 'node_modules')];
    await expect(openTfjsEngine({ searchIn })).rejects.toMatchObject({ code: 'ENGINE_UNAVAILABLE' });
    const engine = await openTfjsEngine({ searchIn, backend: 'wasm' });
    expect(engine.device.name).toContain('backend wasm');
    await engine.dispose();
  });
});

describe('the device', () => {
  /** The backend in plain JavaScript, under the names that the native one has. */
  const native = (usesGpu: boolean) => {
    const require = createRequire(import.meta.url);
    const [core, cpu] = ['core', 'backend-cpu'].map(part =>
      JSON.stringify(require.resolve(`@tensorflow/tfjs-${part}`)),
    );
    return `
      const tf = require(${core});
      const { MathBackendCPU } = require(${cpu});
      tf.copyRegisteredKernels('cpu', 'tensorflow');
      tf.registerBackend('tensorflow', () => Object.assign(new MathBackendCPU(), { isUsingGpuDevice: ${usesGpu} }));
      module.exports = tf;`;
  };

  it.each([
    { package: '@tensorflow/tfjs-node-gpu', usesGpu: true, kind: 'gpu', says: /backend node-gpu, GPU/ },
    { package: '@tensorflow/tfjs-node-gpu', usesGpu: false, kind: 'cpu', says: /backend node-gpu, (?!GPU)/ },
    { package: '@tensorflow/tfjs-node', usesGpu: false, kind: 'cpu', says: /backend node,/ },
  ])('of $package that sees a GPU: $usesGpu', async ({ package: name, usesGpu, kind, says }) => {
    const engine = await openTfjsEngine({ searchIn: [await modules({ [name]: native(usesGpu) })] });
    const tf = createRequire(import.meta.url)('@tensorflow/tfjs-core') as typeof import('@tensorflow/tfjs-core');
    try {
      expect(engine.device).toMatchObject({ id: 'tfjs', kind, name: expect.stringMatching(says) });
    } finally {
      await engine.dispose();
      tf.removeBackend('tensorflow');
    }
  });
});

it('a second copy of TensorFlow.js in the process does not disturb the first', async () => {
  const folder = await copyOfTfjs();
  const first = await openTfjsEngine({ backend: 'wasm' });
  const second = await openTfjsEngine({ backend: 'cpu', searchIn: [folder] });
  const builder = new GraphBuilder();
  builder.output('y', mul(builder.input('x', [3]), 2));
  const graph = builder.build();
  const programs = await Promise.all([first, second, first].map(engine => engine.compile(graph)));
  const x = { shape: [3], data: Float32Array.of(1, 2, 3) };
  const results = await Promise.all([...programs, ...programs].map(program => program.run({ x })));
  expect(results.map(({ y }) => [...y!.data])).toEqual(Array(6).fill([2, 4, 6]));
  await first.dispose();
  await second.dispose();
});

it('a backend that is only linked finds the core beside its real folder', async () => {
  const real = await copyOfTfjs();
  const linked = join(await temporaryFolder(), 'node_modules');
  await mkdir(join(linked, '@tensorflow'), { recursive: true });
  await symlink(join(real, '@tensorflow/tfjs-backend-cpu'), join(linked, '@tensorflow/tfjs-backend-cpu'));
  const engine = await openTfjsEngine({ searchIn: [linked] });
  expect(engine.device.name).toContain('backend cpu');
  await engine.dispose();
});

/** A `node_modules` folder with its own files of the core and of the backend in plain JavaScript; what they need is linked. */
async function copyOfTfjs(): Promise<string> {
  const folder = join(await temporaryFolder(), 'node_modules');
  const require = createRequire(import.meta.url);
  const copied = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-backend-cpu'];
  const linked = new Set<string>();
  for (const name of copied) {
    const source = dirname(require.resolve(`${name}/package.json`));
    const target = join(folder, name);
    const manifest = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'));
    await mkdir(join(target, 'dist'), { recursive: true });
    await cp(join(source, 'package.json'), join(target, 'package.json'));
    await cp(join(source, manifest.main), join(target, manifest.main));
    for (const needed of Object.keys(manifest.dependencies ?? {})) linked.add(needed);
  }
  for (const name of linked) {
    if (copied.includes(name)) continue;
    const target = join(folder, name);
    await mkdir(dirname(target), { recursive: true });
    await symlink(join(packageRoot, 'node_modules', name), target);
  }
  return folder;
}
