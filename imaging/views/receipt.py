"""The receipt of a submission: page and printed record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.signing import shown_signatures
from imaging.models import ReceivedFile, Submission
from imaging.services import attachments
from imaging.views import submissions
from imaging.views.upload import crumbs, fetched
from studies.access import StudyRequest, person, study_view
from ui import moments, paper
from ui.templatetags.ui import filesize


def _received(request: StudyRequest, pk: UUID) -> Submission:
    row = fetched(request, pk)
    if row.received_at is None:
        raise Http404
    return row


def _counted(row: Submission) -> Any:
    return row.files.exclude(outcome=ReceivedFile.Outcome.OPENED).order_by("sha256")


@study_view("submission.view")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show the receipt: number, counts, hashes, series, signature."""
    row = _received(request, pk)
    return render(
        request,
        "imaging/receipt.html",
        {
            "row": row,
            # Uploads are the site's page; whoever reads the receipt for the study has the list.
            "crumbs": crumbs(row)
            if request.actor.sites is not None
            else submissions.crumbs(request, row, last=_("Receipt")),
            "zone": person(request).time_zone,
            "signatures": shown_signatures(row),
            "series": row.check_result.get("series", []),
            "set_aside": row.check_result.get("set_aside", []),
            "attached": attachments.listed(row),
            "archives": row.files.filter(outcome=ReceivedFile.Outcome.OPENED),
            "files": _counted(row) if request.GET.get("files") else None,
        },
    )


@study_view("submission.view")
def printed(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Give the receipt as PDF, with every hash; the same receipt gives the same bytes."""
    row = _received(request, pk)
    if row.received_at is None or row.qc_due_at is None:
        raise Http404
    # The zone of the site, not of whoever prints: two people hold the same paper.
    zone = row.study_site.site.time_zone
    made = paper.pdf("imaging/paper/receipt.typ", _facts(row, zone), made_at=row.received_at)
    answer = HttpResponse(made, content_type="application/pdf")
    answer["Content-Disposition"] = f'attachment; filename="receipt-{row.study.code}-{row}.pdf"'
    return answer


def _facts(row: Submission, zone: str) -> dict[str, Any]:
    received = moments.moment_words(row.received_at, zone, seconds=True)  # type: ignore[arg-type]
    return {
        "number": str(row),
        "study": row.study.code,
        "received": received,
        "facts": [
            (_("Received"), received),
            (_("Study"), f"{row.study.code}, {row.study.sponsor}"),
            (_("Site"), f"{row.study_site.number}, {row.study_site.site.name}"),
            (_("Subject"), str(row.subject)),
            (_("Visit"), row.time_point.label),
            (_("Files"), f"{row.file_count:,}"),
            (_("Size"), filesize(row.byte_count)),
            (_("Corrects"), str(row.corrects) if row.corrects else ""),
            (_("Sent by"), row.sender.printed_name),
            (_("Answer promised by"), _due(row, zone)),
        ],
        "manifest": row.manifest_digest,
        "form": str(row.form_record.form),
        "series": [
            (
                line["name"],
                f"{line['images']:,}",
                f"{line.get('files', 0):,}",
                filesize(line.get("bytes", 0)),
                line.get("digest", ""),
            )
            for line in row.check_result.get("series", [])
        ],
        "set_aside": [
            (f"{item['count']:,}", item["text"]) for item in row.check_result.get("set_aside", [])
        ],
        "attached": [
            (str(item), item.get_kind_display(), filesize(item.size), item.sha256)
            for item in attachments.listed(row)
        ],
        "signatures": list(_signatures(row, zone)),
        "files": [(item.sha256, f"{item.size:,}") for item in _counted(row)],
    }


def _due(row: Submission, zone: str) -> str:
    at = moments.moment_words(row.qc_due_at, zone)  # type: ignore[arg-type]
    return f"{at} ({row.qc_due_by})"


def _signatures(row: Submission, zone: str) -> Iterable[dict[str, Any]]:
    for shown in shown_signatures(row):
        yield {
            "name": shown["printed_name"],
            "role": shown["role"],
            "meaning": shown["meaning"],
            "when": moments.moment_words(shown["when"], zone, seconds=True),
            "utc": f"{shown['when']:%Y-%m-%d %H:%M:%S} UTC",
            "digest": shown["record_hash"],
            "valid": shown["is_valid"],
        }
