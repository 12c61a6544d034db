from . import synthesis as synthesis
from .analysis import (
    AnalysisRun as AnalysisRun,
)
from .analysis import (
    Verification as Verification,
)
from .analysis import (
    build_report as build_report,
)
from .analysis import (
    run_analysis as run_analysis,
)
from .analysis import (
    verify_report as verify_report,
)
from .effects import (
    EffectSizes as EffectSizes,
)
from .effects import (
    ZeroCellRule as ZeroCellRule,
)
from .effects import (
    absolute_effect as absolute_effect,
)
from .effects import (
    change_correlation as change_correlation,
)
from .effects import (
    change_sd as change_sd,
)
from .effects import (
    combine_events as combine_events,
)
from .effects import (
    combine_groups as combine_groups,
)
from .effects import (
    convert_effect as convert_effect,
)
from .effects import (
    design_effect as design_effect,
)
from .effects import (
    difference_from_ci as difference_from_ci,
)
from .effects import (
    effect_size as effect_size,
)
from .effects import (
    events_from_percentages as events_from_percentages,
)
from .effects import (
    log_hazard_ratio_from_logrank as log_hazard_ratio_from_logrank,
)
from .effects import (
    log_hazard_ratio_from_p as log_hazard_ratio_from_p,
)
from .effects import (
    log_or_from_smd as log_or_from_smd,
)
from .effects import (
    log_ratio_from_ci as log_ratio_from_ci,
)
from .effects import (
    log_ratio_from_p as log_ratio_from_p,
)
from .effects import (
    log_ratio_of_rates as log_ratio_of_rates,
)
from .effects import (
    log_ratio_of_rates_of_patients as log_ratio_of_rates_of_patients,
)
from .effects import (
    logrank_variance as logrank_variance,
)
from .effects import (
    logrank_variance_by_arm as logrank_variance_by_arm,
)
from .effects import (
    mean_from_quantiles as mean_from_quantiles,
)
from .effects import (
    newcombe_interval as newcombe_interval,
)
from .effects import (
    number_needed_to_treat as number_needed_to_treat,
)
from .effects import (
    person_time as person_time,
)
from .effects import (
    proportion_from_interval as proportion_from_interval,
)
from .effects import (
    proportion_interval as proportion_interval,
)
from .effects import (
    r_from_smd as r_from_smd,
)
from .effects import (
    rate_interval as rate_interval,
)
from .effects import (
    risk_from_rate as risk_from_rate,
)
from .effects import (
    risk_with_treatment as risk_with_treatment,
)
from .effects import (
    sd_from_ci as sd_from_ci,
)
from .effects import (
    sd_from_p as sd_from_p,
)
from .effects import (
    sd_from_quantiles as sd_from_quantiles,
)
from .effects import (
    sd_from_se as sd_from_se,
)
from .effects import (
    se_from_ci as se_from_ci,
)
from .effects import (
    se_from_p as se_from_p,
)
from .effects import (
    smd_from_log_or as smd_from_log_or,
)
from .effects import (
    smd_from_r as smd_from_r,
)
from .effects import (
    smd_from_t as smd_from_t,
)
from .effects import (
    z_from_r as z_from_r,
)
from .errors import (
    AnalysisFileError as AnalysisFileError,
)
from .errors import (
    BadInput as BadInput,
)
from .errors import (
    Caution as Caution,
)
from .errors import (
    CurationError as CurationError,
)
from .errors import (
    DatasetError as DatasetError,
)
from .errors import (
    EmptySelection as EmptySelection,
)
from .errors import (
    EvidenceError as EvidenceError,
)
from .errors import (
    EvidenceWarning as EvidenceWarning,
)
from .errors import (
    MissingLibrary as MissingLibrary,
)
from .errors import (
    NotEstimable as NotEstimable,
)
from .errors import (
    TooFewStudies as TooFewStudies,
)
from .errors import (
    UnknownName as UnknownName,
)
from .errors import (
    VerificationError as VerificationError,
)
from .interfaces.registry.pooling import pool_many as pool_many
from .report import FigureFile as FigureFile
from .report import forest_plot as forest_plot
from .synthesis.bayesian import (
    half_cauchy as half_cauchy,
)
from .synthesis.bayesian import (
    half_normal as half_normal,
)
from .synthesis.bayesian import (
    half_t as half_t,
)
from .synthesis.bayesian import (
    log_normal as log_normal,
)
from .synthesis.bayesian import (
    pool_bayesian as pool_bayesian,
)
from .synthesis.bayesian import (
    posterior_probability as posterior_probability,
)
from .synthesis.certificates import certify as certify
from .synthesis.certificates import certify_regression as certify_regression
from .synthesis.heterogeneity import (
    generalised_q as generalised_q,
)
from .synthesis.heterogeneity import (
    generalised_q_interval as generalised_q_interval,
)
from .synthesis.inputs import sampling_covariance as sampling_covariance
from .synthesis.multilevel import pool_multilevel as pool_multilevel
from .synthesis.multilevel import robust as robust
from .synthesis.multiverse import DecisionRule as DecisionRule
from .synthesis.multiverse import multiverse as multiverse
from .synthesis.pairwise import (
    PooledEffect as PooledEffect,
)
from .synthesis.pairwise import (
    PooledProportion as PooledProportion,
)
from .synthesis.pairwise import (
    PooledRate as PooledRate,
)
from .synthesis.pairwise import (
    henmi_copas as henmi_copas,
)
from .synthesis.pairwise import (
    new_study_probability as new_study_probability,
)
from .synthesis.pairwise import (
    pool as pool,
)
from .synthesis.pairwise import (
    pool_proportions as pool_proportions,
)
from .synthesis.pairwise import (
    pool_rates as pool_rates,
)
from .synthesis.permutation import (
    permutation_interval as permutation_interval,
)
from .synthesis.permutation import (
    permutation_regression_test as permutation_regression_test,
)
from .synthesis.permutation import (
    permutation_test as permutation_test,
)
from .synthesis.publication_bias import (
    excess_significance as excess_significance,
)
from .synthesis.publication_bias import (
    fail_safe_n as fail_safe_n,
)
from .synthesis.publication_bias import (
    pet_peese as pet_peese,
)
from .synthesis.publication_bias import (
    rank_test as rank_test,
)
from .synthesis.publication_bias import (
    regression_test as regression_test,
)
from .synthesis.publication_bias import (
    selection_model as selection_model,
)
from .synthesis.publication_bias import (
    trim_and_fill as trim_and_fill,
)
from .synthesis.rare_events import (
    pool_beta_binomial as pool_beta_binomial,
)
from .synthesis.rare_events import (
    pool_exact as pool_exact,
)
from .synthesis.rare_events import (
    pool_firth as pool_firth,
)
from .synthesis.rare_events import (
    pool_glmm as pool_glmm,
)
from .synthesis.rare_events import (
    pool_mantel_haenszel as pool_mantel_haenszel,
)
from .synthesis.rare_events import (
    pool_peto as pool_peto,
)
from .synthesis.rare_events import (
    rare_events as rare_events,
)
from .synthesis.regression import (
    MetaRegression as MetaRegression,
)
from .synthesis.regression import (
    compare_models as compare_models,
)
from .synthesis.regression import (
    heterogeneity_interval as heterogeneity_interval,
)
from .synthesis.regression import (
    meta_regression as meta_regression,
)
from .synthesis.regression import (
    pool_subgroups as pool_subgroups,
)
from .synthesis.regression import (
    predict_effects as predict_effects,
)
from .synthesis.regression import (
    predict_studies as predict_studies,
)
from .synthesis.reproduction import explain as explain
from .synthesis.reproduction import explain_difference as explain_difference
from .synthesis.sensitivity import (
    Sensitivity as Sensitivity,
)
from .synthesis.sensitivity import (
    baujat as baujat,
)
from .synthesis.sensitivity import (
    cumulative as cumulative,
)
from .synthesis.sensitivity import (
    gosh as gosh,
)
from .synthesis.sensitivity import (
    influence as influence,
)
from .synthesis.sensitivity import (
    leave_one_out as leave_one_out,
)
from .synthesis.sensitivity import (
    sensitivity as sensitivity,
)
from .synthesis.sequential import (
    anticipated_difference as anticipated_difference,
)
from .synthesis.sequential import (
    anticipated_risk_reduction as anticipated_risk_reduction,
)
from .synthesis.sequential import (
    trial_sequential as trial_sequential,
)
from .synthesis.stacks import pool_stack as pool_stack
from .trials import Trials as Trials
from .trials import load_trials as load_trials
from .trials import query as query

__version__: str
