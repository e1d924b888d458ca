"""Findings as people judge them: accepted with a reason, or asked of the site."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from audit.actors import Actor, acting, service
from audit.errors import Conflict, ReasonRequired, RuleBroken
from audit.models import record
from imaging.models import Finding, QcReview
from imaging.services import asking, second_level
from imaging.services.qc.claims import as_reviewer, review_of
from imaging.workflows import FINDING
from queries.models import Query
from queries.services import Request, raise_query
from studies.models import TimePoint


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
    acting_person = as_reviewer(review, actor)
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
        Conflict: IMG-059 the site was asked about each of them, or they are settled.
    """
    visits = {finding.submission.time_point_id for finding in findings}
    if len(visits) != 1:
        raise RuleBroken("A query is about findings of one visit.", rule="IMG-053")
    submission = findings[0].submission
    if second_level.is_blinded(submission, actor):
        raise RuleBroken(
            "The second level asks no site: decide on what is there; fail what cannot pass.",
            rule="IMG-057",
        )
    with transaction.atomic():
        # An older page, or a second press, asks nobody twice.
        rows = Finding.objects.in_study(submission.study_id).select_for_update(of=("self",))
        chosen = rows.filter(pk__in=[f.pk for f in findings], state="open")
        waiting = {row.pk for row in chosen}
        findings = [f for f in findings if f.pk in waiting]
        if not findings:
            raise Conflict(
                "The site was asked about this already, or it is settled. Nothing was sent.",
                rule="IMG-059",
            )
        requests = [
            Request(asking.action_of(f.code), asking.words_of(f)[:300], f.code) for f in findings
        ]
        query = raise_query(
            about=submission,
            study_site=submission.study_site,
            subject=submission.subject,
            time_point=submission.time_point,
            cause=asking.cause_of(findings[0].code),
            title=findings[0].title[:200],
            text=text.strip() or asking.question_about(findings),
            requests=[*requests, *extra_requests],
            actor=actor,
            blocking=any(f.level == Finding.Level.ERROR for f in findings),
        )
        for finding in findings:
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
