"""What counts as equal."""

import numpy as np


def assert_close(got, want, what, relative=1e-4, floor=0.1):
    """Each value within `relative` of what is wanted; of `floor` of the tensor's largest magnitude where it is less."""
    got, want = np.asarray(got), np.asarray(want).reshape(np.shape(got))
    assert np.isfinite(got).all(), f"{what}: not finite"
    bound = relative * np.maximum(abs(want), floor * abs(want).max())
    excess = abs(got - want) - bound
    if (excess > 0).any():
        place = np.unravel_index(excess.argmax(), excess.shape)
        raise AssertionError(
            f"{what}: {got[place]} instead of {want[place]} at {tuple(map(int, place))} of {got.shape}; "
            f"{(excess > 0).mean():.2%} of the values differ, most by {abs(got - want).max():.3g}"
        )
