from .estimators import (
    ESTIMATORS as ESTIMATORS,
)
from .estimators import (
    Estimator as Estimator,
)
from .measures import CochranQTest as CochranQTest
from .measures import Tau2Interval as Tau2Interval
from .measures import (
    cochran_q as cochran_q,
)
from .measures import (
    i2_from_q as i2_from_q,
)
from .measures import (
    i2_from_tau2 as i2_from_tau2,
)
from .measures import (
    q_profile_interval as q_profile_interval,
)
from .tau2_estimates import Tau2Estimate as Tau2Estimate
from .tau2_estimates import estimate_tau2 as estimate_tau2
from .weighted_q import WEIGHT_RULES as WEIGHT_RULES
from .weighted_q import (
    GeneralisedQTest as GeneralisedQTest,
)
from .weighted_q import (
    generalised_q as generalised_q,
)
from .weighted_q import (
    generalised_q_interval as generalised_q_interval,
)
