"""What run() is asked for."""

from __future__ import annotations

import re
from typing import NamedTuple

from ._arguments import is_list, text_argument, top_argument
from ._errors import ArgumentTypeError, InvalidArgumentError


class WantedOutput(NamedTuple):
    """One of the outputs that run() is asked for."""

    name: str
    top: int
    """How many of the likeliest classes; 0 where something else is asked for."""
    encoded: bytes
    """The name as a C string."""


def wanted_outputs(outputs: object, top: object, class_count: int) -> list[WantedOutput]:
    """The outputs that run()'s arguments name, each once."""
    names = [outputs] if isinstance(outputs, str) else outputs
    if not is_list(names):
        raise ArgumentTypeError(f"outputs is a {type(outputs).__name__}: a str or a list of them is needed")
    wanted: dict[str, WantedOutput] = {}
    for index, name in enumerate(names):
        encoded = text_argument(f"outputs[{index}]" if names is outputs else "outputs", name)
        text = encoded.decode()
        asked = re.fullmatch(r"top-(\d{1,18})", text)
        wanted[text] = WantedOutput(text, top_argument(int(asked[1]), class_count) if asked else 0, encoded)
    if top is not None:
        name = f"top-{top}"
        wanted[name] = WantedOutput(name, top_argument(top, class_count), name.encode())
    if not wanted:
        raise InvalidArgumentError("outputs is empty: at least one is needed")
    return list(wanted.values())
