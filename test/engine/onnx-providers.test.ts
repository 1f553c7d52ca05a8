/**
 * What is known of ONNX Runtime's providers without having them: how their absence and their failures are told, which
 * devices they have, and in which layout WebGPU computes a graph rightly.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CycleboxError } from '../../src/base/index.js';
import { cpuName } from '../../src/engine/cpu-name.js';
import { parseNvidia, systemGpus, visible, webGpuName } from '../../src/engine/onnx/devices.js';
import { asEngineError, codeOf } from '../../src/engine/onnx/engine-error.js';
import { openOnnxEngine } from '../../src/engine/onnx/index.js';
import { unavailable } from '../../src/engine/onnx/unavailable.js';
import { layoutOfGraph, layoutOfModel } from '../../src/engine/onnx/webgpu-layout.js';
import { conv2d, conv2dInputGrad, GraphBuilder, neg, reflectPad, symbol } from '../../src/graph/index.js';
import { decodeOnnx, encodeOnnx } from '../../src/onnx/index.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
import { temporaryFolder } from '../support/pictures.js';

const linuxX64 = process.platform === 'linux' && process.arch === 'x64';

describe('a provider that is not here', () => {
  it.runIf(linuxX64)('on this system at all is named with the systems that have it', async () => {
    await expect(openOnnxEngine({ provider: 'directml' })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(/not support DirectML on linux-x64, only on Windows\..*--engine auto/),
    });
    await expect(openOnnxEngine({ provider: 'coreml' })).rejects.toMatchObject({
      message: expect.stringMatching(/only on macOS/),
    });
  });

  it('as a second device is told which there are', async () => {
    await expect(openOnnxEngine({ provider: 'cpu', index: 1 })).rejects.toMatchObject({
      code: 'ENGINE_UNAVAILABLE',
      message: expect.stringMatching(/no device cpu:1 here\. There are: cpu \(/),
    });
  });

  it.each([
    ['cuda', 'OrtSessionOptionsAppendExecutionProvider_Cuda: Failed to load shared library', /CUDA library.*=cuda12$/],
    ['tensorrt', 'libnvinfer.so.10: cannot open shared object file', /TensorRT library.*TensorRT 10/],
    ['webgpu', 'webgpu_context.cc:136 Failed to get a WebGPU adapter: No supported adapters', /^No WebGPU adapter/],
    ['cuda', 'CUDA failure 100: no CUDA-capable device is detected ; GPU=-1', /^No NVIDIA device, or no driver/],
    ['cuda', 'CUDA failure 101: invalid device ordinal ; GPU=7', /^CUDA has no device of this number\.$/],
    ['coreml', 'Something new\nwith details', /^CoreML could not be started: Something new\. Update macOS\.$/],
  ] as const)('says why and what to do: %s, %s', (provider, thrown, sentence) => {
    const error = unavailable(provider, asEngineError(new Error(thrown), 'compiling'));
    expect(error).toMatchObject({ code: 'ENGINE_UNAVAILABLE', message: expect.stringMatching(sentence) });
    expect(error.message).not.toContain('\n');
  });
});

describe('a failure of ONNX Runtime', () => {
  it.each([
    ['std::bad_alloc', 'OUT_OF_MEMORY'],
    [
      'BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 1073741824',
      'OUT_OF_MEMORY',
    ],
    ['CUDA failure 2: out of memory ; GPU=0', 'OUT_OF_MEMORY'],
    ['VK_ERROR_OUT_OF_DEVICE_MEMORY at CheckVkOOMThenSuccessImpl', 'OUT_OF_MEMORY'],
    ['Buffer size (4294967296) exceeds the max buffer size limit (2147483648).', 'OUT_OF_MEMORY'],
    ['WebGPU validation failed. [Invalid Buffer (unlabeled)] is invalid due to a previous error.', 'OUT_OF_MEMORY'],
    ['shader_helper.cc:306 Too many storage buffers in shader. Current: 18, Max is 12', 'OUT_OF_MEMORY'],
    ['WebGPU device lost (1): A valid external Instance reference no longer exists.', 'DEVICE_LOST'],
    ['[Device] is lost. - While calling [Queue].Submit', 'DEVICE_LOST'],
    ['vkQueueSubmit failed with VK_ERROR_DEVICE_LOST', 'DEVICE_LOST'],
    ['CUDA failure 700: an illegal memory access was encountered ; GPU=0', 'DEVICE_LOST'],
    ['DXGI_ERROR_DEVICE_REMOVED', 'DEVICE_LOST'],
    ['Non-zero status code returned while running Add node. Attempting to broadcast an axis', 'ENGINE_FAILED'],
  ])('is told apart by its words: %s', (message, code) => {
    expect(codeOf(message)).toBe(code);
  });

  it('that has a code keeps it', () => {
    const coded = new CycleboxError('SHAPE_MISMATCH', 'input image: got nothing');
    expect(asEngineError(coded, 'running')).toBe(coded);
  });
});

describe('devices', () => {
  const cards = parseNvidia('NVIDIA A100-SXM4-40GB, 40960\nNVIDIA T4, 15360\nNVIDIA GB10, [N/A]\n\n');

  it('on the CPU have its name, or none where the system knows none', () => {
    expect(cpuName('  AMD EPYC ')).toBe('AMD EPYC');
    expect(cpuName('unknown')).toBe('CPU');
    expect(cpuName('')).toBe('CPU');
  });

  it('of NVIDIA are read with their memory, where it is known', () => {
    expect(cards).toEqual([
      { name: 'NVIDIA A100-SXM4-40GB', memoryBytes: 40960 * 2 ** 20 },
      { name: 'NVIDIA T4', memoryBytes: 15360 * 2 ** 20 },
      { name: 'NVIDIA GB10', memoryBytes: undefined },
    ]);
  });

  it.each([
    [undefined, ['NVIDIA A100-SXM4-40GB', 'NVIDIA T4', 'NVIDIA GB10']],
    ['1,0', ['NVIDIA T4', 'NVIDIA A100-SXM4-40GB']],
    ['2,-1,0', ['NVIDIA GB10']],
    ['', []],
  ])('are those that CUDA_VISIBLE_DEVICES=%s shows', (listed, names) => {
    expect(visible(cards, listed).map(({ name }) => name)).toEqual(names);
  });

  it('in software are named as such', () => {
    expect(webGpuName({ VK_DRIVER_FILES: '/usr/lib/chromium/vk_swiftshader_icd.json' }, ['a card'])).toMatch(
      /software/,
    );
    expect(webGpuName({ VK_ICD_FILENAMES: '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json' }, [])).toMatch(/software/);
    expect(webGpuName({ VK_DRIVER_FILES: '/etc/vulkan/nvidia.json:/etc/vulkan/lvp.json' }, [])).not.toMatch(/software/);
  });

  it('of WebGPU have the name of the only card, and none where there are two', () => {
    expect(webGpuName({}, ['NVIDIA T4'])).toMatch(/: NVIDIA T4$/);
    expect(webGpuName({}, ['NVIDIA T4', 'Intel graphics'])).not.toMatch(/NVIDIA|Intel/);
  });

  it("are what Linux's drivers show", async () => {
    const root = await temporaryFolder();
    const files = {
      'proc/driver/nvidia/gpus/0000:01:00.0/information': 'Model: \t\t NVIDIA GeForce RTX 3060\nIRQ:   \t\t 131\n',
      'sys/class/drm/card0/device/vendor': '0x8086\n',
      'sys/class/drm/card0-HDMI-A-1/device/vendor': '0x1002\n',
      'sys/class/drm/card1/device/vendor': '0x10de\n',
    };
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), content);
    }
    expect(await systemGpus(root)).toEqual(['NVIDIA GeForce RTX 3060', 'Intel graphics']);
    expect(await systemGpus(join(root, 'nowhere'))).toEqual([]);
  });
});

describe("WebGPU's layout", () => {
  const weights = (builder: GraphBuilder, shape: readonly number[]) =>
    builder.constant(randomValues(seededRandom(1), shape), shape);

  /** A convolution of `channels` channels on an image of this size, in a graph and as a file. */
  function layouts(channels: number, size: Parameters<GraphBuilder['input']>[1], stride = 1) {
    const builder = new GraphBuilder();
    const x = builder.input('image', [1, channels, ...size]);
    builder.output('translated', conv2d(x, weights(builder, [8, channels, 3, 3]), { stride }));
    const graph = builder.build();
    return [layoutOfGraph(graph), layoutOfModel(decodeOnnx(encodeOnnx(graph)))];
  }

  it.each([3, 4, 8, 12, 64])('has channels last for %i channels', channels => {
    expect(layouts(channels, [32, 32])).toEqual(['NHWC', 'NHWC']);
  });

  it.each([6, 9, 15, 30])('has channels first for %i channels, which channels last are misread', channels => {
    expect(layouts(channels, [32, 32])).toEqual(['NCHW', 'NCHW']);
  });

  it('has channels first where an image may be as small as its kernel', () => {
    expect(layouts(8, [4, 4])[0]).toBe('NCHW');
    const builder = new GraphBuilder();
    let x = builder.input('image', [1, 8, symbol('height', 16), symbol('width', 16)]);
    const kernel = weights(builder, [8, 8, 4, 4]);
    for (let level = 0; level < 4; level++) x = conv2d(x, kernel, { stride: 2, padding: 1 });
    builder.output('translated', conv2d(reflectPad(x, 0), kernel, { padding: 2 }));
    const graph = builder.build();
    expect([layoutOfGraph(graph), layoutOfModel(decodeOnnx(encodeOnnx(graph)))]).toEqual(['NCHW', 'NCHW']);
  });

  it('has channels first for training, which goes back and forth between the layouts', () => {
    const builder = new GraphBuilder();
    const kernel = builder.variable('kernel', [8, 8, 3, 3]);
    builder.output('y', conv2d(builder.input('x', [1, 8, 32, 32]), kernel));
    expect(layoutOfGraph(builder.build())).toBe('NHWC');
    builder.update(kernel, neg(kernel));
    expect(layoutOfGraph(builder.build())).toBe('NCHW');
  });

  it('has channels first for files with groups', () => {
    const builder = new GraphBuilder();
    const dy = builder.input('dy', [1, 8, 16, 16]);
    builder.output('y', conv2dInputGrad(dy, weights(builder, [8, 8, 3, 3]), [1, 1], [1, 1, 1, 1], [16, 16]));
    const file = decodeOnnx(encodeOnnx(builder.build()));
    expect(layoutOfModel(file)).toBe('NHWC');
    expect(layoutOfModel({ ...file, convolutions: [{ groups: 8, strides: [1, 1] }] })).toBe('NCHW');
  });
});
