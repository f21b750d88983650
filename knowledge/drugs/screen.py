"""A whole medication list against a patient's chart. What the chart does not say is not assumed."""

from collections.abc import Callable, Iterator
from itertools import combinations

from .advice import (
    hepatic_advice,
    lactation_advice,
    pregnancy_advice,
    qt_advice,
    renal_advice,
)
from .allergy import cross_reactivity
from .beers import SOURCE, beers
from .chart import Alert, Chart, ChartDrug, Grade, Kind
from .doses import check_dose, deadly_route, morphine_equivalents, times_per_day
from .model import Allergy, Drug, Hepatic, Renal
from .names import find
from .pairs import interactions, washout_days

_ORDER: dict[str, int] = {
    g: n for n, g in enumerate(("critical", "severe", "moderate", "minor", "unknown", "info"))
}
_PAIR: dict[str, Grade] = {"contraindicated": "critical", "major": "severe", "moderate": "moderate"}
_ORGAN: dict[str, Grade] = {
    "contraindicated": "critical",
    "avoid": "severe",
    "do_not_start": "moderate",
    "reduce": "moderate",
    "monitor": "minor",
}
_PREGNANCY: dict[str, Grade] = {"block": "critical", "avoid": "severe", "caution": "minor"}
_FERTILE = (11, 55)
"""Years within which a pregnancy is looked for (clinical estimate, unverified)."""
_TWICE_IS_TOO_MUCH = (
    "ace_inhibitor",
    "arb",
    "beta_blocker",
    "benzodiazepine",
    "doac",
    "fluoroquinolone",
    "heparin",
    "loop_diuretic",
    "macrolide",
    "nsaid",
    "pde5_inhibitor",
    "penicillin",
    "ppi",
    "snri",
    "ssri",
    "statin",
    "sulfonylurea",
    "tca",
    "thiazide",
)
"""Classes of which a second member adds harm and hardly any effect."""

_Line = tuple[ChartDrug, Drug]


def screen(chart: Chart) -> list[Alert]:
    """Every alert on a medication list, the gravest first.

    Pairs, washouts, duplicates, allergies, kidneys, liver, pregnancy, milk, QT, doses, opioid
    equivalents and Beers 2023. Raises UnknownDrug (with near names) for a name nobody knows.
    """
    lines = [(line, find(line.name)) for line in chart.drugs]
    taken = [(line, d) for line, d in lines if line.stopped_days_ago is None]
    alerts = [*_pairs(taken), *_washouts(lines), *_duplicates(taken)]
    for check in _EACH:
        for line in taken:
            alerts += check(chart, *line)
    alerts += [*_qt(chart, taken), *_opioids(taken)]
    return sorted(_joined(alerts), key=lambda a: (_ORDER[a.grade], a.kind, a.drugs, a.message))


def _joined(alerts: list[Alert]) -> Iterator[Alert]:
    """The same missing fact once, with all drugs that need it."""
    blind: dict[tuple[Kind, str], dict[str, None]] = {}
    for alert in alerts:
        if alert.grade == "unknown":
            blind.setdefault((alert.kind, alert.message), {}).update(dict.fromkeys(alert.drugs))
        else:
            yield alert
    for (kind, message), drugs in blind.items():
        yield Alert(kind=kind, grade="unknown", drugs=tuple(drugs), message=message)


def _pairs(taken: list[_Line]) -> Iterator[Alert]:
    ids = list(dict.fromkeys(d.id for _, d in taken))
    for a, b in combinations(ids, 2):
        hits = interactions(a, b)
        if not hits or hits[0].severity == "none":
            continue
        rule = hits[0]
        exception = f" Right in: {rule.exception}." if rule.exception else ""
        yield Alert(
            kind="pair",
            grade="minor" if rule.indicated else _PAIR[rule.severity],
            drugs=(a, b),
            message=f"{rule.severity}: {rule.effect} ({rule.mechanism}).{exception}",
            management=rule.management,
            source=rule.source,
        )


def _washouts(lines: list[_Line]) -> Iterator[Alert]:
    """A drug that was stopped too short a time ago for one that is taken now."""
    for line, gone in lines:
        if line.stopped_days_ago is None:
            continue
        for other, now in lines:
            if other.stopped_days_ago is not None or now.id == gone.id:
                continue
            days = washout_days(gone.id, now.id)
            if line.stopped_days_ago < days:
                rule = interactions(gone.id, now.id)[0]
                yield Alert(
                    kind="washout",
                    grade=_PAIR.get(rule.severity, "moderate"),
                    drugs=(gone.id, now.id),
                    message=f"stopped {line.stopped_days_ago:g} days ago, {days:g} are asked for",
                    management=rule.management,
                    source=rule.source,
                )


def _duplicates(taken: list[_Line]) -> Iterator[Alert]:
    seen: dict[str, list[str]] = {}
    for _, d in taken:
        seen.setdefault(d.id, []).append(d.id)
        for group in d.classes:
            if group in _TWICE_IS_TOO_MUCH:
                seen.setdefault(f"class {group}", []).append(d.id)
    for what, ids in seen.items():
        if len(ids) > 1 and (what in ids or len(set(ids)) > 1):
            yield Alert(
                kind="duplicate",
                grade="moderate",
                drugs=tuple(dict.fromkeys(ids)),
                message=f"twice the same: {what.replace('_', ' ')}",
                management="keep one, unless the plan says why",
            )


def _allergies(chart: Chart, _line: ChartDrug, d: Drug) -> Iterator[Alert]:
    if chart.allergies is None:
        yield _blind("allergy", d, "allergies not known")
    for one in chart.allergies or ():
        label = Allergy(
            substance=one.substance, reaction=one.reaction, severity="unknown", true=True
        )
        said = cross_reactivity(label, d)
        if said.advice == "allow":
            continue
        known = said.reason != "allergen not known"
        yield Alert(
            kind="allergy",
            grade="critical" if said.advice == "block" else "moderate" if known else "unknown",
            drugs=(d.id,),
            message=f"{said.advice}: {one.substance} {one.reaction}".rstrip() + f" ({said.reason})",
            management=said.note,
            source=said.source,
        )


def _renal(chart: Chart, _line: ChartDrug, d: Drug) -> Iterator[Alert]:
    said = renal_advice(d, egfr=chart.egfr, crcl=chart.crcl)
    if isinstance(said, Renal):
        yield _organ("renal", d, said)
    elif said == "unknown" and d.renal:
        wanted = " and ".join(sorted({r.measure for r in d.renal}))
        yield _blind("renal", d, f"{wanted} not known, and the dose depends on it")


def _hepatic(chart: Chart, _line: ChartDrug, d: Drug) -> Iterator[Alert]:
    said = hepatic_advice(d, chart.child_pugh)
    if isinstance(said, Hepatic):
        yield _organ("hepatic", d, said)
    elif chart.child_pugh is None and d.hepatic:
        yield _blind("hepatic", d, "Child-Pugh class not known")


def _organ(kind: Kind, d: Drug, rule: Renal | Hepatic) -> Alert:
    return Alert(
        kind=kind,
        grade=_ORGAN[rule.action],
        drugs=(d.id,),
        message=rule.action.replace("_", " "),
        management=rule.dose,
        source=rule.source,
    )


def _blind(kind: Kind, d: Drug, message: str) -> Alert:
    return Alert(kind=kind, grade="unknown", drugs=(d.id,), message=message)


def _pregnancy(chart: Chart, _line: ChartDrug, d: Drug) -> Iterator[Alert]:
    if chart.pregnant_week is None:
        harmful = any(p.advice in {"block", "avoid"} for p in d.pregnancy)
        if harmful and chart.pregnant:
            yield _blind("pregnancy", d, "week of pregnancy not known")
        elif harmful and _may_be_pregnant(chart):
            yield _blind("pregnancy", d, "pregnancy not excluded")
        return
    said = pregnancy_advice(d, chart.pregnant_week)
    if said == "unknown":
        yield _blind("pregnancy", d, "no advice for pregnancy is recorded")
    elif said.advice != "allow":
        exception = f" (exception: {said.exception})" if said.exception else ""
        message = f"{said.advice} in week {chart.pregnant_week:g}: {said.note}".removesuffix(": ")
        yield Alert(
            kind="pregnancy",
            grade=_PREGNANCY[said.advice],
            drugs=(d.id,),
            message=message + exception,
            source=said.source,
        )


def _may_be_pregnant(chart: Chart) -> bool:
    """Nobody excluded it, and sex and age do not."""
    age = chart.age_years
    of_age = age is None or _FERTILE[0] <= age <= _FERTILE[1]
    return chart.pregnant is None and chart.sex != "male" and of_age


def _lactation(chart: Chart, _line: ChartDrug, d: Drug) -> Iterator[Alert]:
    if not chart.lactating:
        return
    said = lactation_advice(d)
    if said == "unknown":
        yield _blind("lactation", d, "no advice for breastfeeding is recorded")
    elif said != "compatible":
        grade: Grade = "severe" if said == "avoid" else "minor"
        yield Alert(
            kind="lactation",
            grade=grade,
            drugs=(d.id,),
            message=f"{said} in breastfeeding",
            source=d.source,
        )


def _dose(chart: Chart, line: ChartDrug, d: Drug) -> Iterator[Alert]:
    why = deadly_route(d, line.route, line.frequency)
    if why:
        yield Alert(kind="dose", grade="critical", drugs=(d.id,), message=why, source="ISMP 2024")
    if line.dose is None:
        return
    if "/kg" in line.unit and chart.weight_kg is None:
        yield _blind("dose", d, "weight not known, and the dose is written per kg")
        return
    amount = d.in_unit(line.dose, line.unit or d.unit, chart.weight_kg or 0.0)
    if amount is None:
        yield _blind("dose", d, f"{line.unit} is none of {', '.join(d.units)}")
        return
    renal = renal_advice(d, egfr=chart.egfr, crcl=chart.crcl)
    said = check_dose(
        d,
        amount,
        per_day=line.times_per_day or times_per_day(line.frequency),
        age_years=chart.age_years,
        weight_kg=chart.weight_kg,
        max_daily=renal.max_daily if isinstance(renal, Renal) else None,
        route=line.route,
    )
    if said is None:
        yield _blind("dose", d, "weight not known, and a child's dose depends on it")
    elif said.grade != "ok":
        message = f"{amount:g} {d.unit} is {said.factor:.3g} times the limit: {said.limit}"
        yield Alert(kind="dose", grade=said.grade, drugs=(d.id,), message=message, source=d.source)


def _beers(chart: Chart, _line: ChartDrug, d: Drug) -> Iterator[Alert]:
    if chart.age_years is None:
        yield _blind("beers", d, "age not known")
        return
    for rule in beers(d.id, chart.age_years, conditions=chart.conditions, crcl=chart.crcl):
        yield Alert(
            kind="beers", grade=rule.severity, drugs=(d.id,), message=rule.concern, source=SOURCE
        )


_EACH: tuple[Callable[[Chart, ChartDrug, Drug], Iterator[Alert]], ...] = (
    _allergies,
    _renal,
    _hepatic,
    _pregnancy,
    _lactation,
    _dose,
    _beers,
)


def _qt(chart: Chart, taken: list[_Line]) -> Iterator[Alert]:
    said = qt_advice(
        [d for _, d in taken],
        qtc_ms=chart.qtc_ms,
        potassium_mmol_l=chart.potassium_mmol_l,
        magnesium_mg_dl=chart.magnesium_mg_dl,
    )
    if said is None:
        return
    grades: dict[str, Grade] = {"contraindicated": "critical", "avoid": "severe"}
    yield Alert(
        kind="qt",
        grade=grades.get(said.action) or ("info" if said.action == "info" else "unknown"),
        drugs=said.drugs,
        message=f"prolongs QT: {said.reason}",
        management="correct potassium and magnesium, ECG, another drug",
        source="Drew, Circulation 2010",
    )


def _opioids(taken: list[_Line]) -> Iterator[Alert]:
    """The day's morphine equivalents where every opioid's dose and frequency are known."""
    parts: dict[str, float] = {}
    for line, d in taken:
        often = line.times_per_day or times_per_day(line.frequency)
        amount = d.in_unit(line.dose, line.unit or d.unit, 0.0) if line.dose is not None else None
        # A patch is written as its rate, not as a sum over the day.
        daily = None if amount is None else amount if d.unit == "mcg_h" else amount * (often or 0.0)
        found = None if daily is None else morphine_equivalents(d, daily)
        if found:
            parts[d.id] = parts.get(d.id, 0.0) + found
    total = sum(parts.values())
    if total >= 50:
        yield Alert(
            kind="opioids",
            grade="severe" if total >= 90 else "moderate",
            drugs=tuple(parts),
            message=f"{total:.3g} morphine milligram equivalents a day",
            management="weigh benefit and risk again; offer naloxone",
            source="CDC opioids 2022 (Dowell, MMWR Recomm Rep 2022;71:1)",
        )
