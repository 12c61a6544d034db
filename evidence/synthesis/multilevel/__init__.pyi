from .cluster_robust import (
    RobustModel as RobustModel,
)
from .cluster_robust import (
    joint_robust_test as joint_robust_test,
)
from .cluster_robust import (
    robust as robust,
)
from .fit import pool_multilevel as pool_multilevel
from .profile_intervals import ProfileInterval as ProfileInterval
from .profile_intervals import profile_interval as profile_interval
from .records import PooledMultilevel as PooledMultilevel
from .records import RandomEffect as RandomEffect
from .robust_variance import WORKING_MODELS as WORKING_MODELS
from .robust_variance import PooledRobust as PooledRobust
from .robust_variance import pool_robust as pool_robust
from .sandwich import ADJUSTMENTS as ADJUSTMENTS
