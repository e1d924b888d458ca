"""The side of reads in what quality control does: packages that change, resets, late images.

``imaging.services.readers`` calls this in the transaction of its act. A read that nobody has begun
takes a new package by an explicit, audited change of its pinned version (decision 11); a read that
was begun keeps what it was given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from audit.actors import Actor, acting, service
from audit.models import record
from imaging.models import LateImages, ReadPackage
from imaging.services.readers import CarriedOut, Consequence
from reads.models import ReadSession, ReadTask
from reads.services.dossiers import start_over
from reads.visibility import OPEN, OVER
from reads.workflows import READ_TASK
from studies.models import TimePoint

RESET_REASON = "quality control was reset"


class ReadsSide:
    """What ``imaging.services.readers.Reads`` asks for."""

    def begun(self, time_point: TimePoint) -> bool:
        """Tell whether a reader has opened the time point's images."""
        sessions = ReadSession.objects.in_study(time_point.study_id)
        return sessions.filter(task__time_point=time_point).exclude(state="voided").exists()

    def of_reset(self, time_point: TimePoint) -> Iterable[Consequence]:
        """Say which reads are held by a reset."""
        waiting = _tasks(time_point).filter(state__in=OPEN).count()
        if waiting:
            yield Consequence(
                f"{_reads(waiting)} that wait for readers are held until the next decision; "
                "nothing was read yet."
            )
        later = _later_tasks(time_point).filter(state__in=OPEN).count()
        if later:
            yield Consequence(
                f"{_reads(later)} of later time points wait behind them.", tone="idle"
            )

    def of_late(self, time_point: TimePoint, decision: str) -> Iterable[Consequence]:
        """Say what a decision on late images does to reads, without any answer."""
        signed = _tasks(time_point).filter(state="signed").count()
        waiting = _tasks(time_point).filter(state__in=OPEN).count()
        if decision == "no_effect":
            yield Consequence(f"{_reads(signed + waiting)} stay as they are.", tone="good")
            return
        if waiting:
            yield Consequence(
                f"{_reads(waiting)} not signed yet start over with the late images; what was typed "
                "stays in the history."
            )
        if signed:
            yield Consequence(
                f"{_reads(signed)} signed with the earlier package are rolled back and read again "
                "with the late images."
            )
        if decision == "rollback":
            later = _later_tasks(time_point).exclude(state__in=OVER).count()
            if later:
                yield Consequence(f"{_reads(later)} of later time points are rolled back too.")

    def reset(self, time_point: TimePoint, *, actor: Actor, reason: str) -> None:
        """Hold the reads that wait."""
        words = f"{RESET_REASON}: {reason}"
        _hold(_tasks(time_point).filter(state__in=("assigned", "accepted")), words)

    def released(self, package: ReadPackage, *, actor: Actor) -> None:
        """Let reads that nobody has begun take the package; held ones go on."""
        time_point = package.time_point
        rows = _tasks(time_point).filter(state__in=("planned", "assigned", "accepted", "on_hold"))
        for task in rows.select_for_update():
            if task.sessions.exclude(state="voided").exists():
                continue
            repin(task, package, actor)
            if task.state == "on_hold" and _held_by_reset(task):
                READ_TASK.move(task, "resume", actor=actor, reason=f"{package} was released")

    def carry_out(self, late: LateImages) -> CarriedOut:
        """Start over what is not signed; roll back what is signed where a service for it exists.

        Without that service the later reads are held and the decision stays a task of reviewer
        operations.
        """
        why = f"late images: {late.get_decision_display().lower()}"
        rows = _tasks(late.time_point)
        package = late.time_point.packages.filter(state="released").first()
        begun = list(rows.filter(state="in_progress")) if package is not None else []
        for task in begun:
            _start_over(task, late.time_point, why)
        lines = [f"{_reads(len(begun))} under way started over."] if begun else []
        concerned = rows | _later_tasks(late.time_point) if late.decision == "rollback" else rows
        signed = concerned.filter(state="signed").count()
        if not signed:
            return CarriedOut(tuple(lines), done=True)
        roll_back = _roll_back_service()
        if roll_back is not None:
            # Two persons approve a roll-back; the decision ends with the last one carried out.
            asked = roll_back(late)
            return CarriedOut((*lines, *asked), done=not asked)
        held = 0
        if late.decision == "rollback":
            later = _later_tasks(late.time_point)
            held = _hold(later.filter(state__in=("assigned", "accepted", "in_progress")), why)
        if held:
            lines.append(f"{_reads(held)} of later time points put on hold.")
        lines.append(
            f"{_reads(signed)} are signed: reviewer operations roll them back by hand and then "
            "declare this carried out."
        )
        return CarriedOut(tuple(lines), done=False)

    def seen_with(self, package: ReadPackage) -> Iterable[tuple[str, str]]:
        """Return the reads that pinned a package: the reader's label for it, and the state."""
        rows = ReadTask.objects.in_study(package.study_id).filter(package=package)
        for task in rows.select_related("stream").order_by("stream__role", "sequence"):
            yield str(task), task.get_state_display()


def _reads(count: int) -> str:
    return f"{count} read" if count == 1 else f"{count} reads"


def _tasks(time_point: TimePoint) -> Any:
    """Return the reads of a time point's images; an oncologist reviews values, not images."""
    return ReadTask.objects.in_study(time_point.study_id).filter(
        time_point=time_point, kind__in=(ReadTask.Kind.TIME_POINT, ReadTask.Kind.ELIGIBILITY)
    )


def _later_tasks(time_point: TimePoint) -> Any:
    """Return the reads of the subject's later time points, by assessment date."""
    day = time_point.assessment_date or time_point.planned_date
    others = time_point.subject.time_points.exclude(pk=time_point.pk)
    later = [
        other.pk
        for other in others
        if day and (other.assessment_date or other.planned_date or day) > day
    ]
    return ReadTask.objects.in_study(time_point.study_id).filter(time_point__in=later)


def _hold(rows: Any, reason: str) -> int:
    desk = service("Read desk")
    tasks = list(rows)
    for task in tasks:
        READ_TASK.move(task, "hold", actor=desk, reason=reason)
    return len(tasks)


def _start_over(task: ReadTask, time_point: TimePoint, reason: str) -> None:
    """Void what was typed and give the reader the new package; the void version stays."""
    start_over(task, reason)
    repin(task, time_point.packages.get(state="released"), service("Read desk"))


def _held_by_reset(task: ReadTask) -> bool:
    from audit.models import Event

    last = (
        Event.objects.filter(object_id=str(task.pk), kind="readtask.hold").order_by("-pk").first()
    )
    return last is not None and last.reason.startswith(RESET_REASON)


def repin(task: ReadTask, package: ReadPackage, actor: Actor) -> None:
    """Pin a read to another version of its package, with the change on record."""
    if task.package_id == package.pk:
        return
    with acting(actor, f"{package} was released"):
        before = str(task.package) if task.package else ""
        task.package = package
        task.save()
        record("readtask.repin", task, details={"from": before, "to": str(package)})


def _roll_back_service() -> Callable[[LateImages], list[str]] | None:
    """Return the roll-back of reads if this installation has one (``reads.services.rollback``)."""
    try:
        module = import_module("reads.services.rollback")
    except ModuleNotFoundError:
        return None
    return getattr(module, "for_late_images", None)
