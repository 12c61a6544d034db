"""Whether the page that leads to all reports is still what the reports give."""

from __future__ import annotations

from pathlib import Path

from evidence.analysis.declared.places import all_slugs
from evidence.analysis.run.analysis_run import run_analysis
from evidence.analysis.run.index_page import index_html
from evidence.analysis.verify.verification import Verification
from evidence.errors import EvidenceError, VerificationError
from evidence.report.record.rendered import read_html
from evidence.trials.dataset.load import Trials, load_trials


def verify_index(page: str | Path, *, trials: Trials | None = None) -> Verification:
    """Compare an index page with the one that the declared analyses give.

    Parameters
    ----------
    page : path
        The page, such as ``reports/index.html``.
    trials : Trials, optional
        Dataset; left out, that of :func:`evidence.load_trials`.

    Raises
    ------
    VerificationError
        The page is missing.
    """
    path = Path(page)
    if not path.is_file():
        raise VerificationError(f"{path} was to be verified and is missing; build the reports.")
    try:
        trials = trials or load_trials()
        expected = index_html([run_analysis(slug, trials=trials) for slug in all_slugs()])
    except EvidenceError as error:
        return _verification(0, f"the analyses do not run: {error}")
    found = path.read_bytes()
    if found == expected.encode("utf-8"):
        seen = read_html(expected)
        return _verification(len(seen.numbers) + len(seen.names))
    return _verification(0, f"{path} is not the page that the declared analyses give")


def _verification(numbers: int, *problems: str) -> Verification:
    return Verification(slug="index", numbers=numbers, computations=0, problems=problems)
