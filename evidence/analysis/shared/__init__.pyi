from .context import Context as Context
from .context import SectionResult as SectionResult
from .rows_in_use import used_rows as used_rows
