from .intervals import stack_intervals as stack_intervals
from .pooled_stack import PooledStack as PooledStack
from .pooled_stack import pool_stack as pool_stack
from .ragged import pool_ragged as pool_ragged
from .ragged_result import PooledRagged as PooledRagged
from .series import PooledSeries as PooledSeries
