"""Objects, frames, metadata and bulk data are what was stored, in the form that was asked for."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
from pydicom import dcmread

from imaging.models import InstanceIndex, SeriesDocument
from studies.scoping import scope
from tests.imaging.dicomweb.archive_world import (
    JSON,
    OBJECTS,
    OCTETS,
    asking,
    bit_frames,
    compressed,
    parts_of,
    pixels_of,
    slice_of,
    stored_series,
    three_frames,
)
from tests.reads.read_world import make_read_study
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    return make_read_study()


def first_visit(world: StudyWorld) -> Any:
    with scope(world.study):
        return world.time_points(world.subjects[0])[0]


def address(row: Any, number: int | None = None) -> str:
    series = f"/dicomweb/ALPHA/studies/{row.imaging_study.uid}/series/{row.uid}"
    return series if number is None else f"{series}/instances/{row.uid}.{number}"


def test_an_object_comes_as_it_was_stored(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world))
    client = asking(world, "image_operations")
    answer = client.get(address(row, 2), headers={"Accept": OBJECTS})
    assert answer.status_code == 200
    ((head, content),) = parts_of(answer)
    assert head["Content-Type"] == "application/dicom; transfer-syntax=1.2.840.10008.1.2.1"
    ds = dcmread(io.BytesIO(content))
    assert ds.SOPInstanceUID == f"{row.uid}.2"
    assert ds.PixelData == pixels_of(2)
    single = client.get(address(row, 2), headers={"Accept": "application/dicom"})
    assert b"".join(single) == content
    assert single["Content-Length"] == str(len(content))


def test_a_series_and_a_study_come_in_one_part_for_each_object(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world))
    client = asking(world, "scientific")
    study = f"/dicomweb/ALPHA/studies/{row.imaging_study.uid}"
    for place in (address(row), study):
        found = parts_of(client.get(place, headers={"Accept": OBJECTS}))
        uids = [str(dcmread(io.BytesIO(content)).SOPInstanceUID) for _, content in found]
        assert uids == [f"{row.uid}.{n}" for n in (1, 2, 3)]


def test_a_frame_is_the_byte_range_of_the_stored_object(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world), make=three_frames, count=1)
    client = asking(world, "image_operations")
    place = f"{address(row, 1)}/frames"
    ((head, content),) = parts_of(client.get(f"{place}/2", headers={"Accept": OCTETS}))
    assert head["Content-Type"] == ("application/octet-stream; transfer-syntax=1.2.840.10008.1.2.1")
    assert content == bytes([2] * 16)
    found = parts_of(client.get(f"{place}/3,1", headers={"Accept": OCTETS}))
    assert [content for _, content in found] == [bytes([3] * 16), bytes([1] * 16)]
    single = client.get(f"{place}/1", headers={"Accept": "application/octet-stream"})
    assert single.content == bytes([1] * 16)
    assert client.get(f"{place}/4").status_code == 404
    for wrong in ("0", "1,", "a"):
        assert client.get(f"{place}/{wrong}").status_code in {400, 404}


def test_frames_that_begin_inside_a_byte_are_cut_to_bits(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world), make=bit_frames, count=1)
    client = asking(world, "image_operations")
    place = f"{address(row, 1)}/frames"
    first, second = (
        client.get(f"{place}/{n}", headers={"Accept": "application/octet-stream"}).content
        for n in (1, 2)
    )
    # 9 bits each, the lowest bit first: 1 0 1 0 1 0 1 0 | 1 and 1 1 1 1 1 1 1 1 | 1.
    assert first == bytes([0b01010101, 0b00000001])
    assert second == bytes([0b11111111, 0b00000001])


def test_a_compressed_frame_keeps_its_compression_or_is_refused_clearly(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world), make=compressed, count=1)
    client = asking(world, "image_operations")
    place = f"{address(row, 1)}/frames/1"
    codestream = parts_of(
        client.get(place, headers={"Accept": 'multipart/related; type="image/jp2"'})
    )[0][1]
    assert codestream.startswith(b"\xff\x4f")
    asked = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    ((head, content),) = parts_of(client.get(place, headers={"Accept": asked}))
    assert content == codestream
    assert head["Content-Type"] == "image/jp2; transfer-syntax=1.2.840.10008.1.2.4.90" or (
        head["Content-Type"] == "application/octet-stream; transfer-syntax=1.2.840.10008.1.2.4.90"
    )
    refused = client.get(place, headers={"Accept": OCTETS})
    assert refused.status_code == 406
    assert refused["Content-Type"] == "application/problem+json"
    assert (
        'multipart/related; type="image/jp2"; transfer-syntax=1.2.840.10008.1.2.4.90'
        in refused.json()["available"]
    )
    whole = client.get(address(row, 1), headers={"Accept": OBJECTS})
    assert whole.status_code == 406
    any_syntax = client.get(address(row, 1), headers={"Accept": f"{OBJECTS}; transfer-syntax=*"})
    assert dcmread(io.BytesIO(parts_of(any_syntax)[0][1])).Rows == 64


def test_an_implicit_object_is_sent_as_explicit(world: StudyWorld) -> None:
    from pydicom.uid import ImplicitVRLittleEndian

    def implicit(ds: Any) -> None:
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian

    row = stored_series(world, first_visit(world), count=1, change=implicit)
    client = asking(world, "image_operations")
    ((head, content),) = parts_of(client.get(address(row, 1), headers={"Accept": OBJECTS}))
    ds = dcmread(io.BytesIO(content))
    assert ds.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert head["Content-Length"] == str(len(content))
    assert ds == dcmread(io.BytesIO(content))
    assert (ds.PixelData, ds.KVP, ds.PixelSpacing) == (pixels_of(1), "120", [0.7, 0.7])


def test_metadata_are_dicom_json_with_addresses_for_large_values(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world))
    client = asking(world, "image_operations")
    answer = client.get(f"{address(row)}/metadata")
    assert answer["Content-Type"] == JSON
    found = answer.json()
    assert [one["00080018"]["Value"][0] for one in found] == [f"{row.uid}.{n}" for n in (1, 2, 3)]
    first = found[0]
    assert first["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "101-001"}]}
    assert first["00101030"] == {"vr": "DS", "Value": [70.5]}
    assert first["00280010"] == {"vr": "US", "Value": [8]}
    assert first["00080005"] == {"vr": "CS", "Value": ["ISO_IR 192"]}
    place = first["7FE00010"]["BulkDataURI"]
    assert place == f"http://testserver{address(row, 1)}/bulkdata/7FE00010"
    ((_, pixels),) = parts_of(
        client.get(place.removeprefix("http://testserver"), headers={"Accept": OCTETS})
    )
    assert pixels == pixels_of(1)
    one = client.get(f"{address(row, 1)}/metadata").json()
    assert one == [first]


def test_metadata_are_stored_once_and_not_made_again(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world))
    client = asking(world, "image_operations")
    first = client.get(f"{address(row)}/metadata")
    again = client.get(f"{address(row)}/metadata", headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert SeriesDocument.objects.count() == 1


def test_what_the_asker_holds_is_not_sent_again(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world))
    client = asking(world, "image_operations")
    for place in ("", "/frames/1", "/metadata", "/rendered", "/thumbnail"):
        tag = client.get(f"{address(row, 1)}{place}")["ETag"]
        answer = client.get(f"{address(row, 1)}{place}", headers={"If-None-Match": tag})
        assert answer.status_code == 304, place
        other = client.get(f"{address(row, 1)}{place}", headers={"If-None-Match": '"x"'})
        assert other.status_code == 200, place


def test_head_tells_what_get_would_answer_without_its_content(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world))
    client = asking(world, "image_operations")
    for place in (address(row, 1) + "/frames/1", address(row) + "/metadata"):
        head, get = client.head(place), client.get(place)
        assert head.status_code == 200
        assert head["ETag"] == get["ETag"]
        assert b"".join(head) == b""


def test_large_values_inside_sequences_have_addresses_of_their_own(world: StudyWorld) -> None:
    from pydicom.dataset import Dataset

    def with_table(ds: Dataset) -> None:
        item = Dataset()
        item.LUTDescriptor, item.LUTData = [2048, 0, 16], b"\1\2" * 2048
        item["LUTData"].VR = "OW"
        ds.VOILUTSequence = [item]

    row = stored_series(world, first_visit(world), count=1, change=with_table)
    client = asking(world, "image_operations")
    found = client.get(f"{address(row, 1)}/metadata").json()[0]
    place = found["00283010"]["Value"][0]["00283006"]["BulkDataURI"]
    assert place.endswith("/bulkdata/00283010/0/00283006")
    answer = client.get(place.removeprefix("http://testserver"))
    assert parts_of(answer)[0][1] == b"\1\2" * 2048
    every = parts_of(client.get(f"{address(row, 1)}/bulkdata"))
    assert [content for _, content in every] == [b"\1\2" * 2048, pixels_of(1)]


def test_pictures_are_rendered_with_the_window_that_is_asked_for(world: StudyWorld) -> None:
    from PIL import Image

    row = stored_series(world, first_visit(world), count=1)
    client = asking(world, "image_operations")
    png = {"Accept": "image/png"}
    # PS3.3 C.11.2.1.2.1 with centre 104 and width 8: 100 -> 0, 107 -> 255, 36.4 apart
    answer = client.get(f"{address(row, 1)}/rendered?window=104,8,LINEAR", headers=png)
    values = np.asarray(Image.open(io.BytesIO(answer.content)))
    assert values[0].tolist() == [0, 36, 73, 109, 146, 182, 219, 255]
    small = client.get(f"{address(row, 1)}/rendered?viewport=4,4", headers=png)
    assert Image.open(io.BytesIO(small.content)).size == (4, 4)
    assert client.get(f"{address(row, 1)}/rendered").content.startswith(b"\xff\xd8")
    assert client.get(f"{address(row)}/thumbnail").content.startswith(b"\xff\xd8")
    assert client.get(f"{address(row, 1)}/rendered?window=a,b").status_code == 400
    refused = client.get(f"{address(row, 1)}/rendered", headers={"Accept": "image/gif"})
    assert refused.status_code == 406
    series = client.get(
        f"{address(row)}/rendered", headers={"Accept": 'multipart/related; type="image/png"'}
    )
    assert len(parts_of(series)) == 1


def test_a_compressed_image_is_rendered_in_a_child_process(world: StudyWorld) -> None:
    from PIL import Image

    row = stored_series(world, first_visit(world), make=compressed, count=1)
    client = asking(world, "image_operations")
    answer = client.get(
        f"{address(row, 1)}/rendered?window=2048,4096", headers={"Accept": "image/png"}
    )
    values = np.asarray(Image.open(io.BytesIO(answer.content)))
    # The values run from 0 to 4095 line by line.
    assert values[0, 0] < 3
    assert values[-1, -1] > 252


def test_what_does_not_exist_answers_one_text(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world))
    client = asking(world, "image_operations")
    study = f"/dicomweb/ALPHA/studies/{row.imaging_study.uid}"
    places = [
        "/dicomweb/ALPHA/studies/1.2.3",
        "/dicomweb/ALPHA/studies/1.2.3/metadata",
        f"{study}/series/1.2.3/metadata",
        f"{address(row)}/instances/1.2.3/frames/1",
        f"{address(row, 1)}/bulkdata/00420011",
        f"{address(row, 1)}/nothing",
        "/dicomweb/NOSTUDY/studies",
    ]
    bodies = []
    for place in places:
        answer = client.get(place)
        assert answer.status_code == 404, place
        assert answer["Content-Type"] == "application/problem+json"
        body = answer.json()
        body.pop("instance")
        bodies.append(json.dumps(body))
    assert len(set(bodies)) == 1


def test_offsets_of_the_index_point_at_the_pixels(world: StudyWorld) -> None:
    row = stored_series(world, first_visit(world), count=1)
    index = InstanceIndex.objects.get(series=row)
    from imaging.storage import research

    content = research().read(index.sha256)
    assert content[index.pixel_at :] == pixels_of(1)
    assert (index.frame_bytes, index.frames, index.fragments) == (128, 1, None)
    assert slice_of("1.2", "1.3", 1).PixelData == content[-128:]
