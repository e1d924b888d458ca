"""One object of every kind of watching and correcting, for the table of addresses and roles."""

from __future__ import annotations

from typing import Any

from audit.actors import acting, service
from reads.models import CheckFinding, ReadTask, RollBack
from reads.services import recalling, reminders, retraining, rollback
from reads.services.reminders import Draft, pictures_of
from reads.workflows import ROLL_BACK
from tests.world import BUILDER, StudyWorld


def oversight_objects(world: StudyWorld, task: ReadTask) -> dict[str, Any]:
    """Return the key of one object of each kind, about a signed read of the first reader.

    The corrections stand in the book only: no read is voided.
    """
    science = world.actor("scientific")
    session = task.sessions.get(state="signed")
    with acting(BUILDER):
        finding = CheckFinding(
            study=world.study,
            stream=task.stream,
            session=session,
            check_id="LARGE_CHANGE",
            level="warning",
            kind="measurement",
            scope="time_point",
            place="T01",
            text="T01: 40 mm before, 61 mm now.",
            clause="RECIST 1.1 §4.3",
            key="one",
        )
        finding.save()
        retrained = retraining.Retraining(study=world.study, number=1, reason="Consensus.")
        retrained.save()
    series, _, _, sha256 = next(iter(pictures_of(session)))
    draft = Draft(
        rule="Measure the same lesion",
        clause="§4.3",
        text="Compare with the baseline.",
        session=session,
        picture=(series, sha256),
    )
    reminder = reminders.write(task.stream.reader, world.study, draft, actor=science)
    reminders.issue(reminder, actor=science)
    told = _carried_out(world, rollback.request(task, actor=science, reason="An example."))
    waiting = rollback.request(task, actor=science, reason="An example.")
    recall = recalling.request(task.stream.reader, world.study, actor=science, reason="An example.")
    return {
        "check_finding": finding.pk,
        "reminder": reminder.pk,
        "roll_back": waiting.pk,
        "recall": recall.pk,
        "correction_kind": "rollback",
        "correction": told.pk,
        "retraining": retrained.pk,
    }


def _carried_out(world: StudyWorld, row: RollBack) -> RollBack:
    desk = service("Read desk", study_id=world.study.pk)
    row = ROLL_BACK.move(row, "recalled", actor=desk, reason="An example.")
    return ROLL_BACK.move(
        row, "carry_out", actor=desk, changes={"carried_out_at": row.requested_at}
    )
