"""How long the commands and calls take that users wait for."""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIN = Path(sys.executable).parent
#: What a line may cost, from the project's own aims.
AIMS = {
    "evidence --version": 0.25,
    "import evidence, over bare Python": 0.050,
    "load_trials(), after imports": 0.050,
    "query(), all rows, after the first": 0.050,
    "audit of the whole dataset": 1.0,
    "evidence run, one analysis": 6.0,
    "evidence report, all analyses": 20.0,
}
#: Peak memory that `evidence report` may use, in MiB.
MEMORY_AIM = 1024


def seconds(command: list[str], runs: int) -> float:
    """Return the median wall time of a whole process."""
    times = []
    for _ in range(runs + 1):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def inside(code: str, runs: int = 5) -> float:
    """Return the median of a time that a fresh Python measures itself and prints."""
    times = []
    for _ in range(runs):
        result = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True
        )
        times.append(float(result.stdout))
    return statistics.median(times)


LOADING = (
    "import time, evidence; evidence.load_trials(); start = time.perf_counter(); "
    "evidence.load_trials(); print(time.perf_counter() - start)"
)
QUERY = (
    "import time, evidence; statement = 'select * from trials'; evidence.query(statement); "
    "start = time.perf_counter(); evidence.query(statement); print(time.perf_counter() - start)"
)
AUDIT = (
    "import time, evidence; from evidence.trials.audit import audit; "
    "trials = evidence.load_trials(); trials.rows_of('clarity'); start = time.perf_counter(); "
    "audit(trials); print(time.perf_counter() - start)"
)


def print_commands() -> None:
    """Measure and print."""
    evidence = str(BIN / "evidence")
    bare = seconds([sys.executable, "-c", "pass"], 9)
    found = {
        "evidence --version": seconds([evidence, "--version"], 9),
        "import evidence, over bare Python": seconds([sys.executable, "-c", "import evidence"], 9)
        - bare,
        "load_trials(), after imports": inside(LOADING),
        "query(), all rows, after the first": inside(QUERY),
        "audit of the whole dataset": inside(AUDIT),
    }
    with tempfile.TemporaryDirectory() as folder:
        one = [evidence, "run", "alemtuzumab-vs-interferon", "--output", folder]
        found["evidence run, one analysis"] = seconds(one, 3)
        found["evidence report, all analyses"] = seconds(
            [evidence, "report", "--output", folder], 3
        )
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"{'':38} {'median':>10} {'aim':>10}")
    for name, value in found.items():
        print(f"{name:38} {1000 * value:8.0f} ms {1000 * AIMS[name]:7.0f} ms")
    print(f"{'largest process, peak memory':38} {peak:7.0f} MiB {MEMORY_AIM:6d} MiB")
