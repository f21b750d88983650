"""Phantoms: the same truth and seed give the same bytes, and the truth is what is seen."""

import ast
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge import images
from healthgym.knowledge.errors import BadPicture, InvalidInput, UnknownPicture
from healthgym.knowledge.images import drawing
from healthgym.knowledge.images.picture import Picture, contrast, crop, histogram, shown, windowed
from healthgym.knowledge.images.sheet import sheet

KINDS = images.kinds()
CHANGES = {
    "chest_film": ({"finding": "normal"}, {"finding": "pneumothorax"}),
    "ctg_strip": ({"decelerations": "none"}, {"decelerations": "late"}),
    "ecg_strip": ({"st_territory": "none"}, {"st_territory": "inferior"}),
    "fundus": ({"haemorrhages": 0}, {"haemorrhages": 5}),
    "histology": ({"mitoses": 0}, {"mitoses": 4}),
    "lung_ct": ({"nodule_type": "solid"}, {"nodule_type": "ground glass"}),
    "mammogram": ({"margin": "circumscribed"}, {"margin": "spiculated"}),
    "skin": ({"blue_whitish_veil": False}, {"blue_whitish_veil": True}),
    "thyroid": ({"composition": "solid"}, {"composition": "cystic"}),
}


def test_nine_kinds_are_found_by_name():
    assert set(CHANGES) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_same_truth_and_seed_give_the_same_bytes(kind):
    truth = images.draw(kind, 11)
    assert truth == images.draw(kind, 11)
    one, two = images.render(kind, truth, 11), images.render(kind, truth, 11)
    assert one.pixels.tobytes() == two.pixels.tobytes()
    assert one.kind == kind
    assert one.spacing_mm is not None
    assert one.spacing_mm[0] == one.spacing_mm[1] > 0
    assert one.pixels.dtype in (np.uint8, np.uint16)


@pytest.mark.parametrize("kind", KINDS)
def test_another_seed_moves_the_picture_but_not_the_truth(kind):
    truth = images.draw(kind, 11)
    one, two = images.render(kind, truth, 1), images.render(kind, truth, 2)
    assert one.pixels.tobytes() != two.pixels.tobytes()


@pytest.mark.parametrize("kind", KINDS)
def test_another_truth_changes_the_picture(kind):
    before, after = (
        images.render(kind, images.draw(kind, 5, **fixed), 5) for fixed in CHANGES[kind]
    )
    assert (before.pixels != after.pixels).mean() > 0.0003


@pytest.mark.parametrize("kind", KINDS)
def test_fixed_fields_stay_and_unknown_ones_are_refused(kind):
    for fixed in CHANGES[kind]:
        truth = images.draw(kind, 5, **fixed)
        assert {name: getattr(truth, name) for name in fixed} == fixed
        with pytest.raises(InvalidInput, match="wart"):
            images.draw(kind, 5, wart=1)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 2**63))
def test_every_truth_survives_json(kind, seed):
    truth = images.draw(kind, seed)
    again = images.truth_of(kind, msgspec.json.decode(msgspec.json.encode(truth)))
    assert again == truth
    assert images.expected(kind, again) == images.expected(kind, truth)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**9))
def test_dependent_fields_follow_what_is_fixed(seed):
    film = images.draw("chest_film", seed, finding="effusion")
    assert film.effusion_share > 0 == film.pneumothorax_share
    assert film.side != "none"
    ecg = images.draw("ecg_strip", seed, rhythm="atrial fibrillation")
    assert ecg.pr_ms == 0
    nodule = images.draw("lung_ct", seed, nodule_type="ground glass")
    assert nodule.solid_component_mm == 0
    assert images.draw("thyroid", seed, composition="cystic").echogenicity == "anechoic"


@pytest.mark.parametrize(
    ("kind", "fixed"),
    [
        ("lung_ct", {"nodule_type": "measles"}),
        ("lung_ct", {"mean_diameter_mm": -1.0}),
        ("ecg_strip", {"heart_rate_per_min": 0}),
        ("ctg_strip", {"variability": "much"}),
        ("histology", {"nuclei": 10**6}),
        ("skin", {"diameter_mm": "long"}),
        ("chest_film", {"cardiothoracic_ratio": 7.0}),
    ],
)
def test_implausible_values_are_refused(kind, fixed):
    with pytest.raises(InvalidInput, match=next(iter(fixed))):
        images.draw(kind, 1, **fixed)


def test_wrong_values_and_kinds_are_refused():
    with pytest.raises(InvalidInput):
        images.draw("chest_film", 1, finding="measles")
    with pytest.raises(UnknownPicture, match="skin"):
        images.draw("skim", 1)
    with pytest.raises(InvalidInput, match="truth"):
        images.render("skin", images.draw("fundus", 1), 1)


def test_limb_leads_obey_einthoven_and_goldberger():
    truth = images.draw("ecg_strip", 4, st_territory="inferior", st_elevation_mm=3.0)
    module = images.drawer("ecg_strip")
    st_mm = module.st_by_lead(truth)
    assert st_mm["II"] == pytest.approx(st_mm["I"] + st_mm["III"], abs=0.002)
    assert st_mm["aVR"] == pytest.approx(-(st_mm["I"] + st_mm["II"]) / 2, abs=0.002)
    assert st_mm["III"] == 3.0
    assert st_mm["aVL"] < -1.0


def test_colours_of_a_lesion_follow_its_signs():
    calm = images.draw("skin", 2, dark=False, **dict.fromkeys(images.drawer("skin").SIGNS, False))
    assert calm.colours == ("light brown",)
    odd = msgspec.structs.replace(calm, blue_whitish_veil=True, regression_structures=True)
    assert odd.colours == ("white", "light brown", "blue-grey")


def test_grain_has_the_moments_it_says():
    field = drawing.grain((256, 256), "moments")
    assert abs(float(field.mean())) < 0.02
    assert float(field.std()) == pytest.approx(1.0, abs=0.02)
    assert drawing.grain((4, 4), "a").tolist() != drawing.grain((4, 4), "b").tolist()


def test_ellipse_and_polar_enclose_the_area_they_should():
    area = (drawing.ellipse((200, 200), (100.0, 100.0), (30.0, 60.0), 0.4) < 0).sum()
    assert area == pytest.approx(np.pi * 30 * 60, rel=0.01)
    round_ = (drawing.polar((200, 200), (100.0, 100.0), np.full(36, 50.0)) < 0).sum()
    assert round_ == pytest.approx(np.pi * 50 * 50, rel=0.01)


def test_pixels_come_from_no_generator_of_numpy():
    folder = Path(images.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        names = {
            node.attr
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Attribute)
        }
        assert not names & {"default_rng", "standard_normal", "RandomState", "Generator"}, path


def test_views_of_a_picture():
    ramp = np.arange(256, dtype=np.uint16).reshape(16, 16)
    picture = Picture(kind="", pixels=ramp, spacing_mm=(1.0, 1.0), intercept=-100.0)
    assert windowed(picture, 0.0, 20.0)[0, 0] == 0
    assert windowed(picture, 0.0, 20.0)[-1, -1] == 255
    assert sum(count for *_, count in histogram(picture, 8)) == 256
    assert histogram(picture, 8)[0][0] == -100.0
    assert crop(picture, 2, 3, 4, 5).pixels.tolist() == ramp[2:6, 3:8].tolist()
    assert contrast(picture, 2.0).std() > shown(picture).std()
    with pytest.raises(BadPicture):
        crop(picture, 10, 10, 10, 2)
    with pytest.raises(BadPicture):
        windowed(picture, 0.0, 0.0)
    with pytest.raises(BadPicture, match="how large"):
        _ = msgspec.structs.replace(picture, spacing_mm=None).mm
    with pytest.raises(BadPicture, match="square"):
        _ = msgspec.structs.replace(picture, spacing_mm=(1.0, 2.0)).mm


def test_a_sheet_holds_every_picture():
    small = Picture(kind="skin", pixels=np.full((20, 40), 200, np.uint8), spacing_mm=None)
    made = sheet([small] * 4)
    assert made.pixels.shape[2] == 3
    assert (made.pixels == 200).all(axis=2).sum() == 0 or made.pixels.max() >= 200
    assert made.pixels.shape[0] == 2 * (320 + 26)
