"""Random calls of every public function of the synthesis layer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import evidence
from evidence import effect_size
from evidence.effects import ZERO_CELL_RULES
from evidence.synthesis import (
    certificates,
    inputs,
    multilevel,
    pairwise,
    publication_bias,
    regression,
)
from evidence.synthesis.heterogeneity import ESTIMATORS
from evidence.synthesis.inputs import STRUCTURES
from evidence.synthesis.pairwise import POLICIES, PREDICTION_INTERVALS, SUMMARY_TESTS
from tests.fuzz.draws import Call, Draw

Maker = Callable[[Draw], Call]

_METHODS = tuple(ESTIMATORS)
_TESTS = tuple(SUMMARY_TESTS)
_PREDICTIONS = (*PREDICTION_INTERVALS, "none")
_POLICY = {"method": _METHODS, "test": _TESTS, "policy": tuple(POLICIES)}
_MODEL = {"method": _METHODS, "test": _TESTS}


def _frame(found: Any) -> Any:
    """The table and the printed form, which must not fail when the result does not."""
    return found.to_frame() if hasattr(found, "to_frame") else None, str(found), repr(found)


def _pool(draw: Draw) -> Call:
    yi, vi = draw.studies()
    more = draw.options(**_POLICY, prediction=_PREDICTIONS)
    kwargs = {"yi": yi, "vi": vi, **more, **draw.level(), **draw.labels(yi.size)}
    return Call(evidence.pool, kwargs, after=(lambda fit: fit.studies_frame(),))


def _of_studies(
    function: Callable[..., Any],
    options: dict[str, tuple[Any, ...]],
    *,
    low: int = 1,
    high: int = 30,
    level: bool = True,
) -> Maker:
    """Calls with effects and variances, and options."""

    def make(draw: Draw) -> Call:
        yi, vi = draw.studies(low, high)
        kwargs = {"yi": yi, "vi": vi, **draw.options(**options), **draw.labels(yi.size)}
        return Call(function, {**kwargs, **(draw.level() if level else {})})

    return make


def _effects_then_pool(measure: str, columns: dict[str, Any], **more: Any) -> Any:
    effects = effect_size(measure, **columns, **more)
    return evidence.pool(effects), evidence.leave_one_out(effects)


def _from_tables(draw: Draw) -> Call:
    kwargs = {"measure": draw.one("RR", "OR", "RD", "PETO", "AS"), "columns": draw.cells()}
    more = draw.options(add=(0.0, 0.5), to=ZERO_CELL_RULES, drop00=(True, False))
    return Call(_effects_then_pool, {**kwargs, **more}, fixed=("columns",))


def _stack(draw: Draw) -> Call:
    d = draw.size(1, 12)
    columns = [draw.studies(4, 4) for _ in range(d)]
    yi, vi = (np.stack([column[i][:4] for column in columns], axis=1) for i in (0, 1))
    kwargs: dict[str, Any] = {"yi": yi, "vi": vi, **draw.options(method=_METHODS)}
    if draw.maybe(0.3):
        kwargs["mask"] = draw.rng.random(yi.shape) < 0.8
    return Call(evidence.pool_stack, {**kwargs, "workers": draw.one(None, 1, 2)})


def _fitted(after: Callable[..., Any]) -> Callable[..., Any]:
    """What is asked of a summary that is pooled first."""

    def call(yi: Any, vi: Any, more: dict[str, Any], **options: Any) -> Any:
        return after(evidence.pool(yi, vi, **options), **more)

    return call


def _of_fit(
    after: Callable[..., Any],
    *,
    high: int = 12,
    options: dict[str, tuple[Any, ...]] | None = None,
    **more: tuple[Any, ...],
) -> Maker:
    def make(draw: Draw) -> Call:
        yi, vi = draw.studies(1, high)
        asked = {name: draw.one(*values) for name, values in more.items() if draw.maybe()}
        if not draw.maybe(0.8) and asked and "threshold" not in asked:
            name = draw.one(*asked)
            asked[name] = draw.spoiled(asked[name])
        if "draws" in asked:
            asked["rng"] = np.random.default_rng(7)
        kwargs = {"yi": yi, "vi": vi, "more": asked, **draw.options(**(options or _POLICY))}
        return Call(_fitted(after), kwargs, fixed=("more",))

    return make


def _counted(
    function: Callable[..., Any],
    measures: tuple[str, ...],
    *,
    most: int = 10,
    huge: bool = True,
    **options: tuple[Any, ...],
) -> Maker:
    """Calls with 2x2 tables, two rates, or one arm, as the measure wants."""

    def make(draw: Draw) -> Call:
        measure = draw.one(*measures)
        kwargs: dict[str, Any]
        if measure in ("IRR", "IRD"):
            kwargs = dict(draw.rates(high=most, huge=huge))
        elif measure in ("PLO", "IRLN"):
            events, sizes = draw.arm(high=most, huge=huge)
            kwargs = {"xi": events, "ni" if measure == "PLO" else "ti": sizes}
        else:
            kwargs = dict(draw.cells(high=most, huge=huge))
        if len(measures) > 1:
            kwargs["measure"] = measure
        k = len(next(iter(kwargs.values())))
        return Call(
            function, {**kwargs, **draw.options(**options), **draw.level(), **draw.labels(k)}
        )

    return make


def _single_arm(function: Callable[..., Any], second: str, transforms: dict[str, str]) -> Maker:
    def make(draw: Draw) -> Call:
        events, sizes = draw.arm()
        own = {"transform": tuple(transforms), f"back_transform_{second[0]}": (10, 250.0)}
        more = draw.options(
            **own, **_POLICY, prediction=_PREDICTIONS, add=(0.0, 0.5, 1e-9), to=ZERO_CELL_RULES
        )
        kwargs = {"xi": events, second: sizes, **more, **draw.level()}
        return Call(function, kwargs, after=(lambda found: found.studies_frame(),))

    return make


def _regression(draw: Draw) -> Call:
    yi, vi = draw.studies(2, 25)
    kwargs: dict[str, Any] = {"yi": yi, "vi": vi, "moderators": draw.moderators(yi.size)}
    more = draw.options(**_MODEL, intercept=(True, False))
    if draw.maybe(0.1):
        more["interactions"] = [("x", "y")]
    return Call(evidence.meta_regression, {**kwargs, **more, **draw.level()})


def _predicted(yi: Any, vi: Any, x: Any, new: Any, prediction: str, **options: Any) -> Any:
    model = evidence.meta_regression(yi, vi, {"x": x}, **options)
    tested = regression.joint_test(model, ["x"])
    return tested, evidence.predict_effects(model, {"x": new}, prediction=prediction)


def _predictions(draw: Draw) -> Call:
    yi, vi = draw.studies(3, 20)
    x = draw.rng.normal(0.0, 1.0, yi.size)
    new = draw.rng.normal(0.0, draw.one(1.0, 1e3), 4)
    kwargs = {"yi": yi, "vi": vi, "x": x, "new": new, "prediction": draw.one(*_PREDICTIONS)}
    return Call(_predicted, {**kwargs, **draw.options(**_MODEL)})


def _compared(yi: Any, vi: Any, x: Any, **options: Any) -> Any:
    full = evidence.meta_regression(yi, vi, {"x": x}, **options)
    return evidence.compare_models(full, evidence.meta_regression(yi, vi, **options))


def _comparison(draw: Draw) -> Call:
    yi, vi = draw.studies(3, 20)
    kwargs = {"yi": yi, "vi": vi, "x": draw.rng.normal(0.0, 1.0, yi.size)}
    return Call(_compared, {**kwargs, "method": draw.one("ML", "ML", "CE", "REML", "DL")})


def _grouped(draw: Draw) -> Call:
    yi, vi = draw.studies()
    kwargs = {"yi": yi, "vi": vi, "groups": draw.groups(yi.size)}
    more = draw.options(**_POLICY, tau2=("separate", "common"), prediction=_PREDICTIONS)
    return Call(evidence.pool_subgroups, {**kwargs, **more, **draw.level()})


def _multilevel(yi: Any, vi: Any, study: Any, inner: Any, how: str, **options: Any) -> Any:
    if how == "nested":
        rows = list(range(np.size(yi)))
        groups = inputs.nested({"study": study, "effect": rows})
        return evidence.pool_multilevel(yi, vi, groups, **options)
    if how == "crossed":
        groups = {"study": study, "inner": inner}
        return evidence.pool_multilevel(yi, vi, groups, **options)
    structure = inputs.RandomStructure(inner=inner, outer=study, kind=how)
    return evidence.pool_multilevel(yi, vi, structures=[structure], **options)


def _levels(draw: Draw) -> Call:
    yi, vi = draw.studies(2, 12)
    k = yi.size
    kwargs: dict[str, Any] = {"yi": yi, "vi": vi, "study": draw.groups(k, 6)}
    kwargs |= {"inner": draw.groups(k, 2), "how": draw.one("nested", "crossed", *STRUCTURES)}
    if draw.maybe(0.2):
        kwargs["moderators"] = draw.moderators(k)
    return Call(_multilevel, {**kwargs, **draw.options(method=("REML", "ML"), test=("z", "t"))})


def _profiled(yi: Any, vi: Any, study: Any, component: str, **options: Any) -> Any:
    model = evidence.pool_multilevel(yi, vi, {"study": study}, **options)
    return multilevel.profile_interval(model, component)


def _profile(draw: Draw) -> Call:
    yi, vi = draw.studies(3, 12)
    kwargs = {"yi": yi, "vi": vi, "study": draw.groups(yi.size, 6), "component": "study"}
    return Call(_profiled, {**kwargs, **draw.options(method=("REML", "ML"), level=(0.5, 0.95))})


def _robust_after(yi: Any, vi: Any, x: Any, cluster: Any, **options: Any) -> Any:
    moderators = None if x is None else {"x": x}
    model = evidence.meta_regression(yi, vi, moderators)
    found = evidence.robust(model, cluster, **options)
    return found, multilevel.joint_robust_test(found, found.coefficients.names[:1])


def _clustered(draw: Draw) -> Call:
    yi, vi = draw.studies(2, 20)
    x = draw.rng.normal(0.0, 1.0, yi.size) if draw.maybe() else None
    kwargs = {"yi": yi, "vi": vi, "x": x, "cluster": draw.groups(yi.size, 8)}
    more = draw.options(adjust=("CR0", "CR1", "CR2"), level=(0.8, 0.9))
    return Call(_robust_after, {**kwargs, **more}, fixed=("x",))


def _robust_variance(draw: Draw) -> Call:
    yi, vi = draw.studies(2, 20)
    kwargs: dict[str, Any] = {"yi": yi, "vi": vi, "cluster": draw.groups(yi.size, 8)}
    if draw.maybe(0.3):
        kwargs["moderators"] = {"x": draw.rng.normal(0.0, 1.0, yi.size)}
    more = draw.options(working=("CORR", "HIER"), rho=(0.0, 0.5, 1.0), adjust=("CR1", "CR2"))
    return Call(multilevel.pool_robust, {**kwargs, **more, **draw.level()})


def _covariance(draw: Draw) -> Call:
    _, vi = draw.studies(1, 8)
    cluster = draw.groups(vi.size)
    kwargs = {"vi": vi, "cluster": cluster, "outcome": draw.groups(vi.size)}
    kwargs |= {"time": draw.rng.uniform(0.0, 24.0, vi.size), "rho": 0.5, "phi": 0.9}
    return Call(_covariances, kwargs)


def _covariances(vi: Any, cluster: Any, outcome: Any, time: Any, rho: Any, phi: Any) -> Any:
    return evidence.sampling_covariance(
        vi,
        cluster,
        inputs.outcome_correlation(outcome, rho),
        inputs.time_correlation(time, phi),
    )


def _overlap(draw: Draw) -> Call:
    k = draw.size(1, 8)
    kwargs: dict[str, Any] = {"treatment": draw.groups(k), "control": ["P"] * k}
    if draw.maybe(0.7):
        for name in ("n_treatment", "n_control"):
            kwargs[name] = draw.rng.integers(5, 90, k).astype(float)
    return Call(inputs.arm_overlap, kwargs)


def _line_test(draw: Draw) -> Call:
    yi, vi = draw.studies(3, 25)
    kwargs: dict[str, Any] = {"yi": yi, "vi": vi, "min_studies": draw.one(3, 3, 10)}
    more = draw.options(
        model=("lm", "rma"), method=_METHODS, test=_TESTS, tau2=(0.0, 0.1), predictor=("sei", "vi")
    )
    if draw.maybe(0.3):
        more |= {"predictor": draw.one("ni", "ninv", "sqrtni", "sqrtninv")}
        more |= {"ni": draw.rng.integers(10, 900, yi.size).astype(float)}
    return Call(evidence.regression_test, {**kwargs, **more, **draw.level()})


def _sized_test(function: Callable[..., Any], *names: str, vi: bool = True) -> Maker:
    def make(draw: Draw) -> Call:
        y, v = draw.studies(3, 25)
        kwargs: dict[str, Any] = {"yi": y, "min_studies": draw.one(3, 3, 10)}
        if vi:
            kwargs["vi"] = v
        for name in names:
            kwargs[name] = draw.rng.integers(10, 900, y.size).astype(float)
        if "events" in kwargs:
            kwargs["events"] = np.floor(kwargs["ni"] * draw.one(0.1, 0.5, 0.9)) + 1.0
        return Call(function, {**kwargs, **draw.level()})

    return make


def _count_test(function: Callable[..., Any], **options: tuple[Any, ...]) -> Maker:
    def make(draw: Draw) -> Call:
        kwargs: dict[str, Any] = dict(draw.tables(low=3, high=20))
        kwargs["min_studies"] = draw.one(3, 3, 10)
        return Call(function, {**kwargs, **draw.options(**options)})

    return make


def _gosh(draw: Draw) -> Call:
    yi, vi = draw.studies(1, 8)
    kwargs: dict[str, Any] = {"yi": yi, "vi": vi, **draw.options(method=_METHODS, min_k=(1, 2, 3))}
    if draw.maybe(0.2):
        kwargs |= {"sample": 20, "rng": np.random.default_rng(3)}
    return Call(evidence.gosh, {**kwargs, "workers": 1}, fixed=("rng",))


def _explained(draw: Draw) -> Call:
    estimate = float(np.round(draw.rng.normal(0.0, 1.0), 2))
    kwargs: dict[str, Any]
    if draw.maybe():
        yi, vi = draw.studies(1, 8)
        kwargs = {"yi": yi, "vi": vi, "estimate": estimate}
    elif draw.maybe():
        table = draw.tables(high=8)
        kwargs = {**table, "estimate": float(np.exp(estimate)), "measure": draw.one("RR", "OR")}
    else:
        events, sizes = draw.arm(high=8)
        kwargs = {"xi": events, "ni": sizes, "estimate": float(draw.rng.uniform(0.0, 0.6))}
    kwargs |= {"ci_low": kwargs["estimate"] - 0.2, "ci_high": kwargs["estimate"] + 0.2}
    more = draw.options(
        decimals=(1, 2, 3), i2=(0.0, 50.0), subsets=("none", "leave-one-out"), percent=(False,)
    )
    return Call(evidence.explain, {**kwargs, **more, **draw.level()})


def bayes(yi: Any, vi: Any, prior: str, scale: Any, df: Any, **options: Any) -> Any:
    """Posterior under a prior of this family."""
    make = {
        "normal": lambda: evidence.half_normal(scale),
        "t": lambda: evidence.half_t(scale, df),
        "cauchy": lambda: evidence.half_cauchy(scale),
        "log": lambda: evidence.log_normal(-1.0, scale),
    }
    return evidence.pool_bayesian(yi, vi, prior=make[prior](), **options)


def _bayesian(draw: Draw) -> Call:
    k = draw.size(1, 8)
    yi, vi = draw.rng.normal(0.0, 1.0, k), draw.rng.uniform(0.01, 1.0, k)
    if draw.maybe(0.3):
        vi[0] = draw.one(np.nan, np.inf, 0.0, -1.0)
    kwargs: dict[str, Any] = {"yi": yi, "vi": vi, "prior": draw.one("normal", "t", "cauchy", "log")}
    kwargs |= {"scale": draw.one(0.5, 1.0, 1e-3, 1e3), "df": draw.one(1, 4, 30)}
    if draw.maybe(0.3):
        kwargs |= {"mu_mean": 0.0, "mu_sd": draw.one(1.0, 2.82)}
    return Call(bayes, {**kwargs, **draw.level()}, fixed=tuple(kwargs))


def _next_study(draw: Draw) -> Call:
    kwargs: dict[str, Any] = {
        "estimate": float(draw.rng.normal()),
        "se": float(draw.magnitudes(1)[0]),
        "tau2": float(draw.magnitudes(1)[0]) * draw.one(0.0, 1.0),
    }
    more = draw.options(threshold=(0.0, -0.1, 5.0), direction=("above", "below"), df=(1, 3.0, 30))
    return Call(evidence.new_study_probability, {**kwargs, **more}, fixed=(*kwargs, *more))


_STUDY_MODEL = {"method": _METHODS, "test": _TESTS}
_RULE_PAIRS = {
    "add": ((0.5, 0.0), (0.0, 0.0), (0.5, 0.5)),
    "to": (("only0", "none"), ("all", "if0all")),
    "drop00": ((True, False), (True, True)),
}

#: For each public function of the layer: how to draw a call of it, and how often.
SYNTHESIS_CALLS: dict[str, tuple[Maker, float]] = {
    "pool": (_pool, 60),
    "effect_size, pool": (_from_tables, 6),
    "pool_stack": (_stack, 10),
    "certify": (_of_fit(evidence.certify), 4),
    "certify_effects": (_of_studies(certificates.certify_effects, _POLICY), 3),
    "fit_statistics": (_of_fit(pairwise.fit_statistics), 3),
    "profile_likelihood_interval": (
        _of_fit(
            pairwise.profile_likelihood_interval,
            options={"method": ("ML", "REML")},
            level=(0.5, 0.9),
        ),
        2,
    ),
    "permutation_test": (_of_fit(evidence.permutation_test, high=6, draws=(1, 9)), 2),
    "fitted_new_study_probability": (
        _of_fit(
            pairwise.fitted_new_study_probability,
            threshold=(0.0, -0.2, 3.0),
            direction=("above", "below"),
        ),
        3,
    ),
    "new_study_probability": (_next_study, 4),
    "pool_bayesian, half_normal, half_t, half_cauchy, log_normal": (_bayesian, 2),
    "pool_proportions": (
        _single_arm(evidence.pool_proportions, "ni", pairwise.PROPORTION_TRANSFORMS),
        10,
    ),
    "pool_rates": (
        _single_arm(evidence.pool_rates, "ti", pairwise.RATE_TRANSFORMS),
        8,
    ),
    "pool_mantel_haenszel": (
        _counted(
            evidence.pool_mantel_haenszel,
            ("OR", "RR", "RD", "IRR", "IRD"),
            most=15,
            **_RULE_PAIRS,
            correct=(True, False),
        ),
        10,
    ),
    "pool_peto": (
        _counted(
            evidence.pool_peto,
            ("OR",),
            most=15,
            add=(0.0, 0.5),
            to=ZERO_CELL_RULES,
            drop00=(True, False),
        ),
        8,
    ),
    "pool_glmm": (
        _counted(
            evidence.pool_glmm,
            ("OR", "IRR", "PLO", "IRLN"),
            most=5,
            model=("UM.FS", "UM.RS", "CM.EL", "CM.AL"),
            method=("ML", "CE"),
            nodes=(5, 21),
            test=("z", "t"),
        ),
        1.5,
    ),
    "pool_beta_binomial": (
        _counted(evidence.pool_beta_binomial, ("OR", "RR", "RD"), most=6),
        2,
    ),
    "pool_firth": (_counted(evidence.pool_firth, ("OR", "IRR"), most=8), 3),
    "pool_exact": (_counted(evidence.pool_exact, ("OR", "IRR"), most=8), 4),
    "rare_events": (_counted(evidence.rare_events, ("OR", "RR", "RD", "IRR"), most=4), 1),
    "meta_regression": (_regression, 15),
    "predict_effects": (_predictions, 5),
    "compare_models": (_comparison, 3),
    "pool_subgroups": (_grouped, 8),
    "pool_multilevel": (_levels, 3),
    "profile_interval": (_profile, 1),
    "robust": (_clustered, 5),
    "pool_robust": (_robust_variance, 5),
    "sampling_covariance": (_covariance, 5),
    "arm_overlap": (_overlap, 3),
    "sensitivity": (_of_studies(evidence.sensitivity, _POLICY, high=10), 3),
    "leave_one_out": (_of_studies(evidence.leave_one_out, _POLICY, high=10), 4),
    "cumulative": (_of_studies(evidence.cumulative, _POLICY, high=10), 4),
    "influence": (_of_studies(evidence.influence, _STUDY_MODEL, level=False, high=12), 5),
    "baujat": (_of_studies(evidence.baujat, _STUDY_MODEL, level=False, high=12), 4),
    "predict_studies": (_of_studies(evidence.predict_studies, _STUDY_MODEL), 5),
    "regression_test": (_line_test, 8),
    "rank_test": (
        _of_studies(
            evidence.rank_test,
            {"min_studies": (3, 2), "exact": (True, False)},
            low=3,
            level=False,
        ),
        5,
    ),
    "pustejovsky_test": (
        _sized_test(publication_bias.pustejovsky_test, "n1i", "n2i"),
        3,
    ),
    "peters_test": (
        _sized_test(publication_bias.peters_test, "ni", "events", vi=False),
        3,
    ),
    "deeks_test": (
        _sized_test(publication_bias.deeks_test, "n1i", "n2i", vi=False),
        3,
    ),
    "debray_test": (_sized_test(publication_bias.debray_test, "d1i", "d2i"), 3),
    "harbord_test": (
        _count_test(
            publication_bias.harbord_test,
            measure=("OR", "RR"),
            equal_arms=(True, False),
        ),
        4,
    ),
    "schwarzer_test": (
        _count_test(publication_bias.schwarzer_test, add=(0.0, 0.5), exact=(True, False)),
        4,
    ),
    "trim_and_fill": (
        _of_studies(
            evidence.trim_and_fill,
            {**_POLICY, "estimator": ("L0", "R0", "Q0"), "side": ("left", "right")},
            low=2,
            high=15,
        ),
        6,
    ),
    "selection_model": (
        _of_studies(
            evidence.selection_model,
            {
                "weights": ("step", "beta"),
                "steps": ((0.05,), (0.025, 0.5)),
                "alternative": ("greater", "less", "two-sided"),
            },
            low=3,
            high=15,
        ),
        1.5,
    ),
    "pet_peese": (
        _of_studies(evidence.pet_peese, {"alpha": (0.05, 0.2), "min_studies": (3,)}, low=3),
        5,
    ),
    "henmi_copas": (_of_studies(evidence.henmi_copas, {}, high=15), 3),
    "fail_safe_n": (
        _of_studies(
            evidence.fail_safe_n,
            {
                "kind": ("rosenthal", "orwin", "rosenberg"),
                "alpha": (0.01, 0.1),
                "target": (0.1, 0.01),
                "weighted": (True, False),
            },
            level=False,
        ),
        6,
    ),
    "excess_significance": (
        _of_studies(
            evidence.excess_significance,
            {
                "test": ("chi2", "binom", "exact"),
                "alpha": (0.01, 0.1),
                "alternative": ("two-sided", "greater", "less"),
                "method": _METHODS,
                "reach": (3.0, 5.0),
            },
            low=2,
            high=15,
            level=False,
        ),
        3,
    ),
    "gosh": (_gosh, 4),
    "explain": (_explained, 1.5),
}
