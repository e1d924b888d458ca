"""Who reads what: streams by recorded chance, tasks with pinned versions, due by the plan."""

from __future__ import annotations

import hashlib
import random
import secrets
from collections.abc import Sequence
from datetime import date

from django.db import transaction
from django.db.models import Count, Max, Q

from accounts.models import User
from accounts.permissions import Role
from audit import clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import record
from imaging.models import ReadPackage
from reads.design import ReadDesign, design_from, versions_of
from reads.models import ReaderQualification, ReaderStream, ReadTask
from reads.services.clocks import plan_for
from reads.services.stopping import is_in_sample, is_stopped
from reads.visibility import BEFORE_READY, OPEN, OVER
from reads.workflows import READ_TASK
from studies.models import Configuration, Study, Subject, TimePoint
from studies.services.configuration import effective

READER_ROLES = (ReaderStream.Role.READER_1, ReaderStream.Role.READER_2)


def effective_design(study: Study | object) -> tuple[Configuration, ReadDesign]:
    """Return the read design that holds now."""
    configuration = effective(study, Configuration.Kind.READ_DESIGN)
    return configuration, design_from(configuration.document)


def qualify(
    reader: User, study: Study, *, actor: Actor, until: date | None = None
) -> list[ReaderQualification]:
    """Grant a reader every criterion of the effective design."""
    actor.require("read.manage")
    configuration, design = effective_design(study)
    granted = []
    with transaction.atomic(), acting(actor.acting_as("read.manage")):
        for criterion in design.criteria:
            held, _ = ReaderQualification.objects.in_study(study).get_or_create(
                study=study,
                reader=reader,
                criterion=criterion,
                design=configuration,
                revoked_reason="",
                defaults={"granted_on": clock.today(), "valid_until": until},
            )
            granted.append(held)
        record("reader.qualify", reader, study_id=study.pk)
    return granted


def is_qualified(reader_id: object, design: Configuration) -> bool:
    """Tell whether a reader holds every criterion of a design version today."""
    held = set(
        ReaderQualification.objects.in_study(design.study_id)
        .filter(reader_id=reader_id, design=design, revoked_reason="")
        .filter(Q(valid_until=None) | Q(valid_until__gte=clock.today()))
        .values_list("criterion", flat=True)
    )
    return set(design_from(design.document).criteria) <= held


def qualified_readers(study: Study, design: Configuration) -> list[User]:
    """Return active readers who are qualified for a design, the least loaded first."""
    members = User.objects.filter(
        memberships__study=study,
        memberships__role=Role.CENTRAL_READER,
        memberships__period__contains=clock.now(),
        is_active=True,
    )
    loaded = members.annotate(
        load=Count("streams__tasks", filter=Q(streams__tasks__state__in=OPEN))
    ).order_by("load", "pk")
    return [user for user in loaded.distinct() if is_qualified(user.pk, design)]


def open_streams(
    subject: Subject, *, actor: Actor, readers: Sequence[User] = ()
) -> list[ReaderStream]:
    """Give a subject its readers, once; the seed and the order are stored (FDA 2018, III.C).

    Args:
        readers: named readers; without them the least loaded qualified ones are drawn.

    Raises:
        RuleBroken: RD-001 too few qualified readers; RD-002 somebody named is not qualified.
    """
    actor.require("read.manage")
    with transaction.atomic(), acting(actor.acting_as("read.manage")):
        Subject.objects.in_study(subject.study_id).select_for_update().get(pk=subject.pk)
        existing = list(subject.streams.filter(purpose="efficacy", closed_reason=""))
        if existing:
            return existing
        configuration, design = effective_design(subject.study_id)
        study = subject.study
        chosen = list(readers) or qualified_readers(study, configuration)[: design.readers]
        if len(chosen) < design.readers:
            raise RuleBroken(
                f"The design needs {design.readers} qualified readers; there are {len(chosen)}.",
                rule="RD-001",
            )
        for reader in chosen:
            if not is_qualified(reader.pk, configuration):
                raise RuleBroken(f"{reader.printed_name} is not qualified.", rule="RD-002")
        seed = secrets.token_hex(8)
        drawn = random.Random(seed)  # noqa: S311 - an order to be reproduced, not a secret
        order = drawn.sample(chosen, k=len(chosen))
        streams = [
            add_stream(subject, reader, role, seed)
            for role, reader in zip(READER_ROLES, order, strict=False)
        ]
        record("subject.assign_readers", subject, details={"seed": seed})
        return streams


def add_stream(subject: Subject, reader: User, role: str, seed: str) -> ReaderStream:
    """Open the course of one reader through a subject, with a label of its own."""
    others = ReaderStream.objects.in_study(subject.study_id).filter(reader=reader)
    latest = others.aggregate(n=Max("order_index"))["n"]
    text = f"{seed}|{reader.pk}|{subject.pk}"
    label = "C-" + hashlib.sha256(text.encode()).hexdigest()[:6].upper()
    stream = ReaderStream(
        study_id=subject.study_id,
        subject=subject,
        reader=reader,
        role=role,
        label=label,
        order_index=0 if latest is None else latest + 1,
        order_seed=seed,
    )
    stream.save()
    return stream


def time_points_to_read(subject: Subject) -> list[TimePoint]:
    """Return the subject's time points that the charter reads, by assessment date."""
    rows = subject.time_points.exclude(state="not_done").select_related("definition")
    read = [t for t in rows if t.definition is None or t.definition.read_required]
    return sorted(read, key=lambda t: (t.order_date is None, t.order_date, str(t.pk)))


def plan_reads(subject: Subject, *, actor: Actor) -> list[ReadTask]:
    """Make and assign the tasks of every time point that can be read now; safe to repeat.

    A time point waits while an earlier one has not got so far: its images could still change what
    a reader should have seen first.
    """
    made: list[ReadTask] = []
    _, design = effective_design(subject.study_id)
    if not is_in_sample(subject, design):
        return made
    with transaction.atomic():
        streams = [s for s in open_streams(subject, actor=actor) if not is_stopped(s, design)]
        for sequence, time_point in enumerate(time_points_to_read(subject), start=1):
            if time_point.state in BEFORE_READY:
                break
            package = time_point.packages.filter(state="released").first()
            if package is not None:
                made += [
                    task
                    for stream in streams
                    if (task := _task(stream, time_point, package, sequence, actor)) is not None
                ]
    return made


def _task(
    stream: ReaderStream, time_point: TimePoint, package: ReadPackage, sequence: int, actor: Actor
) -> ReadTask | None:
    if stream.tasks.filter(time_point=time_point).exclude(state__in=OVER).exists():
        return None
    configuration, design = effective_design(stream.study_id)
    due = plan_for(stream.study_id, configuration).due("read", clock.now())
    study = stream.study_id
    with acting(actor):
        task = ReadTask(
            study_id=study,
            stream=stream,
            time_point=time_point,
            design=configuration,
            form=effective(study, Configuration.Kind.FORM, design.form),
            blinding=effective(study, Configuration.Kind.BLINDING, design.blinding),
            package=package,
            criteria=versions_of(design),
            sequence=sequence,
            due_at=due.at,
            due_by=due.by,
        )
        task.save()
    return READ_TASK.move(task, "assign", actor=actor)
