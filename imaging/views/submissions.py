"""The submission as everybody concerned sees it: state, files, series, findings, history."""

from __future__ import annotations

from collections import Counter
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.reasons import Act, asked_again, reason_of, reason_request
from accounts.sentences import sentences
from accounts.signing import shown_signatures
from audit import clock, trail
from audit.errors import ReasonRequired
from audit.models import Job
from imaging.models import ConsentWithdrawal, Move, ReceivedFile, Submission
from imaging.reasons import REJECT, WITHDRAW
from imaging.services import (
    attachments,
    consent,
    holds,
    qc,
    second_level,
    site_cleaning,
    submission,
    withdrawing,
)
from imaging.services.manifest import OPEN_STATES
from imaging.views import parts
from imaging.workflows import SUBMISSION
from studies.access import StudyRequest, fetch, study_view
from ui.records import Link, ReasonRequest

PAGE_SIZE = 50
#: what ends a submission: act, words and icon of its button, title of its dialog
ENDINGS = (
    (WITHDRAW, "Withdraw", "arrow-back-up", "Withdraw %(row)s of %(visit)s"),
    (REJECT, "Reject", "circle-x", "Reject %(row)s of %(visit)s"),
)


def crumbs(request: StudyRequest, row: Submission, *, last: str = "") -> list[Link]:
    """Return where a page about a submission lies."""
    code = request.study.code
    found = [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label=_("Submissions"), url=reverse("submission-list", args=[code])),
    ]
    if last:
        found.append(Link(label=str(row), url=reverse("submission", args=[code, row.pk])))
    return [*found, Link(label=last or str(row), url="")]


def fetched(request: StudyRequest, pk: UUID) -> Submission:
    """Return a submission that the person may see, with what its pages show."""
    rows = Submission.objects.select_related(
        "time_point__definition",
        "subject",
        "study_site__site",
        "form_record__form",
        "profile",
        "guideline",
        "sender",
        "corrects",
    )
    row: Submission = fetch(rows, request.actor, pk)
    return row


@study_view("submission.view")
def listing(request: StudyRequest) -> HttpResponse:
    """List the submissions that the person may see, newest first."""
    rows = (
        Submission.objects.visible_to(request.actor)
        .select_related("subject", "time_point", "study_site__site", "sender")
        .order_by("-number")
    )
    counts = Counter(rows.values_list("state", flat=True))
    state = request.GET.get("state", "")
    if state in counts:
        rows = rows.filter(state=state)
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    return render(
        request,
        "imaging/submission_list.html",
        {"page": page, "counts": sorted(counts.items()), "state": state, "now": clock.now()},
    )


@study_view("submission.view")
def detail(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one submission."""
    return _page(request, fetched(request, pk))


def _page(
    request: StudyRequest, row: Submission, *, refused: tuple[Act, str] | None = None
) -> HttpResponse:
    tab = request.GET.get("tab", "series")
    rows = list(row.series.prefetch_related("findings", "previews"))
    findings = list(row.findings.select_related("series", "query"))
    files = list(row.files.all())
    outcomes = Counter(f.outcome for f in files)
    actor = request.actor
    job = parts.newest_job(row, "imaging.process")
    acts = (*row.hold_decisions.all(), *row.attachments.all())
    history = sentences(trail.entries(row, row.form_record, *rows, *findings, *acts))
    blinded = second_level.is_blinded(row, actor)
    if blinded:  # what the first person did stays away until the second one has signed
        history = sentences(trail.entries(row.form_record, *rows))
    steps = {step.name for step in SUBMISSION.open_steps(row, actor)}
    return render(
        request,
        "imaging/submission.html",
        {
            "row": row,
            "endings": _endings(request, row, steps, refused),
            "crumbs": crumbs(request, row),
            "tab": tab,
            "blinded": blinded,
            "tabs": _tabs(rows, findings, files, history),
            "series": parts.series_lines(
                request.study.code, rows, pictured=row.state != "withdrawn"
            ),
            "gone": _gone(row),
            "may_see_consent": actor.may("consent.view"),
            "awaits_qc": row.state not in {"released", "rejected", "withdrawn"},
            "findings": [
                (f, parts.finding_words(f.measured, f.expected, f.what_it_means)) for f in findings
            ],
            "outcomes": _outcome_lines(outcomes),
            "at_site": site_cleaning.account_of(row),
            "set_aside": [f for f in files if f.outcome in {"held", "refused", "ignored"}],
            "held_count": outcomes["held"],
            "held_codes": holds.liftable(row),
            "may_look": actor.may("arrival.view") and row.state == "held" and outcomes["held"],
            "decided": row.hold_decisions.exclude(state="superseded").count(),
            "papers": list(attachments.listed(row)) if actor.may("attachment.view") else [],
            "may_open_papers": actor.may("arrival.view"),
            "history": history,
            "job": parts.job_card(request, row, job, title=_("De-identification and checks"))
            if job and not (job.is_over and job.state == Job.State.DONE)
            else None,
            "steps": steps,
            "now": clock.now(),
            "signatures": shown_signatures(row),
            "may_qc": actor.may("qc.view"),
            "may_see_time_point": actor.may("timepoint.view"),
            "may_decide": actor.may("qc.decide") and row.state == "in_qc",
            "may_continue": actor.may("submission.upload") and row.state in OPEN_STATES,
            "queries": row.time_point.queries.order_by("-number"),
            "corrections": row.corrections.all(),
        },
        status=422 if refused else 200,
    )


def _gone(row: Submission) -> tuple[Move | None, ConsentWithdrawal | None]:
    """Return the move that took the images away, or the withdrawal that stopped their use."""
    if row.state != "withdrawn":
        return None, None
    moved = row.moves.filter(state="carried_out").select_related("target__subject").first()
    return moved, None if moved else consent.effective(row.subject)


def _endings(
    request: StudyRequest, row: Submission, steps: set[str], refused: tuple[Act, str] | None
) -> list[tuple[str, str, ReasonRequest]]:
    """Return what can end the submission: words and icon of the button, and its dialog."""
    offered = [one for one in ENDINGS if one[0].key in steps]
    if not offered:
        return []
    effects = tuple((one.tone, one.text) for one in withdrawing.consequences(row))
    found = []
    for act, label, icon, title in offered:
        url = reverse(f"submission-{act.key}", args=[request.study.code, row.pk])
        words = _(title) % {"row": row, "visit": row.time_point}
        dialog = reason_request(act, url, title=words, effects=effects)
        if refused is not None and refused[0] is act:
            dialog = asked_again(dialog, request, refused[1])
        found.append((_(label), icon, dialog))
    return found


def _tabs(
    rows: list[Any], findings: list[Any], files: list[Any], history: list[Any]
) -> list[tuple[str, str, str, int, str]]:
    left = [f for f in findings if f.state in {"open", "queried"} and f.level != "info"]
    worst = "stop" if any(f.level == "error" for f in left) else "wait"
    return [
        ("series", _("Series"), "stack-2", len(rows), ""),
        ("findings", _("Findings"), "clipboard-check", len(left), worst if left else ""),
        ("files", _("Files"), "files", len(files), ""),
        ("history", _("History"), "history", len(history), ""),
    ]


def _outcome_lines(outcomes: Counter[str]) -> list[tuple[str, str, int]]:
    tones = {
        "cleaned": "good",
        "stored": "work",
        "announced": "idle",
        "duplicate": "idle",
        "ignored": "idle",
        "held": "wait",
        "refused": "stop",
    }
    return [
        (tones[code], str(label), outcomes[code])
        for code, label in ReceivedFile.Outcome.choices
        if outcomes.get(code)
    ]


@study_view("submission.view")
def job(request: StudyRequest, pk: UUID, job_id: UUID) -> HttpResponse:
    """Draw a job's card again; a page whose job is over draws itself again."""
    row = fetched(request, pk)
    found = Job.objects.filter(pk=job_id, object_id=str(row.pk)).first()
    if found is None:
        raise Http404
    titles = {
        "imaging.check": _("Reading your files"),
        "imaging.process": _("De-identification and checks"),
    }
    card = parts.job_card(request, row, found, title=titles.get(found.kind, found.kind))
    response = render(request, "components/job.html", {"job": card})
    # What the checks found is there before the job ends: it goes on to clean ahead.
    told = row.manifest_digest and row.check_result.get("manifest") == row.manifest_digest
    if found.is_over or (found.kind == "imaging.check" and told):
        response["HX-Refresh"] = "true"
    return response


def _reason(request: StudyRequest) -> str:
    return request.POST.get("reason", "").strip()


@study_view("submission.withdraw", methods=("POST",))
def withdraw(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Withdraw a submission, with the reason."""
    row = fetched(request, pk)
    try:
        reason = reason_of(request, WITHDRAW)
    except ReasonRequired as refused:
        return _page(request, row, refused=(WITHDRAW, refused.message))
    submission.withdraw(row, actor=request.actor, reason=reason)
    messages.success(request, _("%s was withdrawn.") % row)
    return redirect("submission", request.study.code, row.pk)


@study_view("submission.reject", methods=("POST",))
def reject(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Reject a submission, with the reason."""
    row = fetched(request, pk)
    try:
        reason = reason_of(request, REJECT)
    except ReasonRequired as refused:
        return _page(request, row, refused=(REJECT, refused.message))
    submission.reject(row, actor=request.actor, reason=reason)
    messages.success(request, _("%s was rejected.") % row)
    return redirect("submission", request.study.code, row.pk)


@study_view("submission.hold", methods=("POST",))
def resume(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Let a held submission go on, with the reason."""
    row = fetched(request, pk)
    lifted = tuple(sorted(set(holds.liftable(row)) & set(request.POST.getlist("lift"))))
    submission.resume(row, actor=request.actor, reason=_reason(request), lifted=lifted)
    messages.success(request, _("%s goes on.") % row)
    return redirect("submission", request.study.code, row.pk)


@study_view("qc.reset", methods=("GET", "POST"))
def reset(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show what opening QC again would do; with the reason, do it."""
    row = fetched(request, pk)
    if request.method == "GET" or not _reason(request):
        listed = qc.reset_consequences(row)
        context = {
            "row": row,
            "consequences": listed,
            "prevented": any(one.prevents for one in listed),
            "asked": request.method == "POST",
            "crumbs": crumbs(request, row, last=_("Open QC again")),
        }
        status = 422 if request.method == "POST" else 200
        return render(request, "imaging/qc_reset.html", context, status=status)
    qc.reset(row, actor=request.actor, reason=_reason(request))
    messages.success(request, _("QC of %s is open again.") % row.time_point)
    return redirect("submission", request.study.code, row.pk)
