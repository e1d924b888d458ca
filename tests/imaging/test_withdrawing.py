"""A submission or a phantom scan goes out of work: what it does is said first, why is asked."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from audit.models import Event
from imaging.models import PhantomScan, Submission
from imaging.services import qc, submission, withdrawing
from studies.scoping import across_studies, scope
from tests.imaging import phantom_world
from tests.imaging.qc_world import decided
from tests.imaging.upload_world import draft, in_qc, make_imaging_study
from tests.world import StudyWorld, logged_in

pytestmark = pytest.mark.django_db

WHY = {"reason_code": "subject", "reason": "The folder of 101-002 was chosen."}


@pytest.fixture
def world() -> StudyWorld:
    return make_imaging_study()


def post(client: Client, world: StudyWorld, row: Submission, act: str, **words: str) -> object:
    return client.post(reverse(f"submission-{act}", args=[world.study.code, row.pk]), words)


def fresh(world: StudyWorld, row: Submission) -> Submission:
    return Submission.objects.in_study(world.study).get(pk=row.pk)


def test_the_dialog_says_what_is_withdrawn_and_that_no_read_changes(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        sent = in_qc(world, tmp_path)
        label = str(sent.time_point)
    page = logged_in(world, "site_user").get(
        reverse("submission", args=[world.study.code, sent.pk])
    )
    text = page.content.decode()
    assert f"Withdraw {sent} of {label}" in text
    assert "go no further and never reach a reader. The originals stay sealed." in text
    assert "waits for images again." in text
    assert "No reader has seen these images: no read changes." in text
    assert 'data-dialog-open="withdraw"' in text
    assert 'id="reject"' not in text


@pytest.mark.parametrize(
    "words",
    [{}, {"reason": "The wrong subject was chosen."}, {"reason_code": "subject", "reason": "oops"}],
)
def test_without_a_reason_nothing_is_withdrawn_and_what_was_typed_stays(
    world: StudyWorld, words: dict[str, str]
) -> None:
    with scope(world.study):
        row = draft(world)
    answer = post(logged_in(world, "site_user"), world, row, "withdraw", **words)
    text = answer.content.decode()  # type: ignore[attr-defined]
    assert answer.status_code == 422  # type: ignore[attr-defined]
    assert "Choose a reason and write at least 10 characters." in text
    assert "data-dialog-show" in text
    assert words.get("reason", "") in text
    assert fresh(world, row).state == row.state


def test_the_reason_is_kept_with_the_withdrawal(world: StudyWorld) -> None:
    with scope(world.study):
        row = draft(world)
    answer = post(logged_in(world, "site_user"), world, row, "withdraw", **WHY)
    assert answer.status_code == 302  # type: ignore[attr-defined]
    assert fresh(world, row).state == "withdrawn"
    kept = Event.objects.get(kind="submission.withdraw", object_id=str(row.pk))
    assert kept.reason == "Images of another subject: The folder of 101-002 was chosen."


def test_image_operations_reject_with_the_same_dialog(world: StudyWorld, tmp_path: Path) -> None:
    with scope(world.study):
        sent = in_qc(world, tmp_path)
    client = logged_in(world, "image_operations")
    assert post(client, world, sent, "reject").status_code == 422  # type: ignore[attr-defined]
    why = {"reason_code": "unusable", "reason": "Every slice shows metal artefacts."}
    post(client, world, sent, "reject", **why)
    assert fresh(world, sent).state == "rejected"


def test_reads_of_what_was_released_before_stay_as_they_are(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        first = in_qc(world, tmp_path)
        decided(world, qc.claim(first, actor=world.actor("image_operations")), "pass")
        first.refresh_from_db()
        again = submission.start(first.time_point, actor=world.actor("site_user"), corrects=first)
        told = [one.text for one in withdrawing.consequences(again)]
    assert told == [
        "No file was sent yet: the form closes as it is.",
        f"{first.time_point.label} keeps {first}.",
        "Reads of this visit rest on what was released before and stay as they are.",
    ]


def test_a_phantom_scan_is_withdrawn_with_a_reason_only(world: StudyWorld) -> None:
    with scope(world.study):
        scan = phantom_world.phantom_scan(world, state="draft")
    client = logged_in(world, "site_user")
    page = reverse("phantom-scan", args=[world.study.code, scan.pk])
    assert "The scanner stays as qualified as it is." in client.get(page).content.decode()
    url = reverse("phantom-withdraw", args=[world.study.code, scan.pk])
    assert client.post(url, {"reason": "wrong"}).status_code == 422
    client.post(url, {"reason_code": "scanner", "reason": "It was scanned on the other one."})
    with across_studies("a test looks at it"):
        assert PhantomScan.objects.get(pk=scan.pk).state == "withdrawn"
