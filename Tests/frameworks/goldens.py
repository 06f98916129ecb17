"""Golden files: a trained file, and beside it NAME.npz with images and what the framework itself says of them.

A generator is a script generate_*.py of this folder. It is called with the folder to write to, and with --full for
networks of the real width instead of narrow ones, whose files are small enough to be committed.
Tests/python/test_frameworks.py converts and runs what it wrote.
"""

import argparse
from pathlib import Path

import numpy as np


def save(
    folder: Path,
    name: str,
    images: np.ndarray,
    probabilities: np.ndarray,
    options: tuple[str, ...] = (),
    tolerance: float = 1e-4,
    notes: tuple[str, ...] = (),
) -> None:
    """Writes what a conversion of the file or folder NAME or NAME.* must agree with.

    images         as googlenet.Model.predict takes them: N×C×H×W float32 (what the network's input gets, channels
                   first), or N×H×W×3 uint8 pixels
    probabilities  N×classes, from the framework
    options        of `googlenet convert`
    tolerance      the largest difference of a probability
    notes          what the converter's notes must contain
    """
    np.savez_compressed(
        folder / f"{name}.npz",
        images=images,
        probabilities=np.asarray(probabilities, np.float32),
        options=np.array(options, dtype=str),
        tolerance=tolerance,
        notes=np.array(notes, dtype=str),
    )


def arguments() -> tuple[Path, bool]:
    """The folder to write to, which is made, and whether networks have the real width."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--full", action="store_true")
    parsed = parser.parse_args()
    parsed.folder.mkdir(parents=True, exist_ok=True)
    return parsed.folder, parsed.full
