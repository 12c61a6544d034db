"""Names of the arrays that travel through the package."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]

FloatArray = NDArray[np.float64]


BoolArray = NDArray[np.bool_]


#: Effects and their sampling variances, both of the shape of the inputs.
YiVi = tuple[FloatArray, FloatArray]


def read_only(array: FloatArray | BoolArray) -> None:
    """Forbid changes to an array that a frozen record holds."""
    array.flags.writeable = False
