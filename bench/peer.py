"""PyTorch beside Cyclebox, for `npm run bench -- --peer`: not needed by anything else.

peer.py export OUT.onnx WIDTH BLOCKS SIZE    (of a square, or as 512x384) the reference generator as torch.onnx.export writes it
peer.py steps SIZE WIDTH BLOCKS THREADS      one CycleGAN iteration with the reference's losses for each line on standard
                                             input; answers each with a line of JSON
"""
import json
import sys
import time

import torch
from torch import nn


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        half = lambda: [nn.ReflectionPad2d(1), nn.Conv2d(channels, channels, 3), nn.InstanceNorm2d(channels)]
        self.conv_block = nn.Sequential(*half(), nn.ReLU(True), *half())

    def forward(self, x):
        return x + self.conv_block(x)


def generator(width, blocks):
    layers = [nn.ReflectionPad2d(3), nn.Conv2d(3, width, 7), nn.InstanceNorm2d(width), nn.ReLU(True)]
    for c in (width, 2 * width):
        layers += [nn.Conv2d(c, 2 * c, 3, 2, 1), nn.InstanceNorm2d(2 * c), nn.ReLU(True)]
    layers += [Residual(4 * width) for _ in range(blocks)]
    for c in (4 * width, 2 * width):
        layers += [nn.ConvTranspose2d(c, c // 2, 3, 2, 1, 1), nn.InstanceNorm2d(c // 2), nn.ReLU(True)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, 3, 7), nn.Tanh())


def discriminator(width):
    layers = [nn.Conv2d(3, width, 4, 2, 1), nn.LeakyReLU(0.2, True)]
    for c, stride in ((width, 2), (2 * width, 2), (4 * width, 1)):
        layers += [nn.Conv2d(c, 2 * c, 4, stride, 1), nn.InstanceNorm2d(2 * c), nn.LeakyReLU(0.2, True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))


def export(out, width, blocks, size):
    torch.manual_seed(1)
    model = generator(width, blocks).eval()
    columns, rows = size
    image = torch.zeros(1, 3, rows, columns)
    names = {"input_names": ["image"], "output_names": ["translated"]}
    # The exporter that traces: it writes one file, and needs neither onnxscript nor a newer opset.
    torch.onnx.export(model, image, out, opset_version=17, dynamo=False, **names)


def steps(size, width, blocks, threads):
    torch.set_num_threads(threads)
    torch.manual_seed(1)
    g_a, g_b = generator(width, blocks), generator(width, blocks)
    d_a, d_b = discriminator(width), discriminator(width)
    adam = lambda *nets: torch.optim.Adam([p for net in nets for p in net.parameters()], 2e-4, (0.5, 0.999))
    generators, discriminators = adam(g_a, g_b), adam(d_a, d_b)
    a, b = torch.rand(1, 3, size, size) * 2 - 1, torch.rand(1, 3, size, size) * 2 - 1
    judge = lambda logits, real: nn.functional.mse_loss(logits, torch.full_like(logits, float(real)))
    l1 = nn.functional.l1_loss

    def iterate():
        for net in (d_a, d_b):
            net.requires_grad_(False)
        fake_b, fake_a = g_a(a), g_b(b)
        loss = judge(d_a(fake_b), True) + judge(d_b(fake_a), True)
        loss = loss + 10 * l1(g_b(fake_b), a) + 10 * l1(g_a(fake_a), b) + 5 * l1(g_a(b), b) + 5 * l1(g_b(a), a)
        generators.zero_grad()
        loss.backward()
        generators.step()
        for net in (d_a, d_b):
            net.requires_grad_(True)
        discriminators.zero_grad()
        for net, real, fake in ((d_a, b, fake_b), (d_b, a, fake_a)):
            ((judge(net(real), True) + judge(net(fake.detach()), False)) / 2).backward()
        discriminators.step()

    for _ in sys.stdin:
        start = time.perf_counter()
        iterate()
        print(json.dumps({"stepMs": (time.perf_counter() - start) * 1000}), flush=True)


if __name__ == "__main__":
    command, rest = sys.argv[1], sys.argv[2:]
    if command == "export":
        sides = [int(side) for side in rest[3].split("x")]
        export(rest[0], int(rest[1]), int(rest[2]), (sides[0], sides[-1]))
    else:
        steps(*map(int, rest[:4]))
