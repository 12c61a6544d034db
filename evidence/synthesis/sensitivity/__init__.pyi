from .influence_measures import (
    BaujatPoints as BaujatPoints,
)
from .influence_measures import (
    Influence as Influence,
)
from .influence_measures import (
    baujat as baujat,
)
from .influence_measures import (
    influence as influence,
)
from .study_deletion import (
    Sensitivity as Sensitivity,
)
from .study_deletion import (
    cumulative as cumulative,
)
from .study_deletion import (
    leave_one_out as leave_one_out,
)
from .study_deletion import (
    sensitivity as sensitivity,
)
from .subset_summaries import Gosh as Gosh
from .subset_summaries import gosh as gosh
