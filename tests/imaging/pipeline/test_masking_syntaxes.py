"""A mask blanks its rectangle in every transfer syntax and colour model, and nothing beside it."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
import pydicom
import pytest

from imaging.pipeline.deidentify.masking import Mask, apply_masks, stored_frames
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.held_pictures import check_masked, shown_frame

# name: (photometric interpretation after masking, colour in which the place shows)
SYNTAXES = {
    "compressed/MR_small_implicit.dcm": "MONOCHROME2",
    "compressed/MR_small_bigendian.dcm": "MONOCHROME2",
    "compressed/image_dfl.dcm": "MONOCHROME2",
    "compressed/MR3_RLE": "MONOCHROME2",
    "compressed/SC_rgb_rle_2frame.dcm": "RGB",
    "compressed/MR4_JPLL": "MONOCHROME2",
    "us/JPGLosslessP14SV1_1s_1f_8b.dcm": "MONOCHROME2",
    "us/examples_ybr_color.dcm": "YBR_FULL",
    "odd/pydicom/SC_ybr_full_422_uncompressed.dcm": "YBR_FULL",
    "compressed/MR1_J2KR": "MONOCHROME2",
    "compressed/CT1_J2KI": "MONOCHROME2",
    "compressed/MR4_JLSL": "MONOCHROME2",
    "compressed/CT2_JLSN": "MONOCHROME2",
    "us/examples_palette.dcm": "PALETTE COLOR",
    "us/gdcm-US-ALOKA-16.dcm": "PALETTE COLOR",
    "us/examples_rgb_color.dcm": "RGB",
    "seg/dx_image.dcm": "MONOCHROME1",
}
PLACE = Mask(left=2, top=1, right=20, bottom=9)


@pytest.mark.corpus
@pytest.mark.parametrize(("name", "interpretation"), SYNTAXES.items())
def test_a_mask_is_dark_inside_and_leaves_every_stored_value_outside(
    corpus: Path, tmp_path: Path, name: str, interpretation: str
) -> None:
    masked = tmp_path / "masked"
    masked.write_bytes(apply_masks((corpus / name).read_bytes(), (PLACE,)))
    after = pydicom.dcmread(masked)
    assert after.PhotometricInterpretation == interpretation
    assert not after.file_meta.TransferSyntaxUID.is_compressed
    assert after.BurnedInAnnotation == "NO"
    before, _ = stored_frames(pydicom.dcmread(corpus / name))
    stored, _ = stored_frames(after)
    outside = np.ones(before.shape[1:3], bool)
    outside[1:9, 2:20] = False
    assert (stored[:, outside] == before[:, outside]).all()
    shown = shown_frame(after, 0)
    place = shown[1:9, 2:20]
    assert int(place.max()) <= int(shown.min()) + 8
    assert check_masked(corpus / name, masked, (PLACE,)) == ""


@pytest.mark.corpus
def test_a_mask_of_one_frame_of_a_cine_loop_leaves_the_others(corpus: Path) -> None:
    data = (corpus / "us/examples_ybr_color.dcm").read_bytes()
    before, _ = stored_frames(pydicom.dcmread(BytesIO(data)))
    after, _ = stored_frames(pydicom.dcmread(BytesIO(apply_masks(data, (Mask(2, 1, 20, 9, 7),)))))
    changed = [n for n in range(30) if (before[n] != after[n]).any()]
    assert changed == [7]


@pytest.mark.corpus
def test_the_check_finds_a_mask_that_was_not_applied_and_a_change_beside_it(
    corpus: Path, tmp_path: Path
) -> None:
    original = corpus / "us/examples_rgb_color.dcm"
    masked = tmp_path / "masked"
    drawn = Mask(left=100, top=100, right=140, bottom=120)
    masked.write_bytes(apply_masks(original.read_bytes(), (drawn,)))
    larger = Mask(left=60, top=60, right=180, bottom=160)
    smaller = Mask(left=100, top=100, right=139, bottom=120)
    assert check_masked(original, masked, (drawn,)) == ""
    assert check_masked(original, masked, (larger,)) == "mask_not_applied"
    assert check_masked(original, masked, (smaller,)) == "pixels_changed"


@pytest.mark.corpus
@pytest.mark.parametrize("name", ["compressed/RG3_JPLY", "seg/seg_image_ct_binary.dcm"])
def test_pixels_that_cannot_be_opened_are_not_masked_but_held(corpus: Path, name: str) -> None:
    with pytest.raises(Malformed, match="pixels_not_decoded"):
        apply_masks((corpus / name).read_bytes(), (PLACE,))
