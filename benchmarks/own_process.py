"""Work in a Python process of its own, which says how long it took and its peak memory."""

from __future__ import annotations

import subprocess
import sys
from typing import NamedTuple

#: The peak is not ru_maxrss where it can be helped, which a process takes over from its parent.
_REPORT = r"""
import re, resource
from pathlib import Path
status = Path("/proc/self/status")
found = re.search(r"VmHWM:\s+(\d+)", status.read_text()) if status.exists() else None
peak = int(found[1]) if found else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(seconds, peak / 1024)
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
