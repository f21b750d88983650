"""The tools of the reading room: they show this patient's study, in order, and refuse by name."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.environments.errors import ToolRefused
from healthgym.environments.tool import Context, Outcome, parse, tools
from healthgym.knowledge.domains.radiology_report import truth
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.physiology import MINUTE
from healthgym.knowledge.world import World, open_world

DOMAIN = "radiology_report"
TOOLS = tools(DOMAIN)
OPEN = ("study_opened",)


def call(world: World, name: str, **given: Any) -> Outcome:
    found = msgspec.structs.asdict(parse(TOOLS[name], given))
    found.pop("patient_id")
    return TOOLS[name].run(Context(world=world, done=world.now + MINUTE), **found)


def refused(world: World, name: str, **given: Any) -> ToolRefused:
    with pytest.raises(ToolRefused) as caught:
        call(world, name, **given)
    return caught.value


def world_of(patient: Patient, facts: Sequence[str] = OPEN) -> World:
    return msgspec.structs.replace(open_world(patient), observed=tuple(facts))


def seen(patient: Patient, *more: str) -> World:
    """The world after all regions were viewed."""
    study, _ = truth(patient)
    facts = [*OPEN, *(f"region:{r}" for r in study.kind.regions)]
    facts += [f"lesion:{one.id}" for one in study.lesions]
    return world_of(patient, [*facts, *more])


NODULE = generate("solid_nodule_low_risk", 3)
MASS = generate("renal_mass_without_contrast_ct", 4)
GROWING = generate("screening_growing_nodule", 5)


def own(patient: Patient) -> str:
    """Id of the lesion that must be reported."""
    return truth(patient)[1].findings[0].id


def test_the_domain_has_enough_tools_of_its_own() -> None:
    assert sum(t.domains == (DOMAIN,) for t in TOOLS.values()) >= 14


READS = ["view_region", "characterise_lesion", "measure_lesion", "assess_image_quality"]


@pytest.mark.parametrize("name", [*READS, "get_report_template", "classify_lesion"])
def test_nothing_is_seen_before_the_study_is_opened(name: str) -> None:
    some = {"region": "lingula", "lesion": "L1", "system": "fleischner_2017"}
    fields = TOOLS[name].schema()["parameters"]["required"]
    told = refused(world_of(NODULE, ()), name, **{f: some[f] for f in fields})
    assert told.content == {"error": "insufficient_data", "missing": ["study_opened"]}


def test_a_lesion_is_known_after_its_region_was_viewed() -> None:
    world = world_of(NODULE)
    assert refused(world, "characterise_lesion", lesion="L1").content["field"] == "lesion"
    study, _ = truth(NODULE)
    one = study.lesions[0]
    shown = call(world, "view_region", region=one.region.replace("_", " "))
    assert shown.content["seen"] == [{"lesion": one.id, "look": one.look}]
    assert set(shown.reveals) == {f"region:{one.region}", f"lesion:{one.id}"}
    empty = next(r for r in study.kind.regions if r not in {o.region for o in study.lesions})
    other = call(world, "view_region", region=empty).content
    assert other == {"region": empty, "seen": [], "otherwise": study.kind.regions[empty]}


def test_hidden_signs_need_their_view() -> None:
    id_ = own(MASS)
    first = call(seen(MASS), "characterise_lesion", lesion=id_)
    assert first.content["more_with_view"] == "contrast_phase"
    assert "nodule" not in first.content["signs"]
    assert "wall" not in call(seen(MASS), "measure_lesion", lesion=id_).content["mm"]
    later = seen(MASS, "view:contrast_phase")
    second = call(later, "characterise_lesion", lesion=id_)
    assert second.content["signs"]["walls"] == "seen"
    assert f"characterised:{id_}:contrast_phase" in second.reveals
    assert "wall" in call(later, "measure_lesion", lesion=id_).content["mm"]


def test_a_view_needs_a_patient() -> None:
    gone = generate("asymmetry_patient_gone_mg", 1)
    assert not call(world_of(gone), "assess_image_quality").content["patient_on_site"]
    told = refused(world_of(gone), "request_additional_view", view="spot_compression")
    assert told.code == "not_permitted"
    assert refused(world_of(MASS), "request_additional_view", view="x-ray").content["field"] == (
        "view"
    )


def test_contrast_safety_reads_kidneys_reactions_and_metformin() -> None:
    def shown(variant: str, contrast: str = "iodinated") -> dict[str, Any]:
        return call(
            world_of(generate(variant, 2)), "check_contrast_safety", contrast=contrast
        ).content

    well = shown("renal_mass_without_contrast_ct")
    assert well["may_be_given"]
    assert well["egfr_ml_min_1_73"] >= 30
    assert not shown("renal_mass_contrast_allergy_ct")["may_be_given"]
    assert shown("renal_mass_contrast_allergy_ct", "gadolinium")["may_be_given"]
    weak = shown("renal_mass_weak_kidneys_ct")
    assert weak["egfr_ml_min_1_73"] < 30
    assert not weak["may_be_given"]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6))
def test_weak_kidneys_are_weak_in_every_seed(seed: int) -> None:
    assert truth(generate("renal_mass_weak_kidneys_ct", seed))[1].impressions == ("incomplete",)
    assert truth(generate("renal_mass_without_contrast_ct", seed))[1].impressions != ("incomplete",)


def test_comparing_needs_a_prior_and_a_measurement() -> None:
    id_ = own(GROWING)
    assert refused(seen(NODULE), "compare_with_prior", lesion=own(NODULE)).content["missing"] == [
        "prior study"
    ]
    assert refused(seen(GROWING), "compare_with_prior", lesion=id_).content["missing"] == [
        f"measured:{id_}:long"
    ]
    shown = call(seen(GROWING, f"measured:{id_}:long"), "compare_with_prior", lesion=id_).content
    assert shown["long_axis_change_mm"] > 1.5
    assert "stable" in call(world_of(GROWING), "get_prior_reports").content["reports"][0]["text"]
    new = generate("screening_new_nodule", 5)
    world = seen(new, f"measured:{own(new)}:long")
    assert call(world, "compare_with_prior", lesion=own(new)).content["note"] == "not there before"


def test_grading_asks_for_signs_sizes_question_and_comparison() -> None:
    id_ = own(GROWING)
    asked = {"system": "lung_rads_2022", "lesion": id_}
    facts = [f"characterised:{id_}", "indication", f"compared:{id_}"]
    facts += [f"measured:{id_}:long", f"measured:{id_}:short"]
    for n, fact in enumerate(facts):
        known = seen(GROWING, *facts[:n], *facts[n + 1 :])
        told = refused(known, "classify_lesion", **asked)
        assert told.content["missing"] == [fact]
    shown = call(seen(GROWING, *facts), "classify_lesion", **asked)
    assert shown.content["category"] in truth(GROWING)[1].categories
    advised = seen(GROWING, *facts, "score:lung_rads_2022")
    advice = call(advised, "get_follow_up_recommendation", system="lung_rads_2022")
    assert tuple(advice.content["follow_up"]) == truth(GROWING)[1].follow_up
    early = refused(seen(GROWING), "get_follow_up_recommendation", system="lung_rads_2022")
    assert early.content["missing"] == ["score:lung_rads_2022"]


def test_a_system_of_another_study_is_refused() -> None:
    told = refused(seen(NODULE), "classify_lesion", system="ti_rads", lesion="L1")
    assert told.content["field"] == "system"
    assert "fleischner_2017" in told.content["expected"]


def test_systems_of_the_whole_study_need_every_region() -> None:
    clean = generate("clean_coronaries_cta", 9)
    assert refused(world_of(clean), "classify_lesion", system="cad_rads_2").code == (
        "insufficient_data"
    )
    assert call(seen(clean), "classify_lesion", system="cad_rads_2").content["category"] == "0"


def test_the_marker_and_the_request_may_disagree() -> None:
    knee = generate("other_knee_film", 1)
    quality = call(world_of(knee), "assess_image_quality").content
    assert quality["label"] == "marker says right, request says left"
    assert call(world_of(knee, ()), "open_study").content["marker"] == "right"
    assert call(world_of(knee), "get_clinical_indication").content["side_in_request"] == "left"
    assert truth(knee)[1].findings[0].laterality == "right"


ANSWER: dict[str, Any] = {
    "findings": [],
    "impression": "normal",
    "category": "none",
    "follow_up": "none",
    "critical_communicated": False,
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("impression", "fine"),
        ("category", "9Z"),
        ("follow_up", "soon"),
        ("critical_communicated", "yes"),
        ("findings", [{"region": "lingula"}]),
        ("findings", [{"region": "spleen", "type": "solid_nodule"}]),
        ("findings", [{"region": "lingula", "type": "cheese"}]),
        ("findings", [{"region": "lingula", "type": "solid_nodule", "size_mm": -4}]),
        ("findings", [{"region": "lingula", "type": "solid_nodule", "laterality": "up"}]),
        ("findings", [{"region": "lingula", "type": "solid_nodule", "colour": "red"}]),
    ],
)
def test_a_bad_report_is_refused_by_field(field: str, value: object) -> None:
    told = refused(world_of(NODULE), "submit_reading", **{**ANSWER, field: value})
    assert told.code == "invalid_arguments"
    named = told.content["field"]
    assert named == field or (field == "findings" and named in {"type", "colour"})


def test_a_draft_uses_the_words_of_the_template() -> None:
    good = {"region": "lingula", "finding_type": "solid nodule", "laterality": "left"}
    done = call(world_of(NODULE), "draft_finding", **good)
    assert done.effect is not None
    assert done.effect.item == "draft:lingula:solid_nodule"
    for field in ("region", "finding_type"):
        told = refused(world_of(NODULE), "draft_finding", **{**good, field: "moon"})
        assert told.content["field"] == field


def test_the_schema_of_a_report_is_whole() -> None:
    shape = TOOLS["submit_reading"].schema()["parameters"]
    item = shape["properties"]["findings"]["items"]
    assert set(item["properties"]) == {"region", "type", "laterality", "size_mm"}
    assert "$ref" not in str(shape)


def test_other_patients_show_other_things() -> None:
    first, second = NODULE, generate("solid_nodule_low_risk", 4)
    sizes = [call(seen(p), "measure_lesion", lesion=own(p)).content["mm"] for p in (first, second)]
    assert sizes[0] != sizes[1]
    again = [call(seen(first), "measure_lesion", lesion=own(first)).content for _ in range(2)]
    assert again[0] == again[1]
