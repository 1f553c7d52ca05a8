"""Images through a generator by other runtimes, for `npm run bench:performance`: not needed by anything else.

peer_translate.py turns RUNTIME MODEL SIZE THREADS             one run for each line on standard input; answers with its
                                                               milliseconds, and with those of the CPU
peer_translate.py folder RUNTIME MODEL SIZE THREADS IN OUT     every image of a folder, in the reference's way: decoded, run, saved, one
                                                               after the other

RUNTIME is torch, onnxruntime or openvino. MODEL is WIDTH,BLOCKS for torch, which makes the reference's network itself, and an
ONNX file for the others. SIZE is WIDTHxHEIGHT. All compute in float32.
"""
import os
import sys
import time

import numpy as np


def torch_network(model, threads):
    import torch
    from peer import generator

    torch.set_num_threads(threads)
    torch.manual_seed(1)
    network = generator(*map(int, model.split(","))).eval()

    def run(image):
        with torch.inference_mode():
            return network(torch.from_numpy(image)).numpy()

    return run


def onnxruntime_network(model, threads):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda image: session.run(None, {name: image})[0]


def openvino_network(model, threads, size):
    import openvino

    core = openvino.Core()
    network = core.read_model(model)
    width, height = size
    network.reshape([1, 3, height, width])
    # Like with like: on processors that have it, it would compute in bfloat16.
    hints = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(network, "CPU", hints)
    return lambda image: compiled(image)[0]


def network_of(runtime, model, size, threads):
    if runtime == "torch":
        return torch_network(model, threads)
    if runtime == "onnxruntime":
        return onnxruntime_network(model, threads)
    return openvino_network(model, threads, size)


def turns(run, size):
    width, height = size
    image = np.random.default_rng(1).uniform(-1, 1, (1, 3, height, width)).astype(np.float32)
    for _ in sys.stdin:
        start, cpu = time.perf_counter(), time.process_time()
        run(image)
        print((time.perf_counter() - start) * 1000, (time.process_time() - cpu) * 1000, flush=True)


def folder(run, source, target):
    from PIL import Image

    for name in sorted(os.listdir(source)):
        image = np.asarray(Image.open(os.path.join(source, name)).convert("RGB"), np.float32)
        result = run(np.ascontiguousarray((image / 127.5 - 1).transpose(2, 0, 1)[None]))
        pixels = ((result[0].transpose(1, 2, 0) + 1) * 127.5).clip(0, 255).astype(np.uint8)
        Image.fromarray(pixels).save(os.path.join(target, name), quality=90)


if __name__ == "__main__":
    command, runtime, model, size, threads = sys.argv[1:6]
    size = tuple(map(int, size.split("x")))
    run = network_of(runtime, model, size, int(threads))
    turns(run, size) if command == "turns" else folder(run, *sys.argv[6:8])
