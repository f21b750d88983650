"""The script of obstetrics: look, name the likeliest disorder, do what it asks, wait, decide."""

from collections.abc import Iterator
from typing import Any

from ...knowledge.conditions import Required, condition
from ...knowledge.domains.obstetrics import DOSES, barred, call_for, prescription
from ...knowledge.instruments.core import calc
from ...knowledge.labs import catalogue
from ...knowledge.obstetrics import Known, at_least, code, glucose_disorder, required, timing
from ...knowledge.studies import studies
from ...knowledge.world import Truth
from ..interview import next_question
from ..policy import View
from ..reading import Seen, read
from . import Call

_FIRST = {
    "vitals": "get_vital_signs",
    "ob_history": "get_obstetric_history",
    "history": "get_patient_history",
    "allergies": "get_allergies",
}
_PATIENCE_MIN = 240
_WORK_UP: dict[str, tuple[str, ...]] = {
    "pregnancy_pressure": (
        "bp_repeat",
        "lab:cbc",
        "lab:liver_panel",
        "lab:bmp",
        "lab:urine_protein_creatinine",
        "lab:ldh",
    ),
    "pregnancy_bleeding": ("imaging:obstetric_ultrasound", "exam:abdomen", "blood_loss"),
    "postpartum_bleeding": ("exam:pelvis", "blood_loss"),
    "labour": ("exam:cervix",),
    "fever in labour": ("lab:cbc", "lab:urinalysis", "exam:pelvis"),
    "pregnancy_glucose": ("lab:hba1c", "lab:ogtt"),
}
"""Family -> what is looked at before the disorder has a name."""


def _call(tool: str, **arguments: object) -> Call:
    return Call(tool=tool, arguments=arguments)


def _shown(view: View) -> dict[str, Any]:
    """What the domain's own tools have shown: the newest of each field."""
    found: dict[str, Any] = {}
    for turn in view.turns:
        seen = turn.observation
        if seen is not None and seen.ok:
            found |= seen.content
    return found


def _highest(view: View, key: str) -> float | None:
    """The highest reading of a vital sign: a pressure that was treated was high all the same."""
    texts = [
        t.observation.content.get("vitals", {}).get(key)
        for t in view.turns
        if t.observation is not None and t.observation.ok
    ]
    values = [float(str(x).split(" ", 1)[0]) for x in texts if x is not None]
    return max(values) if values else None


def _knowing(view: View, seen: Seen) -> Known:
    shown = _shown(view)
    own: dict[str, Truth] = {
        "extra:pregnant_week": shown.get("week"),
        "vital:sbp_mmhg": seen.values.get("sbp_mmhg"),
        "loss_ml": shown.get("blood_loss_ml"),
        "extra:rh_negative": shown.get("rh") == "negative" if "rh" in shown else None,
    }
    if seen.family == "pregnancy_pressure":
        own |= {f"vital:{k}": _highest(view, k) for k in ("sbp_mmhg", "dbp_mmhg")}
    if "tracing" in shown:
        own["ctg"] = str(calc("fhr_nichd", shown["tracing"]).value)
        own["fetal_bpm"] = shown["tracing"]["baseline_bpm"]
    for name, value in shown.get("glucose_mg_dl", {}).items():
        own[f"ogtt:{name}"] = value

    def known(fact: str) -> Truth:
        kind, _, name = fact.partition(":")
        if fact in own:
            return own[fact]
        if kind in {"vital", "lab"}:
            return seen.values.get(name)
        if kind == "flag":
            return name in seen.past
        return seen.findings.get(name) if kind == "finding" else None

    return known


def _first_visit_high(view: View) -> bool:
    first = str(_shown(view).get("pressures", {}).get("first_visit_week_9", "0/0"))
    high, _, low = first.partition("/")
    return int(high) >= 140 or int(low) >= 90


def _pressure(view: View, seen: Seen, known: Known) -> str:
    high, low = known("vital:sbp_mmhg"), known("vital:dbp_mmhg")
    raised = isinstance(high, float) and isinstance(low, float) and (high >= 140 or low >= 90)
    values = seen.values
    protein = values.get("urine_pcr_mg_mg", 1.0) >= 0.3
    if seen.findings.get("had_fit"):
        known_fits = seen.findings.get("fits_before") and not raised and not protein
        return "epileptic_fit_pregnancy" if known_fits else "eclampsia"
    if values.get("platelets_10e9_l", 999) < 100 and values.get("ldh_u_l", 0) >= 600:
        return "hellp"
    if not raised and not protein:
        return "migraine_pregnancy"
    early = _first_visit_high(view)
    if protein:
        return "superimposed_preeclampsia" if early else "preeclampsia"
    return "chronic_hypertension_pregnancy" if early else "gestational_hypertension"


def _labour(seen: Seen, known: Known) -> str:
    weeks = known("extra:pregnant_week")
    if seen.findings.get("cord_felt"):
        return "cord_prolapse"
    if known("ctg") == "III":
        return "category_three_tracing"
    if _hot(seen):
        return _fever(seen, known)
    return "preterm_labour" if isinstance(weeks, int) and weeks < 37 else "normal_labour"


def _hot(seen: Seen) -> bool:
    return seen.values.get("temperature_c", 37.0) >= 38.0


def _fever(seen: Seen, known: Known) -> str:
    """Infected waters need a second sign beside the fever (ACOG CO 712, 2017)."""
    if seen.values.get("urine_leukocytes_hpf", 0) >= 15:
        return "pyelonephritis_pregnancy"
    signs = (
        seen.findings.get("fluid_foul"),
        seen.values.get("wbc_10e9_l", 0) >= 15,
        at_least(known, "fetal_bpm", 161),
        seen.values.get("temperature_c", 37.0) >= 39.0,
    )
    return "chorioamnionitis" if any(signs) else "fever_in_labour"


def _bleeding(seen: Seen) -> str:
    if seen.imaging.get("obstetric_ultrasound") == "praevia":
        return "placenta_praevia"
    return "placental_abruption" if seen.findings.get("womb_rigid") else "bloody_show"


def _after_birth(seen: Seen) -> str:
    if seen.findings.get("cervix_torn"):
        return "pph_trauma"
    return "pph_retained" if seen.findings.get("placenta_part_missing") else "pph_atony"


def _pain(seen: Seen, known: Known) -> str:
    weeks = known("extra:pregnant_week")
    if isinstance(weeks, int) and weeks >= 14:
        return "appendicitis_pregnancy"
    alive = seen.imaging.get("obstetric_ultrasound") == "early_live"
    return "threatened_miscarriage" if alive else "tubal_pregnancy"


def _name(view: View, seen: Seen, known: Known) -> str:
    """The likeliest disorder by what was seen."""
    match seen.family:
        case "pregnancy_pressure":
            return _pressure(view, seen, known)
        case "pregnancy_bleeding":
            return _bleeding(seen)
        case "postpartum_bleeding":
            return _after_birth(seen)
        case "pregnancy_pain":
            return _pain(seen, known)
        case "labour":
            return _labour(seen, known)
        case _:
            return glucose_disorder(known) or "normal_glucose_test"


def _look(view: View, seen: Seen, known: Known) -> Iterator[Call]:
    """What is seen first, whatever the disorder."""
    for fact, tool in _FIRST.items():
        if fact not in seen.facts:
            yield _call(tool)
    weeks = known("extra:pregnant_week")
    if isinstance(weeks, int) and weeks >= 24 and "procedure:fetal_monitoring" not in seen.facts:
        yield _call("read_ctg")
    for finding in _questions(seen):
        question = next_question(view, seen, (finding,))
        if question is not None:
            yield _call("ask_patient", question=question)
    hot = seen.family == "labour" and _hot(seen)
    for fact in (*_WORK_UP.get(seen.family, ()), *(_WORK_UP["fever in labour"] if hot else ())):
        found = call_for(fact)
        if found is not None and fact not in seen.facts and fact not in seen.done:
            yield _call(found.tool, **found.arguments)


def _questions(seen: Seen) -> Iterator[str]:
    """What only she can tell, as far as it matters and was not asked."""
    has = seen.findings
    asked = {
        "had_fit": seen.family == "pregnancy_pressure",
        "fits_before": bool(has.get("had_fit")),
        "migraine_before": bool(has.get("headache_new") or has.get("flashes_seen")),
    }
    yield from (k for k, on in asked.items() if on and f"finding:{k}" not in seen.facts)


def _met(one: Required, seen: Seen) -> bool:
    return any(item in seen.facts or item in seen.done or _given(item, seen) for item in one.any_of)


def _given(item: str, seen: Seen) -> bool:
    if not item.startswith("class:"):
        return False
    one = prescription((item,), ())
    return one is not None and f"drug:{one.arguments.get('drug_name')}" in seen.done


def _asked(name: str, seen: Seen, known: Known) -> Iterator[Call]:
    """What the disorder demands and is not done yet."""
    best = next(iter(timing(name, known)))
    no = barred([a for a in seen.allergies if a.true], seen.past)
    due = sorted(required(name, known), key=lambda r: (r.deadline_min or 1e9, len(r.after)))
    for one in due:
        if _met(one, seen):
            continue
        found = call_for(one.any_of[0], best)
        if found is None:
            found = prescription(one.any_of, no)
        if found is not None:
            yield _call(found.tool, **found.arguments)
    for fact in condition(name).judgement.decisive[0]:
        found = call_for(fact)
        if found is not None and fact not in seen.facts and fact not in seen.done:
            yield _call(found.tool, **found.arguments)


def _awaited(seen: Seen) -> bool:
    """Whether something ordered comes back within hours and was not read."""
    for item in seen.done:
        kind, _, name = item.partition(":")
        if item in seen.facts or kind not in {"lab", "imaging"}:
            continue
        wait = catalogue().tests[name] if kind == "lab" else studies().studies[name]
        if wait.minutes <= _PATIENCE_MIN:
            return True
    return False


def _plan(name: str, known: Known) -> Call:
    places = condition(name).judgement.dispositions
    return _call(
        "submit_plan",
        diagnosis=condition(name).name,
        icd10_code=code(name, known),
        delivery=next(iter(timing(name, known))),
        disposition=max(places, key=lambda d: places[d]),
    )


def proposals(view: View) -> list[Call]:
    """What a good obstetrician would do now, the most urgent first."""
    seen = read(view)
    known = _knowing(view, seen)
    name = _name(view, seen, known)
    if len(view.turns) >= view.started.max_turns - 1:
        return [_plan(name, known)]
    first = list(_look(view, seen, known))
    named = _asked(name, seen, known) if not first else iter(())
    calls = [c for c in (*first, *named) if c.tool not in seen.failed]
    if _awaited(seen):
        # A birth within the day can wait for what is still in the laboratory.
        calls = [c for c in calls if c.arguments.get("when") != "within_24h"]
    if not calls and _awaited(seen):
        calls.append(_call("wait_for_results", max_minutes=120))
    return [*calls, _plan(name, known)]


def slips(view: View) -> list[Call]:
    """The look-alikes, and the right disorder at the wrong time."""
    seen = read(view)
    known = _knowing(view, seen)
    name = _name(view, seen, known)
    wrong = [_plan(o, known) for o in condition(name).look_alikes]
    right = _plan(name, known)
    late = [{**right.arguments, "delivery": d} for d in ("now", "expectant")]
    return [*wrong, *(Call(tool="submit_plan", arguments=a) for a in late)]


def harms(view: View) -> list[Call | None]:
    """Acts that are wrong for most women."""
    del view
    dose, unit, route = DOSES["magnesium_sulfate"]
    return [
        _call("give_standing_order", order="methylergonovine"),
        _call("deliver", mode="cesarean", when="now"),
        _call("perform_cervical_exam"),
        _call(
            "prescribe_medication",
            drug_name="magnesium_sulfate",
            dose=dose,
            dose_unit=unit,
            route=route,
        ),
        None,
    ]
