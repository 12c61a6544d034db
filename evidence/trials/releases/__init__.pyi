from .differences import Difference as Difference
from .differences import FieldChange as FieldChange
from .differences import Release as Release
from .differences import ReleaseDiff as ReleaseDiff
from .releases import diff_releases as diff_releases
from .releases import release_of as release_of
