from .difference import DifferenceStep as DifferenceStep
from .difference import ExplainedDifference as ExplainedDifference
from .difference import explain_difference as explain_difference
from .explanation import explain as explain
from .published import PublishedNumbers as PublishedNumbers
from .records import Explanation as Explanation
from .records import Setting as Setting
