"""Our instruments beside independent public implementations, on thousands of random patients.

The oracle is `open-medicine` (Apache-2.0; extra `oracles`). Inputs are drawn from our own schemas,
so both sides see the same patient. Where they differ for a reason, the reason stands here and the
inputs are set to where both speak of the same thing. Their MELD-Na is the formula of 2008, not the
one in force from 2016: it is not compared.
"""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from healthgym.knowledge.instruments.core import calc

Inputs = dict[str, Any]
Drawn = Callable[[str, st.DataObject], Inputs]
Oracle = Callable[[str, Inputs], float]
Mapping = Callable[[Inputs], Inputs]


def same(*names: str, **renamed: str) -> Callable[[Inputs], Inputs]:
    """Their inputs are ours, some under another name (theirs=ours)."""
    return lambda x: {**{n: x[n] for n in names}, **{t: x[o] for t, o in renamed.items()}}


def items(field: str, *names: str) -> Callable[[Inputs], Inputs]:
    """Our list is their named items, in order."""
    return lambda x: dict(zip(names, x[field], strict=True))


def years(x: Inputs) -> int:
    return int(x["age_years"])


def _wells_pe(x: Inputs) -> Inputs:
    return same(
        "pe_most_likely_diagnosis",
        "hemoptysis",
        clinical_signs_dvt="clinical_signs_of_dvt",
        heart_rate_gt_100="heart_rate_over_100",
        immobilization_or_surgery="immobilised_3_days_or_surgery_4_weeks",
        previous_dvt_pe="previous_pe_or_dvt",
        malignancy="active_malignancy",
    )(x)


def _wells_dvt(x: Inputs) -> Inputs:
    return same(
        "active_cancer",
        "entire_leg_swollen",
        paralysis_or_casting="paralysis_paresis_or_recent_plaster_of_leg",
        bedridden_or_major_surgery="bedridden_3_days_or_major_surgery_12_weeks",
        tenderness_along_deep_veins="localized_tenderness_deep_veins",
        calf_swelling_gt_3cm="calf_swelling_over_3cm",
        pitting_edema="pitting_edema_symptomatic_leg",
        collateral_superficial_veins="collateral_superficial_veins",
        previously_documented_dvt="previous_dvt",
        alternative_diagnosis_likely="alternative_diagnosis_at_least_as_likely",
    )(x)


def _psi(x: Inputs) -> Inputs:
    x["age_years"] = max(x["age_years"], 51)  # in class I they count no points at all
    names = (
        "nursing_home_resident",
        "neoplastic_disease",
        "liver_disease",
        "cerebrovascular_disease",
        "renal_disease",
        "altered_mental_status",
        "pleural_effusion",
        "arterial_ph",
    )
    more = {
        "age": years(x),
        "is_female": x["sex"] == "female",
        "congestive_heart_failure": x["heart_failure"],
        "respiratory_rate": round(x["respiratory_rate_per_min"]),
        "systolic_bp": round(x["systolic_bp_mmhg"]),
        "temperature_celsius": x["temperature_c"],
        "pulse": round(x["pulse_per_min"]),
        "bun": x["bun_mg_dl"],
        "sodium": x["sodium_mmol_l"],
        "glucose": x["glucose_mg_dl"],
        "hematocrit": x["hematocrit_percent"],
        "pao2": x["pao2_mmhg"],
    }
    return {**same(*names)(x), **more}


def _perc(x: Inputs) -> Inputs:
    return {
        "age_gte_50": years(x) >= 50,
        "heart_rate_gte_100": x["heart_rate_per_min"] >= 100,
        "spo2_lt_95": x["spo2_percent"] < 95,
        "unilateral_leg_swelling": x["unilateral_leg_swelling"],
        "hemoptysis": x["hemoptysis"],
        "recent_surgery_or_trauma": x["surgery_or_trauma_4_weeks"],
        "prior_dvt_pe": x["prior_vte"],
        "estrogen_use": x["estrogen_use"],
    }


def _sofa(x: Inputs) -> Inputs:
    # They count respiratory points 3 and 4 without asking for support, and know no dobutamine.
    x |= {"respiratory_support": True, "dobutamine_mcg_kg_min": 0.0}
    return {
        "pao2_fio2": x["pao2_mmhg"] / x["fio2_fraction"],
        "platelets": x["platelets_10e3_per_ul"],
        "bilirubin": x["bilirubin_mg_dl"],
        "map_pressure": x["mean_arterial_pressure_mmhg"],
        "dopamine": x["dopamine_mcg_kg_min"],
        "epinephrine": x["epinephrine_mcg_kg_min"],
        "norepinephrine": x["norepinephrine_mcg_kg_min"],
        "gcs": x["gcs"],
        "creatinine": x["creatinine_mg_dl"],
        "urine_output": x["urine_output_ml_per_day"],
    }


def _news2(x: Inputs) -> Inputs:
    # Scale 2 on air from 93 % scores 0 (RCP 2017); they score it as if oxygen were given.
    assume(x["spo2_scale"] == 1 or x["on_supplemental_oxygen"] or x["spo2_percent"] < 93)
    return {
        "respiration_rate": x["respiratory_rate_per_min"],
        "spo2": x["spo2_percent"],
        "spo2_scale": f"scale_{x['spo2_scale']}",
        "on_supplemental_o2": x["on_supplemental_oxygen"],
        "systolic_bp": x["systolic_bp_mmhg"],
        "pulse": x["pulse_per_min"],
        "consciousness": x["consciousness_acvpu"].replace("new ", ""),
        "temperature": x["temperature_c"],
    }


def _child_pugh(x: Inputs) -> Inputs:
    return {
        "bilirubin": x["bilirubin_mg_dl"],
        "albumin": x["albumin_g_dl"],
        "inr": x["inr"],
        "ascites": {"moderate-severe": "severe"}.get(x["ascites"], x["ascites"]),
        "encephalopathy": x["encephalopathy"].replace(" ", "_").replace("-", "_"),
        "is_primary_biliary_cholangitis": False,
    }


def _abcd2(x: Inputs) -> Inputs:
    minutes = x["duration_minutes"]
    long = "ge_60_min" if minutes >= 60 else "10_to_59_min" if minutes >= 10 else "lt_10_min"
    return {
        "age_ge_60": years(x) >= 60,
        "bp_ge_140_90": x["systolic_bp_mmhg"] >= 140 or x["diastolic_bp_mmhg"] >= 90,
        "clinical_features": x["clinical_features"]
        .replace(" without weakness", "")
        .replace(" ", "_"),
        "duration": long,
        "diabetes": x["diabetes"],
    }


def _sexed(
    age: str = "age", female: str = "is_female", **renamed: str
) -> Callable[[Inputs], Inputs]:
    return lambda x: {
        age: years(x),
        female: x["sex"] == "female",
        **{t: x[o] for t, o in renamed.items()},
    }


ORACLES: dict[str, tuple[str, Mapping, float]] = {
    "wells_pe": ("wells_pe", _wells_pe, 1e-9),
    "wells_dvt": ("wells_dvt", _wells_dvt, 1e-9),
    "psi_port": ("psi_port", _psi, 1e-9),
    "perc": ("perc", _perc, 1e-9),
    "sofa": ("sofa", _sofa, 1e-9),
    "news2": ("news2", _news2, 1e-9),
    "child_pugh": ("child_pugh", _child_pugh, 1e-9),
    "abcd2": ("abcd2", _abcd2, 1e-9),
    "ckd_epi_2021": ("ckd_epi", _sexed(serum_creatinine="creatinine_mg_dl"), 0.6),
    "cockcroft_gault": (
        "cockcroft_gault",
        _sexed(weight="weight_kg", serum_creatinine="creatinine_mg_dl"),
        0.6,
    ),
    "corrected_calcium": (
        "corrected_calcium",
        same(calcium="calcium_mg_dl", albumin="albumin_g_dl"),
        0.06,
    ),
    "bsa_mosteller": ("bsa_mosteller", same("height_cm", "weight_kg"), 0.006),
    "apgar": (
        "apgar",
        same("appearance", "pulse", "grimace", "activity", "respiration"),
        1e-9,
    ),
    "cage": ("cage", same("cut_down", "annoyed", "guilty", "eye_opener"), 1e-9),
    "gcs": (
        "gcs",
        same(eye_response="eye_1_4", verbal_response="verbal_1_5", motor_response="motor_1_6"),
        1e-9,
    ),
    "rts": (
        "rts",
        lambda x: {
            "gcs": x["gcs"],
            "systolic_bp": round(x["systolic_bp_mmhg"]),
            "respiratory_rate": round(x["respiratory_rate_per_min"]),
        },
        6e-4,
    ),
    "timi_ua_nstemi": (
        "timi_ua_nstemi",
        same(
            "three_or_more_cad_risk_factors",
            "aspirin_use_past_7_days",
            age_gte_65="age_65_or_older",
            known_cad_gte_50_stenosis="known_coronary_stenosis_50_percent_or_more",
            two_or_more_anginal_events_24h="two_or_more_anginal_episodes_24h",
            st_deviation_gte_0_5mm="st_deviation_0_5_mm_or_more",
            elevated_cardiac_markers="elevated_cardiac_marker",
        ),
        1e-9,
    ),
    "gad7": (
        "gad7",
        items(
            "items_1_to_7",
            "feeling_nervous",
            "cannot_stop_worrying",
            "worrying_too_much",
            "trouble_relaxing",
            "being_restless",
            "easily_annoyed",
            "feeling_afraid",
        ),
        1e-9,
    ),
    "phq9": (
        "phq9",
        items(
            "items_1_to_9",
            "interest_pleasure",
            "feeling_down",
            "sleep",
            "energy",
            "appetite",
            "self_esteem",
            "concentration",
            "psychomotor",
            "suicidal_ideation",
        ),
        1e-9,
    ),
    "glasgow_blatchford": (
        "glasgow_blatchford",
        # They give one point where Blatchford gives two.
        lambda x: (
            x.update(syncope=False, hepatic_disease=False, cardiac_failure=False)
            or {
                "bun": x["bun_mg_dl"],
                "hemoglobin": x["hemoglobin_g_dl"],
                "systolic_bp": round(x["systolic_bp_mmhg"]),
                "pulse": round(x["heart_rate_per_min"]),
                "is_male": x["sex"] == "male",
                **same("melena", "hepatic_disease", "cardiac_failure")(x),
            }
        ),
        1e-9,
    ),
    "grace": (
        "grace_score",
        lambda x: {
            "age": years(x),
            "heart_rate": round(x["heart_rate_per_min"]),
            "systolic_bp": round(x["systolic_bp_mmhg"]),
            "creatinine": x["creatinine_mg_dl"],
            **same(
                "killip_class",
                "cardiac_arrest_at_admission",
                "st_segment_deviation",
                "elevated_cardiac_enzymes",
            )(x),
        },
        1e-9,
    ),
    "curb65": (
        "curb65",
        lambda x: {
            "confusion": x["new_confusion"],
            # Lim 2003: urea above 7 mmol/l, so 19.6 mg/dl; they count from above 20.
            "bun": 21.0 if 19.6 < x["bun_mg_dl"] <= 20 else x["bun_mg_dl"],
            "respiratory_rate": round(x["respiratory_rate_per_min"]),
            "systolic_bp": round(x["systolic_bp_mmhg"]),
            "diastolic_bp": round(x["diastolic_bp_mmhg"]),
            "age": years(x),
        },
        1e-9,
    ),
    "fib4": (
        "fib4",
        lambda x: {
            "age": years(x),
            "ast": x["ast_u_l"],
            "alt": x["alt_u_l"],
            "platelets": x["platelets_10e9_per_l"],
        },
        0.06,
    ),
}


@pytest.mark.parametrize("name", sorted(ORACLES))
@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_an_independent_implementation_agrees(
    name: str, drawn: Drawn, open_medicine: Oracle, data: st.DataObject
) -> None:
    calculator, mapping, tolerance = ORACLES[name]
    inputs = drawn(name, data)
    theirs = mapping(inputs)
    said = open_medicine(calculator, theirs)
    assert calc(name, inputs).value == pytest.approx(said, abs=tolerance), (inputs, said)


@settings(max_examples=120, deadline=None)
@given(data=st.data())
def test_a_second_implementation_agrees_on_news2(drawn: Drawn, data: st.DataObject) -> None:
    news2 = pytest.importorskip("vitalscore").scores.news2
    x = drawn("news2", data)
    # It refuses values that ours only finds rare.
    limits = {"respiratory_rate_per_min": (1, 60), "spo2_percent": (50, 100)}
    limits |= {"systolic_bp_mmhg": (20, 290), "pulse_per_min": (20, 290), "temperature_c": (26, 44)}
    x |= {key: min(max(x[key], low), high) for key, (low, high) in limits.items()}
    if x["spo2_scale"] == 2 and not x["on_supplemental_oxygen"]:
        x["spo2_percent"] = min(x["spo2_percent"], 92)
    word = x["consciousness_acvpu"]
    said = news2.score_news2(
        respiratory_rate=x["respiratory_rate_per_min"],
        spo2=x["spo2_percent"],
        on_oxygen=x["on_supplemental_oxygen"],
        systolic_bp=x["systolic_bp_mmhg"],
        heart_rate=x["pulse_per_min"],
        consciousness="C" if word == "new confusion" else word[0].upper(),
        temperature=x["temperature_c"],
        use_spo2_scale2=x["spo2_scale"] == 2,
    )
    assert calc("news2", x).value == said.total
