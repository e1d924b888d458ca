"""Quality control by people: claim, judge findings, ask the site, checklist, signed decision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, RuleBroken
from audit.models import record
from imaging.models import Finding, QcReview, Submission
from imaging.services import asking, package
from imaging.services.series import effective_series
from imaging.services.submission import scan_date
from imaging.workflows import FINDING, QC_REVIEW, SUBMISSION
from queries.models import Query, RequestedAction
from queries.services import Request, raise_query
from studies.models import Configuration, FormRecord, TimePoint
from studies.services import forms
from studies.services.configuration import effective
from studies.workflows import TIME_POINT

MEANING = "qc_decision"
STATEMENT = (
    "I checked these images against the acquisition guideline and the form, and I decide as shown."
)
CHECKLIST = "qc_checklist_ct"
PASSING = ("pass", "pass_with_deviation")


def claim(submission: Submission, *, actor: Actor, level: int = 1) -> QcReview:
    """Take a submission in QC as one's own; claiming again returns one's own review.

    Raises:
        Conflict: IMG-050 somebody else has it.
        RuleBroken: IMG-051 it is not in QC; IMG-052 the second level needs another person.
    """
    actor.require("qc.decide")
    actor = actor.acting_as("qc.decide")
    with transaction.atomic(), acting(actor):
        row = Submission.objects.in_study(submission.study_id).select_for_update()
        locked = row.get(pk=submission.pk)
        found = review_of(locked, level=level)
        if found is not None and found.reviewer_id == actor.user_id:
            return found
        if found is not None:
            raise Conflict(
                f"{found.reviewer.printed_name} has claimed {locked} already.", rule="IMG-050"
            )
        if locked.state != "in_qc":
            raise RuleBroken(f"{locked} is not in QC.", rule="IMG-051")
        _check_second_level(locked, level, actor)
        form = effective(locked.study_id, Configuration.Kind.FORM, CHECKLIST)
        review = QcReview(
            study_id=locked.study_id,
            submission=locked,
            time_point=locked.time_point,
            level=level,
            reviewer=User.objects.get(pk=actor.user_id),
            form_record=forms.start(form, actor=actor),
            claimed_at=clock.now(),
        )
        review.save()
        record("qcreview.claim", review)
        return review


def _check_second_level(row: Submission, level: int, actor: Actor) -> None:
    if level == 1:
        return
    first = review_of(row, level=1)
    if first is None or first.state != "signed" or first.reviewer_id == actor.user_id:
        raise RuleBroken(
            "The second level is done by another person after the first one signed.",
            rule="IMG-052",
        )


def review_of(submission: Submission, *, level: int = 1) -> QcReview | None:
    """Return the review of a level that stands."""
    found: QcReview | None = (
        QcReview.objects.in_study(submission.study_id)
        .filter(submission=submission, level=level)
        .exclude(state="voided")
        .select_related("reviewer", "form_record", "submission")
        .first()
    )
    return found


def release_claim(review: QcReview, *, actor: Actor, reason: str) -> QcReview:
    """Give a claimed review back to the queue; its checklist stays in the history."""
    return QC_REVIEW.move(review, "reset", actor=actor, reason=reason)


def findings_of(time_point: TimePoint) -> list[Finding]:
    """Return the findings of a visit's submissions in QC: open ones first, errors first."""
    order = {"error": 0, "warning": 1, "info": 2}
    rows = (
        Finding.objects.in_study(time_point.study_id)
        .filter(submission__time_point=time_point)
        .exclude(submission__state__in=["rejected", "withdrawn"])
        .select_related("series", "query", "submission")
    )
    closed = {"explained", "resolved"}
    return sorted(rows, key=lambda f: (f.state in closed, order[f.level], f.created_at))


def explain(finding: Finding, *, actor: Actor, reason: str) -> Finding:
    """Accept a finding with the reason why it does no harm; it blocks no more."""
    return FINDING.move(
        finding, "explain", actor=actor, reason=reason, changes={"explanation": reason[:300]}
    )


def ask_site(
    findings: Sequence[Finding],
    *,
    actor: Actor,
    text: str = "",
    extra_requests: Sequence[Request] = (),
) -> Query:
    """Raise one query about findings of a visit, with a requested action for each.

    Args:
        text: the question; the findings' own templates when it is left out.

    Raises:
        RuleBroken: IMG-053 no finding, or findings of several visits.
    """
    visits = {finding.submission.time_point_id for finding in findings}
    if len(visits) != 1:
        raise RuleBroken("A query is about findings of one visit.", rule="IMG-053")
    first = findings[0]
    submission = first.submission
    requests = [
        Request(asking.action_of(f.code), (f.query_text or f.what_to_do or f.title)[:300], f.code)
        for f in findings
    ]
    with transaction.atomic():
        query = raise_query(
            about=submission,
            study_site=submission.study_site,
            subject=submission.subject,
            time_point=submission.time_point,
            cause=asking.cause_of(first.code),
            title=first.title[:200],
            text=text.strip() or "\n\n".join(dict.fromkeys(r.text for r in requests)),
            requests=[*requests, *extra_requests],
            actor=actor,
            blocking=any(f.level == Finding.Level.ERROR for f in findings),
        )
        for finding in findings:
            if finding.state == "open":
                FINDING.move(finding, "ask", actor=actor, changes={"query": query})
        return query


def on_query_closed(query: Query) -> None:
    """Let an accepted answer explain the findings that it was asked about."""
    last = query.messages.order_by("-id").first()
    words = last.text if last and last.author_id != query.opened_by_id else "answered by the site"
    system = service("Quality control", study_id=query.study_id)
    for finding in query.findings.filter(state="queried"):
        if query.state == "cancelled":
            FINDING.move(finding, "take_back", actor=system, reason=f"{query} was cancelled")
        else:
            FINDING.move(
                finding,
                "explain",
                actor=system,
                reason=f"answer to {query} accepted",
                changes={"explanation": words[:300]},
            )


def checklist_context(review: QcReview) -> dict[str, Any]:
    """Return what the checklist may compare with."""
    rows = findings_of(review.time_point)
    left = [f for f in rows if f.state in {"open", "queried"}]
    main = max(effective_series(review.time_point), key=lambda s: s.instance_count, default=None)
    values = main.facts.get("values", {}) if main else {}
    thickness = str(values.get("slice_thickness_mm", "")).split(" ")[0].split(",")[0]
    context: dict[str, Any] = {
        "findings.open_major": sum(f.level == "error" for f in left),
        "findings.open_minor": sum(f.level == "warning" for f in left),
        "queries.open": review.time_point.queries.exclude(
            state__in=["closed", "cancelled"]
        ).count(),
        "time_point.kind": _kind_of(review.time_point),
    }
    if thickness:
        context["header.slice_thickness_mm"] = thickness
    asked = review.submission.check_result.get("guideline", {})
    if "slice_thickness_max_mm" in asked:
        context["guideline.slice_thickness_max_mm"] = asked["slice_thickness_max_mm"]
    return context


def _kind_of(time_point: TimePoint) -> str:
    if time_point.definition is None:
        return "unscheduled"
    return "baseline" if time_point.definition.is_baseline else "follow_up"


def _own(review: QcReview, actor: Actor) -> Actor:
    actor.require("qc.decide")
    if review.reviewer_id != actor.user_id:
        raise RuleBroken(f"{review.reviewer.printed_name} has claimed this review.", rule="IMG-054")
    if review.state != "open":
        raise Conflict("This review is signed; reset it to decide again.", rule="IMG-055")
    return actor.acting_as("qc.decide")


def save_checklist(
    review: QcReview,
    answers: Mapping[str, Any],
    *,
    seen_version: int,
    actor: Actor,
    entered_at: datetime | None = None,
) -> FormRecord:
    """Save the checklist (see ``studies.services.forms.save_answers``)."""
    return forms.save_answers(
        review.form_record,
        answers,
        seen_version=seen_version,
        actor=_own(review, actor),
        entered_at=entered_at,
    )


def complete_checklist(review: QcReview, *, actor: Actor) -> FormRecord:
    """Declare the checklist complete (see ``studies.services.forms.complete``)."""
    acting_person = _own(review, actor)
    review.form_record.refresh_from_db()
    result = forms.evaluated(review.form_record, context=checklist_context(review), final=True)
    return forms.complete(review.form_record, result, actor=acting_person)


def decide(
    review: QcReview,
    *,
    decision: str,
    actor: Actor,
    deviation_cause: str = "",
    comment: str = "",
) -> QcReview:
    """Keep the decision that will be signed; whether it is allowed shows when it is signed.

    Raises:
        RuleBroken: IMG-056 there is no such decision or cause.
    """
    acting_person = _own(review, actor)
    fields = {f.name: f for f in QcReview._meta.get_fields() if hasattr(f, "choices")}
    known = {code for code, _ in fields["decision"].choices or ()}
    causes = {code for code, _ in fields["deviation_cause"].choices or ()} | {""}
    if decision not in known or deviation_cause not in causes:
        raise RuleBroken("Choose pass, pass with deviation, or fail.", rule="IMG-056")
    with transaction.atomic(), acting(acting_person):
        row: QcReview = (
            QcReview.objects.in_study(review.study_id).select_for_update().get(pk=review.pk)
        )
        record_row = _mirrored(row.form_record, decision, comment.strip(), acting_person)
        own = record_row.answers.get("decision", {}).get("comment", "")
        row.decision = decision
        row.deviation_cause = deviation_cause if decision == "pass_with_deviation" else ""
        row.comment = comment.strip() or (own if isinstance(own, str) else "")
        row.decided_at = clock.now()
        row.save()
        return row


def _mirrored(row: FormRecord, decision: str, comment: str, actor: Actor) -> FormRecord:
    """Write the decision into the checklist, so that both say the same."""
    if "decision.verdict" not in forms.form_of(row.form).items:
        return row
    part = {**row.answers.get("decision", {}), "verdict": decision.upper()}
    if comment:
        part["comment"] = comment
    if decision == "fail":
        part["rescan"] = True
    answers = {**row.answers, "decision": part}
    if answers == row.answers:
        return row
    return forms.save_answers(row, answers, seen_version=row.version, actor=actor)


def sign(review: QcReview, *, actor: Actor, assent: Assent) -> QcReview:
    """Sign the decision. A pass releases the visit to the readers; a failure asks for a re-scan.

    Raises:
        RuleBroken: IMG-006 the checklist is not complete; IMG-007 the decision is not consistent.
        Conflict: what was signed is not what is there.
    """
    _own(review, actor)
    with transaction.atomic():
        visits = TimePoint.objects.in_study(review.study_id).select_for_update()
        time_point = visits.get(pk=review.time_point_id)
        signed = QC_REVIEW.move(
            review, "sign", actor=actor, assent=assent, details={"decision": review.decision}
        )
        forms.lock(signed.form_record, actor=actor)
        if signed.decision in PASSING:
            _release(signed, time_point, actor)
        else:
            _ask_again(signed, time_point, actor)
        review.refresh_from_db()
        return signed


def submissions_in_qc(time_point: TimePoint) -> list[Submission]:
    """Return the submissions of a visit that wait for its decision, first one first."""
    rows = Submission.objects.in_study(time_point.study_id).filter(
        time_point=time_point, state="in_qc"
    )
    return list(rows.order_by("number"))


def _release(review: QcReview, time_point: TimePoint, actor: Actor) -> None:
    for row in submissions_in_qc(time_point):
        SUBMISSION.move(row, "release", actor=actor)
    day = scan_date(review.submission) or time_point.assessment_date
    accepted = TIME_POINT.move(time_point, "accept", actor=actor, changes={"assessment_date": day})
    package.release(package.build(accepted, actor=actor), actor=actor)
    definition = accepted.definition
    if definition is None or definition.read_required:
        system = service("Read packages", study_id=review.study_id)
        TIME_POINT.move(accepted, "make_ready", actor=system)


def _ask_again(review: QcReview, time_point: TimePoint, actor: Actor) -> None:
    reason = review.comment
    submission = review.submission
    for row in submissions_in_qc(time_point):
        SUBMISSION.move(row, "reject", actor=actor, reason=reason)
    TIME_POINT.move(time_point, "ask_again", actor=actor, reason=reason)
    raise_query(
        about=submission,
        study_site=submission.study_site,
        subject=submission.subject,
        time_point=time_point,
        cause=Query.Cause.QUALITY,
        title=f"Repeat the scan of {time_point.label}",
        text=reason,
        requests=[Request(RequestedAction.Kind.RESCAN.value, "Repeat the scan and upload it.")],
        actor=actor,
    )


def reset(submission: Submission, *, actor: Actor, reason: str) -> Submission:
    """Open a released visit to QC again, with its reason; its decision no longer stands.

    Raises:
        IllegalStep: readers have begun; that takes a roll-back of the reads.
    """
    with transaction.atomic():
        visits = TimePoint.objects.in_study(submission.study_id).select_for_update()
        time_point = visits.get(pk=submission.time_point_id)
        TIME_POINT.move(time_point, "reset_qc", actor=actor, reason=reason)
        rows = Submission.objects.in_study(submission.study_id).filter(
            time_point=time_point, state="released"
        )
        for row in rows:
            SUBMISSION.move(row, "reset_qc", actor=actor, reason=reason)
            for review in row.reviews.filter(state="signed"):
                QC_REVIEW.move(review, "reset", actor=actor, reason=reason)
        submission.refresh_from_db()
        return submission
