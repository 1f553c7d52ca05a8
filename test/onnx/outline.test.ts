import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { packageRoot } from '../../src/base/index.js';
import { mostNodes, outlineOf } from '../../src/onnx/outline.js';
import { cpuTimeMs } from '../support/cpu-time.js';
import { foreignModel, message, node, tensor } from '../support/foreign-onnx.js';
import { tinyOnnx } from '../support/tiny-onnx.js';

const outline = (bytes: Uint8Array) => outlineOf(bytes, 'm.onnx');

/** A FunctionProto of the domain `own`. */
const ownFunction = (name: string, nodes: readonly Uint8Array[]) =>
  message([1, name], [4, 'x'], [5, 'y'], ...nodes.map(one => [7, one] as const), [10, 'own']);

const call = (name: string, from = 'x', to = 'y') => node(name, [from], [to], {}, 'own');

describe('the outline of a model file', () => {
  test('has inputs, outputs, metadata, opset and the number of nodes', () => {
    const model = foreignModel({
      input: { type: 'uint8', shape: ['n', 256, 256, 3] },
      output: { type: 'float16', shape: [1, 'c', 'h', 'w'] },
      nodes: [node('Neg', ['image'], ['v']), node('Neg', ['v'], ['translated'])],
      weights: [tensor('w', [1], [1])],
      metadata: { 'cyclebox.range': '0..1' },
      opset: 12,
    });
    expect(outline(model)).toEqual({
      inputs: [{ name: 'image', element: 'uint8', shape: ['n', 256, 256, 3] }],
      outputs: [{ name: 'translated', element: 'float16', shape: [1, 'c', 'h', 'w'] }],
      metadata: { 'cyclebox.range': '0..1' },
      opset: 12,
      nodes: 2,
      locations: [],
    });
  });

  test('is right of a file of ours, and leaves out inputs that have a stored value', async () => {
    const file = await readFile(join(packageRoot, 'models/satellite-map/to-map.onnx'));
    const { inputs, outputs, opset, nodes } = outline(file);
    expect([inputs[0]?.name, outputs[0]?.name, opset]).toEqual(['image', 'translated', 17]);
    expect(inputs).toHaveLength(1);
    expect(nodes).toBeGreaterThan(20);
    const shared = foreignModel({
      input: { name: 'w' },
      nodes: [node('Neg', ['w'], ['translated'])],
      weights: [tensor('w', [1], [1])],
    });
    expect(outline(shared).inputs).toEqual([]);
  });

  test('counts the nodes of branches and loops, and of functions where they are called', () => {
    const body = message([1, node('Neg', ['a'], ['b'])], [1, node('Neg', ['b'], ['c'])]);
    const branch = message([1, 'image'], [2, 'translated'], [4, 'If'], [5, message([1, 'then'], [6, body], [20, 5])]);
    expect(outline(foreignModel({ nodes: [branch] })).nodes).toBe(3);
    const functions = [
      ownFunction('twice', [call('once', 'x', 'v'), call('once', 'v', 'y')]),
      ownFunction('once', [node('Neg', ['x'], ['y'])]),
    ];
    const calls = [call('twice', 'image', 'v'), call('twice', 'v', 'translated')];
    expect(outline(foreignModel({ nodes: calls, functions })).nodes).toBe(2 * (1 + 2 * (1 + 1)));
  });
});

describe('a file that would take long to load is refused at once', () => {
  const refusal = { code: 'MODEL_INVALID', message: expect.stringMatching(/operations; 20000 is the most/) };
  const refused = (bytes: Uint8Array) => {
    const startMs = cpuTimeMs();
    expect(() => outline(bytes)).toThrow(expect.objectContaining(refusal));
    expect(cpuTimeMs() - startMs).toBeLessThan(2000);
  };

  test('for a million nodes', () => {
    const one = message([1, node('Neg', ['image'], ['translated'])]);
    const nodes = Buffer.alloc(one.length * 1e6, one);
    refused(message([1, 8], [7, nodes]));
  });

  test('for functions that call each other into the billions', () => {
    const functions = Array.from({ length: 40 }, (_, level) =>
      ownFunction(`f${level}`, [call(`f${level + 1}`, 'x', 'v'), call(`f${level + 1}`, 'v', 'y')]),
    );
    refused(foreignModel({ nodes: [call('f0', 'image', 'translated')], functions }));
  });

  test('but not for one node less than that', () => {
    const nodes = Array.from({ length: mostNodes }, () => node('Neg', ['image'], ['translated']));
    expect(outline(foreignModel({ nodes })).nodes).toBe(mostNodes);
  });
});

describe('what is no model is refused', () => {
  const refused = (bytes: Uint8Array) =>
    expect(() => outline(bytes)).toThrow(
      expect.objectContaining({
        code: 'MODEL_INVALID',
        message: expect.stringContaining('m.onnx is not an ONNX model'),
      }),
    );

  test('when it is empty, text, cut off, or has no node', () => {
    refused(new Uint8Array());
    refused(Buffer.from('<!DOCTYPE html><title>404</title>'));
    const whole = tinyOnnx({ kind: 'blur' });
    refused(whole.subarray(0, whole.length - 40));
    refused(foreignModel({ nodes: [] }));
  });

  test('when its function calls itself, or its graphs are nested without end', () => {
    refused(foreignModel({ nodes: [call('f')], functions: [ownFunction('f', [call('f')])] }));
    let nested: Uint8Array = message([1, node('Neg', ['a'], ['b'])]);
    for (let depth = 0; depth < 200; depth++) nested = message([1, message([4, 'If'], [5, message([6, nested])])]);
    refused(message([1, 8], [7, nested]));
  });

  test('when a field has a number that readers may take for different ones', () => {
    const tag = [0xba, 0x80, 0x80, 0x80, 0x90, 0x00];
    refused(Buffer.concat([tinyOnnx(), Buffer.from([...tag, 0])]));
  });
});
