"""What a benchmark found, line by line: ours, theirs, the ratio, the aim, and whether it is met."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured.

    Attributes
    ----------
    runs : int
        Measurements behind each median, after one that warms up.
    stack, loop : int
        Meta-analyses that are fitted at once, and how many of them metafor fits one by one.
    gosh : int
        Studies whose subsets are all fitted.
    permutations : int
        Random sign patterns.
    multiverse : int
        Studies of which all subsets from nine on are pooled in every way.
    registry : int
        Meta-analyses of the registry.
    """

    runs: int
    stack: int
    loop: int
    gosh: int
    permutations: int
    multiverse: int
    registry: int


FULL = Sizes(
    runs=5, stack=100_000, loop=200, gosh=20, permutations=1_000, multiverse=13, registry=1_000_000
)
#: Enough to see that everything runs; the times mean nothing.
QUICK = Sizes(runs=1, stack=300, loop=5, gosh=8, permutations=20, multiverse=10, registry=400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One comparison.

    Attributes
    ----------
    name : str
        What was done.
    ours : float or None
        Our median, in seconds; None if a library for it is not there.
    theirs : float or None
        The other program's, in seconds; None if it is not there or has no such thing.
    other : str
        The other program, or why there is no time of it.
    times, seconds, mebibytes : float or None
        Aims: how many times as fast, in how many seconds, in how much memory.
    peak : float or None
        Our peak memory in MiB, measured in a process of its own.
    note : str
        How far the results agree, what was extrapolated.
    """

    name: str
    ours: float | None
    theirs: float | None = None
    other: str = ""
    times: float | None = None
    seconds: float | None = None
    mebibytes: float | None = None
    peak: float | None = None
    note: str = ""

    @property
    def ratio(self) -> float | None:
        """How many times as fast we are."""
        return None if self.theirs is None or self.ours is None else self.theirs / self.ours

    @property
    def reached(self) -> str:
        """yes, no, or nothing when there is nothing to compare."""
        checks = []
        if self.times is not None and self.ratio is not None:
            checks.append(self.ratio >= self.times)
        if self.seconds is not None and self.ours is not None:
            checks.append(self.ours <= self.seconds)
        if self.mebibytes is not None and self.peak is not None:
            checks.append(self.peak <= self.mebibytes)
        return ("yes" if all(checks) else "NO") if checks else ""

    def __str__(self) -> str:
        ours, theirs = _duration(self.ours), _duration(self.theirs)
        ratio = "" if self.ratio is None else f"{self.ratio:,.1f}x"
        aims = [] if self.times is None else [f"{self.times:,.0f}x"]
        aims += [] if self.seconds is None else [_duration(self.seconds)]
        aims += [] if self.mebibytes is None else [f"{self.mebibytes:,.0f} MiB"]
        peak = "" if self.peak is None else f"peak {self.peak:,.0f} MiB; "
        times = f"{ours:>9} {theirs:>9} {ratio:>9} {', '.join(aims):>16}"
        return f"{self.name:44} {times} {self.reached:>4}  {self.other} {peak}{self.note}".rstrip()


HEADER = f"{'':44} {'ours':>9} {'theirs':>9} {'ratio':>9} {'aim':>16} {'met':>4}"


def show(title: str, lines: Iterable[Line]) -> None:
    """Print lines as they come, under a title."""
    print(f"\n{title}\n{HEADER}", flush=True)
    for line in lines:
        print(line, flush=True)


def median_seconds(work: Callable[[], object], runs: int, times: int = 1) -> float:
    """Return the median time of a call, measured over ``times`` calls, after a warm-up."""
    work()
    found = []
    for _ in range(runs):
        start = time.perf_counter()
        for _ in range(times):
            work()
        found.append((time.perf_counter() - start) / times)
    return statistics.median(found)


def _duration(seconds: float | None) -> str:
    if seconds is None:
        return ""
    if seconds < 1e-3:
        return f"{1e6 * seconds:,.0f} us"
    return f"{1e3 * seconds:,.1f} ms" if seconds < 1.0 else f"{seconds:,.2f} s"
