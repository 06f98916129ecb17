"""The package's ctypes declarations say what include/googlenet.h says: functions, structs, enumerators."""

import ctypes
import re
import subprocess
from pathlib import Path
from typing import get_args

import pytest
from googlenet import _choices, _declarations
from googlenet._errors import _BY_STATUS

HEADER = Path(__file__).resolve().parents[2] / "include/googlenet.h"
NUMBERS = {
    "int": ctypes.c_int, "int32_t": ctypes.c_int32, "uint32_t": ctypes.c_uint32, "uint64_t": ctypes.c_uint64,
    "uint8_t": ctypes.c_uint8, "size_t": ctypes.c_size_t, "ptrdiff_t": ctypes.c_ssize_t, "float": ctypes.c_float,
    "void": None,
}  # fmt: skip
STRUCTS = {
    declared.__doc__.removesuffix("."): declared
    for declared in vars(_declarations).values()
    if isinstance(declared, type) and issubclass(declared, ctypes.Structure)
}
FUNCTION_TYPES = {
    "gln_" + name.lower(): declared for name, declared in vars(_declarations).items() if name.endswith("_FUNCTION")
}
ENUMERATIONS = {
    "gln_isa": ("GLN_ISA_", _declarations.ISAS),
    "gln_backend": ("GLN_BACKEND_", _declarations.BACKENDS),
    "gln_algorithm": ("GLN_ALGORITHM_", _declarations.ALGORITHMS),
    "gln_precision": ("GLN_PRECISION_", _declarations.PRECISIONS),
    "gln_output": ("GLN_OUTPUT_", _declarations.OUTPUTS),
    "gln_channel_order": ("GLN_CHANNEL_ORDER_", _declarations.CHANNEL_ORDERS),
    "gln_resize_rule": ("GLN_RESIZE_", _declarations.RESIZE_RULES),
    "gln_fit": ("GLN_FIT_", _declarations.FITS),
}
CHOICES = {
    "ISAS": "Isa", "BACKENDS": "Backend", "ALGORITHMS": "Algorithm", "PRECISIONS": "Precision", "OUTPUTS": "Output",
    "CHANNEL_ORDERS": "ChannelOrder", "RESIZE_RULES": "ResizeRule", "FITS": "Fit",
}  # fmt: skip


@pytest.fixture(scope="module")
def header():
    """The header's own declarations after the preprocessor, without attributes."""
    done = subprocess.run(["cc", "-E", str(HEADER)], capture_output=True, text=True, check=True)
    own, lines = False, []
    for line in done.stdout.splitlines():
        if marker := re.match(r'# \d+ "(.*?)"', line):
            own = marker[1] == str(HEADER)
        elif own:
            lines.append(line)
    return re.sub(r"__attribute__\s*\(\(.*?\)\)", "", " ".join(" ".join(lines).split()))


@pytest.fixture(scope="module")
def enumerators(header):
    """The number of each enumerator."""
    numbers = {}
    for body in re.findall(r"enum \w* ?\{(.*?)\}", header):
        for name, number in re.findall(r"(\w+) = (\d+)", body):
            numbers[name] = int(number)
    return numbers


def parts(text):
    """A list at its commas, but for those within parentheses."""
    return [it.strip() for it in re.split(r",(?![^(]*\))", text)] if text.strip() not in ("", "void") else []


def type_and_name(text):
    """A parameter or member as its type, its name and the length of the array that it is (1 where it is none)."""
    match = re.fullmatch(r"(.*?[\s*])(\w+)(?:\[(\d+)\])?", text)
    return match[1].replace("const", "").replace(" ", ""), match[2], int(match[3] or 1)


def agree(declared, text, header):
    """Whether a ctypes type fits a C type, written without blanks and const."""
    if text.endswith("*"):
        pointed = text[:-1]
        if declared in (ctypes.c_void_p, ctypes.py_object):
            return pointed not in STRUCTS
        if declared is ctypes.c_char_p:
            return pointed == "char"
        if issubclass(declared, ctypes._Pointer):
            return agree(declared._type_, pointed, header)
        return False
    if text in FUNCTION_TYPES:
        return declared is FUNCTION_TYPES[text]
    if text in STRUCTS:
        return declared is STRUCTS[text]
    if f"enum {text} {{" in header:
        return declared is ctypes.c_int
    return text in NUMBERS and declared is NUMBERS[text]


def test_functions(header):
    found = re.findall(r"([\w\s*]+?)\b(gln_\w+)\(([^()]*)\);", header)
    declared_there = {
        name: (result.replace("const", "").replace(" ", ""), [type_and_name(it)[0] for it in parts(arguments)])
        for result, name, arguments in found
    }
    assert len(declared_there) > 50
    for name, (result, arguments) in _declarations.FUNCTIONS.items():
        assert name in declared_there, name
        wanted, types = declared_there[name]
        assert len(arguments) == len(types), name
        assert agree(result, wanted, header), (name, wanted)
        for declared, text in zip(arguments, types, strict=True):
            assert agree(declared, text, header), (name, declared, text)


def test_function_types(header):
    assert FUNCTION_TYPES
    for name, declared in FUNCTION_TYPES.items():
        result, arguments = re.search(rf"typedef ([\w\s*]+?) ?\(\*{name}\)\(([^()]*)\);", header).groups()
        assert agree(declared._restype_, result.replace(" ", ""), header), name
        types = [type_and_name(it)[0] for it in parts(arguments)]
        assert len(types) == len(declared._argtypes_), name
        assert all(agree(it, text, header) for it, text in zip(declared._argtypes_, types, strict=True)), name


@pytest.mark.parametrize("name", STRUCTS)
def test_structs(header, name):
    body = re.search(rf"typedef struct {name} \{{(.*?)\}} {name};", header)[1]
    members = []
    for line in filter(None, map(str.strip, body.split(";"))):
        # "int32_t left, top" declares two of a type, "const char *const *layers" one.
        first, *others = parts(line)
        text, member, length = type_and_name(first)
        members += [(member, text, length), *((type_and_name(f"{text} {it}")[1], text, 1) for it in others)]
    fields = STRUCTS[name]._fields_
    assert [field for field, _ in fields] == [member for member, _, _ in members]

    class Layout(ctypes.Structure):
        """The same by the header's types alone."""

        _fields_ = tuple(
            (member, plain(text, header) * length if length > 1 else plain(text, header))
            for member, text, length in members
        )

    assert ctypes.sizeof(STRUCTS[name]) == ctypes.sizeof(Layout)
    for (field, declared), (member, text, length) in zip(fields, members, strict=True):
        assert getattr(STRUCTS[name], field).offset == getattr(Layout, member).offset, member
        assert agree(declared._type_ if length > 1 else declared, text, header), member


def plain(text, header):
    """A ctypes type of the size of a C type."""
    if text.endswith("*"):
        return ctypes.c_void_p
    return ctypes.c_int if f"enum {text} {{" in header else NUMBERS[text]


@pytest.mark.parametrize("name", ENUMERATIONS)
def test_enumerations(header, name):
    prefix, declared = ENUMERATIONS[name]
    body = re.search(rf"typedef enum {name} \{{(.*?)\}}", header)[1]
    there = {
        it.removeprefix(prefix).lower().replace("_", "-"): int(number)
        for it, number in re.findall(r"(\w+) = (\d+)", body)
    }
    assert declared == there


def test_constants(enumerators):
    constants = {name: value for name, value in vars(_declarations).items() if isinstance(value, int)}
    assert len(constants) > 5
    for name, value in constants.items():
        assert enumerators[f"GLN_{name}"] == value, name


def test_statuses(header, enumerators):
    statuses = re.search(r"typedef enum gln_status \{(.*?)\}", header)[1]
    numbers = {enumerators[name]: name for name in re.findall(r"GLN_\w+", statuses)}
    assert set(numbers) == {0, *_BY_STATUS}


@pytest.mark.parametrize(("names", "literal"), CHOICES.items())
def test_literals_are_the_choices(names, literal):
    assert get_args(getattr(_choices, literal)) == tuple(getattr(_declarations, names))
