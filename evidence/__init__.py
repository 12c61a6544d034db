"""A review whose every number can be followed to where it was printed or how it was computed.

Public names are imported when they are first used, so that ``import evidence`` costs nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evidence.analysis.report_files import build_report
    from evidence.analysis.run import AnalysisRun, run_analysis
    from evidence.analysis.verify import Verification, verify_report
    from evidence.effects.effect_sizes import EffectSizes, effect_size
    from evidence.errors import (
        AnalysisFileError,
        BadInput,
        Caution,
        CurationError,
        DatasetError,
        EmptySelection,
        EvidenceError,
        EvidenceWarning,
        MissingLibrary,
        NotEstimable,
        TooFewStudies,
        UnknownName,
        VerificationError,
    )
    from evidence.report.forest_figure import ForestFigure, forest_plot
    from evidence.synthesis.certificate import certify
    from evidence.synthesis.explain import explain
    from evidence.synthesis.glmm import pool_glmm
    from evidence.synthesis.mantel_haenszel import pool_mantel_haenszel
    from evidence.synthesis.meta_regression import meta_regression
    from evidence.synthesis.multilevel import pool_multilevel
    from evidence.synthesis.pairwise import pool
    from evidence.synthesis.peto import pool_peto
    from evidence.synthesis.pooled_effect import PooledEffect
    from evidence.synthesis.regression_result import MetaRegression
    from evidence.synthesis.sensitivity import Sensitivity, sensitivity
    from evidence.synthesis.single_arm import pool_proportions, pool_rates
    from evidence.synthesis.single_arm_summary import PooledProportion, PooledRate
    from evidence.trials.load import Trials, load_trials
    from evidence.trials.query import query

    __version__: str

_HOME = {
    "AnalysisFileError": "evidence.errors",
    "AnalysisRun": "evidence.analysis.run",
    "BadInput": "evidence.errors",
    "Caution": "evidence.errors",
    "CurationError": "evidence.errors",
    "DatasetError": "evidence.errors",
    "EffectSizes": "evidence.effects.effect_sizes",
    "EmptySelection": "evidence.errors",
    "EvidenceError": "evidence.errors",
    "EvidenceWarning": "evidence.errors",
    "ForestFigure": "evidence.report.forest_figure",
    "MetaRegression": "evidence.synthesis.regression_result",
    "MissingLibrary": "evidence.errors",
    "NotEstimable": "evidence.errors",
    "PooledEffect": "evidence.synthesis.pooled_effect",
    "PooledProportion": "evidence.synthesis.single_arm_summary",
    "PooledRate": "evidence.synthesis.single_arm_summary",
    "Sensitivity": "evidence.synthesis.sensitivity",
    "TooFewStudies": "evidence.errors",
    "Trials": "evidence.trials.load",
    "UnknownName": "evidence.errors",
    "Verification": "evidence.analysis.verify",
    "VerificationError": "evidence.errors",
    "build_report": "evidence.analysis.report_files",
    "certify": "evidence.synthesis.certificate",
    "effect_size": "evidence.effects.effect_sizes",
    "explain": "evidence.synthesis.explain",
    "forest_plot": "evidence.report.forest_figure",
    "load_trials": "evidence.trials.load",
    "meta_regression": "evidence.synthesis.meta_regression",
    "pool": "evidence.synthesis.pairwise",
    "pool_glmm": "evidence.synthesis.glmm",
    "pool_mantel_haenszel": "evidence.synthesis.mantel_haenszel",
    "pool_multilevel": "evidence.synthesis.multilevel",
    "pool_peto": "evidence.synthesis.peto",
    "pool_proportions": "evidence.synthesis.single_arm",
    "pool_rates": "evidence.synthesis.single_arm",
    "query": "evidence.trials.query",
    "run_analysis": "evidence.analysis.run",
    "sensitivity": "evidence.synthesis.sensitivity",
    "verify_report": "evidence.analysis.verify",
}

__all__ = [
    "AnalysisFileError",
    "AnalysisRun",
    "BadInput",
    "Caution",
    "CurationError",
    "DatasetError",
    "EffectSizes",
    "EmptySelection",
    "EvidenceError",
    "EvidenceWarning",
    "ForestFigure",
    "MetaRegression",
    "MissingLibrary",
    "NotEstimable",
    "PooledEffect",
    "PooledProportion",
    "PooledRate",
    "Sensitivity",
    "TooFewStudies",
    "Trials",
    "UnknownName",
    "Verification",
    "VerificationError",
    "__version__",
    "build_report",
    "certify",
    "effect_size",
    "explain",
    "forest_plot",
    "load_trials",
    "meta_regression",
    "pool",
    "pool_glmm",
    "pool_mantel_haenszel",
    "pool_multilevel",
    "pool_peto",
    "pool_proportions",
    "pool_rates",
    "query",
    "run_analysis",
    "sensitivity",
    "verify_report",
]


def __getattr__(name: str) -> object:
    if name == "__version__":
        value: object = _version()
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'evidence' has no attribute {name!r}", name=name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def _version() -> str:
    from importlib.metadata import version

    return version("ms-evidence")


if "IPython" in sys.modules:
    from evidence.interfaces.notebook import register_formatters

    register_formatters()
