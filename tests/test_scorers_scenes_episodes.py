"""The rules on scenes judge episodes, too."""

from msgspec import structs

from healthgym.bus.events import Event
from healthgym.cli.play import by_reference
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.tasks import tasks
from healthgym.scorers.case import open_case
from healthgym.scorers.rules.scenes import hazardous_drug
from healthgym.scorers.scenes.episodes import scene_of
from healthgym.scorers.scenes.judge import findings


def _events(domain: str, condition: str) -> list[Event]:
    one = next(t for t in tasks(domain) if t.variant.startswith(condition))
    asked = request(one, agent="tester", max_turns=40)
    return play(asked, by_reference(asked))


def test_an_episode_becomes_a_scene() -> None:
    case = open_case(_events("triage_emergency", "anaphylaxis"))
    scene = scene_of(case)
    assert "anaphylaxis" in scene.person.concepts
    positions = [a.index for a in scene.acts]
    assert positions == sorted(positions)
    assert scene.value("sbp", 0) is not None
    assert not [f for f in findings(scene) if f.critical]
    assert not list(hazardous_drug(case))


def test_a_drug_that_harms_a_pregnancy_is_found_in_an_episode() -> None:
    case = open_case(_events("triage_emergency", "anaphylaxis"))
    step = next(s for s in case.steps if s.drug)
    other = structs.replace(step, done="drug:warfarin")
    expecting = structs.replace(case.patient, sex="F", extra={"pregnant_week": 10})
    changed = structs.replace(
        case,
        patient=expecting,
        steps=tuple(other if s is step else s for s in case.steps),
    )
    (found,) = hazardous_drug(changed)
    assert (found.rule, found.severity, found.event) == ("TERATOGEN_IN_PREGNANCY", 5, step.n)
    assert not list(hazardous_drug(structs.replace(changed, patient=case.patient)))
