"""How a patient's body moves in time: severity in closed form, vitals and labs from it.

Identities hold by construction: anion gap = Na - Cl - HCO3, the compensated pCO2 of Winters
(Albert 1967), pH by Henderson-Hasselbalch, sodium falling 1.6 mmol/L per 100 mg/dL of glucose
(Katz 1973), MAP from the blood pressure.
"""

import math
from collections.abc import Sequence

import msgspec

from . import labs
from .conditions import condition
from .drugs import drug
from .measurements import reference
from .patients import Patient
from .rng import stream

MINUTE = 60_000_000
"""Simulated microseconds in a minute."""
_LIMIT = 1.3
_ONSET_MIN = 45.0


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """A drug that went in: `at` in simulated microseconds."""

    drug: str
    dose: float
    unit: str
    route: str
    at: int


def severity(patient: Patient, given: Sequence[Given], at: int) -> float:
    """Severity at a simulated time: exponential growth while untreated, decay under treatment."""
    course = condition(patient.condition).course
    starts: list[tuple[int, float]] = []
    for t in course.treatments:
        first = [
            g.at for g in given if g.at <= at and any(drug(g.drug).matches(i) for i in t.any_of)
        ]
        if first:
            starts.append((min(first), t.per_h))
    log_s, now, rate = math.log(patient.severity), 0, course.untreated_per_h
    for start, per_h in sorted(starts):
        log_s = min(log_s + rate * (start - now) / (60 * MINUTE), math.log(_LIMIT))
        now = start
        rate = min(rate, 0.0) - per_h
    return math.exp(min(log_s + rate * (at - now) / (60 * MINUTE), math.log(_LIMIT)))


def _primary(patient: Patient, s: float, at: int) -> dict[str, float]:
    components = labs.catalogue().components
    rise = condition(patient.condition).rise_h
    hours = patient.onset_h + at / (60 * MINUTE)
    values = dict(patient.base)
    values |= {key: rare(patient, key) for key in patient.shift if key not in values}
    for key, delta in patient.shift.items():
        part = s * delta * (1 - math.exp(-hours / rise[key]) if key in rise else 1.0)
        c = components.get(key)
        if c is not None and c.log:
            values[key] *= math.exp(part)
        else:
            values[key] += part
        if c is not None and not c.derived:
            values[key] = min(max(values[key], c.min), c.max)
    return values


def rare(patient: Patient, key: str) -> float:
    """The healthy baseline of a component that is not drawn with every patient."""
    c = labs.catalogue().components[key]
    s = stream(patient.variant, patient.seed, "base", key)
    return c.mean * math.exp(c.sd * s.normal()) if c.log else s.normal(c.mean, c.sd)


def _drug_effects(values: dict[str, float], given: Sequence[Given], at: int) -> None:
    for g in given:
        if g.at > at:
            continue
        share = 1 - math.exp(-(at - g.at) / (_ONSET_MIN * MINUTE))
        for key, full in drug(g.drug).effects.items():
            if key in values:
                values[key] += full * share


_FASTEST = {"hr_bpm": (190.0, 230.0), "rr_pm": (48.0, 80.0)}
"""What a heart and a chest can do: adults, children (clinical estimate, unverified)."""
_ADULT = 18


def _derived(v: dict[str, float], age_years: int) -> None:
    """Fill in what follows from the primary values."""
    v["glucose_mg_dl"] = max(v["glucose_mg_dl"], 25.0)
    v["creatinine_mg_dl"] = max(v["creatinine_mg_dl"], 0.35)
    v["bun_mg_dl"] = max(v["bun_mg_dl"] + (v["creatinine_mg_dl"] - 0.95) * v["ratio"], 3.0)
    v["lactate_mmol_l"] = max(v["lactate_mmol_l"], 0.5)
    acids = 1.7 * (v["beta_hydroxybutyrate_mmol_l"] - 0.2) + 0.9 * (v["lactate_mmol_l"] - 1.2)
    v["anion_gap"] = max(v["ag"] + max(acids, 0.0), 3.0)
    hco3 = v["bicarbonate_mmol_l"] - 0.85 * max(v["anion_gap"] - 9.0, 0.0)
    v["bicarbonate_mmol_l"] = max(hco3, 3.5)
    v["sodium_mmol_l"] -= 1.6 * max(v["glucose_mg_dl"] - 140, 0) / 100
    hco3 = v["bicarbonate_mmol_l"]
    expected = min(1.5 * hco3 + 8, 40 + 0.7 * (hco3 - 24))
    v["pco2_mmhg"] = max(expected + v["pco2_mmhg"], 9.0) + 4.0
    v["ph_venous"] = 6.1 + math.log10(hco3 / (0.0307 * (v["pco2_mmhg"] - 1.5)))
    v["chloride_mmol_l"] = v["sodium_mmol_l"] - hco3 - v["anion_gap"]
    v["osmolality_mosm_kg"] = (
        2 * v["sodium_mmol_l"]
        + v["glucose_mg_dl"] / 18
        + v["bun_mg_dl"] / 2.8
        + v["ethanol_mg_dl"] / 4.6
        + v.get("methanol_mg_dl", 0.0) / 3.2
        + v.get("ethylene_glycol_mg_dl", 0.0) / 6.2
        + 4
    )
    v["urine_ketones_mg_dl"] = 20.0 * max(v["beta_hydroxybutyrate_mmol_l"] - 0.4, 0.0)
    v["spo2_pct"] = min(max(v["spo2_pct"], 60.0), 100.0)
    v["gcs"] = float(round(min(max(v["gcs"], 3.0), 15.0)))
    v["temperature_c"] = min(max(v["temperature_c"], 33.0), 41.5)
    child = age_years < _ADULT
    v["hr_bpm"] = min(max(v["hr_bpm"], 35.0), _FASTEST["hr_bpm"][child])
    v["rr_pm"] = min(max(v["rr_pm"], 8.0), _FASTEST["rr_pm"][child])
    v["sbp_mmhg"] = min(max(v["sbp_mmhg"], 55.0), 245.0)
    v["dbp_mmhg"] = min(max(v["dbp_mmhg"], 25.0), v["sbp_mmhg"] - 15)
    v["map_mmhg"] = (v["sbp_mmhg"] + 2 * v["dbp_mmhg"]) / 3


def levels(patient: Patient, given: Sequence[Given], at: int) -> dict[str, float]:
    """True vitals and lab values at a simulated time (microseconds), by component id."""
    values = _primary(patient, severity(patient, given, at), at)
    _drug_effects(values, given, at)
    _derived(values, patient.age_years)
    return values


_VITAL_NOISE = {"hr_bpm": 2.5, "sbp_mmhg": 4.0, "dbp_mmhg": 3.0, "rr_pm": 1.0, "temperature_c": 0.1}


def measured_vitals(patient: Patient, given: Sequence[Given], at: int) -> dict[str, float]:
    """Vital signs as a monitor prints them at that time; MAP follows from the printed pressures."""
    true = levels(patient, given, at)
    s = stream(patient.variant, patient.seed, "vitals", at)
    v = {k: float(round(true[k] + s.normal(0, sd))) for k, sd in _VITAL_NOISE.items()}
    v["temperature_c"] = round(true["temperature_c"] + s.normal(0, 0.1), 1)
    v["spo2_pct"] = min(float(round(true["spo2_pct"] + s.normal(0, 0.7))), 100.0)
    v["dbp_mmhg"] = min(v["dbp_mmhg"], v["sbp_mmhg"] - 10)
    v["map_mmhg"] = float(round((v["sbp_mmhg"] + 2 * v["dbp_mmhg"]) / 3))
    v["gcs"] = true["gcs"]
    return v


def measured_labs(
    patient: Patient, given: Sequence[Given], test: str, at: int
) -> dict[str, labs.Value]:
    """Results of a sample drawn at `at`, with measurement error, rounded and flagged.

    In a basic panel the printed chloride follows from the printed sodium, bicarbonate and gap.
    """
    true = levels(patient, given, at)
    s = stream(patient.variant, patient.seed, "labs", test, at)
    components = labs.catalogue().components
    out: dict[str, labs.Value] = {}

    def shown(key: str, value: float) -> labs.Value:
        sex = "female" if patient.sex == "F" else "male"
        week = patient.extra.get("pregnant_week")
        return labs.printed(key, value, reference(key, patient.age_years, sex, week))

    for key in labs.catalogue().tests[test].components:
        noise = 1 + components[key].cv * s.normal()
        value = true[key] if key in true else rare(patient, key)
        out[key] = shown(key, value * noise)
    if "chloride_mmol_l" in out:
        rest = out["sodium_mmol_l"].value - out["bicarbonate_mmol_l"].value
        out["chloride_mmol_l"] = shown("chloride_mmol_l", rest - round(true["anion_gap"]))
    return out
