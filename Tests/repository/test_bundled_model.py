"""What is committed in models/: small, labelled, and right on the pictures that it was measured on."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest


def test_it_is_small(root: Path) -> None:
    assert (root / "models/clothing.gln").stat().st_size < 8_000_000


def test_labels_are_those_of_the_file(tool, root: Path) -> None:
    labels = (root / "models/clothing.txt").read_text().splitlines()
    assert json.loads(tool("info", "models/clothing.gln", "--json").stdout)["labels"] == labels


def test_it_recognises_the_bundled_picture(tool) -> None:
    (image,) = json.loads(tool("classify", "--json", "models/tshirt.png").stdout)["images"]
    best = image["predictions"][0]
    assert best["label"] == "t-shirt"
    assert best["probability"] > 0.75


def test_accuracy_is_what_the_card_says(tool, root: Path) -> None:
    folder = Path(os.environ.get("GOOGLENET_SHARED", root.parent / "shared")) / "images/clothing_test"
    if not folder.exists():
        pytest.skip(f"no test photos in {folder}")
    rows = [line.split() for line in (folder / "labels.txt").read_text().splitlines() if line]
    paths = [folder / name for name, _ in rows]
    images = json.loads(tool("classify", "--json", "--top", 1, *paths).stdout)["images"]
    labels = (root / "models/clothing.txt").read_text().splitlines()
    wanted = [label if label in labels else labels[int(label)] for _, label in rows]
    right = sum(image["predictions"][0]["label"] == label for image, label in zip(images, wanted, strict=True))
    card = re.search(r"(\d+) of (\d+) test photos", (root / "models/clothing.md").read_text())
    assert (right, len(rows)) == (int(card[1]), int(card[2]))


def test_demo_agrees_in_three_languages(root: Path) -> None:
    done = subprocess.run([".ci/demo"], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.rstrip().endswith("The three agree: models/tshirt.png shows a t-shirt.")
