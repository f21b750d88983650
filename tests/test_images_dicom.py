"""Pictures from elsewhere: values, sizes and colours as the file means them, damage told."""

import io
from pathlib import Path

import msgspec
import numpy as np
import pytest
from typer.testing import CliRunner

pytest.importorskip("pydicom", reason="files need the extra `imaging`")
pytest.importorskip("PIL.Image", reason="files need the extra `imaging`")

import pydicom
from PIL import Image

from healthgym.__main__ import app
from healthgym.knowledge import images
from healthgym.knowledge.errors import BadPicture, Unmeasurable
from healthgym.knowledge.images import dicom
from healthgym.knowledge.images.files import from_bytes, from_file, to_dicom
from healthgym.knowledge.images.picture import Picture, shown

GREY = Picture(kind="", pixels=np.arange(12, dtype=np.int16).reshape(3, 4), spacing_mm=None)


def written(picture: Picture, **changed) -> bytes:
    data = pydicom.dcmread(io.BytesIO(to_dicom(picture)))
    for name, value in changed.items():
        setattr(data, name, value)
    out = io.BytesIO()
    data.save_as(out)
    return out.getvalue()


def packed(mode: str, pixels, kind: str = "PNG", **more) -> bytes:
    out = io.BytesIO()
    found = Image.fromarray(pixels)
    assert found.mode == mode
    found.save(out, kind, **more)
    return out.getvalue()


def test_the_print_size_of_an_image_is_no_size_of_its_pixels():
    picture = from_bytes(packed("L", np.zeros((5, 5), np.uint8), dpi=(96, 96)))
    assert picture.spacing_mm is None
    with pytest.raises(BadPicture, match="how large"):
        _ = picture.mm


def test_sixteen_bits_stay_sixteen_bits():
    deep = np.array([[0, 300], [4000, 65535]], np.uint16)
    again = from_bytes(packed("I;16", deep))
    assert again.pixels.dtype == np.uint16
    assert (again.pixels == deep).all()


def test_a_picture_on_its_side_is_set_upright():
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by a quarter
    body = packed("RGB", np.zeros((10, 30, 3), np.uint8), "JPEG", exif=exif)
    assert from_bytes(body).pixels.shape == (30, 10, 3)


def test_the_file_is_named_and_a_bomb_is_refused(tmp_path, monkeypatch):
    file = tmp_path / "a.png"
    file.write_bytes(packed("L", np.zeros((40, 40), np.uint8)))
    for most in (1000, 100):  # a warning of Pillow, then its error
        monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", most)
        with pytest.raises(BadPicture, match=r"a\.png: the image is too large"):
            from_file(file)
    file.write_bytes(file.read_bytes()[:40])
    with pytest.raises(BadPicture, match=r"a\.png: the image cannot be read"):
        from_file(file)


def test_signed_pixels_of_monochrome1_do_not_wrap():
    deep = np.array([[-32768, -1], [0, 32767]], np.int16)
    body = written(
        msgspec.structs.replace(GREY, pixels=deep), PhotometricInterpretation="MONOCHROME1"
    )
    assert (from_bytes(body).pixels == np.array([[32767, 0], [-1, -32768]])).all()


def groups(spacing, slope, centre):
    of = pydicom.Dataset()
    of.PixelMeasuresSequence = [pydicom.Dataset()]
    of.PixelMeasuresSequence[0].PixelSpacing = spacing
    of.PixelValueTransformationSequence = [pydicom.Dataset()]
    of.PixelValueTransformationSequence[0].RescaleSlope = slope
    of.PixelValueTransformationSequence[0].RescaleIntercept = -1024
    of.FrameVOILUTSequence = [pydicom.Dataset()]
    of.FrameVOILUTSequence[0].WindowCenter = centre
    of.FrameVOILUTSequence[0].WindowWidth = 400
    return of


def test_each_frame_has_its_own_meaning():
    deep = np.zeros((6, 4), np.int16)
    two = written(
        msgspec.structs.replace(GREY, pixels=deep),
        Rows=3,
        NumberOfFrames=2,
        PerFrameFunctionalGroupsSequence=[groups([0.5, 0.6], 1, 40), groups([0.7, 0.7], 2, 50)],
    )
    one, other = from_bytes(two, 0), from_bytes(two, 1)
    assert (one.spacing_mm, one.slope, one.window) == ((0.5, 0.6), 1.0, (40.0, 400.0))
    assert (other.spacing_mm, other.slope, other.intercept) == ((0.7, 0.7), 2.0, -1024.0)
    with pytest.raises(BadPicture, match="frames are 0 to 1"):
        from_bytes(two, 2)


def test_a_table_of_meanings_is_applied():
    table = pydicom.Dataset()
    table.LUTDescriptor = [12, 0, 16]
    table.LUTData = np.arange(0, 1200, 100, dtype=np.uint16).tobytes()
    table.ModalityLUTType = "HU"
    plain = msgspec.structs.replace(GREY, pixels=GREY.pixels.astype(np.uint16))
    body = written(plain, ModalityLUTSequence=[table], RescaleSlope=None, RescaleIntercept=None)
    assert (from_bytes(body).values == 100.0 * plain.pixels).all()


def test_spacing_at_the_detector_is_none_in_the_patient():
    assert from_bytes(written(GREY, ImagerPixelSpacing=[0.2, 0.2])).spacing_mm is None
    known = written(
        GREY, ImagerPixelSpacing=[0.22, 0.22], EstimatedRadiographicMagnificationFactor=1.1
    )
    assert from_bytes(known).spacing_mm == pytest.approx((0.2, 0.2))
    assert from_bytes(written(GREY, PixelSpacing=[0, 0])).spacing_mm is None


def region(delta, unit=3):
    of = pydicom.Dataset()
    of.PhysicalUnitsXDirection, of.PhysicalUnitsYDirection = 3, unit
    of.PhysicalDeltaX = of.PhysicalDeltaY = delta
    return of


def test_ultrasound_of_two_scales_has_none():
    def spacing(*regions):
        return from_bytes(written(GREY, SequenceOfUltrasoundRegions=list(regions))).spacing_mm

    assert spacing(region(0.02), region(0.5, 4)) == pytest.approx((0.2, 0.2))
    assert spacing(region(0.02), region(0.03)) is None


def test_deep_colours_keep_their_brightness():
    deep = np.full((3, 4, 3), 4095, np.uint16)
    body = written(msgspec.structs.replace(GREY, pixels=deep), BitsStored=12, HighBit=11)
    assert (from_bytes(body).pixels == 255).all()


def test_huge_and_damaged_files_are_refused():
    with pytest.raises(BadPicture, match="65535 x 65535"):
        from_bytes(written(GREY, Rows=65535, Columns=65535))
    with pytest.raises(BadPicture, match="cannot be read"):
        from_bytes(written(GREY, BitsAllocated=13))
    cut = to_dicom(GREY)
    for length in range(132, len(cut), 5):
        with pytest.raises(BadPicture):
            from_bytes(cut[:length])


def test_a_packed_file_that_unpacks_to_a_huge_one_is_refused(monkeypatch):
    data = pydicom.dcmread(io.BytesIO(to_dicom(GREY)))
    data.file_meta.TransferSyntaxUID = pydicom.uid.DeflatedExplicitVRLittleEndian
    out = io.BytesIO()
    data.save_as(out)
    assert (from_bytes(out.getvalue()).pixels == GREY.pixels).all()
    monkeypatch.setattr(dicom, "_INFLATED", 300)
    monkeypatch.setattr(dicom, "_PIECE", 100)
    with pytest.raises(BadPicture, match="unpacks to more than 300 bytes"):
        from_bytes(out.getvalue())


def test_a_decoder_that_dies_is_told(monkeypatch):
    monkeypatch.setattr(dicom, "_CHILD", "import os; os.abort()")
    data = pydicom.dcmread(io.BytesIO(to_dicom(GREY)))
    with pytest.raises(BadPicture, match="died with"):
        dicom._unpacked(pydicom, data, 0, ("gdcm",))


def test_pixels_of_the_process_apart_are_the_same():
    data = pydicom.dcmread(io.BytesIO(to_dicom(GREY)))
    assert (dicom._apart(data, 0) == GREY.pixels).all()


def disc(radius: float, at: tuple[float, float], shape: tuple[int, int]):
    rows, cols = np.indices(shape)
    return (rows - at[0]) ** 2 + (cols - at[1]) ** 2 <= radius**2


def test_a_bright_bow_is_no_optic_disc():
    bow = disc(150, (200, 200), (400, 400)) & ~disc(120, (200, 200), (400, 400))
    bow[200:, 150:250] = False
    pixels = np.repeat(np.where(bow, 255, 60).astype(np.uint8)[..., None], 3, axis=2)
    with pytest.raises(Unmeasurable, match="no optic disc"):
        images.measure("fundus", Picture(kind="", pixels=pixels, spacing_mm=(0.02, 0.02)))


def test_a_mole_drawn_by_hand_has_the_size_it_was_drawn_with(tmp_path: Path):
    skin = np.full((300, 400, 3), (225, 185, 165), np.uint8)
    skin[disc(50, (140, 210), (300, 400))] = (110, 65, 45)
    file = tmp_path / "mole.png"
    Image.fromarray(skin).save(file)
    call = ["images", "measure", str(file), "--kind", "skin", "--json"]
    refused = CliRunner().invoke(app, call)
    assert refused.exit_code == 1
    assert "how large" in refused.stderr
    found = msgspec.json.decode(CliRunner().invoke(app, [*call, "--mm", "0.05"]).stdout)
    assert found["diameter_mm"] == pytest.approx(5.0, rel=0.03)
    assert found["area_mm2"] == pytest.approx(np.pi * 2.5**2, rel=0.04)
    assert found["asymmetry"] < 0.03


def test_shown_uses_the_window_of_the_file():
    body = written(GREY, WindowCenter=[6, 1], WindowWidth=[12, 2])
    assert shown(from_bytes(body)).tolist()[0] == [0, 21, 42, 64]
