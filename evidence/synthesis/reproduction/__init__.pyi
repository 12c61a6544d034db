from .difference import Difference as Difference
from .difference import explain_difference as explain_difference
from .explanation import explain as explain
from .records import Explanation as Explanation
