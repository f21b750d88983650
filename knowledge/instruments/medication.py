"""Medication safety from the drug rules: pairs, allergies, pregnancy, kidneys, opioids."""

from typing import Annotated

import msgspec
from msgspec import Meta

from ..drugs import Drug, Interaction, cross_reactivity, interaction, of_class, resolve
from ..drugs.advice import pregnancy_advice, renal_advice
from ..drugs.allergy import known_allergen, read_allergy
from ..drugs.doses import morphine_equivalents
from ..drugs.model import Renal
from ..drugs.names import plain
from ..drugs.regimens import regimen_of
from ..errors import InvalidInput
from .core import Inputs, Needs, Score, instrument
from .quantities import quantity

Name = Annotated[str, Meta(min_length=1, max_length=120)]
Gfr = Annotated[float, quantity(0, 250, "mL/min/{1.73_m2}", normal=100)]
Clearance = Annotated[float, quantity(0, 300, "mL/min", normal=100)]
Weeks = Annotated[float, quantity(0, 45, "wk")]


class DdiSeverity(Inputs, frozen=True, kw_only=True):
    """Inputs of the severity of a pair."""

    drug_a: Name
    drug_b: Name


@instrument(
    unit="category",
    version="contraindicated | major | moderate | none/minor",
    source="FDA labels; ONC high-priority (Phansalkar 2012)",
    bands=("the mechanism, in short",),
)
def ddi_severity(x: DdiSeverity) -> Score:
    """Drug interaction: severity of a pair of drugs.

    "none/minor" only where a source says so; an unlisted pair, or a name that is no drug, is
    "unknown".
    """
    names = (x.drug_a, x.drug_b)
    one, two = (resolve(name) for name in names)
    if one is None or two is None:
        strange = [n for n, d in zip(names, (one, two), strict=True) if d is None]
        warnings = tuple(f"{name!r} is no listed drug" for name in strange)
        return Score(value="unknown", band="", warnings=warnings)
    found = interaction(one.id, two.id)
    if not isinstance(found, Interaction):
        return Score(value="none/minor" if found == "none" else "unknown", band="")
    value = "indicated combination (monitor bleeding)" if found.indicated else found.severity
    more = (f"right in: {found.exception}",) if found.exception else ()
    said = (found.effect, found.management, *more)
    return Score(value=value, band=found.mechanism, warnings=said)


class AllergyCrossReactivity(Inputs, frozen=True, kw_only=True):
    """Inputs of allergy cross-reactivity."""

    documented_allergy: Name
    """Substance and reaction as charted, such as "penicillin anaphylaxis"."""
    ordered_drug: Name


@instrument(
    unit="category",
    version="block | caution | allow",
    source="Khan 2022 drug allergy practice parameter; FDA labels",
    bands=("the reason, in short",),
)
def allergy_cross_reactivity(x: AllergyCrossReactivity) -> Score:
    """Allergy cross-reactivity: whether a charted allergy speaks against a drug."""
    given = resolve(x.ordered_drug) or _first(x.ordered_drug)
    if given is None:
        raise InvalidInput(
            "allergy_cross_reactivity", "ordered_drug", "a listed drug", x.ordered_drug
        )
    allergy = read_allergy(x.documented_allergy)
    said = cross_reactivity(allergy, given)
    known = known_allergen(allergy.substance)
    notes = () if known else (f"{x.documented_allergy!r} names no known allergen",)
    return Score(
        value=said.advice,
        band=said.reason,
        warnings=(*notes, *((said.note,) if said.note else ())),
    )


def _first(name: str) -> Drug | None:
    """A class may be ordered, too: its first drug stands for it."""
    group = of_class(plain(name).replace(" ", "_"))
    return group[0] if group else None


class PregnancyContraindication(Inputs, frozen=True, kw_only=True):
    """Inputs of the advice on a drug in pregnancy."""

    drug: Name
    gestational_age_weeks: Weeks


_PREGNANCY = {"block": "block", "avoid": "avoid", "caution": "allow", "allow": "allow"}
_BY_NOTE = {
    "FDA 2020": "avoid from 20 weeks",
    "FDA 2021 removed absolute contraindication": "stop in most",
}
"""Advice that the label words in its own way."""
_BANDS = frozenset(
    {
        *_BY_NOTE,
        "ductus closure >=30 w",
        "exception: mechanical valve with shared decision",
        "for migraine/bipolar/unless no alternative in epilepsy",
        "needs increase",
        "non-cancer",
        "preeclampsia prophylaxis",
    }
)
"""Notes that qualify the advice; any other note is a warning."""


@instrument(
    unit="category",
    version="block | allow | trimester",
    source="FDA labels (PLLR narrative, from 2015); FDA Safety Communications 2020, 2021; ACOG",
    bands=("the reason or the exception, in short",),
)
def pregnancy_contraindication(x: PregnancyContraindication) -> Score:
    """Drug in pregnancy: whether it may be given in that week of gestation.

    Caution is "allow" with a warning; without a recorded advice the value is "unknown".
    """
    drug = _known("pregnancy_contraindication", x.drug)
    said = pregnancy_advice(drug, x.gestational_age_weeks)
    if said == "unknown":
        return Score(value="unknown", band="", warnings=("no advice is recorded",))
    value = _BY_NOTE.get(said.note, _PREGNANCY[said.advice])
    told = f"caution: {said.note}".rstrip(": ") if said.advice == "caution" else said.note
    band = said.note if said.note in _BANDS else ""
    more = (f"exception: {said.exception}",) if said.exception else ()
    return Score(value=value, band=band, warnings=(*((told,) if told != band else ()), *more))


def _known(tool: str, name: str) -> Drug:
    found = resolve(name)
    if found is None:
        raise InvalidInput(tool, "drug", "a listed drug", name)
    return found


class RenalDosing(Inputs, frozen=True, kw_only=True):
    """Inputs of dosing by renal function; which measure is needed depends on the drug."""

    drug: Name
    """With its usual regimen where the dose depends on it, such as "rivaroxaban AF 20 mg"."""
    egfr_ml_min_1_73m2: Gfr | None = None
    creatinine_clearance_ml_min: Clearance | None = None


_FIELD = {"egfr": "egfr_ml_min_1_73m2", "crcl": "creatinine_clearance_ml_min"}


@instrument(
    unit="category",
    version="FDA labels",
    source="FDA labels; AGS Beers 2019 (nitrofurantoin)",
    bands=("the range of renal function",),
)
def renal_dosing(x: RenalDosing) -> Score:
    """Renal dosing: what a drug's dose becomes with the function of the kidneys."""
    measured = {"egfr": x.egfr_ml_min_1_73m2, "crcl": x.creatinine_clearance_ml_min}
    regimen = regimen_of(x.drug)
    if regimen is not None:
        value = measured[regimen.measure]
        if value is None:
            raise Needs(_FIELD[regimen.measure])
        step = regimen.step(value)
        return Score(value=step.value, band=step.band)
    drug = _known("renal_dosing", x.drug)
    said = renal_advice(drug, egfr=measured["egfr"], crcl=measured["crcl"])
    if isinstance(said, Renal):
        limits = f"{said.low:g} to below {said.high:g}"
        dose = said.dose or said.action.replace("_", " ")
        return Score(value=dose, band=f"{said.measure} {limits}")
    missing = sorted({_FIELD[r.measure] for r in drug.renal if measured[r.measure] is None})
    if missing:
        raise Needs(*missing)
    warnings = () if drug.renal else ("no renal rule is recorded",)
    return Score(value=said, band="", warnings=warnings)


class OpioidDay(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One opioid and its dose over a day."""

    drug: Name
    daily_dose: Annotated[float, quantity(0, 10000, "mg/d")]
    """mg per day; mcg per hour for a fentanyl patch."""


class Mme(Inputs, frozen=True, kw_only=True):
    """Inputs of morphine milligram equivalents."""

    opioids_mg_per_day: tuple[OpioidDay, ...]


_UNIT_WORDS = frozenset({"mcg", "ug", "h", "hr", "hour", "per", "mg", "oral", "day"})


@instrument(
    unit="mg/d",
    version="CDC 2022 factors",
    source="Dowell D, MMWR Recomm Rep 2022;71(3):1 (2016 factors differ)",
    bands=("<50", "50-89", ">=90"),
)
def mme_cdc_2022(x: Mme) -> Score:
    """Morphine milligram equivalents: a day's opioids together.

    Not for converting one opioid to another.
    """
    parts: dict[str, float | int | str] = {}
    total = 0.0
    for opioid in x.opioids_mg_per_day:
        drug = _opioid(opioid.drug)
        found = morphine_equivalents(drug, opioid.daily_dose) if drug else None
        if drug is None or found is None:
            expected = "opioids with a CDC 2022 factor (buprenorphine has none)"
            raise InvalidInput("mme_cdc_2022", "opioids_mg_per_day", expected, opioid.drug)
        total += found
        parts[drug.id] = round(float(parts.get(drug.id, 0.0)) + found, 4)
    total = round(total, 4)
    band = "<50" if total < 50 else "50-89" if total < 90 else ">=90"
    return Score(value=total, band=band, components=parts)


def _opioid(name: str) -> Drug | None:
    """The drug of a name that may carry its unit, such as "fentanyl patch mcg/h"."""
    words = plain(name.replace("(", " ").replace(")", " ")).split()
    return resolve(name) or resolve(" ".join(w for w in words if w not in _UNIT_WORDS))
