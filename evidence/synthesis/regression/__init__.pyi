from .coefficients import CoefficientTable as CoefficientTable
from .coefficients import WaldTest as WaldTest
from .common_subgroups import SubgroupEffect as SubgroupEffect
from .fit import meta_regression as meta_regression
from .heterogeneity_intervals import INTERVALS as INTERVALS
from .heterogeneity_intervals import (
    HeterogeneityInterval as HeterogeneityInterval,
)
from .heterogeneity_intervals import (
    heterogeneity_interval as heterogeneity_interval,
)
from .model_comparison import LikelihoodRatioTest as LikelihoodRatioTest
from .model_comparison import (
    compare_models as compare_models,
)
from .model_comparison import (
    explained_share as explained_share,
)
from .model_comparison import (
    information_criteria as information_criteria,
)
from .model_comparison import (
    joint_test as joint_test,
)
from .predicted_effects import (
    PredictedEffects as PredictedEffects,
)
from .predicted_effects import (
    predict_effects as predict_effects,
)
from .predicted_studies import (
    StudyPredictions as StudyPredictions,
)
from .predicted_studies import (
    predict_studies as predict_studies,
)
from .records import MetaRegression as MetaRegression
from .subgroups import Subgroups as Subgroups
from .subgroups import pool_subgroups as pool_subgroups
