"""Effects and variances of any kind, for the claim that a method computes or refuses."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

ANY = st.one_of(st.floats(), st.floats(-10, 10), st.sampled_from([0.0, 0.1, 1e-300, 1e300]))


@st.composite
def any_studies(draw, most):
    """Lists of effects and variances of up to ``most`` numbers, half of them made usable."""
    yi = draw(st.lists(ANY, max_size=most))
    vi = draw(st.lists(ANY | st.floats(1e-3, 10), max_size=most))
    if not draw(st.booleans()):
        return yi, vi
    size = min(len(yi), len(vi))
    effects = [float(np.clip(np.nan_to_num(y), -1e9, 1e9)) for y in yi[:size]]
    return effects, [float(np.clip(abs(np.nan_to_num(v)), 1e-9, 1e9)) for v in vi[:size]]
