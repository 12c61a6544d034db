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
    from evidence.effects.absolute_effects import (
        absolute_effect,
        convert_effect,
        number_needed_to_treat,
    )
    from evidence.effects.effect_sizes import EffectSizes, effect_size
    from evidence.effects.printed_percentages import events_from_percentages
    from evidence.effects.zero_cells import ZeroCellRule
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
    from evidence.interfaces.registry.pooling import pool_many
    from evidence.report.forest_figure import ForestFigure, forest_plot
    from evidence.synthesis.batch import pool_stack
    from evidence.synthesis.bayesian import pool_bayesian
    from evidence.synthesis.beta_binomial import pool_beta_binomial
    from evidence.synthesis.certificate import certify
    from evidence.synthesis.decision_rules import DecisionRule
    from evidence.synthesis.exact_odds_ratio import pool_exact
    from evidence.synthesis.excess_significance import excess_significance
    from evidence.synthesis.explain import explain
    from evidence.synthesis.explain_difference import explain_difference
    from evidence.synthesis.fail_safe_n import fail_safe_n
    from evidence.synthesis.firth import pool_firth
    from evidence.synthesis.generalised_q import generalised_q, generalised_q_interval
    from evidence.synthesis.glmm import pool_glmm
    from evidence.synthesis.gosh import gosh
    from evidence.synthesis.henmi_copas import henmi_copas
    from evidence.synthesis.heterogeneity_intervals import heterogeneity_interval
    from evidence.synthesis.influence import baujat, influence
    from evidence.synthesis.mantel_haenszel import pool_mantel_haenszel
    from evidence.synthesis.meta_regression import meta_regression
    from evidence.synthesis.model_comparison import compare_models
    from evidence.synthesis.multilevel import pool_multilevel
    from evidence.synthesis.multiverse import multiverse
    from evidence.synthesis.new_study import new_study_probability
    from evidence.synthesis.pairwise import pool
    from evidence.synthesis.permutation import permutation_test
    from evidence.synthesis.permutation_interval import permutation_interval
    from evidence.synthesis.permutation_regression import permutation_regression_test
    from evidence.synthesis.pet_peese import pet_peese
    from evidence.synthesis.peto import pool_peto
    from evidence.synthesis.pooled_effect import PooledEffect
    from evidence.synthesis.posterior_probability import posterior_probability
    from evidence.synthesis.predicted_effects import predict_effects
    from evidence.synthesis.predicted_studies import predict_studies
    from evidence.synthesis.rare_events import rare_events
    from evidence.synthesis.regression_certificate import certify_regression
    from evidence.synthesis.regression_result import MetaRegression
    from evidence.synthesis.required_information import (
        anticipated_difference,
        anticipated_risk_reduction,
    )
    from evidence.synthesis.robust import robust
    from evidence.synthesis.sampling_covariances import sampling_covariance
    from evidence.synthesis.selection_models import selection_model
    from evidence.synthesis.sensitivity import Sensitivity, cumulative, leave_one_out, sensitivity
    from evidence.synthesis.single_arm import pool_proportions, pool_rates
    from evidence.synthesis.single_arm_summary import PooledProportion, PooledRate
    from evidence.synthesis.small_study_effects import rank_test, regression_test
    from evidence.synthesis.subgroups import pool_subgroups
    from evidence.synthesis.tau_priors import half_cauchy, half_normal, half_t, log_normal
    from evidence.synthesis.trial_sequential import trial_sequential
    from evidence.synthesis.trim_and_fill import trim_and_fill
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
    "DecisionRule": "evidence.synthesis.decision_rules",
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
    "ZeroCellRule": "evidence.effects.zero_cells",
    "absolute_effect": "evidence.effects.absolute_effects",
    "anticipated_difference": "evidence.synthesis.required_information",
    "anticipated_risk_reduction": "evidence.synthesis.required_information",
    "baujat": "evidence.synthesis.influence",
    "build_report": "evidence.analysis.report_files",
    "certify": "evidence.synthesis.certificate",
    "certify_regression": "evidence.synthesis.regression_certificate",
    "compare_models": "evidence.synthesis.model_comparison",
    "convert_effect": "evidence.effects.absolute_effects",
    "cumulative": "evidence.synthesis.sensitivity",
    "effect_size": "evidence.effects.effect_sizes",
    "events_from_percentages": "evidence.effects.printed_percentages",
    "excess_significance": "evidence.synthesis.excess_significance",
    "explain": "evidence.synthesis.explain",
    "explain_difference": "evidence.synthesis.explain_difference",
    "fail_safe_n": "evidence.synthesis.fail_safe_n",
    "forest_plot": "evidence.report.forest_figure",
    "generalised_q": "evidence.synthesis.generalised_q",
    "generalised_q_interval": "evidence.synthesis.generalised_q",
    "gosh": "evidence.synthesis.gosh",
    "half_cauchy": "evidence.synthesis.tau_priors",
    "half_normal": "evidence.synthesis.tau_priors",
    "half_t": "evidence.synthesis.tau_priors",
    "henmi_copas": "evidence.synthesis.henmi_copas",
    "heterogeneity_interval": "evidence.synthesis.heterogeneity_intervals",
    "influence": "evidence.synthesis.influence",
    "leave_one_out": "evidence.synthesis.sensitivity",
    "load_trials": "evidence.trials.load",
    "log_normal": "evidence.synthesis.tau_priors",
    "meta_regression": "evidence.synthesis.meta_regression",
    "multiverse": "evidence.synthesis.multiverse",
    "new_study_probability": "evidence.synthesis.new_study",
    "number_needed_to_treat": "evidence.effects.absolute_effects",
    "permutation_interval": "evidence.synthesis.permutation_interval",
    "permutation_regression_test": "evidence.synthesis.permutation_regression",
    "permutation_test": "evidence.synthesis.permutation",
    "pet_peese": "evidence.synthesis.pet_peese",
    "pool": "evidence.synthesis.pairwise",
    "pool_bayesian": "evidence.synthesis.bayesian",
    "pool_beta_binomial": "evidence.synthesis.beta_binomial",
    "pool_exact": "evidence.synthesis.exact_odds_ratio",
    "pool_firth": "evidence.synthesis.firth",
    "pool_glmm": "evidence.synthesis.glmm",
    "pool_mantel_haenszel": "evidence.synthesis.mantel_haenszel",
    "pool_many": "evidence.interfaces.registry.pooling",
    "pool_multilevel": "evidence.synthesis.multilevel",
    "pool_peto": "evidence.synthesis.peto",
    "pool_proportions": "evidence.synthesis.single_arm",
    "pool_rates": "evidence.synthesis.single_arm",
    "pool_stack": "evidence.synthesis.batch",
    "pool_subgroups": "evidence.synthesis.subgroups",
    "posterior_probability": "evidence.synthesis.posterior_probability",
    "predict_effects": "evidence.synthesis.predicted_effects",
    "predict_studies": "evidence.synthesis.predicted_studies",
    "query": "evidence.trials.query",
    "rank_test": "evidence.synthesis.small_study_effects",
    "rare_events": "evidence.synthesis.rare_events",
    "regression_test": "evidence.synthesis.small_study_effects",
    "robust": "evidence.synthesis.robust",
    "run_analysis": "evidence.analysis.run",
    "sampling_covariance": "evidence.synthesis.sampling_covariances",
    "selection_model": "evidence.synthesis.selection_models",
    "sensitivity": "evidence.synthesis.sensitivity",
    "trial_sequential": "evidence.synthesis.trial_sequential",
    "trim_and_fill": "evidence.synthesis.trim_and_fill",
    "verify_report": "evidence.analysis.verify",
}

__all__ = [
    "AnalysisFileError",
    "AnalysisRun",
    "BadInput",
    "Caution",
    "CurationError",
    "DatasetError",
    "DecisionRule",
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
    "ZeroCellRule",
    "__version__",
    "absolute_effect",
    "anticipated_difference",
    "anticipated_risk_reduction",
    "baujat",
    "build_report",
    "certify",
    "certify_regression",
    "compare_models",
    "convert_effect",
    "cumulative",
    "effect_size",
    "events_from_percentages",
    "excess_significance",
    "explain",
    "explain_difference",
    "fail_safe_n",
    "forest_plot",
    "generalised_q",
    "generalised_q_interval",
    "gosh",
    "half_cauchy",
    "half_normal",
    "half_t",
    "henmi_copas",
    "heterogeneity_interval",
    "influence",
    "leave_one_out",
    "load_trials",
    "log_normal",
    "meta_regression",
    "multiverse",
    "new_study_probability",
    "number_needed_to_treat",
    "permutation_interval",
    "permutation_regression_test",
    "permutation_test",
    "pet_peese",
    "pool",
    "pool_bayesian",
    "pool_beta_binomial",
    "pool_exact",
    "pool_firth",
    "pool_glmm",
    "pool_mantel_haenszel",
    "pool_many",
    "pool_multilevel",
    "pool_peto",
    "pool_proportions",
    "pool_rates",
    "pool_stack",
    "pool_subgroups",
    "posterior_probability",
    "predict_effects",
    "predict_studies",
    "query",
    "rank_test",
    "rare_events",
    "regression_test",
    "robust",
    "run_analysis",
    "sampling_covariance",
    "selection_model",
    "sensitivity",
    "trial_sequential",
    "trim_and_fill",
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
