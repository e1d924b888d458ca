"""Variability studies: plan, draw, give out re-reads after the wash-out, compare.

A re-read is an ordinary task of a stream with the purpose "variability": the reader's pages, the
API and the archive tell it from no other read. Everything that counts (acceptance, adjudication,
cuts, performance) asks for the purpose "efficacy" and so leaves re-reads out.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Count, Max, Q

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import record
from reads.design import ReadDesign
from reads.models import ReaderStream, ReadSession, ReadTask, ReRead, VariabilityPlan
from reads.performance.variability import Repeated, Twice, compare, how_many, shuffled
from reads.services.drawing import draw_readers
from reads.services.planning import READER_ROLES, add_stream, make_task
from reads.services.qualifying import effective_design, is_qualified
from reads.services.settling import response_of
from reads.visibility import OPEN
from reads.workflows import VARIABILITY_PLAN
from studies.models import Configuration, Study

DESK = "Read desk"
SIGNED = ("signed", "final")
VARIABLE, SUM = "overall_response", "sum_mm"
WHOLE = 100
#: a baseline alone has no response to compare
FEWEST_READS = 2


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a study of variability asks for."""

    title: str
    intra_percent: int
    inter_percent: int
    washout_days: int
    seed: str = ""


def usual(study: Study) -> Wanted:
    """Return what the charter asks for."""
    _, design = effective_design(study)
    rule = design.variability
    return Wanted("Reader variability", rule.intra_percent, rule.inter_percent, _shortest(design))


def _shortest(design: ReadDesign) -> int:
    """The shortest wash-out: the charter's, and no less than its interval between same cases.

    A shorter one would let the reader meet the limit of the interval, and so know the case.
    """
    return max(design.variability.washout_days, design.batches.minimal_interval_days)


def plan(study: Study, wanted: Wanted, *, actor: Actor) -> VariabilityPlan:
    """Plan a study of variability.

    Raises:
        RuleBroken: VR-001 no title or no percentage; VR-002 the wash-out is shorter than the
            charter's.
    """
    actor.require("variability.manage")
    configuration, design = effective_design(study)
    total = wanted.intra_percent + wanted.inter_percent
    if not wanted.title.strip() or not 0 < total <= WHOLE:
        raise RuleBroken(
            "Give the study a title and percentages that add to 1 to 100.", rule="VR-001"
        )
    shortest = _shortest(design)
    if wanted.washout_days < shortest:
        raise RuleBroken(
            f"The charter asks for a wash-out of at least {shortest} days.", rule="VR-002"
        )
    with transaction.atomic(), acting(actor.acting_as("variability.manage")):
        made = VariabilityPlan(
            study=study,
            title=wanted.title.strip(),
            design=configuration,
            intra_percent=wanted.intra_percent,
            inter_percent=wanted.inter_percent,
            washout_days=wanted.washout_days,
            seed=wanted.seed.strip() or secrets.token_hex(8),
        )
        made.save()
        record("variability.plan", made)
        return made


def courses(study: Study) -> list[ReaderStream]:
    """Return what a sample is drawn from: courses of efficacy reads with nothing left to read.

    A course that is a part of another study of variability is not read a third time.
    """
    taken = ReRead.objects.in_study(study).exclude(plan__state="cancelled").values("original_id")
    rows = (
        ReaderStream.objects.in_study(study)
        .filter(purpose="efficacy", closed_reason="", role__in=READER_ROLES)
        .exclude(pk__in=taken)
        .annotate(
            signed=Count("tasks", filter=Q(tasks__state="signed", tasks__kind="time_point")),
            waiting=Count("tasks", filter=Q(tasks__state__in=(*OPEN, "planned"))),
        )
        .filter(signed__gte=FEWEST_READS, waiting=0)
        .select_related("subject__study_site", "reader")
    )
    return list(rows)


def draw(row: VariabilityPlan, *, actor: Actor) -> VariabilityPlan:
    """Draw the sample: at most one course of a subject; seed and population repeat it.

    Raises:
        RuleBroken: VR-003 no course is finished yet.
    """
    actor.require("variability.manage")
    with transaction.atomic(), acting(actor.acting_as("variability.manage")):
        locked = VariabilityPlan.objects.in_study(row.study_id).select_for_update().get(pk=row.pk)
        if locked.state != "planned":
            return VARIABILITY_PLAN.move(locked, "draw", actor=actor)
        found = {str(one.pk): one for one in courses(row.study)}
        if not found:
            raise RuleBroken(
                "No course of reads is finished yet. A sample needs a signed baseline and a "
                "signed follow-up.",
                rule="VR-003",
            )
        chosen = list(_chosen(locked, found))
        for kind, stream, reader in chosen:
            ReRead(
                study_id=row.study_id,
                plan=locked,
                kind=kind,
                original=stream,
                reader=reader,
                not_before=_earliest(stream, reader, locked),
            ).save()
        return VARIABILITY_PLAN.move(
            locked,
            "draw",
            actor=actor,
            changes={"population": sorted(found), "drawn_at": clock.now()},
            details={"courses": len(found), "drawn": len(chosen)},
        )


def _chosen(
    row: VariabilityPlan, found: dict[str, ReaderStream]
) -> Iterator[tuple[str, ReaderStream, User]]:
    """Yield kind, course and reader of each member of the sample, in the order of the seed."""
    wanted = {
        ReRead.Kind.INTRA: how_many(row.intra_percent, len(found)),
        ReRead.Kind.INTER: how_many(row.inter_percent, len(found)),
    }
    subjects: set[Any] = set()
    left = [found[key] for key in shuffled(found, row.seed)]
    for kind in (ReRead.Kind.INTRA, ReRead.Kind.INTER):
        number = wanted[kind]
        for stream in left:
            if number == 0:
                break
            if stream.subject_id in subjects:
                continue
            reader = stream.reader if kind == ReRead.Kind.INTRA else _other_reader(stream, row)
            if reader is None:
                continue
            subjects.add(stream.subject_id)
            number -= 1
            yield kind, stream, reader


def _other_reader(stream: ReaderStream, row: VariabilityPlan) -> User | None:
    """Draw somebody who has no part in the subject; nobody when there is none with room."""
    configuration, design = effective_design(row.study_id)
    try:
        drawn = draw_readers(
            [stream.subject],
            configuration,
            design,
            seed=f"{row.seed}|{stream.pk}",
            per_subject=1,
        )
    except RuleBroken:
        return None
    return drawn[stream.subject_id][0]


def _earliest(stream: ReaderStream, reader: User, row: VariabilityPlan) -> date:
    """Return the first day after the wash-out since anybody concerned signed a read of it."""
    last = (
        ReadSession.objects.in_study(row.study_id)
        .filter(task__stream__subject_id=stream.subject_id, state__in=SIGNED)
        .filter(Q(task__stream=stream) | Q(task__stream__reader=reader))
        .aggregate(at=Max("signed_at"))["at"]
    )
    zone = ZoneInfo(row.study.time_zone)
    signed = (last or clock.now()).astimezone(zone).date()
    return signed + timedelta(days=row.washout_days)


def give_out(study: Study, *, actor: Actor) -> int:
    """Make the re-reads whose wash-out has passed; safe to repeat. Returns how many were made."""
    today = clock.today(study.time_zone)
    rows = ReRead.objects.in_study(study).filter(
        plan__state="drawn", stream=None, left_out_reason="", not_before__lte=today
    )
    return sum(_give_out(pk, today, actor=actor) for pk in rows.values_list("pk", flat=True))


def _give_out(pk: Any, today: date, *, actor: Actor) -> bool:
    with transaction.atomic(), acting(actor):
        row = (
            ReRead.objects.in_study(actor.study_id)
            .select_for_update(of=("self",))
            .select_related("plan__study", "original__subject", "reader")
            .get(pk=pk)
        )
        if row.stream_id is not None or row.left_out_reason:
            return False
        # Somebody may have signed another read of the subject since the sample was drawn.
        earliest = _earliest(row.original, row.reader, row.plan)
        if earliest > today:
            row.not_before = earliest
            row.save()
            return False
        tasks = _signed_tasks(row.original)
        configuration, design = effective_design(row.study_id)
        why = _why_not(row, tasks, configuration)
        if why:
            row.left_out_reason = why
            row.save()
            return False
        stream = add_stream(
            row.original.subject,
            row.reader,
            row.original.role,
            f"{row.plan.seed}|{row.pk}",
            ReaderStream.Purpose.VARIABILITY,
        )
        for task in tasks:
            make_task(
                stream,
                ReadTask.Kind.TIME_POINT,
                form=design.form,
                clock_name="read",
                sequence=task.sequence,
                actor=actor,
                time_point=task.time_point,
                package=task.package,
            )
        row.stream = stream
        row.save()
        record("variability.give_out", row.plan, details={"reads": len(tasks)})
        return True


def _signed_tasks(stream: ReaderStream) -> list[ReadTask]:
    rows = stream.tasks.filter(state="signed", kind="time_point", sessions__state__in=SIGNED)
    return list(rows.select_related("time_point", "package").order_by("sequence"))


def _why_not(row: ReRead, tasks: list[ReadTask], configuration: Configuration) -> str:
    if len(tasks) < FEWEST_READS or row.original.closed_reason:
        return "The first reads were rolled back."
    if row.original.subject.state == "withdrawn":
        return "The subject withdrew consent."
    if not is_qualified(row.reader_id, configuration):
        return "The reader is not qualified any more."
    taken = ReaderStream.objects.in_study(row.study_id).filter(
        subject=row.original.subject,
        role=row.original.role,
        purpose=ReaderStream.Purpose.VARIABILITY,
        closed_reason="",
    )
    return "The subject is read again already." if taken.exists() else ""


def close(row: VariabilityPlan, *, actor: Actor, reason: str) -> VariabilityPlan:
    """Close a study: nothing more is given out; what was given out stays to be read."""
    return VARIABILITY_PLAN.move(row, "close", actor=actor, reason=reason)


def cancel(row: VariabilityPlan, *, actor: Actor, reason: str) -> VariabilityPlan:
    """Cancel a study of which nothing was given out.

    Raises:
        RuleBroken: VR-004 re-reads are with readers already: close it instead.
    """
    if row.rereads.exclude(stream=None).exists():
        raise RuleBroken(
            "Re-reads were given to readers already. Close the study instead.", rule="VR-004"
        )
    return VARIABILITY_PLAN.move(row, "cancel", actor=actor, reason=reason)


@dataclass(frozen=True)
class Result:
    """What a kind of re-reads shows so far, and what was left out and why."""

    kind: str
    title: str
    repeated: Repeated
    left_out: tuple[str, ...]


def results(row: VariabilityPlan) -> list[Result]:
    """Compare what was read twice; the second reading must have seen the same images."""
    found = []
    for kind in ReRead.Kind:
        members = [one for one in _members(row) if one.kind == kind]
        if not members:
            continue
        twice, left_out = _twice(members)
        found.append(Result(kind, str(kind.label), compare(twice, kind=kind), tuple(left_out)))
    return found


def _members(row: VariabilityPlan) -> Iterable[ReRead]:
    return row.rereads.select_related("original", "stream", "reader", "original__subject")


def _twice(members: list[ReRead]) -> tuple[list[Twice], list[str]]:
    sessions = _sessions([one.original_id for one in members] + [one.stream_id for one in members])
    twice, left_out = [], []
    for member in members:
        if member.left_out_reason:
            left_out.append(member.left_out_reason)
            continue
        if member.stream_id is None:
            continue
        first, second = sessions.get(member.original_id, {}), sessions.get(member.stream_id, {})
        for point, again in second.items():
            before = first.get(point)
            if before is None:
                left_out.append("The first read was rolled back.")
            elif before.task.package_id != again.task.package_id:
                left_out.append("The second reader saw other images.")
            else:
                twice.append(_pair(before, again))
    return twice, left_out


def _sessions(streams: list[Any]) -> dict[Any, dict[Any, ReadSession]]:
    """Return the signed sessions by stream and time point."""
    rows = (
        ReadSession._base_manager.filter(task__stream__in=streams, state__in=SIGNED)
        .select_related("task")
        .prefetch_related("assessments")
        .order_by("task__sequence")
    )
    found: dict[Any, dict[Any, ReadSession]] = {}
    for session in rows:
        found.setdefault(session.task.stream_id, {})[session.task.time_point_id] = session
    return found


def _pair(first: ReadSession, second: ReadSession) -> Twice:
    one, two = _primary(first), _primary(second)
    calls, sums = None, None
    if one is not None and two is not None:
        said = (response_of(one, VARIABLE), response_of(two, VARIABLE))
        if first.task.sequence > 1 and all(said):
            calls = said
        measured = (_sum_of(one), _sum_of(two))
        if measured[0] is not None and measured[1] is not None:
            sums = (measured[0], measured[1])
    return Twice(calls, sums)


def _primary(session: ReadSession) -> Any:
    """Return the assessment by the first criterion of the design the read was made for."""
    rows = {row.criterion: row for row in session.assessments.all()}
    return next((rows[key] for key in session.task.criteria if key in rows), None)


def _sum_of(assessment: Any) -> float | None:
    try:
        return float(Decimal(str(assessment.derived.get(SUM))))
    except InvalidOperation:
        return None
