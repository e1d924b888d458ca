"""Rows of reads at the size of a large trial, loaded by COPY (benchmarks and counts of queries).

The rows are what the services leave behind, without their history: subjects, time points, streams,
tasks, signed sessions with their responses, adjudication cases. Everything follows from a seed.
"""

from __future__ import annotations

import io
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import connection, models

from accounts.models import User
from audit import clock
from reads.models import (
    AdjudicationCase,
    CriterionAssessment,
    ReaderStream,
    ReadSession,
    ReadTask,
)
from studies.models import (
    Configuration,
    FormRecord,
    StudySite,
    Subject,
    TimePoint,
    TimePointDefinition,
)

LOADED = (
    Subject,
    TimePoint,
    ReaderStream,
    ReadTask,
    FormRecord,
    ReadSession,
    CriterionAssessment,
    AdjudicationCase,
)
RESPONSES = ("CR", "PR", "SD", "PD")
#: share of time points in which the second reader calls what the first calls
AGREEMENT = 0.78
WEEK = timedelta(days=7)
LATEST_SIGNED = timedelta(days=540)
#: of the last time point of a subject: not yet read
OPEN_SHARE = 0.25
SECONDS = (240, 1500)
OVERRIDE_SHARE = 0.04
EVEN = 0.5


def copy(rows: Iterable[models.Model]) -> int:
    """Load instances of one model by COPY; return how many."""
    listed = list(rows)
    if not listed:
        return 0
    fields = [f for f in listed[0]._meta.concrete_fields if f.attname != "id" or _has_key(f)]
    text = io.StringIO()
    for row in listed:
        text.write("\t".join(_cell(field, row) for field in fields) + "\n")
    text.seek(0)
    table = listed[0]._meta.db_table
    names = ", ".join(f'"{field.column}"' for field in fields)
    with connection.cursor() as cursor:
        cursor.cursor.copy_expert(f'COPY "{table}" ({names}) FROM STDIN', text)
    return len(listed)


def _has_key(field: Any) -> bool:
    return isinstance(field, models.UUIDField)


def _cell(field: Any, row: models.Model) -> str:
    value = getattr(row, field.attname)
    if value is None:
        return r"\N"
    if isinstance(field, models.JSONField):
        value = json.dumps(value)
    elif isinstance(value, list):
        value = "{" + ",".join(str(item) for item in value) + "}"
    elif isinstance(value, bool):
        value = "t" if value else "f"
    elif isinstance(value, UUID):
        value = str(value)
    text = str(value)
    return text.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n")


def seed(
    world: Any,
    *,
    subjects: int,
    time_points: int = 8,
    readers: Sequence[User] = (),
    first: int = 0,
    key: int = 1,
) -> None:
    """Load a read study: subjects × time points × 2 readers, mostly signed.

    Args:
        first: number of the first subject, to add to what was loaded before.
    """
    numbers = range(first, subjects)
    made = _Rows(world, numbers, time_points, tuple(readers), random.Random(key))  # noqa: S311
    for rows in made.tables():
        copy(rows)
    # Nothing is added to a signed read: its responses come first, as in a signature.
    with connection.cursor() as cursor:
        cursor.execute(
            f'UPDATE "{ReadSession._meta.db_table}" SET state = %s '  # noqa: S608
            "WHERE study_id = %s AND state = %s AND signed_at IS NOT NULL",
            ["signed", world.study.pk, "open"],
        )


def analyse(cursor: Any) -> None:
    """Tell the planner what was loaded, as a night's maintenance does; the owner's cursor."""
    for model in LOADED:
        cursor.execute(f'ANALYZE "{model._meta.db_table}"')


class _Rows:
    """The rows of a study, table by table."""

    def __init__(
        self,
        world: Any,
        numbers: range,
        time_points: int,
        readers: tuple[User, ...],
        draw: random.Random,
    ) -> None:
        self.study, self.sites, self.draw = world.study, world.sites, draw
        self.readers = readers or (
            world.users["central_reader"],
            world.users["central_reader_2"],
        )
        kept = Configuration.objects.in_study(world.study).filter(state="effective")
        self.design = kept.get(kind="read_design")
        self.form = kept.get(kind="form", key=self.design.document["form"])
        self.blinding = kept.get(kind="blinding")
        self.numbers, self.time_points = numbers, time_points
        self.now = clock.now()
        self.definitions: list[TimePointDefinition] = []
        self.subjects: list[Subject] = []
        self.points: dict[Any, list[TimePoint]] = {}
        self.streams: list[ReaderStream] = []
        self.tasks: list[ReadTask] = []
        self.records: list[FormRecord] = []
        self.sessions: list[ReadSession] = []
        self.assessments: list[CriterionAssessment] = []
        self.cases: list[AdjudicationCase] = []

    def tables(self) -> Iterator[list[Any]]:
        """Yield the rows in the order in which they point to each other."""
        self._plan()
        for number in self.numbers:
            self._subject(number)
        yield from (
            self.definitions[self.first_new :],
            self.subjects,
            [point for points in self.points.values() for point in points],
            self.streams,
            self.tasks,
            self.records,
            self.sessions,
            self.assessments,
            self.cases,
        )

    def _plan(self) -> None:
        found = TimePointDefinition.objects.in_study(self.study).order_by("offset_days")
        self.definitions = list(found)
        self.first_new = len(self.definitions)
        like = self.definitions[-1]
        while len(self.definitions) < self.time_points:
            week = 8 * len(self.definitions)
            self.definitions.append(
                TimePointDefinition(
                    study=self.study,
                    protocol_version_id=like.protocol_version_id,
                    code=f"bench{week}",
                    label=f"Week {week}",
                    offset_days=7 * week,
                    window_before=7,
                    window_after=7,
                    modalities=["CT"],
                )
            )

    def _subject(self, number: int) -> None:
        site: StudySite = self.sites[number % len(self.sites)]
        subject = Subject(
            study=self.study,
            study_site=site,
            code=f"B{site.number}-{number:05d}",
            reading_code=f"B{number:06d}",
            state="enrolled",
        )
        self.subjects.append(subject)
        began = self.now - LATEST_SIGNED * self.draw.random() - WEEK * self.time_points
        is_open = self.draw.random() < OPEN_SHARE
        points = self.points[subject.pk] = [
            self._point(subject, d, began, n, is_open) for n, d in enumerate(self._planned())
        ]
        pair = self.draw.sample(self.readers, 2)
        streams = [
            ReaderStream(
                study=self.study,
                subject=subject,
                reader=reader,
                role=role,
                label=f"B-{number:05d}{role[-1]}",
                order_index=number,
                order_seed="bench",
            )
            for role, reader in zip(("reader_1", "reader_2"), pair, strict=True)
        ]
        self.streams += streams
        for order, point in enumerate(points, start=1):
            self._reads(point, streams, order, began + WEEK * order)

    def _planned(self) -> list[TimePointDefinition]:
        return self.definitions[: self.time_points]

    def _point(
        self, subject: Subject, definition: Any, began: Any, order: int, is_open: bool
    ) -> TimePoint:
        last = order == self.time_points - 1
        day = (began + WEEK * order).date()
        return TimePoint(
            study=self.study,
            subject=subject,
            definition=definition,
            label=definition.label,
            planned_date=day,
            window_from=day - WEEK,
            window_to=day + WEEK,
            assessment_date=day,
            state="reading" if last and is_open else "locked",
        )

    def _reads(
        self, point: TimePoint, streams: list[ReaderStream], order: int, signed: Any
    ) -> None:
        call = self.draw.choice(RESPONSES)
        sessions = []
        for index, stream in enumerate(streams):
            is_open = point.state == "reading"
            if index and self.draw.random() > AGREEMENT:
                call = self.draw.choice([one for one in RESPONSES if one != call])
            task = ReadTask(
                study=self.study,
                stream=stream,
                time_point=point,
                design=self.design,
                form=self.form,
                blinding=self.blinding,
                criteria={"RECIST11": "1.0.0"},
                sequence=order,
                due_at=signed + WEEK,
                due_by="bench",
                state="assigned" if is_open else "signed",
            )
            self.tasks.append(task)
            if not is_open:
                sessions.append(self._session(task, call, signed))
        if len(sessions) == len(streams) and order > 1:
            self._case(point, sessions)

    def _session(self, task: ReadTask, call: str, signed: Any) -> ReadSession:
        at = signed + timedelta(minutes=self.draw.randrange(60 * 24))
        record = FormRecord(
            study=self.study, form=self.form, version=3, saved_at=at, completed_at=at, locked=True
        )
        session = ReadSession(
            study=self.study,
            task=task,
            form_record=record,
            opened_at=at,
            signed_at=at,
            seconds_active=self.draw.randrange(*SECONDS),
        )
        self.records.append(record)
        self.sessions.append(session)
        if task.sequence > 1:
            self.assessments.append(
                CriterionAssessment(
                    study=self.study,
                    session=session,
                    criterion="RECIST11",
                    engine_version="1.0.0",
                    input_digest="0" * 64,
                    derived={"overall_response": call},
                    entered={"overall_response": call},
                    override_class="JUDGEMENT" if self.draw.random() < OVERRIDE_SHARE else "",
                )
            )
        return session

    def _case(self, point: TimePoint, sessions: list[ReadSession]) -> None:
        one, two = self.assessments[-2:]
        if one.entered == two.entered:
            return
        at = sessions[1].signed_at
        self.cases.append(
            AdjudicationCase(
                study=self.study,
                subject=point.subject,
                time_point=point,
                design=self.design,
                session_1=sessions[0],
                session_2=sessions[1],
                first_is_a=self.draw.random() < EVEN,
                variables=[{"criterion": "RECIST11", "variable": "overall_response"}],
                label=f"B{self.numbers.start:03d}{len(self.cases):06d}",
                due_at=at + WEEK,
                due_by="bench",
                choice=self.draw.choice("AB"),
                reason="bench",
                decided_at=at + timedelta(days=2),
                state="signed",
            )
        )
