import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findAccelerators, parseEngineChoice, splitChoice } from '../../src/engine/index.js';
import { temporaryFolder } from '../support/pictures.js';

describe('an engine as users write it', () => {
  test.each(['auto', 'cpu', 'webgpu', 'cuda', 'tensorrt', 'directml', 'coreml', 'tfjs', 'cuda:1', 'directml:0'])(
    '%s is one',
    text => {
      expect(parseEngineChoice(text)).toBe(text);
    },
  );

  test('case and spaces do not matter', () => {
    expect(parseEngineChoice(' CUDA:01 ')).toBe('cuda:1');
  });

  test('a misspelt one is answered with what was meant and what there is', () => {
    expect(() => parseEngineChoice('webgp')).toThrow(/"webgp"; allowed are auto, cpu, .*Did you mean "webgpu"\?/);
    expect(() => parseEngineChoice('gpu')).toThrow(/such as cuda:1\. "auto" takes a GPU where one works\.$/);
    expect(() => parseEngineChoice('cudda:1')).toThrow(/There is no engine "cudda:1"/);
    expect(() => parseEngineChoice('')).toThrow(/There is no engine ""/);
  });

  test('the oracle of the tests is none, and only GPUs that are counted have numbers', () => {
    expect(() => parseEngineChoice('reference')).toThrow(/There is no engine "reference"/);
    expect(() => parseEngineChoice('cpu:1')).toThrow(/cpu has no numbered devices/);
  });

  test('taken apart, it is an engine and a number', () => {
    expect(splitChoice('cuda:12')).toEqual({ engine: 'cuda', index: 12 });
    expect(splitChoice('tfjs')).toEqual({ engine: 'tfjs', index: undefined });
  });
});

describe('signs of a GPU', () => {
  async function devices(...names: string[]): Promise<string> {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'dri'));
    for (const name of names) await writeFile(join(folder, name), '');
    return folder;
  }
  const find = (folder: string, env: NodeJS.ProcessEnv = {}) =>
    findAccelerators({ platform: 'linux', env, devices: folder });

  test('there are none where there are no device files', async () => {
    expect(find(await devices('null', 'dri/card0', 'nvidiactl'))).toEqual({ nvidia: 0, any: false });
    expect(find('/no/such/folder')).toEqual({ nvidia: 0, any: false });
  });

  test('a render device is one, and so is a Vulkan driver that was named by hand', async () => {
    expect(find(await devices('dri/renderD128'))).toEqual({ nvidia: 0, any: true });
    expect(find(await devices(), { VK_DRIVER_FILES: '/some/icd.json' })).toEqual({ nvidia: 0, any: true });
  });

  test("NVIDIA's devices are counted, as far as CUDA_VISIBLE_DEVICES shows them", async () => {
    const folder = await devices('nvidia0', 'nvidia1', 'nvidiactl', 'nvidia-uvm');
    expect(find(folder)).toEqual({ nvidia: 2, any: true });
    expect(find(folder, { CUDA_VISIBLE_DEVICES: '1' }).nvidia).toBe(1);
    expect(find(folder, { CUDA_VISIBLE_DEVICES: '' }).nvidia).toBe(0);
    expect(find(folder, { CUDA_VISIBLE_DEVICES: '-1' }).nvidia).toBe(0);
  });
});

test('a choice is told apart into engine and number in one way', () => {
  expect([splitChoice('auto'), splitChoice('cuda:1'), splitChoice('cpu')]).toEqual([
    { engine: 'auto', index: undefined },
    { engine: 'cuda', index: 1 },
    { engine: 'cpu', index: undefined },
  ]);
});
