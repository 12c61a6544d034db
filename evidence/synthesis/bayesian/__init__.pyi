from .pooling import PooledBayesian as PooledBayesian
from .pooling import pool_bayesian as pool_bayesian
from .priors import TauPrior as TauPrior
from .priors import (
    half_cauchy as half_cauchy,
)
from .priors import (
    half_normal as half_normal,
)
from .priors import (
    half_t as half_t,
)
from .priors import (
    log_normal as log_normal,
)
from .probabilities import (
    PosteriorProbability as PosteriorProbability,
)
from .probabilities import (
    posterior_probability as posterior_probability,
)
from .summaries import PosteriorSummary as PosteriorSummary
