"""What no ONNX network can say, from model files written here byte by byte, against NumPy."""

import googlenet
import numpy as np
import pytest
from comparison import assert_close
from gln_writer import Writer, small_classifier

TIERS = ("portable", "avx2", "avx512", "best")


def classified(writer, source, channels, rng):
    writer.pooling("pooled", source, average=True, everything=True)
    writer.inner_product("fc", "pooled", rng.normal(0, 1, (4, channels)))
    writer.softmax("prob", "fc")
    return writer.file()


@pytest.mark.parametrize("isa", TIERS)
@pytest.mark.parametrize("per_element", [False, True])
@pytest.mark.parametrize(("size", "alpha", "beta", "k"), [(5, 1e-4, 0.75, 1.0), (3, 0.5, 0.5, 2.0), (9, 0.1, 1.0, 1.0)])
def test_normalization(isa, per_element, size, alpha, beta, k):
    rng = np.random.default_rng(size)
    writer = Writer(height=6, width=7)
    weights = rng.normal(0, 1, (29, 3, 1, 1)).astype(np.float32)
    writer.convolution("conv", "data", weights)
    writer.normalization("norm", "conv", size, alpha, beta, k, per_element)
    tensors = rng.normal(0, 3, (2, 3, 6, 7)).astype(np.float32)
    x = np.einsum("oc,nchw->nohw", weights[:, :, 0, 0].astype(np.float64), tensors)
    padded = np.pad(x**2, ((0, 0), (size // 2, size // 2), (0, 0), (0, 0)))
    squares = sum(padded[:, i : i + 29] for i in range(size))
    want = x / (k + alpha / (1 if per_element else size) * squares) ** beta
    with googlenet.Model(classified(writer, "norm", 29, rng), max_isa=isa) as model:
        assert_close(model.layer("norm", tensors), want, "norm")


@pytest.mark.parametrize("isa", TIERS)
@pytest.mark.parametrize("given", ["mean variance", "scale shift", "scale", "shift", "mean variance scale", ""])
def test_batch_normalization_with_parts_left_out(isa, given):
    rng = np.random.default_rng(2)
    parts = {name: rng.uniform(0.5, 2, 3).astype(np.float32) for name in given.split()}
    writer = Writer(height=6, width=7)
    writer.batch_normalization("bn", "data", epsilon=0.01, **parts)
    tensors = rng.normal(0, 3, (2, 3, 6, 7)).astype(np.float32)
    wide = {name: values.astype(np.float64)[:, None, None] for name, values in parts.items()}
    want = tensors.astype(np.float64)
    if "mean" in wide:
        want = (want - wide["mean"]) / np.sqrt(wide["variance"] + np.float32(0.01))
    want = want * wide.get("scale", 1) + wide.get("shift", 0)
    with googlenet.Model(classified(writer, "bn", 3, rng), max_isa=isa) as model:
        assert_close(model.layer("bn", tensors), want, "bn")


@pytest.mark.parametrize("isa", TIERS)
@pytest.mark.parametrize(("channels", "order"), [(3, 0), (3, 1), (1, 2)])
def test_pixels_are_normalised(isa, channels, order):
    """(pixel - mean) * scale, both in the network's channel order, which may be the reverse of the pixels'."""
    rng = np.random.default_rng(4)
    mean = rng.uniform(90, 130, channels).astype(np.float32)
    scale = rng.uniform(0.01, 0.1, channels).astype(np.float32)
    writer = Writer(height=9, width=11, channels=channels, mean=mean, scale=scale, order=order)
    weights = rng.normal(0, 1, (5, channels, 3, 3)).astype(np.float32)
    writer.relu("relu", writer.convolution("conv", "data", weights, padding=(1, 1, 1, 1)))
    pixels = rng.integers(0, 256, (2, 9, 11, channels), np.uint8)
    ordered = pixels[..., ::-1] if order == 1 else pixels
    tensors = ((ordered.astype(np.float64) - mean) * scale).transpose(0, 3, 1, 2)
    padded = np.pad(tensors, ((0, 0), (0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))
    want = np.einsum("ncyxij,ocij->noyx", windows, weights.astype(np.float64))
    with googlenet.Model(classified(writer, "relu", 5, rng), max_isa=isa) as model:
        assert_close(model.layer("conv", pixels), want, "pixels")
        assert_close(model.layer("conv", tensors.astype(np.float32)), want, "tensors")
        assert_close(model.layer("relu", pixels), np.maximum(want, 0), "relu")


def test_probabilities_are_the_softmax_of_the_logits():
    rng = np.random.default_rng(6)
    writer = small_classifier(rng)
    pixels = rng.integers(0, 256, (3, 20, 24, 3), np.uint8)
    with googlenet.Model(writer.file()) as model:
        logits, probabilities = model.predict(pixels, output="logits"), model.predict(pixels)
    exponentials = np.exp(logits.astype(np.float64))
    np.testing.assert_allclose(probabilities, exponentials / exponentials.sum(1, keepdims=True), atol=1e-6)
    writer.layers.pop()
    with pytest.raises(googlenet.InvalidModelError, match="Softmax"):
        googlenet.Model(writer.file())


@pytest.mark.parametrize("isa", TIERS)
@pytest.mark.parametrize("largest", [1e3, 3e4, 3e38])
def test_softmax_of_large_logits(isa, largest):
    writer = Writer(height=1, width=1)
    writer.pooling("pooled", "data", average=True, everything=True)
    writer.inner_product("fc", "pooled", np.diag([1.0, 1.0, 1.0]))
    writer.softmax("prob", "fc")
    with googlenet.Model(writer.file(), max_isa=isa) as model:
        tensors = np.zeros((2, 3, 1, 1), np.float32)
        tensors[0, 0], tensors[0, 1], tensors[1] = largest, -largest, -largest
        np.testing.assert_allclose(model.predict(tensors), [[1, 0, 0], [1 / 3, 1 / 3, 1 / 3]], atol=1e-6)


@pytest.mark.parametrize(("value", "name"), [(np.nan, "NaN"), (np.inf, "infinite"), (-np.inf, "infinite")])
def test_tensors_that_are_not_finite_are_refused(value, name):
    rng = np.random.default_rng(7)
    with googlenet.Model(small_classifier(rng).file()) as model:
        tensors = rng.normal(0, 1, (3, 3, 20, 24)).astype(np.float32)
        clean = model.predict(tensors)
        spoilt = tensors.copy()
        spoilt[1, :, 5, 5] = value
        with pytest.raises(googlenet.InvalidArgumentError, match=f"value {5 * 24 + 5} of image 1 is {name}"):
            model.predict(spoilt)
        assert np.array_equal(model.predict(tensors), clean)
