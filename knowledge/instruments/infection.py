"""Sore throat, Kawasaki disease, ketoacidosis: criteria that open or close a path."""

from typing import Annotated, Literal

from .core import Inputs, Score, instrument
from .quantities import (
    Age,
    AgeMonths,
    Bicarbonate,
    Glucose,
    Ph,
    Temperature,
    count,
    half_up,
    quantity,
    years,
)

Ketones = Annotated[float, quantity(0, 25, "mmol/L", normal=0.2, others={"mg/dL": 10.41})]
UrineKetones = Annotated[int, count(0, 4, normal=0)]
FeverDays = Annotated[float, quantity(0, 60, "d")]
Features = Annotated[int, count(0, 5)]
Supplementary = Annotated[int, count(0, 6)]
Crp = Annotated[float, quantity(0, 60, "mg/dL", others={"mg/L": 10})]
Esr = Annotated[float, quantity(0, 200, "mm/h")]


class Centor(Inputs, frozen=True, kw_only=True):
    """Inputs of the Centor score with McIsaac's age points."""

    age_years: Age
    tonsillar_exudate_or_swelling: bool
    tender_anterior_cervical_nodes: bool
    temperature_c: Temperature
    cough_present: bool


@instrument(
    unit="points",
    version="McIsaac 1998",
    source="McIsaac WJ, CMAJ 1998;158:75",
)
def centor_mcisaac(x: Centor) -> Score:
    """Centor (McIsaac): probability of streptococcal pharyngitis. Not valid below 3 years."""
    age = years(x.age_years)
    parts = {
        "exudate": int(x.tonsillar_exudate_or_swelling),
        "nodes": int(x.tender_anterior_cervical_nodes),
        "temperature": int(half_up(x.temperature_c, 1) > 38.0),
        "no_cough": int(not x.cough_present),
        "age": 1 if age < 15 else -1 if age >= 45 else 0,
    }
    young = ("not valid below 3 years",) if age < 3 else ()
    return Score(value=sum(parts.values()), components=dict(parts), warnings=young)


class Kawasaki(Inputs, frozen=True, kw_only=True):
    """Inputs of the Kawasaki algorithm. Features: conjunctiva, mouth, rash, extremities, node."""

    fever_days: FeverDays
    principal_features_of_5: Features
    age_months: AgeMonths
    crp_mg_dl: Crp
    esr_mm_h: Esr
    supplementary_labs_of_6: Supplementary
    echo_positive: bool


@instrument(
    unit="category",
    version="AHA 2017",
    source="McCrindle BW, Circulation 2017;135:e927",
)
def kawasaki(x: Kawasaki) -> Score:
    """Kawasaki disease: complete, incomplete or not, by the AHA algorithm.

    Complete: fever of 5 days (4 with at least four features) and four of five features. Incomplete
    is suspected with two or three features, or in an infant below 6 months with fever of 7 days.
    """
    few = x.principal_features_of_5
    if few >= 4 and x.fever_days >= 4:
        return Score(value="complete kawasaki")
    infant = x.age_months < 6 and x.fever_days >= 7
    if not (infant or (x.fever_days >= 5 and few in {2, 3})):
        return Score(value="criteria not met")
    if x.echo_positive:
        return Score(value="incomplete kawasaki: treat")
    if x.crp_mg_dl < 3 and x.esr_mm_h < 40:
        return Score(value="suspected incomplete: serial reassessment")
    if x.supplementary_labs_of_6 >= 3:
        return Score(value="incomplete kawasaki: treat")
    return Score(value="suspected incomplete: echo and supplementary labs")


class Dka(Inputs, frozen=True, kw_only=True):
    """Inputs of the criteria of diabetic ketoacidosis; pH venous or arterial."""

    glucose_mg_dl: Glucose
    known_diabetes: bool
    beta_hydroxybutyrate_mmol_l: Ketones
    urine_ketones_plus: UrineKetones
    ph: Ph
    bicarbonate_mmol_l: Bicarbonate
    mental_status: Literal["alert", "drowsy", "alert/drowsy", "stupor", "coma", "stupor/coma"]


@instrument(
    unit="category",
    version="ADA/EASD consensus 2024",
    source="Umpierrez GE, Diabetes Care 2024;47:1257",
)
def dka_2024(x: Dka) -> Score:
    """DKA: whether the criteria are met, and how severe.

    Glucose of 200 mg/dL or known diabetes; ketones of 3 mmol/L or 2+; pH below 7.3 or bicarbonate
    below 18. The worst of pH, bicarbonate and mental status sets the severity.
    """
    ph = half_up(x.ph, 2)
    sugar = x.glucose_mg_dl >= 200 or x.known_diabetes
    ketones = x.beta_hydroxybutyrate_mmol_l >= 3.0 or x.urine_ketones_plus >= 2
    acid = ph < 7.3 or x.bicarbonate_mmol_l < 18
    parts = {"glucose": int(sugar), "ketones": int(ketones), "acid": int(acid)}
    if not (sugar and ketones and acid):
        return Score(value="criteria not met", components=dict(parts))
    dull = x.mental_status in {"stupor", "coma", "stupor/coma"}
    if ph < 7.0 or x.bicarbonate_mmol_l < 10 or dull:
        return Score(value="severe", components=dict(parts))
    drowsy = x.mental_status == "drowsy"
    if ph <= 7.25 or x.bicarbonate_mmol_l < 15 or drowsy:
        return Score(value="moderate", components=dict(parts))
    return Score(value="mild", components=dict(parts))
