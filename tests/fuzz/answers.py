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

from draws import Call
from evidence.errors import EvidenceError, EvidenceWarning

#: What a documented gap is called in the docstring of a record.
_GAP = re.compile(r"NaN|infinit|\binf\b", re.IGNORECASE)


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
    gaps = sorted({gap for part in parts[: 1 + len(call.after)] for gap in undocumented(part, "")})
    if gaps and not dataclasses.is_dataclass(found) and _GAP.search(call.function.__doc__ or ""):
        return Answer("result", "")
    return Answer("defect", f"not finite: {', '.join(gaps)}") if gaps else Answer("result", "")


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
        isinstance(value, np.ndarray)
        and value.dtype.kind == "f"
        and not np.all(np.isfinite(value))
    ):
        yield f"{where or 'result'} holds {value[~np.isfinite(value)][0]}"


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
