"""Files made by other frameworks (Tests/frameworks) convert, and give the probabilities that their framework gave."""

import json
import os
from pathlib import Path

import googlenet
import numpy as np
import pytest

FOLDER = Path(os.environ.get("GOOGLENET_GOLDENS", Path(__file__).resolve().parents[1] / "frameworks/golden"))
NAMES = sorted(path.stem for path in FOLDER.glob("*.npz"))


def test_there_are_golden_files():
    assert NAMES, f"no golden files in {FOLDER}"


@pytest.mark.parametrize("name", NAMES)
def test_conversion_agrees_with_the_framework(tool, tmp_path, name):
    golden = np.load(FOLDER / f"{name}.npz")
    (trained,) = [path for path in FOLDER.iterdir() if path.suffix != ".npz" and name in (path.name, path.stem)]
    model = tmp_path / f"{name}.gln"
    # Options may name files beside the trained one.
    options = [FOLDER / option if (FOLDER / option).is_file() else option for option in golden["options"]]
    report = json.loads(tool("convert", trained, "-o", model, "--json", *options))
    told = [*report["notes"], report["preprocessing_reason"]]
    for note in golden["notes"]:
        assert any(note in said for said in told), f"no note says '{note}': {told}"
    with googlenet.Model(model) as network:
        probabilities = network.predict(golden["images"])
    wanted = golden["probabilities"]
    assert probabilities.shape == wanted.shape
    difference = abs(probabilities - wanted).max()
    assert difference <= golden["tolerance"], f"a probability differs by {difference}"
