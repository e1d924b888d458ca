"""Searches match as PS3.4 C.2.2.2 says and answer as PS3.18 10.6 says."""

from __future__ import annotations

from typing import Any

import pytest

from studies.scoping import scope
from tests.imaging.dicomweb.archive_world import asking, stored_series, three_frames
from tests.reads.read_world import make_read_study
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

STUDIES = "/dicomweb/ALPHA/studies"


@pytest.fixture
def world() -> StudyWorld:
    return make_read_study()


def dated(day: str, name: str = "101-001", patient: str = "") -> Any:
    def change(ds: Any) -> None:
        ds.StudyDate, ds.PatientName = day, name
        ds.PatientID = patient or name

    return change


def three_studies(world: StudyWorld) -> list[Any]:
    """Store a study of one series at each visit of the first subject, a month apart."""
    with scope(world.study):
        points = world.time_points(world.subjects[0])
    changes = [
        dated("20240105", "Alpha^One", "P-1"),
        dated("20240205", "Alpha^Two", "P-2"),
        dated("20240305", "Beta^Three", "P-3"),
    ]
    return [
        stored_series(world, point, change=change, count=2)
        for point, change in zip(points, changes, strict=True)
    ]


def days(found: Any) -> list[str]:
    return [one["00080020"]["Value"][0] for one in found.json()]


def test_studies_are_found_with_what_the_standard_asks_for(world: StudyWorld) -> None:
    rows = three_studies(world)
    client = asking(world, "image_operations")
    answer = client.get(STUDIES)
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/dicom+json"
    assert days(answer) == ["20240105", "20240205", "20240305"]
    first = answer.json()[0]
    assert first["0020000D"]["Value"] == [rows[0].imaging_study.uid]
    assert first["00080061"] == {"vr": "CS", "Value": ["CT"]}
    assert first["00201206"] == {"vr": "IS", "Value": [1]}
    assert first["00201208"] == {"vr": "IS", "Value": [2]}
    assert first["00080056"] == {"vr": "CS", "Value": ["ONLINE"]}
    assert first["00081190"]["Value"] == [f"http://testserver{STUDIES}/{rows[0].imaging_study.uid}"]
    assert "00080050" in first
    assert "00081030" in first


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("StudyDate=20240205", ["20240205"]),
        ("StudyDate=20240201-20240229", ["20240205"]),
        ("StudyDate=20240205-", ["20240205", "20240305"]),
        ("StudyDate=-20240205", ["20240105", "20240205"]),
        ("00080020=20240105-20240205", ["20240105", "20240205"]),
        ("PatientName=Alpha*", ["20240105", "20240205"]),
        ("PatientName=alpha%5ETwo", ["20240205"]),
        ("PatientName=*T?o", ["20240205"]),
        ("PatientID=P-3", ["20240305"]),
        ("PatientID=P-%3F", ["20240105", "20240205", "20240305"]),
        ("PatientID=p-3", []),
        ("ModalitiesInStudy=CT", ["20240105", "20240205", "20240305"]),
        ("ModalitiesInStudy=MR", []),
        ("NumberOfStudyRelatedInstances=2&StudyDate=20240305", ["20240305"]),
        ("StudyTime=101500", ["20240105", "20240205", "20240305"]),
        ("StudyTime=1016-1100", []),
        ("StudyTime=10-10", ["20240105", "20240205", "20240305"]),
        ("PatientID=", ["20240105", "20240205", "20240305"]),
        ("limit=1", ["20240105"]),
        ("limit=1&offset=1", ["20240205"]),
        ("offset=3", []),
        ("PatientName=Alpha*&limit=1&offset=1", ["20240205"]),
    ],
)
def test_matching(world: StudyWorld, asked: str, expected: list[str]) -> None:
    three_studies(world)
    assert days(asking(world, "scientific").get(f"{STUDIES}?{asked}")) == expected


def test_a_list_of_identifiers_matches_each_of_them(world: StudyWorld) -> None:
    rows = three_studies(world)
    uids = [row.imaging_study.uid for row in rows]
    client = asking(world, "scientific")
    for asked in (
        f"StudyInstanceUID={uids[0]},{uids[2]}",
        f"StudyInstanceUID={uids[0]}%5C{uids[2]}",
        f"StudyInstanceUID={uids[0]}&StudyInstanceUID={uids[2]}",
    ):
        assert days(client.get(f"{STUDIES}?{asked}")) == ["20240105", "20240305"]


def test_fuzzy_matching_is_refused_with_a_warning(world: StudyWorld) -> None:
    three_studies(world)
    answer = asking(world, "scientific").get(f"{STUDIES}?PatientName=Alfa*&fuzzymatching=true")
    assert answer.status_code == 200
    assert answer.json() == []
    assert answer["Warning"].startswith("299 testserver ")
    assert "fuzzymatching parameter is not supported" in answer["Warning"]


def test_more_results_than_were_asked_for_are_announced(world: StudyWorld) -> None:
    three_studies(world)
    client = asking(world, "scientific")
    assert "more results" in client.get(f"{STUDIES}?limit=2")["Warning"]
    assert "Warning" not in client.get(f"{STUDIES}?limit=3")


@pytest.mark.parametrize(
    "asked",
    ["StudyDate=yesterday", "NoSuchAttribute=1", "limit=many", "offset=-1", "StudyDate=2024-01-01"],
)
def test_a_query_that_cannot_be_read_says_why(world: StudyWorld, asked: str) -> None:
    answer = asking(world, "scientific").get(f"{STUDIES}?{asked}")
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_series_and_instances_are_found_at_every_level(world: StudyWorld) -> None:
    rows = three_studies(world)
    client = asking(world, "image_operations")
    study, uid = rows[0].imaging_study.uid, rows[0].uid
    (series,) = client.get(f"{STUDIES}/{study}/series").json()
    assert series["0020000E"]["Value"] == [uid]
    assert series["00201209"] == {"vr": "IS", "Value": [2]}
    assert series["00080060"] == {"vr": "CS", "Value": ["CT"]}
    assert series["00081190"]["Value"] == [f"http://testserver{STUDIES}/{study}/series/{uid}"]
    found = client.get(f"{STUDIES}/{study}/series/{uid}/instances").json()
    assert [one["00200013"]["Value"] for one in found] == [[1], [2]]
    first = found[0]
    assert first["00080018"]["Value"] == [f"{uid}.1"]
    assert first["00080016"]["Value"] == ["1.2.840.10008.5.1.4.1.1.2"]
    assert first["00280010"]["Value"] == [8]
    assert first["00083002"]["Value"] == ["1.2.840.10008.1.2.1"]
    assert len(client.get(f"{STUDIES}/{study}/instances").json()) == 2
    assert len(client.get("/dicomweb/ALPHA/series").json()) == 3
    assert len(client.get("/dicomweb/ALPHA/instances").json()) == 6
    assert len(client.get("/dicomweb/ALPHA/instances?limit=4&offset=3").json()) == 3
    only = client.get(f"/dicomweb/ALPHA/instances?SOPInstanceUID={uid}.2").json()
    assert [one["00080018"]["Value"] for one in only] == [[f"{uid}.2"]]
    assert len(client.get("/dicomweb/ALPHA/series?Modality=CT").json()) == 3
    assert client.get("/dicomweb/ALPHA/series?SeriesNumber=7").json() == []
    assert len(client.get("/dicomweb/ALPHA/instances?Modality=CT&InstanceNumber=1").json()) == 3


def test_further_attributes_come_when_they_are_asked_for(world: StudyWorld) -> None:
    rows = three_studies(world)
    client = asking(world, "image_operations")
    place = f"{STUDIES}/{rows[0].imaging_study.uid}/series/{rows[0].uid}/instances"
    assert "00180050" not in client.get(place).json()[0]
    asked = client.get(f"{place}?includefield=SliceThickness,00180060").json()[0]
    assert asked["00180050"]["Value"] == [5.0]
    assert asked["00180060"]["Value"] == [120.0]
    every = client.get(f"{place}?includefield=all").json()[0]
    assert every["00181210"]["Value"] == ["B30f"]
    assert every["7FE00010"]["BulkDataURI"].startswith("http://testserver/dicomweb/ALPHA/studies/")
    matched = client.get(f"{place}?SliceThickness=5").json()
    assert len(matched) == 2
    assert client.get(f"{place}?SliceThickness=3").json() == []


def test_attributes_inside_sequences_are_matched_by_their_path(world: StudyWorld) -> None:
    from pydicom.dataset import Dataset

    def requested(ds: Dataset) -> None:
        item = Dataset()
        item.ScheduledProcedureStepID, item.RequestedProcedureID = "SPS7", "RP7"
        ds.RequestAttributesSequence = [item]

    with scope(world.study):
        point = world.time_points(world.subjects[0])[0]
    stored_series(world, point, change=requested, count=1)
    client = asking(world, "image_operations")
    path = "RequestAttributesSequence.ScheduledProcedureStepID"
    assert len(client.get(f"/dicomweb/ALPHA/series?{path}=SPS7").json()) == 1
    assert client.get(f"/dicomweb/ALPHA/series?{path}=SPS8").json() == []
    assert len(client.get("/dicomweb/ALPHA/series?00400275.00400009=SPS*").json()) == 1


def test_frames_are_counted_where_there_are_several(world: StudyWorld) -> None:
    with scope(world.study):
        point = world.time_points(world.subjects[0])[0]
    row = stored_series(world, point, make=three_frames, count=1)
    found = asking(world, "scientific").get(
        f"{STUDIES}/{row.imaging_study.uid}/series/{row.uid}/instances"
    )
    assert found.json()[0]["00280008"] == {"vr": "IS", "Value": [3]}


def test_other_forms_of_results_are_refused_clearly(world: StudyWorld) -> None:
    client = asking(world, "scientific")
    xml = client.get(STUDIES, headers={"Accept": 'multipart/related; type="application/dicom+xml"'})
    assert xml.status_code == 406
    assert "application/dicom+json" in xml.json()["available"]
    plain = client.get(STUDIES, headers={"Accept": "application/json"})
    assert plain["Content-Type"] == "application/json"
    assert client.get(f"{STUDIES}?accept=application/dicom%2Bjson").status_code == 200
