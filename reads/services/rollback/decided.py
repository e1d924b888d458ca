"""Roll-backs that a signed decision of science asks for: late images, a revised dossier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from audit.actors import acting, service
from imaging.models import LateImages
from reads.models import DossierChange, ReadTask
from reads.services.rollback.requesting import requested
from reads.workflows import ROLL_BACK


def for_late_images(late: LateImages) -> list[str]:
    """Request the roll-backs that a signed decision on late images asks for.

    The scientist who signed that decision has approved for science; project management still signs
    each of them, and the last one carried out ends the decision.
    """
    return _decided_before(late, _first_signed(late), late=late)


def for_dossier_change(change: DossierChange, tasks: Sequence[ReadTask]) -> list[str]:
    """Request the roll-backs that a signed decision on a revised dossier asks for, as above."""
    return _decided_before(change, tasks, change=change)


def _decided_before(
    decision: LateImages | DossierChange, tasks: Sequence[ReadTask], **of: Any
) -> list[str]:
    desk = service("Read desk", study_id=decision.study_id)
    why = f"{decision.get_decision_display()}: {decision.reason}"
    lines = []
    with transaction.atomic(), acting(desk, why):
        for task in tasks:
            row = requested(task, reason=why, by=decision.decided_by_id, **of)
            ROLL_BACK.move(
                row,
                "decided_before",
                actor=desk,
                reason=f"Signed with the decision on {decision}",
                changes={"science_by": decision.decided_by, "science_at": decision.decided_at},
            )
            what = task.time_point or task.get_kind_display().lower()
            lines.append(
                f"{row}: roll-back from {what} on, "
                f"{task.stream.get_role_display().lower()}; project management has to approve it."
            )
    return lines


def _first_signed(late: LateImages) -> list[ReadTask]:
    """Return, for each stream, the read to roll back from: the time point's own, or a later one."""
    tasks = (
        ReadTask.objects.in_study(late.study_id)
        .filter(
            kind=ReadTask.Kind.TIME_POINT,
            state="signed",
            stream__subject=late.time_point.subject_id,
            stream__closed_reason="",
        )
        .select_related("stream", "time_point__subject", "study")
        .order_by("stream__role", "stream_id", "sequence")
    )
    day = late.time_point.assessment_date or late.time_point.planned_date
    found: dict[Any, ReadTask] = {}
    for task in tasks:
        point = task.time_point
        is_later = bool(
            late.decision == LateImages.Decision.ROLLBACK
            and day
            and point.order_date
            and point.order_date > day
        )
        if point.pk == late.time_point_id or is_later:
            found.setdefault(task.stream_id, task)
    return list(found.values())
