"""Scores of the worst values of a day: SOFA, SOFA-2, APACHE II."""

from collections.abc import Iterable
from typing import Any

from ..instruments.core import calc
from .scores import DAY, DRY, Scored, flows_in, labs_in, longest_dry, signs_in
from .shelf import UNCHARTED
from .tables import Flow, Lab, Signs, Tables


def _told(row: Lab | Signs, name: str) -> bool:
    """Whether that value was charted in the row."""
    value = getattr(row, name)
    return bool(value == value and value != UNCHARTED)  # noqa: PLR0124 - NaN is not itself


class _Worst:
    """Collects the worst rows of a window and what could not be found."""

    def __init__(self, t: Tables, every: Tables, after: float, upto: float) -> None:
        self.t, self.every, self.after, self.upto = t, every, after, upto
        self.rows: list[str] = []
        self.missing: list[str] = []
        self.unmeasured: list[str] = []
        self.unread: list[str] = []

    def absent(self, name: str, *, charted: bool) -> None:
        """Note what is not among the rows: unread where it was charted, else unmeasured."""
        (self.missing if charted else self.unmeasured).append(name)

    def lab(self, label: str, pick: Any) -> float | None:
        """The lowest (min) or highest (max) value of a lab; None where there is none."""
        found = labs_in(self.t, label, self.after, self.upto)
        charted = labs_in(self.every, label, self.after, self.upto)
        if not found:
            self.absent(label, charted=bool(charted))
            return None
        if len(found) < len(charted):
            self.unread.append(label)
        row = pick(found, key=lambda r: r.value)
        self.rows.append(row.id)
        return float(row.value)

    def sign(self, name: str, pick: Any) -> float | None:
        """The lowest or highest value of a vital sign; None where there is none."""
        found = [r for r in signs_in(self.t, self.after, self.upto) if _told(r, name)]
        charted = [r for r in signs_in(self.every, self.after, self.upto) if _told(r, name)]
        if not found:
            self.absent("vitals", charted=bool(charted))
            return None
        if len(found) < len(charted):
            self.unread.append("vitals")
        row = pick(found, key=lambda r: getattr(r, name))
        self.rows.append(row.id)
        return float(getattr(row, name))

    def ratio(self) -> tuple[float, float, str] | None:
        """PaO2, FiO2 and device of the gas with the lowest ratio."""
        oxygen = {r.hour: r for r in labs_in(self.t, "fio2", self.after, self.upto)}
        gases = labs_in(self.t, "pao2", self.after, self.upto)
        pairs = [(g, oxygen[g.hour]) for g in gases if g.hour in oxygen]
        if not pairs:
            charted = bool(labs_in(self.every, "pao2", self.after, self.upto))
            self.absent("pao2 and fio2", charted=charted)
            return None
        gas, given = min(pairs, key=lambda p: p[0].value / p[1].value)
        self.rows += [gas.id, given.id]
        before = [r for r in self.t.signs if r.hour <= gas.hour]
        return gas.value, given.value, before[-1].device if before else ""

    def norepinephrine(self) -> float:
        """The highest rate charted, ug/kg/min."""
        found = [f for f in flows_in(self.t, self.after, self.upto) if f.rate]
        if not found:
            return 0.0
        row = max(found, key=lambda f: f.rate)
        self.rows.append(row.id)
        return row.rate

    def _urine(self) -> list[Flow]:
        """Urine rows of the window, all of which must have been read."""
        found = [f for f in flows_in(self.t, self.after, self.upto) if f.label == "urine"]
        charted = [f for f in flows_in(self.every, self.after, self.upto) if f.label == "urine"]
        if len(found) < len(charted):
            self.absent("urine", charted=True)
        self.rows += [f.id for f in found]
        return found

    def dry(self, weight_kg: float) -> tuple[float, float, float]:
        """Longest hours of urine below 0.5, below 0.3 and of next to none."""
        found = self._urine()
        low, very, none = (longest_dry(found, limit, weight_kg) for limit in DRY)
        return low, very, none

    def urine(self) -> float | None:
        """Urine of the day in mL; None where the stay is younger than a day."""
        return sum(f.ml for f in self._urine()) if self.upto >= DAY else None

    def fluids_read(self) -> None:
        """Vasopressors and urine stand among the fluids: some row of them must have been read."""
        charted = flows_in(self.every, self.after, self.upto)
        if charted and not flows_in(self.t, self.after, self.upto):
            self.absent("inputs and outputs", charted=True)

    def done(self, name: str, inputs: dict[str, Any]) -> Scored:
        """Run the instrument, or say what lacks."""
        lacking = tuple(dict.fromkeys(self.missing))
        if lacking:
            return Scored(missing=lacking)
        result = calc(name, inputs, assume_normal=True)
        return Scored(
            value=float(result.value or 0),
            parts=dict(result.components),
            rows=tuple(dict.fromkeys(self.rows)),
            unmeasured=tuple(dict.fromkeys(self.unmeasured)),
            unread=tuple(dict.fromkeys(self.unread)),
            band=result.band or "",
        )


def sofa(t: Tables, every: Tables, hour: float) -> Scored:
    """SOFA (1996) of the worst values in the 24 hours up to `hour`.

    `every` holds all charted rows: what stands there and not in `t` is missing. Support of
    breathing is a ventilator; urine counts once a whole day is charted.
    """
    w = _Worst(t, every, max(hour - DAY, -1), hour)
    common = _organs(w)
    gas, dose = w.ratio(), w.norepinephrine()
    w.fluids_read()
    own = {
        "pao2_mmhg": gas[0] if gas else None,
        "fio2_fraction": gas[1] if gas else None,
        "respiratory_support": gas is not None and gas[2] == "ventilator",
        "norepinephrine_mcg_kg_min": dose,
        "urine_output_ml_per_day": w.urine(),
    }
    return w.done("sofa", {**common, **own})


def sofa2(t: Tables, every: Tables, hour: float, weight_kg: float) -> Scored:
    """SOFA-2 (2025) of the worst values in the 24 hours up to `hour`.

    High flow counts as support of breathing, too. Urine counts by the longest time below each
    limit; potassium, pH and bicarbonate as criteria of kidney replacement.
    """
    w = _Worst(t, every, max(hour - DAY, -1), hour)
    common = _organs(w)
    gas, dose = w.ratio(), w.norepinephrine()
    w.fluids_read()
    dry = w.dry(weight_kg)
    own = {
        "pao2_fio2_ratio_mmhg": gas[0] / gas[1] if gas else None,
        "advanced_ventilatory_support": gas is not None and gas[2] in {"ventilator", "high flow"},
        "norepinephrine_plus_epinephrine_mcg_kg_min": dose,
        "hours_urine_below_0_5_ml_kg_h": dry[0],
        "hours_urine_below_0_3_ml_kg_h": dry[1],
        "hours_anuria": dry[2],
        "potassium_mmol_l": w.lab("potassium", max),
        "bicarbonate_mmol_l": w.lab("bicarbonate", min),
        "arterial_ph": w.lab("ph", min),
    }
    return w.done("sofa2", {**common, **own})


def _organs(w: _Worst) -> dict[str, Any]:
    """What both versions of SOFA ask for."""
    gcs = w.sign("gcs", min)
    return {
        "platelets_10e3_per_ul": w.lab("platelets", min),
        "bilirubin_mg_dl": w.lab("bilirubin", max),
        "creatinine_mg_dl": w.lab("creatinine", max),
        "mean_arterial_pressure_mmhg": w.sign("map", min),
        "gcs": None if gcs is None else int(gcs),
    }


_APACHE = {
    "sodium_mmol_l": "sodium",
    "potassium_mmol_l": "potassium",
    "creatinine_mg_dl": "creatinine",
    "hematocrit_percent": "hematocrit",
    "wbc_10e3_per_ul": "wbc",
    "arterial_ph": "ph",
}
_APACHE_SIGNS = {
    "temperature_c": "temp",
    "mean_arterial_pressure_mmhg": "map",
    "heart_rate_per_min": "hr",
    "respiratory_rate_per_min": "rr",
    "gcs": "gcs",
}


def apache(
    t: Tables, every: Tables, start: float, age: int, *, failure: bool, chronic: bool
) -> Scored:
    """APACHE II of the first 24 hours from `start`: of each value the one with most points."""
    w = _Worst(t, every, start - 0.5, start + DAY)
    fixed = {
        "age_years": age,
        "acute_renal_failure": failure,
        "severe_organ_insufficiency_or_immunocompromise": chronic,
        "admission_type": "nonoperative",
    }
    chosen: dict[str, Any] = {}
    for field, label in _APACHE.items():
        _most(w, chosen, fixed, field, labs_in(t, label, w.after, w.upto), "value")
        if field not in chosen:
            w.absent(label, charted=bool(labs_in(every, label, w.after, w.upto)))
    for field, name in _APACHE_SIGNS.items():
        _most(w, chosen, fixed, field, signs_in(t, w.after, w.upto), name)
        if field not in chosen:
            w.absent("vitals", charted=bool(signs_in(every, w.after, w.upto)))
    _gas(w, chosen, fixed)
    return w.done("apache_ii", {**fixed, **chosen})


def _earned(fixed: dict[str, Any], more: dict[str, Any]) -> float:
    return float(calc("apache_ii", {**fixed, **more}, assume_normal=True).value or 0)


def _most(
    w: _Worst,
    chosen: dict[str, Any],
    fixed: dict[str, Any],
    field: str,
    rows: Iterable[Lab | Signs],
    name: str,
) -> None:
    """Take the value with most points (the first of equals)."""
    found = [r for r in rows if _told(r, name)]
    if not found:
        return
    best = max(found, key=lambda r: _earned(fixed, {field: getattr(r, name)}))
    chosen[field] = getattr(best, name)
    w.rows.append(best.id)


def _gas(w: _Worst, chosen: dict[str, Any], fixed: dict[str, Any]) -> None:
    """The gas with most points: gradient from an FiO2 of 0.5 on, PaO2 below it."""
    options: list[tuple[dict[str, Any], tuple[str, ...]]] = []
    for gas in labs_in(w.t, "pao2", w.after, w.upto):
        same = {r.label: r for r in w.t.labs if r.hour == gas.hour}
        if "fio2" in same and "paco2" in same:
            fio2, pco2 = same["fio2"].value, same["paco2"].value
            gradient = fio2 * (760 - 47) - pco2 / 0.8 - gas.value
            more = {"pao2_mmhg": gas.value, "fio2_fraction": fio2}
            more["a_a_gradient_mmhg"] = round(gradient, 1)
            options.append((more, (gas.id, same["fio2"].id, same["paco2"].id)))
    if not options:
        charted = bool(labs_in(w.every, "pao2", w.after, w.upto))
        w.absent("pao2, paco2 and fio2", charted=charted)
        return
    best, ids = max(options, key=lambda o: _earned(fixed, o[0]))
    chosen.update(best)
    w.rows += ids
