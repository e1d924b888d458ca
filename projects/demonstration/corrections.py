"""What went wrong in reads and was corrected: reminders, and roll-backs at each of their stages."""

from __future__ import annotations

from typing import Any

from accounts.models import User
from accounts.permissions import Role
from audit import clock
from projects.demonstration.player import Player
from reads.models import ReaderStream, ReadTask, RollBack, TrainingReminder
from reads.services import checking, reminders, rollback

CLAUSE = "RECIST 1.1, 4.1"
AXIS = reminders.Draft(
    rule="Longest diameter in the plane of the slice",
    clause=CLAUSE,
    text="Measure the longest diameter on the slice on which the lesion is widest; one slice "
    "higher it is shorter by a tenth.",
    gates=True,  # it was acknowledged since and holds nothing up
)
NODES = reminders.Draft(
    rule="Short axis of lymph nodes",
    clause="RECIST 1.1, 3.1.2",
    text="Of a lymph node the short axis counts, at right angles to the longest diameter.",
)
PHASE = reminders.Draft(
    rule="The same series at every time point",
    clause=CLAUSE,
    text="Measure at every time point on the series of the same contrast phase and slice "
    "thickness.",
)
WRONG_SERIES = "The lesions were measured on the series before contrast."
WRONG_AXIS = "The diameters were taken across the widest slice at both time points."


def correct_reads(player: Player) -> None:
    """Let science run the checks, remind both readers, and ask for corrections of three reads."""
    cast = player.cast
    first, second = cast.readers[0], cast.readers[1]
    with clock.shifted_to(player.at_site(0, -7, 9)):
        checking.ask(cast.study, actor=cast.actor(Role.SCIENTIFIC))
    player.wait("the checks of the reads")
    _remind(player, first, AXIS, day=-6, acknowledged=True)
    _remind(player, second, NODES, day=-2, acknowledged=False)
    _carried_out(player)
    _half_approved(player)
    _refused(player)
    player.wait("roll-backs")
    player.say("Reminders and roll-backs written: 5")


def _remind(
    player: Player, reader: User, draft: reminders.Draft, *, day: int, acknowledged: bool
) -> None:
    cast = player.cast
    scientist = cast.actor(Role.SCIENTIFIC)
    with clock.shifted_to(player.at_site(0, day, 10)):
        row = reminders.write(reader, cast.study, draft, actor=scientist)
        row = reminders.issue(row, actor=scientist)
    if acknowledged:
        with clock.shifted_to(player.at_site(0, day + 1, 8)):
            _acknowledge(player, row)


def _acknowledge(player: Player, row: TrainingReminder) -> None:
    reader = row.reader
    assent = player.cast.sign(reader, reminders.MEANING, reminders.STATEMENT, row)
    reminders.acknowledge(row, actor=player.cast.actor(reader), assent=assent)


def _task(player: Player, subject: int, code: str, role: str) -> ReadTask:
    rows: Any = ReadTask.objects.select_related(
        "stream__reader", "stream__subject", "time_point", "study"
    )
    found: ReadTask = rows.get(
        stream__subject=player.subjects[subject],
        stream__role=role,
        stream__purpose="efficacy",
        kind="time_point",
        time_point__definition__code=code,
    )
    return found


def _carried_out(player: Player) -> None:
    """Roll the first reader's follow-up of one subject back: read again after the reminder."""
    task = _task(player, 11, "week6", ReaderStream.Role.READER_1)
    row = _requested(player, task, WRONG_SERIES, day=-5, reminder=PHASE)
    row = _approve(player, row, "science", Role.SCIENTIFIC, day=-5)
    _approve(player, row, "project", Role.PROJECT_MANAGER, day=-4)


def _half_approved(player: Player) -> None:
    """Leave a roll-back that touches a waiting case with the approval of science alone."""
    task = _task(player, 9, "week6", ReaderStream.Role.READER_2)
    row = _requested(player, task, WRONG_AXIS, day=-2)
    _approve(player, row, "science", Role.SCIENTIFIC, day=-1)


def _refused(player: Player) -> None:
    task = _task(player, 3, "week12", ReaderStream.Role.READER_2)
    row = _requested(player, task, "A lesion may have been chosen outside the limits.", day=-8)
    with clock.shifted_to(player.at_site(0, -7, 11)):
        rollback.refuse(
            row,
            actor=player.cast.actor(Role.PROJECT_MANAGER),
            reason="Two lesions of the liver and three elsewhere: the limits are kept.",
        )


def _requested(
    player: Player,
    task: ReadTask,
    reason: str,
    *,
    day: int,
    reminder: reminders.Draft | None = None,
) -> RollBack:
    with clock.shifted_to(player.at_site(0, day, 9)):
        return rollback.request(
            task,
            actor=player.cast.actor(Role.SCIENTIFIC),
            reason=reason,
            clause=CLAUSE,
            reminder=reminder,
        )


def _approve(
    player: Player, row: RollBack, side: rollback.Side, role: str, *, day: int
) -> RollBack:
    cast = player.cast
    with clock.shifted_to(player.at_site(0, day, 15)):
        assent = cast.sign(role, rollback.MEANING, rollback.STATEMENT, row)
        return rollback.approve(row, side, actor=cast.actor(role), assent=assent)
