"""What somebody has read of a study, and what each reporting system asks of that.

A module-level table gives each system the function that makes its inputs from a reading.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from ..instruments.core import calc, find

GROWTH_MM = 1.5
"""Growth of the mean diameter that counts, mm (Lung-RADS 2022)."""
THRESHOLD_GROWTH, THRESHOLD_MONTHS = 1.5, 6
"""Factor and months of threshold growth (LI-RADS 2018)."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A lesion as somebody has read it."""

    id: str
    region: str
    side: str
    features: dict[str, Any]
    mm: dict[str, float] = {}
    prior_mm: dict[str, float] = {}

    @property
    def mean_mm(self) -> float | None:
        """Mean of the long and the short axis; None before both were measured."""
        return _mean(self.mm)


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """What a reporting system asks of the patient."""

    age_years: float
    setting: str
    risk_factors: tuple[str, ...] = ()
    prior_months: int = 0


class Unread(Exception):
    """A system lacks facts of a lesion: its features or sizes."""

    def __init__(self, *missing: str) -> None:
        super().__init__(", ".join(missing))
        self.missing = missing


def _mean(mm: Mapping[str, float]) -> float | None:
    return (mm["long"] + mm["short"]) / 2 if {"long", "short"} <= set(mm) else None


def _needed(reading: Reading, *axes: str) -> None:
    missing = [f"measured:{reading.id}:{a}" for a in axes if a not in reading.mm]
    if missing:
        raise Unread(*missing)


def _lung(reading: Reading) -> tuple[str, float, float]:
    """Attenuation, mean diameter and solid part. Raises Unread."""
    kind = str(reading.features["attenuation"])
    _needed(reading, "long", "short", *(("solid",) if kind == "part solid" else ()))
    return kind, round(reading.mean_mm or 0.0, 2), reading.mm.get("solid", 0.0)


def _fleischner(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    kind, mean, solid = _lung(reading)
    return {
        "nodule_type": kind,
        "multiple": len(among) > 1,
        "diameter_mm": mean,
        "high_risk": bool(person.risk_factors),
        "age_years": person.age_years,
        "solid_component_mm": solid,
    }


def _lung_rads(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    del among
    kind, mean, solid = _lung(reading)
    inputs = {"nodule_type": kind, "mean_diameter_mm": mean, "solid_component_mm": solid}
    before = _mean(reading.prior_mm)
    if not person.prior_months:
        return {**inputs, "status": "baseline"}
    if before is None:
        return {**inputs, "status": "new"}
    if mean - before > GROWTH_MM:
        return {**inputs, "status": "growing"}
    earlier = {
        "nodule_type": kind,
        "mean_diameter_mm": before,
        "solid_component_mm": reading.prior_mm.get("solid", 0.0),
        "status": "baseline",
    }
    was = calc("lung_rads_2022", earlier).value
    return {**inputs, "status": "stable", "previous_category": was}


def _ti_rads(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    del person, among
    _needed(reading, "long")
    f = reading.features
    return {
        "composition": f["composition"],
        "echogenicity": f["echogenicity"],
        "taller_than_wide": f["taller_than_wide"],
        "margin": f["margin"],
        "echogenic_foci": str(f["foci"]).split(" + "),
        "max_diameter_cm": round(reading.mm["long"] / 10, 2),
    }


def _li_rads(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    del among
    _needed(reading, "long")
    f, before = reading.features, reading.prior_mm.get("long")
    recent = 0 < person.prior_months <= THRESHOLD_MONTHS
    grown = before is not None and reading.mm["long"] >= THRESHOLD_GROWTH * before
    return {
        "nonrim_aphe": f["arterial_enhancement"] == "nonrim",
        "size_mm": reading.mm["long"],
        "nonperipheral_washout": f["washout"] == "nonperipheral",
        "enhancing_capsule": f["capsule"],
        "threshold_growth": recent and grown,
        "targetoid": f["arterial_enhancement"] == "rim",
        "tumor_in_vein": bool(f.get("tumor_in_vein")),
    }


def _pi_rads(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    del person, among
    f = reading.features
    zone = "transition" if "transition" in reading.region else "peripheral"
    scores = {k: f[k] for k in ("t2_score", "dwi_score", "dce_positive")}
    return {"zone": zone, **scores}


def _bosniak(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    del person, among
    f = reading.features
    wall = 1.0
    if f["walls"] != "hairline":
        _needed(reading, "wall")
        wall = reading.mm["wall"]
    return {
        "enhancing_nodule": f.get("nodule", False),
        "max_enhancing_wall_or_septum_thickness_mm": wall,
        "irregular_thickening": f.get("irregular", False),
        "number_of_thin_septa": f.get("septa", 0),
    }


def _bi_rads(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    del person, among
    return {"category": str(reading.features["category"])}


def _cad_rads(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    del reading, person
    worst: dict[str, float] = {}
    for one in among:
        stenosis = float(one.features["stenosis_percent"])
        worst[one.region] = max(worst.get(one.region, 0.0), stenosis)
    return {
        "max_stenosis_percent": max(worst.values()),
        "left_main_stenosis_percent": worst.get("left_main", 0.0),
        "vessels_with_70_percent_or_more": sum(w >= 70 for r, w in worst.items()),
    }


def _aspects(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    del person, among
    lost = str(reading.features["territories"]).split(" + ")
    return {name: name in lost for name in find("aspects").inputs.__struct_fields__}


def _kellgren(reading: Reading, person: Person, among: Sequence[Reading]) -> dict[str, Any]:
    del person, among
    names = find("kellgren_lawrence").inputs.__struct_fields__
    return {name: reading.features[name] for name in names}


INPUTS = {
    "fleischner_2017": _fleischner,
    "lung_rads_2022": _lung_rads,
    "ti_rads": _ti_rads,
    "li_rads_2018": _li_rads,
    "pi_rads_2_1": _pi_rads,
    "bosniak_2019": _bosniak,
    "bi_rads_management": _bi_rads,
    "cad_rads_2": _cad_rads,
    "aspects": _aspects,
    "kellgren_lawrence": _kellgren,
}
