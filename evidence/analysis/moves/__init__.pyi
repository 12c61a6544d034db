from .comparison import what_moved as what_moved
from .records import AnalysisMoves as AnalysisMoves
from .records import WhatMoved as WhatMoved
