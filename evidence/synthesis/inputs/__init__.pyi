from .design_matrix import Design as Design
from .design_matrix import build_design as build_design
from .event_counts import EventCounts as EventCounts
from .event_counts import read_counts as read_counts
from .grouping import RandomStructure as RandomStructure
from .grouping import nested as nested
from .random_effects import STRUCTURES as STRUCTURES
from .random_effects import RandomTerm as RandomTerm
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
from .study_order import TIES as TIES
from .study_order import StudyOrder as StudyOrder
from .study_order import order_studies as order_studies
from .study_sets import SUBSETS as SUBSETS
