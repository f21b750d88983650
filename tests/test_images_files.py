"""Pictures in files: PNG and DICOM round trips, real files of every transfer syntax, commands."""

import json
import os
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("pydicom", reason="files need the extra `imaging`")
pytest.importorskip("PIL", reason="files need the extra `imaging`")

from healthgym.__main__ import app
from healthgym.knowledge import images
from healthgym.knowledge.errors import BadPicture, MissingExtra
from healthgym.knowledge.images.files import from_bytes, from_file, to_dicom, to_png
from healthgym.knowledge.images.picture import shown

KINDS = images.kinds()
DATA = os.environ.get("HEALTHGYM_DATA", "")
real = pytest.mark.skipif(not DATA, reason="HEALTHGYM_DATA names no folder of real files")


@pytest.mark.parametrize("kind", KINDS)
def test_dicom_round_trip_keeps_everything(kind):
    picture = images.render(kind, images.draw(kind, 6), 6)
    content = to_dicom(picture)
    assert content == to_dicom(picture)
    again = from_bytes(content)
    assert again.pixels.dtype == picture.pixels.dtype
    assert (again.pixels == picture.pixels).all()
    fields = ("kind", "modality", "slope", "intercept", "window")
    assert [getattr(again, f) for f in fields] == [getattr(picture, f) for f in fields]
    assert again.spacing_mm == pytest.approx(picture.spacing_mm)


@pytest.mark.parametrize("kind", KINDS)
def test_png_round_trip_keeps_what_is_shown_and_the_spacing(kind):
    picture = images.render(kind, images.draw(kind, 6), 6)
    again = from_bytes(to_png(picture))
    assert (again.pixels == shown(picture)).all()
    assert again.spacing_mm == pytest.approx(picture.spacing_mm, rel=1e-3)


def test_a_png_of_eight_bits_measures_like_the_picture():
    picture = images.render("skin", images.draw("skin", 2), 2)
    one, two = images.measure("skin", picture), images.measure("skin", from_bytes(to_png(picture)))
    assert two["diameter_mm"] == pytest.approx(one["diameter_mm"], rel=1e-3, abs=0.02)
    assert two["colour_names"] == one["colour_names"]


@pytest.mark.parametrize(
    "content", [b"", b"GIF89a", b"\x89PNG\r\n\x1a\nbroken", b"\0" * 128 + b"DICM"]
)
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(BadPicture):
        from_bytes(content)


def test_a_truncated_dicom_is_refused():
    content = to_dicom(images.render("thyroid", images.draw("thyroid", 1), 1))
    with pytest.raises(BadPicture):
        from_bytes(content[: len(content) // 2])


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(BadPicture, match=r"none\.png"):
        from_file(tmp_path / "none.png")


def test_monochrome1_is_turned_so_that_more_is_brighter():
    import io

    import pydicom

    picture = images.render("thyroid", images.draw("thyroid", 1), 1)
    data = pydicom.dcmread(io.BytesIO(to_dicom(picture)))
    data.PhotometricInterpretation = "MONOCHROME1"
    out = io.BytesIO()
    data.save_as(out)
    assert (from_bytes(out.getvalue()).pixels == 255 - picture.pixels).all()


def test_a_missing_library_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(MissingExtra, match=r"healthgym\[imaging\]"):
        to_dicom(images.render("thyroid", images.draw("thyroid", 1), 1))


def test_rendering_and_truth_need_no_library(monkeypatch):
    for name in ("skimage", "scipy", "scipy.ndimage", "skimage.measure", "PIL", "pydicom"):
        monkeypatch.setitem(sys.modules, name, None)
    for kind in ("thyroid", "ctg_strip"):
        truth = images.draw(kind, 1)
        assert images.render(kind, truth, 1).pixels.size
        assert images.expected(kind, truth)
    with pytest.raises(MissingExtra):
        images.measure("thyroid", images.render("thyroid", images.draw("thyroid", 1), 1))


@real
def test_real_dicom_files_of_every_transfer_syntax_open():
    files = sorted((Path(DATA) / "dicom").glob("*.dcm"))
    assert len(files) == 14
    for path in files:
        picture = from_file(path)
        assert picture.pixels.ndim in (2, 3), path
        assert np.ptp(shown(picture)) > 0, path
    ct = from_file(Path(DATA) / "dicom" / "CT_small.dcm")
    assert ct.spacing_mm == pytest.approx((0.661468, 0.661468))
    assert ct.intercept == -1024


@real
def test_frames_of_a_series_are_told_apart():
    path = Path(DATA) / "dicom" / "emri_small.dcm"
    assert (from_file(path, 0).pixels != from_file(path, 9).pixels).any()
    with pytest.raises(BadPicture, match="10"):
        from_file(path, 10)


@real
def test_a_real_retina_shows_its_disc():
    from healthgym.knowledge.images.files import from_file as read

    picture = read(Path(DATA) / "images" / "retina.jpg")
    assert picture.pixels.shape == (1411, 1411, 3)
    assert picture.spacing_mm is None


def _run(*arguments):
    return CliRunner().invoke(app, ["images", *map(str, arguments)])


def test_render_and_measure_from_the_command_line(tmp_path):
    file = tmp_path / "a.dcm"
    fixed = json.dumps({"nodule_type": "solid", "mean_diameter_mm": 12.0})
    made = _run("render", "lung_ct", "--seed", 3, "--out", file, "--json", fixed)
    assert made.exit_code == 0, made.output
    truth = json.loads(made.stdout)["truth"]
    assert truth["mean_diameter_mm"] == 12.0
    found = _run("measure", file, "--json")
    assert json.loads(found.stdout)["mean_diameter_mm"] == pytest.approx(12.0, abs=1.0)
    assert "diameter" in _run("measure", file).stdout


def test_wrong_requests_end_in_one_line(tmp_path):
    for arguments in (
        ("render", "skim", "--out", tmp_path / "a.png"),
        ("render", "skin", "--out", tmp_path / "a.gif"),
        ("render", "skin", "--out", tmp_path / "a.png", "--json", "[]"),
        ("render", "skin", "--out", tmp_path / "a.png", "--json", '{"wart": 1}'),
        ("render", "skin", "--out", tmp_path / "no" / "a.png"),
        ("measure", tmp_path / "none.png", "--kind", "skin"),
        ("check", "--n", 1, "--kind", "skim"),
    ):
        result = _run(*arguments)
        assert result.exit_code == 1, arguments
        assert result.stderr.startswith("error: ")


def test_check_writes_a_table_for_each_kind(tmp_path):
    page = tmp_path / "images.md"
    assert _run("check", "--n", 2, "--kind", "ctg_strip", "--out", page).exit_code == 0
    text = page.read_text()
    assert "## ctg strip" in text
    assert "| baseline_bpm | 2 | 0 |" in text
    rows = json.loads(_run("check", "--n", 2, "--kind", "ctg_strip", "--json").stdout)
    assert rows[0]["name"] == "baseline_bpm"


def test_gallery_shows_every_kind(tmp_path):
    file = tmp_path / "g.png"
    assert _run("gallery", "--out", file).exit_code == 0
    assert from_file(file).pixels.shape == (3 * 346, 1440, 3)
    assert _run("kinds").stdout.split() == list(KINDS)


def test_pictures_are_frozen():
    picture = images.render("thyroid", images.draw("thyroid", 1), 1)
    with pytest.raises(AttributeError):
        picture.kind = "skin"
    assert msgspec.structs.replace(picture, kind="x").kind == "x"
