"""The images of a training case: for the reader in training only, blinded, in their order.

They are read in the reading room of every other read, and a stock viewer finds the same package
by DICOMweb.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.test import Client
from pydicom.dataset import Dataset

from reads.models import TrainingAttempt
from studies.scoping import across_studies
from tests.imaging.dicomweb.archive_world import JSON, OCTETS
from tests.imaging.dicomweb.test_blinded import with_images
from tests.reads.read_world import READERS, logged_in
from tests.reads.test_blinding import canary, spellings
from tests.reads.training_world import make_case, make_trained_study, on_the_way, read_case
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

BASE = "/dicomweb/SCHOOL"


def planted(words: dict[str, str]) -> Any:
    """Return a change that plants canaries where a subject, a site or a visit would be named."""

    def change(ds: Dataset) -> None:
        for keyword in ("InstitutionName", "StudyDescription", "PatientComments", "StationName"):
            word = words.setdefault(keyword, canary())
            setattr(ds, keyword, word)

    return change


def case_with_images(words: dict[str, str]) -> tuple[StudyWorld, StudyWorld, list[Any]]:
    """Return both studies and the series of the case's two time points, canaries in the headers."""
    live, school = make_trained_study()
    make_case(school)
    on_the_way(live)
    with across_studies("a test looks at the case"):
        attempt = TrainingAttempt.objects.get(reader=live.users[READERS[0]], state="open")
        packages = [task.package for task in attempt.stream.tasks.order_by("sequence")]
    rows = [with_images(school, one, change=planted(words)) for one in packages if one]
    return live, school, rows


def get(client: Client, path: str, accept: str = JSON) -> Any:
    return client.get(f"{BASE}/{path}", headers={"accept": accept})


def uids(client: Client) -> list[str]:
    answer = get(client, "series")
    return [one["0020000E"]["Value"][0] for one in json.loads(answer.content or b"[]")]


def frame_of(row: Any) -> str:
    return f"studies/{row.imaging_study.uid}/series/{row.uid}/instances/{row.uid}.1/frames/1"


def test_the_reader_in_training_finds_the_time_point_to_read_blinded_and_nothing_else() -> None:
    words: dict[str, str] = {}
    live, school, (first, second) = case_with_images(words)
    learner = logged_in(live, READERS[0])
    assert uids(learner) == [first.uid]
    assert get(learner, frame_of(first), OCTETS).status_code == 200
    series = f"studies/{first.imaging_study.uid}/series/{first.uid}"
    (one, *_others) = json.loads(get(learner, f"{series}/metadata").content)
    with across_studies("a test looks at the case"):
        label = TrainingAttempt.objects.get(state="open").stream.label
    assert one["00100020"]["Value"] == [label]
    said = b"".join(
        get(learner, path).content
        for path in ("studies?includefield=all", "series?includefield=all", f"{series}/metadata")
    )
    hidden = {*words.values(), school.subjects[0].code}
    assert [word for word in hidden if any(each in said for each in spellings(word))] == []
    assert get(learner, frame_of(second), OCTETS).status_code == 404
    read_case(live, school, "30.0", "15.0")
    assert sorted(uids(learner)) == sorted([first.uid, second.uid])


def test_nobody_else_finds_the_case_there() -> None:
    live, school, (first, _second) = case_with_images({})
    for name, world in (
        (READERS[1], live),
        ("adjudicator", live),
        ("sponsor", live),
        ("site_user_2", school),
    ):
        client = logged_in(world, name)
        assert get(client, frame_of(first), OCTETS).status_code in {403, 404}, name
        assert first.uid not in get(client, "series").content.decode(), name
    elsewhere = logged_in(live, READERS[0]).get(
        f"/dicomweb/ALPHA/{frame_of(first)}", headers={"accept": OCTETS}
    )
    assert elsewhere.status_code == 404
