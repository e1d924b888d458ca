"""T32: hostile files, alone and among good ones: contained, named with a reason, never retried."""

from __future__ import annotations

import hashlib
import json
import resource
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse
from pydicom import dcmread

from audit import jobs
from audit.models import Job
from imaging.models import Instance, Submission
from imaging.phantom import write_series
from imaging.pipeline.reasons import SENTENCES
from imaging.services import submission
from imaging.storage import research
from studies.models import TimePoint
from studies.scoping import scope
from tests.imaging import attack_files
from tests.imaging.upload_world import fill_form, make_imaging_study, run_jobs, send, spec_for
from tests.rolled_back import rolled_back
from tests.world import (
    BACKEND,
    StudyWorld,
)

ANSWER_S = 10.0
GROWTH_BYTES = 300 * 1024**2


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One whole image."""
    folder = tmp_path_factory.mktemp("good")
    write_series(folder, spec_for(TimePoint()))
    return sorted(p for p in folder.rglob("*") if p.is_file())[0]


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[StudyWorld]:
    with django_db_blocker.unblock(), rolled_back():
        made = make_imaging_study()
        with scope(made.study):
            yield made


@pytest.fixture
def site(world: StudyWorld, django_db_blocker: Any) -> Iterator[Client]:
    """A browser of the site; what is sent is undone afterwards."""
    with django_db_blocker.unblock(), rolled_back():
        client = Client()
        client.force_login(world.users["site_user"], backend=BACKEND)
        yield client


def sent(world: StudyWorld, client: Client, contents: list[bytes]) -> tuple[Submission, float]:
    """Send files as the browser does; return the draft and the slowest answer, seconds."""
    row = submission.start(world.time_points(world.subjects[0])[0], actor=world.actor("site_user"))
    args = [world.study.code, row.pk]
    listed = [
        {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for content in contents
    ]
    slowest = 0.0

    def asked(method: str, name: str, *more: Any, **how: Any) -> int:
        nonlocal slowest
        began = time.monotonic()
        answer = client.generic(method, reverse(name, args=[*args, *more]), **how)
        slowest = max(slowest, time.monotonic() - began)
        return int(answer.status_code)

    body = json.dumps({"files": listed})
    told = asked("POST", "upload-manifest", data=body, content_type="application/json")
    assert told in {200, 201}
    for content, line in zip(contents, listed, strict=True):
        put = asked("PUT", "upload-put", line["sha256"], data=content)
        assert put in {200, 201, 204}
    finished = client.post(reverse("upload-finish", args=args), "{}", "application/json")
    assert finished.status_code in {200, 302}, finished.content.decode()[:3000]
    assert set(run_jobs(row)) == {"done"}, [job.error for job in jobs.of(row)]
    assert asked("GET", "upload-checks") == 200
    row.refresh_from_db()
    return row, slowest


def received(world: StudyWorld, row: Submission) -> Submission:
    fill_form(world, row)
    row = send(world, row)
    assert set(run_jobs(row)) == {"done"}, [job.error for job in jobs.of(row)]
    row.refresh_from_db()
    return row


def outside(folder: Path) -> set[str]:
    """Return names that an escaping path would have made."""
    return {str(p) for p in [*Path("/tmp").glob("pwned*"), *folder.parent.glob("pwned*")]}


NAMES = [
    "empty=empty_file",
    "text=not_dicom",
    "png=not_dicom",
    "markup=not_dicom",
    "preamble-only=*",
    "length-of-4-GiB=length_past_end",
    "truncated-in-header=*",
    "truncated-in-pixels=*",
    "rows-times-columns=*",
    "nested-2000-deep=too_deep",
    "nested-300000-deep=*",
    "deflated-bomb=*",
    "wrong-vr=bad_vr",
    "no-identifiers=missing_uid",
]


ARCHIVES = [
    "bomb=archive_ratio",
    "in-zip=archive_in_archive",
    "many=too_many_files",
    "broken=archive_broken",
]


def test_the_table_of_attacks_is_complete(good: Path) -> None:
    assert sorted(attack_files.make(good)) == sorted(NAMES)
    assert sorted(attack_files.zip_attacks()) == sorted(ARCHIVES)


@pytest.mark.parametrize("name", NAMES)
def test_t32_an_attack_alone_is_answered_in_time_and_named_with_its_reason(
    world: StudyWorld, site: Client, good: Path, name: str
) -> None:
    content = attack_files.make(good)[name]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    row, slowest = sent(world, site, [content])
    assert slowest < ANSWER_S
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 - before < GROWTH_BYTES
    (line,) = row.check_result["set_aside"]
    expected = name.split("=")[1]
    assert line["count"] == 1
    assert line["code"] in SENTENCES
    assert expected in {"*", line["code"]}
    assert line["text"] == SENTENCES[line["code"]]
    assert row.check_result["images"] == 0


def test_t32_good_files_go_on_beside_every_attack_and_nothing_is_tried_again(
    world: StudyWorld, site: Client, good: Path, tmp_path: Path
) -> None:
    folder = good.parent
    images = [p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()]
    attacks = attack_files.make(good)
    before = outside(tmp_path)
    draft, slowest = sent(world, site, [*attacks.values(), *images])
    assert slowest < ANSWER_S
    row = received(world, draft)
    assert row.state == "in_qc", row.hold_reason
    outcomes = dict(row.files.values_list("sha256", "outcome"))
    reasons = dict(row.files.values_list("sha256", "reason"))
    for image in images:
        assert outcomes[hashlib.sha256(image).hexdigest()] == "cleaned"
    for name, content in attacks.items():
        digest = hashlib.sha256(content).hexdigest()
        assert outcomes[digest] in {"refused", "ignored"}, name
        assert reasons[digest], name
    assert outside(tmp_path) == before
    assert all(job.attempts <= 1 for job in jobs.of(row))
    over = {job.kind: job.state for job in jobs.of(row)}
    assert (over["imaging.check"], over["imaging.process"]) == (Job.State.DONE, Job.State.DONE)
    assert not (Path(settings.DATA_DIR) / "work" / row.pk.hex).exists()


def test_what_looks_hostile_and_is_an_image_is_taken_and_made_harmless(
    world: StudyWorld, site: Client, good: Path
) -> None:
    others = [p.read_bytes() for p in sorted(good.parent.rglob("*")) if p.is_file()][1:]
    odd = attack_files.harmless(good)
    draft, _ = sent(world, site, [odd["executable"], odd["control"], *others])
    row = received(world, draft)
    assert "two_subjects" in set(row.findings.values_list("code", flat=True))
    assert row.state == "held"
    submission.resume(
        row,
        actor=world.actor("image_operations"),
        reason="a test of strange names",
        lifted=("two_subjects",),
    )
    run_jobs(row)
    row.refresh_from_db()
    for instance in Instance.objects.filter(series__submission=row):
        with research().open(instance.sha256) as stream:
            content = stream.read()
        assert content[:128] == bytes(128)
        assert b"Set-Cookie" not in content
        assert b"pwned" not in content
        assert dcmread_ok(content)
    page = site.get(reverse("submission", args=[world.study.code, row.pk]))
    assert b"<script>alert(1)" not in page.content
    assert b"Set-Cookie" not in page.content


def dcmread_ok(content: bytes) -> bool:
    import io

    return bool(dcmread(io.BytesIO(content)).SOPInstanceUID)


def test_bytes_after_the_data_set_are_never_copied(
    world: StudyWorld, site: Client, good: Path
) -> None:
    odd = attack_files.harmless(good)
    draft, _ = sent(world, site, [odd["trailing"]])
    row = received(world, draft)
    (instance,) = Instance.objects.filter(series__submission=row)
    with research().open(instance.sha256) as stream:
        assert b"smuggled" not in stream.read()


@pytest.mark.parametrize("name", ARCHIVES)
def test_t32_a_hostile_archive_is_refused_with_its_reason_beside_good_files(
    world: StudyWorld, site: Client, good: Path, name: str
) -> None:
    archive = attack_files.zip_attacks()[name]
    row, slowest = sent(world, site, [archive, good.read_bytes()])
    assert slowest < ANSWER_S
    codes = {line["code"] for line in row.check_result["set_aside"]}
    assert codes == {name.split("=")[1]}
    assert row.check_result["images"] == 1


def test_t32_names_that_leave_the_archive_write_nothing_outside(
    world: StudyWorld, site: Client, good: Path, tmp_path: Path
) -> None:
    before = outside(tmp_path)
    row, _ = sent(world, site, [attack_files.escaping_zip(good.read_bytes())])
    assert outside(tmp_path) == before
    assert row.check_result["images"] == 1
