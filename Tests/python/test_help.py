"""help() tells of every public name what its arguments are and what goes wrong."""

import inspect

import googlenet
import pytest

CLASSES = [name for name in googlenet.__all__ if isinstance(getattr(googlenet, name), type)]
FUNCTIONS = [name for name in googlenet.__all__ if inspect.isfunction(getattr(googlenet, name))]


def members(kind):
    """The public methods and properties of a class, with those that it inherits from this package."""
    for name, value in inspect.getmembers(kind):
        origin = inspect.getmodule(value.fget if isinstance(value, property) else value)
        if not name.startswith("_") and getattr(origin, "__name__", "").startswith("googlenet"):
            yield name, value


def parameters(function):
    return [name for name in inspect.signature(function).parameters if name != "self"]


def described(text, names):
    """The parameters that a docstring does not name."""
    return [name for name in names if name not in text]


def test_every_public_name_is_told():
    assert googlenet.__doc__
    untold = [name for name in CLASSES + FUNCTIONS if not inspect.getdoc(getattr(googlenet, name))]
    assert not untold


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    function = getattr(googlenet, name)
    assert not described(function.__doc__, parameters(function))


@pytest.mark.parametrize("name", [it for it in CLASSES if not issubclass(getattr(googlenet, it), Exception)])
def test_classes(name):
    kind = getattr(googlenet, name)
    if hasattr(kind, "_fields"):
        # What a NamedTuple's fields are is told by each of them in the source; help() has the class's own words.
        assert kind.__doc__
        return
    assert not described(kind.__doc__, parameters(kind)), kind
    for member, value in members(kind):
        if isinstance(value, property):
            assert value.__doc__, member
        else:
            assert value.__doc__, member
            assert not described(value.__doc__, parameters(value)), member


@pytest.mark.parametrize("name", ["Model", "Session"])
def test_units_and_errors(name):
    text = inspect.getdoc(getattr(googlenet, name))
    for word in ("Raises", "googlenet.Error", "threads"):
        assert word in text
