"""Work in a Python process of its own, which says how long it took and its peak memory."""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

_REPORT = """
import resource
print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


class Measured(NamedTuple):
    """Seconds of the work itself, and MiB of the whole process."""

    seconds: float
    peak: float


def measure(code: str, *arguments: object) -> Measured:
    """Run code that sets ``seconds``; the arguments are in ``sys.argv``."""
    done = subprocess.run(
        [sys.executable, "-c", code + _REPORT, *map(str, arguments)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return Measured(*map(float, done.stdout.split()[-2:]))
