"""What is committed in models/: small, labelled, and right on the pictures that it was measured on."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest


def test_it_is_small(root: Path) -> None:
    assert (root / "models/clothing.gln").stat().st_size < 7_000_000


def test_it_computes_in_int8(tool) -> None:
    assert json.loads(tool("info", "models/clothing.gln", "--json").stdout)["precision"] == "int8"
    assert json.loads(tool("classify", "--json", "models/tshirt.png").stdout)["precision"] == "int8"


def test_labels_are_those_of_the_file(tool, root: Path) -> None:
    labels = (root / "models/clothing.txt").read_text().splitlines()
    assert json.loads(tool("info", "models/clothing.gln", "--json").stdout)["labels"] == labels


def test_it_recognises_the_bundled_picture(tool) -> None:
    (image,) = json.loads(tool("classify", "--json", "models/tshirt.png").stdout)["images"]
    best = image["predictions"][0]
    assert best["label"] == "t-shirt"
    assert best["probability"] > 0.75


def test_another_model_is_named_by_a_variable(tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GOOGLENET_MODEL", "")
    assert tool("classify", "models/tshirt.png").stdout
    monkeypatch.setenv("GOOGLENET_MODEL", str(tmp_path / "absent.gln"))
    message = tool("classify", "models/tshirt.png", status=1).stderr
    assert f"GOOGLENET_MODEL says '{tmp_path}/absent.gln': No such file or directory" in message


def test_accuracy_is_what_the_card_says(tool, root: Path, tmp_path: Path) -> None:
    shared = Path(os.environ.get("GOOGLENET_SHARED", root.parent / "shared"))
    folder, checkpoint = shared / "images/clothing_test", shared / "models/clothing/clothing.pt"
    if not folder.exists() or not checkpoint.exists():
        pytest.skip(f"no test photos or no checkpoint in {shared}")
    lines = (folder / "labels.txt").read_text().splitlines()
    # Every other photo was calibrated with.
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(lines[1::2]))
    float32 = tmp_path / "float32.gln"
    tool("convert", checkpoint, "--labels", "models/clothing.txt", "-o", float32)
    arguments = ["models/clothing.gln", folder, "--labels", labels, "--against", float32, "--json"]
    result = json.loads(tool("evaluate", *arguments).stdout)
    assert result["precision"] == "int8"
    against, total = result["against"], result["pictures"]
    shares = [result["top1"], 1, result["top5"], against["top1"], against["top5"], result["agreement"]]
    card = (root / "models/clothing.md").read_text().replace("\n", " ")
    figures = re.search(
        r"right on (\d+) of (\d+) test photos .*likeliest on (\d+)\. .*right on (\d+) and (\d+) .*agree on all (\d+) ",
        card,
    )
    assert [int(figure) for figure in figures.groups()] == [round(share * total) for share in shares]
    assert f"{100 * result['top1']:.1f} %" in card
    assert f"variation of the probabilities {result['total_variation']:.4f})" in card
    assert result["top1"] >= against["top1"] - 0.005


def test_demo_agrees_in_three_languages(root: Path) -> None:
    done = subprocess.run([".ci/demo"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("The three agree: models/tshirt.png shows a t-shirt.")
