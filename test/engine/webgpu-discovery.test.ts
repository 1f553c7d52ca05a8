/** Discovery on a WebGPU adapter that is really there; on machines without a GPU that is a driver in software. */
import { expect, test } from 'vitest';
import { keepsUpWithCpu } from '../../src/engine/discovery/compare-with-cpu.js';
import { chooseDevices, discoverEngines, openEngine } from '../../src/engine/index.js';
import { describeWebGpu } from './webgpu-adapter.js';

const isSoftware = () => /swiftshader|lvp/i.test(process.env['VK_DRIVER_FILES'] ?? '');

await describeWebGpu('Discovery of WebGPU', () => {
  test('the device passes the self-test in a process of its own, and is told from an imitation', async () => {
    const [report] = await discoverEngines({ engines: ['webgpu'] });
    expect(report).toMatchObject({
      engine: 'webgpu',
      usable: true,
      version: expect.stringMatching(/^ONNX Runtime 1\./),
    });
    const [found] = report?.usable ? report.devices : [];
    expect(found).toMatchObject({ device: { id: 'webgpu', kind: 'gpu' }, hardware: !isSoftware() });
    expect(found?.selfTestError).toBeLessThan(0.005);
  });

  test('raced with the CPU, it falls far behind where it is imitated', async () => {
    const engine = await openEngine('webgpu');
    try {
      expect(await keepsUpWithCpu(engine)).toBe(!isSoftware());
    } finally {
      await engine.dispose();
    }
  });

  test('auto takes it where it is real, and the CPU where it is not', async () => {
    const { devices, skipped } = await chooseDevices('auto', { accelerators: { nvidia: 0, any: true } });
    expect(devices.map(({ id }) => id)).toEqual([isSoftware() ? 'cpu' : 'webgpu']);
    const imitation = { choice: 'webgpu', reason: expect.stringContaining('a software renderer'), fault: false };
    expect(skipped).toEqual(isSoftware() ? [imitation] : []);
    expect((await chooseDevices('webgpu')).devices).toMatchObject([{ id: 'webgpu' }]);
  });
});
