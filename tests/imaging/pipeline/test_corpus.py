"""Real files in every syntax and kind go through the engine and the independent verifier."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest

from imaging.pipeline.deidentify import (
    DeidPlan,
    Status,
    Subject,
    TrialValues,
    collect_tokens,
    deidentify_file,
    load_profile,
)
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.verifier import OutputVerifier
from imaging.pipeline.verify import load, read_header

PROFILE = load_profile("trial")
LIFTED = frozenset({"always_looked_at", "declared_burned_in", "screen_capture"})
FOLDERS = (
    "compressed", "nm", "us", "sr", "seg", "rt/lctsc", "rt/pydicom", "overlay_waveform",
    "odd/charsets", "odd/pydicom", "odd/made", "series/ct_3slice_seg", "series/ct_mf_seg_small",
    "series/mr_siemens_mosaic", "series/petct_nema_synthetic/PT",
)  # fmt: skip


def cleaned(path: Path, output: Path) -> tuple[DeidPlan, str, str] | None:
    try:
        tokens = collect_tokens(read_header(load(path)), PROFILE)
    except Malformed:
        return None
    plan = DeidPlan(b"k" * 32, PROFILE, Subject("S-001"), TrialValues("SP", "PR"), tokens)
    outcome = deidentify_file(path, output, plan=plan, accepted=LIFTED)
    return plan, outcome.status, outcome.code


@pytest.mark.corpus
@pytest.mark.parametrize("folder", FOLDERS)
def test_every_file_is_cleaned_and_verified_or_refused_with_a_code(
    corpus: Path, tmp_path: Path, folder: str
) -> None:
    written = 0
    for path in sorted((corpus / folder).iterdir()):
        result = cleaned(path, tmp_path / "out.dcm")
        if result is None:
            continue
        plan, status, code = result
        if status != Status.WRITTEN:
            assert code
            continue
        written += 1
        verdict = OutputVerifier(plan).check(path, tmp_path / "out.dcm")
        expected = "acquisition_changed" if path.name == "badVR.dcm" else ""
        assert verdict.code == expected, (path.name, verdict)
        output = pydicom.dcmread(tmp_path / "out.dcm")
        assert output.PatientName == "S-001"
        assert output.SOPInstanceUID.startswith("2.25.")
        assert output.file_meta.MediaStorageSOPInstanceUID == output.SOPInstanceUID
    assert written >= 1


@pytest.mark.corpus
@pytest.mark.parametrize(
    ("name", "syntax"),
    [
        ("compressed/MR_small_bigendian.dcm", "1.2.840.10008.1.2.1"),
        ("compressed/MR_small_implicit.dcm", "1.2.840.10008.1.2"),
        ("compressed/image_dfl.dcm", "1.2.840.10008.1.2.1.99"),
        ("compressed/MR1_J2KR", "1.2.840.10008.1.2.4.90"),
        ("compressed/MR3_RLE", "1.2.840.10008.1.2.5"),
        ("compressed/MR4_JLSL", "1.2.840.10008.1.2.4.80"),
        ("compressed/MR4_JPLL", "1.2.840.10008.1.2.4.70"),
    ],
)
def test_the_transfer_syntax_stays_and_the_picture_is_the_same(
    corpus: Path, tmp_path: Path, name: str, syntax: str
) -> None:
    assert cleaned(corpus / name, tmp_path / "out.dcm") is not None
    before, after = pydicom.dcmread(corpus / name), pydicom.dcmread(tmp_path / "out.dcm")
    assert after.file_meta.TransferSyntaxUID == syntax
    assert (after.pixel_array == before.pixel_array).all()


@pytest.mark.corpus
def test_the_profile_keeps_diffusion_and_mosaic_elements_of_the_makers(
    corpus: Path, tmp_path: Path
) -> None:
    path = corpus / "series/mr_siemens_mosaic/epi_pe_ap-00001.dcm"
    cleaned(path, tmp_path / "out.dcm")
    before, after = pydicom.dcmread(path), pydicom.dcmread(tmp_path / "out.dcm")
    for tag in (0x0019100A, 0x00191028, 0x00191029):
        assert after[tag].value == before[tag].value
    assert 0x00291010 not in after  # CSA headers hold text that nobody can judge


@pytest.mark.corpus
def test_references_of_a_segmentation_point_to_its_cleaned_slices(
    corpus: Path, tmp_path: Path
) -> None:
    instances, references = set(), set()
    for path in sorted((corpus / "series/ct_3slice_seg").iterdir()):
        cleaned(path, tmp_path / "out.dcm")
        output = pydicom.dcmread(tmp_path / "out.dcm")
        instances.add(output.SOPInstanceUID)
        if output.Modality == "SEG":
            references |= {
                element.value
                for element in output.iterall()
                if element.keyword == "ReferencedSOPInstanceUID"
            }
    assert references
    assert references <= instances
