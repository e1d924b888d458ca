"""A dossier is applied or revised: reads are pinned to it, and science decides on signed ones.

``applied`` is called by ``clinical`` in the transaction that applies a version. Reads that nobody
has signed take the new version by an explicit, audited step (decision 11). Reads that were signed
with the earlier one keep it; they are listed, and a scientist decides by signature what the new
version changes for them (transition TR22).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from clinical.models import Dossier
from imaging.services.readers import Consequence
from reads.design import design_from
from reads.design import dossiers as rule
from reads.models import DossierChange, ReadTask
from reads.services import rollback
from reads.services.assigning import reader_codes
from reads.services.clocks import plan_for
from reads.services.dossiers import may_be_read, pinned_version, points_of, repin
from reads.services.following import ask
from reads.workflows import DOSSIER_CHANGE
from studies.models import TimePoint
from studies.workflows import TIME_POINT

MEANING = "dossier_decision"
STATEMENT = (
    "I have compared both versions of the dossier and looked at the reads concerned, and I decide "
    "what the new version changes as shown."
)
DESK = "Read desk"
UNSIGNED = ("planned", "assigned", "accepted", "in_progress", "on_hold")
#: the clock by which science decides; late images have the same
CLOCKS = ("late_images", "qc")


def applied(actor: Actor, new: Dossier, superseded: Dossier | None) -> None:
    """Do the part of reads when a dossier is applied; call in the transaction that applies it."""
    point = new.time_point
    desk = service(DESK, study_id=new.study_id)
    why = f"dossier version {new.version} of {point} was applied"
    own = ReadTask.objects.in_study(new.study_id).filter(stream__subject=point.subject_id)
    list(own.order_by("pk").select_for_update(of=("self",)))
    for task in showing(point, UNSIGNED):
        repin(task, actor=desk, reason=why)
    _open_change(new, superseded, desk)
    _make_ready(point, desk)
    enqueue(
        "reads.plan",
        key=f"reads.plan:{point.pk}:dossier:{new.pk}",
        row=point,
        subject_id=str(point.subject_id),
    )
    ask(point.subject, f"dossier:{new.pk}")


def showing(point: TimePoint, states: Sequence[str]) -> list[ReadTask]:
    """Return the reads of a subject in these states that show a time point's dossier."""
    rows = (
        ReadTask.objects.in_study(point.study_id)
        .filter(stream__subject=point.subject_id, stream__closed_reason="", state__in=states)
        .select_related("stream__subject", "design", "time_point")
        .order_by("stream__role", "sequence", "pk")
    )
    return [
        task
        for task in rows
        if rule.is_shown(design_from(task.design.document), task.kind)
        and point.pk in {one.pk for one in points_of(task).values()}
    ]


def _make_ready(point: TimePoint, desk: Actor) -> None:
    """Let a time point be read that waited for its dossier only."""
    fresh = (
        TimePoint.objects.in_study(point.study_id)
        .select_related("definition")
        .select_for_update(of=("self",))
        .get(pk=point.pk)
    )
    is_read = fresh.definition is None or fresh.definition.read_required
    has_package = fresh.packages.filter(state="released").exists()
    if fresh.state == "accepted" and is_read and has_package and may_be_read(fresh).ok:
        TIME_POINT.move(fresh, "make_ready", actor=desk)


def signed_with_another(point: TimePoint, version: int) -> list[ReadTask]:
    """Return the signed reads that show a time point's dossier and hold another version of it."""
    return [task for task in showing(point, ("signed",)) if pinned_version(task, point) != version]


def _open_change(new: Dossier, superseded: Dossier | None, desk: Actor) -> None:
    tasks = signed_with_another(new.time_point, new.version)
    _overtake(new, desk)
    if not tasks:
        return
    plan = plan_for(new.study_id)
    name = next((one for one in CLOCKS if one in plan.turnarounds), CLOCKS[-1])
    due = plan.due(name, clock.now())
    codes = reader_codes(new.study)
    with acting(desk):
        row = DossierChange(
            study_id=new.study_id,
            time_point=new.time_point,
            from_version=superseded.version if superseded is not None else 0,
            to_version=new.version,
            affected=[_line(task, new.time_point, codes) for task in tasks],
            due_at=due.at,
            due_by=due.by,
        )
        row.save()
        record("dossierchange.open", row, details={"reads": len(tasks)})


def _overtake(new: Dossier, desk: Actor) -> None:
    """End the decisions that still wait about an earlier version: the new one lists all reads."""
    waiting = DossierChange.objects.in_study(new.study_id).filter(
        time_point=new.time_point, state="open"
    )
    for row in waiting:
        words = f"Overtaken by dossier version {new.version}."
        DOSSIER_CHANGE.move(
            row, "overtake", actor=desk, reason=words, changes={"outcome": [*row.outcome, words]}
        )


def _line(task: ReadTask, point: TimePoint, codes: Any) -> dict[str, Any]:
    what = task.time_point.label if task.time_point is not None else "whole course"
    kind = "" if task.kind == ReadTask.Kind.TIME_POINT else f"{task.get_kind_display()}, "
    who = codes.get(task.stream.reader_id, "R")
    held = pinned_version(task, point)
    openings = task.dossier_openings.filter(time_point=point).count()
    return {
        "task": str(task.pk),
        "text": f"{kind}{what}, {task.stream.get_role_display().lower()} {who}",
        "version": held or 0,
        "openings": openings,
    }


# The decision of science


def draft(row: DossierChange, *, decision: str, reason: str, actor: Actor) -> DossierChange:
    """Keep what will be signed.

    Raises:
        NotPermitted: the actor may not decide.
        RuleBroken: DC-001 there is no such decision, or no reason.
        Conflict: DC-002 it is decided already.
    """
    actor.require("dossier.decide")
    if decision not in DossierChange.Decision.values or not reason.strip():
        raise RuleBroken("Choose what the revised dossier changes, and say why.", rule="DC-001")
    with transaction.atomic(), acting(actor.acting_as("dossier.decide")):
        rows = DossierChange.objects.in_study(row.study_id).select_for_update()
        locked: DossierChange = rows.get(pk=row.pk)
        if locked.state != "open":
            raise Conflict("This decision is signed or overtaken already.", rule="DC-002")
        locked.decision, locked.reason = decision, reason.strip()
        locked.save()
        return locked


def decide(row: DossierChange, *, actor: Actor, assent: Assent) -> DossierChange:
    """Sign the kept decision; what it asks for is requested at once.

    Raises:
        RuleBroken: DC-001 nothing was chosen.
    """
    with transaction.atomic():
        visits = TimePoint.objects.in_study(row.study_id).select_for_update()
        visits.get(pk=row.time_point_id)
        if not row.decision or not row.reason.strip():
            raise RuleBroken("Choose what the revised dossier changes, and say why.", rule="DC-001")
        signed = DOSSIER_CHANGE.move(
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


def _carry_out(row: DossierChange) -> None:
    desk = service(DESK, study_id=row.study_id)
    if row.decision == DossierChange.Decision.NO_EFFECT:
        finish(row, ["The reads stay as they are, with the version that they were signed with."])
        return
    lines = rollback.for_dossier_change(row, first_reads(row))
    if not lines:
        finish(row, ["None of the reads counts any more; nothing is rolled back."])
        return
    with acting(desk):
        row.outcome = [*row.outcome, *lines]
        row.save()
        record("dossierchange.note", row, details={"lines": lines})


def first_reads(row: DossierChange) -> list[ReadTask]:
    """Return, for each reader, the signed read to roll back from, by the decision kept."""
    listed = {line["task"] for line in row.affected}
    tasks = [
        task
        for task in signed_with_another(row.time_point, row.to_version)
        if str(task.pk) in listed
    ]
    found: dict[Any, ReadTask] = {}
    for task in tasks:
        is_later = task.kind == ReadTask.Kind.TIME_POINT and task.time_point_id != row.time_point_id
        if is_later and row.decision != DossierChange.Decision.ROLLBACK:
            continue
        found.setdefault(task.stream_id, task)
    return list(found.values())


def finish(row: DossierChange, lines: Sequence[str]) -> None:
    """End a decision of which nothing is left to do."""
    DOSSIER_CHANGE.move(
        row,
        "carry_out",
        actor=service(DESK, study_id=row.study_id),
        reason="; ".join(lines),
        changes={"outcome": [*row.outcome, *lines]},
    )


def declare_carried_out(row: DossierChange, *, actor: Actor, reason: str) -> DossierChange:
    """Say that what was left, a roll-back that was refused for one, is settled, and how."""
    done: DossierChange = DOSSIER_CHANGE.move(
        row,
        "carry_out",
        actor=actor,
        reason=reason,
        changes={"outcome": [*row.outcome, reason[:500]]},
    )
    return done


def consequences(row: DossierChange) -> dict[str, list[Consequence]]:
    """Return what each decision would do to reads, without any answer."""
    count = len(row.affected)
    reads = f"{count} signed read{'' if count == 1 else 's'}"
    stay = "stays" if count == 1 else "stay"
    own = sum(line["version"] == row.from_version for line in row.affected)
    return {
        DossierChange.Decision.NO_EFFECT.value: [
            Consequence(f"{reads} {stay} as signed, with the earlier version.", tone="good")
        ],
        DossierChange.Decision.RE_READ.value: [
            Consequence(
                "The reads of this time point, and the reviews that showed its dossier, are "
                "rolled back and read again with the new version. What rests on them falls."
            )
        ],
        DossierChange.Decision.ROLLBACK.value: [
            Consequence(
                "The same, and also reads of later time points that showed the earlier version"
                f" ({own} of {count} hold it)."
            )
        ],
    }
