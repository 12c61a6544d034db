from .decision_rules import DECISION_RULES as DECISION_RULES
from .decision_rules import DecisionRule as DecisionRule
from .records import DIMENSIONS as DIMENSIONS
from .records import Multiverse as Multiverse
from .worlds import multiverse as multiverse
