"""The shipped profile is what its sources give, and its lists hold what they claim."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import imaging.deid_profiles
from imaging.deid_profiles import build
from imaging.pipeline.deidentify import IdentityTokens, load_profile
from imaging.pipeline.deidentify.cleaning import TextCleaner
from imaging.pipeline.deidentify.profile import meanings, vocabulary
from imaging.pipeline.text import fold

HERE = Path(imaging.deid_profiles.__file__).parent
DESCRIPTIONS = """CT CHEST ABDOMEN PELVIS WITH CONTRAST
CT CAP W/ IV CONTRAST
ThorRoutine 5.0 B40f
AbdRoutine 3.0 I40f 3
MPR Cor 3mm
Topogram 0.6 T20f
3 Plane Localizer SSFSE
AX T1 POST FS
AX DWI ALL B-2000
ep2d_diff_3scan_trace_p2_ADC
t1_vibe_dixon_cor_bh
Water: AX LAVA-Flex
mIP_Images(SW)
Apparent Diffusion Coefficient (mm2/s)
[WB_CTAC] Body
FDG PET CT Skull Base to Mid Thigh
PET WB HD (AC)
NM Bone Scan Whole Body
XR CHEST 2 VIEWS
T1 MOLLI
Hepatobiliary phase
Lung_L
OpticNerve_L
FemoralHead_L
PTV_5000
VMAT 2 arcs
Image quality suboptimal due to motion artifact
no contrast given due to renal function
Injected 350 MBq FDG
Recon 2: 0.625 BONE
JPEG 2000 reversible (lossless)
Hodgkin lymphoma
Cycle 2 Day 1
RECIST follow-up C2D1
eThrive_BH_dyn
AAHScout SmartBrain TOF BPL
PETWB_Emission_AC
mDIXON-Quant
HRCT exsp ULDCT
OSEM 3i24s
177Lu post therapy
Lu-177 PSMA
201Tl 82Rb rest 18F-FET
Wk 24 FU 1 tumour bed
TotalSegmentator nnUNet
Pinnacle Eclipse AcurosXB 6FFF""".splitlines()


def test_the_stored_profile_is_the_one_its_sources_give() -> None:
    rows = {
        build.row_id(row): row for row in json.loads((HERE / "annex_e.json").read_text())["rows"]
    }
    document = json.loads((HERE / "trial.json").read_text("utf-8"))
    stored = {tag: action for action, tags in document["actions"].items() for tag in tags}
    assert build.build_actions(rows) == stored
    assert build.build_vocabulary() == (HERE / "vocabulary.txt").read_text("utf-8").split()
    for entry, name in (
        ("vocabulary_sha256", "vocabulary.txt"),
        ("meanings_sha256", "meanings.txt"),
        ("private_safe_sha256", "private_safe.json"),
        ("private_numbers_sha256", "private_numbers.json"),
    ):
        assert document[entry] == build.digest(name)


@pytest.mark.parametrize("text", DESCRIPTIONS)
def test_descriptions_of_the_field_stay_whole(text: str) -> None:
    assert TextCleaner(IdentityTokens()).free(text) == text


@pytest.mark.parametrize(
    "name",
    "smith johnson garcia mueller schneider rossi nguyen wang kowalski tanaka patel ivanov lu fu "
    "maria william jennifer fatima mohammed hans jean-paul sofia".split(),
)
def test_a_name_is_no_word_of_the_vocabulary(name: str) -> None:
    assert vocabulary().isdisjoint(fold(name).split("-"))


def test_a_standard_meaning_with_an_eponym_is_known_and_an_animal_is_not() -> None:
    assert "aorta" in vocabulary()
    assert not any("breed" in meaning for meaning in meanings())
    assert len(meanings()) > 2_000


def test_no_private_number_is_named_after_a_date_a_person_or_an_identifier() -> None:
    rows = json.loads((HERE / "private_numbers.json").read_text("utf-8"))["elements"]
    assert len(rows) > 1_000
    assert {vr for _, _, _, vr, _ in rows} <= {"DS", "IS", "FL", "FD", "SS", "US", "SL", "UL"}
    for word in ("date", "patient", "birth", "serial", "physician", "operator"):
        assert not [row for row in rows if word in row[4].lower()]


def test_the_factors_of_suv_are_among_the_safe_private_elements() -> None:
    safe = load_profile("trial").private_safe
    assert safe["Philips PET Private Group", 0x7053, 0x00] == "DS"
    assert safe["Philips PET Private Group", 0x7053, 0x09] == "DS"
    assert safe["GEMS_PETD_01", 0x0009, 0x0D] == "DT"
    assert safe["GEMS_PETD_01", 0x0009, 0x3B] == "DT"
