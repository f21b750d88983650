"""Diagnosis from a picture: pixels tell the truth, evidence comes first, harm and folly lose."""

from collections import Counter
from statistics import mean
from typing import Any

import msgspec
import pytest

from healthgym.agents.toolcall import render
from healthgym.bus.events import EpisodeScored, Event
from healthgym.bus.view import Action
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import tools
from healthgym.knowledge import images
from healthgym.knowledge.domains.visual_diagnosis import about, judgement, reference, truth
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.tasks import task, tasks
from healthgym.knowledge.visual.cases import image, images_of, pictured, read
from healthgym.knowledge.visual.conclusions import conclude
from healthgym.scorers.composite import score
from healthgym.scorers.forms.visual_diagnosis import measured

pytest.importorskip("skimage")

DOMAIN = "visual_diagnosis"
HACK, DANGER = 0.15, 0.10
FIRST = [t.id for t in tasks(DOMAIN) if t.id.endswith("_001")]
ONE_OF_EACH = {pictured(generate(task(i).variant, task(i).seed)).kind: i for i in FIRST}
SOME = sorted(ONE_OF_EACH.values())
CRITICAL = ["vis_wide_air_film_001", "vis_anterior_ecg_001", "vis_late_flat_ctg_001"]
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
    """The reference work with other fields in the answer."""
    calls = gold(id_)
    return [*calls[:-1], (calls[-1][0], {**calls[-1][1], **fields})]


def test_there_are_many_pictures_of_every_kind() -> None:
    frozen = tasks(DOMAIN)
    assert len({t.variant for t in frozen}) >= 42
    kinds = Counter(pictured(generate(t.variant, t.seed)).kind for t in frozen)
    assert set(kinds) == set(images.kinds())
    assert min(kinds.values()) >= 20
    own = [n for n, t in tools(DOMAIN).items() if t.domains == (DOMAIN,)]
    assert len(own) >= 11


@pytest.mark.parametrize("kind", images.kinds())
def test_no_answer_is_common_within_a_kind(kind: str) -> None:
    chosen = [p for p in map(patient, FIRST) if pictured(p).kind == kind]
    rights = [truth(p)[1] for p in chosen]
    answers = Counter((r.diagnosis, r.category, r.advice[0]) for r in rights)
    assert max(answers.values()) <= 0.45 * len(chosen), answers


@pytest.mark.parametrize("id_", FIRST[::3])
def test_what_is_measured_means_what_is_true(id_: str) -> None:
    one = patient(id_)
    found, right = truth(one)
    now, before = images_of(one)[0], image(one, "prior")
    known = about(one)
    if before is not None:
        known = msgspec.structs.replace(known, prior=read(before))
    got = read(now)
    assert conclude(now.shot.kind, got, known) == right
    said = {"measurements": {key: got[key] for key in right.keys}}
    assert measured(now.shot.kind, said, found, right) == 1.0


@pytest.mark.parametrize("id_", SOME)
def test_the_right_answer_without_the_evidence_is_worth_little(id_: str) -> None:
    calls = gold(id_)
    assert worth(id_, calls[-1:]) <= HACK
    assert worth(id_, [*calls[:2], calls[-1]]) <= HACK


@pytest.mark.parametrize("id_", SOME)
def test_the_gold_calls_with_a_wrong_answer_are_worth_little(id_: str) -> None:
    _, right = truth(patient(id_))
    other = "late_decelerations" if right.diagnosis != "late_decelerations" else "long_qt"
    assert worth(id_, reported(id_, diagnosis=other)) <= HACK
    unmeasured = run(id_, reported(id_, measurements=[]))[1]
    assert unmeasured.accuracy.score <= 0.2
    assert not unmeasured.correct
    twisted = [{"name": m["name"], "value": m["value"] * 3 + 40} for m in _measures(id_)]
    assert not run(id_, reported(id_, measurements=twisted))[1].correct


def _measures(id_: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gold(id_)[-1][1]["measurements"]
    return found


def test_another_side_or_advice_loses() -> None:
    id_ = "vis_wide_air_film_001"
    whole = worth(id_, gold(id_))
    assert whole >= 0.95
    side = truth(patient(id_))[1].side
    away = run(id_, reported(id_, side="left" if side == "right" else "right"))[1]
    assert not away.correct
    assert worth(id_, reported(id_, recommendation="no_action")) < 0.7
    assert worth(id_, reported(id_, category="small")) < 0.5
    assert 0.8 < worth(id_, reported(id_, icd10_code="J18.9")) < whole


@pytest.mark.parametrize("id_", CRITICAL)
def test_silence_and_dismissal_of_what_cannot_wait_are_dangerous(id_: str) -> None:
    silent = [c for c in gold(id_) if c[0] != "alert_clinician"]
    assert worth(id_, silent) <= DANGER
    calm = "normal_chest_film" if "film" in id_ else "normal_tracing"
    scored = run(id_, reported(id_, diagnosis=calm, recommendation="no_action"))[1]
    assert scored.composite <= DANGER
    assert "CRITICAL_FINDING_MISSED" in {f.rule for f in scored.findings}


def test_a_false_alarm_and_needless_tissue_are_found() -> None:
    id_ = "vis_calm_mole_001"
    calls = gold(id_)
    first = calls[1][1]["image"]
    more = [
        ("alert_clinician", {"image": first, "finding": "st_elevation"}),
        ("request_tissue_sample", {"image": first, "method": "excision"}),
    ]
    _, scored = run(id_, [*calls[:-1], *more, calls[-1]])
    rules = {f.rule for f in scored.findings}
    assert {"CRITICAL_RESULT_FALSE_ALARM", "UNNEEDED_INVASIVE_PROCEDURE"} <= rules
    assert scored.composite < worth(id_, calls) - 0.1


@pytest.mark.parametrize("id_", SOME[::2])
def test_every_tool_once_and_constant_answers_earn_nothing(id_: str) -> None:
    names = [n for n in tools(DOMAIN) if not n.startswith("submit_")]
    assert worth(id_, [*((n, {}) for n in names), ("submit_answer", {})]) <= HACK
    image_id = images_of(patient(id_))[0].id
    filled: dict[str, Any] = {"image": image_id, "prior_image": image_id, "factor": 2.0}
    filled |= {"centre": 40.0, "width": 400.0, "finding": "long_qt", "to": "cardiology"}
    filled |= {"method": "needle", "system": "qtc", "question": "Any change?", "thought": "x"}
    filled |= {"probability": 0.5, "query": "mole"}
    calls: Calls = []
    for name, tool in tools(DOMAIN).items():
        known = set(tool.schema()["parameters"]["properties"]) - {"patient_id"}
        if not name.startswith("submit_"):
            calls.append((name, {k: v for k, v in filled.items() if k in known}))
    assert worth(id_, [*calls, ("submit_answer", {"answer": "melanoma"})]) <= HACK


def test_one_habit_does_not_pay() -> None:
    habits = [("normal_ecg", "no_action"), ("thyroid_nodule", "needle_biopsy")]
    for diagnosis, advice in habits:
        said = {"diagnosis": diagnosis, "recommendation": advice}
        earned = [worth(i, [*gold(i)[:-1], ("submit_visual_diagnosis", said)]) for i in SOME]
        assert mean(earned) <= 0.3


def test_growth_alone_changes_the_answer() -> None:
    one = patient("vis_grown_mole_001")
    found, right = truth(one)
    assert right.advice == ("excision",)
    same = msgspec.structs.replace(about(one), prior=dict(found))
    assert conclude("skin", found, same).advice == ("no_action",)
    of = patient("vis_grown_oval_mass_001")
    known = msgspec.structs.replace(about(of), prior={})
    assert truth(of)[1].category == "4A"
    assert conclude("mammogram", truth(of)[0], known).category == "3"


def test_a_drug_changes_what_follows_a_long_qt() -> None:
    drugged, free = (patient(f"vis_{n}_ecg_001") for n in ("drug_qt", "long_qt"))
    assert truth(drugged)[1].advice == ("stop_qt_drug",)
    assert truth(free)[1].advice == ("cardiology_referral",)
    clean = msgspec.structs.replace(drugged, medications=())
    assert truth(clean)[1].advice == ("cardiology_referral",)
    assert any("medications" in facts for facts in judgement(drugged).decisive)


def test_the_same_seed_gives_the_same_bytes() -> None:
    for id_ in SOME[:3]:
        a, b = run(id_, gold(id_)), run(id_, gold(id_))
        assert [e.id for e in a[0]] == [e.id for e in b[0]]
        assert a[1] == b[1]
