"""How each engine loads a model and runs it. Used by measure.py, in a process of its own for each engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Run = Callable[[], Any]


def tensors(pixels: np.ndarray) -> np.ndarray:
    """Pixels as what a network of the Caffe kind takes: planes, blue first, means subtracted."""
    planes = pixels[..., ::-1].astype(np.float32) - np.array([104, 117, 123], np.float32)
    return np.ascontiguousarray(planes.transpose(0, 3, 1, 2))


def googlenet(model: str, case: dict[str, str], threads: int, pixels: np.ndarray) -> Run:
    """This library, from pixels to probabilities."""
    import googlenet

    loaded = googlenet.Model(
        model,
        threads=threads,
        precision=case["precision"],
        max_isa=case["tier"] or None,
        backend=case["backend"],
        algorithm=case["algorithm"],
    )
    return lambda: loaded.predict(pixels)


def openvino(model: str, case: dict[str, str], threads: int, pixels: np.ndarray) -> Run:
    """OpenVINO, for latency, in the model's own precision."""
    import openvino

    core = openvino.Core()
    network = core.read_model(model)
    data = tensors(pixels)
    network.reshape(list(data.shape))
    hints = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    request = core.compile_model(network, "CPU", hints).create_infer_request()
    return lambda: request.infer([data])


def onnxruntime(model: str, case: dict[str, str], threads: int, pixels: np.ndarray) -> Run:
    """ONNX Runtime with its defaults."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    data = tensors(pixels)
    return lambda: session.run(None, {name: data})


def ncnn(model: str, case: dict[str, str], threads: int, pixels: np.ndarray) -> Run:
    """ncnn with its defaults. It takes one image at a time."""
    import ncnn

    network = ncnn.Net()
    network.opt.num_threads = threads
    if network.load_param(model) != 0 or network.load_model(str(Path(model).with_suffix(".bin"))) != 0:
        raise RuntimeError(f"ncnn cannot load {model}")
    images = [ncnn.Mat(image).clone() for image in tensors(pixels)]

    def run() -> list[Any]:
        outputs = []
        for image in images:
            extractor = network.create_extractor()
            extractor.input("in0", image)
            status, output = extractor.extract("out0")
            if status != 0:
                raise RuntimeError(f"ncnn stopped with {status}")
            outputs.append(np.array(output))
        return outputs

    return run


ENGINES = {"googlenet": googlenet, "openvino": openvino, "onnxruntime": onnxruntime, "ncnn": ncnn}
