"""Options of commands that take one of several names, which their help lists from the tables.

The tables stand beside the methods, so they are read when help is asked for and not before:
``evidence --help`` imports none of them. What is no name is refused by the method itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import click


class NamedOption(click.Option):
    """An option whose help ends with the names that there are.

    Parameters
    ----------
    names : callable
        Gives the names.
    """

    def __init__(self, *args: Any, names: Callable[[], Iterable[str]], **settings: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **settings)
        self.names = names

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Help with the names."""
        words, self.help = self.help, f"{self.help}: {', '.join(self.names())}."
        try:
            return super().get_help_record(ctx)
        finally:
            self.help = words


def estimators() -> Iterable[str]:
    """Names of estimators of tau2."""
    from evidence.synthesis.heterogeneity.estimators import ESTIMATORS

    return ESTIMATORS


def policies() -> Iterable[str]:
    """Names of policies."""
    from evidence.synthesis.pairwise.policies import POLICIES

    return tuple(POLICIES)


def summary_tests() -> Iterable[str]:
    """Names of tests of the summary."""
    from evidence.synthesis.pairwise.summary_tests import SUMMARY_TESTS

    return tuple(SUMMARY_TESTS)


def predictions() -> Iterable[str]:
    """Names of prediction intervals, and the one for none."""
    from evidence.synthesis.pairwise.prediction import PREDICTION_INTERVALS

    return (*PREDICTION_INTERVALS, "none")


def measures() -> Iterable[str]:
    """Names of measures of effect."""
    from evidence.effects.measures import MEASURES

    return tuple(MEASURES)


def bad_row_rules() -> Iterable[str]:
    """Names of rules for rows that cannot be used."""
    from evidence.synthesis.stacks.row_faults import BAD_ROW_RULES

    return tuple(BAD_ROW_RULES)


def searches() -> Iterable[str]:
    """Names of searches over subsets of studies."""
    from evidence.synthesis.inputs.study_sets import SUBSETS

    return tuple(SUBSETS)
