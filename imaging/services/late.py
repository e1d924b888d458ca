"""Images that arrive for a time point whose reads have begun: science decides what they change."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, RuleBroken
from audit.models import record
from imaging.models import LateImages, Submission
from imaging.services import package
from imaging.services.readers import Consequence, reads
from imaging.workflows import LATE_IMAGES
from studies.models import TimePoint
from studies.services.configuration import plan_of

MEANING = "late_images_decision"
STATEMENT = "I have looked at the late images, and I decide what they change as shown."
_CLOCK = "late_images"


def open_record(submission: Submission, *, actor: Actor) -> LateImages:
    """Open the record of released late images; opening it twice gives the same one."""
    found: LateImages | None = (
        LateImages.objects.in_study(submission.study_id).filter(submission=submission).first()
    )
    if found is not None:
        return found
    plan = plan_of(submission.study_id)
    due = plan.due(_CLOCK if _CLOCK in plan.turnarounds else "qc", clock.now())
    with transaction.atomic(), acting(actor):
        made = LateImages(
            study_id=submission.study_id,
            time_point=submission.time_point,
            submission=submission,
            package=package.released(submission.time_point),
            due_at=due.at,
            due_by=due.by,
        )
        made.save()
        record("lateimages.open", made, details={"submission": str(submission)})
        return made


def draft(row: LateImages, *, decision: str, reason: str, actor: Actor) -> LateImages:
    """Keep what will be signed.

    Raises:
        NotPermitted: the actor may not decide.
        RuleBroken: LAT-001 there is no such decision.
        Conflict: LAT-002 it is decided already.
    """
    actor.require("late.decide")
    if decision not in LateImages.Decision.values:
        raise RuleBroken("Choose what the late images change.", rule="LAT-001")
    with transaction.atomic(), acting(actor.acting_as("late.decide")):
        rows = LateImages.objects.in_study(row.study_id).select_for_update()
        locked: LateImages = rows.get(pk=row.pk)
        if locked.state != "open":
            raise Conflict("This decision is signed already.", rule="LAT-002")
        locked.decision, locked.reason = decision, reason.strip()
        locked.save()
        return locked


def decide(row: LateImages, *, actor: Actor, assent: Assent) -> LateImages:
    """Sign the kept decision and carry it out as far as the platform can.

    What it cannot carry out is held, listed in ``outcome`` and stays a task until a person
    declares it carried out.
    """
    with transaction.atomic():
        visits = TimePoint.objects.in_study(row.study_id).select_for_update()
        visits.get(pk=row.time_point_id)
        signed = LATE_IMAGES.move(
            row,
            "decide",
            actor=actor,
            assent=assent,
            changes={
                "decided_by": User.objects.get(pk=actor.user_id),
                "decided_at": clock.now(),
            },
            details={"decision": row.decision},
        )
        _carry_out(signed)
        row.refresh_from_db()
        return row


def _carry_out(row: LateImages) -> None:
    system = service("Late images", study_id=row.study_id)
    if row.decision == LateImages.Decision.NO_EFFECT:
        words = "The reads stay as they are; the images are kept with the visit."
        _finish(row, [words], system)
        return
    built = package.build(row.time_point, actor=system, note=f"with late images {row.submission}")
    released = package.release(built, actor=system)
    with acting(system):
        result = reads().carry_out(row)
    told = [f"Read package version {released.version} holds the late images.", *result.lines]
    if result.done:
        _finish(row, told, system)
    else:
        _note(row, told, system)


def _note(row: LateImages, lines: list[str], system: Actor) -> None:
    with acting(system):
        row.outcome = [*row.outcome, *lines]
        row.save()
        record("lateimages.note", row, details={"lines": lines})


def _finish(row: LateImages, lines: list[str], system: Actor) -> None:
    LATE_IMAGES.move(
        row,
        "carry_out",
        actor=system,
        reason="; ".join(lines),
        changes={"outcome": [*row.outcome, *lines]},
    )


def declare_carried_out(row: LateImages, *, actor: Actor, reason: str) -> LateImages:
    """Say that what the platform could not carry out was done, and how."""
    return LATE_IMAGES.move(
        row,
        "carry_out",
        actor=actor,
        reason=reason,
        changes={"outcome": [*row.outcome, reason[:500]]},
    )


def consequences(row: LateImages) -> dict[str, list[Consequence]]:
    """Return what each decision would do to reads, before anybody signs."""
    return {
        decision: list(reads().of_late(row.time_point, decision))
        for decision in LateImages.Decision.values
    }


def waiting(study: Any) -> list[LateImages]:
    """Return the late images of a study that wait for science, by due instant."""
    rows = LateImages.objects.in_study(study).filter(state="open")
    return list(rows.select_related("time_point__subject", "submission").order_by("due_at"))
