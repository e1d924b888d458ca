"""Quality control: the queue by age and priority, and the workbench."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.signatures import prove
from audit import clock, trail
from audit.errors import Refused, RuleBroken
from imaging.models import Finding, QcReview, Submission
from imaging.pipeline.technical_qc.parameters import PARAMETERS
from imaging.services import checks, qc, series
from imaging.views import parts, posting
from imaging.views.submissions import crumbs, fetched
from imaging.workflows import QC_REVIEW
from studies.access import StudyRequest, fetch, study_view
from ui import moments

CHECKLIST_ID = "checklist"
QUEUES = {
    "": "To decide",
    "mine": "Claimed by me",
    "site": "Waits for the site",
    "held": "Held",
    "coming": "On the way",
}
BADGES = {"error": "Major", "warning": "Minor", "info": "Note"}


@study_view("qc.view")
def queue(request: StudyRequest) -> HttpResponse:
    """List what waits for quality control: eligibility first, then by due instant."""
    rows = (
        Submission.objects.visible_to(request.actor)
        .filter(state__in=["in_qc", "held", "received", "deidentified"])
        .select_related("subject", "time_point__definition", "study_site__site")
        .prefetch_related("reviews__reviewer", "findings")
    )
    lines = [_queue_line(row, request.actor.user_id) for row in rows]
    lines.sort(key=lambda line: (not line["eligibility"], line["row"].qc_due_at or clock.now()))
    views = {
        "": [line for line in lines if line["row"].state == "in_qc" and not line["asked"]],
        "mine": [line for line in lines if line["mine"]],
        "site": [line for line in lines if line["asked"] and line["row"].state == "in_qc"],
        "held": [line for line in lines if line["row"].state == "held"],
        "coming": [line for line in lines if line["row"].state in {"received", "deidentified"}],
    }
    view = request.GET.get("view", "")
    return render(
        request,
        "imaging/qc_queue.html",
        {
            "lines": views.get(view, views[""]),
            "view": view,
            "chips": [(name, _(QUEUES[name]), len(found)) for name, found in views.items()],
            "now": clock.now(),
            "may_decide": request.actor.may("qc.decide"),
            "late": sum(
                1
                for line in views[""]
                if line["row"].qc_due_at and line["row"].qc_due_at < clock.now()
            ),
        },
    )


def _queue_line(row: Submission, user_id: Any) -> dict[str, Any]:
    claimed = next((r for r in row.reviews.all() if r.state == "open"), None)
    left = [f for f in row.findings.all() if f.state in {"open", "queried"}]
    definition = row.time_point.definition
    return {
        "row": row,
        "claimed": claimed,
        "mine": claimed is not None and claimed.reviewer_id == user_id,
        "errors": sum(f.level == "error" for f in left),
        "warnings": sum(f.level == "warning" for f in left),
        "asked": row.time_point.queries.filter(
            blocking=True, state__in=["open", "reopened"]
        ).exists(),
        "eligibility": definition is not None and definition.is_baseline,
    }


@study_view("qc.decide", methods=("POST",))
def claim(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take a submission from the queue."""
    row = fetched(request, pk)
    try:
        qc.claim(row, actor=request.actor)
    except Refused as refused:
        messages.error(request, refused.message)
        return redirect("qc-queue", request.study.code)
    return redirect("qc-workbench", request.study.code, row.pk)


@study_view("qc.decide", methods=("POST",))
def release_claim(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Give a claimed submission back to the queue."""
    review = _review(request, pk)
    qc.release_claim(review, actor=request.actor, reason=_("given back to the queue"))
    messages.success(request, _("%s is in the queue again.") % review.submission)
    return redirect("qc-queue", request.study.code)


def _review(request: StudyRequest, pk: UUID) -> QcReview:
    row = fetched(request, pk)
    review = qc.review_of(row)
    if review is None:
        raise RuleBroken(_("Claim the submission first."), rule="IMG-051")
    return review


@study_view("qc.view")
def workbench(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Findings left, images and facts in the middle, checklist right, decision below."""
    return _workbench(request, fetched(request, pk))


def _workbench(
    request: StudyRequest,
    row: Submission,
    *,
    errors: tuple[str, ...] = (),
    final: bool = False,
    signing: bool = False,
) -> HttpResponse:
    review = qc.review_of(row)
    mine = review is not None and review.reviewer_id == request.actor.user_id
    editable = mine and review is not None and review.state == "open" and row.state == "in_qc"
    rows = series.effective_series(row.time_point)
    findings = qc.findings_of(row.time_point)
    chosen = next((s for s in rows if str(s.pk) == request.GET.get("series")), None)
    chosen = chosen or max(rows, key=lambda s: s.instance_count, default=None)
    context: dict[str, Any] = {
        "row": row,
        "review": review,
        "mine": mine,
        "editable": editable,
        "crumbs": crumbs(request, row, last=_("Quality control")),
        "findings": [_finding(request, f, rows, chosen) for f in findings],
        "to_ask": [
            f for f in findings if f.state == "open" and f.level == "error" and f.query_text
        ],
        "left": [f for f in findings if f.state in {"open", "queried"} and f.level != "info"],
        "rows": rows,
        "thumbnails": [(s, parts.thumbnail_url(request.study.code, s), s == chosen) for s in rows],
        "chosen": chosen,
        "facts": _facts(row, chosen, findings) if chosen else [],
        "now": clock.now(),
        "zone": parts.person(request).time_zone,
        "history": parts.sentences(trail.entries(row, *([review] if review else []), *findings)),
        "may_claim": request.actor.may("qc.decide") and review is None and row.state == "in_qc",
        "next": _next_in_queue(request, row),
        "decisions": QcReview._meta.get_field("decision").choices,
        "causes": QcReview._meta.get_field("deviation_cause").choices,
        "form_id": CHECKLIST_ID,
        "errors": errors,
    }
    if review is not None:
        context |= _checklist(request, row, review, final=final, read_only=not editable)
        context |= _decision(
            request, row, review, errors=errors if signing else (), signing=signing
        )
    response = render(request, "imaging/qc_workbench.html", context)
    response.status_code = 422 if errors else 200
    return response


def _finding(request: StudyRequest, row: Finding, rows: list[Any], chosen: Any) -> dict[str, Any]:
    return {
        "row": row,
        "text": parts.finding_words(row.measured, row.expected, row.what_it_means),
        "badge": _(BADGES[row.level]),
        "is_open": row.state in {"open", "queried"},
        "slice": _slice_of(row, chosen),
        "on": chosen is not None and row.series_id == chosen.pk and row.level == "error",
        "args": [request.study.code, row.pk],
    }


def _slice_of(row: Finding, chosen: Any) -> int | None:
    """Return the picture next to what a finding is about, counted from the head."""
    heights = sorted(chosen.facts.get("positions", []), reverse=True) if chosen else []
    if not row.positions or not heights or row.series_id != chosen.pk:
        return None
    at = max(row.positions)
    return min(range(len(heights)), key=lambda i: abs(heights[i] - at))


def _facts(row: Submission, chosen: Any, findings: list[Finding]) -> list[dict[str, Any]]:
    """Return header facts beside the guideline, with the verdict of the checks."""
    values: dict[str, str] = chosen.facts.get("values", {})
    definition = row.time_point.definition
    guideline = checks.guideline_of(row)
    at = definition.code if definition else ""
    rules = {r.parameter: r for r in guideline.comparisons(modality=chosen.modality, time_point=at)}
    by_parameter = {f.parameter: f for f in findings if f.series_id == chosen.pk and f.parameter}
    names = dict.fromkeys([*rules, *values])
    answers = row.form_record.answers
    site = {
        "slice_thickness_mm": _site_value(answers, "slice_thickness", "mm"),
        "contrast_phase": str(answers.get("contrast", {}).get("phase", "")).capitalize(),
        "contrast_delay_s": _contrast_delay(answers),
        "body_part": ", ".join(
            str(part).capitalize() for part in answers.get("scan", {}).get("regions", [])
        ),
        "model": str(answers.get("scan", {}).get("scanner", "")),
    }
    lines = []
    for name in names:
        rule, finding = rules.get(name), by_parameter.get(name)
        verdict = _verdict(rule, finding, values.get(name, ""))
        lines.append(
            {
                "name": PARAMETERS[name].title if name in PARAMETERS else name,
                "header": values.get(name, ""),
                "site": site.get(name, ""),
                "expected": rule.expectation() if rule else "",
                "verdict": verdict,
                "on": finding is not None and finding.level == "error",
            }
        )
    return sorted(lines, key=lambda line: (not line["on"], not line["expected"]))


def _site_value(answers: dict[str, Any], name: str, unit: str) -> str:
    value = answers.get("scan", {}).get(name, "")
    if isinstance(value, dict):
        value = value.get("value", "")
    return f"{value} {unit}" if value else ""


def _contrast_delay(answers: dict[str, Any]) -> str:
    delay = answers.get("contrast", {}).get("delay", "")
    return f"{delay} s" if delay and not isinstance(delay, dict) else ""


def _verdict(rule: Any, finding: Finding | None, value: str) -> tuple[str, str, str]:
    if finding is not None and finding.state not in {"explained", "resolved"}:
        tone = {"error": "stop", "warning": "wait"}.get(finding.level, "idle")
        icon = {"error": "circle-x", "warning": "alert-triangle"}.get(finding.level, "info-circle")
        return tone, icon, _("Outside") if value else _("Not stated")
    if finding is not None:
        return "good", "circle-check", _("Accepted")
    if rule is not None and value:
        return "good", "check", _("Matches")
    return "", "", ""


def _checklist(
    request: StudyRequest, row: Submission, review: QcReview, *, final: bool, read_only: bool
) -> dict[str, Any]:
    context = qc.checklist_context(review)
    result, view = posting.view_of(
        review.form_record, context=context, final=final, read_only=read_only
    )
    return {
        "record": review.form_record,
        "page": view,
        "structure": posting.structure_digest(result),
        "body_url": reverse("qc-checklist-body", args=[request.study.code, row.pk]),
        "autosave_url": reverse("qc-checklist-autosave", args=[request.study.code, row.pk]),
        "offset": moments.offset_minutes(clock.now(), parts.person(request).time_zone),
    }


def _decision(
    request: StudyRequest,
    row: Submission,
    review: QcReview,
    *,
    errors: tuple[str, ...],
    signing: bool,
) -> dict[str, Any]:
    guards = QC_REVIEW.guard_results(review, "sign") if review.state == "open" else []
    left = qc.findings_of(row.time_point)
    blocking = [f for f in left if f.blocks]
    queries = row.time_point.queries.filter(
        blocking=True, state__in=["open", "answered", "reopened"]
    )
    why = []
    if blocking:
        why.append(
            ngettext("%(n)s major finding waits", "%(n)s major findings wait", len(blocking))
            % {"n": len(blocking)}
        )
    if queries:
        why.append(_("%s is open") % ", ".join(str(query) for query in queries))
    waiting = (review.form_record.completed_at is None) and bool(review.state == "open")
    sign = parts.sign_request(
        request,
        review,
        dialog_id="sign-qc",
        title=_("Sign the QC decision on %s") % row.time_point,
        url=reverse("qc-sign", args=[request.study.code, row.pk]),
        facts=(
            (_("Submission"), str(row)),
            (_("Decision"), review.get_decision_display() or _("none yet")),
            *(
                ((_("Cause"), review.get_deviation_cause_display()),)
                if review.deviation_cause
                else ()
            ),
            *(((_("Comment"), review.comment),) if review.comment else ()),
            (_("Checklist"), str(review.form_record.form)),
        ),
        meaning=_(qc.STATEMENT),
        consequence=_("A pass releases the images to the readers; a failure asks for a re-scan."),
        sign_label=_("Sign decision"),
        errors=errors,
    )
    return {
        "guards": guards,
        "pass_closed": _("Pass is closed: %s") % ", ".join(why) if why else "",
        "checklist_waits": waiting,
        "sign": sign,
        "signing": signing and all(guard.ok for guard in guards),
        "signatures": parts.shown_signatures(review) if review.state == "signed" else [],
    }


def _next_in_queue(request: StudyRequest, row: Submission) -> Submission | None:
    found: Submission | None = (
        Submission.objects.visible_to(request.actor)
        .filter(state="in_qc")
        .exclude(pk=row.pk)
        .exclude(reviews__state="open")
        .order_by("qc_due_at")
        .first()
    )
    return found


@study_view("qc.decide", methods=("POST",))
def checklist_autosave(request: StudyRequest, pk: UUID) -> JsonResponse:
    """Keep single answers of the checklist."""
    review = _review(request, pk)

    def save(answers: Any, seen: int) -> Any:
        return qc.save_checklist(review, answers, seen_version=seen, actor=request.actor)

    return posting.autosave(
        request, review.form_record, context=qc.checklist_context(review), save=save
    )


@study_view("qc.view")
def checklist_body(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Draw the checklist again when what is visible changed."""
    review = _review(request, pk)
    return posting.redrawn(
        request,
        review.form_record,
        context=qc.checklist_context(review),
        body_url=reverse("qc-checklist-body", args=[request.study.code, pk]),
        form_id=CHECKLIST_ID,
    )


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
    query = qc.ask_site([row], actor=request.actor, text=request.POST.get("text", ""))
    messages.success(request, _("%s was sent to the site.") % query)
    return redirect("qc-workbench", request.study.code, row.submission_id)


@study_view("query.raise", methods=("POST",))
def ask_all(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Ask the site about every finding that is still open, in one query."""
    row = fetched(request, pk)
    chosen = [
        f
        for f in qc.findings_of(row.time_point)
        if f.state == "open" and f.level == "error" and f.query_text
    ]
    if not chosen:
        messages.error(request, _("There is nothing left to ask the site."))
        return redirect("qc-workbench", request.study.code, row.pk)
    query = qc.ask_site(chosen, actor=request.actor)
    messages.success(request, _("%s was sent to the site. QC waits for the answer.") % query)
    return redirect("qc-workbench", request.study.code, row.pk)


@study_view("qc.decide", methods=("POST",))
def decide(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Complete the checklist, keep the decision, and open the sign dialog."""
    row = fetched(request, pk)
    review = _review(request, pk)
    try:
        answers = posting.posted_answers(review.form_record, request)
        seen = int(request.POST.get("version") or -1)
        if answers != review.form_record.answers:
            review.form_record = qc.save_checklist(
                review, answers, seen_version=seen, actor=request.actor
            )
        qc.decide(
            review,
            decision=request.POST.get("decision", ""),
            deviation_cause=request.POST.get("deviation_cause", ""),
            actor=request.actor,
        )
        fresh = _review(request, pk)
        qc.complete_checklist(fresh, actor=request.actor)
        fresh = _review(request, pk)
        failed = [g.text for g in QC_REVIEW.guard_results(fresh, "sign") if not g.ok]
        if failed:
            raise RuleBroken(failed[0], rule="IMG-007")
    except Refused as refused:
        return _workbench(request, row, errors=(refused.message,), final=True)
    return _workbench(request, row, signing=True)


@study_view("qc.decide", methods=("POST",))
def sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Sign the kept decision."""
    row = fetched(request, pk)
    review = _review(request, pk)
    try:
        assent = prove(
            parts.person(request),
            request.actor,
            password=request.POST.get("password", ""),
            code=request.POST.get("code", ""),
            meaning=qc.MEANING,
            statement=qc.STATEMENT,
            seen_digest=request.POST.get("seen_digest", ""),
        )
        qc.sign(review, actor=request.actor, assent=assent)
    except Refused as refused:
        return _workbench(request, row, errors=(refused.message,), signing=True)
    messages.success(request, _("%s: the decision is signed.") % row.time_point)
    return redirect("qc-workbench", request.study.code, row.pk)
