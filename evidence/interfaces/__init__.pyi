from .commands.explain_command import explain as explain
from .commands.pool_command import pool as pool
from .registry.pooling import pool_many as pool_many
