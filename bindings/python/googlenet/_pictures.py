"""One picture or a list of them, as the C library takes them one after the other."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from . import _declarations as c
from ._arguments import is_list
from ._errors import InvalidArgumentError
from ._picture import Picture, PictureLike, check_source
from ._view import View

PicturesLike: TypeAlias = PictureLike | Sequence[PictureLike]


class Seen(NamedTuple):
    """A picture that has been read, and how it is to be seen."""

    name: str
    """What errors call it."""
    picture: Picture
    view: View | None
    """None for all of it."""


class Pictures:
    """One picture or a list of them; none is read before its turn."""

    def __init__(self, name: str, pictures: object, exif_orientation: bool) -> None:
        self.is_list = is_list(pictures)
        self._items: list[Any] = list(pictures) if is_list(pictures) else [pictures]
        if not self._items:
            raise InvalidArgumentError(f"{name} is empty: at least one picture is needed")
        self._names = [f"{name}[{index}]" if self.is_list else name for index in range(len(self._items))]
        self._exif_orientation = exif_orientation
        for its_name, item in zip(self._names, self._items, strict=True):
            check_source(its_name, _source(item))

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[Seen]:
        # What is looked at several times is read once, and kept as long as it is needed.
        left: dict[int, int] = {}
        for item in self._items:
            left[id(_source(item))] = left.get(id(_source(item)), 0) + 1
        kept: dict[int, Picture] = {}
        for name, item in zip(self._names, self._items, strict=True):
            source = _source(item)
            identity = id(source)
            picture = kept.get(identity) or Picture(name, source, self._exif_orientation)
            left[identity] -= 1
            if left[identity]:
                kept[identity] = picture
            else:
                kept.pop(identity, None)
            yield Seen(name, picture, item if isinstance(item, View) else None)

    def arrays(self) -> list[np.ndarray[Any, Any]]:
        """Those that are arrays, which results must not be written over."""
        return [_source(item) for item in self._items if isinstance(_source(item), np.ndarray)]


def _source(item: Any) -> Any:
    return item.picture if isinstance(item, View) else item


def c_view(seen: Seen) -> c.CView:
    """A gln_view, which the picture must outlive."""
    view, picture = seen.view, ctypes.pointer(seen.picture.c_picture)
    if view is None:
        return c.CView(ctypes.sizeof(c.CView), picture)
    left, top, width, height = view.box or (0, 0, 0, 0)
    return c.CView(
        struct_size=ctypes.sizeof(c.CView),
        picture=picture,
        left=left,
        top=top,
        width=width,
        height=height,
        mirrored=view.mirrored,
        fit=c.FITS[view.fit],
        context=view.context,
    )


def about_picture(name: str, message: str) -> str:
    """The C library's message about the only view of a call, by the name that the caller knows."""
    # What it calls the view and its picture.
    called = re.match(r"view(s\[0\])?(->|\.|: )(picture->)?", message)
    return f"{name}: {message[called.end() :] if called else message}"
