"""Episodes from the environment's side: opening, answering, ending, restoring."""

import json

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.bus.episode import fold
from healthgym.bus.events import (
    EpisodeEnded,
    Generation,
    ObservationReturned,
    PatientAnswered,
    Sampling,
    canonical,
)
from healthgym.bus.view import Action
from healthgym.environments.errors import OtherVersion, UnknownRequest
from healthgym.environments.run import play
from healthgym.environments.session import TOOL_CODE, open_session, opening, request, restore
from healthgym.environments.tool import tools
from healthgym.knowledge.conditions import condition
from healthgym.knowledge.domains.clinical_diagnosis import LATENCY, reference
from healthgym.knowledge.patients import generate
from healthgym.knowledge.physiology import MINUTE
from healthgym.knowledge.tasks import task, tasks
from healthgym.knowledge.world import evolve, open_world

DOMAIN = "clinical_diagnosis"


def run(id_, calls, **settings_):
    """Play scripted calls; after them the episode is submitted empty."""
    raws = [
        c if isinstance(c, str) else json.dumps({"name": c[0], "arguments": c[1]}) for c in calls
    ]

    def act(view):
        i = len(view.turns)
        raw = raws[i] if i < len(raws) else '{"name": "submit_answer", "arguments": {}}'
        return Action(raw=raw)

    return play(request(task(id_), agent="script", **settings_), act)


def observations(events):
    return [e.data for e in events if isinstance(e.data, ObservationReturned)]


def plan(t):
    return [(c.tool, c.arguments) for c in reference(generate(t.variant, t.seed))]


def test_the_seven_call_episode():
    submit = ("submit_answer", {"answer": "NSTEMI", "reasoning": "troponin"})
    code = {"patient_id": "P001", "diagnosis": "NSTEMI", "icd10_code": "I21.4"}
    events = run(
        "dx_nstemi_001",
        [
            ("think", {"thought": "chest pain"}),
            ("get_patient_info", {"patient_id": "P001"}),
            ("get_vital_signs", {"patient_id": "P001"}),
            ("get_lab_results", {"patient_id": "P001"}),
            ("search_clinical_guidelines", {"condition": "NSTEMI"}),
            ("record_diagnosis", code),
            submit,
        ],
    )
    assert all(o.ok for o in observations(events))
    assert observations(events)[3].content["results"]["troponin_t_ng_l"].endswith("H")
    end = events[-1].data
    assert (end.reason, end.answer.icd10_code, end.answer.diagnosis) == (
        "submitted",
        "I21.4",
        "NSTEMI",
    )


def test_opening_tells_no_truth():
    for t in tasks(DOMAIN):
        found = opening(open_session(request(t, agent="x")))
        text = msgspec.json.encode(found.started).decode().lower()
        c = condition(t.condition)
        for word in (t.id, t.variant, c.id, c.name.lower(), c.icd10.lower(), str(t.seed)):
            assert word not in text
        assert set(found.objects) == {found.started.policy_md, found.started.tools}
        assert found.started.code == TOOL_CODE


def test_schemas_are_closed_and_described():
    found = opening(open_session(request(task("dx_gerd_001"), agent="x")))
    schemas = json.loads(found.objects[found.started.tools])
    assert len(schemas) >= 17 + 3
    for s in schemas:
        parameters = s["parameters"]
        assert parameters["additionalProperties"] is False
        assert "patient_id" in parameters["properties"]
        assert "patient_id" not in parameters["required"]
        assert s["description"], s["name"]
        for name, field in parameters["properties"].items():
            assert field.get("description"), (s["name"], name)


def test_same_calls_same_bytes():
    for id_ in ("dx_sepsis_003", "dx_nstemi_004"):
        t = task(id_)
        first, second = run(id_, plan(t)), run(id_, plan(t))
        assert [canonical(e) for e in first] == [canonical(e) for e in second]


def test_reference_meets_its_own_judgement():
    for t in tasks(DOMAIN):
        events = run(t.id, plan(t))
        assert all(o.ok for o in observations(events)), t.id
        facts = {f for o in observations(events) for f in o.reveals}
        decisive = condition(t.condition).judgement.decisive
        assert any(set(d) <= facts for d in decisive), t.id
        end = events[-1].data
        assert end.reason == "submitted"
        assert end.answer.icd10_code == condition(t.condition).icd10
        assert len(observations(events)) <= 22


def test_latencies_of_the_plan_are_those_of_the_tools():
    used = {name for t in tasks(DOMAIN) for name, _ in plan(t)} - {"wait_for_results"}
    assert set(LATENCY) <= used
    for name in used:
        assert tools(DOMAIN)[name].minutes == LATENCY.get(name, 1), name


def test_restore_gives_the_same_world():
    t = task("dx_dka_002")
    events = run(t.id, plan(t))
    requested = events[0].data
    world = open_world(generate(t.variant, t.seed))
    for e in events:
        if isinstance(e.data, ObservationReturned):
            world = evolve(world, e.data, e.at)
    assert restore(requested, fold(events)).world == world


def test_the_patient_speaks_before_the_observation():
    events = run("dx_panic_001", [("ask_patient", {"question": "Were you anxious or afraid?"})])
    kinds = [type(e.data).__name__ for e in events[2:5]]
    assert kinds == ["ToolCalled", "PatientAnswered", "ObservationReturned"]
    said = events[3].data
    assert isinstance(said, PatientAnswered)
    assert said.topics == ["mood"]
    assert events[4].cause == events[3].id


def test_the_patient_never_names_the_diagnosis():
    question = (
        "when feel meal anxious breathing cough fever leg travel weight stomach urine alcohol"
    )
    for t in tasks(DOMAIN):
        events = run(t.id, [("ask_patient", {"question": question})])
        said = next(e.data.answer for e in events if isinstance(e.data, PatientAnswered)).lower()
        names = (condition(t.condition).name, *condition(t.condition).names)
        assert not any(n.lower() in said.replace("panicked", "") for n in names), t.id


def test_unparsable_costs_a_turn_and_a_minute():
    events = run("dx_gerd_001", ["hello", '{"name": 3}', "[]"])
    codes = [o.code for o in observations(events)]
    assert codes[:3] == ["unparsable"] * 3
    assert events[3].at == MINUTE


def test_turn_limit_ends():
    events = run("dx_gerd_001", [("get_vital_signs", {})] * 9, max_turns=5)
    assert events[-1].data == EpisodeEnded(reason="turn_limit", turns=5)


def test_deadline_ends():
    waits = [("wait_for_results", {"max_minutes": 240})] * 5
    events = run("dx_gerd_001", waits)
    assert events[-1].data.reason == "deadline"
    assert events[-1].at == 8 * 60 * MINUTE


def test_token_limit_ends():
    spent = Generation(
        forced=[1] * 30,
        sampled=[2] * 30,
        logprobs=[0.0] * 30,
        policy="p",
        policy_version="",
        tokenizer="t",
        sampling=Sampling(),
    )

    def act(_view):
        return Action(raw='{"name": "get_vital_signs", "arguments": {}}', generation=spent)

    events = play(request(task("dx_gerd_001"), agent="x", token_limit=100), act)
    assert events[-1].data == EpisodeEnded(reason="token_limit", turns=2)


def test_bad_requests_are_typed():
    good = request(task("dx_gerd_001"), agent="x")
    change = msgspec.structs.replace
    with pytest.raises(UnknownRequest):
        open_session(change(good, variant="nope"))
    with pytest.raises(UnknownRequest):
        open_session(change(good, domain="nope"))
    with pytest.raises(OtherVersion):
        open_session(change(good, generator="0"))


NAMES = sorted(tools(DOMAIN))
FIELDS = sorted({f for t in tools(DOMAIN).values() for f in t.arguments.__struct_fields__})
WORDS = [
    "",
    "P001",
    "iv",
    "chest",
    "troponin",
    "chest_xray",
    "heparin",
    "mg",
    "I21.4",
    "home",
    "\n",
]
VALUES = st.one_of(
    st.sampled_from(WORDS),
    st.integers(-5, 10**7),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none(),
    st.lists(st.text(max_size=4), max_size=2),
)
CALLS = st.lists(
    st.tuples(
        st.sampled_from([*NAMES, "nope"]),
        st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=4),
    ),
    max_size=10,
)


@settings(deadline=None, max_examples=60)
@given(st.sampled_from([t.id for t in tasks(DOMAIN)]), CALLS)
def test_no_sequence_of_calls_crashes(id_, calls):
    events = run(id_, calls)
    assert isinstance(events[-1].data, EpisodeEnded)
    times = [e.at for e in events]
    assert times == sorted(times)
    for o in observations(events):
        assert o.ok == (o.code == "")
        json.dumps(o.content)
