/**
 * Conformance of model files: what this package encodes and what others export runs on any size, and what is no model
 * is refused by its name.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Engine, evaluate } from '../../src/engine/index.js';
import { GraphBuilder, symbol } from '../../src/graph/index.js';
import { encodeOnnx } from '../../src/onnx/index.js';
import { randomValues, seededRandom } from '../graph/random-values.js';
import { tinyOnnx } from '../support/tiny-onnx.js';
import { residualGenerator } from './conformance-networks.js';
import { doubles, expectNear } from './near.js';

export function describeModels(engine: () => Engine): void {
  describe('model files', () => {
    it('of this package run at any size, with their metadata', async () => {
      const builder = new GraphBuilder();
      const image = builder.input('image', [symbol('n'), 3, symbol('height', 4), symbol('width', 4)]);
      builder.output('translated', residualGenerator(builder, image));
      const graph = builder.build();
      const bytes = encodeOnnx(graph, { metadata: { 'cyclebox.size_multiple': '4' } });
      const program = await engine().load({ bytes });
      expect(program.inputs).toEqual(['image']);
      expect(program.outputs).toEqual(['translated']);
      expect(program.metadata).toMatchObject({ 'cyclebox.size_multiple': '4' });
      for (const shape of [
        [1, 3, 12, 8],
        [2, 3, 8, 16],
      ]) {
        const values = { shape, data: randomValues(seededRandom(6), shape) };
        const { translated } = await program.run({ image: values });
        const exact = evaluate(graph, { inputs: { image: doubles(values) } }).outputs['translated']!;
        expectNear('translated', translated!, exact, 2e-5);
      }
      await program.dispose();
    });

    it('of other tools run from a path', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'cyclebox-engine-'));
      try {
        const path = join(folder, 'negate.onnx');
        await writeFile(path, tinyOnnx({ kind: 'negate' }));
        const program = await engine().load({ path });
        const shape = [1, 3, 2, 5];
        const image = { shape, data: randomValues(seededRandom(8), shape) };
        const { translated } = await program.run({ image });
        expect([...translated!.data]).toEqual([...image.data.map(value => -value)]);
        await program.dispose();
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });

    it('that are no models are refused by their name', async () => {
      const bytes = new TextEncoder().encode('this is a text, not a network');
      const refused = engine().load({ bytes, name: 'letter.onnx' });
      await expect(refused).rejects.toMatchObject({
        code: 'MODEL_INVALID',
        message: expect.stringMatching(/letter\.onnx/),
      });
    });
  });
}
