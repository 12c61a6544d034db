from .dataset.load import Trials as Trials
from .dataset.load import load_trials as load_trials
from .dataset.sql import query as query
