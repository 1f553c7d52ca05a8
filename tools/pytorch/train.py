"""Cyclebox's default training (the `cyclegan` recipe) in PyTorch, for a GPU that Node.js cannot reach.

train.py JOBS.json OUT: trains every pair of the list side by side for the seconds that it names, and writes for each
OUT/PAIR/to-DOMAIN.safetensors and training.json (what `npm run ship:pair` takes) and weights.safetensors (all four networks,
for `cyclebox train --warm-start`). Networks, losses, pools, averages and the schedule are those of src/training; the
arithmetic is bfloat16 with float32 weights, statistics and losses.
"""
import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn import functional as F

cuda = torch.cuda.is_available()
device = torch.device("cuda" if cuda else "cpu")
if hasattr(torch, "compile"):
    torch._dynamo.config.recompile_limit = 64
rows = 2000  # random choices are drawn for so many steps at once


def norm(x):
    """Instance normalisation without weights, its statistics in float32."""
    f = x.float()
    var, mean = torch.var_mean(f, (2, 3), keepdim=True, correction=0)
    return ((f - mean) * torch.rsqrt(var + 1e-5)).to(x.dtype)


def reflect(x, n):
    return F.pad(x, (n, n, n, n), mode="reflect")


class Normed(nn.Module):
    """A convolution and what normalises it: without weights by instance, or by groups of channels with them."""

    def __init__(self, by, inputs, outputs, kernel, **options):
        super().__init__()
        self.conv = nn.Conv2d(inputs, outputs, kernel, bias=by == "group", **options)
        # As many groups as divide the channels, of at least 8 channels each: src/nets/normalise.ts.
        self.norm = nn.GroupNorm(max(1, min(32, outputs // 8)), outputs) if by == "group" else None

    def forward(self, x):
        x = self.conv(x)
        return self.norm(x) if self.norm else norm(x)

    def layers(self, key, norm_key, up=False):
        yield f"{key}.weight", self.conv.weight, up
        if self.norm:
            yield f"{key}.bias", self.conv.bias, False
            yield f"{norm_key}.weight", self.norm.weight, False
            yield f"{norm_key}.bias", self.norm.bias, False


class Generator(nn.Module):
    def __init__(self, width, blocks, by="instance"):
        super().__init__()
        conv = lambda i, o, k, **options: Normed(by, i, o, k, **options)
        self.head = conv(3, width, 7)
        self.down = nn.ModuleList(conv(c, 2 * c, 3, stride=2, padding=1) for c in (width, 2 * width))
        self.blocks = nn.ModuleList(conv(4 * width, 4 * width, 3) for _ in range(2 * blocks))
        self.up = nn.ModuleList(conv(c, c // 2, 3, padding=1) for c in (4 * width, 2 * width))
        self.tail = nn.Conv2d(width, 3, 7)
        initialise(self)

    def forward(self, x):
        x = F.relu(self.head(reflect(x, 3)))
        for conv in self.down:
            x = F.relu(conv(x))
        for first, second in zip(self.blocks[::2], self.blocks[1::2]):
            y = F.relu(first(reflect(x, 1)))
            x = x + second(reflect(y, 1))
        for conv in self.up:
            x = F.relu(conv(F.interpolate(x, scale_factor=2, mode="nearest")))
        return torch.tanh(self.tail(reflect(x, 3)).float())

    def layers(self):
        """By the numbers that the reference's nn.Sequential gives them; doubling layers as a transposed convolution's."""
        count = len(self.blocks) // 2
        yield from self.head.layers("model.1", "model.2")
        yield from self.down[0].layers("model.4", "model.5")
        yield from self.down[1].layers("model.7", "model.8")
        for i, conv in enumerate(self.blocks):
            block, place = f"model.{10 + i // 2}.conv_block", 1 + 4 * (i % 2)
            yield from conv.layers(f"{block}.{place}", f"{block}.{place + 1}")
        for conv, at in zip(self.up, (10 + count, 13 + count)):
            yield from conv.layers(f"model.{at}", f"model.{at + 1}", True)
        yield f"model.{17 + count}.weight", self.tail.weight, False
        yield f"model.{17 + count}.bias", self.tail.bias, False


class Discriminator(nn.Module):
    def __init__(self, width, layers=3, by="instance"):
        super().__init__()
        channels = [width * min(2**i, 8) for i in range(layers + 1)]
        strides = [2] * (layers - 1) + [1]
        self.first = nn.Conv2d(3, width, 4, 2, 1)
        self.middle = nn.ModuleList(
            Normed(by, i, o, 4, stride=s, padding=1) for i, o, s in zip(channels, channels[1:], strides))
        self.last = nn.Conv2d(channels[-1], 1, 4, 1, 1)
        initialise(self)

    def forward(self, x):
        x = F.leaky_relu(self.first(x), 0.2)
        for conv in self.middle:
            x = F.leaky_relu(conv(x), 0.2)
        return self.last(x).float()

    def layers(self):
        yield "model.0.weight", self.first.weight, False
        yield "model.0.bias", self.first.bias, False
        for i, conv in enumerate(self.middle):
            yield from conv.layers(f"model.{2 + 3 * i}", f"model.{3 + 3 * i}")
        number = 2 + 3 * len(self.middle)
        yield f"model.{number}.weight", self.last.weight, False
        yield f"model.{number}.bias", self.last.bias, False


def initialise(module):
    for part in module.modules():
        if isinstance(part, nn.Conv2d):
            nn.init.normal_(part.weight, 0, 0.02)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def turned(weight):
    """A doubling layer's kernel as Cyclebox stores it: turned by 180 degrees, its first two axes exchanged."""
    return weight.flip(2, 3).transpose(0, 1)


def stored(prefix, net, tensors, dtype):
    given = dict(zip((id(p) for p in net.parameters()), tensors))
    return {
        f"{prefix}.{name}": (turned(given[id(p)]) if up else given[id(p)]).detach().to(dtype).cpu().contiguous()
        for name, p, up in net.layers()
    }


def restore(prefix, net, tensors):
    for name, p, up in net.layers():
        found = tensors[f"{prefix}.{name}"].to(p.device, torch.float32)
        p.data.copy_(turned(found) if up else found)


def load_folder(folder, size, limit):
    """All images of a folder as uint8 [count, 3, size, size] on the device."""
    files = sorted(p for p in Path(folder).iterdir() if p.is_file())[:limit]
    read = lambda file: np.asarray(Image.open(file).convert("RGB").resize((size, size), Image.BICUBIC))
    with ThreadPoolExecutor(16) as pool:
        images = np.stack(list(pool.map(read, files)))
    return torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().to(device)


class Job:
    """One pair in training. `step()` is one iteration over static buffers, so that it can be captured as a graph."""

    def __init__(self, name, domains, a, b, seconds, size=256, load_size=286, width=32, blocks=6, discriminator_width=64,
                 discriminator_layers=3, discriminator_norm="instance", batch=1, rate=2e-4,
                 cycle=10.0, identity=5.0, average=0.999, flip=True, norm="instance", seed=1, turns=1, limit=10**9,
                 compiled=True, warm=None, warm_up=0.0):
        torch.manual_seed(seed)
        self.options = dict(size=size, loadSize=0 if load_size == size else load_size, width=width, blocks=blocks, norm=norm,
                            discriminatorWidth=discriminator_width, discriminatorLayers=discriminator_layers,
                            discriminatorNorm=discriminator_norm, cycleWeight=cycle, identityWeight=identity, flip=flip, seed=seed)
        if warm:
            self.options["warmStart"] = warm
        self.domains, self.warm_up = domains, warm_up
        self.name, self.seconds, self.batch, self.size, self.rate, self.turns = name, seconds, batch, size, rate, turns
        self.cycle, self.identity, self.average, self.flip, self.load_size = cycle, identity, average, flip, load_size
        self.random = np.random.default_rng(seed)
        self.a, self.b = load_folder(a, load_size, limit), load_folder(b, load_size, limit)
        last = dict(memory_format=torch.channels_last)
        self.ga, self.gb = (Generator(width, blocks, norm).to(device, **last) for _ in range(2))
        self.da, self.db = (Discriminator(discriminator_width, discriminator_layers, discriminator_norm).to(device, **last) for _ in range(2))
        if warm:
            tensors = load_file(warm)
            for prefix, net in self.networks():
                if all(f"{prefix}.{name}" in tensors for name, _, _ in net.layers()):
                    restore(prefix, net, tensors)
                    say(f"{name}: {prefix} begins with {warm}")
        wrap = torch.compile if compiled else (lambda f: f)
        self.generate, self.judge = wrap(lambda net, x: net(x)), wrap(lambda net, x: net(x))
        self.g_parameters = [*self.ga.parameters(), *self.gb.parameters()]
        self.d_parameters = [*self.da.parameters(), *self.db.parameters()]
        self.averages = [p.detach().clone() for p in self.g_parameters]
        self.g_rate, self.d_rate = (torch.tensor(rate, device=device) for _ in range(2))
        adam = lambda parameters, now: torch.optim.Adam(
            parameters, lr=now if cuda else rate, betas=(0.5, 0.999), capturable=cuda, fused=cuda)
        self.g_adam, self.d_adam = adam(self.g_parameters, self.g_rate), adam(self.d_parameters, self.d_rate)
        self.pools = torch.zeros(2, 50, 3, size, size, device=device)
        self.pooled = 0
        self.choices = torch.zeros(rows, 14, batch, dtype=torch.long, device=device)
        self.counter = torch.zeros((), dtype=torch.long, device=device)
        self.losses = torch.zeros(8, device=device)
        self.steps, self.finished, self.graph = 0, False, None
        self.stream = torch.cuda.Stream() if cuda else None

    def draw(self):
        """Image, row, column, mirrored for both domains; slot, stored, taken for both pools; one row of numbers a step."""
        pick = lambda high: self.random.integers(0, high, (rows, self.batch))
        room = self.load_size - self.size + 1
        table = []
        for images in (self.a, self.b):
            table += [pick(len(images)), pick(room), pick(room), pick(2) if self.flip else pick(1)]
        slots, swap = pick(50), pick(2)
        for _ in range(2):
            slot, stored_, taken = slots.copy(), swap.copy(), swap.copy()
            fresh = min(rows * self.batch, max(0, 50 - self.pooled))
            slot.reshape(-1)[:fresh] = np.arange(self.pooled, self.pooled + fresh)
            stored_.reshape(-1)[:fresh], taken.reshape(-1)[:fresh] = 1, 0
            table += [slot, stored_, taken]
            slots, swap = pick(50), pick(2)
        self.pooled = min(50, self.pooled + rows * self.batch)
        self.choices.copy_(torch.from_numpy(np.stack(table, 1)))
        self.counter.zero_()

    def crop(self, images, image, y, x, mirrored):
        along = torch.arange(self.size, device=device)
        across = torch.where(mirrored[:, None].bool(), self.size - 1 - along, along) + x[:, None]
        down = along + y[:, None]
        channels = torch.arange(3, device=device)
        cut = images[image[:, None, None, None], channels[None, :, None, None], down[:, None, :, None], across[:, None, None, :]]
        return (cut.float() / 127.5 - 1).contiguous(memory_format=torch.channels_last)

    def query(self, pool, fake, slot, keep, take):
        pick = lambda mask: mask.bool()[:, None, None, None]
        old = pool[slot]
        pool[slot] = torch.where(pick(keep), fake, old)
        return torch.where(pick(take), old, fake).contiguous(memory_format=torch.channels_last)

    def step(self):
        row = self.choices.index_select(0, self.counter.view(1))[0]
        self.counter += 1
        a, b = self.crop(self.a, *row[0:4]), self.crop(self.b, *row[4:8])
        n = self.batch
        with torch.autocast(device.type, dtype=torch.bfloat16, enabled=cuda):
            self.freeze(True)
            out_b, out_a = self.generate(self.ga, torch.cat((a, b))), self.generate(self.gb, torch.cat((b, a)))
            fake_b, same_b, fake_a, same_a = out_b[:n], out_b[n:], out_a[:n], out_a[n:]
            back_a, back_b = self.generate(self.gb, fake_b), self.generate(self.ga, fake_a)
            adversarial_a, adversarial_b = ((self.judge(net, x) - 1).square().mean() for net, x in ((self.da, fake_b), (self.db, fake_a)))
            cycle_a, cycle_b = F.l1_loss(back_a, a), F.l1_loss(back_b, b)
            identity_a, identity_b = F.l1_loss(same_b, b), F.l1_loss(same_a, a)
            loss = adversarial_a + adversarial_b + self.cycle * (cycle_a + cycle_b) + self.identity * (identity_a + identity_b)
        self.g_adam.zero_grad(set_to_none=True)
        loss.backward()
        self.g_adam.step()
        torch._foreach_lerp_(self.averages, [p.detach() for p in self.g_parameters], 1 - self.average)
        self.freeze(False)
        self.d_adam.zero_grad(set_to_none=True)
        judged = []
        for net, real, fake, pool, (slot, keep, take) in (
            (self.da, b, fake_b.detach(), self.pools[0], row[8:11]), (self.db, a, fake_a.detach(), self.pools[1], row[11:14])):
            with torch.autocast(device.type, dtype=torch.bfloat16, enabled=cuda):
                logits = self.judge(net, torch.cat((real, self.query(pool, fake, slot, keep, take))))
                d_loss = ((logits[:n] - 1).square().mean() + logits[n:].square().mean()) / 2
            d_loss.backward()
            judged.append(d_loss.detach())
        self.d_adam.step()
        self.losses.copy_(torch.stack([x.detach() for x in (adversarial_a, adversarial_b, cycle_a, cycle_b, identity_a, identity_b, *judged)]))

    def freeze(self, frozen):
        for p in self.d_parameters:
            p.requires_grad_(not frozen)

    def prepare(self):
        self.draw()
        if not cuda:
            return
        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(4):
                self.step()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, stream=self.stream):
            self.step()
        self.steps = 4

    def advance(self):
        if self.steps % rows == rows - 10:
            with self.on_stream():
                self.draw()
        with self.on_stream():
            self.graph.replay() if self.graph else self.step()
        self.steps += 1

    def on_stream(self):
        return torch.cuda.stream(self.stream) if cuda else torch.autocast("cpu", enabled=False)

    def schedule(self, share):
        """Constant for the first half of the time, then falling to nothing; the generators' rises first over `warm_up` of the time."""
        d_now = self.rate * min(1.0, 2 * (1 - share))
        g_now = d_now * min(1.0, share / self.warm_up) if self.warm_up else d_now
        for rate, adam, now in ((self.g_rate, self.g_adam, g_now), (self.d_rate, self.d_adam, d_now)):
            if cuda:
                with self.on_stream():
                    rate.fill_(now)
            else:
                for group in adam.param_groups:
                    group["lr"] = now

    def networks(self):
        return ("G_A", self.ga), ("G_B", self.gb), ("D_A", self.da), ("D_B", self.db)

    def save(self, out):
        if cuda:
            torch.cuda.synchronize()
        folder = Path(out) / self.name
        folder.mkdir(parents=True, exist_ok=True)
        half = len(self.averages) // 2
        averaged = {"G_A": self.averages[:half], "G_B": self.averages[half:]}
        both = {}
        for prefix, net in self.networks():
            both.update(stored(prefix, net, averaged.get(prefix, list(net.parameters())), torch.float16))
        for prefix, domain in zip(averaged, reversed(self.domains)):
            mine = {key[4:]: tensor for key, tensor in both.items() if key.startswith(f"{prefix}.")}
            save_file(mine, folder / f"to-{domain}.safetensors")
        save_file(both, folder / "weights.safetensors")
        (folder / "training.json").write_text(json.dumps({**self.options, "framework": "PyTorch", "steps": self.steps, "step": self.steps}, indent=2))


def say(*words):
    print(*words, flush=True)


def main(jobs_file, out):
    torch.backends.cudnn.benchmark = True
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = True
    start = time.time()
    jobs = [Job(**settings) for settings in json.loads(Path(jobs_file).read_text())]
    say(f"{time.time() - start:.1f} s: data read")
    for job in jobs:
        job.prepare()
        say(f"{time.time() - start:.1f} s: {job.name} captured, {len(job.a)} and {len(job.b)} images")
    begin, told = time.time(), 0.0
    while not all(job.finished for job in jobs):
        elapsed = time.time() - begin
        for job in jobs:
            if job.finished:
                continue
            share = elapsed / job.seconds
            if share >= 1:
                job.finished = True
                job.save(out)
                say(f"{elapsed:.0f} s: {job.name} finished at step {job.steps}")
                continue
            job.schedule(share)
            for _ in range(job.turns * (10 if cuda else 1)):
                job.advance()
        if cuda:
            torch.cuda.synchronize()
        if elapsed - told > (15 if cuda else 2):
            told = elapsed
            for job in jobs:
                if not job.finished:
                    say(f"{elapsed:.0f} s {job.name} step {job.steps}", " ".join(f"{x:.3f}" for x in job.losses.tolist()))


if __name__ == "__main__":
    main(*sys.argv[1:])
