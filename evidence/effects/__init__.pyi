from .absolute_effects import AbsoluteEffect as AbsoluteEffect
from .absolute_effects import NumberNeededToTreat as NumberNeededToTreat
from .absolute_effects import (
    absolute_effect as absolute_effect,
)
from .absolute_effects import (
    convert_effect as convert_effect,
)
from .absolute_effects import (
    newcombe_interval as newcombe_interval,
)
from .absolute_effects import (
    number_needed_to_treat as number_needed_to_treat,
)
from .absolute_effects import (
    risk_with_treatment as risk_with_treatment,
)
from .arm_estimates import ArmEffects as ArmEffects
from .arm_estimates import (
    log_ratio_of_rates as log_ratio_of_rates,
)
from .arm_estimates import (
    log_ratio_of_rates_of_patients as log_ratio_of_rates_of_patients,
)
from .arm_estimates import (
    proportion_from_interval as proportion_from_interval,
)
from .arm_summaries import (
    change_correlation as change_correlation,
)
from .arm_summaries import (
    change_sd as change_sd,
)
from .arm_summaries import (
    combine_events as combine_events,
)
from .arm_summaries import (
    combine_groups as combine_groups,
)
from .arm_summaries import (
    design_effect as design_effect,
)
from .arm_summaries import (
    sd_from_ci as sd_from_ci,
)
from .arm_summaries import (
    sd_from_p as sd_from_p,
)
from .arm_summaries import (
    sd_from_se as sd_from_se,
)
from .continuous import VARIANCE_TYPES as VARIANCE_TYPES
from .continuous import small_sample_correction as small_sample_correction
from .conversions import back_transform as back_transform
from .conversions import critical_value as critical_value
from .conversions import (
    log_or_from_smd as log_or_from_smd,
)
from .conversions import (
    r_from_smd as r_from_smd,
)
from .conversions import (
    se_from_ci as se_from_ci,
)
from .conversions import (
    se_from_p as se_from_p,
)
from .conversions import (
    smd_from_log_or as smd_from_log_or,
)
from .conversions import (
    smd_from_r as smd_from_r,
)
from .conversions import (
    smd_from_t as smd_from_t,
)
from .conversions import statistic_from_p as statistic_from_p
from .conversions import (
    wald_interval as wald_interval,
)
from .conversions import (
    z_from_r as z_from_r,
)
from .effect_sizes import EffectSizes as EffectSizes
from .effect_sizes import effect_size as effect_size
from .measures import MEASURES as MEASURES
from .measures import Measure as Measure
from .own_effects import OwnNumbers as OwnNumbers
from .own_effects import own_numbers as own_numbers
from .printed_percentages import PrintedPercentages as PrintedPercentages
from .printed_percentages import (
    events_behind as events_behind,
)
from .printed_percentages import (
    events_from_percentages as events_from_percentages,
)
from .proportions import INTERVALS as INTERVALS
from .proportions import arcsine_inverse as arcsine_inverse
from .proportions import double_arcsine_inverse as double_arcsine_inverse
from .proportions import harmonic_mean as harmonic_mean
from .proportions import proportion_interval as proportion_interval
from .published import PublishedEffects as PublishedEffects
from .published import (
    difference_from_ci as difference_from_ci,
)
from .published import (
    log_ratio_from_ci as log_ratio_from_ci,
)
from .published import (
    log_ratio_from_p as log_ratio_from_p,
)
from .quantiles import MEAN_METHODS as MEAN_METHODS
from .quantiles import SCENARIOS as SCENARIOS
from .quantiles import SD_METHODS as SD_METHODS
from .quantiles import (
    mean_from_quantiles as mean_from_quantiles,
)
from .quantiles import (
    sd_from_quantiles as sd_from_quantiles,
)
from .rates import RATE_INTERVALS as RATE_INTERVALS
from .rates import freeman_tukey_rate_inverse as freeman_tukey_rate_inverse
from .rates import (
    person_time as person_time,
)
from .rates import (
    rate_interval as rate_interval,
)
from .rates import (
    risk_from_rate as risk_from_rate,
)
from .time_to_event import (
    log_hazard_ratio_from_logrank as log_hazard_ratio_from_logrank,
)
from .time_to_event import (
    log_hazard_ratio_from_p as log_hazard_ratio_from_p,
)
from .time_to_event import (
    logrank_variance as logrank_variance,
)
from .time_to_event import (
    logrank_variance_by_arm as logrank_variance_by_arm,
)
from .zero_cells import ZERO_CELL_RULES as ZERO_CELL_RULES
from .zero_cells import ZeroCellRule as ZeroCellRule
