from .analysis import trial_sequential as trial_sequential
from .information import ADJUSTMENTS as ADJUSTMENTS
from .information import INFORMATION as INFORMATION
from .information import AnticipatedEffect as AnticipatedEffect
from .information import (
    anticipated_difference as anticipated_difference,
)
from .information import (
    anticipated_risk_reduction as anticipated_risk_reduction,
)
from .information import (
    diversity as diversity,
)
from .information import (
    required_information as required_information,
)
from .records import SequentialLook as SequentialLook
from .records import TrialSequential as TrialSequential
from .spending import SPENDING as SPENDING
from .spending import Boundaries as Boundaries
from .spending import (
    efficacy_boundaries as efficacy_boundaries,
)
from .spending import (
    error_spent as error_spent,
)
from .spending import (
    futility_boundaries as futility_boundaries,
)
