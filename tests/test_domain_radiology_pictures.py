"""Reports on pixels: pictures follow the study, measure like it, and reach a reader who sees."""

import base64
import json
import sys
from typing import Any

import msgspec
import pytest

from healthgym.agents.toolcall import render
from healthgym.bus.episode import fold, pictures
from healthgym.bus.events import ObservationReturned, canonical, digest
from healthgym.bus.view import Action, View
from healthgym.environments.errors import ToolRefused
from healthgym.environments.replay import replay
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import Context, Outcome, parse, tools
from healthgym.knowledge import images
from healthgym.knowledge.domains.radiology_report import truth
from healthgym.knowledge.errors import MissingExtra
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.physiology import MINUTE
from healthgym.knowledge.radiology import pictures as shots
from healthgym.knowledge.tasks import Task, task, tasks
from healthgym.knowledge.world import World, open_world

DOMAIN = "radiology_report"
TOOLS = tools(DOMAIN)
FILM = generate("tension_pneumothorax_film", 2)
HEAD = generate("thin_subdural_ct", 1)


def lesion(patient: Patient) -> str:
    return truth(patient)[1].findings[0].id


def drawn(patient: Patient, *, prior: bool = False) -> bool:
    study, _ = truth(patient)
    one = study.lesion(lesion(patient))
    return one is not None and shots.shot(patient, study, one, prior=prior) is not None


def world_of(patient: Patient, *more: str) -> World:
    study, _ = truth(patient)
    facts = ["study_opened", *(f"region:{r}" for r in study.kind.regions)]
    facts += [f"{what}:{one.id}" for one in study.lesions for what in ("lesion", "characterised")]
    return msgspec.structs.replace(open_world(patient), observed=(*facts, *more))


def call(world: World, name: str, **given: Any) -> Outcome:
    found = msgspec.structs.asdict(parse(TOOLS[name], given))
    found.pop("patient_id")
    return TOOLS[name].run(Context(world=world, done=world.now + MINUTE), **found)


def first(variant: str, *, prior: bool = False) -> Patient:
    """A patient of the variant whose lesion has a picture, and had one before."""
    patients = (generate(variant, seed) for seed in range(60))
    return next(p for p in patients if drawn(p) and (not prior or drawn(p, prior=True)))


def displayed(patient: Patient, *more: str) -> tuple[World, str]:
    one = lesion(patient)
    return world_of(patient, f"picture:{one}", *more), one


NODULE = first("solid_nodule_high_risk")
GROWING = first("screening_growing_nodule", prior=True)


def test_many_lesions_of_four_kinds_of_study_have_a_picture() -> None:
    kinds: dict[str, int] = {}
    for t in tasks(DOMAIN):
        patient = generate(t.variant, t.seed)
        study, _ = truth(patient)
        for one in study.lesions:
            if found := shots.shot(patient, study, one):
                kinds[found.kind] = kinds.get(found.kind, 0) + 1
                assert images.truth_of(found.kind, msgspec.to_builtins(found.truth))
    assert set(kinds) == {"chest_film", "lung_ct", "mammogram", "thyroid"}
    assert min(kinds.values()) >= 10


SOME = [t for t in tasks(DOMAIN) if t.id.endswith("_002")]


@pytest.mark.parametrize("t", SOME, ids=lambda t: t.id)
def test_pixels_measure_what_the_study_says(t: Task) -> None:
    pytest.importorskip("skimage")
    patient = generate(t.variant, t.seed)
    study, _ = truth(patient)
    for one in study.lesions:
        found = shots.shot(patient, study, one)
        if found is None or not one.true_mm:
            continue
        want = dict(one.true_mm)
        want["mean"] = (want["long"] + want.get("short", want["long"])) / 2
        for axis, mm in shots.axes(found).items():
            assert mm == pytest.approx(want[axis], abs=2.0, rel=0.12), (one.id, axis)


def test_a_displayed_picture_comes_as_png_and_by_digest() -> None:
    world, one = world_of(NODULE), lesion(NODULE)
    shown = call(world, "display_study_image", lesion=one)
    assert shown.content["picture"] == "lung_ct"
    assert shown.content["window"] == {"centre": -500.0, "width": 1500.0, "unit": "HU"}
    assert shown.reveals == (f"picture:{one}",)
    assert shown.pictures[0].startswith(b"\x89PNG")
    assert shown.pictures == call(world, "display_study_image", lesion=one).pictures
    other = call(world_of(generate("solid_nodule_high_risk", 3)), "display_study_image", lesion=one)
    assert other.pictures != shown.pictures


def test_nothing_is_drawn_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError("a picture was drawn")

    monkeypatch.setattr(shots, "_drawn", never)
    world, one = world_of(NODULE), lesion(NODULE)
    assert "on_picture" not in call(world, "measure_lesion", lesion=one).content
    with pytest.raises(AssertionError, match="drawn"):
        call(world, "display_study_image", lesion=one)


def test_a_picture_is_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    shots._drawn.cache_clear()
    world, one = displayed(NODULE)
    call(world, "display_study_image", lesion=one)
    for _ in range(3):
        call(world, "image_histogram", lesion=one)
    assert shots._drawn.cache_info().misses == 1


@pytest.mark.parametrize("name", ["adjust_window", "image_histogram", "segment_region"])
def test_a_picture_must_be_displayed_first(name: str) -> None:
    more = {"centre": 40.0, "width": 400.0} if name == "adjust_window" else {}
    with pytest.raises(ToolRefused) as refused:
        call(world_of(NODULE), name, lesion=lesion(NODULE), **more)
    assert refused.value.content["missing"] == [f"picture:{lesion(NODULE)}"]


def test_a_window_moves_black_and_white() -> None:
    world, one = displayed(NODULE)
    lung = call(world, "adjust_window", lesion=one, centre=-500.0, width=1500.0)
    soft = call(world, "adjust_window", lesion=one, centre=40.0, width=400.0)
    assert soft.content["share_black"] > lung.content["share_black"] + 0.3
    assert soft.pictures != lung.pictures
    counted = call(world, "image_histogram", lesion=one, bins=8).content
    assert sum(counted["pixels"]) == 512 * 512
    assert len(counted["from"]) == 8
    assert counted["from"][0] < -900 < 300 < counted["to"]


def test_a_lesion_is_measured_and_segmented_on_its_picture() -> None:
    pytest.importorskip("skimage")
    world, one = displayed(NODULE)
    seen = truth(NODULE)[0].lesion(one)
    assert seen is not None
    measured = call(world, "measure_lesion", lesion=one).content
    assert measured["mm"] == seen.mm
    assert measured["on_picture"]["mm"]["long"] == pytest.approx(seen.true_mm["long"], abs=1.5)
    region = call(world, "segment_region", lesion=one).content
    assert region["unit"] == "HU"
    area = 3.1416 / 4 * seen.true_mm["long"] * seen.true_mm["short"]
    assert region["area_mm2"] == pytest.approx(area, rel=0.3)
    assert region["mean"] > region["mean_around"] + 200


def test_growth_shows_on_both_pictures() -> None:
    pytest.importorskip("skimage")
    one = lesion(GROWING)
    study, _ = truth(GROWING)
    assert study.lesion(one).prior_mm
    facts = [f"picture:{one}", f"measured:{one}:long"]
    alone = call(world_of(GROWING, *facts), "compare_with_prior", lesion=one).content
    assert "on_pictures" not in alone
    world = world_of(GROWING, *facts, f"picture:{one}:prior")
    both = call(world, "compare_with_prior", lesion=one).content
    change = both["on_pictures"]["change_mm"]["long"]
    assert change == pytest.approx(alone["long_axis_change_mm"], abs=1.5)
    prior = call(world, "display_study_image", lesion=one, study="prior")
    assert prior.reveals == (f"picture:{one}:prior",)
    assert prior.pictures != call(world, "display_study_image", lesion=one).pictures


def test_tension_is_drawn_with_its_shift() -> None:
    study, _ = truth(FILM)
    (one,) = [o for o in study.lesions if o.features.get("mediastinal_shift") == "away"]
    found = shots.shot(FILM, study, one)
    assert found is not None
    assert found.truth.mediastinal_shift_mm > 5
    assert found.truth.side == one.side


def test_what_cannot_be_drawn_is_described_only() -> None:
    world, one = world_of(HEAD), lesion(HEAD)
    shown = call(world, "display_study_image", lesion=one)
    assert shown.content["picture"] == "none"
    assert shown.pictures == ()
    assert shown.reveals == ()
    with pytest.raises(ToolRefused):
        call(world, "display_study_image", lesion=one, study="prior")


def calls_of() -> tuple[Task, list[tuple[str, dict[str, Any]]]]:
    own = (t for t in tasks(DOMAIN) if t.variant == "solid_nodule_high_risk")
    t = next(t for t in own if drawn(generate(t.variant, t.seed)))
    patient = generate(t.variant, t.seed)
    one = lesion(patient)
    study, _ = truth(patient)
    seen = study.lesion(one)
    assert seen is not None
    return t, [
        ("open_study", {}),
        ("view_region", {"region": seen.region}),
        ("display_study_image", {"lesion": one}),
        ("measure_lesion", {"lesion": one}),
    ]


def recorded() -> tuple[list[Any], list[View]]:
    t, calls = calls_of()
    said = iter(calls)
    views: list[View] = []

    def act(view: View) -> Action:
        views.append(view)
        return Action(raw=render(*next(said, ("submit_answer", {}))))

    return play(request(task(t.id), agent="t", max_turns=6), act), views


def test_the_log_names_pictures_by_digest_and_replays() -> None:
    pytest.importorskip("skimage")
    events, views = recorded()
    shown = [e.data for e in events if isinstance(e.data, ObservationReturned) and e.data.images]
    assert len(shown) == 1
    (name,) = shown[0].images
    assert digest(views[-1].images[name]) == name
    assert pictures(fold(events).turns) == (name,)
    assert replay(events).verdict == "same"
    # Other observations are written as they always were.
    bare = next(e.data for e in events if isinstance(e.data, ObservationReturned))
    assert b"images" not in canonical(bare)


def test_a_model_that_sees_is_sent_image_parts() -> None:
    pytest.importorskip("skimage")
    openai = pytest.importorskip("healthgym.agents.openai")
    _, views = recorded()
    blind, sees = openai.conversation(views[-1]), openai.conversation(views[-1], sees=True)
    assert not any(isinstance(m["content"], list) for m in blind)
    (at,) = [i for i, m in enumerate(sees) if isinstance(m["content"], list)]
    assert sees[at - 1]["role"] == "tool"
    text, image = sees[at]["content"]
    assert "display_study_image" in text["text"]
    head, _, data = image["image_url"]["url"].partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data) in views[-1].images.values()
    json.dumps(sees)
    gone = msgspec.structs.replace(views[-1], images={})
    assert openai.conversation(gone, sees=True) == blind


async def test_an_endpoint_says_that_its_model_sees() -> None:
    openai = pytest.importorskip("healthgym.agents.openai")
    policy = await openai.open_policy("http://h:1/v1?images#m", None)
    assert (policy._url, policy._sees) == ("http://h:1/v1/chat/completions", True)
    plain = await openai.open_policy("http://h:1/v1#m", None)
    assert (plain._url, plain._sees) == ("http://h:1/v1/chat/completions", False)


class Store:
    """The part of a log that the environment needs."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    async def put(self, data: bytes) -> str:
        self.objects[digest(data)] = data
        return digest(data)


async def answered(log: Store, turns: int) -> Any:
    """The step of the environment's job that answers the turn of that number."""
    from healthgym.bus.events import Recorded
    from healthgym.environments.actor import EpisodeJob

    events, _ = recorded()
    last = next(i for i, e in enumerate(events) if getattr(e.data, "turn", 0) == turns)
    known = [Recorded(event=e, sequence=e.n, body=b"") for e in events[: last + 1]]
    job = EpisodeJob(log, known[0])
    return await job.step(known)


async def test_the_environment_stores_a_picture_before_it_answers() -> None:
    pytest.importorskip("skimage")
    log = Store()
    step = await answered(log, 3)
    (name,) = step.drafts[0].data.images
    assert log.objects[name].startswith(b"\x89PNG")


async def test_without_the_extra_the_episode_is_an_outage_that_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("skimage")
    recorded()
    shots._measured.cache_clear()
    for name in ("skimage.measure", "scipy.ndimage"):
        monkeypatch.setitem(sys.modules, name, None)
    t, calls = calls_of()
    said = iter(calls)
    with pytest.raises(MissingExtra, match=r"healthgym\[imaging\]"):
        play(
            request(task(t.id), agent="t", max_turns=6),
            lambda _: Action(raw=render(*next(said, ("submit_answer", {})))),
        )
