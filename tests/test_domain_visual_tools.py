"""The picture reader's tools: they read this patient's pixels and refuse what they cannot know."""

from typing import Any

import numpy as np
import pytest

from healthgym.environments.errors import ToolRefused
from healthgym.environments.tool import Context, Outcome, parse, tools
from healthgym.knowledge.images.files import from_bytes
from healthgym.knowledge.images.picture import shown
from healthgym.knowledge.patients import Patient, generate
from healthgym.knowledge.radiology.pictures import picture
from healthgym.knowledge.tasks import task
from healthgym.knowledge.visual.cases import images_of
from healthgym.knowledge.world import open_world

pytest.importorskip("skimage")
pytest.importorskip("PIL")

DOMAIN = "visual_diagnosis"
SEEN = ("listed", "viewed", "viewed_prior")


def patient(name: str, number: int = 1) -> Patient:
    t = task(f"vis_{name}_{number:03d}")
    return generate(t.variant, t.seed)


def call(of: Patient, tool: str, *known: str, **arguments: Any) -> Outcome:
    world = open_world(of)
    world = type(world)(patient=of, observed=known)
    made = tools(DOMAIN)[tool]
    given = parse(made, arguments)
    fields = {f: getattr(given, f) for f in given.__struct_fields__ if f != "patient_id"}
    return made.run(Context(world=world, done=0), **fields)


def now(of: Patient) -> str:
    return images_of(of)[0].id


def refused(of: Patient, tool: str, *known: str, **arguments: Any) -> dict[str, Any]:
    with pytest.raises(ToolRefused) as error:
        call(of, tool, *known, **arguments)
    return error.value.content


def test_the_attached_picture_is_the_patients() -> None:
    for name in ("calm_mole", "wide_air_film", "veil_ct", "anterior_ecg"):
        of = patient(name)
        out = call(of, "view_image", "listed", image=now(of))
        (png,) = out.pictures
        assert np.array_equal(from_bytes(png).pixels, shown(picture(images_of(of)[0].shot)))
        assert out.content["rows"] * out.content["columns"] > 100_000


def test_two_patients_get_two_answers() -> None:
    a, b = patient("veiled_mole", 1), patient("veiled_mole", 2)
    for tool in ("measure_image_lesion", "segment_lesion", "count_pixel_values"):
        first = call(a, tool, *SEEN, image=now(a)).content
        second = call(b, tool, *SEEN, image=now(b)).content
        del first["image"], second["image"]
        assert first != second, tool
    assert now(a) != now(b)


def test_two_strips_and_two_courses_are_told_apart() -> None:
    a, b = patient("late_ctg", 1), patient("late_ctg", 2)
    first, second = (call(p, "measure_ctg", *SEEN, image=now(p)).content for p in (a, b))
    assert {**first, "image": ""} != {**second, "image": ""}
    changes = []
    for of in (patient("grown_oval_mass"), patient("same_oval_mass")):
        current, prior = images_of(of)
        ids = {"image": current.id, "prior_image": prior.id}
        changes.append(call(of, "compare_images", *SEEN, **ids).content["changes"])
    assert changes[0] != changes[1]


def test_a_picture_must_be_listed_looked_at_and_of_the_kind() -> None:
    of = patient("calm_mole")
    assert refused(of, "view_image", image=now(of))["missing"] == ["listed"]
    assert refused(of, "measure_image_lesion", "listed", image=now(of))["missing"] == ["viewed"]
    assert refused(of, "view_image", "listed", image="IMG-0000")["field"] == "image"
    assert refused(of, "measure_ecg", *SEEN, image=now(of))["field"] == "image"
    said = refused(of, "grade_image_finding", *SEEN, image=now(of), system="dermoscopy_7_point")
    assert said["missing"] == ["sized", "features"]
    known = (*SEEN, "sized", "features")
    wrong = refused(of, "grade_image_finding", *known, image=now(of), system="ti_rads")
    assert wrong["field"] == "system"


def test_bad_arguments_are_refused_with_the_fields_name() -> None:
    of = patient("calm_mole")
    assert refused(of, "enhance_contrast", *SEEN, image=now(of), factor=0)["field"] == "factor"
    assert refused(of, "window_image", *SEEN, image=now(of), centre=1, width=0)["field"] == "width"
    assert (
        refused(of, "submit_visual_diagnosis", diagnosis="x", recommendation="excision")["field"]
        == "diagnosis"
    )
    twice = [{"name": "diameter_mm", "value": 1.0}] * 2
    said = refused(
        of,
        "submit_visual_diagnosis",
        diagnosis="benign_naevus",
        recommendation="no_action",
        measurements=twice,
    )
    assert said["field"] == "measurements"


def test_window_contrast_and_histogram_work_on_the_pixels() -> None:
    of = patient("veil_ct")
    lung = call(of, "window_image", *SEEN, image=now(of), centre=-500, width=1500)
    bone = call(of, "window_image", *SEEN, image=now(of), centre=500, width=200)
    assert bone.content["share_black"] > lung.content["share_black"]
    strong = call(of, "enhance_contrast", *SEEN, image=now(of), factor=3)
    weak = call(of, "enhance_contrast", *SEEN, image=now(of), factor=0.5)
    assert strong.content["grey_sd"] > weak.content["grey_sd"]
    bars = call(of, "count_pixel_values", *SEEN, image=now(of), bins=8).content
    assert len(bars["share"]) == 8
    assert sum(bars["share"]) == pytest.approx(1.0, abs=0.01)


def test_growth_is_measured_on_both_pictures() -> None:
    of = patient("growing_solid_ct")
    current, prior = images_of(of)
    ids = {"image": current.id, "prior_image": prior.id}
    out = call(of, "compare_images", *SEEN, **ids)
    size = next(c for c in out.content["changes"] if c["name"] == "mean_diameter_mm")
    assert size["changed"]
    assert size["current"] > size["prior"]
    assert refused(of, "track_lesion_changes", *SEEN, **ids)["missing"] == ["compared"]
    course = call(of, "track_lesion_changes", *SEEN, "compared", **ids).content
    assert 0 < course["volume_doubling_days"] <= 400
    still = patient("same_large_mole")
    older = images_of(still)[1].id
    said = call(still, "compare_images", *SEEN, image=now(still), prior_image=older)
    assert not any(c["changed"] for c in said.content["changes"] if c["name"] == "diameter_mm")
    assert refused(still, "compare_images", *SEEN, image=older, prior_image=older)["field"]


def test_the_mole_is_asked_about_before_evolving_is_judged() -> None:
    of = patient("small_wild_mole")
    known = (*SEEN, "sized", "features")
    assert "missing" in refused(of, "assess_abcde", *known, image=now(of))
    told = call(of, "assess_abcde", *known, "finding:mole_changed", image=now(of)).content
    assert told["evolving"] == int(of.findings["mole_changed"])
    assert told["border"] == told["asymmetry"] == 1


def test_fluid_hides_the_heart() -> None:
    of = patient("fluid_film")
    assert "missing" in refused(of, "cardiothoracic_ratio", *SEEN, image=now(of))
    assert call(of, "inspect_lung_fields", *SEEN, image=now(of)).content["fluid_share"] > 0.2
