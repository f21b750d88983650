"""The simulated patient never contradicts itself, names no disorder, hides no truth for good."""

import re
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.conditions import condition, conditions
from healthgym.knowledge.files import merged
from healthgym.knowledge.patient_agent import about, answer, directly, manner
from healthgym.knowledge.patient_agent.answers import MOST_LETTERS
from healthgym.knowledge.patient_agent.manners import Manner, biases, personalities
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.variants import all_variants, comorbidities, findings

TOPICS = sorted(merged("topics", tuple[str, ...]))
TALKING = sorted(v for v in all_variants() if generate(v, 0).findings)
QUESTIONS = st.one_of(
    st.lists(st.sampled_from(TOPICS), min_size=1, max_size=3, unique=True).map(about),
    st.sampled_from(sorted(f for f in findings() if findings()[f].told)).map(directly),
    st.sampled_from(
        ["How are you?", "What illness have you had?", "Any allergies?", "Do you smoke?"]
    ),
)
MANNERS = [(p, b) for p in personalities() for b in biases()]


@cache
def first_of(condition_id: str) -> str:
    """A variant of a condition whose patients can be asked something, or ""."""
    return next((v for v in TALKING if all_variants()[v].condition == condition_id), "")


def with_manner(patient: Patient, how: Manner, monkeypatch: pytest.MonkeyPatch) -> Patient:
    import healthgym.knowledge.patient_agent.answers as module

    monkeypatch.setattr(module, "manner", lambda _: how)
    return patient


def all_withheld(patient: Patient, personality: str, bias: str) -> Manner:
    """The most reticent patient of that manner: everything that may wait, waits."""
    own, held = personalities()[personality], biases()[bias]
    ids = frozenset(
        id_
        for id_ in patient.findings
        if findings()[id_].layer == "asking"
        and (own.withheld or (held.withheld and findings()[id_].topic in held.topics))
    )
    return Manner(personality=personality, bias=bias, withheld=ids)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(TALKING), st.integers(0, 10_000), st.lists(QUESTIONS, max_size=25))
def test_no_order_of_questions_brings_a_contradiction(
    variant: str, seed: int, questions: list[str]
) -> None:
    p = generate(variant, seed)
    known: list[str] = []
    for question in questions:
        a = answer(p, known, question)
        assert a == answer(p, tuple(known), question)
        assert len(a.text) <= MOST_LETTERS
        mine = {f: findings()[f] for f in p.findings if f"finding:{f}" in a.said}
        said = {f.told if p.findings[id_] else f.denied for id_, f in mine.items()}
        assert all(text in a.text for text in said)
        rest = a.text
        for text in sorted(said, key=len, reverse=True):
            rest = rest.replace(text, "")
        assert not any(f.told and (f.told in rest or f.denied in rest) for f in findings().values())
        known += a.said
    assert {k[8:] for k in known if k.startswith("finding:")} <= set(p.findings)
    assert not any(k.startswith("finding:") and not findings()[k[8:]].told for k in known)


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(TALKING), st.integers(0, 10_000), st.randoms(use_true_random=False))
def test_the_order_of_questions_changes_no_fact(variant: str, seed: int, rng: object) -> None:
    """Asked often enough, every order brings the same facts: all that can be asked for."""
    p = generate(variant, seed)
    topics = sorted({findings()[id_].topic for id_ in p.findings} - {""})
    shuffled = list(topics)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    for order in (topics, shuffled):
        known: dict[str, None] = {}
        for topic in order:
            for _ in range(6):
                known.update(dict.fromkeys(answer(p, known, about([topic])).said))
        told = {k[8:] for k in known if k.startswith("finding:")}
        assert told == {id_ for id_ in p.findings if findings()[id_].told}


@pytest.mark.parametrize("personality", list(personalities()))
def test_every_finding_is_reached_within_two_questions(
    personality: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By name at once; whoever withholds most, and whatever bias delays it."""
    seen: set[str] = set()
    for v in TALKING:
        p = generate(v, 0)
        if set(p.findings) <= seen:
            continue
        seen |= set(p.findings)
        bias = list(biases())[len(v) % len(biases())]
        with_manner(p, all_withheld(p, personality, bias), monkeypatch)
        for id_, present in p.findings.items():
            f = findings()[id_]
            if not f.told:
                continue
            one = answer(p, (), directly(id_))
            two = answer(p, one.said, directly(id_))
            assert f"finding:{id_}" in (*one.said, *two.said), (v, id_, one, two)
            said = one if f"finding:{id_}" in one.said else two
            assert (f.told if present else f.denied) in said.text
    assert seen == {
        id_ for id_ in findings() if any(id_ in generate(v, 0).findings for v in TALKING)
    }


@pytest.mark.parametrize("personality", list(personalities()))
def test_no_text_names_the_disorder(personality: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over all conditions: every finding told and denied, all background, every remark."""
    for i, id_ in enumerate(conditions()):
        if not first_of(id_):
            continue
        c = condition(id_)
        names = re.compile("|".join(rf"\b{re.escape(n.lower())}\b" for n in (c.name, *c.names)))
        base = msgspec.structs.replace(
            generate(first_of(id_), 0), comorbidities=tuple(comorbidities())
        )
        bias = list(biases())[i % len(biases())]
        for value in (True, False):
            p = msgspec.structs.replace(base, findings=dict.fromkeys(base.findings, value))
            with_manner(p, Manner(personality=personality, bias=bias), monkeypatch)
            for topic in {findings()[f].topic for f in p.findings} - {""}:
                known: dict[str, None] = {}
                for _ in range(5):
                    told = answer(p, known, about([topic]))
                    known.update(dict.fromkeys(told.said))
                    assert not names.search(told.text.lower()), (id_, told.text)
            for question in (
                "Any past illness?",
                "Allergies?",
                f"Do you have {c.name}?",
                "How are you?",
            ):
                assert not names.search(answer(p, (), question).text.lower()), (id_, question)


def test_remarks_and_manner_name_no_disorder_and_no_finding() -> None:
    parts = [t for p in personalities().values() for t in (*p.before, *p.after, *p.more, p.frame)]
    parts += [t for b in biases().values() for t in b.remarks]
    names = {n.lower() for i in conditions() for n in (condition(i).name, *condition(i).names)}
    said = {t for f in findings().values() for t in (f.told, f.denied) if t}
    for part in parts:
        assert not any(re.search(rf"\b{re.escape(n)}\b", part.lower()) for n in names), part
        assert part not in said
        assert len(part) <= 60


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=500), st.sampled_from(TALKING))
def test_any_text_is_answered(question: str, variant: str) -> None:
    told = answer(generate(variant, 0), (), question)
    assert told.text


@settings(max_examples=50, deadline=None)
@given(
    st.lists(st.sampled_from(TOPICS), min_size=4, max_size=60, unique=True),
    st.sampled_from(TALKING),
)
def test_four_topics_of_ones_own_reveal_nothing(topics: list[str], variant: str) -> None:
    p = generate(variant, 0)
    own = {findings()[f].topic for f in p.findings} & set(topics)
    if len(own) > 3:
        assert answer(p, (), about(topics)).said == ()


@pytest.mark.parametrize(("personality", "bias"), MANNERS[::13] + MANNERS[1::17])
def test_manner_changes_no_fact(
    personality: str, bias: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever speaks: after enough questions the same findings are known with the same truth."""
    p = generate(TALKING[len(TALKING) // 3], 4)
    with_manner(p, all_withheld(p, personality, bias), monkeypatch)
    known: dict[str, None] = {}
    texts = ""
    for topic in sorted({findings()[id_].topic for id_ in p.findings} - {""}):
        for _ in range(6):
            a = answer(p, known, about([topic]))
            known.update(dict.fromkeys(a.said))
            texts += a.text
    for id_, present in p.findings.items():
        f = findings()[id_]
        if f.told:
            assert f"finding:{id_}" in known
            assert (f.told if present else f.denied) in texts


@pytest.mark.parametrize(
    ("variant", "seed", "personality", "bias"),
    [
        ("dka_missed_insulin", 0, "cooperative", "none"),
        ("dka_missed_insulin", 1, "cooperative", "catastrophizing"),
        ("chest_reflux_young", 2, "health_illiterate", "none"),
        ("abruption_accident", 2, "pregnant_worried", "medication_seeking"),
        ("standing_nitrate", 0, "demanding", "cultural_barrier"),
        ("standing_nitrate", 2, "stoic", "none"),
    ],
)
def test_the_manner_of_known_patients_stays(
    variant: str, seed: int, personality: str, bias: str
) -> None:
    """A changed stream, order or share would silently change every recorded talk."""
    found = manner(generate(variant, seed))
    assert (found.personality, found.bias) == (personality, bias)
