"""GOSH: the summary of every subset of the studies (graphical display of heterogeneity)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from evidence.arrays import FloatArray, IntArray
from evidence.errors import BadInput
from evidence.input_checks import whole_number
from evidence.results import ResultOfColumns
from evidence.synthesis.heterogeneity.estimators import estimator_name
from evidence.synthesis.inputs.studies import Studies, StudyInput, check_studies
from evidence.synthesis.inputs.study_sets import MOST_STUDIES, all_subsets
from evidence.synthesis.pairwise.fit_settings import takes_fit
from evidence.synthesis.stacks.pooled_stack import fit_chunks
from evidence.synthesis.stacks.stack import Stack, build_stack

#: Draws of a sample: more do not fit into memory.
_LARGEST_SAMPLE = 10_000_000
#: A subset is a 64-bit integer with one bit for each study.
_BITS = 62
_QUANTITIES = ("estimate", "tau2", "q", "i2", "h2")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gosh(ResultOfColumns):
    """Summaries of m subsets of the studies, on the scale of the effects; arrays of shape (m,).

    A subset of one study has tau2, q and i2 of 0 and h2 of 1.

    Attributes
    ----------
    subset : ndarray of int
        Members: bit i is set when study i (from 0) is in the subset.
    k : ndarray of int
        Number of studies in the subset.
    estimate, tau2, q, i2, h2 : ndarray
        Mean, between-study variance, Cochran's Q, I2 as a proportion, and H2.
    h2_definition : str
        "Q" for CE and DL: Q over its degrees of freedom, which may be below 1; otherwise "tau2".
    labels : tuple of str
        Studies.
    method : str
        Estimator of tau2.
    complete : bool
        Every subset of at least ``min_k`` studies is there; otherwise a random sample.
    """

    subset: IntArray
    k: IntArray
    estimate: FloatArray
    tau2: FloatArray
    q: FloatArray
    i2: FloatArray
    h2: FloatArray
    h2_definition: str
    labels: tuple[str, ...]
    method: str
    complete: bool

    def has(self, study: str) -> npt.NDArray[np.bool_]:
        """Which subsets a study is in, shape (m,); for colouring the plot.

        Parameters
        ----------
        study : str
            Label of the study.
        """
        if study not in self.labels:
            raise BadInput(f"There is no study {study!r}. Known: {', '.join(self.labels)}.")
        return np.asarray((self.subset >> self.labels.index(study)) & 1 == 1)

    def quantiles(self, probabilities: Sequence[float]) -> dict[str, FloatArray]:
        """Quantiles of each quantity over the subsets (linear interpolation, type 7 of R)."""
        return {name: np.quantile(getattr(self, name), probabilities) for name in _QUANTITIES}

    def means(self) -> dict[str, float]:
        """Mean of each quantity over the subsets."""
        return {name: float(np.mean(getattr(self, name))) for name in _QUANTITIES}

    def mean_estimate_by_k(self) -> dict[int, float]:
        """Mean of the estimates of the subsets of each size."""
        return {int(k): float(self.estimate[self.k == k].mean()) for k in np.unique(self.k)}

    COLUMNS = ("subset", "k", *_QUANTITIES)


@takes_fit("method")
def gosh(
    yi: StudyInput,
    vi: npt.ArrayLike | None = None,
    *,
    method: str = "REML",
    min_k: int = 1,
    sample: int | None = None,
    rng: np.random.Generator | None = None,
    labels: Iterable[str] | None = None,
    workers: int | None = None,
) -> Gosh:
    """Summary of every subset of the studies, or of a random sample of the subsets.

    Parameters
    ----------
    yi : array_like, shape (k,), EffectSizes, or PooledEffect
        Effects; ratios on the log scale.
    vi : array_like, shape (k,), or None
        Sampling variances; None if ``yi`` holds them.
    method : str
        Estimator of tau2.
    min_k : int
        Fewest studies of a subset.
    sample : int, optional
        Number of subsets to draw with equal probability (with replacement) from those that have
        at least ``min_k`` studies; all of them if left out.
    rng : numpy.random.Generator, optional
        Source of chance, needed with ``sample``.
    labels : iterable of str, optional
        Names of the studies.
    workers : int, optional
        Threads; as many as there are processors if left out.

    Raises
    ------
    BadInput
        If the data or options cannot be right, or all subsets of more than 22 studies are asked.
    EmptySelection, UnknownName, NotEstimable
        As for ``pool``.

    References
    ----------
    Olkin, Dahabreh & Trikalinos (2012), Res Synth Methods 3:214-223. metafor: ``gosh(res)``.
    """
    name = estimator_name(method)
    studies = check_studies(yi, vi, labels)
    k = studies.yi.size
    _check_size(k, min_k, sample)
    min_k, sample = int(min_k), None if sample is None else int(sample)
    if sample is None:
        subsets = all_subsets(k, min_k)
    elif not isinstance(rng, np.random.Generator):
        raise BadInput("A random sample was asked for. Give rng=numpy.random.default_rng(seed).")
    else:
        subsets = _draw(k, min_k, sample, rng)
    pooled = fit_chunks(_builder(studies, subsets), k, subsets.size, name, workers)
    by_q = name in ("CE", "DL")
    h2 = np.where(pooled.k > 1, pooled.q / np.maximum(pooled.k - 1, 1), 1.0) if by_q else pooled.h2
    for array in (subsets, h2):
        array.setflags(write=False)
    return Gosh(
        subset=subsets,
        k=pooled.k,
        estimate=pooled.estimate,
        tau2=pooled.tau2,
        q=pooled.q,
        i2=pooled.i2,
        h2=h2,
        h2_definition="Q" if by_q else "tau2",
        labels=studies.labels,
        method=name,
        complete=sample is None,
    )


def _builder(studies: Studies, subsets: IntArray) -> Callable[[slice], Stack]:
    """Stack of a range of subsets, made when it is fitted."""
    bits = np.arange(studies.yi.size)[:, None]
    yi, vi = studies.yi[:, None], studies.vi[:, None]

    def chunk(columns: slice) -> Stack:
        present = (subsets[columns] >> bits) & 1 == 1
        shape = present.shape
        return build_stack(np.broadcast_to(yi, shape), np.broadcast_to(vi, shape), present)

    return chunk


def _draw(k: int, min_k: int, sample: int, rng: np.random.Generator) -> IntArray:
    """Subsets of ``min_k`` or more studies with equal probability, by size and then by members."""
    sizes = np.arange(min_k, k + 1)
    share = special.comb(k, sizes)
    drawn = rng.choice(sizes, size=sample, p=share / share.sum())
    rank = np.argsort(np.argsort(rng.random((sample, k)), axis=1), axis=1)
    return np.asarray((rank < drawn[:, None]) @ (np.int64(1) << np.arange(k)))


def _check_size(k: int, min_k: int, sample: int | None) -> None:
    if not whole_number(min_k, 1, k):
        raise BadInput(
            f"Subsets of at least {min_k!r:.80} of {k} studies. Give min_k from 1 to {k}."
        )
    if sample is None and k > MOST_STUDIES:
        raise BadInput(
            f"All {2**k - 1:,} subsets of {k} studies were asked for; the most is {MOST_STUDIES} "
            "studies. Give sample=1_000_000 and rng=numpy.random.default_rng(seed)."
        )
    if sample is not None and not whole_number(sample, 1, _LARGEST_SAMPLE):
        raise BadInput(
            f"A sample of {sample!r:.80} subsets was asked for. Give 1 or more, at most "
            f"{_LARGEST_SAMPLE:,}."
        )
    if k > _BITS:
        raise BadInput(f"Subsets of {k} studies were asked for; the most is {_BITS} studies.")
