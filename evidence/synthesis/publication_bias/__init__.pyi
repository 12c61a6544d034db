from .count_tests import harbord_test as harbord_test
from .count_tests import schwarzer_test as schwarzer_test
from .fail_safe import FailSafeN as FailSafeN
from .fail_safe import fail_safe_n as fail_safe_n
from .filled_studies import PooledTrimAndFill as PooledTrimAndFill
from .filled_studies import trim_and_fill as trim_and_fill
from .funnel_regression import (
    FunnelRegressionTest as FunnelRegressionTest,
)
from .precision_effect import PooledPetPeese as PooledPetPeese
from .precision_effect import pet_peese as pet_peese
from .regression_tests import PREDICTORS as PREDICTORS
from .regression_tests import (
    pustejovsky_test as pustejovsky_test,
)
from .regression_tests import (
    rank_test as rank_test,
)
from .regression_tests import (
    regression_test as regression_test,
)
from .selection_models import PooledSelection as PooledSelection
from .selection_models import selection_model as selection_model
from .selection_weights import WEIGHTS as WEIGHTS
from .significant_counts import (
    ExcessSignificanceTest as ExcessSignificanceTest,
)
from .significant_counts import (
    excess_significance as excess_significance,
)
from .size_tests import (
    debray_test as debray_test,
)
from .size_tests import (
    deeks_test as deeks_test,
)
from .size_tests import (
    peters_test as peters_test,
)
