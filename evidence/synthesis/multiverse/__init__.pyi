from .decision_rules import DecisionRule as DecisionRule
from .records import Multiverse as Multiverse
from .specifications import half_width as half_width
from .worlds import multiverse as multiverse
