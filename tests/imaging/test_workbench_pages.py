"""The workbench as pages: who asks the site, who decides, and what an older page is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from imaging.models import Finding, QcReview, Submission
from imaging.phantom import Defects
from imaging.services import qc
from queries.models import Query
from studies.scoping import scope
from tests.imaging.qc_world import decided, fill_checklist, second_analyst
from tests.imaging.upload_world import in_qc, make_imaging_study
from tests.sign_dialogs import typed_into
from tests.world import StudyWorld, logged_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    return make_imaging_study()


def page_of(row: Submission, name: str = "qc-workbench") -> str:
    return reverse(name, args=[row.study.code, row.pk])


def told(answer: Any) -> str:
    """The page that a press leads to."""
    return str(answer.content.decode())


def whole_form(review: QcReview) -> dict[str, str]:
    """What the page of a checklist posts when everything was answered."""
    record = review.form_record
    assert record is not None
    record.refresh_from_db()
    return {
        f"answers[{section}.{key}]": value
        for section, answers in record.answers.items()
        for key, value in answers.items()
    } | {"version": str(record.version)}


def test_a_site_is_asked_once_in_the_words_of_the_analyst(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = in_qc(world, tmp_path, defects=Defects(date_shift_days=-40, missing_slices=(4,)))
        qc.claim(row, actor=world.actor("image_operations"))
        missing = Finding.objects.get(submission=row, code="missing_slices")
    client = logged_in(world, "image_operations")
    shown = told(client.get(page_of(row)))
    assert missing.query_text in shown, "the question can be read before it is sent"
    url = reverse("finding-ask", args=[world.study.code, missing.pk])
    first = client.post(url, {"text": "Slice 5 did not come. Please send it."}, follow=True)
    assert "was sent to the site" in told(first)
    assert "Clock stopped" in told(first)
    again = client.post(url, {"text": "Slice 5 did not come. Please send it."}, follow=True)
    assert "asked about this already" in told(again)
    with scope(world.study):
        query = Query.objects.get(time_point=row.time_point)
        assert [m.text for m in query.messages.all()] == ["Slice 5 did not come. Please send it."]


def test_one_question_about_all_that_is_open_is_sent_as_it_was_changed(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = in_qc(world, tmp_path, defects=Defects(missing_slices=(4,)))
        qc.claim(row, actor=world.actor("image_operations"))
    client = logged_in(world, "image_operations")
    for _ in range(2):
        last = client.post(page_of(row, "qc-ask"), {"text": "Please look again."}, follow=True)
    assert "nothing left to ask" in told(last)
    with scope(world.study):
        query = Query.objects.get(time_point=row.time_point)
        assert [m.text for m in query.messages.all()] == ["Please look again."]


def test_a_decision_leads_to_an_address_of_its_own_until_it_is_signed(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = in_qc(world, tmp_path)
        review = qc.claim(row, actor=world.actor("image_operations"))
        fill_checklist(world, review)
        form = whole_form(review)
    client = logged_in(world, "image_operations")
    empty = client.post(page_of(row, "qc-decide"), {**form, "decision": "no such"})
    assert empty.status_code == 422
    assert f'href="{page_of(row)}?series=' in told(empty) or "data-qc-series" not in told(empty)
    kept = client.post(page_of(row, "qc-decide"), {**form, "decision": "pass"})
    assert (kept.status_code, kept["Location"]) == (302, page_of(row) + "?sign=1")
    dialog = client.get(kept["Location"])
    assert "data-dialog-show" in told(dialog)
    signed = client.post(page_of(row, "qc-sign"), typed_into(dialog), follow=True)
    assert "the decision is signed" in told(signed)
    assert "data-dialog-show" not in told(client.get(kept["Location"]))
    for name, typed in (
        ("qc-decide", {**form, "decision": "fail"}),
        ("qc-sign", typed_into(dialog)),
    ):
        late = client.post(page_of(row, name), typed, follow=True)
        assert "This review is signed" in told(late)
    row.refresh_from_db()
    assert row.state == "released"


def test_of_two_analysts_the_second_is_told_who_was_first(
    world: StudyWorld, client: Client, tmp_path: Path
) -> None:
    second = second_analyst(world)
    with scope(world.study):
        row = in_qc(world, tmp_path)
        qc.claim(row, actor=world.actor("image_operations"))
    other = logged_in(world, second)
    first = world.users["image_operations"].printed_name
    claimed = other.post(page_of(row, "qc-claim"), follow=True)
    assert f"{first} has claimed" in told(claimed)
    assert "Release claim" not in told(other.get(page_of(row)))
    decision = other.post(page_of(row, "qc-decide"), {"decision": "pass"}, follow=True)
    assert f"{first} has claimed this review" in told(decision)
    with scope(world.study):
        assert QcReview.objects.get(submission=row).decision == ""


def test_a_finding_that_somebody_settled_meanwhile_is_not_accepted_again(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        row = in_qc(world, tmp_path, defects=Defects(date_shift_days=-40))
        actor = world.actor("image_operations")
        review = qc.claim(row, actor=actor)
        late = Finding.objects.get(submission=row, code="date_out_of_window")
        qc.explain(late, actor=actor, reason="agreed by phone")
        decided(world, review, "pass")
    answer = logged_in(world, "image_operations").post(
        reverse("finding-explain", args=[world.study.code, late.pk]),
        {"reason": "another reason"},
        follow=True,
    )
    assert answer.status_code == 200
    late.refresh_from_db()
    assert late.explanation == "agreed by phone"
