"""Every attribute of PS3.15 Table E.1-1, at top level and in a sequence it does not name.

The expected action is worked out here from the row and the options of the profile `trial`, in the
words of the standard, not by the code that builds the profile.
"""

from __future__ import annotations

import json
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from pydicom.datadict import dictionary_VR
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

import imaging.deid_profiles
from imaging.pipeline.deidentify import (
    DeidPlan,
    IdentityTokens,
    Status,
    Subject,
    TrialValues,
    deidentify_file,
    load_profile,
)

ROWS = json.loads(
    (Path(imaging.deid_profiles.__file__).parent / "annex_e.json").read_text("utf-8")
)["rows"]
UNUSABLE = {"ggggeeee-where-gggg-is-odd"}
SECRET = "Vandersloot"
UID_IN = "1.2.826.0.1.3680043.9.1.4711"
# A tag that the table does not name, to nest in: Anatomic Region Sequence.
CARRIER = 0x00082218
VALUES: dict[str, object] = {
    "DA": "20240311", "DT": "20240311101500", "TM": "101500", "UI": UID_IN, "AS": "093Y",
    "DS": "12.5", "IS": "12", "US": 7, "UL": 7, "SL": 7, "SS": 7, "FL": 1.5, "FD": 1.5,
    "OB": SECRET.encode() + b"\0", "OW": SECRET.encode() + b"\0", "UN": SECRET.encode() + b"\0",
    "AE": SECRET.upper(), "CS": SECRET.upper(), "PN": f"{SECRET}^Quirina",
    "UR": f"http://x.example/{SECRET}", "OF": b"\0" * 4, "AT": 0x00100010,
}  # fmt: skip


def tag_of(row: dict[str, str]) -> int | None:
    digits = row["tag"].strip("()").replace(",", "").upper().replace("X", "0")
    try:
        tag = int(digits, 16)
    except ValueError:
        return None
    return tag if tag >> 16 > 2 else None


def element_for(tag: int) -> tuple[str, object]:
    try:
        vr = dictionary_VR(tag).split(" or ")[0]
    except KeyError:
        vr = "OW" if tag & 0xFFFF == 0x3000 else "LO"
    if vr == "SQ":
        inner = Dataset()
        inner.PatientName = f"{SECRET}^Quirina"
        inner.InstitutionName = SECRET
        inner.CodeMeaning = SECRET
        return vr, Sequence([inner])
    return vr, VALUES.get(vr, f"{SECRET} liver")


def file_with(tag: int, *, nested: bool) -> bytes:
    ds = Dataset()
    ds.SOPClassUID = "1.2.840.10008.5.1.4.1.1.66"
    ds.SOPInstanceUID, ds.StudyInstanceUID = generate_uid(), generate_uid()
    ds.SeriesInstanceUID, ds.Modality, ds.PatientID = generate_uid(), "REG", "X1"
    vr, value = element_for(tag)
    holder = ds
    if nested:
        holder = Dataset()
        ds.add_new(CARRIER, "SQ", Sequence([holder]))
        holder.add_new(0x00280010, "US", 3)
    holder.add_new(tag, vr, value)
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    stream = BytesIO()
    ds.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@pytest.fixture(scope="module")
def plan() -> DeidPlan:
    return DeidPlan(
        key=b"k" * 32,
        profile=load_profile("trial"),
        subject=Subject("S-001", "01", "V1"),
        trial=TrialValues("SPONSOR", "PROTOCOL"),
        tokens=IdentityTokens(people=frozenset({SECRET.lower()})),
    )


def clean(plan: DeidPlan, tmp_path: Path, tag: int, *, nested: bool) -> Dataset:
    source, output = tmp_path / "in", tmp_path / "out"
    source.write_bytes(file_with(tag, nested=nested))
    outcome = deidentify_file(source, output, plan=plan)
    assert outcome.status is Status.WRITTEN, outcome
    result = pydicom.dcmread(output)
    assert SECRET.lower().encode() not in output.read_bytes().lower()
    if not nested:
        return result
    return result[CARRIER].value[0] if CARRIER in result else Dataset()


TAGS = sorted({tag: row for row in ROWS if (tag := tag_of(row)) is not None}.items())
# Written by the trial at the top level, and the identity that replaces the subject's.
OURS = {
    0x00100010, 0x00100020, 0x00120010, 0x00120020, 0x00120021, 0x00120030, 0x00120031,
    0x00120040, 0x00120050, 0x00120060,
}  # fmt: skip
# Deviations of the profile from the letter of the row, each with its reason in the profile.
DEVIATIONS = {0x30060026, 0x00700006, 0x00080018, 0x0020000D, 0x0020000E}
KEPT_DEVICE = {0x0016004F, 0x00160050, 0x0016004E}


@pytest.mark.parametrize("nested", [False, True], ids=["top", "nested"])
@pytest.mark.parametrize(("tag", "row"), TAGS, ids=[f"{tag:08x}" for tag, _ in TAGS])
def test_each_attribute_of_the_table_gets_its_action(  # noqa: C901 - one branch per action
    plan: DeidPlan, tmp_path: Path, tag: int, row: dict[str, str], nested: bool
) -> None:
    result = clean(plan, tmp_path, tag, nested=nested)
    basic = row["basicProfile"]
    vr, given = element_for(tag)
    if not nested and tag in OURS:
        assert tag in result
        return
    if tag in DEVIATIONS:
        return  # the absence of the secret was asserted; the value is tested elsewhere
    present = tag in result
    value = result[tag].value if present else None
    if vr == "UI":
        assert (basic[0] == "X" and not present) or str(value).startswith("2.25.")
    elif "rtnLongModifDatesOpt" in row and vr in ("DA", "DT"):
        assert str(value)[8:] == str(given)[8:] and str(value)[:8] != str(given)[:8]
    elif "rtnLongModifDatesOpt" in row and vr == "TM":
        assert value == given
    elif row.get("rtnPatCharsOpt") == "K":
        expected = "090Y" if vr == "AS" else given
        assert vr in ("LO", "SH", "CS", "LT") or value == expected
    elif tag in KEPT_DEVICE:
        assert present
    elif vr == "SQ":
        assert not present or SECRET not in str(value)
    elif ("cleanDescOpt" in row or row.get("rtnPatCharsOpt") == "C") and vr in (
        "LO",
        "SH",
        "ST",
        "LT",
        "UT",
        "UC",
    ):
        assert value == "liver"
    elif basic == "X":
        assert not present
    elif basic in ("Z", "X/Z"):
        assert (not present and basic == "X/Z") or not value or (nested and tag in OURS)
    else:
        assert "D" in basic
        assert value not in (None, "", given)


def test_the_table_is_the_one_the_profile_was_built_from() -> None:
    assert len(ROWS) == 659
    assert {row["edition"] for row in ROWS} == {"2024b", "2026c (basic column only)"}
