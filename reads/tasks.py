"""Background work of reads: planning, settling, accepting."""

from __future__ import annotations

from typing import Any

from audit.actors import service
from audit.jobs import enqueue, job
from audit.models import Job
from reads.models import AdjudicationCase
from reads.services import planning, settling
from studies.models import Subject, TimePoint
from studies.scoping import scope

#: steps of a time point after which reads may have become possible
_OPENING = frozenset({"make_ready", "not_done"})


@job("reads.plan", label="Read desk")
def plan(row: Job, *, subject_id: str) -> None:
    """Make the tasks of every time point that can be read now."""
    with scope(row.study_id):
        subject = Subject.objects.select_related("study").get(pk=subject_id)
        planning.plan_reads(subject, actor=service("Read desk", study_id=row.study_id))


@job("reads.settle", label="Read desk")
def settle(row: Job, *, time_point_id: str) -> None:
    """Compare signed reads and accept or open an adjudication."""
    with scope(row.study_id):
        time_point = TimePoint.objects.select_related("subject").get(pk=time_point_id)
        settling.settle(time_point, actor=service("Read desk", study_id=row.study_id))


@job("reads.accept", label="Read desk")
def accept(row: Job, *, case_id: str) -> None:
    """Accept the session that an adjudicator chose."""
    with scope(row.study_id):
        case = AdjudicationCase.objects.select_related("session_1", "session_2").get(pk=case_id)
        settling.accept_adjudicated(case, actor=service("Read desk", study_id=row.study_id))


def time_point_moved(sender: type[TimePoint], *, step: str, row: Any, **_: Any) -> None:
    """Ask for planning when a time point became ready or was declared not done."""
    if step in _OPENING:
        # Every opening of a time point is work of its own: its version names it.
        version = row.history.values_list("history_id", flat=True).latest("history_id")
        enqueue(
            "reads.plan",
            key=f"reads.plan:{row.pk}:{version}",
            row=row,
            subject_id=str(row.subject_id),
        )
