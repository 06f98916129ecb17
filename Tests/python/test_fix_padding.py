"""Networks whose 5x5 branches cannot be joined with the others: why is said, and --fix-padding converts them."""

import json

import googlenet
import numpy as np
import pytest
from onnx_networks import Network, run_all


def inception(padding):
    """A module as in GoogLeNet whose 5x5 branch has a padding; all else is the same."""
    network = Network(16, 20, seed=4)
    reduced = network.relu(network.conv("data", 3, (1, 1)))
    branches = [
        network.relu(network.conv("data", 4, (1, 1))),
        network.relu(network.conv("data", 5, (3, 3), pads=(1, 1, 1, 1))),
        network.relu(network.conv(reduced, 6, (5, 5), pads=(padding,) * 4)),
        network.relu(network.conv(network.max_pool("data", (3, 3), pads=(1, 1, 1, 1)), 7, (1, 1))),
    ]
    network.classifier(network.concat(branches))
    return network


def test_padding_is_explained_and_fixed(tool, tmp_path):
    trained, model = tmp_path / "one.onnx", tmp_path / "one.gln"
    trained.write_bytes(inception(1).model().SerializeToString())
    with pytest.raises(AssertionError) as refused:
        tool("convert", trained, "-o", model)
    assert not model.exists()
    for part in (
        "4 x 16 x 20, 5 x 16 x 20, 6 x 14 x 18, 7 x 16 x 20",
        "5 x 5 convolution 'conv6' has padding 1, so it makes 14 x 18",
        "padding 2 would fit",
        "--fix-padding",
    ):
        assert part in str(refused.value)
    assert "googlenet convert INPUT" not in str(refused.value)
    report = json.loads(tool("convert", trained, "-o", model, "--fix-padding", "--json"))
    assert report["padding_fixes"] == [
        {"layer": "conv6", "kernel": [5, 5], "original": [1, 1, 1, 1], "fitting": [2, 2, 2, 2]}
    ]
    said = tool("convert", trained, "-o", model, "--fix-padding")
    assert "fixed padding" in said
    assert "'conv6' 2 instead of 1" in said
    right = inception(2)
    images = right.noise(2)
    wanted = run_all(right.model(), images)[right.nodes[-1].output[0]]
    with googlenet.Model(model) as network:
        np.testing.assert_allclose(network.predict(images), wanted, atol=1e-5)


def test_help_tells_of_it(tool):
    assert "--fix-padding" in tool("convert", "--help")
