"""Checks that Sources/GoogLeNet has no stairs up: no file names a type of a floor above its own.

Only types that are declared outside of any other count, and not those private to a file. An operator's room in the
folder Operators has the floor of the model for who names it, and a stair of its own up to the plan.

Ends with a line 'N passed, N failed, N skipped'; the exit status is 1 if anything failed.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from check_library import ROOT, require, run_checks

CORE = ROOT / "Sources/GoogLeNet"
# From the ground up.
FLOORS = (
    "Platform",
    "Threads",
    "Settings",
    "Kernels",
    "Model",
    "Graph",
    "Plan",
    "Image",
    "Classify",
    "Run",
    "CABI",
)
# Folders that reach over several floors: where they stand, and up to where they may look.
ROOMS = {"Operators": ("Model", "Plan")}
DECLARATION = re.compile(
    r"^(?:@\w+ )*(?:(?:public|open|final|indirect|package|internal) )*"
    r"(?:struct|class|enum|protocol|actor|typealias) (\w+)",
    re.MULTILINE,
)


def code(text: str) -> str:
    """Swift without comments and the text of strings; what strings interpolate stays, and so do all line ends."""
    kept: list[str] = []
    # Closing delimiters of the strings, and None for each parenthesis, that the place lies in.
    inside: list[str | None] = []
    place = 0
    while place < len(text):
        string = inside[-1] if inside else None
        if string:
            if text.startswith("\\(", place):
                inside.append(None)
                place += 2
            elif text[place] == "\\":
                kept.append("\n" * (text[place + 1 : place + 2] == "\n"))
                place += 2
            elif text.startswith(string, place):
                inside.pop()
                place += len(string)
            else:
                kept.append("\n" * (text[place] == "\n"))
                place += 1
            continue
        comment = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL).match(text, place)
        quotes = re.compile(r'"""|"').match(text, place)
        if comment:
            kept.append(" " + "\n" * comment[0].count("\n"))
            place = comment.end()
        elif quotes:
            kept.append(" ")
            inside.append(quotes[0])
            place = quotes.end()
        else:
            if text[place] == "(" and inside:
                inside.append(None)
            elif text[place] == ")" and inside:
                inside.pop()
            kept.append(text[place])
            place += 1
    return "".join(kept)


def sources() -> dict[str, str]:
    """The code of each file, by its path below Sources/GoogLeNet."""
    return {str(path.relative_to(CORE)): code(path.read_text()) for path in sorted(CORE.rglob("*.swift"))}


def own_names(text: str) -> set[str]:
    """The types and generic parameters that a file declares, at any depth."""
    names = set(re.findall(r"\b(?:struct|class|enum|protocol|actor|typealias|associatedtype) (\w+)", text))
    for parameters in re.findall(r"\b(?:func|init|struct|class|enum)\b\s*\w*<([^>]*)>", text):
        names |= set(re.findall(r"(?:^|,)\s*(\w+)", parameters))
    return names


def stairs(files: dict[str, str]) -> Iterator[str]:
    """What names something above its floor."""
    homes: dict[str, str] = {}
    for path, text in files.items():
        for name in DECLARATION.findall(text):
            homes[name] = path
    for path, text in files.items():
        folder = Path(path).parts[0]
        highest = FLOORS.index(ROOMS[folder][1] if folder in ROOMS else folder)
        for name in sorted(set(re.findall(r"\b[A-Z]\w*", text)) - own_names(text)):
            home = Path(homes.get(name, path)).parts[0]
            if home != folder and FLOORS.index(ROOMS[home][0] if home in ROOMS else home) > highest:
                yield f"{path} names {name}, which is above it in {homes[name]}"


def check_every_folder_has_a_floor() -> None:
    folders = {path.name for path in CORE.iterdir() if path.is_dir()}
    unknown = folders - {*FLOORS, *ROOMS}
    require(not unknown, f"FLOORS lacks {sorted(unknown)}")
    empty = {*FLOORS} - folders
    require(not empty, f"FLOORS names {sorted(empty)}, which are no folders")
    loose = [path.name for path in CORE.iterdir() if path.is_file()]
    require(not loose, f"{loose} lie on no floor")


def check_no_file_names_a_type_above_its_floor() -> None:
    found = list(stairs(sources()))
    require(not found, "\n".join(found))


# Files that name Session, of the floor Run, and do not.
UP = {
    "an annotation": "let it: Session?",
    "an initializer": "let it = Session(model: model)",
    "an extension": "extension Session {}",
    "an interpolation": r'let text = "a \(f("b", Session.self)) c"',
    "a nested interpolation": r'let text = "a \("b \(Session.count) c") d"',
    "code after a string that holds a comment": 'let text = "// /*"; let it: Session?',
    "code after a text of several lines": 'let text = """\n  "a" Session\n  """\nlet it: [Session]',
}
LEVEL = {
    "a comment": "// Session\nlet number = 1 /* Session */",
    "a text": r'let text = "Session \"Session\" \\"',
    "a text around an interpolation": r'let text = "Session \(number(of: (1, 2))) Session"',
    "a text of several lines": 'let text = """\n  Session "Session"\n  """',
    "a longer name": "let it: SessionOptions?",
    "a generic parameter": "func some<Other, Session: Copyable>(_ it: Session) {}",
}


def check_stairs_are_noticed() -> None:
    known = sources()
    for what, text in UP.items():
        planted = list(stairs(known | {"Plan/Planted.swift": code(text)}))
        require(len(planted) == 1 and "Plan/Planted.swift names Session" in planted[0], f"{what} is overlooked")
    require(not list(stairs(known | {"CABI/Planted.swift": code(UP["an annotation"])})), "a way down is refused")


def check_rooms_reach_up_to_their_floor() -> None:
    known = sources() | {"Operators/Door.swift": "struct Door {}"}
    for path, text, is_refused in (
        ("Operators/Planted.swift", "let it: Plan", False),
        ("Operators/Planted.swift", "let it: Session", True),
        ("Model/Planted.swift", "let it: Door", False),
        ("Settings/Planted.swift", "let it: Door", True),
    ):
        found = [stair for stair in stairs(known | {path: text}) if stair.startswith(path)]
        require(bool(found) == is_refused, f"{path} with '{text}': {found}")


def check_texts_are_no_stairs() -> None:
    known = sources()
    for what, text in LEVEL.items():
        planted = list(stairs(known | {"Plan/Planted.swift": code(text)}))
        require(not planted, f"{what}: {planted}")


if __name__ == "__main__":
    sys.exit(run_checks(globals()))
