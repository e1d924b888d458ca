"""What the page checks before sending, what it tells the server, and what comes out of it."""

from __future__ import annotations

import json
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.test import Client
from django.urls import reverse

from audit import clock
from imaging.phantom import Defects, invented_identity, write_series
from imaging.pipeline.technical_qc.words import WORDS
from imaging.services import attachments, manifest, submission
from imaging.services.rulesheet import CHECKS, rule_sheet
from imaging.views import tracker
from studies.scoping import scope
from tests.imaging.upload_world import (
    SCANNER,
    draft,
    fill_form,
    make_imaging_study,
    received,
    run_jobs,
    send,
    spec_for,
    uploaded,
)
from tests.world import (
    BACKEND,
    StudyWorld,
)

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF"


def _client(world: StudyWorld, name: str = "site_user") -> Client:
    client = Client()
    client.force_login(world.users[name], backend=BACKEND)
    return client


def test_the_page_carries_the_words_of_the_server_and_nobodys_identity(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        sheet = rule_sheet(row)
        assert sheet["words"]["missing_slices"]["title"] == WORDS["missing_slices"].title
        assert sheet["words"]["missing_slices"]["means"] == WORDS["missing_slices"].means
        assert sheet["checks"]["missing_slices"]["*"] == {"level": "error", "tolerance": 0.05}
        assert sheet["expected"] == ["CT"]
        window = row.time_point
        assert (sheet["window"]["first"], sheet["window"]["last"]) == (
            window.window_from,
            window.window_to,
        )
        assert {scanner["model"] for scanner in sheet["scanners"]} == {SCANNER.model}
        assert SCANNER.serial not in json.dumps(sheet, default=str)
        page = _client(world).get(reverse("upload-files", args=[world.study.code, row.pk]))
        assert 'id="visit-rules"' in page.content.decode()
        assert set(CHECKS) <= set(sheet["words"])


def test_advice_to_the_sender_never_says_ask_the_site(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = uploaded(world, tmp_path / "a", defects=Defects(missing_slices=(4, 5)))
        (finding,) = [f for f in row.check_result["findings"] if f["code"] == "missing_slices"]
        assert finding["do"] == "Add the missing slices. If they are lost, say so and go on."
        assert all("site" not in f["do"] for f in row.check_result["findings"])


def test_a_reason_given_in_the_browser_stands_beside_the_finding_of_the_server(
    tmp_path: Path,
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, client = draft(world), _client(world)
        written = write_series(
            tmp_path / "a", spec_for(row.time_point, defects=Defects(missing_slices=(4,)))
        )
        manifest.upload_folder(row, tmp_path / "a", actor=world.actor("site_user"))
        digest = row.files.values_list("sha256", flat=True)[0]
        said = [{"code": "missing_slices", "files": [digest], "text": "The export was cut short."}]
        answer = client.post(
            reverse("upload-finish", args=[world.study.code, row.pk]),
            json.dumps({"said": said}),
            content_type="application/json",
        )
        assert answer.status_code == 200
        assert set(run_jobs(row)) == {"done"}
        row.refresh_from_db()
        assert list(row.check_result["explained"].values()) == ["The export was cut short."]
        page = client.get(reverse("upload-checks", args=[world.study.code, row.pk]))
        text = page.content.decode()
        assert "The export was cut short." in text
        assert "Continue to form" in text
        assert "Fix 1 point" not in text
        assert len(written.files) == 11


def test_a_reason_given_before_sending_is_not_asked_again_in_the_form(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        late = spec_for(row.time_point).study_date + timedelta(days=60)
        write_series(tmp_path / "a", spec_for(row.time_point, study_date=late))
        manifest.upload_folder(row, tmp_path / "a", actor=world.actor("site_user"))
        said = [{"code": "date_out_of_window", "files": [], "text": "The subject was ill."}]
        manifest.finish(row, actor=world.actor("site_user"), said=said)
        assert set(run_jobs(row)) == {"done"}
        row.refresh_from_db()
        assert row.form_record.answers["reasons"] == {"SCAN_OUT_OF_WINDOW": "The subject was ill."}


def test_an_answer_that_is_late_is_told_as_late(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = received(world, tmp_path)
        row.qc_due_at = clock.now() - timedelta(days=1)
        standing = tracker.standings([row])[row.pk]
        assert (standing.line, standing.at) == ("answer is late, promised by", row.qc_due_at)


def test_series_that_are_not_chosen_any_more_are_taken_out() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, client = draft(world), _client(world)
        one, two = ("a" * 64, 5), ("b" * 64, 7)
        url = reverse("upload-manifest", args=[world.study.code, row.pk])

        def announce(*entries: tuple[str, int], **more: Any) -> dict[str, Any]:
            files = [{"sha256": sha256, "size": size} for sha256, size in entries]
            body = json.dumps({"files": files, **more})
            return dict(client.post(url, body, content_type="application/json").json())

        assert announce(one, two) == {"missing": [one[0], two[0]], "others_missing": []}
        assert announce(two) == {"missing": [two[0]], "others_missing": [one[0]]}
        assert announce(two, left_out=[one[0]]) == {"missing": [two[0]], "others_missing": []}
        row.refresh_from_db()
        assert (row.file_count, row.byte_count) == (1, 7)


def test_the_form_takes_over_what_the_headers_say(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = uploaded(world, tmp_path / "a")
        who = invented_identity(1)
        # The phantom starts 12 min after the study, contrast 70 s before (imaging/phantom/headers).
        assert row.check_result["header"] == {
            "scan_date": row.time_point.planned_date.isoformat(),
            "scan_time": "09:42",
            "scanner": "Phantom Medical Ellipse 64",
            "slice_thickness_mm": "5",
            "weight_kg": f"{who.weight_kg:g}",
            "height_cm": f"{round(who.height_m * 100, 1):g}",
            "contrast_agent": "Iohexol 350",
            "contrast_volume_ml": "100",
            "contrast_delay_s": "70",
            "contrast_phase": "PORTAL VENOUS",
        }
        row.form_record.refresh_from_db()
        assert row.form_record.answers["scan"]["time"] == "09:42"
        assert row.form_record.answers["contrast"]["agent"] == "Iohexol 350"


def test_a_typed_value_that_differs_from_the_files_is_shown_with_both_and_needs_a_reason(
    tmp_path: Path,
) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = uploaded(world, tmp_path / "a")
        row.form_record.refresh_from_db()
        answers = {**row.form_record.answers}
        answers["scan"] = {**answers["scan"], "time": "14:30"}
        submission.save_form(
            row, answers, seen_version=row.form_record.version, actor=world.actor("site_user")
        )
        url = reverse("upload-form", args=[world.study.code, row.pk])
        text = _client(world).get(url).content.decode()
        assert "The form says 14:30, the files say 09:42." in text
        assert 'data-take-over="answers[scan.time]" data-value="09:42"' in text
        assert 'name="reasons[SCAN_TIME_NOT_IN_FILES]"' in text


def test_free_text_of_a_header_is_never_taken_over() -> None:
    from imaging.pipeline.transmittal import agent_of

    assert agent_of("OMNIPAQUE (iohexol) 300 mg/ml for Mrs Miller") == "Iohexol 300"
    assert agent_of("as discussed with Dr. Miller") == ""


def test_the_receipt_states_series_hashes_and_attachments(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = uploaded(world, tmp_path / "a")
        site = world.actor("site_user")
        attached = attachments.add(row, "report.pdf", "application/pdf", [PDF], actor=site)
        fill_form(world, row)
        row = send(world, row)
        client = _client(world)
        page = client.get(reverse("receipt", args=[world.study.code, row.pk])).content.decode()
        digest = row.check_result["series"][0]["digest"]
        assert digest in page
        assert "Held for identity check" in page
        url = reverse("receipt-pdf", args=[world.study.code, row.pk])
        first, again = client.get(url), client.get(url)
        assert first["Content-Type"] == "application/pdf"
        assert first.content == again.content
        assert f"receipt-ALPHA-{row}.pdf" in first["Content-Disposition"]
        text = "".join(
            sheet.get_textpage().get_text_range()
            for sheet in pypdfium2.PdfDocument(BytesIO(first.content))
        )
        for said in (str(row), "101-001", "Baseline", row.manifest_digest, digest, "Site User"):
            assert said in text, said
        assert attached.sha256 in text
        assert all(file.sha256 in text for file in row.files.all())


def test_a_submission_that_was_not_sent_has_no_receipt() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        url = reverse("receipt-pdf", args=[world.study.code, row.pk])
        assert _client(world).get(url).status_code == 404


def test_papers_are_attached_and_taken_out_in_the_wizard() -> None:
    world = make_imaging_study()
    with scope(world.study):
        row, client = draft(world), _client(world)
        url = reverse("upload-attach", args=[world.study.code, row.pk])

        def post(**data: Any) -> str:
            return client.post(url, data, headers={"HX-Request": "true"}).content.decode()

        paper = BytesIO(PDF)
        paper.name = "report of M Miller.pdf"
        shown = post(papers=paper)
        assert "Held for identity check" in shown
        assert "Miller" not in shown
        old = BytesIO(b"\xd0\xcf\x11\xe0" + b"\0" * 40)
        old.name = "report.doc"
        assert "Save it without a password as .docx" in post(papers=old)
        archive = BytesIO(b"PK\x03\x04" + b"\0" * 40)
        archive.name = "report.docx"
        assert "Only PDF files, pictures" in post(papers=archive)
        held = row.attachments.get()
        assert "Attachment 1" not in post(remove=str(held.pk))


def test_the_tracker_says_what_the_site_may_know(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = received(world, tmp_path)
        standing = tracker.standings([row])[row.pk]
        assert (standing.words, standing.at) == ("Received", row.qc_due_at)
        assert run_jobs(row) == ["done"]
        row.refresh_from_db()
        standing = tracker.standings([row])[row.pk]
        assert (standing.words, standing.line) == ("In QC", "answer promised by")
        assert standing.at == row.qc_due_at
        home = _client(world).get(reverse("site-home")).content.decode()
        assert "In QC" in home
        assert "answer promised by" in home


@pytest.mark.parametrize("state", ["ready", "reading", "read", "checked", "locked"])
def test_what_readers_do_is_not_told_to_the_site(state: str) -> None:
    from studies.models import TimePoint

    visit = TimePoint()
    visit.__dict__["state"] = state
    assert tracker.of_visit(visit) == "accepted"


def test_an_upload_before_the_window_warns_with_both_dates(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        early = (row.time_point.window_from or date.today()) - timedelta(days=3)
        write_series(tmp_path / "a", spec_for(row.time_point, study_date=early))
        manifest.upload_folder(row, tmp_path / "a", actor=world.actor("site_user"))
        assert run_jobs(row) == ["done"]
        row.refresh_from_db()
        (found,) = [f for f in row.check_result["findings"] if f["code"] == "date_out_of_window"]
        assert f"{early:%d %b %Y}" in found["means"]
        assert found["do"].startswith("Check the visit.")


def test_quality_control_reads_the_reason_that_was_given_before_sending(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = draft(world)
        spec = spec_for(row.time_point, defects=Defects(missing_slices=(4,)))
        write_series(tmp_path / "a", spec)
        manifest.upload_folder(row, tmp_path / "a", actor=world.actor("site_user"))
        digest = row.files.values_list("sha256", flat=True)[0]
        said = [{"code": "missing_slices", "files": [digest], "text": "Lost at the scanner."}]
        manifest.finish(row, actor=world.actor("site_user"), said=said)
        run_jobs(row)
        fill_form(world, row)
        send(world, row)
        assert set(run_jobs(row)) == {"done"}
        finding = row.findings.get(code="missing_slices")
        assert finding.explanation == "Site before sending: Lost at the scanner."
