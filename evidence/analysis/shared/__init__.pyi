from .context import Context as Context
from .context import SectionResult as SectionResult
from .move import Move as Move
from .move import Seen as Seen
