"""The simulated patient: who speaks, what opens, what is refused, what is told."""

import msgspec
import pytest

from healthgym.knowledge.errors import BadData
from healthgym.knowledge.files import merged
from healthgym.knowledge.patient_agent import answer, directly, interview, manner, names_diagnosis
from healthgym.knowledge.patient_agent.answers import MOST_LETTERS
from healthgym.knowledge.patient_agent.manners import (
    CHILD_YEARS,
    OLD_YEARS,
    Manner,
    biases,
    fitting,
    personalities,
)
from healthgym.knowledge.patient_agent.words import understand
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.variants import all_variants, findings

VARIANTS = sorted(v for v in all_variants() if generate(v, 0).findings)
ACUTE = "pe_typical" if "pe_typical" in all_variants() else "dka_missed_insulin"
WITHHELD = "anxious", "stoic", "vague", "elderly_confused", "hostile_angry"


@pytest.fixture
def as_(monkeypatch: pytest.MonkeyPatch):
    """Make every patient speak in one manner."""
    import healthgym.knowledge.patient_agent.answers as module

    def set_(personality: str = "cooperative", bias: str = "none", *withheld: str) -> None:
        how = Manner(personality=personality, bias=bias, withheld=frozenset(withheld))
        monkeypatch.setattr(module, "manner", lambda _: how)

    return set_


def sick(**findings_: bool) -> Patient:
    """An acute patient with these findings and no other."""
    p = generate(ACUTE, 0)
    return msgspec.structs.replace(
        p, findings={k: findings_.get(k, False) for k in p.findings}, comorbidities=(), allergies=()
    )


def test_there_are_twelve_personalities_and_thirteen_biases() -> None:
    assert len(personalities()) == 12
    assert len(biases()) == 13
    assert {p.most for p in personalities().values()} == {1, 2, 3, 4, 5}
    topics = {f.topic for f in findings().values()}
    for id_, b in biases().items():
        assert set(b.topics) <= topics, id_
        assert bool(b.remarks) == (id_ != "none")
    assert len({(p.before, p.after, p.more) for p in personalities().values()}) == 12
    assert len({b.remarks for b in biases().values()}) == 13


def test_every_manner_occurs_and_fits() -> None:
    seen = {
        (m.personality, m.bias)
        for v in VARIANTS
        for seed in range(8)
        for m in (manner(generate(v, seed)),)
    }
    assert {b for _, b in seen} == set(biases())
    assert {p for p, _ in seen} >= set(personalities()) - {"pediatric_parent"}


@pytest.mark.parametrize(
    ("age", "pregnant", "inside", "outside"),
    [
        (30, False, {"cooperative"}, {"pediatric_parent", "elderly_confused", "pregnant_worried"}),
        (30, True, {"cooperative", "pregnant_worried"}, {"pediatric_parent", "elderly_confused"}),
        (OLD_YEARS, False, {"elderly_confused"}, {"pediatric_parent", "pregnant_worried"}),
        (OLD_YEARS - 1, False, {"stoic"}, {"elderly_confused"}),
        (16, False, {"cooperative", "pediatric_parent"}, {"elderly_confused"}),
        (CHILD_YEARS - 1, False, {"pediatric_parent"}, set(personalities()) - {"pediatric_parent"}),
    ],
)
def test_manner_fits_age_and_pregnancy(
    age: int, pregnant: bool, inside: set[str], outside: set[str]
) -> None:
    weights = fitting(age, pregnant=pregnant)
    assert inside <= set(weights)
    assert not outside & set(weights)
    assert weights.get("elderly_confused", 0.0) <= 0.2 * sum(weights.values())


def test_a_childs_parent_speaks_for_it() -> None:
    child = msgspec.structs.replace(generate(ACUTE, 3), age_years=6)
    assert manner(child).personality == "pediatric_parent"
    said = answer(child, (), "Does the child cough?").text
    assert "My child says:" in said
    toddler = msgspec.structs.replace(child, age_years=1)
    said = answer(toddler, (), "Does the child cough?").text
    assert "What I can tell:" in said
    assert "says" not in said


def test_manner_tells_nothing_about_the_condition() -> None:
    """No condition has more cooperative patients than chance allows."""
    shares: dict[str, list[bool]] = {}
    for v in VARIANTS:
        for seed in range(3):
            p = generate(v, seed)
            if p.age_years < OLD_YEARS and "pregnant_week" not in p.extra:
                talks = manner(p).personality == "cooperative"
                shares.setdefault(p.condition, []).append(talks)
    for condition, talks in shares.items():
        n = len(talks)
        if n >= 30:
            assert abs(sum(talks) / n - 0.52) < 4 * (0.25 / n) ** 0.5, condition


def test_a_variant_may_fix_the_manner(monkeypatch: pytest.MonkeyPatch) -> None:
    import healthgym.knowledge.patient_agent.manners as module

    p = generate(ACUTE, 77_001)
    fixed = msgspec.structs.replace(
        all_variants()[ACUTE], personality="hostile_angry", bias="secondary_gain"
    )
    monkeypatch.setattr(module, "variant", lambda _: fixed)
    module._manner.cache_clear()
    assert (manner(p).personality, manner(p).bias) == ("hostile_angry", "secondary_gain")
    monkeypatch.setattr(
        module, "variant", lambda _: msgspec.structs.replace(fixed, personality="robot")
    )
    module._manner.cache_clear()
    with pytest.raises(BadData, match="robot"):
        manner(p)
    module._manner.cache_clear()


def test_a_cooperative_patient_says_no_more_than_the_facts(as_) -> None:
    as_()
    told = answer(sick(sputum=True), (), "Do you have a cough?")
    assert told.text == (
        "I have no cough. I bring up coloured phlegm. I saw no blood. I do not wheeze."
    )
    assert told.said == (
        *("finding:cough", "finding:sputum", "finding:hemoptysis", "finding:wheeze_heard"),
        "asked:cough",
    )
    assert not told.withheld


@pytest.mark.parametrize(("personality", "most"), [(k, p.most) for k, p in personalities().items()])
def test_no_more_facts_than_the_personality_gives(as_, personality: str, most: int) -> None:
    as_(personality)
    told = answer(sick(), (), "Tell me about cough, legs and weight.")
    facts = [f for f in told.said if f.startswith("finding:")]
    assert len(facts) == min(most, 6)
    assert len(facts) + len(told.withheld) == 6
    assert bool(told.withheld) == any(m in told.text for m in personalities()[personality].more)


@pytest.mark.parametrize("personality", WITHHELD)
def test_what_is_withheld_is_told_when_asked_again_by_name_or_with_rapport(
    as_, personality: str
) -> None:
    as_(personality, "none", "heavy_drinking")
    p, question = sick(heavy_drinking=True), "Do you drink alcohol?"
    first = answer(p, (), question)
    assert first.withheld == ("heavy_drinking",)
    assert first.said == ("asked:alcohol",)
    assert any(m in first.text for m in personalities()[personality].more)
    second = answer(p, first.said, question)
    assert "I drank heavily and then stopped eating." in second.text
    assert second.said == ("finding:heavy_drinking", "asked:alcohol", "asked:alcohol:again")
    assert "finding:heavy_drinking" in answer(p, (), "Did you drink heavily?").said
    friends = tuple(f"asked:t{i}" for i in range(personalities()[personality].rapport))
    assert "finding:heavy_drinking" in answer(p, friends, question).said
    assert "finding:heavy_drinking" not in answer(p, friends[1:], question).said


def test_a_bias_colours_and_claims_no_symptom(as_) -> None:
    p = sick(cough=True)
    plain = ("I have been coughing.", "I have no cough.")
    for bias, b in biases().items():
        as_("cooperative", bias)
        told = answer(p, (), "Do you have a cough?").text
        assert plain[0] in told
        assert plain[1] not in told
        assert any(r in told for r in b.remarks) == (bias != "none")
        legs = answer(p, (), "Are your legs swollen?").text
        assert any(r in legs for r in b.remarks) == (bool(b.remarks) and b.when == "always")


@pytest.mark.parametrize(
    "question",
    [
        "cough fever",
        "Cough, fever, legs!",
        "cough sputum phlegm blood wheeze legs calf swelling",
        "Tell me about cough, fever, legs and weight.",
        "when feel meal anxious breathing cough fever leg travel weight stomach urine alcohol",
        "Tell me " + " ".join(merged("topics", tuple[str, ...]))[:480],
    ],
)
def test_keyword_soup_reveals_nothing(question: str) -> None:
    for v in VARIANTS[::7]:
        told = answer(generate(v, 1), (), question)
        assert "one thing at a time" in told.text.lower(), v
        assert told.said == ()
        assert told.withheld == ()


@pytest.mark.parametrize(
    "question", ["cough", "Cough?", "Any cough or fever?", "You do not cough, do you?"]
)
def test_short_and_negated_questions_are_understood(question: str) -> None:
    assert "asked:cough" in answer(sick(), (), question).said


@pytest.mark.parametrize(
    ("question", "topic"),
    [
        ("Have you been coughing?", "cough"),
        ("Were you vomiting?", "stomach"),
        ("Do your ankles swell?", "legs"),
        ("Have you travelled?", "travel"),
        ("Do you smoke cigarettes?", "smoking"),
        ("Are you taking any tablets?", "medicines"),
        ("Does it hurt when you pee?", "urine"),
        ("Are you out of breath?", "breathing"),
        ("Have you felt scared or panicky?", "mood"),
    ],
)
def test_inflections_and_plain_words_are_known(question: str, topic: str) -> None:
    assert topic in understand(question, tuple(sick().findings)).topics


@pytest.mark.parametrize(
    "question", ["Do you have pneumonia?", "Is it a pulmonary embolism?", "Could it be sepsis?"]
)
def test_a_disorder_by_name_is_not_known_to_the_patient(question: str) -> None:
    told = answer(sick(), (), question)
    assert told.text == "I do not know, that is why I came."
    assert told.said == ()


def test_an_open_question_brings_what_the_desk_was_told(as_) -> None:
    as_()
    told = answer(sick(fever=True, sputum=True), (), "What brings you here today?")
    assert told.said == ("finding:fever", "asked:open")
    assert told.text == "I have felt hot and shivery."
    assert "at the desk" in answer(sick(), (), "How are you feeling?").text


def test_what_the_patient_cannot_know_is_neither_told_nor_denied() -> None:
    told = answer(sick(), (), "Did the baby move?")
    assert told.said == ("asked:ob_movements",)
    assert "baby" not in told.text
    assert answer(sick(), (), "Xyzzy plugh?").said == ()


def test_the_background_never_names_the_disorder() -> None:
    named = [v for v in VARIANTS if "copd" in generate(v, 0).comorbidities]
    own = next(v for v in named if generate(v, 0).condition == "copd_exacerbation")
    other = next(v for v in named if generate(v, 0).condition != "copd_exacerbation")
    question = "What illness have you had in the past?"
    assert "COPD" not in answer(generate(own, 0), (), question).text
    assert "in my papers" in answer(generate(own, 0), (), question).text
    assert "COPD" in answer(generate(other, 0), (), question).text
    assert names_diagnosis("They say it is my COPD again.", "copd_exacerbation")
    assert not names_diagnosis("I have ascopding.", "copd_exacerbation")


def test_an_interview_brings_everything_to_light() -> None:
    for v in VARIANTS[::11]:
        p = generate(v, 5)
        wanted = [id_ for id_ in p.findings if findings()[id_].told]
        known: list[str] = []
        for question in interview(p, wanted):
            known += answer(p, known, question).said
        assert {f"finding:{id_}" for id_ in wanted} <= set(known), v


def test_texts_vary_by_seed_and_stay_short() -> None:
    texts = {answer(generate(ACUTE, s), (), "Any cough?").text for s in range(60)}
    assert len(texts) > 20
    assert max(map(len, texts)) <= MOST_LETTERS
    assert directly("sputum").endswith(": purulent sputum?")


def test_an_answer_that_would_be_long_leaves_something_for_later(
    as_, monkeypatch: pytest.MonkeyPatch
) -> None:
    import healthgym.knowledge.patient_agent.answers as module

    as_()
    monkeypatch.setattr(module, "MOST_LETTERS", 100)
    told = answer(sick(), (), "Any cough?")
    assert len(told.text) <= 100
    assert told.withheld
    assert personalities()["cooperative"].more[0] in told.text
    rest = answer(sick(), told.said, "Any cough?")
    assert set(told.withheld) <= {f.removeprefix("finding:") for f in rest.said}
