import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from evidence.errors import NotEstimable
from evidence.synthesis.numerics.newton import Total, maximise


def test_the_search_leaves_a_saddle_point():
    def objective(point):
        x, y = point
        gradient = np.array([-2 * x, y - y**3])
        hessian = np.array([[-2.0, 0.0], [0.0, 1 - 3 * y**2]])
        return Total(float(-(x**2) + y**2 / 2 - y**4 / 4), gradient, hessian)

    found = maximise(objective, np.array([1.0, 0.0]), np.array([True, True]), rounding=1e-12)
    assert_allclose(np.abs(found.point), [0.0, 1.0], atol=1e-8)


def test_a_search_without_a_maximum_is_refused():
    def objective(point):
        rise = math.atan(point[0])
        slope = 1 / (1 + point[0] ** 2)
        return Total(rise, np.array([slope]), np.array([[-2 * point[0] * slope**2]]))

    with pytest.raises(NotEstimable, match="without bound"):
        maximise(objective, np.array([1.0]), np.array([True]), rounding=1e-12)
