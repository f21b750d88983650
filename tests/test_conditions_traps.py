"""What a variant promises is in its patients: a few traps by name."""

import msgspec
import numpy as np
import pytest

from healthgym.knowledge.conditions import condition
from healthgym.knowledge.patients import generate
from healthgym.knowledge.physiology import MINUTE, Given, levels, severity
from healthgym.knowledge.studies import ecg_text, report
from healthgym.knowledge.variants import conditions_in, domain_variants, variant

DOMAIN = "clinical_diagnosis"
CONDITIONS = conditions_in(DOMAIN)
VARIANTS = sorted(domain_variants(DOMAIN))


@pytest.mark.parametrize("name", [c for c in CONDITIONS if condition(c).plan])
def test_the_plan_turns_the_course_within_six_hours(name: str) -> None:
    p = generate(next(v for v in VARIANTS if variant(v).condition == name), 7)
    doses = [options[0] for options in condition(name).plan.values()]
    given = [Given(drug=d.drug, dose=d.dose, unit=d.unit, route=d.route, at=0) for d in doses]
    assert severity(p, given, 360 * MINUTE) < p.severity


def test_what_is_managed_without_a_drug() -> None:
    assert [c for c in CONDITIONS if not condition(c).plan] == [
        "acute_hepatitis_b",
        "aortic_stenosis",
        "functional_seizure",
        "panic",
        "primary_polydipsia",
        "vasovagal_syncope",
    ]


@pytest.mark.parametrize(
    ("name", "rhythm"),
    [
        ("nodal_tachycardia_typical", "regular narrow tachycardia"),
        ("ventricular_tachycardia_scar", "regular broad tachycardia"),
        ("rapid_fibrillation_preexcited", "pre-excited atrial fibrillation"),
        ("block_sustained", "ventricular escape rhythm"),
        ("block_intermittent", "sinus"),
    ],
)
def test_an_electrocardiogram_names_its_own_rhythm(name: str, rhythm: str) -> None:
    assert all(ecg_text(generate(name, seed), (), 0).startswith(rhythm) for seed in range(10))


def test_an_early_picture_may_be_normal() -> None:
    for seed in range(20):
        p = generate("collapse_lying_film", seed)
        assert report(p, "chest_xray") == "no acute cardiopulmonary finding"
        assert report(p, "lung_ultrasound") == "no lung sliding on one side"
        p = generate("sah_normal_head_ct", seed)
        assert report(p, "head_ct") == "no intracranial haemorrhage"
        assert "aneurysm" in report(p, "ct_angiogram_head")


def test_home_drugs_set_traps() -> None:
    for seed in range(20):
        home = {m.drug for m in generate("gout_knee_clarithromycin", seed).medications}
        assert {"clarithromycin", "warfarin"} <= home
        assert "warfarin" in {m.drug for m in generate("haematoma_warfarin", seed).medications}
    stopped = [levels(generate("adrenal_steroid_stopped", n), (), 0) for n in range(20)]
    assert max(true["cortisol_mcg_dl"] for true in stopped) <= 5.001


def test_a_block_that_stays_beats_slowly() -> None:
    rates = {
        v: np.mean([levels(generate(v, seed), (), 0)["hr_bpm"] for seed in range(40)])
        for v in ("block_sustained", "block_intermittent")
    }
    assert rates["block_sustained"] < 50 < 60 < rates["block_intermittent"]


@pytest.mark.parametrize("seed", range(10))
def test_methanol_widens_the_osmolar_gap(seed: int) -> None:
    masked = generate("methanol_with_spirits", seed)
    plain = msgspec.structs.replace(masked, shift={**masked.shift, "methanol_mg_dl": 0.0})
    one, other = levels(masked, (), 0), levels(plain, (), 0)
    gap = one["osmolality_mosm_kg"] - other["osmolality_mosm_kg"]
    assert gap == pytest.approx((one["methanol_mg_dl"] - other["methanol_mg_dl"]) / 3.2)
    assert gap > 5


def test_many_patients_must_not_have_a_drug_that_is_usual() -> None:
    severe = [
        v for v in VARIANTS if any(a.true and a.severity == "severe" for a in variant(v).allergies)
    ]
    assert len(severe) >= 13
