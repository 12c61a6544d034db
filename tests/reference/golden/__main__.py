"""Command line: ``python -m tests.reference.golden DIR``, from the root of the project.

Exit code 0 when nothing fails, 1 when a number differs, 2 when there is nothing to run.
"""

import sys
from pathlib import Path

from tests.reference.golden import NoCases, report, run


def main(arguments: list[str]) -> int:
    """Run the golden files of one directory and print the result."""
    if len(arguments) != 1:
        print("usage: python -m tests.reference.golden DIR", file=sys.stderr)
        return 2
    try:
        results = run(Path(arguments[0]))
    except NoCases as error:
        print(f"No golden case was run: {error}", file=sys.stderr)
        return 2
    print(report(results))
    return 1 if any(result.failed for result in results) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
