from .design_matrix import build_design as build_design
from .grouping import RandomStructure as RandomStructure
from .grouping import nested as nested
from .sampling_covariances import (
    arm_overlap as arm_overlap,
)
from .sampling_covariances import (
    outcome_correlation as outcome_correlation,
)
from .sampling_covariances import (
    sampling_covariance as sampling_covariance,
)
from .sampling_covariances import (
    time_correlation as time_correlation,
)
