"""Escalations: late reads that went to reviewer operations, from the rule to the outcome.

The rule opens them (``care.remind``): one live escalation for a reader in a study, to which reads
that cross the limit later are added. Somebody of reviewer operations takes it, may hand it over,
and closes it with its outcome; what is said with the reader on the way is kept with it.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from accounts.models import User
from audit import clock
from audit.actors import Actor
from audit.errors import RuleBroken
from audit.models import record
from reads.models import Reader, ReaderEscalation, ReadTask
from reads.workflows import ESCALATION
from studies.actors import actor_for
from studies.calendars import Plan
from studies.models import Membership, Study

RIGHT = "reader.manage"
LIVE = ("open", "owned")
RULE_LENGTH = 200


def rule_words(plan: Plan) -> str:
    """Return by which clock reads are escalated."""
    if "read_escalation" in plan.turnarounds:
        return "The plan's time for escalation after the due date has passed."
    return "The time of a read has passed once more after the due date."


def raise_by_rule(
    study: Study, reader: Reader, tasks: Sequence[ReadTask], plan: Plan
) -> ReaderEscalation:
    """Open an escalation, or add reads to the live one; call inside the transaction that reminds.

    The caller acts as the platform and holds the study locked, so that there is one live row.
    """
    crossed = [str(task.pk) for task in tasks]
    live: ReaderEscalation | None = (
        ReaderEscalation.objects.in_study(study)
        .filter(reader=reader, state__in=LIVE)
        .select_for_update()
        .first()
    )
    if live is None:
        live = ReaderEscalation(
            study=study, reader=reader, rule=rule_words(plan)[:RULE_LENGTH], tasks=crossed
        )
        live.save()
        record("escalation.open", live, details={"reads": len(crossed)})
        return live
    live.tasks = [*live.tasks, *(pk for pk in crossed if pk not in live.tasks)]
    live.save()
    record("escalation.extend", live, details={"reads": len(crossed)})
    return live


def take(row: ReaderEscalation, *, actor: Actor) -> ReaderEscalation:
    """Take an escalation: from here it has an owner."""
    return ESCALATION.move(row, "take", actor=actor, changes={"owner_id": actor.user_id})


def owners(study: Study) -> list[User]:
    """Return who may own an escalation of a study, by name."""
    rows = Membership.objects.filter(study=study, period__contains=clock.now())
    people = {one.user for one in rows.select_related("user") if one.user.is_active}
    return sorted(
        (user for user in people if _manages(user, study)), key=lambda user: user.printed_name
    )


def _manages(user: User, study: Study) -> bool:
    actor = actor_for(user, study)
    return actor is not None and actor.may(RIGHT)


def hand_over(row: ReaderEscalation, owner: User, *, actor: Actor, reason: str) -> ReaderEscalation:
    """Give an escalation to another owner, with the reason.

    Raises:
        RuleBroken: RC-006 the person does not look after readers in this study.
    """
    if not _manages(owner, row.study):
        raise RuleBroken(
            f"{owner.printed_name} does not look after readers in this study.", rule="RC-006"
        )
    return ESCALATION.move(
        row, "hand_over", actor=actor, reason=reason, changes={"owner_id": owner.pk}
    )


def close(row: ReaderEscalation, *, actor: Actor, outcome: str) -> ReaderEscalation:
    """Close an escalation; the reason is its outcome. Reads that are late stay late."""
    with transaction.atomic():
        return ESCALATION.move(
            row,
            "close",
            actor=actor,
            reason=outcome,
            changes={"outcome": outcome.strip(), "closed_at": clock.now()},
        )


def reads_of(row: ReaderEscalation) -> list[ReadTask]:
    """Return the reads that were escalated, as they stand now."""
    rows = ReadTask.objects.in_study(row.study_id).filter(pk__in=row.tasks)
    return list(rows.select_related("stream", "time_point__subject").order_by("due_at"))
