"""Segments of lesions, PNG of the same bytes everywhere, vessels, and what a film must not show."""

import io
import zlib

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from healthgym.knowledge import images
from healthgym.knowledge.errors import BadPicture, UnknownPicture, Unmeasurable
from healthgym.knowledge.images.chest_film import half_width_mm
from healthgym.knowledge.images.ctg_strip import Truth as Strip
from healthgym.knowledge.images.drawing import box, tree, twig
from healthgym.knowledge.images.ecg_strip import Truth as Ecg
from healthgym.knowledge.images.ecg_strip import st_by_lead
from healthgym.knowledge.images.png import plain_png
from healthgym.knowledge.images.segments import segment
from healthgym.knowledge.rng import stream


@settings(max_examples=50, deadline=None)
@given(
    rows=st.integers(1, 40),
    cols=st.integers(1, 40),
    colour=st.booleans(),
    seed=st.integers(0, 2**32),
)
def test_a_plain_png_holds_its_pixels(rows, cols, colour, seed):
    shape = (rows, cols, 3) if colour else (rows, cols)
    pixels = (np.arange(np.prod(shape)) * 37 + seed).astype(np.uint8).reshape(shape)
    content = plain_png(pixels)
    image = pytest.importorskip("PIL.Image").open(io.BytesIO(content))
    assert (np.asarray(image) == pixels).all()


def test_a_plain_png_does_not_depend_on_the_compressor():
    content = plain_png(np.zeros((300, 300), np.uint8))
    at = content.index(b"IDAT") + 4
    # Stored blocks: the pixels lie open, 65535 bytes a block.
    assert content[at : at + 7] == b"\x78\x01\x00\xff\xff\x00\x00"
    size = int.from_bytes(content[at - 8 : at - 4], "big")
    assert zlib.decompress(content[at : at + size]) == b"\0" * (300 * 301)


@pytest.mark.parametrize("shape", [(4, 4, 4), (4,)])
def test_a_plain_png_of_something_else_is_refused(shape):
    with pytest.raises(BadPicture):
        plain_png(np.zeros(shape, np.uint8))
    with pytest.raises(BadPicture):
        plain_png(np.zeros((4, 4), np.uint16))


CASES = {
    "lung_ct": {"nodule_type": "solid", "mean_diameter_mm": 14.0, "margin": "smooth"},
    "mammogram": {"long_axis_mm": 16.0, "margin": "circumscribed", "density": "high"},
    "thyroid": {"composition": "cystic", "max_diameter_mm": 16.0},
    "chest_film": {"finding": "opacity", "opacity_mm": 50.0},
    "skin": {"diameter_mm": 8.0},
}


@pytest.mark.parametrize("kind", sorted(CASES))
@pytest.mark.parametrize("seed", [4, 9])
def test_a_segment_has_the_area_of_the_truth(kind, seed):
    pytest.importorskip("skimage")
    truth = images.draw(kind, seed, **CASES[kind])
    found = segment(kind, images.render(kind, truth, seed))
    long = next(iter(v for v in CASES[kind].values() if isinstance(v, float)))
    short = {"mammogram": lambda t: t.short_axis_mm, "lung_ct": lambda t: 2 * 14.0 - t.long_axis_mm}
    other = short[kind](truth) if kind in short else long
    if kind == "lung_ct":
        long = truth.long_axis_mm
    if kind == "thyroid":
        ratio = truth.height_over_width
        other = long * min(ratio, 1 / ratio)
    if kind == "skin":
        want = float(images.expected(kind, truth)["area_mm2"])
    else:
        want = np.pi / 4 * long * other
    assert found.area_mm2 == pytest.approx(want, rel=0.12)
    assert found.height_mm * found.width_mm >= found.area_mm2
    assert abs(found.mean - found.around) > found.sd / 2


def test_a_segment_of_a_strip_or_of_nothing_is_refused():
    pytest.importorskip("skimage")
    strip = images.render("ctg_strip", images.draw("ctg_strip", 1), 1)
    with pytest.raises(Unmeasurable, match="no single region"):
        segment("ctg_strip", strip)
    clear = images.render("chest_film", images.draw("chest_film", 4, finding="normal"), 4)
    with pytest.raises(Unmeasurable):
        segment("chest_film", clear)
    with pytest.raises(UnknownPicture):
        segment("skim", clear)


def test_vessels_taper_and_stay_in_their_box():
    twigs = tree(stream("test", "tree"), (50.0, 50.0), 0.3, 10.0, 3.0, 8)
    assert len(twigs) > 8
    assert max(w for *_, w in twigs[1:]) < 3.0
    field = np.zeros((40, 40))
    for piece in twigs:
        (rows, cols), cover = twig(field, piece, 2.0)
        assert field[rows, cols].shape == cover.shape
    rows, cols, _ = box((40, 40), (90.0, -50.0), 5.0)
    assert field[rows, cols].size == 0


def test_air_under_tension_pushes_the_mediastinum_away():
    pytest.importorskip("skimage")
    calm = images.draw("chest_film", 3, finding="pneumothorax", side="left")
    tense = msgspec.structs.replace(calm, mediastinal_shift_mm=14.0)
    before, after = (images.render("chest_film", t, 3).pixels.astype(int) for t in (calm, tense))
    # The heart of a left-sided tension lies further to the patient's right: left of the picture.
    row, reach = 300, 60
    assert after[row, 256 - reach].mean() > before[row, 256 - reach].mean() - 5
    assert (after != before).mean() > 0.02
    found = images.measure("chest_film", images.render("chest_film", tense, 3))
    assert (found["finding"], found["side"]) == ("pneumothorax", "left")
    assert found["pneumothorax_share"] == pytest.approx(tense.pneumothorax_share, abs=0.03)
    assert 115.0 < half_width_mm(3) < 140.0


@pytest.mark.parametrize("where", ["inferior", "lateral", "anterior"])
def test_every_territory_has_its_reciprocal_leads(where):
    truth = images.draw(
        "ecg_strip", 5, rhythm="sinus rhythm", st_territory=where, st_elevation_mm=3.0
    )
    assert isinstance(truth, Ecg)
    levels = st_by_lead(truth)
    mirror = {"inferior": "aVL", "lateral": "III", "anterior": "III"}[where]
    assert levels[mirror] < -0.4
    assert levels["I"] + levels["III"] == pytest.approx(levels["II"], abs=0.002)
    assert levels["aVR"] + levels["aVL"] + levels["aVF"] == pytest.approx(0.0, abs=0.002)


def test_a_tall_t_wave_is_no_beat():
    truth = images.draw(
        "ecg_strip", 0, rhythm="sinus rhythm", st_territory="inferior", st_elevation_mm=4.0
    )
    found = images.measure("ecg_strip", images.render("ecg_strip", truth, 0))
    assert found["heart_rate_per_min"] == pytest.approx(truth.heart_rate_per_min, rel=0.03)


def test_the_fetal_rate_swings_without_a_fixed_pace():
    """A regular swing would be the sinusoidal pattern, category III (NICHD 2008)."""
    from healthgym.knowledge.images.measure.ctg_strip import _ink

    truth = images.draw(
        "ctg_strip", 5, variability="moderate", decelerations="none", accelerations=0
    )
    assert isinstance(truth, Strip)
    rate = _ink(images.render("ctg_strip", truth, 5), 20, 362)
    wave = rate - rate.mean()
    power = np.abs(np.fft.rfft(wave))[2:] ** 2
    assert power.max() / power.sum() < 0.25
