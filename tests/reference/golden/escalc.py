"""Effect sizes: the cases are calls of metafor's ``escalc``."""

import numpy as np

from evidence import effect_size
from evidence.effects import MEASURES
from tests.reference.golden.compare import CLOSED_FORM, Check, NotSupported, require_offered

#: What metafor did before the version (4.6, 5.0) in which it changed.
BEFORE_METAFOR_5 = {
    "SMDH": {"vtype": "J2"},
    "ROM": {"correct": False},
    "CVR": {"correct": False},
}
OPTIONS = ("add", "to", "drop00", "vtype")
GSL = (
    "GSL's hyperg_2F1, which R uses, is wrong by up to some percent for arguments above 0.995 "
    "when c - a - b is an integer: here the squared correlation is below 0.005 and n is even"
)
#: Farther from ours, relatively, GSL is not to blame.
GSL_AT_MOST = 0.1


def checks(case: dict) -> list[Check]:
    """Compare yi and vi with metafor 3.8, and with metafor 5 where that differs."""
    measure = case["inputs"]["measure"]
    inputs = {name: value for name, value in case["inputs"].items() if name != "measure"}
    if measure not in MEASURES:
        raise NotSupported(f"measure {measure}")
    options = {name: inputs.pop(name) for name in OPTIONS if name in inputs}
    strange = [name for name, value in inputs.items() if not isinstance(value, list)]
    if strange:
        raise NotSupported(f"{measure} with {', '.join(sorted(strange))}")
    before = BEFORE_METAFOR_5.get(measure, {})
    found = _compare("", measure, inputs, {**options, **before}, case["expected"])
    if "expected_metafor5" in case:
        found += _compare("metafor5 ", measure, inputs, options, case["expected_metafor5"])
    return found


def _compare(
    prefix: str, measure: str, columns: dict, options: dict, expected: dict
) -> list[Check]:
    require_offered(expected, ("yi", "vi"))
    table = {name: np.array(values, dtype=float) for name, values in columns.items()}
    complete = ~np.any([np.isnan(values) for values in table.values()], axis=0)
    y = np.full(len(complete), np.nan)
    v = y.copy()
    if complete.any():
        kept = {name: values[complete] for name, values in table.items()}
        effects = effect_size(measure, **kept, **options)
        y[complete], v[complete] = effects.yi, effects.vi
    # R leaves one of the two as a number in some rows that have no effect size
    y_ref, v_ref = (np.array(expected[name], dtype=float) for name in ("yi", "vi"))
    missing = np.isnan(y_ref) | np.isnan(v_ref)
    y_ref, v_ref = (np.where(missing, np.nan, values) for values in (y_ref, v_ref))
    return [
        Check(
            quantity=f"{prefix}{name}[{i + 1}]",
            got=float(got[i]),
            expected=float(reference[i]),
            tolerance=CLOSED_FORM,
            excuse=GSL if measure == "UCOR" and _gsl_is_wrong(table, i, got, reference) else "",
        )
        for name, got, reference in (("yi", y, y_ref), ("vi", v, v_ref))
        for i in range(len(complete))
    ]


def _gsl_is_wrong(table: dict, i: int, got: np.ndarray, reference: np.ndarray) -> bool:
    near = abs(got[i] - reference[i]) <= GSL_AT_MOST * abs(reference[i])
    return bool(near and table["ri"][i] ** 2 <= 0.005 and table["ni"][i] % 2 == 0)
