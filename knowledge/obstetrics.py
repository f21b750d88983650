"""Obstetric rules: what a disorder demands, when the child must be born, what must not be done.

They read facts through a function, so that the hidden truth and what a player has seen are judged
by the same words. Facts are named as in `world.truth`; `ctg` is the category of the tracing.
"""

from collections.abc import Callable, Iterator

from .conditions import Forbidden, Required, condition
from .instruments.core import calc
from .patients import Patient
from .rng import stream
from .world import Truth

Known = Callable[[str], Truth]
"""Fact -> its value, None where it is not known."""

PB222 = "ACOG Practice Bulletin 222, Obstet Gynecol 2020"
CO767 = "ACOG Committee Opinion 767, Obstet Gynecol 2019"
CO713 = "ACOG Committee Opinion 713, Obstet Gynecol 2017"
PB181 = "ACOG Practice Bulletin 181, Obstet Gynecol 2017"
PB106 = "ACOG Practice Bulletin 106, Obstet Gynecol 2009"
PRESSURE_DRUGS = ("drug:labetalol", "drug:hydralazine", "drug:nifedipine")
STEROIDS = ("drug:betamethasone", "drug:dexamethasone")
ANTI_D = ("drug:rho_d_immune_globulin",)
BIRTH = ("procedure:delivery", "plan:delivery")
VIABLE = 24
"""Completed weeks from which the fetus is monitored."""
_TOXAEMIC = ("preeclampsia", "superimposed_preeclampsia")
_SEIZURE_RISK = (*_TOXAEMIC, "hellp", "eclampsia")
CHRONIC = ("chronic_hypertension_pregnancy", "superimposed_preeclampsia")
"""Pressure was raised before week 20."""
_HYPERTENSIVE = (*_SEIZURE_RISK, "gestational_hypertension", "chronic_hypertension_pregnancy")
_BLEEDING = (
    "placental_abruption",
    "placenta_praevia",
    "tubal_pregnancy",
    "threatened_miscarriage",
)
_EARLY_ANYHOW = ("placental_abruption", "placenta_praevia", "preterm_labour")
_EARLY_BIRTH = (*_SEIZURE_RISK, *_EARLY_ANYHOW)
_GLUCOSE = ("gestational_diabetes", "normal_glucose_test", "overt_diabetes_pregnancy")
_NOBODY_TO_DELIVER = ("pph_atony", "pph_retained", "pph_trauma", "tubal_pregnancy")
_BY_TRIMESTER = {
    "superimposed_preeclampsia": "O11.{}",
    "hellp": "O14.2{}",
    "eclampsia": "O15.0{}",
    "gestational_hypertension": "O13.{}",
    "chronic_hypertension_pregnancy": "O10.91{}",
    "placental_abruption": "O45.9{}",
    "placenta_praevia": "O44.1{}",
    "preterm_labour": "O60.0{}",
    "chorioamnionitis": "O41.12{}0",
    "overt_diabetes_pregnancy": "O24.91{}",
    "pyelonephritis_pregnancy": "O23.0{}",
    "normal_glucose_test": "Z34.9{}",
}
_TRACINGS: dict[str, dict[str, str | bool]] = {
    "normal": {"variability": "moderate", "late": "none", "variable": "none"},
    "quiet": {"variability": "minimal", "late": "none", "variable": "none"},
    "late": {"variability": "minimal", "late": "recurrent", "variable": "none"},
    "variable": {"variability": "moderate", "late": "none", "variable": "recurrent"},
    "absent_late": {"variability": "absent", "late": "recurrent", "variable": "none"},
    "absent_variable": {"variability": "absent", "late": "none", "variable": "recurrent"},
    "bradycardia": {"variability": "absent", "late": "none", "variable": "none"},
    "sinusoidal": {"variability": "absent", "late": "none", "variable": "none"},
}


def at_least(known: Known, fact: str, limit: float) -> bool:
    """Whether a number is known and reaches the limit."""
    value = known(fact)
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= limit


def below(known: Known, fact: str, limit: float) -> bool:
    """Whether a number is known and stays under the limit."""
    value = known(fact)
    return isinstance(value, int | float) and not isinstance(value, bool) and value < limit


def week(patient: Patient) -> int | None:
    """Completed weeks of gestation; None after birth."""
    found = patient.extra.get("pregnant_week")
    return None if found is None else int(found)


def tracing(patient: Patient) -> dict[str, float | str | bool]:
    """The inputs of the NICHD categories (Macones, Obstet Gynecol 2008) that this fetus shows."""
    kind = str(patient.extra.get("tracing", "normal"))
    shown = _TRACINGS[kind]
    s = stream(patient.variant, patient.seed, "fetus")
    base = 84 if kind == "bradycardia" else s.integer(118, 152)
    return {
        "baseline_bpm": float(base + int(patient.extra.get("fetal_fever", 0))),
        "variability": shown["variability"],
        "late_decelerations": shown["late"],
        "variable_decelerations": shown["variable"],
        "prolonged_deceleration": kind == "bradycardia",
        "sinusoidal_pattern": kind == "sinusoidal",
        "accelerations_present": kind == "normal",
    }


def severe_pressure(known: Known) -> bool:
    """160 mmHg systolic or 110 diastolic (ACOG PB 222)."""
    return at_least(known, "vital:sbp_mmhg", 160) or at_least(known, "vital:dbp_mmhg", 110)


def features(known: Known) -> list[str]:
    """Severe features that hold (ACOG PB 222), a migraine's own headache left out."""
    own = bool(known("finding:migraine_before"))
    found = {
        "pressure": severe_pressure(known),
        "platelets": below(known, "lab:platelets_10e9_l", 100),
        "creatinine": at_least(known, "lab:creatinine_mg_dl", 1.11),
        "liver": at_least(known, "lab:ast_u_l", 80) or at_least(known, "lab:alt_u_l", 80),
        "headache": known("finding:headache_new") is True and not own,
        "vision": known("finding:flashes_seen") is True and not own,
        "upper_right_pain": known("finding:pain_upper_right") is True,
        "lungs": known("finding:lungs_wet") is True,
    }
    return [name for name, on in found.items() if on]


def glucose_disorder(known: Known) -> str:
    """The condition that a 75 g test and HbA1c make (IADPSG 2010; ADA 2024); "" if not known."""
    fasting, one = known("ogtt:fasting"), known("ogtt:one_hour")
    two = known("ogtt:two_hour")
    if not isinstance(fasting, int | float):
        return ""
    if fasting >= 126 or at_least(known, "lab:hba1c_pct", 6.5):
        return "overt_diabetes_pregnancy"
    result = calc(
        "gdm_75g", {"fasting_mg_dl": fasting, "one_hour_mg_dl": one, "two_hour_mg_dl": two}
    )
    return "gestational_diabetes" if result.band == "gdm" else "normal_glucose_test"


def code(name: str, known: Known) -> str:
    """The ICD-10-CM code of a condition in this pregnancy; the measured glucose names its own."""
    return _coded(glucose_disorder(known) or name if name in _GLUCOSE else name, known)


def _coded(name: str, known: Known) -> str:
    weeks = known("extra:pregnant_week")
    third = "3" if not isinstance(weeks, int | float) or weeks >= 28 else "2"
    if name == "preeclampsia":
        return f"O14.{1 if features(known) else 0}{third}"
    pattern = _BY_TRIMESTER.get(name)
    return pattern.format(third) if pattern else condition(name).icd10


def near(name: str, known: Known) -> tuple[str, ...]:
    """Codes that a right answer must be told from."""
    gold = code(name, known)
    if gold.startswith("O14"):
        kinds = (f"O14.{kind}" for kind in range(3))
        return tuple(f"{k}{t}" for k in kinds if k != gold[:5] for t in (2, 3))
    rivals = (name, *condition(name).look_alikes)
    return tuple(c for c in (_coded(o, known) for o in rivals) if c != gold)


def _unstable(known: Known) -> bool:
    return (
        below(known, "vital:sbp_mmhg", 95)
        or at_least(known, "vital:hr_bpm", 125)
        or at_least(known, "loss_ml", 1000)
    )


def timing(name: str, known: Known) -> dict[str, float]:
    """Answers to "when is the child born" with their credit, the best first.

    Sources: ACOG PB 222, 2020 (pressure), RCOG GTG 27a, 2018 and 63, 2011 (bleeding), ACOG CO 712,
    2017 (infection); in category III now (ACOG PB 106, 2009). Credits are our own.
    """
    weeks = known("extra:pregnant_week")
    age = float(weeks) if isinstance(weeks, int | float) else 0.0
    if name in _NOBODY_TO_DELIVER:
        return {"not_applicable": 1.0}
    if age < VIABLE:
        return {"expectant": 1.0, "not_applicable": 1.0}
    if known("ctg") == "III" or name in {"cord_prolapse", "category_three_tracing"}:
        return {"now": 1.0}
    if name == "chorioamnionitis":
        return {"within_24h": 1.0, "now": 0.5}
    if name in _HYPERTENSIVE:
        return dict(_SOON if _ends_for_pressure(name, age, known) else _WAIT)
    return _for_bleeding(name, age, known)


_SOON = {"within_24h": 1.0, "now": 0.8}
_WAIT = {"expectant": 1.0}


def _ends_for_pressure(name: str, age: float, known: Known) -> bool:
    """Whether a hypertensive pregnancy is ended (ACOG PB 222, 2020)."""
    if name in {"hellp", "eclampsia"}:
        return True
    found = features(known) if name in _TOXAEMIC else []
    if found:
        return age >= 34 or found != ["pressure"]
    return age >= (38 if name == "chronic_hypertension_pregnancy" else 37)


def _for_bleeding(name: str, age: float, known: Known) -> dict[str, float]:
    if name == "placental_abruption" and (age >= 34 or _unstable(known)):
        return {"now": 1.0, "within_24h": 0.8}
    if name == "placenta_praevia" and _unstable(known):
        return {"now": 1.0}
    return dict(_SOON if name == "placenta_praevia" and age >= 36 else _WAIT)


def required(name: str, known: Known) -> tuple[Required, ...]:
    """What the disorder demands in this woman: the condition's own, then what her state adds."""
    found = [*_general(known), *condition(name).judgement.required]
    found += _pressure(name, known)
    found += _birth(name, known)
    if name in _BLEEDING:
        found.append(_item("rh_known", ("rh_status",), PB181, 90, weight=0.5))
        # Before 12 weeks anti-D may be left out (ACOG, Clinical Practice Update, 2024; unverified).
        old = name != "threatened_miscarriage" or at_least(known, "extra:pregnant_week", 12)
        if known("extra:rh_negative") is True and old:
            found.append(_item("anti_d", ANTI_D, PB181, 240, treatment=True, after=("rh_known",)))
    if at_least(known, "loss_ml", 1500):
        team = ("team:massive_transfusion",)
        found.append(_item("transfusion", team, "ACOG Practice Bulletin 183, 2017", 30, True))
    if name in {"tubal_pregnancy", "placenta_praevia"} and below(known, "vital:sbp_mmhg", 95):
        fluid = ("class:isotonic_crystalloid",)
        found.append(_item("volume", fluid, "ACOG Practice Bulletin 183, 2017", 40, True))
    return tuple(found)


def _item(
    id_: str,
    any_of: tuple[str, ...],
    source: str,
    deadline: float,
    treatment: bool = False,
    *,
    weight: float = 1.0,
    after: tuple[str, ...] = (),
    critical: tuple[float, str] | None = None,
) -> Required:
    hard, rule = critical or (None, "")
    return Required(
        id=id_,
        any_of=any_of,
        deadline_min=deadline,
        after=after,
        weight=weight,
        critical=critical is not None,
        hard_deadline_min=hard,
        rule=rule,
        kind="treatment" if treatment else "workup",
        source=f"{source}; minutes unverified",
    )


def _general(known: Known) -> Iterator[Required]:
    yield _item("vitals", ("vitals",), PB106, 5)
    yield _item("story", ("ob_history",), PB106, 20)
    yield _item("allergies", ("allergies",), PB106, 60, weight=0.3)
    if at_least(known, "extra:pregnant_week", VIABLE):
        yield _item("fetus", ("procedure:fetal_monitoring",), PB106, 30)


def _pressure(name: str, known: Known) -> Iterator[Required]:
    if name not in _HYPERTENSIVE:
        return
    yield _item("confirmed", ("bp_repeat",), CO767, 30)
    if severe_pressure(known):
        omitted = (90.0, "SEVERE_PREECLAMPSIA_NO_TREATMENT")
        yield _item("pressure_down", PRESSURE_DRUGS, CO767, 60, True, weight=1.5, critical=omitted)
    at_risk = name == "eclampsia" or (name in _SEIZURE_RISK and features(known))
    if at_risk and known("flag:myasthenia_gravis") is not True:
        salt, omitted = ("drug:magnesium_sulfate",), (180.0, "SEVERE_PREECLAMPSIA_NO_TREATMENT")
        yield _item("magnesium", salt, PB222, 120, True, weight=1.5, critical=omitted)
        watched = ("procedure:reflexes",)
        yield _item("magnesium_watched", watched, PB222, 240, weight=0.5, after=("magnesium",))
        yield _item("antidote", ("ready:calcium_gluconate",), PB222, 150, True, weight=0.3)


def _birth(name: str, known: Known) -> Iterator[Required]:
    wanted = next(iter(timing(name, known)))
    early = name in _EARLY_BIRTH and (wanted != "expectant" or name in _EARLY_ANYHOW)
    early = early or (name in _TOXAEMIC and bool(features(known)))
    if early and at_least(known, "extra:pregnant_week", 24) and not _past_steroids(known):
        yield _item("lungs_ready", STEROIDS, CO713, 180, True)
    if name == "preterm_labour" and below(known, "extra:pregnant_week", 32):
        brain = "ACOG Committee Opinion 455, Obstet Gynecol 2010"
        yield _item("brain", ("drug:magnesium_sulfate",), brain, 180, True, weight=0.5)
    if wanted == "now":
        rule = "CATEGORY_III_NO_ACTION" if known("ctg") == "III" else "DELIVERY_OMITTED"
        yield _item("team", ("team:obstetric",), PB106, 30, True)
        yield _item("gas", ("team:anaesthesia",), PB106, 45, True, weight=0.5)
        yield _item("newborn", ("team:neonatal",), PB106, 45, True, weight=0.5)
        born = BIRTH[:1]
        yield _item("birth", born, PB106, 60, True, weight=1.5, critical=(90.0, rule))
    elif wanted == "within_24h":
        yield _item("team", ("team:obstetric",), PB106, 180, True)
        yield _item("birth", BIRTH, PB222, 300, True)


def _past_steroids(known: Known) -> bool:
    return at_least(known, "extra:pregnant_week", 34)


def _no(
    id_: str, items: tuple[str, ...], rule: str, severity: int, note: str, source: str
) -> Forbidden:
    return Forbidden(id=id_, any_of=items, rule=rule, severity=severity, note=note, source=source)


_TERATOGENS = (
    "class:ace_inhibitor",
    "class:arb",
    "drug:warfarin",
    "drug:isotretinoin",
    "drug:valproate",
    "drug:valproate",
    "drug:mycophenolate",
    "drug:methotrexate",
)


def forbidden(name: str, known: Known) -> tuple[Forbidden, ...]:
    """What must not be done to this woman: the condition's own, then what her state forbids."""
    return (*condition(name).judgement.forbidden, *_her_own(name, known), *_fetal(name, known))


def _her_own(name: str, known: Known) -> Iterator[Forbidden]:
    ergot = ("drug:methylergonovine",)
    if (
        name in _HYPERTENSIVE
        or known("flag:chronic_hypertension") is True
        or severe_pressure(known)
    ):
        label = "FDA label of methylergonovine, 2012"
        rule = "METHYLERGONOVINE_IN_HYPERTENSION"
        yield _no("ergot", ergot, rule, 5, "ergot in hypertension", label)
    if known("flag:asthma") is True:
        carboprost = ("drug:carboprost",)
        label = "ACOG Practice Bulletin 183, Obstet Gynecol 2017"
        yield _no("carboprost", carboprost, "CARBOPROST_IN_ASTHMA", 4, "asthma", label)
        beta = ("drug:labetalol",)
        yield _no("labetalol", beta, "LABETALOL_IN_ASTHMA", 4, "beta blocker in asthma", CO767)
    if known("flag:myasthenia_gravis") is True:
        salt = ("drug:magnesium_sulfate",)
        yield _no("magnesium", salt, "MAGNESIUM_IN_MYASTHENIA", 5, "may stop breathing", PB222)


def _fetal(name: str, known: Known) -> Iterator[Forbidden]:
    weeks = known("extra:pregnant_week")
    if not isinstance(weeks, int | float) or name == "tubal_pregnancy":
        return
    labels = "FDA labels, boxed warnings, 2024"
    yield _no("teratogen", _TERATOGENS, "TERATOGEN_IN_PREGNANCY", 5, "harms the fetus", labels)
    late = ("drug:methylergonovine", "drug:carboprost", "drug:misoprostol")
    yield _no("squeeze", late, "UTEROTONIC_BEFORE_BIRTH", 4, "may end the pregnancy", labels)
    if weeks >= 20 and name != "preterm_labour":
        fda = "FDA drug safety communication on NSAIDs, 2020"
        yield _no("nsaid", ("class:nsaid",), "NSAID_IN_LATE_PREGNANCY", 3, "fetal kidneys", fda)
    if not {"now", "within_24h"} & set(timing(name, known)):
        severity = 5 if weeks < 34 else 4 if weeks < 37 else 3
        note = "birth without a reason"
        yield _no("birth_early", BIRTH, "DELIVERY_WITHOUT_INDICATION", severity, note, PB222)
    if known("ctg") == "III":
        drip = ("drug:oxytocin",)
        yield _no("oxytocin", drip, "OXYTOCIN_IN_CATEGORY_III", 4, "starves the fetus", PB106)
