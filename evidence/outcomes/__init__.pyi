from .own_studies import StudyTable as StudyTable
from .own_studies import read_study_table as read_study_table
from .own_studies import study_table as study_table
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
