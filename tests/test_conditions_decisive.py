"""The decisive fact decides: one of each family of look-alikes, and what it turns the answer to."""

from collections.abc import Callable, Sequence

import msgspec
import pytest

from healthgym.agents.differential import ranked
from healthgym.agents.reading import Seen
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.variants import conditions_in

FAMILIES = {condition(c).family for c in conditions_in("clinical_diagnosis")}
ECHO, TAP, CT, LEVEL = "echocardiogram", "thoracentesis", "abdominal_ct", "acetaminophen_mcg_ml"
LOW = {"hemoglobin_g_dl": 5.4}
Change = Callable[[Seen], Seen]
Flip = tuple[str, Change, Change, str, str]


def image(study: str, reading: str) -> Change:
    return lambda seen: msgspec.structs.replace(seen, imaging={**seen.imaging, study: reading})


def value(**found: float) -> Change:
    return lambda seen: msgspec.structs.replace(seen, values={**seen.values, **found})


def ecg(reading: str) -> Change:
    return lambda seen: msgspec.structs.replace(seen, ecg=reading)


def signs(*present: str, absent: Sequence[str] = ()) -> Change:
    found = {**dict.fromkeys(present, True), **dict.fromkeys(absent, False)}
    return lambda seen: msgspec.structs.replace(seen, findings={**seen.findings, **found})


FLIPS: list[Flip] = [
    ("breastbone_pain", ecg("anterior_st"), ecg("inferior_st"), "stemi_anterior", "stemi_inferior"),
    (
        "racing_heart",
        ecg("narrow_regular"),
        ecg("broad_regular"),
        "nodal_tachycardia",
        "ventricular_tachycardia",
    ),
    (
        "passed_out",
        image(ECHO, "stenosis"),
        image(ECHO, "thick_septum"),
        "aortic_stenosis",
        "hypertrophic_cardiomyopathy",
    ),
    ("gasping", image(TAP, "infected"), image(TAP, "malignant"), "empyema", "malignant_effusion"),
    (
        "cough_and_fever",
        value(sars_cov_2_index=5.0, influenza_index=0.05),
        value(sars_cov_2_index=0.05, influenza_index=5.0),
        "covid_19",
        "influenza",
    ),
    (
        "fever_and_shivers",
        value(csf_white_cells_ul=2400.0, csf_glucose_ratio=0.2),
        value(csf_white_cells_ul=90.0, csf_glucose_ratio=0.62),
        "bacterial_meningitis",
        "viral_meningitis",
    ),
    (
        "hot_knee",
        value(synovial_bacteria=2.0, urate_crystals=0.0),
        value(synovial_bacteria=0.0, urate_crystals=2.0),
        "septic_arthritis",
        "gout_attack",
    ),
    (
        "weak_and_foggy",
        value(cortisol_mcg_dl=2.0, tsh_miu_l=2.0),
        value(cortisol_mcg_dl=22.0, tsh_miu_l=60.0),
        "adrenal_crisis",
        "myxoedema_coma",
    ),
    (
        "always_thirsty",
        value(copeptin_pmol_l=2.5, urine_osmolality_mosm_kg=90.0),
        value(copeptin_pmol_l=70.0, urine_osmolality_mosm_kg=120.0),
        "arginine_vasopressin_deficiency",
        "lithium_diabetes_insipidus",
    ),
    (
        "little_urine",
        value(sodium_excretion_pct=0.2, granular_casts_lpf=0.0),
        value(sodium_excretion_pct=5.0, granular_casts_lpf=12.0),
        "prerenal_injury",
        "tubular_necrosis",
    ),
    ("upper_abdominal_pain", value(lipase_u_l=900), value(lipase_u_l=30), "acute_pancreatitis", ""),
    (
        "lower_abdominal_pain",
        image(CT, "appendix"),
        image(CT, "diverticula"),
        "acute_appendicitis",
        "acute_diverticulitis",
    ),
    (
        "vomiting_blood",
        image("upper_endoscopy", "varices"),
        image("upper_endoscopy", "ulcer"),
        "variceal_bleeding",
        "ulcer_bleeding",
    ),
    (
        "yellow_skin",
        image("diagnostic_paracentesis", "infected"),
        image("diagnostic_paracentesis", "sterile"),
        "spontaneous_peritonitis",
        "hepatic_encephalopathy",
    ),
    (
        "headache",
        image("head_ct", "subarachnoid"),
        image("head_ct", "haematoma"),
        "subarachnoid_haemorrhage",
        "intracerebral_haemorrhage",
    ),
    (
        "weak_legs",
        image("mri_spine", "cord"),
        image("mri_spine", "cauda"),
        "cord_compression",
        "cauda_equina",
    ),
    ("took_something", value(**{LEVEL: 250}), value(**{LEVEL: 1}), "paracetamol_overdose", ""),
    (
        "after_a_fit",
        image("eeg", "continuous"),
        image("eeg", "periodic"),
        "status_epilepticus",
        "herpes_encephalitis",
    ),
    (
        "slow_pulse",
        value(metoprolol_ng_ml=900, diltiazem_ng_ml=1),
        value(metoprolol_ng_ml=1, diltiazem_ng_ml=900),
        "beta_blocker_poisoning",
        "calcium_channel_blocker_poisoning",
    ),
    (
        "bruises",
        value(blasts_pct=40, fibrinogen_mg_dl=120),
        value(schistocytes_pct=3, fibrinogen_mg_dl=460),
        "promyelocytic_leukaemia",
        "thrombotic_thrombocytopenic_purpura",
    ),
    (
        "pale_and_tired",
        value(vitamin_b12_pg_ml=80),
        value(vitamin_b12_pg_ml=450, ferritin_ng_ml=6),
        "pernicious_anaemia",
        "iron_deficiency_anaemia",
    ),
    (
        "wheezing_toddler",
        image("echocardiogram", "dilated"),
        signs("wheezy_choked", "exam_wheezy_one_side"),
        "toddler_heart_failure",
        "inhaled_peanut",
    ),
    (
        "stridor_child",
        signs("noisy_bark", absent=["noisy_no_better"]),
        signs("noisy_no_better", "exam_noisy_toxic"),
        "viral_croup",
        "bacterial_tracheitis",
    ),
    (
        "vomiting_child",
        image("bowel_ultrasound", "target"),
        image("bowel_ultrasound", "appendix_out"),
        "intussusception",
        "appendix_perforation_child",
    ),
    (
        "hot_toddler",
        signs("exam_hot_petechiae", "exam_hot_toxic"),
        image("chest_xray", "round"),
        "meningococcal_sepsis",
        "occult_pneumonia_toddler",
    ),
    (
        "marked_child",
        value(platelets_10e9_l=14, blasts_pct=55),
        value(platelets_10e9_l=14, blasts_pct=0),
        "childhood_leukaemia",
        "childhood_thrombocytopenia",
    ),
    (
        "sickle_unwell",
        image("chest_xray", "consolidation"),
        value(hemoglobin_g_dl=8.6, reticulocytes_pct=6),
        "acute_chest_syndrome",
        "sickle_pain_crisis",
    ),
    (
        "sickle_unwell",
        value(**LOW, reticulocytes_pct=0.2),
        value(**LOW, reticulocytes_pct=16, platelets_10e9_l=150),
        "aplastic_crisis",
        "splenic_sequestration",
    ),
    (
        "bruises",
        value(fibrinogen_mg_dl=100, inr=2.2, blasts_pct=0.1),
        value(fibrinogen_mg_dl=460, inr=1.0, schistocytes_pct=4),
        "disseminated_coagulation",
        "thrombotic_thrombocytopenic_purpura",
    ),
    (
        "after_chemotherapy",
        value(neutrophils_10e9_l=0.2),
        value(neutrophils_10e9_l=3, uric_acid_mg_dl=12, potassium_mmol_l=6.5),
        "neutropenic_sepsis",
        "tumour_lysis",
    ),
    (
        "took_something",
        value(ethylene_glycol_mg_dl=90, methanol_mg_dl=1),
        value(ethylene_glycol_mg_dl=1, methanol_mg_dl=90),
        "ethylene_glycol_poisoning",
        "methanol_poisoning",
    ),
]


@pytest.mark.parametrize("flip", FLIPS, ids=lambda f: f"{f[0]}-{f[3]}")
def test_the_decisive_fact_decides(flip: Flip) -> None:
    of, one, other, first, second = flip
    assert of in FAMILIES
    start = Seen(family=of, past=("sickle_cell_disease",) if of == "sickle_unwell" else ())
    assert next(iter(ranked(one(start)))) == first
    turned = next(iter(ranked(other(start))))
    assert turned != first
    assert not second or turned == second


def test_a_wide_qrs_after_an_overdose_decides() -> None:
    seen = ecg("wide_qrs")(Seen(family="took_something"))
    assert next(iter(ranked(seen))) == "tricyclic_overdose"
