from .index import verify_index as verify_index
from .replay import Replay as Replay
from .verification import Verification as Verification
from .verification import verify_report as verify_report
