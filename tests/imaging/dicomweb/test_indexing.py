"""The index is made once per series, is the same when it is made again, and can be filled in."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st
from pydicom import dcmread
from pydicom.dataset import Dataset

from audit.actors import acting
from imaging.dicomweb.indexing import index_series
from imaging.dicomweb.matching import Key, matches
from imaging.dicomweb.objects import Describer
from imaging.dicomweb.values import BINARY
from imaging.models import InstanceIndex, SeriesDocument, SeriesIndex, StudyIndex
from imaging.storage import metadata_documents
from studies.scoping import scope
from tests.imaging.dicomweb.archive_world import add_objects, bytes_of, empty_series, slice_of
from tests.imaging.upload_world import in_qc, make_imaging_study
from tests.reads.read_world import make_read_study
from tests.world import BUILDER


@pytest.mark.django_db
def test_a_received_visit_is_indexed_before_quality_control(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path)
        series = row.series.get()
        index = SeriesIndex.objects.get(series=series)
        assert (index.uid, index.instance_count, index.modality) == (series.uid, 12, "CT")
        assert InstanceIndex.objects.filter(series=series).count() == 12
        document = SeriesDocument.objects.get(series=series)
    found = json.loads(metadata_documents().read(document.sha256))
    assert len(found) == 12
    assert {one["0020000E"]["Value"][0] for one in found} == {series.uid}
    study = StudyIndex.objects.get()
    assert study.patient_id == world.subjects[0].code


@pytest.mark.django_db
def test_indexing_again_changes_nothing_and_new_images_are_added() -> None:
    world = make_read_study()
    with scope(world.study), acting(BUILDER):
        row = empty_series(world, world.time_points(world.subjects[0])[0])
        assert not index_series(row)
        add_objects(row, (1, 2))
        assert index_series(row)
        before = list(InstanceIndex.objects.order_by("pk").values())
        assert not index_series(row)
        SeriesIndex.objects.update(members="")
        assert index_series(row)
        assert list(InstanceIndex.objects.order_by("pk").values()) == before
        assert SeriesDocument.objects.count() == 1
        add_objects(row, (3,))
        assert index_series(row)
    assert SeriesIndex.objects.get().instance_count == 3
    assert SeriesDocument.objects.count() == 2


@pytest.mark.django_db
def test_the_command_fills_in_what_is_missing() -> None:
    world = make_read_study()
    with scope(world.study), acting(BUILDER):
        add_objects(empty_series(world, world.time_points(world.subjects[0])[0]), (1, 2))
    out = io.StringIO()
    call_command("index_images", stdout=out)
    call_command("index_images", "--study", "ALPHA", stdout=out)
    assert out.getvalue() == "1 of 1 series were indexed.\n0 of 1 series were indexed.\n"
    assert InstanceIndex.objects.count() == 2


def described(ds: Dataset, tmp_path: Path) -> dict[str, Any]:
    path = tmp_path / "object"
    path.write_bytes(bytes_of(ds))
    return json.loads(Describer().describe(path).metadata)  # type: ignore[no-any-return]


def test_every_kind_of_value_becomes_the_json_of_the_standard(tmp_path: Path) -> None:
    ds = slice_of("1.2", "1.3", 1)
    ds.PatientName = "Yamada^Tarou=山田^太郎=やまだ^たろう"
    ds.ImageComments = "two\\lines stay one text"
    ds.FrameIncrementPointer = 0x00181063
    ds.OtherPatientIDs = ["A", "", "C"]
    ds.PatientComments = ""
    ds.add_new(0x00189087, "FD", 800.5)
    ds.add_new(0x00720069, "OB", b"\x00\x01\x02\xff")
    found = described(ds, tmp_path)
    assert found["00100010"]["Value"] == [
        {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    ]
    assert found["00204000"]["Value"] == ["two\\lines stay one text"]
    assert found["00280009"] == {"vr": "AT", "Value": ["00181063"]}
    assert found["00101000"]["Value"] == ["A", None, "C"]
    assert found["00104000"] == {"vr": "LT"}
    assert found["00189087"] == {"vr": "FD", "Value": [800.5]}
    # RFC 4648: 00 01 02 ff is AAEC/w==
    assert found["00720069"] == {"vr": "OB", "InlineBinary": "AAEC/w=="}


@pytest.mark.corpus
def test_the_json_of_real_headers_is_what_pydicom_makes_of_them(corpus: Path) -> None:
    describer, seen = Describer(), 0
    for path in sorted((corpus / "series").rglob("*.dcm"))[::25]:
        ours = json.loads(describer.describe(path).metadata)
        theirs = dcmread(path).to_json_dict(
            bulk_data_threshold=1024, bulk_data_element_handler=lambda element: "-"
        )
        for tag, value in ours.items():
            # Empty components are null in the standard and empty texts in pydicom; group lengths
            # are left out; unknown and large values have other forms.
            plain = value["vr"] not in {"UN", "SQ"} | BINARY and "BulkDataURI" not in value
            if plain and tag != "00080005" and None not in value.get("Value", []):
                assert value == theirs[tag], (path.name, tag)
        seen += 1
    assert seen > 5


@given(
    low=st.integers(19000101, 21001231),
    day=st.integers(19000101, 21001231),
    high=st.integers(19000101, 21001231),
)
def test_a_day_matches_a_range_exactly_when_it_lies_between_its_ends(
    low: int, day: int, high: int
) -> None:
    attributes = {"00080020": {"vr": "DA", "Value": [str(day)]}}
    key = Key(("00080020",), "DA", f"{low}-{high}")
    assert matches(attributes, [key]) == (low <= day <= high)
    assert matches(attributes, [Key(("00080020",), "DA", f"{low}-")]) == (low <= day)
    assert matches(attributes, [Key(("00080020",), "DA", f"-{high}")]) == (day <= high)


@given(text=st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=12))
def test_wildcards_match_what_they_stand_for(text: str) -> None:
    attributes = {"00081030": {"vr": "LO", "Value": [text]}}

    def found(pattern: str) -> bool:
        return matches(attributes, [Key(("00081030",), "LO", pattern)])

    assert found("*")
    assert found(f"{text}*")
    assert found(f"*{text}")
    assert found("?" * len(text))
    assert not found("?" * (len(text) + 1))
