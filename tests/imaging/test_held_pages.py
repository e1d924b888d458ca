"""The screens of held files, attachments and the proof, asked as the browser asks them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pypdfium2 as pdfium
import pytest
from django.urls import reverse

from accounts.signatures import content_digest
from audit.errors import RuleBroken
from audit.models import Event
from imaging.models import Attachment, HoldDecision, Submission
from imaging.phantom import write_series
from imaging.phantom.identity import invented_identity
from imaging.services import attachments, manifest, papers
from imaging.storage import research
from studies.scoping import scope
from tests.imaging.pipeline.test_office import para, word
from tests.imaging.pipeline.test_redaction import paper
from tests.imaging.test_held_files import _capture
from tests.imaging.upload_world import (
    draft,
    fill_form,
    make_imaging_study,
    run_jobs,
    send,
    spec_for,
)
from tests.remembering import continued
from tests.world import (
    PASSWORD,
    StudyWorld,
    logged_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_imaging_study()
    with scope(made.study):
        yield made


@pytest.fixture
def held(world: StudyWorld, tmp_path: Path) -> Submission:
    return make_held(world, tmp_path)


@continued
def make_held(world: StudyWorld, tmp_path: Path) -> Submission:
    """Send a visit with one screen capture and a report, which is held."""
    row = draft(world)
    folder = tmp_path / "upload"
    write_series(folder, spec_for(row.time_point))
    like = next(p for p in sorted(folder.rglob("*")) if p.is_file())
    _capture(like, folder / "capture", number=1)
    actor = world.actor("site_user")
    manifest.upload_folder(row, folder, actor=actor)
    lines = (f"Name: {invented_identity(1).patient_name}", "Creatinine normal")
    attachments.add(row, "report.pdf", "application/pdf", [paper(lines)], actor=actor)
    run_jobs(row)
    fill_form(world, row)
    row = send(world, row)
    run_jobs(row)
    row.refresh_from_db()
    assert row.state == "held"
    return row


def test_the_queue_shows_what_waits_with_its_age_and_reason(
    world: StudyWorld, held: Submission
) -> None:
    page = logged_in(world, "image_operations").get(reverse("hold-queue", args=["ALPHA"]))
    text = page.content.decode()
    assert str(held) in text and "Images of this kind often show names" in text
    assert "Attachment 1" in text
    # A machine under load may take more than a minute from the hold to the page.
    assert re.search(r"\d+\s(minute|hour)", text)


def test_masks_posted_from_the_screen_release_the_file_and_the_visit_goes_on(
    world: StudyWorld, held: Submission
) -> None:
    client = logged_in(world, "image_operations")
    screen = client.get(reverse("hold-screen", args=["ALPHA", held.pk]))
    assert "Mask and release" in screen.content.decode()
    assert not Event.objects.filter(kind="arrival.view").exists()
    file = held.files.get(outcome="held")
    digest = file.screening.pictures[0][1]
    args = ["ALPHA", held.pk, file.pk]
    picture = client.get(reverse("hold-picture", args=[*args, digest]))
    assert picture["Cache-Control"] == "no-store"
    assert Event.objects.filter(kind="arrival.view", object_id=str(held.pk)).count() == 1
    masks = json.dumps([{"left": 5, "top": 5, "right": 200, "bottom": 45, "frame": 0}])
    answer = client.post(
        reverse("hold-decide", args=args),
        {"verdict": "masked", "reach": "file", "reason": "the name", "masks": masks},
    )
    assert answer["Location"] == reverse("submission", args=["ALPHA", held.pk])
    assert run_jobs(held) == ["done"]
    held.refresh_from_db()
    assert held.state == "in_qc"
    decision = HoldDecision.objects.get()
    compared = client.get(reverse("hold-compare", args=["ALPHA", held.pk, decision.pk]))
    text = compared.content.decode()
    assert "As it came" in text and "/pictures/" in text and "the name" in text


def test_a_decision_without_a_reason_comes_back_with_the_words(
    world: StudyWorld, held: Submission
) -> None:
    client = logged_in(world, "image_operations")
    file = held.files.get(outcome="held")
    url = reverse("hold-decide", args=["ALPHA", held.pk, file.pk])
    page = client.post(url, {"verdict": "left_out", "reach": "file", "reason": ""}, follow=True)
    assert "Say why you decide so." in page.content.decode()
    held.refresh_from_db()
    assert held.state == "held"


def test_the_proof_is_complete_and_holds_no_identity(world: StudyWorld, held: Submission) -> None:
    client = logged_in(world, "image_operations")
    file = held.files.get(outcome="held")
    name = str(invented_identity(1).patient_name)
    family = name.split("^", maxsplit=1)[0]
    client.post(
        reverse("hold-decide", args=["ALPHA", held.pk, file.pk]),
        {"verdict": "left_out", "reach": "file", "reason": f"page of {family}"},
    )
    run_jobs(held)
    inspector = logged_in(world, "inspector")
    document = inspector.get(reverse("deid-report-json", args=["ALPHA", held.pk])).json()
    assert document["verifier"] == {
        "result": "passed",
        "files": 12,
        "pixels_unchanged": 12,
        "pixels_masked": 0,
    }
    assert document["outcomes"] == {"cleaned": 12, "refused": 1}
    assert document["decisions"][0]["decision"] == "left_out"
    assert document["decisions"][0]["reason"] == "left out here: the words repeat identity"
    assert document["removed"] > 0 and document["replaced"] > 0 and document["kept"] > 0
    assert all(len(file["before"]) == len(file["after"]) == 64 for file in document["files"])
    printed = inspector.get(reverse("deid-report-pdf", args=["ALPHA", held.pk])).content
    read = pdfium.PdfDocument(BytesIO(printed))
    words = "".join(read[n].get_textpage().get_text_bounded() for n in range(len(read)))
    assert "Proof of de-identification" in words and document["files"][0]["after"] in words
    page = inspector.get(reverse("deid-report", args=["ALPHA", held.pk])).content.decode()
    assert "Files, before and after" in page
    machine = inspector.get(f"/api/v1/studies/ALPHA/submissions/{held.pk}/de-identification/")
    assert machine.json() == document
    for text in (json.dumps(document), words, page):
        assert family.casefold() not in text.casefold()


def test_a_paper_is_redacted_released_by_signature_and_shown_to_those_who_check(
    world: StudyWorld, held: Submission
) -> None:
    row = Attachment.objects.get()
    risks = {risk["code"] for risk in row.risks}
    assert {"identity_in_text", "text_layer", "document_metadata"} <= risks
    client = logged_in(world, "image_operations")
    args = ["ALPHA", held.pk, row.pk]
    assert (
        "Known identity in the text"
        in client.get(reverse("attachment-screen", args=args)).content.decode()
    )
    box = row.pages[0]["boxes"][0]
    mask = dict(zip(("left", "top", "right", "bottom"), box[:4], strict=True)) | {"frame": 0}
    stored = {sha256 for sha256, _ in research().names()}
    client.post(reverse("attachment-redact", args=args), {"masks": json.dumps([mask])})
    row.refresh_from_db()
    assert (row.state, len(row.masks)) == ("redacted", 1)
    assert {sha256 for sha256, _ in research().names()} == stored
    # Before its release nobody else sees the copy.
    assert (
        logged_in(world, "scientific").get(reverse("attachment-copy", args=args)).status_code == 422
    )
    wrong = client.post(
        reverse("attachment-release", args=args),
        {"password": "wrong", "digest": content_digest(row)},
    )
    assert wrong.status_code == 422
    signed = client.post(
        reverse("attachment-release", args=args),
        {"password": PASSWORD, "digest": content_digest(row)},
    )
    assert signed["Location"] == reverse("submission", args=["ALPHA", held.pk])
    copy = logged_in(world, "scientific").get(reverse("attachment-copy", args=args))
    assert copy["Content-Disposition"] == 'attachment; filename="attachment-1.pdf"'
    flat = pdfium.PdfDocument(BytesIO(copy.content))
    assert flat[0].get_textpage().count_chars() == 0
    for reader in ("central_reader", "adjudicator", "sponsor"):
        refused = logged_in(world, reader).get(reverse("attachment-copy", args=args))
        assert refused.status_code in {403, 404}
    assert (
        logged_in(world, "site_user").get(reverse("attachment-copy", args=args)).status_code == 403
    )


def test_a_paper_is_refused_with_a_reason_and_then_shown_to_nobody(
    world: StudyWorld, held: Submission
) -> None:
    row = Attachment.objects.get()
    client = logged_in(world, "image_operations")
    args = ["ALPHA", held.pk, row.pk]
    client.post(reverse("attachment-refuse", args=args), {"reason": "not about this scan"})
    row.refresh_from_db()
    assert (row.state, row.decision_reason) == ("refused", "not about this scan")
    assert client.get(reverse("attachment-copy", args=args)).status_code == 422
    with pytest.raises(RuleBroken):
        papers.copy_of(row, actor=world.actor("image_operations"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"PK\x03\x04word/document.xml", "Only PDF files, pictures"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "Save it without a password as .docx"),
        (b"<html>", "Only PDF files, pictures"),
    ],
)
def test_what_cannot_be_judged_is_not_taken(world: StudyWorld, content: bytes, words: str) -> None:
    row = draft(world)
    with pytest.raises(RuleBroken, match=words):
        attachments.add(row, "x", "text/plain", [content], actor=world.actor("site_user"))
    assert not row.attachments.exists()


def test_the_name_of_a_paper_is_sealed_and_the_same_paper_is_kept_once(world: StudyWorld) -> None:
    row, actor = draft(world), world.actor("site_user")
    first = attachments.add(row, "Doe, Jane.pdf", "application/pdf", [paper()], actor=actor)
    again = attachments.add(row, "other.pdf", "application/pdf", [paper()], actor=actor)
    assert first.pk == again.pk
    assert (str(first), first.name) == ("Attachment 1", "attachment-1.pdf")
    assert "Doe" not in json.dumps(list(Attachment.objects.values()), default=str)
    attachments.remove(first, actor=actor)
    assert not attachments.listed(row).exists()


def test_an_office_document_is_held_redacted_by_raster_and_released_without_what_it_hides(
    world: StudyWorld, tmp_path: Path
) -> None:
    family = str(invented_identity(1).patient_name).split("^")[0]
    row, actor = draft(world), world.actor("site_user")
    folder = tmp_path / "upload"
    write_series(folder, spec_for(row.time_point))
    manifest.upload_folder(row, folder, actor=actor)
    content = word(
        tmp_path / "came", para(f"Report on {family}") + para(f"ask {family}", hidden=True)
    ).read_bytes()
    attachments.add(row, "report.docx", "application/zip", [content], actor=actor)
    run_jobs(row)
    fill_form(world, row)
    row = send(world, row)
    run_jobs(row)
    attachment = Attachment.objects.get()
    risks = {risk["code"] for risk in attachment.risks}
    assert {"identity_in_text", "identity_in_hidden", "hidden_text", "document_metadata"} <= risks
    client = logged_in(world, "image_operations")
    args = ["ALPHA", row.pk, attachment.pk]
    page = client.get(reverse("attachment-screen", args=args)).content.decode()
    assert "Hidden texts, in no page" in page
    assert family not in page
    box = attachment.pages[0]["boxes"][0]
    mask = dict(zip(("left", "top", "right", "bottom"), box[:4], strict=True)) | {"frame": 0}
    client.post(reverse("attachment-redact", args=args), {"masks": json.dumps([mask])})
    attachment.refresh_from_db()
    signed = client.post(
        reverse("attachment-release", args=args),
        {"password": PASSWORD, "digest": content_digest(attachment)},
    )
    assert signed["Location"] == reverse("submission", args=["ALPHA", row.pk])
    copy = logged_in(world, "scientific").get(reverse("attachment-copy", args=args)).content
    flat = pdfium.PdfDocument(BytesIO(copy))
    assert (len(flat), flat[0].get_textpage().count_chars()) == (1, 0)
    assert b"PK\x03\x04" not in copy
