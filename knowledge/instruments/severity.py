"""Severity of infection and pneumonia."""

from .core import Inputs, Score, instrument, total
from .quantities import Age, Bun, DiastolicBP, RespiratoryRate, SystolicBP, years


class Curb65(Inputs, frozen=True, kw_only=True):
    """Inputs of CURB-65."""

    new_confusion: bool
    bun_mg_dl: Bun
    respiratory_rate_per_min: RespiratoryRate
    systolic_bp_mmhg: SystolicBP
    diastolic_bp_mmhg: DiastolicBP
    age_years: Age


@instrument(
    unit="points",
    version="Lim 2003",
    source="Lim WS, Thorax 2003;58:377",
    bands=("low 0-1", "moderate 2", "severe 3-5"),
)
def curb65(x: Curb65) -> Score:
    """CURB-65: severity of community-acquired pneumonia.

    Urea counts above 7 mmol/L, which is a BUN above 19.6 mg/dL; a low systolic or a low diastolic
    pressure is one point together.
    """
    parts = {
        "confusion": int(x.new_confusion),
        "urea": int(x.bun_mg_dl > 19.6),
        "respiratory_rate": int(x.respiratory_rate_per_min >= 30),
        "blood_pressure": int(x.systolic_bp_mmhg < 90 or x.diastolic_bp_mmhg <= 60),
        "age": int(years(x.age_years) >= 65),
    }
    return total(parts, ((1, "low"), (2, "moderate")), "severe")
