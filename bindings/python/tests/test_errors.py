"""The exceptions: one for each status, each also the built-in class that fits."""

import pickle
import re
from pathlib import Path

import pytest

import googlenet
from googlenet._errors import error_for

HEADER = Path(__file__).resolve().parents[3] / "include/googlenet.h"
KINDS = {
    1: (googlenet.InvalidArgumentError, ValueError),
    2: (googlenet.OutOfMemoryError, MemoryError),
    3: (googlenet.FileError, OSError),
    4: (googlenet.InvalidModelError, ValueError),
    5: (googlenet.UnsupportedVersionError, RuntimeError),
    6: (googlenet.UnsupportedError, NotImplementedError),
    7: (googlenet.NotFoundError, KeyError),
    8: (googlenet.BufferTooSmallError, BufferError),
    9: (googlenet.BackendUnavailableError, RuntimeError),
    10: (googlenet.BusyError, RuntimeError),
    11: (googlenet.LimitExceededError, MemoryError),
    12: (googlenet.WrongProcessError, RuntimeError),
    13: (googlenet.CancelledError, RuntimeError),
    14: (googlenet.NotFiniteError, ArithmeticError),
}


def test_every_status_of_the_header_has_a_class():
    statuses = re.search(r"typedef enum gln_status \{(.*?)\} gln_status", HEADER.read_text(), re.S)[1]
    numbers = {int(number) for number in re.findall(r"GLN_\w+ = (\d+)", statuses)}
    assert numbers == {0, *KINDS}


@pytest.mark.parametrize("status", KINDS)
def test_status_gives_its_class(status):
    kind, builtin = KINDS[status]
    error = error_for(status, "layer 'conv1': what was wrong")
    assert type(error) is kind
    assert isinstance(error, builtin)
    assert isinstance(error, googlenet.Error)
    assert error.status == status
    assert str(error) == "layer 'conv1': what was wrong"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_unknown_status_is_kept():
    error = error_for(77, "from a newer library")
    assert type(error) is googlenet.Error
    assert error.status == 77


def test_other_classes():
    assert issubclass(googlenet.ArgumentTypeError, TypeError)
    assert issubclass(googlenet.ArgumentTypeError, googlenet.InvalidArgumentError)
    assert issubclass(googlenet.ClosedError, (googlenet.Error, ValueError))
    assert issubclass(googlenet.LibraryNotFoundError, ImportError)
    assert str(googlenet.Error()) == ""
