"""Giving many subjects their readers at once: one draw, written in bulk with its history."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from audit import bulk, clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from imaging.models import ReadPackage
from reads.design import ReadDesign, versions_of
from reads.models import AdjudicationCase, ReaderStream, ReadTask
from reads.services.clocks import plan_for
from reads.services.dossiers import pin_all, waits_in
from reads.services.drawing import candidates, pairs_so_far
from reads.services.planning import READER_ROLES, label_of
from reads.services.qualifying import effective_design, trains_readers
from reads.services.stopping import is_in_sample
from reads.staffing.assignment import Case, draw
from reads.visibility import BEFORE_READY
from reads.workflows import READ_TASK
from studies.models import Configuration, Study, Subject, TimePoint
from studies.services.configuration import effective


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an automatic assignment did: the seed repeats the draw on the same facts."""

    seed: str
    subjects: int
    reads: int
    refused: Mapping[str, str]


def waiting(study: Study, design: ReadDesign) -> list[Subject]:
    """Return the subjects of the sample that have something to read and no readers."""
    taken = ReaderStream.objects.in_study(study).filter(purpose="efficacy", closed_reason="")
    rows = Subject.objects.in_study(study).filter(time_points__packages__state="released")
    rows = rows.exclude(pk__in=taken.values("subject_id")).distinct()
    found = rows.select_related("study_site").order_by("code")
    return [subject for subject in found if is_in_sample(subject, design)]


def assign_all(study: Study, *, actor: Actor, seed: str = "", area: str = "") -> Outcome:
    """Draw the readers of every subject that waits, and give them every read that is possible.

    Subjects that cannot have readers are left as they are, with the rule that leaves too few.

    Args:
        area: therapeutic area; only readers of it are drawn.

    Raises:
        NotPermitted: the actor does not manage reads.
        RuleBroken: RD-001 there are fewer qualified readers than the design needs; RD-021 the study
            trains readers.
    """
    actor.require("read.manage")
    if trains_readers(study.pk):
        raise RuleBroken("A training study gives its cases by itself.", rule="RD-021")
    drawn_with = seed.strip() or secrets.token_hex(8)
    with transaction.atomic(), acting(actor.acting_as("read.manage")):
        Study.objects.select_for_update().get(pk=study.pk)
        configuration, design = effective_design(study)
        subjects = waiting(study, design)
        points = readable_points(study, subjects, design)
        found, people = candidates(study, configuration)
        if subjects and len(found) < design.readers:
            raise RuleBroken(
                f"The design needs {design.readers} qualified readers; there are {len(found)}.",
                rule="RD-001",
            )
        made = draw(
            _cases(study, subjects, points, design, area.strip().lower()),
            found,
            per_subject=design.readers,
            seed=drawn_with,
            pairs=pairs_so_far(study),
        )
        users = {str(user.pk): user for user in people}
        by_key = {str(subject.pk): subject for subject in subjects}
        teams = [
            (by_key[key], [users[one] for one in readers]) for key, readers in made.readers.items()
        ]
        streams = _open(study, teams, drawn_with)
        tasks = _give(streams, points, configuration, design, actor)
    refused = {by_key[key].code: why for key, why in made.refused.items()}
    return Outcome(drawn_with, len(teams), len(tasks), refused)


Readable = list[tuple[TimePoint, ReadPackage]]


def readable_points(
    study: Study, subjects: Sequence[Subject], design: ReadDesign
) -> dict[Any, Readable]:
    """Return by subject the time points that can be read now, in order, with their packages.

    The first that is not ready holds back those after it, as for a single subject.
    """
    rows = (
        TimePoint.objects.in_study(study)
        .filter(subject__in=subjects)
        .exclude(state="not_done")
        .select_related("definition")
    )
    by_subject: dict[Any, list[TimePoint]] = defaultdict(list)
    for point in rows:
        if point.definition is None or point.definition.read_required:
            by_subject[point.subject_id].append(point)
    packages = ReadPackage.objects.in_study(study).filter(state="released")
    released = {one.time_point_id: one for one in packages}
    waits = waits_in(study, design)
    found: dict[Any, Readable] = {}
    for subject, points in by_subject.items():
        points.sort(key=lambda t: (t.order_date is None, t.order_date, str(t.pk)))
        found[subject] = []
        for point in points:
            if point.state in BEFORE_READY or point.pk not in released or waits(point):
                break
            found[subject].append((point, released[point.pk]))
    return found


def _cases(
    study: Study,
    subjects: Sequence[Subject],
    points: Mapping[Any, Readable],
    design: ReadDesign,
    area: str,
) -> list[Case]:
    barred = _barred(study, design)
    return [
        Case(
            key=str(subject.pk),
            site=str(subject.study_site.site_id),
            reads=max(1, len(points.get(subject.pk, ()))),
            barred=frozenset(barred[subject.pk]),
            area=area,
        )
        for subject in subjects
    ]


def _barred(study: Study, design: ReadDesign) -> dict[Any, set[str]]:
    """Return by subject who holds another role over it."""
    purposes = ["efficacy"]
    if not design.sessions.eligibility_reader_may_read:
        purposes.append("eligibility")
    found: dict[Any, set[str]] = defaultdict(set)
    streams = ReaderStream.objects.in_study(study).filter(purpose__in=purposes)
    cases = AdjudicationCase.objects.in_study(study).exclude(adjudicator=None)
    for rows in (
        streams.values_list("subject_id", "reader_id"),
        cases.values_list("subject_id", "adjudicator_id"),
    ):
        for subject, person in rows:
            found[subject].add(str(person))
    return found


def _open(
    study: Study, teams: Sequence[tuple[Subject, Sequence[User]]], seed: str
) -> list[ReaderStream]:
    rows = ReaderStream.objects.in_study(study).values("reader_id")
    latest = {row["reader_id"]: row["n"] for row in rows.annotate(n=Max("order_index"))}
    held = ReaderStream.objects.in_study(study).values_list("reader_id", "label")
    labels = set(held)
    streams = []
    for subject, readers in teams:
        for role, reader in zip(READER_ROLES, readers, strict=False):
            place = latest.get(reader.pk, -1) + 1
            latest[reader.pk] = place
            label = _free_label(labels, seed, reader, subject)
            streams.append(
                ReaderStream(
                    study=study,
                    subject=subject,
                    reader=reader,
                    role=role,
                    label=label,
                    order_index=place,
                    order_seed=seed,
                )
            )
    bulk.insert(streams)
    subjects = [subject for subject, _ in teams]
    bulk.record_all("subject.assign_readers", subjects, details=[{"seed": seed}] * len(subjects))
    return streams


def _free_label(labels: set[tuple[Any, str]], seed: str, reader: User, subject: Subject) -> str:
    drawn = (label_of(seed, reader, subject, turn) for turn in count())
    label = next(one for one in drawn if (reader.pk, one) not in labels)
    labels.add((reader.pk, label))
    return label


def _give(
    streams: Sequence[ReaderStream],
    points: Mapping[Any, Readable],
    configuration: Configuration,
    design: ReadDesign,
    actor: Actor,
) -> list[ReadTask]:
    study = configuration.study_id
    form = effective(study, Configuration.Kind.FORM, design.form)
    blinding = effective(study, Configuration.Kind.BLINDING, design.blinding)
    now: datetime = clock.now()
    due = plan_for(study, configuration).due("read", now)
    versions = versions_of(design)
    tasks = [
        ReadTask(
            study_id=study,
            stream=stream,
            time_point=point,
            design=configuration,
            form=form,
            blinding=blinding,
            package=package,
            criteria=versions,
            sequence=sequence,
            due_at=due.at,
            due_by=due.by,
        )
        for stream in streams
        for sequence, (point, package) in enumerate(points.get(stream.subject_id, ()), start=1)
    ]
    pin_all(tasks, design)
    bulk.insert_and_move(READ_TASK, tasks, "assign", actor=actor)
    return tasks
