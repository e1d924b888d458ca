"""Every file of the shared corpus, sent by the browser's requests: outcome and reason as written.

``corpus_expected.csv`` was written by hand, before the first run, from the corpus' manifest, the
decisions and the table of edge cases (imaging, section 9); ``why`` names the rule. Files of one
``upload`` are sent together. A file that arrived whole in a submission that is held for a doubt
about whose images these are is held for that doubt.

The default run sends the smallest uploads in which every outcome and reason of the table occurs,
and one of every folder; the others are marked ``whole`` and sent by ``make test-whole``.
"""

from __future__ import annotations

import csv
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.test import Client
from django.urls import reverse

from audit import jobs
from audit.models import Event
from imaging.models import Submission
from imaging.storage import research
from studies.models import TimePoint
from studies.scoping import scope
from tests.imaging.upload_world import fill_form, make_imaging_study, run_jobs
from tests.rolled_back import rolled_back
from tests.sign_dialogs import typed_into
from tests.world import (
    BACKEND,
    StudyWorld,
)

pytestmark = pytest.mark.corpus
TABLE = Path(__file__).parent / "corpus_expected.csv"


class Expected(NamedTuple):
    """One line of the table."""

    path: str
    outcome: str
    code: str


def _uploads() -> dict[str, list[Expected]]:
    found: dict[str, list[Expected]] = {}
    with TABLE.open(newline="") as stream:
        for row in csv.DictReader(stream):
            line = Expected(row["path"], row["outcome"], row["code"])
            found.setdefault(row["upload"], []).append(line)
    return found


UPLOADS = _uploads()


def _sample() -> set[str]:
    """Uploads that show every outcome, reason and folder of the table, the small ones first."""
    chosen: set[str] = set()
    seen: set[tuple[str, str]] = set()
    for name in sorted(UPLOADS, key=lambda name: (len(UPLOADS[name]), name)):
        shown = {(line.outcome, line.code) for line in UPLOADS[name]}
        shown.add(("folder", UPLOADS[name][0].path.split("/")[0]))
        if not shown <= seen:
            chosen.add(name)
            seen |= shown
    return chosen


SAMPLE = _sample()
SENT = [
    pytest.param(name, marks=[] if name in SAMPLE else [pytest.mark.whole])
    for name in sorted(UPLOADS)
]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[StudyWorld]:
    """One study for all uploads; each upload is undone after its test."""
    with django_db_blocker.unblock(), rolled_back():
        yield make_imaging_study()


def test_the_table_names_every_file_of_the_corpus_once(corpus: Path) -> None:
    paths = [line.path for lines in UPLOADS.values() for line in lines]
    there = {str(p.relative_to(corpus)) for p in corpus.rglob("*") if p.is_file()}
    assert sorted(paths) == sorted(there)


def test_the_sample_shows_every_outcome_and_reason_of_the_table() -> None:
    def shown(names: set[str]) -> set[tuple[str, str]]:
        return {(line.outcome, line.code) for name in names for line in UPLOADS[name]}

    assert shown(SAMPLE) == shown(set(UPLOADS))
    assert len(SAMPLE) < 40


@pytest.mark.parametrize("name", SENT)
def test_each_file_ends_as_the_table_says(corpus: Path, world: StudyWorld, name: str) -> None:
    lines = UPLOADS[name]
    with rolled_back(), scope(world.study):
        time_point = world.time_points(world.subjects[0])[0]
        row = _sent_by_the_browser(world, time_point, [corpus / line.path for line in lines])
        found = _outcomes(row, corpus, lines)
        differences = [
            f"{line.path}: expected {line.outcome} {line.code}, found {' '.join(outcome)}"
            for line, outcome in zip(lines, found, strict=True)
            if (line.outcome, line.code) != outcome
        ]
        assert differences == []
        _nothing_of_a_held_file_is_released(row)


def _sent_by_the_browser(world: StudyWorld, time_point: TimePoint, paths: list[Path]) -> Submission:
    client = Client()
    client.force_login(world.users["site_user"], backend=BACKEND)
    code = world.study.code
    opened = client.post(reverse("upload-start", args=[code, time_point.pk]))
    row = Submission.objects.get(time_point=time_point)
    assert opened["Location"] == reverse("upload-files", args=[code, row.pk])
    contents = {hashlib.sha256(p.read_bytes()).hexdigest(): p for p in paths}
    manifest = [{"sha256": d, "size": p.stat().st_size} for d, p in contents.items()]
    announced = client.post(
        reverse("upload-manifest", args=[code, row.pk]),
        json.dumps({"files": manifest}),
        content_type="application/json",
    )
    assert announced.status_code == 200, announced.content
    for digest in announced.json()["missing"]:
        stored = client.put(
            reverse("upload-put", args=[code, row.pk, digest]),
            contents[digest].read_bytes(),
            content_type="application/octet-stream",
        )
        assert stored.status_code in {200, 201, 204}, stored.content
    finished = client.post(
        reverse("upload-finish", args=[code, row.pk]), "{}", content_type="application/json"
    )
    assert finished.status_code == 200, finished.content
    assert run_jobs(row) == ["done"]
    fill_form(world, row)
    review = reverse("upload-review", args=[code, row.pk])
    signed = client.post(review, typed_into(client.get(review)))
    assert signed["Location"] == reverse("receipt", args=[code, row.pk])
    assert run_jobs(row) == ["done"], [job.error for job in jobs.of(row)]
    row.refresh_from_db()
    return row


def _outcomes(row: Submission, corpus: Path, lines: list[Expected]) -> list[tuple[str, str]]:
    files = {file.sha256: (file.outcome, file.code) for file in row.files.all()}
    doubt = _doubt(row)
    seen: set[str] = set()
    found = []
    for line in lines:
        digest = hashlib.sha256((corpus / line.path).read_bytes()).hexdigest()
        outcome = files[digest]
        if outcome[0] == "stored" and doubt:
            outcome = ("held", doubt)
        # The manifest names content: the second of two equal files is the first.
        found.append(("duplicate", "duplicate") if digest in seen else outcome)
        seen.add(digest)
    return found


def _doubt(row: Submission) -> str:
    if row.state != "held":
        return ""
    held = Event.objects.filter(kind="submission.hold", object_id=str(row.pk)).order_by("-at")
    newest = held.first()
    return str(newest.details["code"]) if newest else ""


def _nothing_of_a_held_file_is_released(row: Submission) -> None:
    for file in row.files.exclude(outcome="cleaned"):
        assert not research().exists(file.sha256)
