"""Free text: polarity by claim, similarity, and a judgement that neither negation nor soup wins."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge.claims import lexicon, polarity
from healthgym.knowledge.free_text import Concept, Gold
from healthgym.scorers.text.judge import TextJudgement, judge
from healthgym.scorers.text.measures import rouge_l, semantic_f1


def idea(id_: str, *names: str) -> Concept:
    return Concept(id=id_, names=names or (id_,))


ASPIRIN, HEPARIN = idea("aspirin"), idea("heparin", "heparin", "UFH")
GOLD = Gold(
    reference=(
        "NSTEMI. Start dual antiplatelet therapy with aspirin and a P2Y12 inhibitor, "
        "anticoagulate with heparin, and consult cardiology."
    ),
    must=(
        idea("nstemi", "NSTEMI", "non-ST-elevation myocardial infarction", "Non-ST-elevation MI"),
        ASPIRIN,
        idea("p2y12", "P2Y12 inhibitor", "ticagrelor", "clopidogrel", "prasugrel"),
        HEPARIN,
        idea("cardiology", "cardiology", "cardiologist"),
    ),
    must_not=(idea("lysis", "thrombolysis", "alteplase", "tenecteplase"),),
)
ANSWERS = {
    "near copy": "NSTEMI. Start dual antiplatelet therapy: aspirin and a P2Y12 inhibitor. "
    "Anticoagulate with heparin; call cardiology.",
    "paraphrase": "This is a Non-ST-elevation MI. I would give ticagrelor on top of aspirin, run "
    "a UFH infusion and ask the cardiologist to come.",
    "partial": "It is an acute coronary syndrome, so give the patient aspirin and admit.",
    "negated": "NSTEMI is excluded. Do not start dual antiplatelet therapy with aspirin and a "
    "P2Y12 inhibitor, do not anticoagulate with heparin, and do not consult cardiology.",
    "other illness": "STEMI. Send the patient to the cath lab at once for primary PCI.",
    "unrelated": "This is pneumonia. Start amoxicillin with doxycycline and give oxygen.",
    "verbose": "The patient has a condition that needs therapy. I would start with a careful "
    "assessment and consult the right people, and start therapy with care and an open mind.",
    "soup": "NSTEMI aspirin P2Y12 inhibitor heparin cardiology antiplatelet dual troponin "
    "anticoagulation infarction coronary",
}
WRONG = ("negated", "other illness", "unrelated", "verbose", "soup")
Judge = Callable[[str], TextJudgement]


@pytest.fixture(params=["lexical", "semantic"])
def judged(request: pytest.FixtureRequest) -> Judge:
    """With each similarity that is installed."""
    if request.param == "lexical":
        return lambda text: judge(text, GOLD)
    pytest.importorskip("onnxruntime")
    return lambda text: judge(text, GOLD, semantic_f1)


def test_eight_answers_come_out_in_the_right_order(judged: Judge) -> None:
    score = {name: judged(text).score for name, text in ANSWERS.items()}
    assert score["near copy"] > score["paraphrase"] > score["partial"] > 0, score
    assert score["partial"] > max(score[name] for name in WRONG), score
    assert score["paraphrase"] >= 0.5, score
    assert max(score[name] for name in WRONG) <= 0.1, score


def test_similarity_alone_would_be_won_by_negation_and_soup() -> None:
    pytest.importorskip("onnxruntime")
    said = {n: semantic_f1(GOLD.reference, text) for n, text in ANSWERS.items()}
    assert min(said["negated"], said["soup"]) > said["paraphrase"] > said["unrelated"]
    assert semantic_f1(GOLD.reference, GOLD.reference) == pytest.approx(1, abs=1e-3)
    assert semantic_f1(GOLD.reference, "") == 0


@pytest.mark.parametrize(
    ("text", "aspirin"),
    [
        ("Give aspirin.", True),
        ("No aspirin.", False),
        ("Don't give aspirin", False),
        ("Never, under any circumstances, give aspirin", False),
        ("Do not, for any reason, give heparin or aspirin", False),
        ("Avoid heparin and aspirin", False),
        ("Avoid heparin, start aspirin", True),
        ("Do not withhold aspirin", True),
        ("No heparin, no aspirin", False),
        ("without heparin and without aspirin", False),
        ("not heparin nor aspirin", False),
        ("do not give heparin, and do not omit aspirin", True),
        ("Do not delay aspirin", True),
        ("Aspirin is contraindicated", False),
        ("Aspirin is not contraindicated", True),
        ("Aspirin is not indicated", False),
        ("Aspirin should be avoided", False),
        ("Heparin should not be given, but aspirin should", True),
        ("Aspirin rather than heparin", True),
        ("Heparin instead of aspirin", False),
        ("Not only heparin, also aspirin", True),
        ("Bleeding was ruled out; aspirin", True),
        ("There is no bleeding and give aspirin", True),
        ("Give aspirin. Later stop aspirin.", False),
    ],
)
def test_polarity(text: str, aspirin: bool) -> None:
    assert polarity(text, lexicon((ASPIRIN,)))["aspirin"] is aspirin


def test_the_longest_name_wins_and_spelling_does_not_matter() -> None:
    stemi, nstemi = idea("stemi", "ST-elevation MI"), idea("nstemi", "non-ST-elevation MI")
    assert polarity("a Non ST elevation MI", lexicon((stemi, nstemi))) == {"nstemi": True}
    assert polarity("P2Y12 inhibitors", lexicon(GOLD.must)) == {"p2y12": True}


def test_naming_everything_earns_little() -> None:
    shotgun = ANSWERS["near copy"] + (
        " Also treat pneumonia with amoxicillin, give warfarin, start insulin, add furosemide, "
        "give digoxin, start amiodarone, add morphine, give ceftriaxone and use vancomycin."
    )
    assert judge(shotgun, GOLD).score < 0.5 * judge(ANSWERS["near copy"], GOLD).score


def test_a_forbidden_act_ends_it() -> None:
    assert judge(f"{ANSWERS['near copy']} Give alteplase.", GOLD).score == 0
    assert judge(f"{ANSWERS['near copy']} Do not give alteplase.", GOLD).score > 0.5


def test_order_matters_where_it_is_asked_for() -> None:
    gold = Gold(
        reference="Give heparin first, then aspirin.",
        must=(HEPARIN, ASPIRIN),
        order=("heparin", "aspirin"),
    )
    right, wrong = (judge(t, gold) for t in ("Heparin then aspirin", "Aspirin then heparin"))
    assert (right.order, wrong.order) == (1.0, 0.5)


WORDS = st.lists(
    st.sampled_from([*ANSWERS["near copy"].split(), "not", "avoid", "and"]), max_size=60
)


@settings(deadline=None)
@given(WORDS)
def test_any_text_gets_a_score_in_bounds(found: list[str]) -> None:
    result = judge(" ".join(found), GOLD)
    assert 0 <= result.score <= result.must <= 1


@settings(deadline=None)
@given(st.lists(st.sampled_from(["aspirin", "heparin", "cardiology"]), max_size=40))
def test_repetition_earns_nothing_more(found: list[str]) -> None:
    once, many = " ".join(dict.fromkeys(found)), " ".join(found)
    assert judge(many, GOLD).score <= judge(once, GOLD).score + 0.1


def test_rouge_is_that_of_the_reference_implementation() -> None:
    oracle = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(
        ["rougeL"], use_stemmer=True
    )
    texts = [GOLD.reference, *ANSWERS.values(), "", "Ünïcode 5 mg/kg q8h"]
    for a in texts:
        for b in texts:
            assert rouge_l(a, b) == pytest.approx(oracle.score(a, b)["rougeL"].fmeasure)


def test_a_reference_without_a_concept_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one required concept"):
        judge("anything", Gold(reference="x", must=()))
