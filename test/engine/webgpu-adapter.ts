/**
 * The WebGPU adapter that tests run on. Machines without a GPU have SwiftShader, Vulkan in software: the driver that
 * `CYCLEBOX_VULKAN_ICD` names (`system` for whatever the system has), else Debian's, which comes with `chromium`.
 *
 * Without an adapter the tests are skipped and say so; with `CYCLEBOX_REQUIRE=webgpu` in the environment they fail.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, it } from 'vitest';
import { openOnnxEngine } from '../../src/engine/onnx/index.js';

const debianDriver = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Runs the tests of `body` on WebGPU, in this process: the driver is settled when ONNX Runtime first looks for one. */
export async function describeWebGpu(title: string, body: () => void): Promise<void> {
  const reason = await missingAdapter();
  if (reason === undefined) return void describe(title, body);
  if (required()) {
    return void it(title, () => {
      throw new Error(`WebGPU is required (CYCLEBOX_REQUIRE), but: ${reason}`);
    });
  }
  // Reporters that leave out the names of what was skipped leave out why, too.
  console.warn(`${title}: skipped: no WebGPU adapter`);
  describe.skip(`${title}, skipped: no WebGPU adapter`, body);
}

function required(): boolean {
  return (process.env['CYCLEBOX_REQUIRE'] ?? '').split(',').includes('webgpu');
}

async function missingAdapter(): Promise<string | undefined> {
  chooseDriver();
  try {
    await (await openOnnxEngine({ provider: 'webgpu' })).dispose();
    return undefined;
  } catch (error) {
    return String(error);
  }
}

/** Dawn also wants a runtime folder, which a process outside a session has not. */
function chooseDriver(): void {
  const named = process.env['CYCLEBOX_VULKAN_ICD'] ?? debianDriver;
  if (named !== 'system' && existsSync(named)) process.env['VK_DRIVER_FILES'] = named;
  if (process.env['XDG_RUNTIME_DIR'] !== undefined) return;
  const folder = mkdtempSync(join(tmpdir(), 'cyclebox-runtime-'));
  process.env['XDG_RUNTIME_DIR'] = folder;
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}
