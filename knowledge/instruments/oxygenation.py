"""How well the lungs oxygenate, and under how much support."""

from typing import Annotated

from .core import Inputs, Score, instrument
from .quantities import (
    KPA,
    Age,
    FiO2,
    PaCO2,
    PaO2,
    SpO2,
    half_up,
    quantity,
    years,
)

Barometric = Annotated[float, quantity(230, 820, "mm[Hg]", normal=760, others=KPA)]
Breathing = Annotated[float, quantity(4, 120, "/min", normal=16)]
"""A respiratory rate to divide by."""
Peep = Annotated[float, quantity(0, 40, "cm[H2O]")]
AirwayPressure = Annotated[float, quantity(1, 60, "cm[H2O]")]
Hours = Annotated[float, quantity(0, 240, "h")]


class AaGradient(Inputs, frozen=True, kw_only=True):
    """Inputs of the A-a gradient."""

    age_years: Age
    fio2_fraction: FiO2
    barometric_pressure_mmhg: Barometric
    paco2_mmhg: PaCO2
    pao2_mmhg: PaO2


@instrument(
    unit="mm[Hg]",
    version="Patm-47, R 0.8, expected age/4+4",
    source="Alveolar gas equation: Fenn WO, Rahn H, Otis AB, Am J Physiol 1946;146:637; "
    "age limit: Mellemgaard K, Acta Physiol Scand 1966;67:10, in its bedside form age/4+4",
    bands=("normal for age: at most age/4+4", "elevated"),
)
def a_a_gradient(x: AaGradient) -> Score:
    """A-a gradient: hypoxaemia by the lung or by hypoventilation.

    The age limit is meant for room air; the gradient grows with FiO2 also in healthy lungs.
    """
    alveolar = x.fio2_fraction * (x.barometric_pressure_mmhg - 47) - x.paco2_mmhg / 0.8
    gradient = alveolar - x.pao2_mmhg
    limit = years(x.age_years) / 4 + 4
    warnings = []
    if x.fio2_fraction > 0.21 + 1e-9:
        warnings.append("the limit for age is meant for room air")
    if gradient < 0:
        warnings.append("a negative gradient is not possible: check FiO2 and the sample")
    return Score(
        value=half_up(gradient, 2),
        band="elevated" if gradient > limit + 1e-9 else "normal for age",
        components={"alveolar_po2": half_up(alveolar, 2), "expected_at_most": limit},
        warnings=tuple(warnings),
    )


class PfRatio(Inputs, frozen=True, kw_only=True):
    """Inputs of the PaO2/FiO2 ratio in the Berlin definition."""

    pao2_mmhg: PaO2
    fio2_fraction: FiO2
    peep_or_cpap_cm_h2o: Peep


@instrument(
    unit="mm[Hg]",
    version="Berlin 2012",
    source="ARDS Definition Task Force, JAMA 2012;307:2526",
    bands=(
        "above 300",
        "mild 201-300",
        "moderate 101-200",
        "severe up to 100",
        "not classifiable: PEEP or CPAP below 5 cmH2O",
    ),
)
def pf_ratio(x: PfRatio) -> Score:
    """P/F ratio: the oxygenation criterion of ARDS.

    The band is the oxygenation criterion alone: ARDS also asks for onset within a week, bilateral
    opacities and an origin other than heart failure or fluid overload.
    """
    ratio = x.pao2_mmhg / x.fio2_fraction
    if ratio > 300 + 1e-9:
        band = "above 300"
    elif x.peep_or_cpap_cm_h2o < 5:
        band = "not classifiable"
    elif ratio > 200 + 1e-9:
        band = "mild"
    elif ratio > 100 + 1e-9:
        band = "moderate"
    else:
        band = "severe"
    return Score(value=half_up(ratio, 1), band=band)


class RoxIndex(Inputs, frozen=True, kw_only=True):
    """Inputs of the ROX index."""

    spo2_percent: SpO2
    fio2_fraction: FiO2
    respiratory_rate_per_min: Breathing
    hours_on_high_flow: Hours


@instrument(
    unit="1",
    version="Roca 2019",
    source="Roca O, Am J Respir Crit Care Med 2019;199:1368",
    bands=(
        "lower risk of intubation: 4.88 or more from 2 h on",
        "high risk of failure: below 2.85 from 2 h, 3.47 from 6 h, 3.85 from 12 h",
        "indeterminate: between",
        "too early: before 2 h",
    ),
)
def rox_index(x: RoxIndex) -> Score:
    """ROX index: failure of nasal high flow in pneumonia.

    SpO2 in percent over FiO2, divided by the respiratory rate.
    """
    rox = x.spo2_percent / x.fio2_fraction / x.respiratory_rate_per_min
    failing = next(
        (cut for hour, cut in ((12, 3.85), (6, 3.47), (2, 2.85)) if x.hours_on_high_flow >= hour),
        None,
    )
    if failing is None:
        band = "too early"
    elif rox >= 4.88 - 1e-9:
        band = "lower risk of intubation"
    elif rox < failing - 1e-9:
        band = "high risk of failure"
    else:
        band = "indeterminate"
    return Score(value=half_up(rox, 2), band=band)


class OxygenationIndex(Inputs, frozen=True, kw_only=True):
    """Inputs of the oxygenation index."""

    mean_airway_pressure_cm_h2o: AirwayPressure
    fio2_fraction: FiO2
    pao2_mmhg: PaO2


@instrument(
    unit="cm[H2O]/mm[Hg]",
    version="PALICC 2015",
    source="Pediatric Acute Lung Injury Consensus Conference, Pediatr Crit Care Med 2015;16:428",
    bands=("below 4", "mild 4 to below 8", "moderate 8 to below 16", "severe 16 or more"),
)
def oxygenation_index(x: OxygenationIndex) -> Score:
    """Oxygenation index: severity of paediatric ARDS on invasive ventilation.

    Mean airway pressure x FiO2 x 100 / PaO2. The band is the oxygenation criterion alone.
    """
    index = x.mean_airway_pressure_cm_h2o * x.fio2_fraction * 100 / x.pao2_mmhg
    steps = ((16, "severe"), (8, "moderate"), (4, "mild"))
    band = next((name for limit, name in steps if index >= limit - 1e-9), "below 4")
    return Score(value=half_up(index, 2), band=band)
