from .beta_binomial import (
    PooledBetaBinomial as PooledBetaBinomial,
)
from .beta_binomial import (
    pool_beta_binomial as pool_beta_binomial,
)
from .common_effect import CommonEffectHeterogeneity as CommonEffectHeterogeneity
from .exact import PooledExact as PooledExact
from .exact import pool_exact as pool_exact
from .firth import PooledFirth as PooledFirth
from .firth import pool_firth as pool_firth
from .glmm import MODELS as MODELS
from .glmm import pool_glmm as pool_glmm
from .glmm_result import PooledGlmm as PooledGlmm
from .mantel_haenszel import (
    PooledMantelHaenszel as PooledMantelHaenszel,
)
from .mantel_haenszel import (
    pool_mantel_haenszel as pool_mantel_haenszel,
)
from .mantel_haenszel_estimates import ESTIMATES as ESTIMATES
from .mantel_haenszel_estimates import Estimate as Estimate
from .mantel_haenszel_estimates import (
    odds_ratio as odds_ratio,
)
from .mantel_haenszel_estimates import (
    rate_difference as rate_difference,
)
from .mantel_haenszel_estimates import (
    rate_ratio as rate_ratio,
)
from .mantel_haenszel_estimates import (
    risk_difference as risk_difference,
)
from .mantel_haenszel_estimates import (
    risk_ratio as risk_ratio,
)
from .panel import RareEventsPanel as RareEventsPanel
from .panel import rare_events as rare_events
from .panel_rows import PanelRow as PanelRow
from .peto import PooledPeto as PooledPeto
from .peto import pool_peto as pool_peto
from .stratified_tests import ChiSquaredTest as ChiSquaredTest
from .stratified_tests import (
    association_tests as association_tests,
)
from .stratified_tests import (
    homogeneity_tests as homogeneity_tests,
)
from .stratified_tests import (
    rate_association_test as rate_association_test,
)
