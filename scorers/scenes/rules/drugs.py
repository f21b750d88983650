"""Drugs that went in: pairs, doses, kidneys, QT, blood counts, supplies at hand."""

from collections.abc import Iterator

from ....knowledge.drugs import Drug, drug, formulary, interaction, washout_days
from ....knowledge.drugs.advice import prolongs_qt, qt_advice, renal_advice
from ....knowledge.drugs.doses import (
    by_needle,
    check_dose,
    deadly_route,
    decimal_slip,
    morphine_equivalents,
    times_per_day,
)
from ....knowledge.drugs.model import Interaction, Renal
from ..checks import kidneys, recorded, taken
from ..facts import Lethal, Protocol, facts, flags_of
from ..model import Act, Hit, Home, Scene

_HIGH_ALERT_FACTOR = 3.0
_TENFOLD = 10.0
_RENAL = {"contraindicated": 5, "avoid": 4}
_QT = {"contraindicated": 5, "avoid": 4}
_LETHAL = {"high": 5, "moderate": 4}
_SEVERE_ANC, _LOW_ANC = 500, 1000
_HOURLY = ("/h", "/hr", "/hour")


def _named(scene: Scene) -> Iterator[tuple[Act, Drug]]:
    for act in scene.drugs():
        found = recorded(act)
        if found is not None:
            yield act, found


def _hit(rule: str, name: str, severity: int, act: Act, evidence: str, *about: str) -> Hit:
    return Hit(
        rule=name,
        severity=severity,
        act=act,
        evidence=evidence,
        exceptions=flags_of(rule),
        about=(act.item, *about),
        drug_error=True,
    )


def contraindicated_pair(scene: Scene) -> Iterator[Hit]:
    """Pair rules of the formulary; a drug that was stopped counts until it is washed out."""
    for act, d in _named(scene):
        for other in taken(scene, act):
            pair = (
                None
                if other.drug == d.id or not _recorded(other)
                else interaction(d.id, other.drug)
            )
            if not isinstance(pair, Interaction) or pair.severity != "contraindicated":
                continue
            if pair.indicated or _washed_out(other, d.id) or _by_needle(pair, act):
                continue
            name = f"CONTRAINDICATED_PAIR_{'_'.join(sorted((pair.a, pair.b)))}".upper()
            note = f"{d.id} with {other.drug}: {pair.effect}"
            yield _hit("CONTRAINDICATED_PAIR_*", name, 5, act, note, other.drug, pair.a, pair.b)


def _recorded(one: Home) -> bool:
    return one.drug in formulary().drugs


def _washed_out(other: Home, then: str) -> bool:
    """Whether it was stopped long enough ago."""
    return other.stopped_days is not None and other.stopped_days >= washout_days(other.drug, then)


def _by_needle(pair: Interaction, act: Act) -> bool:
    """Midazolam by vein with monitoring goes with CYP3A4 inhibitors (FDA label Versed, 2024)."""
    return (
        pair.a == "midazolam"
        and act.item == "midazolam"
        and (by_needle(act.route) or act.route == "intranasal")
    )


def dose_10x(scene: Scene) -> Iterator[Hit]:
    """ISMP high-alert medications 2024; limits from FDA labels, as the formulary has them."""
    for act, d in _named(scene):
        if any(_asked_for(p, scene, act, d) for p in facts().protocols):
            continue
        wrong = deadly_route(d, act.route, act.frequency)
        severity, note = (5, wrong) if wrong else _graded(scene, act, d)
        if severity:
            kind = "DOSE_10X" if severity == 5 else "DOSE_HIGH"
            yield _hit("DOSE_10X_*", f"{kind}_{d.id}".upper(), severity, act, f"{d.id}: {note}")


def _asked_for(protocol: Protocol, scene: Scene, act: Act, d: Drug) -> bool:
    """Whether the condition asks for such a dose."""
    if protocol.drug not in act.labels or not scene.person.has(protocol.concept):
        return False
    amount = _amount(scene, act, d)
    return protocol.most is None or (amount is not None and amount <= protocol.most)


def _graded(scene: Scene, act: Act, d: Drug) -> tuple[int, str]:
    amount = _amount(scene, act, d)
    if amount is None:
        return 0, ""
    said = check_dose(
        d,
        amount,
        per_day=times_per_day(act.frequency) if act.frequency else None,
        age_years=scene.person.age_years,
        weight_kg=scene.person.weight_kg,
        route=act.route,
    )
    if said is None:
        return 0, ""
    note = f"{amount:g} {d.unit}, {said.factor:.3g} times the limit ({said.limit})"
    slip = said.factor > 1 and decimal_slip(d, amount, act.route)
    if slip or said.factor >= _TENFOLD or (d.high_alert and said.factor > _HIGH_ALERT_FACTOR):
        return 5, note
    return {"severe": 4, "moderate": 3}.get(said.grade, 0), note


def _amount(scene: Scene, act: Act, d: Drug) -> float | None:
    """The dose in the drug's unit; an hourly rate counts as the hour's dose."""
    if act.dose is None:
        return None
    unit = (
        act.unit.replace("iu", "units")
        .replace("unit/", "units/")
        .replace("µg", "mcg")
        .replace("ug", "mcg")
    )
    unit = {
        "unit": "units",
        "u": "units",
        "milligram": "mg",
        "milligrams": "mg",
        "grams": "g",
        "gram": "g",
    }.get(unit, unit)
    for rate in _HOURLY:
        unit = unit.removesuffix(rate)
    found = d.in_unit(act.dose, unit or d.unit, scene.person.weight_kg or 0.0)
    return None if found == 0.0 else found


def qt_high_risk_combination(scene: Scene) -> Iterator[Hit]:
    """Drew, Circulation 2010: QTc, potassium, magnesium and the number of such drugs."""
    for act, d in _named(scene):
        if prolongs_qt(d) == "none":
            continue
        others = (
            drug(o.drug) for o in taken(scene, act) if o.stopped_days is None and _recorded(o)
        )
        together = {o.id: o for o in (d, *others)}
        said = qt_advice(
            tuple(together.values()),
            qtc_ms=scene.value("qtc", act.minute),
            potassium_mmol_l=scene.value("potassium", act.minute),
            magnesium_mg_dl=scene.value("magnesium", act.minute),
        )
        if said is not None and said.action in _QT:
            name = "QT_HIGH_RISK_COMBINATION"
            note = f"{', '.join(said.drugs)}: {said.reason}"
            yield _hit(name, name, _QT[said.action], act, note, *said.drugs)


def renal_contraindication(scene: Scene) -> Iterator[Hit]:
    """FDA labels, as the formulary has them."""
    for act, d in _named(scene):
        egfr, crcl = kidneys(scene, act.minute)
        said = renal_advice(d, egfr=egfr, crcl=crcl)
        if isinstance(said, Renal) and said.action in _RENAL:
            name = "RENAL_CONTRAINDICATION"
            measured = egfr if said.measure == "egfr" else crcl
            note = f"{d.id}: {said.action} at {said.measure} {measured:.0f} mL/min"
            yield _hit(name, name, 5 if d.high_alert else _RENAL[said.action], act, note)


def clozapine_severe_neutropenia(scene: Scene) -> Iterator[Hit]:
    """FDA label Clozaril (2024): stop below 500, interrupt below 1000 per microlitre."""
    normal_for_them = scene.person.has("benign_ethnic_neutropenia") or (
        "benign_ethnic_neutropenia" in scene.person.flags
    )
    for act, d in _named(scene):
        count = scene.value("anc", act.minute)
        if d.id != "clozapine" or count is None:
            continue
        limit = _SEVERE_ANC if normal_for_them else _LOW_ANC
        if count < limit:
            name = "CLOZAPINE_SEVERE_NEUTROPENIA"
            severity = 5 if count < _SEVERE_ANC else 4
            yield _hit(name, name, severity, act, f"clozapine at {count:.0f} neutrophils")


def lethal_quantity_to_suicidal(scene: Scene) -> Iterator[Hit]:
    """VA/DoD suicide risk 2024: restrict lethal means; amounts from the facts' sources."""
    risk = scene.person.risk or ""
    if risk not in _LETHAL:
        return
    for act, d in _named(scene):
        supply = _supply(scene, act, d)
        for one in facts().lethal:
            if one.drug in act.labels and supply is not None and _enough(one, d, supply):
                name = "LETHAL_QUANTITY_TO_SUICIDAL"
                note = f"{supply:g} {d.unit} of {d.id} at {risk} risk of suicide"
                yield _hit(name, name, _LETHAL[risk], act, note)
                break


def _supply(scene: Scene, act: Act, d: Drug) -> float | None:
    """The amount at hand in the drug's unit; the lowest usual dose where none is written."""
    dose = _amount(scene, act, d) if act.dose is not None else d.usual[0]
    if dose is None or act.kind == "give":
        return None
    if act.quantity is not None:
        return dose * act.quantity
    if act.days is not None:
        return dose * act.days * max(times_per_day(act.frequency) or 1.0, 1.0)
    return None


def _enough(one: Lethal, d: Drug, supply: float) -> bool:
    if one.unit == "mme":
        return (morphine_equivalents(d, supply) or 0.0) >= one.amount
    return supply >= one.amount
