"""The model in each engine's form: made once, kept in a working folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np

# Module name, then 1x1, 3x3 reduce, 3x3, 5x5 reduce, 5x5, pool projection: table 1 of the GoogLeNet paper.
INCEPTIONS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}
CLASSES = 1000
CALIBRATION_PICTURES = 20


class RandomGoogLeNet:
    """The BVLC GoogLeNet's layers with random weights, as an ONNX file: as fast as with trained ones."""

    def __init__(self) -> None:
        self._random = np.random.default_rng(0)
        self._nodes: list = []
        self._constants: list = []

    def _add(self, kind: str, inputs: list[str], name: str, **attributes: object) -> str:
        from onnx import helper

        self._nodes.append(helper.make_node(kind, inputs, [name], name, **attributes))
        return name

    def _weights(self, name: str, *dims: int) -> list[str]:
        from onnx import numpy_helper

        values = self._random.normal(0, (2 / np.prod(dims[1:])) ** 0.5, dims)
        bias = self._random.uniform(-0.1, 0.1, dims[0])
        for suffix, array in (("weight", values), ("bias", bias)):
            self._constants.append(numpy_helper.from_array(array.astype(np.float32), f"{name}.{suffix}"))
        return [f"{name}.weight", f"{name}.bias"]

    def _convolution(
        self, name: str, source: str, inputs: int, outputs: int, kernel: int, padding: int = 0, stride: int = 1
    ) -> str:
        weights = self._weights(name, outputs, inputs, kernel, kernel)
        window = {"kernel_shape": [kernel] * 2, "pads": [padding] * 4, "strides": [stride] * 2}
        return self._add("Relu", [self._add("Conv", [source, *weights], name, **window)], f"{name}/relu")

    def _maximum(self, name: str, source: str, stride: int, padding: int = 0) -> str:
        window = {"kernel_shape": [3, 3], "pads": [padding] * 4, "strides": [stride] * 2, "ceil_mode": 1}
        return self._add("MaxPool", [source], name, **window)

    def _normalization(self, name: str, source: str) -> str:
        return self._add("LRN", [source], name, size=5, alpha=1e-4, beta=0.75, bias=1.0)

    def _inception(self, name: str, source: str, inputs: int, outputs: tuple[int, ...]) -> str:
        one, reduce3, three, reduce5, five, projection = outputs
        prefix = f"inception_{name}"
        pool = self._maximum(f"{prefix}/pool", source, 1, 1)
        three_reduced = self._convolution(f"{prefix}/3x3_reduce", source, inputs, reduce3, 1)
        five_reduced = self._convolution(f"{prefix}/5x5_reduce", source, inputs, reduce5, 1)
        branches = [
            self._convolution(f"{prefix}/1x1", source, inputs, one, 1),
            self._convolution(f"{prefix}/3x3", three_reduced, reduce3, three, 3, 1),
            self._convolution(f"{prefix}/5x5", five_reduced, reduce5, five, 5, 2),
            self._convolution(f"{prefix}/pool_proj", pool, inputs, projection, 1),
        ]
        return self._add("Concat", branches, f"{prefix}/output", axis=1)

    def write(self, path: Path) -> None:
        """Writes the ONNX file."""
        import onnx
        from onnx import helper

        value = self._maximum("pool1", self._convolution("conv1", "data", 3, 64, 7, 3, 2), 2)
        value = self._convolution("conv2/reduce", self._normalization("norm1", value), 64, 64, 1)
        value = self._normalization("norm2", self._convolution("conv2", value, 64, 192, 3, 1))
        value = self._maximum("pool2", value, 2)
        channels = 192
        for name, outputs in INCEPTIONS.items():
            value = self._inception(name, value, channels, outputs)
            channels = outputs[0] + outputs[2] + outputs[4] + outputs[5]
            if name in ("3b", "4e"):
                value = self._maximum(f"pool_{name}", value, 2)
        value = self._add("GlobalAveragePool", [value], "average")
        value = self._add("Flatten", [value], "flat")
        value = self._add("Gemm", [value, *self._weights("classifier", CLASSES, channels)], "classifier", transB=1)
        self._add("Softmax", [value], "prob", axis=1)
        tensor = helper.make_tensor_value_info
        graph = helper.make_graph(
            self._nodes,
            "random_googlenet",
            [tensor("data", onnx.TensorProto.FLOAT, [1, 3, 224, 224])],
            [tensor("prob", onnx.TensorProto.FLOAT, [1, CLASSES])],
            self._constants,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
        onnx.save(model, str(path))


class Models:
    """Makes the files that engines load, each when it is first asked for.

    source  a trained file that `googlenet convert` reads, a float32 model file of ours, or None for random weights.
    """

    def __init__(self, folder: Path, tool: Path, source: Path | None) -> None:
        self._tool = tool
        self._source = source
        stamp = f"{source.stem}-{source.stat().st_size}-{source.stat().st_mtime_ns}" if source else "random"
        self._folder = folder / stamp
        self._folder.mkdir(parents=True, exist_ok=True)

    @property
    def name(self) -> str:
        """How the results name the model."""
        return self._source.name if self._source else "GoogLeNet with random weights"

    def path(self, engine: str, precision: str) -> Path:
        """The file for an engine; RuntimeError with the reason where it cannot be made."""
        makers = {
            ("googlenet", "float32"): self._own,
            ("googlenet", "int8"): self._own_int8,
            ("openvino", "float32"): self._onnx,
            ("openvino", "int8"): self._openvino_int8,
            ("onnxruntime", "float32"): self._onnx,
            ("onnxruntime", "int8"): self._onnx_int8,
            ("ncnn", "float32"): self._ncnn,
        }
        return makers[engine, precision]()

    def input_size(self) -> tuple[int, int]:
        """Height and width of the network's input."""
        done = self._run(self._tool, "info", self._own(), "--json")
        preprocessing = json.loads(done)["preprocessing"]
        return preprocessing["input_height"], preprocessing["input_width"]

    def _run(self, *command: object) -> str:
        done = subprocess.run([str(part) for part in command], capture_output=True, text=True, cwd=self._folder)
        if done.returncode != 0:
            raise RuntimeError((done.stderr or done.stdout).strip())
        return done.stdout

    def _made(self, name: str, make: Callable[[Path], object]) -> Path:
        """A file of the working folder; only what was made completely gets its name."""
        target = self._folder / name
        if not target.exists():
            unfinished = target.with_name(f"unfinished-{name}")
            make(unfinished)
            unfinished.rename(target)
        return target

    def _own(self) -> Path:
        if self._source and self._source.suffix == ".gln":
            return self._source
        trained = self._source or self._made("trained.onnx", RandomGoogLeNet().write)
        return self._made("model.gln", lambda path: self._run(self._tool, "convert", trained, "-o", path))

    def _onnx(self) -> Path:
        own = self._own()
        return self._made("model.onnx", lambda path: self._run(self._tool, "export", own, "-o", path))

    def _own_int8(self) -> Path:
        own, pictures = self._own(), self._pictures()
        command = (self._tool, "quantize", own, "--calibration", pictures, "-o")
        return self._made("int8.gln", lambda path: self._run(*command, path))

    def _pictures(self) -> Path:
        """Random pictures to calibrate with: speed does not depend on what they show."""

        def make(folder: Path) -> None:
            import PIL.Image

            folder.mkdir(exist_ok=True)
            for index, pixels in enumerate(self._random_pixels((256, 256))):
                PIL.Image.fromarray(pixels).save(folder / f"{index}.png")

        return self._made("pictures", make)

    @staticmethod
    def _random_pixels(size: tuple[int, int]) -> np.ndarray:
        """CALIBRATION_PICTURES pictures of coloured patches."""
        random = np.random.default_rng(1)
        patches = random.integers(0, 256, (CALIBRATION_PICTURES, 8, 8, 3), np.uint8)
        rows, columns = (np.arange(side) * 8 // side for side in size)
        return patches[:, rows][:, :, columns]

    def _calibration_tensors(self) -> list[np.ndarray]:
        from engines import tensors

        return [tensors(pixels[np.newaxis]) for pixels in self._random_pixels(self.input_size())]

    def _openvino_int8(self) -> Path:
        def make(path: Path) -> None:
            import nncf
            import openvino

            network = openvino.Core().read_model(str(self._onnx()))
            data = self._calibration_tensors()
            network.reshape(list(data[0].shape))
            quantized = nncf.quantize(
                network, nncf.Dataset(data), preset=nncf.QuantizationPreset.MIXED, subset_size=len(data)
            )
            openvino.save_model(quantized, str(path), compress_to_fp16=False)
            path.with_suffix(".bin").rename(self._folder / "openvino-int8.bin")

        return self._made("openvino-int8.xml", make)

    def _onnx_int8(self) -> Path:
        def make(path: Path) -> None:
            from onnxruntime import quantization

            class Reader(quantization.CalibrationDataReader):
                def __init__(self, batches: list[np.ndarray], name: str) -> None:
                    self._left = iter([{name: batch} for batch in batches])

                def get_next(self) -> dict[str, np.ndarray] | None:
                    return next(self._left, None)

            import onnxruntime

            source = str(self._onnx())
            name = onnxruntime.InferenceSession(source, providers=["CPUExecutionProvider"]).get_inputs()[0].name
            quantization.quantize_static(source, str(path), Reader(self._calibration_tensors(), name), per_channel=True)

        return self._made("onnxruntime-int8.onnx", make)

    def _ncnn(self) -> Path:
        import importlib.util

        found = importlib.util.find_spec("pnnx")
        if found is None or not found.submodule_search_locations:
            raise RuntimeError("pnnx, which makes its model, is not installed")
        program = Path(found.submodule_search_locations[0]) / "pnnx"
        height, width = self.input_size()

        def make(path: Path) -> None:
            # pnnx leaves files beside its input, which therefore is one of the working folder's.
            files = (f"ncnnparam={path}", f"ncnnbin={self._folder / 'ncnn.bin'}")
            self._run(program, self._onnx(), f"inputshape=[1,3,{height},{width}]", "fp16=0", *files)

        return self._made("ncnn.param", make)
