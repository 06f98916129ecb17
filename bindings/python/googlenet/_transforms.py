"""A model's preprocessing as data loaders take it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ._arguments import is_list
from ._errors import ArgumentTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._picture import PictureLike
    from ._session import Session


class Transforms:
    """Makes of a picture what the network sees, for data loaders: Model.transforms() gives one.

    session  the Model or Session whose preprocessing it is, which it keeps alive.

    Called with a picture (see Session.classify) it returns a C×H×W float32 tensor, normalised and in the network's own
    order of channels: the row that Session.normalize() gives for it. It can be pickled where its session is a Model
    that can: that opens the model anew in the other process.

    Raises a subclass of googlenet.Error, as Session.normalize() does.
    """

    def __init__(self, session: Session) -> None:
        from ._session import Session

        if not isinstance(session, Session):
            raise ArgumentTypeError(f"session is a {type(session).__name__}: a Model or a Session is needed")
        self._session = session

    def __call__(self, picture: PictureLike) -> NDArray[np.float32]:
        """The C×H×W float32 tensor of a picture, which may be anything that Session.classify() takes but a list."""
        if is_list(picture):
            raise ArgumentTypeError(f"picture is a {type(picture).__name__}: a single picture is needed")
        tensor: NDArray[np.float32] = self._session._normalize("picture", picture, True)[0]
        return tensor

    def __repr__(self) -> str:
        return f"googlenet.Transforms({self._session!r})"
