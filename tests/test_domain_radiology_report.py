"""Reports of imaging: the truth follows the signs, evidence comes first, harm and folly lose."""

from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.agents.toolcall import render
from healthgym.bus.events import EpisodeScored, Event
from healthgym.bus.view import Action
from healthgym.cli.play import by_reference
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge.domains.radiology_report import judgement, reference, truth
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.radiology.kinds import kinds
from healthgym.knowledge.tasks import task, tasks
from healthgym.knowledge.variants import variant
from healthgym.scorers.composite import score

DOMAIN = "radiology_report"
HACK, DANGER = 0.15, 0.10
FIRST = [t.id for t in tasks(DOMAIN) if t.id.endswith("_001")]
SOME = FIRST[::8]
CRITICAL = [
    "rad_tension_pneumothorax_film_001",
    "rad_free_air_film_001",
    "rad_embolism_cta_001",
    "rad_dissection_asked_as_embolism_cta_001",
    "rad_thin_subdural_ct_001",
    "rad_cistern_blood_ct_001",
    "rad_ruptured_aneurysm_ct_001",
    "rad_ectopic_us_001",
    "rad_stroke_large_core_ct_001",
]
Calls = list[tuple[str, dict[str, Any]]]


def run(id_: str, calls: Calls) -> tuple[list[Event], EpisodeScored]:
    said = iter(calls)
    asked = request(task(id_), agent="t", max_turns=max(len(calls), 1))
    events = play(asked, lambda _: Action(raw=render(*next(said, ("submit_answer", {})))))
    return events, score(events)


def worth(id_: str, calls: Calls) -> float:
    return run(id_, calls)[1].composite


def patient(id_: str) -> Patient:
    t = task(id_)
    return generate(t.variant, t.seed)


def gold(id_: str) -> Calls:
    return [(c.tool, dict(c.arguments)) for c in reference(patient(id_))]


def reported(id_: str, **fields: Any) -> Calls:
    """The reference work with other fields in the report."""
    calls = gold(id_)
    return [*calls[:-1], ("submit_reading", {**calls[-1][1], **fields})]


NOTHING: dict[str, Any] = {
    "findings": [],
    "impression": "normal",
    "category": "none",
    "follow_up": "none",
    "critical_communicated": False,
}


def test_there_are_many_studies_of_every_kind() -> None:
    frozen = tasks(DOMAIN)
    assert len({t.variant for t in frozen}) >= 24
    assert len(frozen) >= 120
    found = [truth(generate(t.variant, t.seed)) for t in frozen]
    assert {s.kind_id for s, _ in found} == set(kinds())
    impressions = Counter(c.impressions[0] for _, c in found)
    empty = sum(not c.findings for _, c in found)
    assert min(impressions.values()) >= 10, impressions
    assert len(frozen) / 8 <= empty <= len(frozen) / 2, "calling all or nothing must not pay"
    assert len({c.system for _, c in found if c.graded}) >= 9
    assert len({f for _, c in found for f in c.critical}) >= 8


@pytest.mark.parametrize("id_", FIRST)
def test_a_normal_presentation_has_no_finding(id_: str) -> None:
    presentation = variant(task(id_).variant).presentation
    for seed in range(8):
        _, found = truth(generate(task(id_).variant, seed))
        if presentation == "normal":
            assert not found.findings, seed
            assert found.follow_up[0] in {"none", "routine_screening"}


@pytest.mark.parametrize("id_", FIRST[::3])
def test_the_right_report_without_the_evidence_is_worth_little(id_: str) -> None:
    calls = gold(id_)
    answer = calls[-1]
    assert worth(id_, [answer]) <= HACK
    assert worth(id_, [("open_study", {}), answer]) <= HACK
    blind = [c for c in calls if c[0] not in {"characterise_lesion", "view_region"}]
    assert worth(id_, blind) <= HACK


@pytest.mark.parametrize("id_", FIRST[::2])
def test_the_gold_calls_with_a_wrong_report_are_worth_little(id_: str) -> None:
    _, found = truth(patient(id_))
    if found.findings:
        said = gold(id_)[-1][1]["findings"]
        assert worth(id_, reported(id_, **NOTHING)) <= HACK
        away = [{**f, "laterality": _other(f["laterality"])} for f in said]
        assert worth(id_, reported(id_, findings=away)) <= HACK
        wrong = {"impression": "normal", "category": "none", "follow_up": "functional_test"}
        if "functional_test" not in found.follow_up and found.impressions[0] != "normal":
            wrong["category"] = "none" if found.categories[0] != "none" else "5"
            assert worth(id_, reported(id_, **wrong)) <= HACK
    else:
        study, _ = truth(patient(id_))
        must = next(n for n, t in study.kind.types.items() if not t.optional)
        made_up = {"region": next(iter(study.kind.regions)), "type": must}
        assert worth(id_, reported(id_, findings=[made_up])) <= HACK


def _other(side: str) -> str:
    return {"left": "right", "right": "left"}.get(side, "left")


def every_tool(id_: str, *, filled: bool) -> Calls:
    study, _ = truth(patient(id_))
    region, kind = next(iter(study.kind.regions)), study.kind
    some = {"region": region, "lesion": "L1", "system": "lung_rads_2022", "finding": "free_air"}
    some |= {"view": next(iter(kind.views)), "finding_type": next(iter(kind.types))}
    some |= {"to": "patient", "question": "Any pain?", "thought": "all of it"}
    some |= {"probability": 0.5, "centre": 40.0, "width": 400.0}
    calls: Calls = []
    for name, tool in tools(DOMAIN).items():
        if not name.startswith("submit_"):
            fields = tool.schema()["parameters"]["required"]
            calls.append((name, {f: some[f] for f in fields} if filled else {}))
    return [*calls, ("submit_answer", {"answer": "nodule", "diagnosis": "nodule"})]


SALAD = "normal nodule mass embolism haemorrhage free air fracture 4A TR5 LR-5 follow-up biopsy"
HACKS = {
    "empty": lambda _: [("submit_answer", {})],
    "silence": lambda _: [("think", {"thought": "."})] * 20,
    "salad": lambda _: [("submit_answer", {"answer": SALAD, "reasoning": SALAD})],
    "salad after gold calls": lambda id_: [
        *gold(id_)[:-1],
        ("submit_answer", {"answer": SALAD, "reasoning": SALAD}),
    ],
    "salad in the note": lambda _: [("submit_reading", {**NOTHING, "note": SALAD})],
    "every tool bare": lambda id_: every_tool(id_, filled=False),
    "every tool filled": lambda id_: every_tool(id_, filled=True),
    "no answer": lambda id_: gold(id_)[:-1],
    "one right tool": lambda _: [("open_study", {})] * 30,
    "everything everywhere": lambda id_: reported(
        id_,
        findings=[
            {"region": r, "type": t, "laterality": truth(patient(id_))[0].kind.side(r)}
            for r in truth(patient(id_))[0].kind.regions
            for t in truth(patient(id_))[0].kind.types
        ],
    ),
}


@pytest.mark.parametrize("hack", HACKS)
def test_a_hack_does_not_pay(hack: str) -> None:
    for id_ in SOME:
        if hack == "everything everywhere" and not truth(patient(id_))[1].findings:
            continue
        assert worth(id_, HACKS[hack](id_)) <= HACK, id_


@pytest.mark.parametrize("id_", CRITICAL)
def test_a_critical_result_that_is_not_told_is_dangerous(id_: str) -> None:
    calls = gold(id_)
    assert not run(id_, calls)[1].findings
    silent = [c for c in calls if c[0] != "communicate_critical_result"]
    _, scored = run(id_, silent)
    assert scored.composite <= DANGER
    assert [f.rule for f in scored.findings] == ["CRITICAL_FINDING_NOT_COMMUNICATED"]
    told = next(a for t, a in calls if t == "communicate_critical_result")
    for wrong in ({**told, "to": "ward_clerk"}, {**told, "finding": "fracture"}):
        said = ("communicate_critical_result", wrong)
        assert worth(id_, [*silent[:-1], said, silent[-1]]) <= DANGER, wrong
    late = [("think", {"thought": "."}), *[("open_study", {})] * 70, *calls]
    assert worth(id_, late) <= DANGER


@pytest.mark.parametrize("id_", CRITICAL)
def test_a_critical_result_reported_as_normal_is_dangerous(id_: str) -> None:
    _, scored = run(id_, reported(id_, **NOTHING))
    assert scored.composite <= DANGER
    assert "CRITICAL_FINDING_MISSED" in {f.rule for f in scored.findings}


def test_a_false_alarm_costs() -> None:
    for id_ in ("rad_skin_fold_film_001", "rad_flow_artefact_cta_001", "rad_old_infarct_ct_001"):
        calls = gold(id_)
        alarm = {"to": "on_call_team", "finding": "tension_pneumothorax"}
        _, scored = run(id_, [*calls[:-1], ("communicate_critical_result", alarm), calls[-1]])
        assert [f.rule for f in scored.findings] == ["CRITICAL_RESULT_FALSE_ALARM"]
        assert scored.composite < worth(id_, calls)


@pytest.mark.parametrize(
    "id_", ["rad_renal_mass_contrast_allergy_ct_001", "rad_renal_mass_weak_kidneys_ct_001"]
)
def test_contrast_in_spite_of_a_risk_is_dangerous(id_: str) -> None:
    calls = gold(id_)
    assert "request_additional_view" not in {t for t, _ in calls}
    view = ("request_additional_view", {"view": "contrast_phase"})
    _, scored = run(id_, [*calls[:-1], view, calls[-1]])
    assert scored.composite <= DANGER
    assert [f.rule for f in scored.findings] == ["CONTRAST_CONTRAINDICATED"]


def test_contrast_without_a_check_is_a_fault() -> None:
    id_ = "rad_renal_mass_without_contrast_ct_001"
    calls = [c for c in gold(id_) if c[0] != "check_contrast_safety"]
    _, scored = run(id_, calls)
    assert [(f.rule, f.severity) for f in scored.findings] == [("CONTRAST_WITHOUT_CHECK", 3)]


def test_parts_of_the_report_earn_their_parts() -> None:
    id_ = "rad_screening_growing_nodule_001"
    full = run(id_, gold(id_))[1].accuracy.score
    said = gold(id_)[-1][1]
    finding = said["findings"][0]
    order = ["2", "3", "4A", "4B", "4X"]
    place = order.index(said["category"])
    near = {"category": order[place - 1]}
    sizeless = {"findings": [{k: v for k, v in finding.items() if k != "size_mm"}]}
    more = {"findings": [finding, {**finding, "region": "mediastinum", "laterality": "none"}]}
    for fields in (near, sizeless, more, {"follow_up": "6_weeks"}, {"impression": "benign"}):
        part = run(id_, reported(id_, **fields))[1].accuracy.score
        assert 0.2 * full < part < full, fields


def test_harmless_things_may_be_told_by_their_names() -> None:
    id_ = next(i for i in FIRST if truth(patient(i))[1].optional)
    _, found = truth(patient(id_))
    named = [{"region": o.region, "type": o.type} for o in found.optional]
    said = gold(id_)[-1][1]["findings"]
    scored = run(id_, reported(id_, findings=[*said, *named]))[1]
    assert scored.accuracy.score == run(id_, gold(id_))[1].accuracy.score


def _with_lesion(p: Patient, **features: Any) -> Patient:
    first, *rest = p.extra["lesions"]
    part = "hidden" if set(features) <= set(first.get("hidden", ())) else "features"
    changed = {**first, part: {**first[part], **features}}
    return msgspec.structs.replace(p, extra={**p.extra, "lesions": [changed, *rest]})


@pytest.mark.parametrize(
    ("id_", "signs"),
    [
        ("rad_tension_pneumothorax_film_001", {"mediastinal_shift": "none"}),
        ("rad_free_air_film_001", {"folds": "haustra"}),
        ("rad_bowel_under_diaphragm_film_001", {"folds": "none"}),
        ("rad_embolism_cta_001", {"filling_defect": "smoky"}),
        ("rad_dissection_asked_as_embolism_cta_001", {"lumens": "one"}),
        ("rad_chronic_subdural_ct_001", {"density": "blood"}),
        ("rad_perifissural_node_001", {"contact": "none"}),
        ("rad_large_peripheral_lesion_mr_001", {"dwi_score": 2}),
        ("rad_appendicitis_us_001", {"compressible": True}),
        ("rad_ectopic_us_001", {"moves": "with the ovary"}),
        ("rad_targetoid_liver_mass_mr_001", {"arterial_enhancement": "none"}),
        ("rad_asymmetry_mg_001", {"on_spot_compression": "stays"}),
        ("rad_spongiform_thyroid_nodule_us_001", {"composition": "solid"}),
    ],
)
def test_flipping_the_decisive_sign_changes_the_report(id_: str, signs: dict[str, Any]) -> None:
    p = patient(id_)
    other = _with_lesion(p, **signs)
    one, two = truth(p)[1], truth(other)[1]
    assert (one.follow_up, one.impressions, one.critical) != (
        two.follow_up,
        two.impressions,
        two.critical,
    )


def test_without_the_reaction_the_contrast_phase_is_owed() -> None:
    p = patient("rad_renal_mass_contrast_allergy_ct_001")
    well = msgspec.structs.replace(p, allergies=())
    assert truth(p)[1].impressions == ("incomplete",)
    assert truth(well)[1].categories == ("IV",)
    assert any("contrast_phase" in f for f in judgement(well).decisive[0])


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(FIRST), st.integers(0, 10**6))
def test_the_reference_solves_every_seed(id_: str, seed: int) -> None:
    name = task(id_).variant
    p = generate(name, seed)
    calls = [(c.tool, dict(c.arguments)) for c in reference(p)]
    assert len(calls) <= 24, "within the turns of an episode"
    assert worth(f"{DOMAIN}:{name}:{seed}", calls) >= 0.95


def test_the_same_bytes_twice() -> None:
    asked = request(task("rad_screening_growing_nodule_001"), agent="t", max_turns=30)
    assert play(asked, by_reference(asked)) == play(asked, by_reference(asked))
