"""What all commands share: refusals without a traceback, examples in the help, output, timing."""

from __future__ import annotations

import io
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final, NoReturn

import click

from evidence.errors import EvidenceError

#: Exit codes: what was asked is done; a check found problems; the request cannot be right.
FAILED: Final = 1
REFUSED: Final = 2


class Refused(click.ClickException):
    """A request that is refused with advice."""

    exit_code = REFUSED


class Command(click.Command):
    """A command whose help ends with lines to paste."""

    def __init__(self, *args: Any, examples: str = "", **settings: Any) -> None:  # noqa: ANN401
        super().__init__(*args, **settings)
        self.examples = tuple(line for line in examples.strip().splitlines() if line)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are, never wrapped."""
        if self.examples:
            formatter.write("\nExample:\n")
            formatter.write("".join(f"  {line}\n" for line in self.examples))


class Group(click.Group):
    """A group whose commands refuse with a message and exit code 2, and no traceback.

    Only the errors of this package are refusals; any other keeps its traceback.
    """

    command_class = Command

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401
        """Run the command that was asked for."""
        try:
            return super().invoke(ctx)
        except EvidenceError as error:
            raise Refused(str(error)) from error


Group.group_class = Group


def tolerate_narrow_terminals() -> None:
    """Let a terminal that lacks a sign, such as a Greek letter, show "?" in its place."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")


def say(text: str = "") -> None:
    """Write a line to standard output."""
    click.echo(text)


def note(text: str) -> None:
    """Write a line about the progress, which is no result, to standard error."""
    click.echo(text, err=True)


def say_json(content: Mapping[str, Any]) -> None:
    """Write one line of JSON, in signs that every terminal and pipe knows."""
    click.echo(json.dumps(content, allow_nan=False))


def fail() -> NoReturn:
    """End the command because a check found problems."""
    raise click.exceptions.Exit(FAILED)


@contextmanager
def writing(target: object) -> Iterator[None]:
    """Turn a refusal of the file system into one of this program."""
    try:
        yield
    except OSError as error:
        raise Refused(
            f"{target} was to be written, and cannot be: {error.strerror or error}. "
            "Name a place that exists and that you may write to."
        ) from error


class Stopwatch:
    """Seconds that each part of a command took."""

    def __init__(self) -> None:
        self._last = time.perf_counter()
        self.parts: dict[str, float] = {}

    def lap(self, part: str) -> float:
        """Add the seconds since the last call to ``part`` and return them."""
        now = time.perf_counter()
        seconds, self._last = now - self._last, now
        self.parts[part] = self.parts.get(part, 0.0) + seconds
        return seconds

    def __str__(self) -> str:
        parts = ", ".join(f"{part} {seconds:.2f} s" for part, seconds in self.parts.items())
        return f"{parts}; in all {sum(self.parts.values()):.2f} s"


def plural(count: int, one: str, many: str = "") -> str:
    """Return "1 report", "2 reports"."""
    return f"{count} {one if count == 1 else many or one + 's'}"
