"""Closed-form conversions: the names of a case's inputs tell which conversion it is."""

from collections.abc import Callable

import numpy as np

import evidence
from evidence import (
    effect_size,
    effects,
    log_hazard_ratio_from_logrank,
    log_hazard_ratio_from_p,
    log_ratio_from_ci,
    logrank_variance,
)
from evidence.effects import back_transform, small_sample_correction, wald_interval
from tests.reference.golden.compare import (
    CLOSED_FORM,
    Check,
    NotSupported,
    check,
    require_offered,
)

Quantities = dict[str, object]


def checks(case: dict) -> list[Check]:
    """Compare each expected quantity with the conversion that the inputs call for."""
    inputs = case["inputs"]
    convert = KINDS.get(frozenset(inputs))
    if convert is None:
        raise NotSupported(f"conversion from {', '.join(sorted(inputs))}")
    got = convert(inputs)
    expected = dict(case["expected"])
    require_offered(expected, got)
    if "direction" in expected:
        expected["direction"] = expected["direction"].split()[0]
    return [
        one
        for name, value in expected.items()
        for one in check(name, got[name], value, CLOSED_FORM)
    ]


def _hazard_ratio(i: dict) -> Quantities:
    ratio = log_ratio_from_ci(i["hr"], i["ci_lb"], i["ci_ub"], level=i["level"] / 100)
    return {
        "log_hr": ratio.yi,
        "se": ratio.sei,
        "var": ratio.vi,
        "log_hr_midpoint": ratio.midpoint,
    }


def _se_from_p(i: dict) -> Quantities:
    arguments = (i["estimate"], i["p"])
    return {
        "stat": effects.statistic_from_p(*arguments, df=i["df"]),
        "se": evidence.se_from_p(*arguments, df=i["df"]),
    }


def _se_from_ci(i: dict) -> Quantities:
    level = i["level"] / 100
    return {
        "crit": effects.critical_value(level, i["df"]),
        "se": evidence.se_from_ci(i["ci_lb"], i["ci_ub"], level=level, df=i["df"]),
    }


def _odds_ratio_from_smd(i: dict) -> Quantities:
    y, v = evidence.log_or_from_smd(i["smd"], i["var"])
    y_cox, v_cox = evidence.log_or_from_smd(i["smd"], i["var"], method="cox")
    return {
        "ln_or": y,
        "var_ln_or": v,
        "or": back_transform(y, "OR"),
        "ln_or_cox": y_cox,
        "var_ln_or_cox": v_cox,
    }


def _smd_from_odds_ratio(i: dict) -> Quantities:
    ratio = log_ratio_from_ci(i["or"], i["ci_lb"], i["ci_ub"])
    y, v = evidence.smd_from_log_or(ratio.yi, ratio.vi)
    y_cox, v_cox = evidence.smd_from_log_or(ratio.yi, ratio.vi, method="cox")
    limits, _ = evidence.smd_from_log_or(np.log([i["ci_lb"], i["ci_ub"]]), 0.0)
    return {
        "smd": y,
        "se": np.sqrt(v),
        "var": v,
        "smd_cox": y_cox,
        "var_cox": v_cox,
        "ci": limits,
    }


def _at_baseline(source: str, target: str) -> Callable[[dict], Quantities]:
    def convert(i: dict) -> Quantities:
        values = (i[source.lower()], i["ci_lb"], i["ci_ub"])
        middle, low, high = evidence.convert_effect(
            values, source=source, target=target, baseline_risk=i["baseline_risk"]
        )
        absolute = evidence.absolute_effect(source, *values, baseline=i["baseline_risk"])
        needed = evidence.number_needed_to_treat(absolute.difference, *absolute.difference_ci)
        return {
            target.lower(): middle,
            "ci": [low, high],
            "rd": absolute.difference,
            "rd_ci": absolute.difference_ci,
            "risk_treated": absolute.treated,
            "per_1000": 1000 * absolute.difference,
            "per_1000_ci": [1000 * limit for limit in absolute.difference_ci],
            "nnt": needed.nnt,
        }

    return convert


def _needed(i: dict) -> Quantities:
    needed = evidence.number_needed_to_treat(i["rd"], i["ci_lb"], i["ci_ub"])
    if needed.ci is None:
        inverse = (-needed.fewer_limit, needed.more_limit)
    elif needed.direction == "fewer":
        inverse = (-needed.ci[0], -needed.ci[1])
    else:
        inverse = needed.ci[::-1]
    return {
        "nnt": needed.nnt,
        "direction": needed.direction,
        "ci_contains_zero": needed.through_infinity,
        "inv_ci_lb": inverse[0],
        "inv_ci_ub": inverse[1],
        "nnt_ci": needed.ci,
    }


def _needed_from_table(i: dict) -> Quantities:
    effect = effect_size("RD", **i, to="none")
    rd, se = float(effect.yi[0]), float(effect.sei[0])
    wald = [float(limit[0]) for limit in wald_interval(effect.yi, effect.vi)]
    newcombe = [float(limit) for limit in evidence.newcombe_interval(**i)]
    needed = evidence.number_needed_to_treat(rd, *wald)
    return {
        "rd": rd,
        "se": se,
        "ci_wald": wald,
        "nnt": needed.nnt,
        "nnt_ci_wald": needed.ci,
        "ci_newcombe": newcombe,
        "nnt_ci_newcombe": evidence.number_needed_to_treat(rd, *newcombe).ci,
    }


def _quantiles(mean_methods: tuple[str, ...], sd_methods: tuple[str, ...]) -> Callable:
    def convert(i: dict) -> Quantities:
        names = {"min": "minimum", "max": "maximum"}
        given = {names.get(name, name): value for name, value in i.items()}
        means = {
            f"mean_{method}": evidence.mean_from_quantiles(**given, method=method)
            for method in mean_methods
        }
        sds = {
            f"sd_{method}": evidence.sd_from_quantiles(**given, method=method)
            for method in sd_methods
        }
        return {**means, **sds}

    return convert


def _combined(i: dict) -> Quantities:
    return dict(zip(("n", "mean", "sd"), evidence.combine_groups(**i), strict=True))


def _combined_events(i: dict) -> Quantities:
    return dict(zip(("events", "n"), evidence.combine_events(**i), strict=True))


def _sd(i: dict) -> Quantities:
    limits = (i["ci_lb"], i["ci_ub"], i["n"])
    return {
        "sd_from_se": evidence.sd_from_se(i["se"], i["n"]),
        "sd_from_ci_normal": evidence.sd_from_ci(*limits, distribution="normal"),
        "sd_from_ci_t": evidence.sd_from_ci(*limits, distribution="t"),
    }


def _sd_from_p(i: dict) -> Quantities:
    difference, p, n1, n2 = i["mean_difference"], i["p"], i["n1"], i["n2"]
    t = effects.statistic_from_p(difference, p, df=n1 + n2 - 2)
    return {
        "t": t,
        "se": evidence.se_from_p(difference, p, df=n1 + n2 - 2),
        "sd": evidence.sd_from_p(difference, p, n1, n2),
        "d": evidence.smd_from_t(t, n1, n2, correct=False)[0],
    }


def _change(i: dict) -> Quantities:
    first, last = i["sd_baseline"], i["sd_final"]
    return {
        "sd_change_from_corr": evidence.change_sd(first, last, i["corr"]),
        "corr_from_sds": evidence.change_correlation(first, last, i["sd_change"]),
    }


def _person_years(i: dict) -> Quantities:
    time = evidence.person_time(i["n"], i["mean_followup"])
    raw = effect_size("IR", xi=i["events"], ti=time, to="none")
    log = effect_size("IRLN", xi=i["events"], ti=time, to="none")
    rate = float(raw.yi[0])
    return {
        "person_years": time,
        "rate": rate,
        "rate_per_1000": 1000 * rate,
        "log_rate": log.yi[0],
        "se_log_rate": log.sei[0],
        "se_rate": raw.sei[0],
        "ci_exact": evidence.rate_interval(i["events"], time),
        "ci_log_normal": evidence.rate_interval(i["events"], time, method="log-normal")
        if i["events"]
        else None,
        "risk_1yr_exponential": evidence.risk_from_rate(rate, 1),
    }


def _logrank(i: dict) -> Quantities:
    y, v = log_hazard_ratio_from_logrank(i["o_minus_e"], i["v"])
    return {
        "log_hr": y,
        "se": np.sqrt(v),
        "hr": back_transform(y, "HR"),
        "ci": back_transform(wald_interval(y, v), "HR"),
    }


def _logrank_from_p(i: dict) -> Quantities:
    variance = logrank_variance(i["events_total"], i["n1"], i["n2"])
    y, v = log_hazard_ratio_from_p(i["p"], variance, i["direction"])
    return {"v": variance, "o_minus_e": y / v, "log_hr": y, "se": np.sqrt(v)}


def _correlation(i: dict) -> Quantities:
    n = i["n1"] + i["n2"]
    z, var_z = evidence.z_from_r(i["r"], n)
    d, var_d = evidence.smd_from_r(i["r"], n)
    return {
        "z": z,
        "var_z": var_z,
        "r_ci": back_transform(wald_interval(z, var_z), "ZCOR"),
        "d": d,
        "var_d": var_d,
        "r_from_d": evidence.r_from_smd(d, i["n1"], i["n2"]),
    }


def _clusters(i: dict) -> Quantities:
    effect = evidence.design_effect(i["mean_cluster_size"], i["icc"])
    return {
        "design_effect": effect,
        "effective_n": i["n"] / effect,
        "effective_events": i["events"] / effect,
        "se_inflated": i["se"] * np.sqrt(effect),
    }


def _smd_from_t(i: dict) -> Quantities:
    df = i["n1"] + i["n2"] - 2
    g, var_g = evidence.smd_from_t(**i)
    return {
        "d": evidence.smd_from_t(**i, correct=False)[0],
        "J_exact": small_sample_correction(df),
        "J_approx": small_sample_correction(df, exact=False),
        "g": g,
        "var_g": var_g,
    }


KINDS: dict[frozenset[str], Callable[[dict], Quantities]] = {
    frozenset(names.split()): convert
    for names, convert in {
        "hr ci_lb ci_ub level": _hazard_ratio,
        "estimate p df": _se_from_p,
        "ci_lb ci_ub level df": _se_from_ci,
        "smd var": _odds_ratio_from_smd,
        "or ci_lb ci_ub": _smd_from_odds_ratio,
        "or ci_lb ci_ub baseline_risk": _at_baseline("OR", "RR"),
        "rr ci_lb ci_ub baseline_risk": _at_baseline("RR", "OR"),
        "rd ci_lb ci_ub": _needed,
        "ai n1i ci n2i": _needed_from_table,
        "min median max n": _quantiles(("hozo", "luo"), ("wan",)),
        "min q1 median q3 max n": _quantiles(("bland", "luo"), ("wan", "shi")),
        "q1 median q3 n": _quantiles(("wan", "luo"), ("wan",)),
        "n mean sd": _combined,
        "events n": _combined_events,
        "se ci_lb ci_ub n": _sd,
        "mean_difference p n1 n2": _sd_from_p,
        "sd_baseline sd_final corr sd_change": _change,
        "events n mean_followup": _person_years,
        "o_minus_e v": _logrank,
        "p events_total n1 n2 direction": _logrank_from_p,
        "r n1 n2": _correlation,
        "events n mean_cluster_size icc se": _clusters,
        "t n1 n2": _smd_from_t,
    }.items()
}
