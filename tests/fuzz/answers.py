"""What a call may answer: a finite result, or one of our errors; and what is neither."""

from __future__ import annotations

import dataclasses
import math
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evidence.errors import EvidenceError, EvidenceWarning
from tests.fuzz.draws import Call

#: What a documented gap is called in the docstring of a record.
_GAP = re.compile(r"NaN|infinit|\binf\b", re.IGNORECASE)
#: Ranges of quantities by the name of their field.
_RANGES = {
    **dict.fromkeys(("p_value", "q_p", "lrt_p", "mid_p", "i2", "i2_q", "probability"), (0.0, 1.0)),
    **dict.fromkeys(("se", "intercept_se", "slope_se", "score_se"), (5e-324, np.inf)),
    **dict.fromkeys(("tau2", "tau", "q", "h2", "vi", "weights", "power"), (0.0, np.inf)),
}
#: Fields of the same name that are something else: Kendall's tau, and percentages.
_OTHER_RANGES = {("RankTest", "tau"): (-1.0, 1.0), ("Setting", "i2"): (0.0, 100.0)}
_PAIRS = (
    ("ci_low", "ci_high"),
    ("low", "high"),
    ("tau2_ci_low", "tau2_ci_high"),
    ("i2_ci_low", "i2_ci_high"),
    ("prediction_low", "prediction_high"),
)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a call ended: "result", "refusal" or "defect", and what there is to say about it."""

    kind: str
    text: str


def answer(call: Call) -> Answer:
    """Make the call and judge what comes back."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", EvidenceWarning)
        try:
            found = call.function(**call.kwargs)
        except EvidenceError as refusal:
            return _of_refusal(refusal)
        except Exception as failure:
            return Answer("defect", f"{type(failure).__name__}: {failure}")
        try:
            parts = [found, *(ask(found) for ask in call.after), *_shown(found)]
        except Exception as failure:
            return Answer("defect", f"after the result, {type(failure).__name__}: {failure}")
    asked = parts[: 1 + len(call.after)]
    gaps = sorted({gap for part in asked for gap in undocumented(part, "")})
    if gaps and not dataclasses.is_dataclass(found) and _GAP.search(call.function.__doc__ or ""):
        return Answer("result", "")
    if gaps:
        return Answer("defect", f"not finite: {', '.join(gaps)}")
    faults = sorted({fault for part in asked for fault in impossible(part)})
    return Answer("defect", f"impossible: {', '.join(faults)}") if faults else Answer("result", "")


def _of_refusal(refusal: EvidenceError) -> Answer:
    text = str(refusal)
    clear = len(text) >= 30 and " " in text
    return Answer("refusal" if clear else "defect", text)


def _shown(found: Any) -> Iterator[Any]:
    """Tables and printed forms, which must not fail when the result does not."""
    for part in found if isinstance(found, tuple) else (found,):
        if hasattr(part, "to_frame") and np.ndim(getattr(part, "yi", ())) < 2:
            yield part.to_frame()
        yield str(part)
        yield repr(part)


def undocumented(value: Any, where: str) -> Iterator[str]:
    """Places of numbers that are not finite, and whose record does not say that they may be."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            part = getattr(value, field.name)
            if not is_documented(type(value), field.name):
                yield from undocumented(part, f"{type(value).__name__}.{field.name}")
    elif isinstance(value, dict):
        for name, part in value.items():
            yield from undocumented(part, f"{where}[{name}]")
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from undocumented(part, where)
    elif isinstance(value, (pd.DataFrame, pd.Series, str)) or value is None:
        return
    elif isinstance(value, (float, np.floating)):
        if not math.isfinite(value):
            yield f"{where or 'result'} {value}"
    elif (
        isinstance(value, np.ndarray) and value.dtype.kind == "f" and not np.all(np.isfinite(value))
    ):
        yield f"{where or 'result'} holds {value[~np.isfinite(value)][0]}"


def impossible(value: Any) -> Iterator[str]:
    """Numbers of a record that cannot be, whatever the data are."""
    if isinstance(value, (list, tuple)):
        for part in value:
            yield from impossible(part)
    if not dataclasses.is_dataclass(value) or isinstance(value, type):
        return
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    name = type(value).__name__
    for field, part in fields.items():
        yield from impossible(part)
        array = _numbers(part)
        low, high = _OTHER_RANGES.get((name, field)) or _RANGES.get(field, (-np.inf, np.inf))
        if array is not None and np.any((array < low) | (array > high)):
            yield f"{name}.{field} {part!r:.60}"
    for low_name, high_name in _PAIRS:
        ends = [_numbers(fields.get(end)) for end in (low_name, high_name)]
        if ends[0] is not None and ends[1] is not None and np.any(ends[0] > ends[1]):
            yield f"{name}.{low_name} above {high_name}"
    inside = [_numbers(fields.get(end)) for end in ("ci_low", "estimate", "ci_high")]
    if all(part is not None for part in inside):
        middle = np.asarray(inside[1])
        room = 1e-9 * np.abs(middle)
        if np.any(inside[0] > middle + room) or np.any(inside[2] < middle - room):
            yield f"{name}.estimate outside its interval"


def _numbers(part: Any) -> np.ndarray | None:
    if isinstance(part, bool) or not isinstance(part, (int, float, np.number, np.ndarray)):
        return None
    array = np.asarray(part)
    return array if array.dtype.kind in "fi" else None


def is_documented(record: type, name: str) -> bool:
    """Whether the docstring of a record says that a field may be NaN or infinite."""
    lines = (record.__doc__ or "").splitlines()
    for i, line in enumerate(lines):
        head, _, _ = line.strip().partition(" : ")
        if " : " in line and name in [part.strip() for part in head.split(",")]:
            indent = len(line) - len(line.lstrip())
            body = []
            for more in lines[i + 1 :]:
                if more.strip() and len(more) - len(more.lstrip()) <= indent:
                    break
                body.append(more)
            return bool(_GAP.search(" ".join(body)))
    return False
