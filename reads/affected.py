"""What the images of a visit touch among reads, and what reads do when images leave or stop.

Blinded people are never named here: staff sees codes and counts only.
"""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, reverse

from audit.actors import acting, service
from imaging.services.effects import Effect
from reads.models import AdjudicationCase, ReadSession, ReadTask
from reads.services.dossierchanges import showing, signed_with_another
from reads.workflows import READ_SESSION, READ_TASK
from studies.models import Subject, TimePoint

_UNSIGNED = ("planned", "assigned", "accepted", "in_progress", "on_hold")
_HOLDABLE = ("assigned", "accepted", "in_progress")
_COUNTED = ("signed", "final")


def names(time_point: TimePoint) -> list[Effect]:
    """Name the reads of a visit: signed ones must be rolled back before its images can leave."""
    tasks = ReadTask.objects.in_study(time_point.study_id).filter(time_point=time_point)
    sessions = ReadSession.objects.in_study(time_point.study_id).filter(task__time_point=time_point)
    url = _page(time_point)
    found = []
    signed = sessions.filter(state__in=_COUNTED).count()
    if signed:
        text = f"{signed} signed {'read' if signed == 1 else 'reads'} of {time_point}"
        text += "; a roll-back comes first"
        found.append(Effect("read", text, url, blocks=True, keeps=True))
    elif sessions.exists():
        found.append(Effect("read", f"Readers have seen images of {time_point}.", url, keeps=True))
    waiting = tasks.filter(state__in=_UNSIGNED).count()
    if waiting:
        word = "read" if waiting == 1 else "reads"
        found.append(Effect("read", f"{waiting} unsigned {word} of {time_point}", url))
    cases = AdjudicationCase.objects.in_study(time_point.study_id).filter(time_point=time_point)
    if cases.exclude(state="voided").exists():
        found.append(Effect("read", f"Adjudication of {time_point}", url, blocks=True, keeps=True))
    return found


def _page(time_point: TimePoint) -> str:
    try:
        return reverse("time-point", args=[time_point.study.code, time_point.pk])
    except NoReverseMatch:
        return ""


def of_dossier(time_point: TimePoint) -> list[Effect]:
    """Name the reads that rest on a time point's dossier, before its next version is applied."""
    found = []
    url = _page(time_point)
    signed = len(signed_with_another(time_point, 0))
    if signed:
        text = f"{signed} {'read' if signed == 1 else 'reads'} signed with this dossier"
        text += "; a scientist decides by signature what the next version changes"
        found.append(Effect("read", text, url, keeps=True))
    waiting = len(showing(time_point, _UNSIGNED))
    if waiting:
        word = "read takes" if waiting == 1 else "reads take"
        found.append(Effect("read", f"{waiting} unsigned {word} the next version", url))
    return found


def follows(time_point: TimePoint, reason: str) -> list[str]:
    """Cancel unsigned reads of a visit that its images leave; open sessions are voided."""
    system = service("Read desk", study_id=time_point.study_id)
    why = f"images were moved: {reason}"
    done = []
    with acting(system, why):
        for task in _tasks(time_point).filter(state__in=_UNSIGNED):
            _void_open(task, why)
            READ_TASK.move(task, "cancel", actor=system, reason=why)
            done.append(f"A read of {time_point} was cancelled.")
    return done


def stops(subject: Subject, reason: str) -> list[str]:
    """Hold every unsigned read of a subject; reads that were signed stay as they are."""
    system = service("Read desk", study_id=subject.study_id)
    tasks = ReadTask.objects.in_study(subject.study_id).filter(stream__subject=subject)
    done = []
    with acting(system, reason):
        for task in tasks.select_related("time_point"):
            what = task.time_point.label if task.time_point else task.get_kind_display().lower()
            if task.state in _HOLDABLE:
                READ_TASK.move(task, "hold", actor=system, reason=reason)
                done.append(f"A read of {what} is on hold.")
            elif task.state == "planned":
                READ_TASK.move(task, "cancel", actor=system, reason=reason)
                done.append(f"A planned read of {what} was cancelled.")
    return done


def _tasks(time_point: TimePoint) -> Any:
    return ReadTask.objects.in_study(time_point.study_id).filter(time_point=time_point)


def _void_open(task: ReadTask, reason: str) -> None:
    system = service("Read desk", study_id=task.study_id)
    for session in task.sessions.filter(state="open"):
        READ_SESSION.move(session, "void", actor=system, reason=reason)
