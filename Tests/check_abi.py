"""Checks that include/googlenet.h only adds to the binary interface of version 0.1.0, with libabigail.

Tests/abi/googlenet-0.1.0.xml is what abidw wrote of that version's functions, types, layouts and enumerators;
`check_abi.py --write` writes it anew from Tests/abi/googlenet-0.1.0.h. Swift's debugging information tells nothing of
the C functions, so a stub with an empty body for each function of the header takes the library's place: that the
library exports the header's functions is checked by check_library.py, and that they have the header's types by Swift's
@implementation.

What may be added is taken out of a copy of the new header first: functions, enumerators, and members behind the last
one of a structure that begins with struct_size. The rest must be the same to the last member's name. An abidiff
suppression for growing structures would also let the types of their old members change.

Ends with a line 'N passed, N failed, N skipped'; the exit status is 1 if anything failed.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from check_library import HEADER, ROOT, exported, preprocessed, require, run, run_checks

OLD_HEADER = ROOT / "Tests/abi/googlenet-0.1.0.h"
OLD_CLIENT = ROOT / "Tests/abi/client_0_1_0.c"
BASELINE = ROOT / "Tests/abi/googlenet-0.1.0.xml"
DEFINITION = r"typedef {kind} (\w+)\s*{{([^{{}}]*)}}\s*\1\s*;"


def parts(text: str, kind: str, separator: str) -> dict[str, list[str]]:
    """The members or enumerators of each structure or enumeration in preprocessed text."""
    found = re.findall(DEFINITION.format(kind=kind), text)
    return {name: [part.strip() for part in body.split(separator) if part.strip()] for name, body in found}


def without_additions(new: str, old: str) -> str:
    """Preprocessed text without the enumerators and last members that the old one lacks."""
    enumerations, structures = parts(old, "enum", ","), parts(old, "struct", ";")

    def cut_enumeration(match: re.Match[str]) -> str:
        known = {part.split("=")[0].strip() for part in enumerations.get(match[1], [])}
        kept = [part for part in match[2].split(",") if not known or part.split("=")[0].strip() in known]
        return f"typedef enum {match[1]} {{{','.join(kept)}}} {match[1]};"

    def cut_structure(match: re.Match[str]) -> str:
        members = match[2].split(";")
        known = structures.get(match[1], [])
        if known and known[0] == "size_t struct_size":
            members = [*members[: len(known)], ""]
        return f"typedef struct {match[1]} {{{';'.join(members)}}} {match[1]};"

    text = re.sub(DEFINITION.format(kind="enum"), cut_enumeration, new)
    return re.sub(DEFINITION.format(kind="struct"), cut_structure, text)


def prototypes(text: str) -> dict[str, str]:
    """The declarations of the functions in preprocessed text, without the semicolon."""
    return {name: re.sub(r"\s+", " ", declaration) for declaration, name in exported(text)}


def stub(text: str, folder: Path) -> Path:
    """A shared library with an empty body for each function of preprocessed text."""
    bodies = [f"{declaration} {{ __builtin_trap(); }}" for declaration in prototypes(text).values()]
    require(bodies, "no function was found")
    source = folder / "interface.c"
    source.write_text("\n".join(["#define GLN_EXPORTED", text, *bodies, ""]))
    library = folder / "libinterface.so"
    run("cc", "-std=c99", "-g", "-O0", "-fPIC", "-shared", source, "-o", library)
    return library


def compare(new: str) -> None:
    """Fails unless preprocessed text only adds to the baseline."""
    old = preprocessed(OLD_HEADER)
    text = without_additions(new, old)
    # abidiff overlooks const: the compiler does not take a second declaration of another type.
    text += "\n".join(f"{declaration};" for declaration in prototypes(old).values())
    with tempfile.TemporaryDirectory() as folder:
        library = stub(text, Path(folder))
        run("abidiff", "--harmless", "--no-added-syms", "--no-architecture", BASELINE, library)


def write_baseline() -> None:
    with tempfile.TemporaryDirectory() as folder:
        library = stub(preprocessed(OLD_HEADER), Path(folder))
        omitted = ["architecture", "comp-dir-path", "corpus-path", "elf-needed", "parameter-names", "show-locs"]
        text = run("abidw", *(f"--no-{part}" for part in omitted), library)
    BASELINE.write_text(re.sub(r" path='[^']*'", " path='interface.c'", text))


def check_header_only_adds_to_0_1_0() -> None:
    compare(preprocessed(HEADER))


def check_baseline_is_of_0_1_0() -> None:
    compare(preprocessed(OLD_HEADER))


def check_old_client_uses_all_of_0_1_0() -> None:
    old, client = preprocessed(OLD_HEADER), OLD_CLIENT.read_text()
    callbacks = re.findall(r"typedef \w+ \*?\(\*(\w+)\)", old)
    names = [*prototypes(old), *parts(old, "struct", ";"), *callbacks]
    unused = [name for name in names if not re.search(rf"\b{name}\b", client)]
    require(len(callbacks) == 6 and not unused, f"{OLD_CLIENT.name} does not use {unused}")


ALTERATIONS = {
    "a function is removed": (r"GLN_API gln_isa gln_cpu_isa\(void\);", ""),
    "a function returns another type": (r"uint32_t gln_version_number", "uint64_t gln_version_number"),
    "a parameter changes its size": (r"(set_threads\(.*)int32_t threads", r"\1int64_t threads"),
    "a parameter changes its sign": (r"(set_threads\(.*)int32_t threads", r"\1uint32_t threads"),
    "a parameter loses its const": (r"gln_model_layer\(const gln_model", "gln_model_layer(gln_model"),
    "a callback gets a parameter": (r"(\*gln_log_function\)\(.*)\);", r"\1, int level);"),
    "an enumerator is renumbered": ("GLN_BUSY = 10", "GLN_BUSY = 20"),
    "an enumerator is removed": ("GLN_PIXEL_BGRA = 3,", ""),
    "an enumerator is renamed": ("GLN_PIXEL_BGRA = 3", "GLN_PIXEL_ABGR = 3"),
    "members change places": (r"(int32_t class_index;)\s*(float probability;)", r"\2 \1"),
    "a member is renamed": (r"const char \*label;", "const char *text;"),
    "a structure without struct_size grows": (r"\} gln_image;", "int more; int still_more; } gln_image;"),
    "a member is put into the middle": (r"(const char \*kind;)([^}]*\} gln_layer_info;)", r"int more; \1\2"),
    "a member is put at the front": (r"(typedef struct gln_layer_info \{)", r"\1 int more;"),
    "the last member shrinks": (r"uint64_t nanoseconds;", "uint32_t nanoseconds;"),
    "a member shrinks and another is added": (
        r"size_t image;([^}]*)\} gln_operation_time;",
        r"int image;\1 int more; } gln_operation_time;",
    ),
}
ADDITIONS = {
    "a function": (r"GLN_API gln_isa gln_cpu_isa\(void\);", r"\g<0> GLN_API int gln_more(gln_isa isa);"),
    "an enumerator": (r"GLN_PIXEL_GRAY = 4", "GLN_PIXEL_GRAY = 4, GLN_PIXEL_MORE = 5"),
    "a last member of a structure with struct_size": (r"\} gln_layer_info;", "int32_t more; } gln_layer_info;"),
    "a structure": (r"typedef enum gln_output", r"typedef struct gln_more { int more; } gln_more; \g<0>"),
}


def altered(pattern: str, replacement: str) -> str:
    """The old header with one change, preprocessed."""
    text, count = re.subn(pattern, replacement, OLD_HEADER.read_text())
    require(count == 1, f"{pattern} is {count} times in {OLD_HEADER.name}")
    with tempfile.TemporaryDirectory() as folder:
        header = Path(folder) / "googlenet.h"
        header.write_text(text)
        return preprocessed(header)


def check_breaks_are_noticed() -> None:
    overlooked = []
    for name, (pattern, replacement) in ALTERATIONS.items():
        text = altered(pattern, replacement)
        try:
            compare(text)
            overlooked.append(name)
        except AssertionError as error:
            # By the compiler or by abidiff, not because the alteration is no C.
            require(re.search("conflicting types|changes summary", str(error)), str(error))
    require(not overlooked, f"overlooked: {', '.join(overlooked)}")


def check_additions_are_allowed() -> None:
    for pattern, replacement in ADDITIONS.values():
        compare(altered(pattern, replacement))


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write_baseline()
        sys.exit()
    sys.exit(run_checks(globals()))
