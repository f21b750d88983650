"""An imported stay where the tools of the hospital record look: as tables, papers and a plan.

`attach` puts a stay of a chart on the shelf and gives a Patient that stands for it; the tables of
that patient are then those of the chart. Nothing is made up: what was not charted is not there, and
what the tables have no column for is left out and can be counted with `unseen`.
"""

from collections import Counter
from collections.abc import Iterator
from math import nan
from typing import cast

from ..errors import BadChart, UnknownUnit
from ..measurements import convert, measurement, of_loinc
from ..patients import Patient
from ..stays import shelf
from ..stays.course import Plan
from ..stays.papers import Admission, Order, Papers
from ..stays.tables import LABS, Flow, Lab, Signs, Tables
from ..variants import Sex
from .model import Chart, Observed, Stay

_LABEL = {key: label for label, key in LABS.items()}
_SIGN = {
    "hr_bpm": "hr",
    "sbp_mmhg": "sbp",
    "dbp_mmhg": "dbp",
    "map_mmhg": "map",
    "rr_pm": "rr",
    "temperature_c": "temp",
    "spo2_pct": "spo2",
    "gcs": "gcs",
}
_SAME = {
    "1963-8": "2028-9",
    "20565-8": "2028-9",
    "2339-0": "2345-7",
    "2708-6": "59408-5",
    "2947-0": "2951-2",
    "20570-8": "4544-3",
    "26464-8": "6690-2",
    "26515-7": "777-3",
    "32693-4": "2524-7",
    "38483-4": "2160-0",
    "6298-4": "2823-3",
    "6299-2": "3094-0",
    "804-5": "6690-2",
}
"""LOINC of the same quantity in blood, or by another method -> ours (loinc.org, recalled, so
unverified). Gases of unnamed blood are left out: they may be venous."""
_MINUTES, _DAY = 60.0, 24
_PERSON = "chart:"
_OUTSIDE = ", outside the hours of the stay"


def _key(one: Observed) -> str | None:
    """Our measurement of an observation, None where there is none."""
    if one.what.system != "loinc":
        return None
    return of_loinc(one.what.code) or of_loinc(_SAME.get(one.what.code, ""))


def _own(one: Observed, key: str) -> float | None:
    """The value in our unit, None where it cannot be told."""
    if one.value is None:
        return None
    try:
        return round(convert(key, one.value, one.unit, measurement(key).ucum), 3)
    except UnknownUnit:
        return None


def _hour(at: float, stay: Stay) -> float:
    return round((at - stay.start) / _MINUTES, 2)


def _during(one: Observed, stay: Stay) -> bool:
    if one.at is None or one.stay not in {"", stay.id}:
        return False
    return stay.start <= one.at and (stay.end is None or one.at <= stay.end)


def _read(chart: Chart, stay: Stay) -> Iterator[tuple[Observed, str, float, float]]:
    """Observation, measurement, hour and value of what the tables can hold."""
    for one in chart.observations:
        key = _key(one) if _during(one, stay) else None
        value = _own(one, key) if key is not None else None
        if value is not None and one.at is not None and (key in _LABEL or key in _SIGN):
            yield one, str(key), _hour(one.at, stay), value


def tables(chart: Chart, stay: Stay) -> Tables:
    """Labs, vital signs and fluids of a stay."""
    labs: list[Lab] = []
    sets: dict[float, dict[str, float]] = {}
    for _, key, hour, value in _read(chart, stay):
        if key in _SIGN:
            sets.setdefault(hour, {})[_SIGN[key]] = value
        else:
            label = _LABEL[key]
            unit = measurement(key).ucum
            labs.append(
                Lab(id=f"L{len(labs) + 1:03d}", hour=hour, label=label, value=value, unit=unit)
            )
    signs = [_signs(n, hour, found) for n, (hour, found) in enumerate(sorted(sets.items()), 1)]
    flows = [
        Flow(
            id=f"F{n:03d}",
            hour=_hour(f.at, stay),
            kind=f.direction,
            label=_fluid(f.what.text),
            ml=f.ml,
        )
        for n, f in enumerate((f for f in chart.fluids if f.stay == stay.id), 1)
    ]
    return Tables(labs=tuple(labs), signs=tuple(signs), flows=tuple(flows))


def _fluid(text: str) -> str:
    return "urine" if "urine" in text.lower() or "foley" in text.lower() else text


def _signs(n: int, hour: float, found: dict[str, float]) -> Signs:
    told = {name: found.get(name, nan) for name in _SIGN.values() if name != "gcs"}
    return Signs(
        id=f"V{n:03d}",
        hour=hour,
        hr=told["hr"],
        sbp=told["sbp"],
        dbp=told["dbp"],
        map=told["map"],
        rr=told["rr"],
        temp=told["temp"],
        spo2=told["spo2"],
        gcs=int(found.get("gcs", shelf.UNCHARTED)),
        acvpu="",
        device="",
    )


def unseen(chart: Chart, stay: Stay) -> Counter[str]:
    """What was observed of a stay and the tables do not show, by its name.

    They have no column or unit for it, or it was charted outside the hours of the stay (samples
    taken in the emergency department count as of the admission) or without a time.
    """
    shown = {id(one) for one, *_ in _read(chart, stay)}
    names: Counter[str] = Counter()
    for one in chart.observations:
        if id(one) in shown or not (one.stay == stay.id or _during(one, stay)):
            continue
        when = "" if _during(one, stay) else ", without a time" if one.at is None else _OUTSIDE
        names[f"{one.what.text or one.what.code} [{one.unit}]{when}"] += 1
    return names


def _papers(chart: Chart, stay: Stay, number: int) -> Papers:
    earlier = [s for s in chart.stays if s.end is not None and s.end <= stay.start]
    orders = [d for d in chart.drugs if d.stay == stay.id and d.at is not None]
    return Papers(
        hadm_id=number,
        earlier=tuple(
            Admission(
                hadm_id=_number(s.id),
                kind="ed_visit" if s.kind.lower() in {"emer", "emergency visit"} else "inpatient",
                days_before=int((stay.start - s.start) / _MINUTES / _DAY),
                los_days=int(((s.end or s.start) - s.start) / _MINUTES / _DAY),
            )
            for s in earlier
        ),
        orders=tuple(
            Order(
                id=f"O{n:03d}",
                hour=int(_hour(d.at or 0.0, stay)),
                kind="medication",
                text=" ".join(t for t in (d.drug.text or d.drug.code, d.dose, d.route) if t),
            )
            for n, d in enumerate(orders, 1)
        ),
        notes=(),
        home={},
        draft={},
        discrepancies=(),
    )


def _number(id_: str) -> int:
    """An id as a number, as the record's tools have them."""
    return int(id_) % 100_000_000 if id_.isdigit() else int.from_bytes(id_.encode()[-3:], "big")


def attach(chart: Chart, stay_id: str = "") -> Patient:
    """Put a stay (by default the last one) on the shelf; the patient that stands for it.

    Raises BadChart for a stay that the chart does not have.
    """
    known = {s.id: s for s in chart.stays}
    stay = known.get(stay_id) if stay_id else chart.stays[-1] if chart.stays else None
    if stay is None:
        raise BadChart(f"{chart.subject}: no stay {stay_id!r}; there are {sorted(known)}")
    held = tables(chart, stay)
    hours = [r.hour for r in held.rows]
    span = _hour(stay.end, stay) if stay.end is not None else max(hours, default=0.0)
    icu = int(_hour(stay.icu[0][0], stay)) if stay.icu else -1
    plan = Plan(kind="record", hours=int(span), icu=max(icu, -1), elective=stay.kind == "elective")
    name = f"{_PERSON}{chart.source}:{chart.subject}:{stay.id}"
    shelf.put(
        name, shelf.Held(plan=plan, tables=held, papers=_papers(chart, stay, _number(stay.id)))
    )
    return _person(chart, name)


def _person(chart: Chart, name: str) -> Patient:
    """The person as far as charted; zeros and empty words stand for what is not told."""
    return Patient(
        id=chart.subject,
        variant=name,
        seed=0,
        condition="",
        age_years=chart.age_years or 0,
        # Empty where it is not told: a guess would be shown as a fact.
        sex=cast("Sex", chart.sex),
        ethnicity=chart.ethnicity or "other",
        ses="",
        weight_kg=chart.weight_kg or 0.0,
        height_cm=chart.height_cm or 0.0,
        complaint="",
        comorbidities=(),
        medications=(),
        allergies=(),
        findings={},
        severity=0.0,
        onset_h=0.0,
        base={},
        shift={},
        ecg="",
        imaging={},
    )
