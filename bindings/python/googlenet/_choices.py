"""The words that arguments choose from, for type checkers."""

from __future__ import annotations

from typing import Literal, TypeAlias

Precision: TypeAlias = Literal["auto", "float32", "int8"]
Isa: TypeAlias = Literal["best", "portable", "avx2", "avx-vnni", "avx512", "avx512-vnni"]
Backend: TypeAlias = Literal["native", "openblas"]
Algorithm: TypeAlias = Literal["auto", "direct"]
Output: TypeAlias = Literal["probabilities", "logits"]
Fit: TypeAlias = Literal["model", "warp", "aspect"]
ChannelOrder: TypeAlias = Literal["rgb", "bgr", "gray"]
ResizeRule: TypeAlias = Literal[
    "short-side", "short-side-plain", "torchvision", "torchvision-plain", "square", "square-plain"
]
