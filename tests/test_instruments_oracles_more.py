"""More of our instruments beside open-medicine and vitalscore; differences are explained here.

Not compared, since they speak of something else: TIMI for STEMI, CIWA's tremor scale and the
dosing calculators (drug labels are in `knowledge/drugs`).
"""

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.instruments.core import calc

Inputs = dict[str, Any]
Drawn = Callable[[str, st.DataObject], Inputs]
Oracle = Callable[[str, Inputs], float]
Mapping = Callable[[Inputs], Inputs]

HISTORY = ("slightly suspicious", "moderately suspicious", "highly suspicious")
ECG = ("normal", "non-specific repolarisation disturbance", "significant st deviation")
CONSISTENCY = ("firm", "medium", "soft")
POSITION = ("posterior", "mid", "anterior")
ADMISSION = {
    "nonoperative": "nonoperative",
    "elective postoperative": "elective_surgery",
    "emergency postoperative": "emergency_surgery",
}


def _troponin(multiple: float) -> int:
    return 0 if multiple <= 1 else 1 if multiple <= 3 else 2


def _heart(x: Inputs) -> Inputs:
    return {
        "history": HISTORY.index(x["history"]),
        "ecg": ECG.index(x["ecg"]),
        "age": x["age_years"],
        "risk_factor_count": x["number_of_risk_factors"],
        "history_of_atherosclerosis": x["known_atherosclerotic_disease"],
        "troponin": _troponin(x["troponin_multiple_of_upper_limit"]),
    }


def _apache(x: Inputs) -> Inputs:
    # They work the gradient out themselves from PaCO2; we ask for it: one draws the other.
    x["fio2_fraction"] = min(x["fio2_fraction"], 0.99)
    paco2 = 40.0
    x["a_a_gradient_mmhg"] = x["fio2_fraction"] * (760 - 47) - paco2 / 0.8 - x["pao2_mmhg"]
    if x["a_a_gradient_mmhg"] < -50:  # no lung has it
        x["pao2_mmhg"] = 60.0
        x["a_a_gradient_mmhg"] = x["fio2_fraction"] * 713 - 50 - 60
    return {
        "temperature": x["temperature_c"],
        "mean_arterial_pressure": x["mean_arterial_pressure_mmhg"],
        "heart_rate": x["heart_rate_per_min"],
        "respiratory_rate": x["respiratory_rate_per_min"],
        "fio2": x["fio2_fraction"],
        "pao2": x["pao2_mmhg"],
        "paco2": paco2,
        "arterial_ph": x["arterial_ph"],
        "serum_sodium": x["sodium_mmol_l"],
        "serum_potassium": x["potassium_mmol_l"],
        "serum_creatinine": x["creatinine_mg_dl"],
        "hematocrit": x["hematocrit_percent"],
        "white_blood_cell_count": x["wbc_10e3_per_ul"],
        "age": x["age_years"],
        "admission_type": ADMISSION[x["admission_type"]],
        "severe_organ_insufficiency_or_immunocompromised": x[
            "severe_organ_insufficiency_or_immunocompromise"
        ],
        "acute_renal_failure": x["acute_renal_failure"],
        "gcs": x["gcs"],
    }


def _bisap(x: Inputs) -> Inputs:
    met = x["sirs_criteria_met"]
    return {
        "bun": x["bun_mg_dl"],
        "gcs": x["gcs"],
        "age": x["age_years"],
        "pleural_effusion": x["pleural_effusion"],
        "temperature": 39.0 if met > 0 else 37.0,
        "heart_rate": 110 if met > 1 else 80,
        "respiratory_rate": 28 if met > 2 else 14,
        "wbc": 15000 if met > 3 else 8000,
        "pco2": 40.0,
    }


def _ranson(x: Inputs) -> Inputs:
    # They know the criteria of 1974 only, those of pancreatitis without gallstones.
    x["gallstone_pancreatitis"] = False
    return {
        "age": x["age_years"],
        "wbc": x["wbc_10e3_per_ul"] * 1000,
        "blood_glucose": x["glucose_mg_dl"],
        "ldh": x["ldh_u_l"],
        "ast": x["ast_u_l"],
        "hematocrit_decrease": x["hematocrit_fall_points"],
        "bun_increase": x["bun_rise_mg_dl"],
        "calcium": x["calcium_mg_dl"],
        "pao2": x["pao2_mmhg"],
        "base_deficit": x["base_deficit_mmol_l"],
        "fluid_sequestration": x["fluid_sequestration_l"],
    }


def _bishop(x: Inputs) -> Inputs:
    # Whole centimetres and stations, as they are examined and as Bishop's table has them.
    x["dilation_cm"] = min(6, round(x["dilation_cm"]))
    x["station"] = max(-3, min(2, round(x["station"])))
    x["effacement_percent"] = round(x["effacement_percent"], -1)
    return {
        "dilation_cm": x["dilation_cm"],
        "effacement_pct": int(x["effacement_percent"]),
        "station": x["station"],
        "consistency": CONSISTENCY.index(x["consistency"]),
        "position": POSITION.index(x["position"]),
    }


def _has_bled(x: Inputs) -> Inputs:
    return {
        "hypertension": x["uncontrolled_hypertension_sbp_over_160"],
        "stroke": x["stroke_history"],
        "bleeding": x["bleeding_history_or_predisposition"],
        "elderly": x["age_years"] > 65,
        "drugs": x["antiplatelet_or_nsaid_use"],
        "alcohol": x["alcohol_drinks_per_week"] >= 8,
        **{k: x[k] for k in ("abnormal_renal_function", "abnormal_liver_function", "labile_inr")},
    }


def _chads(x: Inputs) -> Inputs:
    return {
        "congestive_heart_failure": x["heart_failure"],
        "age": x["age_years"],
        "stroke_tia_thromboembolism": x["stroke_tia_or_thromboembolism"],
        "female_sex": x["sex"] == "female",
        **{k: x[k] for k in ("hypertension", "diabetes", "vascular_disease")},
    }


def _centor(x: Inputs) -> Inputs:
    # McIsaac validated it from the age of three on.
    x["age_years"] = max(3, x["age_years"])
    return {
        "age": x["age_years"],
        "tonsillar_swelling_or_exudate": x["tonsillar_exudate_or_swelling"],
        "tender_anterior_cervical_lymphadenopathy": x["tender_anterior_cervical_nodes"],
        "fever": x["temperature_c"] > 38,
        "absence_of_cough": not x["cough_present"],
    }


def _listed(field: str, *names: str) -> Mapping:
    return lambda x: dict(zip(names, x[field], strict=True))


NIHSS = (
    "loc",
    "loc_questions",
    "loc_commands",
    "best_gaze",
    "visual_fields",
    "facial_palsy",
    "left_arm_motor",
    "right_arm_motor",
    "left_leg_motor",
    "right_leg_motor",
    "limb_ataxia",
    "sensory",
    "best_language",
    "dysarthria",
    "extinction_inattention",
)
MOST = (3, 2, 2, 2, 3, 3, 4, 4, 4, 4, 2, 2, 3, 2, 2)


def _nihss(x: Inputs) -> Inputs:
    scores = [0 if s == "UN" else min(s, m) for s, m in zip(x[LIST], MOST, strict=True)]
    x[LIST] = scores
    return dict(zip(NIHSS, scores, strict=True))


LIST = "item_scores_1a_to_11"
CIWA = (
    "nausea_vomiting",
    "tremor",
    "paroxysmal_sweats",
    "anxiety",
    "agitation",
    "tactile_disturbances",
    "auditory_disturbances",
    "visual_disturbances",
    "headache",
)
EPDS = (
    "laugh",
    "enjoyment",
    "self_blame",
    "anxious",
    "scared",
    "things_on_top",
    "difficulty_sleeping",
    "sad",
    "crying",
    "self_harm",
)


def _coma(x: Inputs) -> Inputs:
    return {
        "eye_response": x["eye_1_4"],
        "verbal_response": x["verbal_1_5"],
        "motor_response": x["motor_1_6"],
    }


def _qsofa(x: Inputs) -> Inputs:
    return {
        "respiratory_rate": x["respiratory_rate_per_min"],
        "systolic_blood_pressure": x["systolic_bp_mmhg"],
        "altered_mentation": x["gcs"] < 15,
    }


def _gradient(x: Inputs) -> Inputs:
    x["barometric_pressure_mmhg"] = 760.0
    return {
        "fio2": x["fio2_fraction"],
        "pao2": x["pao2_mmhg"],
        "paco2": x["paco2_mmhg"],
        "atmospheric_pressure": 760.0,
        "age": x["age_years"],
    }


def _osmolality(x: Inputs) -> Inputs:
    # Their osmolality has no alcohol in it.
    x["ethanol_mg_dl"] = 0.0
    return {
        "sodium": x["sodium_mmol_l"],
        "glucose": x["glucose_mg_dl"],
        "bun": x["bun_mg_dl"],
    }


def _anion_gap(x: Inputs) -> Inputs:
    # With an albumin they report the corrected gap as the value, we report both.
    return {
        "sodium": x["sodium_mmol_l"],
        "chloride": x["chloride_mmol_l"],
        "bicarbonate": x["bicarbonate_mmol_l"],
    }


def _audit_c(x: Inputs) -> Inputs:
    names = ("frequency", "typical_quantity", "binge_frequency")
    return {**dict(zip(names, x["items_1_to_3"], strict=True)), "is_male": x["sex"] == "male"}


ORACLES: dict[str, tuple[str, Mapping, float]] = {
    "a_a_gradient": ("aa_gradient", _gradient, 0.06),
    "anion_gap": ("anion_gap", _anion_gap, 0.06),
    "apache_ii": ("apache2", _apache, 1e-9),
    "audit_c": ("audit_c", _audit_c, 1e-9),
    "bisap": ("bisap", _bisap, 1e-9),
    "bishop": ("bishop", _bishop, 1e-9),
    "centor_mcisaac": ("centor_mcisaac", _centor, 1e-9),
    "cha2ds2_vasc": ("chadsvasc", _chads, 1e-9),
    "ciwa_ar": (
        "ciwa_ar",
        lambda x: _listed("nine_items_0_7", *CIWA)(x) | {"orientation": x["orientation_0_4"]},
        1e-9,
    ),
    "epds": ("epds", _listed("items_1_to_10", *EPDS), 1e-9),
    "has_bled": ("hasbled", _has_bled, 1e-9),
    "heart": ("heart_score", _heart, 1e-9),
    "hunt_hess": ("hunt_hess", lambda x: {"grade": x["grade_1_5"]}, 1e-9),
    "maintenance_fluid_4_2_1": (
        "maintenance_iv_fluids",
        lambda x: {"weight_kg": x["weight_kg"]},
        0.51,  # ours is a pump rate in whole ml/h
    ),
    "nihss": ("nihss", _nihss, 1e-9),
    "osmolality_gap": ("serum_osmolality", _osmolality, 0.06),
    "pediatric_gcs": ("pediatric_gcs", _coma, 1e-9),
    "qsofa": ("qsofa", _qsofa, 1e-9),
    "qtc": (
        "corrected_qtc",
        lambda x: {"qt_ms": x["qt_ms"], "heart_rate": x["heart_rate_per_min"], "method": "bazett"},
        0.6,
    ),
    "ranson": ("ransons", _ranson, 1e-9),
    "parkland": (
        "parkland",
        lambda x: {"weight_kg": x["weight_kg"], "tbsa_percent": x["tbsa_percent"]},
        0.6,
    ),
    "winters": (
        "winters_formula",
        lambda x: {"bicarbonate": x["bicarbonate_mmol_l"]},
        0.06,
    ),
}


@pytest.mark.parametrize("name", sorted(ORACLES))
@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_an_independent_implementation_agrees(
    name: str, drawn: Drawn, open_medicine: Oracle, data: st.DataObject
) -> None:
    calculator, mapping, tolerance = ORACLES[name]
    inputs = drawn(name, data)
    said = open_medicine(calculator, mapping(inputs))
    assert calc(name, inputs).value == pytest.approx(said, abs=tolerance), (inputs, said)


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_their_corrected_sodium_is_the_older_factor(
    drawn: Drawn, open_medicine: Oracle, data: st.DataObject
) -> None:
    # Katz 1973 is their value; ours is Hillier 1999, with Katz beside it.
    x = drawn("corrected_sodium", data)
    theirs = {"sodium": x["sodium_mmol_l"], "glucose": x["glucose_mg_dl"]}
    katz = calc("corrected_sodium", x).components["katz_1.6"]
    assert katz == pytest.approx(open_medicine("corrected_sodium", theirs), abs=0.06)


@pytest.fixture(scope="module")
def vitalscore() -> ModuleType:
    """A second oracle (MIT; extra `oracles`)."""
    scores: ModuleType = pytest.importorskip("vitalscore").scores
    return scores


@settings(max_examples=100, deadline=None)
@given(data=st.data())
def test_a_second_implementation_agrees(
    drawn: Drawn, vitalscore: ModuleType, data: st.DataObject
) -> None:
    gcs = drawn("gcs", data)
    said = vitalscore.gcs.score_gcs(gcs["eye_1_4"], gcs["verbal_1_5"], gcs["motor_1_6"])
    assert calc("gcs", gcs).value == said.total
    apgar = drawn("apgar", data)
    assert calc("apgar", apgar).value == vitalscore.apgar.score_apgar(**apgar).total
    sepsis = drawn("qsofa", data)
    # It refuses values that ours only finds rare.
    rate = sepsis["respiratory_rate_per_min"] = min(max(sepsis["respiratory_rate_per_min"], 1), 99)
    pressure = sepsis["systolic_bp_mmhg"] = min(max(sepsis["systolic_bp_mmhg"], 1), 299)
    said = vitalscore.qsofa.score_qsofa(sepsis["gcs"], rate, pressure)
    assert calc("qsofa", sepsis).value == said.total
    pain = _heart(x := drawn("heart", data))
    risks = (
        2 if pain["history_of_atherosclerosis"] else (0, 1, 1, 2)[min(pain["risk_factor_count"], 3)]
    )
    age = (pain["age"] >= 45) + (pain["age"] >= 65)
    said = vitalscore.heart.score_heart(pain["history"], pain["ecg"], age, risks, pain["troponin"])
    assert calc("heart", x).value == said.total
