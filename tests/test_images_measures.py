"""Measures recover the hidden truth from pixels, and say when there is nothing to measure."""

import msgspec
import numpy as np
import pytest

pytest.importorskip("skimage", reason="the measures need the extra `imaging`")

from healthgym.knowledge import images
from healthgym.knowledge.errors import BadPicture, Unmeasurable
from healthgym.knowledge.images.agreement import Reading, readings, summary
from healthgym.knowledge.images.measure import chest_film, ctg_strip, ecg_strip, regions
from healthgym.knowledge.images.picture import Picture
from healthgym.knowledge.images.series import compare_with_prior, track_lesion_changes

KINDS = images.kinds()
SEEDS = range(3000, 3015)


@pytest.mark.parametrize("kind", KINDS)
def test_measures_recover_the_truth(kind):
    found = readings(kind, SEEDS)
    wrong = [(r.name, r.seed, r.want, r.got) for r in found if not r.right]
    assert len(wrong) <= 0.05 * len(found), wrong
    for row in summary(kind, found):
        assert row.right >= 0.8, row


@pytest.mark.parametrize("kind", KINDS)
def test_every_number_has_a_tolerance_with_its_reason(kind):
    for seed in range(12):
        for name, value in images.expected(kind, images.draw(kind, seed)).items():
            if not isinstance(value, str):
                limit = images.tolerances(kind)[name]
                assert limit.reason
                assert images.agrees(kind, name, value + limit.at(value) * 0.99, value)
                assert not images.agrees(kind, name, value + limit.at(value) * 1.01 + 0.01, value)


@pytest.mark.parametrize("kind", KINDS)
def test_a_flat_picture_is_unmeasurable(kind):
    like = images.render(kind, images.draw(kind, 0), 0)
    flat = msgspec.structs.replace(like, pixels=np.full_like(like.pixels, 90))
    with pytest.raises(Unmeasurable):
        images.measure(kind, flat)


@pytest.mark.parametrize("kind", ["chest_film", "skin", "fundus", "lung_ct"])
def test_grey_is_not_taken_for_colour(kind):
    like = images.render(kind, images.draw(kind, 0), 0)
    other = like.pixels[..., 0] if like.pixels.ndim == 3 else np.stack([like.pixels] * 3, axis=2)
    with pytest.raises(Unmeasurable):
        images.measure(kind, msgspec.structs.replace(like, pixels=np.ascontiguousarray(other)))


def test_sizes_scale_with_the_spacing():
    picture = images.render("skin", images.draw("skin", 3), 3)
    twice = msgspec.structs.replace(picture, spacing_mm=(0.064, 0.064))
    one, two = images.measure("skin", picture), images.measure("skin", twice)
    assert two["diameter_mm"] == pytest.approx(2 * one["diameter_mm"], abs=0.02)
    assert two["area_mm2"] == pytest.approx(4 * one["area_mm2"], rel=0.01)
    with pytest.raises(BadPicture):
        images.measure("skin", msgspec.structs.replace(picture, spacing_mm=None))


@pytest.mark.parametrize("ratio", [0.42, 0.58])
def test_cardiothoracic_ratio_of_a_small_and_a_large_heart(ratio):
    finding = "cardiomegaly" if ratio > 0.5 else "normal"
    truth = images.draw("chest_film", 9, finding=finding, cardiothoracic_ratio=ratio)
    chest = chest_film.lungs(images.render("chest_film", truth, 9))
    assert chest_film.cardiothoracic_ratio(chest) == pytest.approx(ratio, abs=0.02)


@pytest.mark.parametrize("where", ["anterior", "inferior", "lateral"])
def test_st_elevation_points_at_its_territory(where):
    truth = images.draw(
        "ecg_strip", 8, st_territory=where, st_elevation_mm=3.0, rhythm="sinus rhythm"
    )
    found = images.measure("ecg_strip", images.render("ecg_strip", truth, 8))
    assert found["st_territory"] == where


def test_two_leads_of_one_territory_are_needed():
    st = dict.fromkeys(("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V4", "V5", "V6"), 0.0)
    st |= {"V2": 1.8, "V3": 1.8}
    assert ecg_strip.territory(st) == "none"
    assert ecg_strip.territory(st | {"V2": 2.4, "V3": 2.2}) == "anterior"
    assert ecg_strip.territory(st | {"II": 1.5}) == "none"


@pytest.mark.parametrize(("kind", "category"), [("early", "I"), ("late", "II"), ("variable", "II")])
def test_decelerations_make_the_nichd_category(kind, category):
    truth = images.draw(
        "ctg_strip", 21, decelerations=kind, variability="moderate", baseline_bpm=140.0
    )
    assert images.expected("ctg_strip", truth)["nichd_category"] == category
    found = images.measure("ctg_strip", images.render("ctg_strip", truth, 21))
    assert (found["decelerations"], found["nichd_category"]) == (kind, category)


def test_recurrent_late_decelerations_without_variability_are_category_three():
    found = {
        "baseline_bpm": 140.0,
        "variability": "absent",
        "decelerations": "late",
        "deceleration_count": 5.0,
        "contractions": 5.0,
        "accelerations": 0.0,
    }
    assert ctg_strip.category(found) == "III"


def test_regions_measure_a_known_rectangle():
    mask = np.zeros((100, 100), bool)
    mask[20:40, 10:70] = True
    longest, across = regions.extent_px(mask)
    assert longest == pytest.approx(np.hypot(59, 19) + 1, abs=0.5)
    assert across < longest
    assert regions.grown(mask, 3).sum() > mask.sum() > regions.shrunk(mask, 3).sum()
    assert regions.shrunk(mask, 3).sum() == 14 * 54
    assert regions.opened(mask, 3).sum() == pytest.approx(mask.sum(), rel=0.03)
    empty = np.zeros((5, 5), bool)
    assert not regions.grown(empty, 2).any()
    with pytest.raises(Unmeasurable):
        regions.extent_px(empty)


def test_a_round_outline_is_smooth_and_a_star_is_not():
    turn = np.arange(180) * np.pi / 90
    assert regions.roughness(np.full(180, 30.0)) == pytest.approx(0, abs=1e-12)
    assert regions.roughness(30 + 3 * np.cos(9 * turn)) == pytest.approx(0.1 / np.sqrt(2), rel=0.01)


def test_growth_is_seen_against_the_prior():
    truth = images.draw("lung_ct", 4, nodule_type="solid", mean_diameter_mm=9.0, margin="smooth")
    later = images.draw("lung_ct", 4, nodule_type="solid", mean_diameter_mm=13.0, margin="smooth")
    before, after = (images.render("lung_ct", t, 4) for t in (truth, later))
    changes = compare_with_prior("lung_ct", before, after)
    assert changes["mean_diameter_mm"].changed
    assert changes["mean_diameter_mm"].difference == pytest.approx(4.0, abs=1.0)
    assert not changes["side"].changed
    same = compare_with_prior("lung_ct", before, images.render("lung_ct", truth, 5))
    assert not same["mean_diameter_mm"].changed


def test_volume_doubling_time():
    # A diameter that grows by the cube root of two doubles the volume.
    growth = track_lesion_changes([(0, 10.0), (50, 11.0), (100, 10.0 * 2 ** (1 / 3))])
    assert growth.volume_doubling_days == pytest.approx(100.0, abs=0.1)
    assert growth.growth_mm == pytest.approx(2.6, abs=0.01)
    assert track_lesion_changes([(0, 8.0), (90, 8.0)]).volume_doubling_days is None
    assert track_lesion_changes([(0, 8.0), (90, 6.0)]).volume_doubling_days < 0
    for wrong in ([(0, 8.0)], [(5, 8.0), (5, 9.0)], [(0, 0.0), (5, 9.0)]):
        with pytest.raises(BadPicture):
            track_lesion_changes(wrong)


def test_what_is_missed_counts_as_wrong():
    rows = summary(
        "skin", [Reading("area_mm2", 1, 4.0, None, False), Reading("area_mm2", 2, 4.0, 5.0, True)]
    )
    assert (rows[0].missed, rows[0].right, rows[0].bias) == (1, 0.5, 1.0)


def test_ct_without_hounsfield_units_is_refused():
    like = images.render("lung_ct", images.draw("lung_ct", 1), 1)
    plain = Picture(kind="", pixels=like.pixels, spacing_mm=like.spacing_mm)
    with pytest.raises(Unmeasurable, match="DICOM"):
        images.measure("lung_ct", plain)
