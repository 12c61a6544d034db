from .henmi_copas_interval import PooledHenmiCopas as PooledHenmiCopas
from .henmi_copas_interval import henmi_copas as henmi_copas
from .interval_rules import INTERVAL_RULES as INTERVAL_RULES
from .interval_rules import cochrane_test as cochrane_test
from .interval_rules import iqwig_test as iqwig_test
from .likelihood_statistics import FitStatistics as FitStatistics
from .likelihood_statistics import (
    fit_statistics as fit_statistics,
)
from .likelihood_statistics import (
    profile_likelihood_interval as profile_likelihood_interval,
)
from .natural_scale import has_natural_scale as has_natural_scale
from .natural_scale import natural_studies as natural_studies
from .natural_scale import natural_summary as natural_summary
from .new_study import NewStudyProbability as NewStudyProbability
from .new_study import (
    fitted_new_study_probability as fitted_new_study_probability,
)
from .new_study import (
    new_study_probability as new_study_probability,
)
from .own_studies import PooledFile as PooledFile
from .own_studies import pool_own as pool_own
from .policies import POLICIES as POLICIES
from .policies import Plan as Plan
from .policies import Policy as Policy
from .policies import describe_method as describe_method
from .policies import describe_prediction as describe_prediction
from .policies import make_plan as make_plan
from .pooled_effect import PooledEffect as PooledEffect
from .pooling import pool as pool
from .prediction import PREDICTION_INTERVALS as PREDICTION_INTERVALS
from .prediction import PredictionInterval as PredictionInterval
from .prediction import predict_interval as predict_interval
from .single_arm import PROPORTION_TRANSFORMS as PROPORTION_TRANSFORMS
from .single_arm import RATE_TRANSFORMS as RATE_TRANSFORMS
from .single_arm import pool_proportions as pool_proportions
from .single_arm import pool_rates as pool_rates
from .single_arm_summary import (
    PooledProportion as PooledProportion,
)
from .single_arm_summary import (
    PooledRate as PooledRate,
)
from .single_arm_summary import (
    SingleArmSummary as SingleArmSummary,
)
from .summary_interval import MeanInterval as MeanInterval
from .summary_interval import choose_interval as choose_interval
from .summary_interval import (
    mean_interval as mean_interval,
)
from .summary_tests import SUMMARY_TESTS as SUMMARY_TESTS
