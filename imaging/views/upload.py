"""The upload of a visit, page by page: files, checks, form, review and signature."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.signing import proven, sign_request
from audit import clock
from audit.errors import Refused, RuleBroken
from audit.models import Job
from imaging.models import Attachment, ReceivedFile, Submission
from imaging.services import attachments, manifest, site_cleaning, submission
from imaging.services.rulesheet import rule_sheet
from imaging.views import parts, posting
from queries.models import Query
from studies.access import StudyRequest, fetch, person, study_view
from studies.models import TimePoint
from ui import moments
from ui.figures import whole
from ui.records import Link, UploadPanel


def fetched(request: StudyRequest, pk: UUID) -> Submission:
    """Return a submission that the person may see, with what the wizard shows."""
    rows = Submission.objects.select_related(
        "time_point__definition",
        "subject",
        "study_site__site",
        "form_record__form",
        "profile",
        "guideline",
        "study__sponsor",
        "sender",
        "corrects",
        "answers_query",
    )
    row: Submission = fetch(rows, request.actor, pk)
    return row


def crumbs(row: Submission) -> list[Link]:
    """Return where a page of an upload lies."""
    return [
        Link(label=_("Uploads"), url=reverse("site-home")),
        Link(label=f"{row.subject}, {row.time_point.label}", url=""),
    ]


def _page(request: StudyRequest, row: Submission, step: int, **context: Any) -> dict[str, Any]:
    return {
        "row": row,
        "crumbs": crumbs(row),
        "steps": parts.upload_steps(),
        "step": step,
        "zone": person(request).time_zone,
        **context,
    }


def _moved_on(row: Submission) -> HttpResponse | None:
    """Return where a submission that was sent already is shown."""
    if row.state in manifest.OPEN_STATES:
        return None
    return redirect("submission", row.study.code, row.pk)


@study_view("submission.upload", methods=("POST",))
def start(request: StudyRequest, time_point_id: UUID) -> HttpResponse:
    """Open or go on with the upload of a visit, perhaps as the answer to a query."""
    time_point = fetch(TimePoint, request.actor, time_point_id)
    query = None
    if request.POST.get("query"):
        query = fetch(Query, request.actor, _uuid(request.POST["query"]))
    row = submission.start(time_point, actor=request.actor, answers_query=query)
    return redirect("upload-files", request.study.code, row.pk)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


@study_view("submission.upload")
def files(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Choose and send the files of a visit."""
    row = fetched(request, pk)
    if moved := _moved_on(row):
        return moved
    code = request.study.code
    args = [code, row.pk]
    put_url = reverse("upload-put", args=[code, row.pk, "0" * 64]).replace("0" * 64, "{sha256}")
    panel = UploadPanel(
        manifest_url=reverse("upload-manifest", args=args),
        put_url=put_url,
        parts_url=reverse("upload-parts", args=args),
        many_url=reverse("upload-many", args=args),
        finish_url=reverse("upload-finish", args=args),
        visit_url=reverse("upload-visit"),
        note=_(
            "The whole folder as the scanner exported it, or one zip. Up to 10,000 files, 5 GB."
        ),
    )
    missing, unsent = _not_arrived(row)
    asked = row.time_point.queries.filter(
        state__in=["open", "reopened"], actions__done_at=None
    ).distinct()
    return render(
        request,
        "imaging/upload_files.html",
        _page(
            request,
            row,
            2,
            upload=panel,
            arrived=row.file_count - missing,
            missing=missing,
            bytes_here=row.byte_count - unsent,
            rules=rule_sheet(row),
            site=site_cleaning.option_of(row),
            asked=asked,
            leaves=_leaves(row),
        ),
    )


def _not_arrived(row: Submission) -> tuple[int, int]:
    """Number and bytes of the announced files that are not here yet."""
    waiting = row.files.filter(outcome=ReceivedFile.Outcome.ANNOUNCED)
    found = waiting.aggregate(files=Count("pk"), size=Sum("size"))
    return found["files"], found["size"] or 0


def _leaves(row: Submission) -> list[tuple[str, str]]:
    """Return what becomes of the identity in the files, in words, by the pinned profile."""
    return [
        (_("Name and Patient ID"), str(row.subject)),
        (_("Birth date"), _("removed")),
        (_("Institution"), row.study_site.number),
        (_("People and addresses"), _("removed")),
        (_("Dates"), _("shifted, intervals kept")),
        (_("Weight and height"), _("kept")),
        (_("Private fields"), _("only safe ones")),
        (_("Text in images"), _("held for a person")),
    ]


@study_view("submission.upload", methods=("POST",))
def clear(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take all files out again, to choose others."""
    row = fetched(request, pk)
    manifest.remove_files(row, actor=request.actor)
    messages.success(request, _("The files were taken out. Choose others."))
    return redirect("upload-files", request.study.code, row.pk)


@study_view("submission.upload", methods=("GET", "POST"))
def checks(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show what was found in the files before they are sent; take explanations."""
    row = fetched(request, pk)
    if moved := _moved_on(row):
        return moved
    if request.method == "POST":
        submission.explain_check(
            row, request.POST.get("key", ""), request.POST.get("text", ""), actor=request.actor
        )
        return redirect("upload-checks", request.study.code, row.pk)
    if row.file_count == 0 and row.corrects_id is None:
        return redirect("upload-files", request.study.code, row.pk)
    job = parts.newest_job(row, "imaging.check")
    result: dict[str, Any] = row.check_result
    names = {line["key"]: line["name"] for line in result.get("series", [])}
    found = [
        {
            **f,
            "words": parts.finding_words(f["measured"], f["expected"], f["means"]),
            "about": names.get(f.get("series", ""), ""),
        }
        for f in result.get("findings", [])
    ]
    explained: dict[str, str] = result.get("explained", {})
    left = [f for f in found if f["level"] == "error" and f["key"] not in explained]
    waiting = bool(row.file_count) and not result.get("manifest") and not _is_stuck(job)
    return render(
        request,
        "imaging/upload_checks.html",
        _page(
            request,
            row,
            3,
            result=result,
            waiting=waiting,
            job=parts.job_card(request, row, job, title=_("Reading your files")) if job else None,
            to_fix=[
                {**f, "explained": explained.get(f["key"], "")}
                for f in found
                if f["level"] == "error"
            ],
            to_explain=[f for f in found if f["level"] == "warning"],
            notes=[f for f in found if f["level"] == "info"],
            left=len(left),
            passed=_passed(result, found),
            leaves=_leaves(row),
        ),
    )


def _is_stuck(job: Job | None) -> bool:
    return job is not None and job.is_over


def _passed(result: dict[str, Any], found: list[dict[str, Any]]) -> list[str]:
    """Return the checks that found nothing, in words."""
    if not result.get("manifest"):
        return []
    codes = {f["code"] for f in found}
    words = [
        (not result.get("set_aside"), _("All files are DICOM")),
        (result.get("patients", 0) == 1, _("One subject")),
        (not {"expected_series_missing", "wrong_modality"} & codes, _("All expected series")),
        (
            not {"missing_slices", "gaps_between_slices", "irregular_spacing"} & codes,
            _("No slice missing"),
        ),
        (not {"date_out_of_window", "date_missing", "date_in_future"} & codes, _("Date in window")),
        ("outside_guideline" not in codes, _("Acquisition as asked")),
        ("scanner_unknown" not in codes, _("Scanner known")),
        ("already_received" not in codes, _("Not sent before")),
        ("lossy_compression" not in codes, _("No lossy compression")),
    ]
    return [text for ok, text in words if ok]


@study_view("submission.upload", methods=("GET", "POST"))
def form(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Fill in the transmittal form."""
    row = fetched(request, pk)
    if moved := _moved_on(row):
        return moved
    record = row.form_record
    context = submission.form_context(row)
    status = 200
    if request.method == "POST":
        answers = posting.posted_answers(record, request)
        seen = whole(request.POST.get("version", ""), -1)
        record = submission.save_form(row, answers, seen_version=seen, actor=request.actor)
        row.form_record = record
        if request.POST.get("go") == "on":
            try:
                submission.complete_form(row, actor=request.actor)
                return redirect("upload-review", request.study.code, row.pk)
            except RuleBroken as refused:
                messages.error(request, refused.message)
                status = 422
        elif request.POST.get("go") == "close":
            messages.success(request, _("The draft is kept."))
            return redirect("site-home")
    result, view = posting.view_of(record, context=context, final=status != 200)  # noqa: PLR2004
    return render(
        request,
        "imaging/upload_form.html",
        _page(
            request,
            row,
            4,
            record=record,
            page=view,
            structure=posting.structure_digest(result),
            form_id="transmittal",
            attached=attachments.listed(row),
            body_url=reverse("upload-form-body", args=[request.study.code, row.pk]),
            offset=moments.offset_minutes(clock.now(), person(request).time_zone),
        ),
        status=status,
    )


@study_view("submission.upload")
def form_body(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Draw the form again after a save, when what is visible changed."""
    row = fetched(request, pk)
    return posting.redrawn(
        request,
        row.form_record,
        context=submission.form_context(row),
        body_url=reverse("upload-form-body", args=[request.study.code, row.pk]),
        form_id="transmittal",
    )


@study_view("submission.upload", methods=("POST",))
def form_autosave(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Keep single answers as they are typed."""
    row = fetched(request, pk)

    def save(answers: Any, seen: int) -> Any:
        return submission.save_form(row, answers, seen_version=seen, actor=request.actor)

    return posting.autosave(
        request, row.form_record, context=submission.form_context(row), save=save
    )


@study_view("submission.upload", methods=("POST",))
def attach(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take papers into the upload, or take one out again; draw the list anew."""
    row = fetched(request, pk)
    errors: list[str] = []
    try:
        if request.POST.get("remove"):
            unwanted = fetch(Attachment, request.actor, _uuid(request.POST["remove"]))
            if unwanted.submission_id != row.pk:
                raise Http404
            attachments.remove(unwanted, actor=request.actor)
        for paper in request.FILES.getlist("papers"):
            name, kind = paper.name or "", paper.content_type or ""
            attachments.add(row, name, kind, paper.chunks(), actor=request.actor)
    except Refused as refused:
        errors = [refused.message]
    if not request.headers.get("HX-Request"):
        for error in errors:
            messages.error(request, error)
        return redirect("upload-form", request.study.code, row.pk)
    context = {"row": row, "attached": attachments.listed(row), "errors": errors, "editable": True}
    return render(request, "imaging/attachments_card.html", context)


def _said(row: Submission) -> list[tuple[str, str]]:
    """Return what the site said about findings that cannot be fixed: title and words."""
    explained = row.check_result.get("explained", {})
    found = row.check_result.get("findings", [])
    return [(f["title"], explained[f["key"]]) for f in found if f["key"] in explained]


@study_view("submission.upload", methods=("GET", "POST"))
def review(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Look at everything once more, sign, and send."""
    row = fetched(request, pk)
    if moved := _moved_on(row):
        return moved
    if row.form_record.completed_at is None:
        return redirect("upload-form", request.study.code, row.pk)
    errors: list[str] = []
    if request.method == "POST":
        try:
            assent = proven(
                request, row, meaning=submission.MEANING, statement=submission.STATEMENT
            )
            submission.sign_and_receive(row, actor=request.actor, assent=assent)
            return redirect("receipt", request.study.code, row.pk)
        except Refused as refused:
            errors = [refused.message]
            row = fetched(request, pk)
            if moved := _moved_on(row):
                return moved
    _result, view = posting.view_of(
        row.form_record, context=submission.form_context(row), final=True, read_only=True
    )
    sign = sign_request(
        request,
        row,
        dialog_id="send",
        title=_("Sign and send %s") % f"{row.subject}, {row.time_point.label}",
        url=request.path,
        facts=(
            (_("Subject and visit"), f"{row.subject}, {row.time_point.label}"),
            (_("Files"), parts.files_words(row.file_count)),
            (_("Attachments"), str(attachments.listed(row).count())),
            (_("Manifest"), f"{row.manifest_digest[:8]}…{row.manifest_digest[-8:]}"),
            (_("Form"), str(row.form_record.form)),
        ),
        statement=_(submission.STATEMENT),
        consequence=_("After this the files and the form cannot change."),
        label=_("Sign and send"),
        errors=errors,
    )
    guards = submission.guards(row)
    return render(
        request,
        "imaging/upload_review.html",
        _page(
            request,
            row,
            5,
            page=view,
            sign=sign,
            guards=guards,
            ready=all(guard.ok for guard in guards),
            attached=attachments.listed(row),
            set_aside=row.check_result.get("set_aside", []),
            said=_said(row),
            series=row.check_result.get("series", []),
        ),
        status=422 if errors else 200,
    )
