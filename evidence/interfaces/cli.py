"""The command ``evidence``: its groups, its version, and what every command has in common.

Only light modules are imported here, so that ``evidence --version`` and ``--help`` answer at once.
"""

from __future__ import annotations

import click

from evidence.interfaces import console
from evidence.interfaces.commands.audit_command import audit
from evidence.interfaces.commands.data_commands import data
from evidence.interfaces.commands.dataset_commands import codebook, diff, query
from evidence.interfaces.commands.explain_command import explain
from evidence.interfaces.commands.pool_command import pool
from evidence.interfaces.commands.pool_many_command import pool_many
from evidence.interfaces.commands.report_commands import report, run, verify
from evidence.interfaces.exports import export


def _show_version(ctx: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked:
        import evidence

        console.say(f"evidence {evidence.__version__}")
        ctx.exit()


@click.group(
    name="evidence",
    cls=console.Group,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version",
    is_flag=True,
    expose_value=False,
    is_eager=True,
    callback=_show_version,
    help="Show the version and exit.",
)
def main() -> None:
    """A review whose every number can be followed to where it was printed or how it was computed.

    In a folder of the project its data and analyses are used, elsewhere those that came with the
    package. Exit codes: 0 done, 1 a check found problems, 2 the request cannot be right.
    """
    console.tolerate_narrow_terminals()


for command in (data, pool, pool_many, explain, run, report, verify, export):
    main.add_command(command)
for command in (query, diff, audit, codebook):
    data.add_command(command)
