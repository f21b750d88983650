"""BioAgent-v0 is a proper gymnasium environment."""

import gymnasium
import msgspec
import pytest
from gymnasium.utils.env_checker import check_env

import healthgym
from healthgym.knowledge.domains.clinical_diagnosis import reference
from healthgym.knowledge.errors import UnknownDomain, UnknownTask
from healthgym.knowledge.patients import generate
from healthgym.knowledge.tasks import task


def make(**options: object) -> gymnasium.Env:
    return gymnasium.make("BioAgent-v0", **options)


def play(env: gymnasium.Env, name: str) -> tuple[list[str], float, dict]:
    chosen = task(name)
    seen = [env.reset(options={"task_id": name})[0]]
    for call in reference(generate(chosen.variant, chosen.seed)):
        action = msgspec.json.encode({"name": call.tool, "arguments": call.arguments}).decode()
        text, reward, terminated, truncated, info = env.step(action)
        seen.append(text)
        if terminated or truncated:
            return seen, float(reward), info
    raise AssertionError("the reference did not submit")


@pytest.mark.filterwarnings("ignore:.*A Box observation space.*")
def test_check_env_finds_nothing() -> None:
    check_env(make().unwrapped, skip_render_check=False)


def test_quick_start() -> None:
    assert healthgym.__version__
    env = make(domain="clinical_diagnosis", task_id="dx_pneumonia_001")
    text, info = env.reset()
    assert env.observation_space.contains(text)
    assert info["ticket"] in text
    assert "submit_answer" in text
    assert "dx_pneumonia" not in text
    text, reward, terminated, truncated, _ = env.step("I think it is pneumonia")
    assert (reward, terminated, truncated) == (0.0, False, False)
    assert msgspec.json.decode(text)["error"] == "unparsable"


def test_the_reference_earns_its_reward_and_the_same_bytes_twice() -> None:
    env = make()
    seen, reward, info = play(env, "dx_nstemi_001")
    assert reward >= 0.95
    assert info["score"]["composite"] == reward
    first = [e.id for e in env.unwrapped.events][2:]
    again, _, _ = play(make(), "dx_nstemi_001")
    assert again == seen
    assert first


def test_acting_after_the_end_is_an_error() -> None:
    env = make().unwrapped
    play(env, "dx_gerd_001")
    with pytest.raises(gymnasium.error.ResetNeeded):
        env.step("{}")


def test_the_seed_draws_the_task_and_rendering_shows_it() -> None:
    env = make(render_mode="ansi")
    first = env.reset(seed=3)[1]
    assert env.reset(seed=3)[1] == first
    drawn = {env.reset(seed=i)[1]["ticket"] for i in range(12)}
    assert len(drawn) > 3
    env.step('{"name": "get_vital_signs", "arguments": {}}')
    assert "get_vital_signs" in env.render()


def test_unknown_names_are_clear_errors() -> None:
    with pytest.raises(UnknownTask, match="dx_pneumonia"):
        make(task_id="dx_pneumonia_9999")
    with pytest.raises(UnknownDomain):
        make(domain="astrology")


def test_the_seven_call_episode() -> None:
    env = make()
    env.reset(options={"task_id": "dx_nstemi_001"})
    calls = [
        ("think", {"thought": "58M with chest pain. Need to rule out ACS."}),
        ("get_patient_info", {"patient_id": "P001"}),
        ("get_vital_signs", {"patient_id": "P001"}),
        ("get_lab_results", {"patient_id": "P001"}),
        ("search_clinical_guidelines", {"condition": "NSTEMI"}),
        (
            "record_diagnosis",
            {"patient_id": "P001", "diagnosis": "NSTEMI", "icd10_code": "I21.4"},
        ),
        (
            "submit_answer",
            {"answer": "NSTEMI: dual antiplatelet therapy", "reasoning": "elevated troponin"},
        ),
    ]
    for name, arguments in calls:
        action = msgspec.json.encode({"name": name, "arguments": arguments}).decode()
        text, _, terminated, _, info = env.step(action)
        assert "error" not in msgspec.json.decode(text), (name, text)
    assert terminated
    assert info["score"]["format"]["score"] == 1.0
