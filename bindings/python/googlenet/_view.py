"""A part of a picture, and how the network is to see it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import _declarations as c
from ._arguments import choice_argument, index_argument, is_list
from ._errors import ArgumentTypeError, InvalidArgumentError

if TYPE_CHECKING:
    from ._choices import Fit
    from ._picture import PictureSource

_LARGEST_SIDE = 65535


class View:
    """A picture or a part of it, and how it becomes the network's input; taken wherever a picture is.

    picture   a path, a PIL image, the bytes of a picture file, a binary file object, or an array, as in
              Session.classify(). It is read when the View is used.
    box       the part to look at: (left, top, width, height) in pixels of the picture as it is seen, after its EXIF
              orientation; None for all of it. It must lie within the picture.
    mirrored  whether left and right change places.
    fit       "model": resized and cut as the model's rule says, as if the box were the picture. "warp": stretched to
              the network's input. "aspect": its aspect kept, so that the longer side fits; what of the input lies
              beyond the picture has the model's mean.
    context   for "warp" and "aspect": how many pixels of the network's input, on each side of the box, show what lies
              around it. 0 with "model".

    A View never changes. Raises a subclass of googlenet.Error that names the argument, here or where it is used.
    """

    __slots__ = ("_box", "_context", "_fit", "_mirrored", "_picture")

    def __init__(
        self,
        picture: PictureSource,
        box: tuple[int, int, int, int] | None = None,
        *,
        mirrored: bool = False,
        fit: Fit = "model",
        context: int = 0,
    ) -> None:
        if isinstance(picture, View) or is_list(picture):
            raise ArgumentTypeError(f"picture is a {type(picture).__name__}: a single picture is needed")
        choice_argument("fit", fit, c.FITS)
        if not isinstance(mirrored, bool):
            raise ArgumentTypeError(f"mirrored is {mirrored!r}: True or False is needed")
        number = index_argument("context", context, 0, _LARGEST_SIDE)
        if fit == "model" and number:
            raise InvalidArgumentError(f'context is {number}: it must be 0 with fit "model"')
        self._picture: PictureSource = picture
        self._box = None if box is None else _box_argument(box)
        self._mirrored = mirrored
        self._fit: Fit = fit
        self._context = number

    @property
    def picture(self) -> PictureSource:
        """The picture that was given."""
        return self._picture

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """Left, top, width and height in pixels; None for the whole picture."""
        return self._box

    @property
    def mirrored(self) -> bool:
        """Whether left and right change places."""
        return self._mirrored

    @property
    def fit(self) -> Fit:
        """How the box becomes the network's input: "model", "warp" or "aspect"."""
        return self._fit

    @property
    def context(self) -> int:
        """Pixels of the network's input around the box, on each side."""
        return self._context

    def __repr__(self) -> str:
        return (
            f"googlenet.View({self._picture!r}, box={self._box}, mirrored={self._mirrored}, fit={self._fit!r}, "
            f"context={self._context})"
        )


def _box_argument(box: Any) -> tuple[int, int, int, int]:
    try:
        sides = tuple(box)
    except TypeError as error:
        raise ArgumentTypeError(f"box is a {type(box).__name__}: left, top, width and height are needed") from error
    if len(sides) != 4:
        raise InvalidArgumentError(f"box has {len(sides)} numbers: left, top, width and height are needed")
    numbers = [
        index_argument(f"box.{side}", value, least, _LARGEST_SIDE)
        for side, value, least in zip(("left", "top", "width", "height"), sides, (0, 0, 1, 1), strict=True)
    ]
    return numbers[0], numbers[1], numbers[2], numbers[3]
