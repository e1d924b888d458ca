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
from audit.errors import Conflict, ReasonRequired, RuleBroken
from audit.models import record
from imaging.models import Finding, QcReview, Submission
from imaging.services import asking, late, package, second_level
from imaging.services.readers import Consequence, reads
from imaging.services.series import effective_series
from imaging.services.submission import scan_date
from imaging.workflows import FINDING, QC_REVIEW, SUBMISSION
from queries.models import Query, RequestedAction
from queries.services import Request, raise_query
from studies.models import Configuration, FormRecord, TimePoint
from studies.services import forms
from studies.services.configuration import effective
from studies.workflows import TIME_POINT, may_be_ready

MEANING = "qc_decision"
STATEMENT = (
    "I checked these images against the acquisition guideline and the form, and I decide as shown."
)
CHECKLIST = "qc_checklist_ct"
PASSING = ("pass", "pass_with_deviation")


def claim(submission: Submission, *, actor: Actor, level: int | None = None) -> QcReview:
    """Take a submission in QC as one's own; claiming again returns one's own review.

    Args:
        level: the level to decide at; without it the one that is awaited now.

    Raises:
        Conflict: IMG-050 somebody else has it.
        RuleBroken: IMG-051 it is not in QC; IMG-052 this person cannot decide at the level.
    """
    with transaction.atomic():
        row = Submission.objects.in_study(submission.study_id).select_for_update()
        locked = row.get(pk=submission.pk)
        wanted = level or second_level.stage(locked) or second_level.FIRST
        right = _right_of(wanted)
        actor.require(right)
        actor = actor.acting_as(right)
        found = review_of(locked, level=wanted)
        if found is not None and found.reviewer_id == actor.user_id:
            return found
        if found is not None:
            raise Conflict(
                f"{found.reviewer.printed_name} has claimed {locked} already.", rule="IMG-050"
            )
        if locked.state != "in_qc":
            raise RuleBroken(f"{locked} is not in QC.", rule="IMG-051")
        second_level.check_claim(locked, wanted, actor)
        with acting(actor):
            return _opened(locked, wanted, actor)


def _right_of(level: int) -> str:
    return "qc.resolve" if level == second_level.RESOLUTION else "qc.decide"


def _opened(row: Submission, level: int, actor: Actor) -> QcReview:
    checklist = None
    if level != second_level.RESOLUTION:
        form = effective(row.study_id, Configuration.Kind.FORM, CHECKLIST)
        checklist = forms.start(form, actor=actor)
    review = QcReview(
        study_id=row.study_id,
        submission=row,
        time_point=row.time_point,
        level=level,
        reviewer=User.objects.get(pk=actor.user_id),
        form_record=checklist,
        claimed_at=clock.now(),
    )
    review.save()
    record("qcreview.claim", review, details={"level": level})
    return review


def review_of(submission: Submission, *, level: int = 1) -> QcReview | None:
    """Return the review of a level that stands."""
    return second_level.review_of(submission, level)


def current_review(submission: Submission, actor: Actor) -> QcReview | None:
    """Return the review that a person works on or looks at: the highest that they may see.

    Whoever is blinded to the first decision gets the second review only.
    """
    levels: tuple[int, ...] = (
        second_level.RESOLUTION,
        second_level.SECOND,
        second_level.FIRST,
    )
    if second_level.is_blinded(submission, actor):
        levels = (second_level.SECOND,)
    found = [r for r in (review_of(submission, level=n) for n in levels) if r is not None]
    own = next((r for r in found if r.reviewer_id == actor.user_id), None)
    return own or (found[-1] if found else None)


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
    """Accept a finding with the reason why it does no harm; it blocks no more.

    Whoever decides at the second level accepts it for their own decision only.

    Raises:
        RuleBroken: IMG-051 the second level is not claimed; ReasonRequired: no reason.
    """
    if second_level.is_blinded(finding.submission, actor):
        return _accept_for_oneself(finding, actor, reason)
    return FINDING.move(
        finding, "explain", actor=actor, reason=reason, changes={"explanation": reason[:300]}
    )


def _accept_for_oneself(finding: Finding, actor: Actor, reason: str) -> Finding:
    review = review_of(finding.submission, level=second_level.SECOND)
    if review is None:
        raise RuleBroken("Claim the submission first.", rule="IMG-051")
    acting_person = _own(review, actor)
    if not reason.strip():
        raise ReasonRequired("Say why the finding does no harm.", rule="finding.explain")
    with transaction.atomic(), acting(acting_person, reason):
        rows = QcReview.objects.in_study(review.study_id).select_for_update()
        locked = rows.get(pk=review.pk)
        locked.dispositions = {**locked.dispositions, str(finding.pk): reason.strip()[:300]}
        locked.save()
        record("qcreview.judge", locked, reason=reason, details={"finding": finding.code})
    return finding


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
        RuleBroken: IMG-053 no finding, or findings of several visits; IMG-057 the second level
            asks no site.
    """
    visits = {finding.submission.time_point_id for finding in findings}
    if len(visits) != 1:
        raise RuleBroken("A query is about findings of one visit.", rule="IMG-053")
    first = findings[0]
    submission = first.submission
    if second_level.is_blinded(submission, actor):
        raise RuleBroken(
            "The second level asks no site: decide on what is there; fail what cannot pass.",
            rule="IMG-057",
        )
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
    left = left_of(review)
    main = max(effective_series(review.time_point), key=lambda s: s.instance_count, default=None)
    values = main.facts.get("values", {}) if main else {}
    thickness = str(values.get("slice_thickness_mm", "")).split(" ")[0].split(",")[0]
    context: dict[str, Any] = {
        "findings.open_major": sum(f.level == "error" for f in left),
        "findings.open_minor": sum(f.level == "warning" for f in left),
        "queries.open": 0
        if review.level == second_level.SECOND
        else review.time_point.queries.exclude(state__in=["closed", "cancelled"]).count(),
        "time_point.kind": _kind_of(review.time_point),
    }
    if thickness:
        context["header.slice_thickness_mm"] = thickness
    asked = review.submission.check_result.get("guideline", {})
    if "slice_thickness_max_mm" in asked:
        context["guideline.slice_thickness_max_mm"] = asked["slice_thickness_max_mm"]
    return context


def left_of(review: QcReview) -> list[Finding]:
    """Return the findings that are left to judge for a decision.

    At the second level what the first person did with them does not count: only what a correction
    cured, what a standing exception covers and what this person accepted is out.
    """
    rows = findings_of(review.time_point)
    if review.level != second_level.SECOND:
        return [f for f in rows if f.state in {"open", "queried"} and not f.suppressed_by]
    judged = set(review.dispositions)
    return [
        f for f in rows if f.state != "resolved" and not f.suppressed_by and str(f.pk) not in judged
    ]


def _kind_of(time_point: TimePoint) -> str:
    if time_point.definition is None:
        return "unscheduled"
    return "baseline" if time_point.definition.is_baseline else "follow_up"


def _own(review: QcReview, actor: Actor) -> Actor:
    right = _right_of(review.level)
    actor.require(right)
    if review.reviewer_id != actor.user_id:
        raise RuleBroken(f"{review.reviewer.printed_name} has claimed this review.", rule="IMG-054")
    if review.state != "open":
        raise Conflict("This review is signed; reset it to decide again.", rule="IMG-055")
    return actor.acting_as(right)


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
        _checklist_of(review),
        answers,
        seen_version=seen_version,
        actor=_own(review, actor),
        entered_at=entered_at,
    )


def complete_checklist(review: QcReview, *, actor: Actor) -> FormRecord:
    """Declare the checklist complete (see ``studies.services.forms.complete``)."""
    acting_person = _own(review, actor)
    row = _checklist_of(review)
    row.refresh_from_db()
    result = forms.evaluated(row, context=checklist_context(review), final=True)
    return forms.complete(row, result, actor=acting_person)


def _checklist_of(review: QcReview) -> FormRecord:
    """Return the checklist of a review.

    Raises:
        RuleBroken: IMG-058 a resolution has none.
    """
    if review.form_record is None:
        raise RuleBroken("A resolution has no checklist of its own.", rule="IMG-058")
    return review.form_record


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
        own: Any = ""
        if row.form_record is not None:
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
    """Sign the decision at its level.

    The first decision is drawn for the second level or takes effect at once; the second takes
    effect when it agrees; a difference waits for science, whose decision takes effect. A pass
    releases the visit to the readers; a failure asks for a re-scan.

    Raises:
        RuleBroken: IMG-006 the checklist is not complete; IMG-007 the decision is not consistent.
        Conflict: what was signed is not what is there.
    """
    acting_person = _own(review, actor)
    with transaction.atomic():
        visits = TimePoint.objects.in_study(review.study_id).select_for_update()
        time_point = visits.get(pk=review.time_point_id)
        step = "resolve" if review.level == second_level.RESOLUTION else "sign"
        signed = QC_REVIEW.move(
            review, step, actor=actor, assent=assent, details={"decision": review.decision}
        )
        if signed.form_record is not None:
            forms.lock(signed.form_record, actor=actor)
        if signed.level == second_level.FIRST:
            with acting(acting_person):
                second_level.draw(signed)
        counts = second_level.decisive(signed.submission)
        if counts is not None:
            _take_effect(counts, time_point, actor)
        review.refresh_from_db()
        return signed


def _take_effect(review: QcReview, time_point: TimePoint, signer: Actor) -> None:
    """Do what the decision that counts says; a signature of a person stands behind it."""
    # Whoever signs last may lack the rights of the acts that follow from the decision.
    actor = signer if signer.may("qc.decide") else service("QC", study_id=review.study_id)
    if review.decision not in PASSING:
        _ask_again(review, time_point, actor)
        return
    if review.level == second_level.RESOLUTION:
        _explain_by_resolution(review)
    _release(review, time_point, actor)


def _explain_by_resolution(review: QcReview) -> None:
    system = service("QC", study_id=review.study_id)
    for finding in findings_of(review.time_point):
        if finding.blocks:
            words = f"resolution by {review.reviewer.printed_name}: {review.comment}"[:300]
            FINDING.move(
                finding, "explain", actor=system, reason=words, changes={"explanation": words}
            )


def submissions_in_qc(time_point: TimePoint) -> list[Submission]:
    """Return the submissions of a visit that wait for its decision, first one first."""
    rows = Submission.objects.in_study(time_point.study_id).filter(
        time_point=time_point, state="in_qc"
    )
    return list(rows.order_by("number"))


def _release(review: QcReview, time_point: TimePoint, actor: Actor) -> None:
    waiting = submissions_in_qc(time_point)
    for row in waiting:
        SUBMISSION.move(row, "release", actor=actor)
    if time_point.state != "in_qc":
        _release_late(review, time_point, waiting)
        return
    day = scan_date(review.submission) or time_point.assessment_date
    accepted = TIME_POINT.move(time_point, "accept", actor=actor, changes={"assessment_date": day})
    chosen = package.prepared(accepted) or package.build(accepted, actor=actor)
    package.release(chosen, actor=actor)
    definition = accepted.definition
    is_read = definition is None or definition.read_required
    # What waits for its dossier stays accepted; the dossier makes it ready when it is applied.
    if is_read and may_be_ready(accepted).ok:
        system = service("Read packages", study_id=review.study_id)
        TIME_POINT.move(accepted, "make_ready", actor=system)


def _release_late(review: QcReview, time_point: TimePoint, rows: Sequence[Submission]) -> None:
    """Images came after quality control: unread ones join the package, else science decides."""
    system = service("Read packages", study_id=review.study_id)
    if time_point.state in {"accepted", "ready"} and not reads().begun(time_point):
        chosen = package.prepared(time_point) or package.build(
            time_point, actor=system, note=f"with {review.submission}, received later"
        )
        package.release(chosen, actor=system)
        return
    for row in rows:
        late.open_record(row, actor=system)


def _ask_again(review: QcReview, time_point: TimePoint, actor: Actor) -> None:
    reason = review.comment
    submission = review.submission
    for row in submissions_in_qc(time_point):
        SUBMISSION.move(row, "reject", actor=actor, reason=reason)
    if time_point.state == "in_qc":
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


def reset_consequences(submission: Submission) -> list[Consequence]:
    """Return what a reset of a visit's quality control would do, before it is confirmed."""
    time_point = submission.time_point
    reviews = [
        review
        for row in time_point.submissions.filter(state__in=["released", "in_qc"])
        for review in row.reviews.filter(state="signed").select_related("reviewer")
    ]
    found = [
        Consequence(
            f"The signed decision “{review.get_decision_display()}” of "
            f"{review.reviewer.printed_name} no longer stands; it stays in the history."
        )
        for review in reviews
    ]
    if time_point.state not in {"accepted", "ready", "in_qc"}:
        found.append(
            Consequence(
                "Readers have begun: quality control cannot be opened again. Late or corrected "
                "images go to science as a decision on late images.",
                tone="stop",
                prevents=True,
            )
        )
        return found
    released = package.released(time_point)
    if released is not None:
        found.append(Consequence(f"{released} stays as it is until the next decision replaces it."))
    return [*found, *reads().of_reset(time_point)]


def reset(submission: Submission, *, actor: Actor, reason: str) -> Submission:
    """Open a released visit to QC again, with its reason; its decision no longer stands.

    A decision that is signed and waits for its second level is reset the same way. Reads that wait
    are held until the next decision.

    Raises:
        IllegalStep: readers have begun; that takes a roll-back of the reads.
    """
    with transaction.atomic():
        visits = TimePoint.objects.in_study(submission.study_id).select_for_update()
        time_point = visits.get(pk=submission.time_point_id)
        if time_point.state != "in_qc":
            TIME_POINT.move(time_point, "reset_qc", actor=actor, reason=reason)
            with acting(actor, reason):
                reads().reset(time_point, actor=actor, reason=reason)
        rows = Submission.objects.in_study(submission.study_id).filter(
            time_point=time_point, state__in=["released", "in_qc"]
        )
        for row in rows:
            if row.state == "released":
                SUBMISSION.move(row, "reset_qc", actor=actor, reason=reason)
            for review in row.reviews.exclude(state="voided"):
                QC_REVIEW.move(review, "reset", actor=actor, reason=reason)
        submission.refresh_from_db()
        return submission


def answered_at(submission: Submission) -> datetime | None:
    """Return when QC first answered the site: by a query, a release or a failure."""
    asked = (
        submission.time_point.queries.filter(
            opened_at__gte=submission.received_at or submission.created_at
        )
        .order_by("opened_at")
        .values_list("opened_at", flat=True)
        .first()
    )
    decided = [
        review.decided_at
        for review in submission.reviews.filter(state="signed")
        if review.decided_at is not None
    ]
    done = max(decided, default=None) if submission.state in {"released", "rejected"} else None
    return min((at for at in (asked, done) if at is not None), default=None)
