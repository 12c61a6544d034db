from .arms import ARM_ROUTES as ARM_ROUTES
from .arms import Cohort as Cohort
from .arms import Cohorts as Cohorts
from .arms import find_cohorts as find_cohorts
from .contrasts import ROUTES as ROUTES
from .contrasts import Contrast as Contrast
from .contrasts import Contrasts as Contrasts
from .contrasts import find_contrasts as find_contrasts
from .own_studies import StudyTable as StudyTable
from .own_studies import read_study_table as read_study_table
from .own_studies import study_table as study_table
from .selection import Question as Question
from .selection import select_outcome as select_outcome
from .summary_statistics import (
    complement as complement,
)
from .summary_statistics import (
    mean_of as mean_of,
)
from .summary_statistics import (
    percentage as percentage,
)
from .summary_statistics import (
    relative_reduction as relative_reduction,
)
from .summary_statistics import (
    relative_reduction_from_arms as relative_reduction_from_arms,
)
from .summary_statistics import (
    total as total,
)
