"""The second level of quality control: a drawn sample, another person, blinded to the first.

The plan says which share of signed first decisions is looked over (``quality_control``:
``second_level_percent``, 0 to 100). The draw is made when the first decision is signed, from a seed
that did not exist before and is stored: ``number_of`` repeats it. Until the second decision the
first one is not shown to whoever could take the second. Where the two differ, science settles it.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q

from audit.actors import Actor
from audit.errors import RuleBroken
from audit.models import record
from imaging.models import Finding, QcDraw, QcReview, Submission
from queries.models import Query, RequestedAction
from studies.models import Configuration
from studies.services.configuration import effective

FIRST, SECOND, RESOLUTION = QcReview.Rank.FIRST, QcReview.Rank.SECOND, QcReview.Rank.RESOLUTION
_HUNDREDTHS = 10_000


def percent_of(study: Any) -> tuple[int, str]:
    """Return the share of decisions that is looked over, per cent, and the plan that says so."""
    plan = effective(study, Configuration.Kind.PLAN)
    share = plan.document.get("quality_control", {}).get("second_level_percent", 0)
    return max(0, min(100, int(share))), str(plan)


def plan_problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the part ``quality_control`` of a plan, in words."""
    asked = document.get("quality_control", {})
    if not isinstance(asked, Mapping):
        return ["“quality_control” is not an object"]
    found = [
        f"“quality_control.{name}” is not known; it has second_level_percent"
        for name in asked
        if name != "second_level_percent"
    ]
    share = asked.get("second_level_percent", 0)
    if not isinstance(share, int) or isinstance(share, bool) or not 0 <= share <= 100:  # noqa: PLR2004 - per cent
        found.append("“quality_control.second_level_percent” must be a whole number, 0 to 100")
    return found


def number_of(seed: str, submission_id: UUID | str) -> Decimal:
    """Return the number between 0.00 and 99.99 that a seed gives a submission (SHA-256)."""
    digest = hashlib.sha256(f"{seed}|{submission_id}".encode()).digest()
    return Decimal(int.from_bytes(digest[:8], "big") % _HUNDREDTHS) / 100


def draw(review: QcReview) -> QcDraw:
    """Draw whether a signed first decision gets a second level; once per review."""
    percent, plan = percent_of(review.study_id)
    seed = secrets.token_hex(8)
    number = number_of(seed, review.submission_id)
    made = QcDraw.objects.create(
        study_id=review.study_id,
        review=review,
        seed=seed,
        percent=percent,
        number=number,
        drawn=number < percent,
        by=plan[:160],
    )
    if percent:
        record(
            "qcreview.draw",
            review,
            details={"seed": seed, "number": str(number), "percent": percent, "drawn": made.drawn},
        )
    return made


def review_of(submission: Submission, level: int) -> QcReview | None:
    """Return the review of a level that stands."""
    found: QcReview | None = (
        QcReview.objects.in_study(submission.study_id)
        .filter(submission=submission, level=level)
        .exclude(state="voided")
        .select_related("reviewer", "form_record__form", "submission", "time_point")
        .first()
    )
    return found


def was_drawn(review: QcReview) -> bool:
    """Tell whether a signed first decision was drawn for the second level."""
    return QcDraw.objects.filter(review=review, drawn=True).exists()


def stage(submission: Submission) -> int:
    """Return the level whose decision is awaited now; 0 when every decision is made."""
    first = review_of(submission, FIRST)
    if first is None or first.state == "open":
        return FIRST
    if not was_drawn(first):
        return 0
    second = review_of(submission, SECOND)
    if second is None or second.state == "open":
        return SECOND
    third = review_of(submission, RESOLUTION)
    if first.decision != second.decision and (third is None or third.state == "open"):
        return RESOLUTION
    return 0


def decisive(submission: Submission) -> QcReview | None:
    """Return the decision that counts: the resolution, else the first when nobody differs."""
    third = review_of(submission, RESOLUTION)
    if third is not None and third.state == "signed":
        return third
    return review_of(submission, FIRST) if stage(submission) == 0 else None


def check_claim(submission: Submission, level: int, actor: Actor) -> None:
    """Refuse who may not decide at a level.

    Raises:
        RuleBroken: IMG-052 the level is not awaited, or the person decided at another one.
    """
    if level == FIRST:
        return
    before = [r for r in (review_of(submission, n) for n in range(FIRST, level)) if r is not None]
    if stage(submission) != level:
        raise RuleBroken(
            "The second level is done by another person after the first one signed and was drawn."
            if level == SECOND
            else "There is no difference between two decisions to settle.",
            rule="IMG-052",
        )
    if any(review.reviewer_id == actor.user_id for review in before):
        raise RuleBroken("Another person decides at this level.", rule="IMG-052")


def is_blinded(submission: Submission, actor: Actor) -> bool:
    """Tell whether the first decision is kept from somebody who could take the second.

    It holds from the draw until the second decision is signed, for everybody who decides but the
    first reviewer. Who only looks on (science, oversight) is not blinded.
    """
    if actor.system or not actor.may("qc.decide") or stage(submission) != SECOND:
        return False
    first = review_of(submission, FIRST)
    return first is not None and first.reviewer_id != actor.user_id


def kept_from(actor: Actor, rows: Any) -> Any:
    """Return the submissions among ``rows`` whose first decision is kept from somebody."""
    if actor.system or not actor.may("qc.decide"):
        return rows.none()
    first = QcReview._base_manager.filter(
        submission=OuterRef("pk"), level=FIRST, state="signed", draw__drawn=True
    ).exclude(reviewer_id=actor.user_id)
    second = QcReview._base_manager.filter(submission=OuterRef("pk"), level=SECOND, state="signed")
    return rows.filter(Exists(first)).exclude(Exists(second))


def _firsts_kept_from(actor: Actor) -> list[QcReview]:
    """Return the first reviews of the actor's study that are kept from the actor now."""
    if actor.system or actor.study_id is None or not actor.may("qc.decide"):
        return []
    rows = kept_from(actor, Submission.objects.in_study(actor.study_id)).values("pk")
    found = QcReview.objects.in_study(actor.study_id).filter(submission__in=rows, level=FIRST)
    return list(found.exclude(state="voided"))


def without_first_queries(actor: Actor, rows: Any) -> Any:
    """Take away the queries that a first person sent while the second decision is awaited."""
    for review in _firsts_kept_from(actor):
        rows = rows.exclude(_queries_of(review))
    return rows


def without_first_requests(actor: Actor, rows: Any) -> Any:
    """Take away what such queries ask for (see ``without_first_queries``)."""
    for review in _firsts_kept_from(actor):
        sent = Query.objects.in_study(review.study_id).filter(_queries_of(review))
        rows = rows.exclude(query__in=sent.values("pk"))
    return rows


def _queries_of(review: QcReview) -> Q:
    return Q(
        target_kind="imaging.submission",
        target_id=str(review.submission_id),
        opened_by=review.reviewer_id,
        opened_at__gte=review.claimed_at,
    )


def kept_records(actor: Actor) -> dict[str, set[str]]:
    """Return, by kind, the ids of records whose history would tell the actor the first decision."""
    kept: dict[str, set[str]] = {}
    for review in _firsts_kept_from(actor):
        sent = Query.objects.in_study(review.study_id).filter(_queries_of(review))
        asked = RequestedAction.objects.in_study(review.study_id).filter(query__in=sent)
        findings = Finding.objects.in_study(review.study_id).filter(submission=review.submission_id)
        for kind, keys in (
            ("imaging.qcreview", [review.pk]),
            ("studies.formrecord", [review.form_record_id]),
            ("imaging.finding", findings.values_list("pk", flat=True)),
            ("queries.query", sent.values_list("pk", flat=True)),
            ("queries.requestedaction", asked.values_list("pk", flat=True)),
        ):
            kept.setdefault(kind, set()).update(str(key) for key in keys if key)
    return kept


def differ(submission: Submission) -> tuple[QcReview, QcReview] | None:
    """Return the two decisions that differ and wait for science, or nothing."""
    first, second = review_of(submission, FIRST), review_of(submission, SECOND)
    if first is None or second is None or stage(submission) != RESOLUTION:
        return None
    return first, second
