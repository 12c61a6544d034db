"""Print what users wait for, and the synthesis beside PyMARE and metafor: ``make bench``."""

from __future__ import annotations

import argparse

from benchmarks.lines import FULL, QUICK, Sizes, show


def main() -> None:
    """Measure the parts that were asked for, all of them unless named, and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], help="what to measure")
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs")
    given = parser.parse_args()
    sizes = QUICK if given.quick else FULL
    for part in given.parts or PARTS:
        PARTS[part](sizes)


def _commands(_: Sizes) -> None:
    from benchmarks.commands import print_commands

    print_commands()


def _synthesis(sizes: Sizes) -> None:
    from benchmarks.synthesis import measure_synthesis

    show("Synthesis (medians; quote the ratios)", measure_synthesis(sizes))


def _registry(sizes: Sizes) -> None:
    from benchmarks.registry import measure_registry

    show("A registry of meta-analyses (one run each)", measure_registry(sizes))


PARTS = {"commands": _commands, "synthesis": _synthesis, "registry": _registry}

if __name__ == "__main__":
    main()
