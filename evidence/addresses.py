"""Addresses of functions that ledgers name: public paths, which no move of a file changes.

A ledger says which function gave a number. It names it as a user would call it, such as
``evidence.pool`` or ``evidence.synthesis.certificates.certify_effects``: a name that a face (the
lazy ``__init__`` of a room) lists. Ledgers of version 0.1.0 named functions by the module in which
they stood; those addresses are kept in :data:`FORMER`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from typing import Any, Final, cast

from evidence.errors import VerificationError


def address_of(function: Callable[..., object]) -> str:
    """Public path of a function: the shortest one under which a face lists it.

    Raises
    ------
    VerificationError
        If no face lists it, so that nobody could call it again.
    """
    name = function.__qualname__
    for face in _faces(function.__module__):
        if name in _listed(face) and getattr(import_module(face), name) is function:
            return f"{face}.{name}"
    raise VerificationError(
        f"A ledger was to name {function.__module__}.{name}, which has no public path. List it in "
        "the __init__.pyi of its room."
    )


def function_at(address: str) -> Callable[..., Any]:
    """Function of this package at a public path, or at one that earlier ledgers used.

    Raises
    ------
    VerificationError
        If it is no function of this package, or this version does not have it.
    """
    face, _, name = FORMER.get(address, address).rpartition(".")
    if face.partition(".")[0] != "evidence":
        raise VerificationError(
            f"The ledger names {address!r}, which is not a function of this package."
        )
    try:
        found: Any = getattr(import_module(face), name) if name in _listed(face) else None
    except (ImportError, AttributeError) as error:
        raise VerificationError(
            f"The ledger names {address!r}, which this version does not have."
        ) from error
    if not callable(found):
        raise VerificationError(f"The ledger names {address!r}, which this version does not have.")
    return cast(Callable[..., Any], found)


def _faces(module: str) -> Iterator[str]:
    """Packages around a module, from the outermost."""
    parts = module.split(".")
    yield from (".".join(parts[:depth]) for depth in range(1, len(parts)))


@cache
def _listed(face: str) -> frozenset[str]:
    return frozenset(getattr(import_module(face), "__all__", ()))


#: Where ledgers of version 0.1.0 found functions: module of that day, public path of today, names.
_MOVED: Final[tuple[tuple[str, str, str], ...]] = (
    ("evidence.analysis.audit_report", "evidence.analysis", "length_of"),
    ("evidence.analysis.thresholds", "evidence.analysis", "threshold_side"),
    (
        "evidence.effects.arm_estimates",
        "evidence",
        "log_ratio_of_rates log_ratio_of_rates_of_patients proportion_from_interval",
    ),
    ("evidence.effects.conversions", "evidence.effects", "wald_interval"),
    ("evidence.effects.effect_sizes", "evidence", "effect_size"),
    ("evidence.effects.printed_percentages", "evidence.effects", "events_behind"),
    (
        "evidence.outcomes.summary_statistics",
        "evidence.outcomes",
        "complement mean_of percentage relative_reduction relative_reduction_from_arms total",
    ),
    ("evidence.report.ledger", "evidence.report", "count_true"),
    ("evidence.synthesis.certificate", "evidence.synthesis.certificates", "certify_effects"),
    ("evidence.synthesis.explain", "evidence", "explain"),
    ("evidence.synthesis.pairwise", "evidence", "pool"),
    (
        "evidence.synthesis.policies",
        "evidence.synthesis.pairwise",
        "describe_method describe_prediction",
    ),
    ("evidence.trials.audit_rules.complements", "evidence.trials.audit", "complement_of"),
    ("evidence.trials.audit_rules.counts", "evidence.trials.audit", "shares_of"),
    ("evidence.trials.audit_rules.differing", "evidence.trials.audit", "difference_of"),
    (
        "evidence.trials.audit_rules.doses",
        "evidence.trials.audit",
        "cumulative_of dose_of_arm total_of_years",
    ),
    (
        "evidence.trials.audit_rules.effects",
        "evidence.trials.audit",
        "effect_of_arms reduction_of_ratio",
    ),
    ("evidence.trials.audit_rules.limit_p_values", "evidence.trials.audit", "p_of_limits"),
    ("evidence.trials.audit_rules.limits", "evidence.trials.audit", "inside_of middle_of"),
    ("evidence.trials.audit_rules.names", "evidence.trials.audit", "shared_of"),
    ("evidence.trials.audit_rules.over_time", "evidence.trials.audit", "back_of"),
    (
        "evidence.trials.audit_rules.p_values",
        "evidence.trials.audit",
        "legend_of p_values_of word_of",
    ),
    ("evidence.trials.audit_rules.percentages", "evidence.trials.audit", "numerators_of"),
    ("evidence.trials.audit_rules.pooled", "evidence.trials.audit", "between_of"),
    (
        "evidence.trials.audit_rules.populations",
        "evidence.trials.audit",
        "fewer_of larger_of scale_of",
    ),
    (
        "evidence.trials.audit_rules.rates",
        "evidence.trials.audit",
        "difference_of_means rate_of_count",
    ),
    (
        "evidence.trials.audit_rules.spreads",
        "evidence.trials.audit",
        "binomial_of deviation_in_range error_of_deviation error_of_limits",
    ),
    ("evidence.trials.audit_rules.sums", "evidence.trials.audit", "sum_of"),
    ("evidence.trials.audit_rules.tables", "evidence.trials.audit", "odds_of_counts p_of_counts"),
)
#: Addresses in earlier ledgers, and the public path of each function today.
FORMER: Final[Mapping[str, str]] = {
    f"{module}.{name}": f"{face}.{name}" for module, face, names in _MOVED for name in names.split()
}
