/** Our state_dicts, read back by our reader, and, where Python has PyTorch, by PyTorch: the reference's own network loads them. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { packageRoot } from '../../../src/base/index.js';
import { type NetworkSpec, readPyTorch, writePyTorch } from '../../../src/nets/index.js';
import { temporaryFolder } from '../../support/pictures.js';
import { networkValues } from '../network-values.js';

const spec: NetworkSpec = { kind: 'resnet', blocks: 2, width: 4, inputChannels: 3, outputChannels: 3, dropout: false };
const weights = networkValues(spec);

test('what is written is read again, to the bit and in order', () => {
  const read = readPyTorch(writePyTorch(weights), 'net.pth');
  expect(Object.keys(read)).toEqual(Object.keys(weights));
  for (const [key, { shape, data }] of Object.entries(weights)) expect(read[key]).toEqual({ shape, data });
});

test('equal weights give equal bytes', () => {
  expect(Buffer.from(writePyTorch(weights)).equals(Buffer.from(writePyTorch(weights)))).toBe(true);
});

/** The reference's resnet (models/networks.py), as far as loading strictly needs it. */
const load = `
import sys, torch
from torch import nn
class Block(nn.Module):
    def __init__(self, c):
        super().__init__()
        n = nn.InstanceNorm2d
        self.conv_block = nn.Sequential(nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), n(c), nn.ReLU(), nn.ReflectionPad2d(1), nn.Conv2d(c, c, 3), n(c))
class Resnet(nn.Module):
    def __init__(self, w, blocks):
        super().__init__()
        n, r = nn.InstanceNorm2d, nn.ReLU
        layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, w, 7), n(w), r()]
        for m in (1, 2): layers += [nn.Conv2d(w * m, w * m * 2, 3, 2, 1), n(w), r()]
        layers += [Block(4 * w) for _ in range(blocks)]
        for m in (4, 2): layers += [nn.ConvTranspose2d(w * m, w * m // 2, 3, 2, 1, 1), n(w), r()]
        layers += [nn.ReflectionPad2d(3), nn.Conv2d(w, 3, 7), nn.Tanh()]
        self.model = nn.Sequential(*layers)
net = Resnet(4, 2)
state = torch.load(sys.argv[1], map_location='cpu', weights_only=True)
net.load_state_dict(state, strict=True)
print(round(sum(v.double().abs().sum().item() for v in state.values()), 6))
`;

const python = process.env['PYTHON'] ?? join(packageRoot, 'bench', '.venv', 'bin', 'python');

test('PyTorch loads it into the reference’s network', async context => {
  if (!existsSync(python)) context.skip(`no Python with PyTorch at ${python}; "npm run bench -- --peer" installs one`);
  const path = join(await temporaryFolder(), 'latest_net_G.pth');
  await writeFile(path, writePyTorch(weights));
  const found = Number(execFileSync(python, ['-c', load, path], { encoding: 'utf8' }));
  const sum = Object.values(weights).reduce((total, { data }) => data.reduce((s, v) => s + Math.abs(v), total), 0);
  expect(found).toBeCloseTo(sum, 3);
});
