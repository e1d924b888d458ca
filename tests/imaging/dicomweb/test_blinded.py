"""A reader's DICOMweb holds the pinned package under neutral names, and nothing else of anything.

Canaries are planted in every attribute of the dictionary that a reader must not see, in private
elements, nested items, names of people and sites, and looked for in every answer, error and header.
"""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from django.test import Client
from pydicom import dcmread
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataset import Dataset

from audit.models import Event
from imaging.dicomweb import accesses
from imaging.dicomweb.allowed import ALLOWED, EMPTIED
from imaging.services import package
from reads.services import settling
from studies.models import Configuration
from studies.scoping import scope
from tests.imaging.dicomweb.archive_world import (
    JSON,
    OBJECTS,
    OCTETS,
    add_objects,
    asking,
    keep,
    key_of,
    parts_of,
    pixels_of,
    stored_series,
)
from tests.reads.read_world import (
    READERS,
    disagreement,
    logged_in,
    make_read_study,
    read_baseline,
    ready,
    run_jobs,
    task_of,
)
from tests.reads.test_blinding import canary, plant, spellings
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

TEXT = frozenset("AE CS LO LT PN SH ST UC UR UT AS".split())
#: attributes that readers get in another form, or that hold no free text
REWRITTEN = frozenset({0x00080005, *EMPTIED}) - frozenset(EMPTIED)
BASE = "/dicomweb/ALPHA"


def planted_everywhere(words: dict[str, str]) -> Any:
    """Return a change that plants a canary into every text attribute that readers must not see."""

    def change(ds: Dataset) -> None:
        for tag, (vr, _multiplicity, _name, retired, keyword) in sorted(DicomDictionary.items()):
            group = tag >> 16
            if vr not in TEXT or tag in ALLOWED or group in {0, 2, 4, 6} or retired or not keyword:
                continue
            word = words.setdefault(keyword, canary())
            ds.add_new(tag, vr, word.upper()[:16] if vr in {"CS", "AE", "SH"} else word)
        block = ds.private_block(0x0009, words.setdefault("creator", canary()), create=True)
        block.add_new(1, "LO", words.setdefault("private", canary()))
        item = Dataset()
        item.CodeValue, item.CodingSchemeDesignator = "113100", "DCM"
        item.CodeMeaning = words.setdefault("meaning", canary())
        item.PatientComments = words.setdefault("nested", canary())
        ds.AnatomicRegionSequence = [item]
        hidden = Dataset()
        hidden.ScheduledProcedureStepDescription = words.setdefault("request", canary())
        ds.RequestAttributesSequence = [hidden]
        # Allowed attributes that hold what they must not.
        ds.ConvolutionKernel = "B30f"
        ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = "20380719"

    return change


def with_images(world: StudyWorld, built: Any, change: Any = lambda ds: None) -> Any:
    """Give the series of a package images, and index it."""
    from audit.actors import acting
    from imaging.dicomweb.indexing import index_series
    from tests.world import BUILDER

    with scope(world.study), acting(BUILDER):
        row = built.entries.get().series
        add_objects(row, range(1, 4), change=change)
        index_series(row)
    return row


def address(row: Any, number: int | None = None) -> str:
    series = f"{BASE}/studies/{row.imaging_study.uid}/series/{row.uid}"
    return series if number is None else f"{series}/instances/{row.uid}.{number}"


def every_address(row: Any) -> list[tuple[str, str]]:
    """Return every kind of address about a series, with an Accept that it answers."""
    study = f"{BASE}/studies/{row.imaging_study.uid}"
    one = address(row, 1)
    return [
        (f"{BASE}/studies", JSON),
        (f"{BASE}/studies?includefield=all", JSON),
        (f"{BASE}/series?includefield=all", JSON),
        (f"{BASE}/instances?includefield=all", JSON),
        (f"{study}/series?includefield=all", JSON),
        (f"{study}/instances?includefield=all", JSON),
        (f"{address(row)}/instances?includefield=all", JSON),
        (f"{study}/metadata", JSON),
        (f"{address(row)}/metadata", JSON),
        (f"{one}/metadata", JSON),
        (study, OBJECTS),
        (address(row), OBJECTS),
        (one, OBJECTS),
        (one, "application/dicom"),
        (f"{one}/frames/1", OCTETS),
        (f"{one}/bulkdata", OCTETS),
        (f"{one}/bulkdata/7FE00010", OCTETS),
        (f"{one}/rendered", "image/png"),
        (f"{one}/thumbnail", "image/jpeg"),
        (f"{address(row)}/thumbnail", "image/jpeg"),
        (f"{study}/thumbnail", "image/jpeg"),
        (f"{address(row)}/rendered", 'multipart/related; type="image/png"'),
        (f"{one}/frames/1/rendered", "image/jpeg"),
        # errors
        (one, "image/gif"),
        (f"{one}/frames/9", OCTETS),
        (f"{one}/bulkdata/00091001", OCTETS),
        (f"{BASE}/studies?StudyDate=x", JSON),
        (f"{BASE}/nothing", JSON),
    ]


def answers(client: Client, places: list[tuple[str, str]]) -> dict[str, tuple[int, bytes]]:
    """Fetch everything: address -> status and headers with content."""
    seen = {}
    for place, accept in places:
        answer = client.get(place, headers={"Accept": accept})
        body = b"".join(answer) if answer.streaming else answer.content
        head = "\n".join(f"{name}: {value}" for name, value in answer.items()).encode()
        seen[f"{place} {accept}"] = (answer.status_code, head + b"\n" + body)
    return seen


def leaks(seen: dict[str, tuple[int, bytes]], words: dict[str, str]) -> list[str]:
    """Name every canary that came out, and where."""
    return sorted(
        f"{name} at {place}"
        for name, word in words.items()
        for place, (_, content) in seen.items()
        if any(s.lower() in content.lower() for s in (*spellings(word), word[:14].encode()))
    )


@pytest.fixture
def world() -> StudyWorld:
    return make_read_study()


def test_no_canary_of_a_blinded_attribute_reaches_a_reader_or_an_adjudicator(
    world: StudyWorld,
) -> None:
    words: dict[str, str] = {}
    with scope(world.study):
        words |= plant(world)
        case = disagreement(world)
        change = planted_everywhere(words)
        points = world.time_points(world.subjects[0])
        rows = [with_images(world, package.released(point), change) for point in points[:2]]
        settling.claim(case, actor=world.actor("adjudicator"))
        stream = task_of(world, READERS[0], 1).stream
    assert len(words) > 500
    words["study date"] = "20380719"
    # The canaries are there to be found: staff see them in a series of the same kind.
    beside = stored_series(world, points[2], change=change)
    staff = answers(asking(world, "image_operations"), [(f"{address(beside)}/metadata", JSON)])
    assert len(leaks(staff, words)) > 500
    for name in (READERS[0], "adjudicator"):
        client = asking(world, name)
        for row in rows:
            seen = answers(client, every_address(row))
            good = [place for place, (status, _) in seen.items() if status == 200]
            assert len(good) == 23, sorted(set(seen) - set(good))
            assert leaks(seen, words) == []
    found = asking(world, READERS[0]).get(f"{address(rows[1], 1)}", headers={"Accept": OBJECTS})
    ds = dcmread(io.BytesIO(parts_of(found)[0][1]))
    assert (ds.PatientID, str(ds.PatientName)) == (stream.label, stream.label)
    assert (ds.StudyDescription, ds.ClinicalTrialTimePointID) == ("TP2", "TP2")
    assert ds.SeriesDescription == "CT, series 1"
    assert (ds.StudyDate, ds.AcquisitionDate, ds.AccessionNumber) == ("19000101", "19000101", "")
    assert (ds.PatientSex, ds.PatientWeight, ds.ConvolutionKernel) == ("F", 70.5, "B30f")
    assert ds.AnatomicRegionSequence[0].CodeMeaning == "113100"
    assert "PatientComments" not in ds.AnatomicRegionSequence[0]
    assert ds.PixelData == pixels_of(1)
    assert (ds.PixelSpacing, ds.ImagePositionPatient) == ([0.7, 0.7], [0, 0, -5])


def two_visits(world: StudyWorld) -> tuple[Any, Any]:
    """Make two visits ready to read, with images, unread."""
    with scope(world.study):
        for point in world.time_points(world.subjects[0])[:2]:
            ready(world, point)
        run_jobs()
        return tuple(
            with_images(world, package.released(point))
            for point in world.time_points(world.subjects[0])[:2]
        )  # type: ignore[return-value]


def test_a_later_time_point_does_not_exist_until_the_earlier_one_is_signed(
    world: StudyWorld,
) -> None:
    first, second = two_visits(world)
    client = asking(world, READERS[0])
    listed = client.get(f"{BASE}/studies").json()
    assert [one["0020000D"]["Value"][0] for one in listed] == [first.imaging_study.uid]
    assert len(client.get(f"{BASE}/instances").json()) == 3
    assert len(client.get(f"{BASE}/series").json()) == 1
    for place, accept in every_address(second):
        locked = client.get(place, headers={"Accept": accept})
        unknown_place = place.replace(second.imaging_study.uid, "1.2.999").replace(
            second.uid, "1.2.999.1"
        )
        unknown = client.get(unknown_place, headers={"Accept": accept})
        assert locked.status_code == unknown.status_code, place
        if locked.status_code == 404:
            assert _said(locked) == _said(unknown)
        if second.uid in place:
            assert locked.status_code == 404 or locked.json() == [], place
    by_uid = client.get(f"{BASE}/studies?StudyInstanceUID={second.imaging_study.uid}")
    assert by_uid.json() == []
    with scope(world.study):
        read_baseline(world, READERS[0], "40.0")
    listed = client.get(f"{BASE}/studies").json()
    assert len(listed) == 2
    assert client.get(f"{address(second, 1)}/frames/1").status_code == 200


def _said(answer: Any) -> dict[str, Any]:
    body = json.loads(answer.content)
    body.pop("instance")
    return {**body, "headers": sorted(answer.headers)}


def test_searches_of_a_reader_match_what_the_reader_sees_only(world: StudyWorld) -> None:
    first, _ = two_visits(world)
    with scope(world.study):
        label = task_of(world, READERS[0], 1).stream.label
    client = asking(world, READERS[0])
    assert len(client.get(f"{BASE}/studies?PatientID={label}").json()) == 1
    hidden = (
        "PatientID=101-001",
        "PatientName=101*",
        "StudyDate=20240305",
        "StudyDescription=CHEST",
        "ClinicalTrialSiteID=*",
    )
    for asked in hidden:
        assert client.get(f"{BASE}/studies?{asked}").json() == [], asked
    assert client.get(f"{BASE}/series?SeriesDescription=AXIAL*").json() == []
    (study,) = client.get(f"{BASE}/studies").json()
    assert study["00201206"]["Value"] == [1]
    assert study["00201208"]["Value"] == [3]
    assert study["00100020"]["Value"] == [label]
    assert first.imaging_study.uid in json.dumps(study)


def test_another_series_of_the_same_examination_outside_the_package_is_absent(
    world: StudyWorld,
) -> None:
    from audit.actors import acting
    from imaging.dicomweb.indexing import index_series
    from imaging.models import Series
    from tests.imaging.dicomweb.archive_world import bytes_of, slice_of
    from tests.world import BUILDER

    first, _ = two_visits(world)
    with scope(world.study), acting(BUILDER):
        other = Series(
            study=world.study,
            imaging_study=first.imaging_study,
            submission=first.submission,
            uid=f"{first.uid}.77",
            original_key="7" * 64,
            modality="CT",
        )
        other.save()
        ds = slice_of(other.uid, first.imaging_study.uid, 1)
        keep(other, bytes_of(ds), uid=ds.SOPInstanceUID, number=1)
        index_series(other)
    client = asking(world, READERS[0])
    (study,) = client.get(f"{BASE}/studies").json()
    assert study["00201206"]["Value"] == [1]
    assert client.get(f"{address(other)}/metadata").status_code == 404
    found = client.get(f"{BASE}/studies/{first.imaging_study.uid}", headers={"Accept": OBJECTS})
    assert len(parts_of(found)) == 3


def test_the_pinned_package_stays_what_it_was_when_a_newer_one_is_released(
    world: StudyWorld,
) -> None:
    first, _ = two_visits(world)
    with scope(world.study):
        point = world.time_points(world.subjects[0])[0]
    newer = stored_series(world, point, count=1)
    client = asking(world, READERS[0])
    listed = client.get(f"{BASE}/series").json()
    assert [one["0020000E"]["Value"][0] for one in listed] == [first.uid]
    assert client.get(f"{address(newer)}/metadata").status_code == 404


def test_the_pinned_blinding_profile_can_hide_more_than_the_list_of_allowed_attributes(
    world: StudyWorld,
) -> None:
    from tests.world import _configure

    with scope(world.study):
        _configure(
            world,
            Configuration.Kind.BLINDING,
            "blinding",
            "Blinding B-2",
            {"hide": ["site", "subject", "equipment"]},
        )
    first, _ = two_visits(world)
    found = asking(world, READERS[0]).get(f"{address(first, 1)}/metadata").json()[0]
    assert "00080070" not in found
    assert "00081090" not in found
    # This profile leaves dates as the de-identification shifted them.
    assert found["00080020"]["Value"] == ["20240305"]


def test_an_access_of_a_reader_is_one_event_for_each_series(world: StudyWorld) -> None:
    first, _ = two_visits(world)
    client = Client(headers={"Authorization": key_of(world, READERS[0])})
    accesses.forget()
    for number in (1, 2, 3):
        assert client.get(f"{address(first, number)}/frames/1").status_code == 200
    client.get(f"{address(first)}/metadata")
    (event,) = Event.objects.filter(kind="archive.retrieve")
    assert event.object_id == str(first.pk)
    assert event.actor_id == world.users[READERS[0]].pk
    assert event.actor_role == "central_reader"
    assert event.address == "127.0.0.1"
    client.get(f"{BASE}/studies/1.2.3/series/1.2.3/metadata")
    assert Event.objects.filter(kind="archive.retrieve").count() == 1


def test_a_log_in_serves_readers_as_a_key_does(world: StudyWorld) -> None:
    first, second = two_visits(world)
    client = logged_in(world, READERS[1])
    assert client.get(f"{address(first, 1)}/frames/1").status_code == 200
    assert client.get(f"{address(second, 1)}/frames/1").status_code == 404
