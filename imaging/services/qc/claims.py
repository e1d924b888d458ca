"""Who decides: a submission is claimed at a level, and only its reviewer acts on the review."""

from __future__ import annotations

from django.db import transaction

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from imaging.models import QcReview, Submission
from imaging.services import second_level
from imaging.workflows import QC_REVIEW
from studies.models import Configuration
from studies.services import forms
from studies.services.configuration import effective

CHECKLIST = "qc_checklist_ct"


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


def as_reviewer(review: QcReview, actor: Actor) -> Actor:
    """Return the actor as the one who works on an open review.

    Raises:
        RuleBroken: IMG-054 somebody else has claimed it.
        Conflict: IMG-055 it is signed.
    """
    right = _right_of(review.level)
    actor.require(right)
    if review.reviewer_id != actor.user_id:
        raise RuleBroken(f"{review.reviewer.printed_name} has claimed this review.", rule="IMG-054")
    if review.state != "open":
        raise Conflict("This review is signed; reset it to decide again.", rule="IMG-055")
    return actor.acting_as(right)
