"""Quality control: the queue by age and priority, and the workbench."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.signing import proven
from audit import clock
from audit.actors import service
from audit.errors import Refused, RuleBroken
from audit.models import record
from imaging.models import Finding, QcReview, Submission
from imaging.services import asking, checks, package, qc, second_level, series
from imaging.views import parts, posting, workbench
from imaging.views.submissions import crumbs, fetched
from imaging.workflows import QC_REVIEW
from studies.access import StudyRequest, fetch, person, study_view
from ui.figures import whole

CHECKLIST_ID = "checklist"
QUEUES = {
    "": "To decide",
    "mine": "Claimed by me",
    "second": "Second level",
    "settle": "Differences",
    "site": "Waits for the site",
    "held": "Held",
    "coming": "On the way",
}


@study_view("qc.view")
def queue(request: StudyRequest) -> HttpResponse:
    """List what waits for quality control: eligibility first, then by due instant."""
    views = queues(request)
    view = request.GET.get("view", "")
    now = clock.now()
    return render(
        request,
        "imaging/qc_queue.html",
        {
            "lines": views.get(view, views[""]),
            "view": view,
            "chips": [
                (name, _(QUEUES[name]), len(found))
                for name, found in views.items()
                if found or name in {"", "mine", "site", "held", "coming", view}
            ],
            "now": now,
            "may_decide": request.actor.may("qc.decide"),
            "may_settle": request.actor.may("qc.resolve"),
            "late": sum(
                1 for line in views[""] if line["row"].qc_due_at and line["row"].qc_due_at < now
            ),
            "links": _links(request),
        },
    )


def _links(request: StudyRequest) -> list[tuple[str, str, str]]:
    """Return the pages beside the queue that the person may open: URL, icon, words."""
    code = request.study.code
    known = (
        ("guideline.view", "guideline", "adjustments", _("Guideline")),
        ("exception.view", "exception-list", "notebook", _("Exceptions")),
        ("late.view", "late-list", "clock-exclamation", _("Late images")),
        ("submission.view", "submission-list", "list-details", _("All submissions")),
    )
    return [
        (reverse(name, args=[code]), icon, words)
        for right, name, icon, words in known
        if request.actor.may(right)
    ]


def queues(request: StudyRequest) -> dict[str, list[dict[str, Any]]]:
    """Return the lines of every view of the queue, in the order of work."""
    rows = (
        Submission.objects.visible_to(request.actor)
        .filter(state__in=["in_qc", "held", "received", "deidentified"])
        .select_related("subject", "time_point__definition", "study_site__site")
        .prefetch_related("reviews__reviewer", "findings")
    )
    lines = [_queue_line(row, request) for row in rows]
    lines.sort(key=lambda line: (not line["eligibility"], line["row"].qc_due_at or clock.now()))
    in_qc = [line for line in lines if line["row"].state == "in_qc"]
    return {
        "": [line for line in in_qc if line["stage"] == second_level.FIRST and not line["asked"]],
        "mine": [line for line in lines if line["mine"]],
        "second": [line for line in in_qc if line["stage"] == second_level.SECOND],
        "settle": [line for line in in_qc if line["stage"] == second_level.RESOLUTION],
        "site": [line for line in in_qc if line["asked"]],
        "held": [line for line in lines if line["row"].state == "held"],
        "coming": [line for line in lines if line["row"].state in {"received", "deidentified"}],
    }


def _queue_line(row: Submission, request: StudyRequest) -> dict[str, Any]:
    claimed = next((r for r in row.reviews.all() if r.state == "open"), None)
    stage = second_level.stage(row) if row.state == "in_qc" else 0
    blinded = stage == second_level.SECOND and second_level.is_blinded(row, request.actor)
    left = [
        f
        for f in row.findings.all()
        if not f.suppressed_by
        and (f.state != "resolved" if blinded else f.state in {"open", "queried"})
    ]
    own_first = stage == second_level.SECOND and any(
        r.level == second_level.FIRST
        and r.state == "signed"
        and r.reviewer_id == request.actor.user_id
        for r in row.reviews.all()
    )
    definition = row.time_point.definition
    asked = stage == second_level.FIRST and _asked(row)
    return {
        "row": row,
        "claimed": claimed,
        "mine": claimed is not None and claimed.reviewer_id == request.actor.user_id,
        "errors": sum(f.level == "error" for f in left),
        "warnings": sum(f.level == "warning" for f in left),
        "asked": asked,
        "stage": stage,
        "own_first": own_first,
        "may_take": claimed is None and not own_first and _may_take(request, stage),
        "eligibility": definition is not None and definition.is_baseline,
    }


def _asked(row: Submission) -> bool:
    """Return whether the clock stands because the site has to answer."""
    waiting = row.time_point.queries.filter(blocking=True, state__in=["open", "reopened"])
    return waiting.exists()


def _may_take(request: StudyRequest, stage: int) -> bool:
    return request.actor.may("qc.resolve" if stage == second_level.RESOLUTION else "qc.decide")


@study_view("qc.view", methods=("POST",))
def claim(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take a submission from the queue, at the level that is awaited."""
    row = fetched(request, pk)
    if not (request.actor.may("qc.decide") or request.actor.may("qc.resolve")):
        request.actor.require("qc.decide")
    try:
        qc.claim(row, actor=request.actor)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("qc-queue", request.study.code)
    return redirect("qc-workbench", request.study.code, row.pk)


@study_view("qc.reset", methods=("POST",))
def release_claim(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Give a claimed submission back to the queue."""
    review = _review(request, pk)
    qc.release_claim(review, actor=request.actor, reason=_("given back to the queue"))
    messages.success(request, _("%s is in the queue again.") % review.submission)
    return redirect("qc-queue", request.study.code)


def _review(request: StudyRequest, pk: UUID) -> QcReview:
    row = fetched(request, pk)
    review = qc.current_review(row, request.actor)
    if review is None:
        raise RuleBroken(_("Claim the submission first."), rule="IMG-051")
    return review


@study_view("qc.view")
def bench(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Findings left, images and facts in the middle, checklist right, decision below."""
    return _workbench(request, fetched(request, pk), signing=request.GET.get("sign") == "1")


def _workbench(
    request: StudyRequest,
    row: Submission,
    *,
    errors: tuple[str, ...] = (),
    final: bool = False,
    signing: bool = False,
) -> HttpResponse:
    actor = request.actor
    review = qc.current_review(row, actor)
    stage = second_level.stage(row) if row.state == "in_qc" else 0
    blinded = second_level.is_blinded(row, actor)
    mine = review is not None and review.reviewer_id == actor.user_id
    editable = mine and review is not None and review.state == "open" and row.state == "in_qc"
    rows = series.effective_series(row.time_point)
    findings = qc.findings_of(row.time_point)
    if blinded:
        # The order would tell which findings the first person has dealt with.
        findings.sort(key=lambda f: ({"error": 0, "warning": 1}.get(f.level, 2), f.created_at))
    chosen = next((s for s in rows if str(s.pk) == request.GET.get("series")), None)
    chosen = chosen or max(rows, key=lambda s: s.instance_count, default=None)
    shown_review = review if editable or not blinded else None
    cards = [
        workbench.finding_card(request, f, chosen=chosen, review=shown_review, blinded=blinded)
        for f in findings
    ]
    form = workbench.form_lines(row)
    to_ask = [c for c in cards if c["may_ask"] and c["is_open"] and c["row"].level == "error"]
    context: dict[str, Any] = {
        "row": row,
        "review": review,
        "stage": stage,
        "blinded": blinded,
        "mine": mine,
        "editable": editable,
        "crumbs": crumbs(request, row, last=_("Quality control")),
        "findings": cards,
        "to_ask": to_ask,
        "question": asking.question_about(card["row"] for card in to_ask),
        "waits_for_site": stage == second_level.FIRST and _asked(row),
        "left": [c for c in cards if c["is_open"] and c["row"].level != "info"],
        "passed": _passed(row, findings),
        "rows": rows,
        "thumbnails": [(s, parts.thumbnail_url(request.study.code, s), s == chosen) for s in rows],
        "chosen": chosen,
        "facts": workbench.fact_lines(row, chosen, [] if blinded else findings) if chosen else [],
        "form_lines": form,
        "differences": sum(line["differs"] for line in form),
        "now": clock.now(),
        "zone": person(request).time_zone,
        "may_claim": (
            row.state == "in_qc"
            and (review is None or review.state == "signed")
            and _claimable(row, request, stage)
        ),
        "next": _next_in_queue(request, row),
        "decisions": QcReview._meta.get_field("decision").choices,
        "causes": QcReview._meta.get_field("deviation_cause").choices,
        "form_id": CHECKLIST_ID,
        "differ": second_level.differ(row) if actor.may("qc.resolve") else None,
        "package_url": reverse("package-choose", args=[request.study.code, row.time_point_id])
        if actor.may("package.view")
        else "",
        "prepared": package.prepared(row.time_point),
        "may_recheck": editable and stage == second_level.FIRST,
        "errors": errors,
    }
    if review is not None:
        context |= workbench.checklist(request, row, review, final=final, read_only=not editable)
        context |= workbench.decision(
            request,
            row,
            review,
            errors=errors if signing else (),
            signing=signing and editable,
        )
    response = render(request, "imaging/qc_workbench.html", context)
    response.status_code = 422 if errors else 200
    return response


def _claimable(row: Submission, request: StudyRequest, stage: int) -> bool:
    if not stage or not _may_take(request, stage):
        return False
    taken = second_level.review_of(row, stage)
    before = [second_level.review_of(row, level) for level in range(1, stage)]
    return taken is None and all(r is None or r.reviewer_id != request.actor.user_id
                                 for r in before)  # fmt: skip


def _passed(row: Submission, findings: list[Finding]) -> int:
    """Return how many rows of the guideline gave no finding."""
    guideline = checks.guideline_of(row)
    found = {f.parameter or f.code for f in findings}
    names = {r.parameter for r in guideline.rules}
    return len(names - found)


def _next_in_queue(request: StudyRequest, row: Submission) -> Submission | None:
    lines = queues(request)
    waiting = [*lines[""], *lines["second"]] if request.actor.may("qc.decide") else lines["settle"]
    return next(
        (
            line["row"]
            for line in waiting
            if line["row"].pk != row.pk and (line["mine"] or line["may_take"])
        ),
        None,
    )


@study_view("qc.decide", methods=("POST",))
def recheck(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Run the automatic checks again, after an anchor, a scanner or an exception changed."""
    row = fetched(request, pk)
    if row.state != "in_qc":
        raise RuleBroken(_("%s is not in QC.") % row, rule="IMG-051")
    record("submission.recheck", row)
    # Findings are the platform's: who asked for the checks is in the event before.
    made = checks.run(row, actor=service("Quality control", study_id=row.study_id))
    messages.success(request, _("Checked again: %d new findings.") % len(made))
    return redirect("qc-workbench", request.study.code, row.pk)


@study_view("qc.decide", methods=("POST",))
def checklist_autosave(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Keep single answers of the checklist."""
    review = _with_checklist(request, pk)

    def save(answers: Any, seen: int) -> Any:
        return qc.save_checklist(review, answers, seen_version=seen, actor=request.actor)

    return posting.autosave(
        request, review.form_record, context=qc.checklist_context(review), save=save
    )


@study_view("qc.view")
def checklist_body(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Draw the checklist again when what is visible changed."""
    review = _with_checklist(request, pk)
    return posting.redrawn(
        request,
        review.form_record,
        context=qc.checklist_context(review),
        body_url=reverse("qc-checklist-body", args=[request.study.code, pk]),
        form_id=CHECKLIST_ID,
    )


def _with_checklist(request: StudyRequest, pk: UUID) -> Any:
    review = _review(request, pk)
    if review.form_record is None:
        raise RuleBroken(_("A resolution has no checklist of its own."), rule="IMG-006")
    return review


def _finding_of(request: StudyRequest, pk: UUID) -> Finding:
    row: Finding = fetch(
        Finding.objects.select_related("submission__time_point", "submission__study_site"),
        request.actor,
        pk,
    )
    return row


@study_view("qc.decide", methods=("POST",))
def explain(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Accept a finding with its reason."""
    row = _finding_of(request, pk)
    try:
        qc.explain(row, actor=request.actor, reason=request.POST.get("reason", ""))
        messages.success(request, _("The finding was accepted with your reason."))
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("qc-workbench", request.study.code, row.submission_id)


@study_view("query.raise", methods=("POST",))
def ask(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Ask the site about one finding."""
    row = _finding_of(request, pk)
    try:
        query = qc.ask_site([row], actor=request.actor, text=request.POST.get("text", ""))
        messages.success(request, _("%s was sent to the site.") % query)
    except Refused as refused:
        messages.error(request, refused.message)
    return redirect("qc-workbench", request.study.code, row.submission_id)


@study_view("query.raise", methods=("POST",))
def ask_all(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Ask the site about every finding that is still open, in one query."""
    row = fetched(request, pk)
    chosen = [
        f
        for f in qc.findings_of(row.time_point)
        if f.state == "open" and f.level == "error" and f.query_text and not f.suppressed_by
    ]
    if not chosen:
        messages.error(request, _("There is nothing left to ask the site."))
        return redirect("qc-workbench", request.study.code, row.pk)
    query = qc.ask_site(chosen, actor=request.actor, text=request.POST.get("text", ""))
    messages.success(request, _("%s was sent to the site. QC waits for the answer.") % query)
    return redirect("qc-workbench", request.study.code, row.pk)


@study_view("qc.view", methods=("POST",))
def decide(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Complete the checklist, keep the decision, and open the sign dialog."""
    row = fetched(request, pk)
    review = _own(request, pk)
    step = "resolve" if review.level == second_level.RESOLUTION else "sign"
    try:
        _keep_answers(request, review)
        qc.decide(
            review,
            decision=request.POST.get("decision", ""),
            deviation_cause=request.POST.get("deviation_cause", ""),
            comment=request.POST.get("comment", ""),
            actor=request.actor,
        )
        fresh = _review(request, pk)
        if fresh.form_record is not None:
            qc.complete_checklist(fresh, actor=request.actor)
            fresh = _review(request, pk)
        failed = [g.text for g in QC_REVIEW.guard_results(fresh, step) if not g.ok]
        if failed:
            raise RuleBroken(failed[0], rule="IMG-007")
    except Refused as refused:
        return _not_done(request, pk, refused, final=True)
    # By an address of its own: opened again or gone back to, nothing is sent a second time.
    address = reverse("qc-workbench", args=[request.study.code, row.pk])
    return redirect(f"{address}?sign=1")


def _not_done(
    request: StudyRequest, pk: UUID, refused: Refused, *, final: bool = False, signing: bool = False
) -> HttpResponse:
    """Say what was refused beside what was typed; on a decided review, on the page as it is now."""
    row = fetched(request, pk)
    review = qc.current_review(row, request.actor)
    if review is None or review.state != "open" or review.reviewer_id != request.actor.user_id:
        messages.error(request, refused.message)
        return redirect("qc-workbench", request.study.code, row.pk)
    return _workbench(request, row, errors=(refused.message,), final=final, signing=signing)


def _own(request: StudyRequest, pk: UUID) -> QcReview:
    """Return the person's own review; who decides at no level is refused."""
    if not (request.actor.may("qc.decide") or request.actor.may("qc.resolve")):
        request.actor.require("qc.decide")
    return _review(request, pk)


def _keep_answers(request: StudyRequest, review: QcReview) -> None:
    if review.form_record is None:
        return
    answers = posting.posted_answers(review.form_record, request)
    seen = whole(request.POST.get("version", ""), -1)
    if answers != review.form_record.answers:
        review.form_record = qc.save_checklist(
            review, answers, seen_version=seen, actor=request.actor
        )


@study_view("qc.view", methods=("POST",))
def sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Sign the kept decision."""
    row = fetched(request, pk)
    review = _own(request, pk)
    try:
        assent = proven(request, review, meaning=qc.MEANING, statement=qc.STATEMENT)
        qc.sign(review, actor=request.actor, assent=assent)
    except Refused as refused:
        return _not_done(request, pk, refused, signing=True)
    told: dict[int, str] = {
        second_level.SECOND: _("%s: signed, and drawn for a second person."),
        second_level.RESOLUTION: _("%s: signed. The decisions differ; science settles it."),
    }
    words = told.get(second_level.stage(row), _("%s: the decision is signed."))
    messages.success(request, words % row.time_point)
    return redirect("qc-workbench", request.study.code, row.pk)
