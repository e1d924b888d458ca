"""Retraining of one or all readers: reads wait, qualifications end, release after passing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, ReasonRequired, RuleBroken
from audit.models import record
from reads.models import Onboarding, ReadTask, Retraining, RetrainingPlace
from reads.services import onboarding, qualifying
from reads.services.assigning import readers_of
from reads.services.recalling import hold_reads
from reads.services.rollback import next_number
from reads.workflows import READ_TASK, RETRAINING, RETRAINING_PLACE
from studies.models import Study

TRAINED_AGAIN = ("test_cases", "qualified")


def order(
    study: Study,
    readers: Sequence[User],
    *,
    actor: Actor,
    reason: str,
    clause: str = "",
    all_readers: bool = False,
) -> Retraining:
    """Send readers to training again: their reads wait and their qualifications end.

    Args:
        all_readers: every reader of the study who is not in a retraining already.

    Raises:
        ReasonRequired: no reason.
        RuleBroken: RT-001 nobody is named; RT-002 somebody is in a retraining already.
    """
    actor.require("retraining.order")
    if not reason.strip():
        raise ReasonRequired("Say why readers are trained again.", rule="retraining.order")
    with transaction.atomic(), acting(actor.acting_as("retraining.order"), reason):
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        away = RetrainingPlace.objects.in_study(study).filter(state="held")
        held = set(away.values_list("reader_id", flat=True))
        chosen = (
            [one for one in readers_of(study) if one.pk not in held] if all_readers else readers
        )
        if not chosen:
            raise RuleBroken("Name at least one reader.", rule="RT-001")
        double = [one.printed_name for one in chosen if one.pk in held]
        if double:
            raise RuleBroken(
                f"In a retraining already: {', '.join(double)}. Nothing was changed.", rule="RT-002"
            )
        row = Retraining(
            study=study,
            number=next_number(Retraining, study),
            reason=reason,
            clause=clause,
            all_readers=all_readers,
            ordered_by_id=actor.user_id,
        )
        row.save()
        record("retraining.order", row, reason=reason, details={"readers": len(chosen)})
        for reader in chosen:
            _hold(row, reader)
        return row


def _hold(row: Retraining, reader: User) -> None:
    desk = service("Read desk", study_id=row.study_id)
    why = f"{row}: {row.reason}"
    place = RetrainingPlace(
        study_id=row.study_id,
        retraining=row,
        reader=reader,
        held_tasks=hold_reads(reader, row.study_id, why, desk=desk),
        ended_qualifications=qualifying.revoke_all(reader, row.study, actor=desk, reason=why),
    )
    for way in Onboarding.objects.in_study(row.study_id).filter(
        reader__user=reader, state__in=TRAINED_AGAIN
    ):
        onboarding.step_back(way, "retrain", actor=desk, reason=why)
    place.save()
    record("retraining.hold", place, reason=why, details={"reads": len(place.held_tasks)})


def has_passed(place: RetrainingPlace) -> bool:
    """Tell whether the reader was qualified anew: every earlier qualification has ended."""
    design, _ = qualifying.effective_design(place.study_id)
    return qualifying.is_qualified(place.reader_id, design)


def release(place: RetrainingPlace, *, actor: Actor) -> RetrainingPlace:
    """Let a reader read again; the reads that waited for this go on where they stopped.

    Raises:
        RuleBroken: RT-003 the reader has not passed yet.
    """
    actor.require("retraining.order")
    if not has_passed(place):
        raise RuleBroken(
            f"{place.reader.printed_name} has not passed yet: training, test cases and "
            "qualification come first.",
            rule="RT-003",
        )
    desk = service("Read desk", study_id=place.study_id)
    with transaction.atomic():
        why = f"{place.retraining} was passed"
        done = RETRAINING_PLACE.move(
            place, "release", actor=actor, reason=why, changes={"released_at": clock.now()}
        )
        tasks = ReadTask.objects.in_study(place.study_id).filter(
            pk__in=place.held_tasks, state="on_hold"
        )
        for task in tasks.order_by("pk"):
            READ_TASK.move(task, "resume", actor=desk, reason=why)
        return done


def close(row: Retraining, *, actor: Actor, minutes: str) -> Retraining:
    """Close a retraining with its minutes.

    Raises:
        Conflict: RT-004 somebody still waits.
        ReasonRequired: no minutes.
    """
    if row.places.filter(state="held").exists():
        raise Conflict("Readers of this retraining still wait. Release them first.", rule="RT-004")
    return RETRAINING.move(row, "close", actor=actor, reason=minutes, changes={"minutes": minutes})


def places_of(reader_id: Any, study: Any) -> list[RetrainingPlace]:
    """Return where a reader waits for training, for the reader's own pages."""
    rows = RetrainingPlace.objects.in_study(study).filter(reader_id=reader_id, state="held")
    return list(rows.select_related("retraining"))
