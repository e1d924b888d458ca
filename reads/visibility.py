"""What a blinded person may see, decided where rows are selected.

Sequential lock: a later time point does not exist for a reader until every earlier one of the same
stream is signed. The same querysets serve inbox, pages, API, pictures and counts. An earlier read
that was declined stays in the way: its signed replacement, or its cancellation, opens the next.

Where the charter shows all time points together, none of them exists until all are there.
"""

from __future__ import annotations

from typing import Any

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, When

from audit import clock
from audit.actors import Actor
from imaging.models import PackageSeries, ReadPackage
from reads.design import design_from
from reads.models import AdjudicationCase, Reader, ReaderQualification, ReaderStream, ReadTask
from studies.models import Configuration, TimePoint

OVER = ("declined", "reassigned", "cancelled")
#: presentations that show all time points of a subject at once
TOGETHER = ("simultaneous", "simultaneous_random")
BEFORE_READY = ("expected", "received", "in_qc", "accepted")
OPEN = ("assigned", "accepted", "in_progress", "on_hold")


#: what is granted for a design without response criterion: its form
FORM_ONLY = "FORM"


def qualified_designs(reader_id: Any, study: Any) -> list[Any]:
    """Return the design versions for which a reader holds every criterion today.

    Whoever the register has suspended or released is qualified for nothing.
    """
    if Reader.objects.filter(user_id=reader_id).exclude(state="active").exists():
        return []
    rows = (
        ReaderQualification.objects.in_study(study)
        .filter(reader_id=reader_id, revoked_reason="")
        .filter(Q(valid_until=None) | Q(valid_until__gte=clock.today()))
        .select_related("design")
    )
    held: dict[Configuration, set[str]] = {}
    for row in rows:
        held.setdefault(row.design, set()).add(row.criterion)
    # A training case is read before anybody is qualified; its study holds nothing else.
    training = ReadTask._base_manager.filter(
        study_id=getattr(study, "pk", study),
        stream__reader_id=reader_id,
        stream__purpose="training",
        stream__study__trains__isnull=False,
    )
    return [
        *training.order_by().values_list("design_id", flat=True).distinct(),
        *(
            design.pk
            for design, criteria in held.items()
            if set(design_from(design.document).criteria or (FORM_ONLY,)) <= criteria
        ),
    ]


def tasks_of_reader(actor: Actor) -> Any:
    """Return the tasks that exist for a qualified reader now; without qualification, none."""
    designs = qualified_designs(actor.user_id, actor.study_id)
    return held_by(actor).filter(design_id__in=designs)


def held_by(actor: Actor) -> Any:
    """Return a reader's signed tasks and each stream's next, qualified or not any more."""
    signed_instead = ReadTask._base_manager.filter(
        stream_id=OuterRef("stream_id"), time_point_id=OuterRef("time_point_id"), state="signed"
    )
    unsigned_before = (
        ReadTask._base_manager.filter(
            stream_id=OuterRef("stream_id"), sequence__lt=OuterRef("sequence")
        )
        .exclude(state__in=("signed", "cancelled"))
        .exclude(Exists(signed_instead))
    )
    not_there = TimePoint._base_manager.filter(
        subject_id=OuterRef("stream__subject_id"), state__in=BEFORE_READY
    )
    # A design may leave the presentation out; NULL must not decide.
    together = Case(
        When(kind=ReadTask.Kind.TIME_POINT, design__document__presentation__in=TOGETHER, then=True),
        default=False,
        output_field=BooleanField(),
    )
    return (
        ReadTask.objects.visible_to(actor)
        .filter(stream__reader_id=actor.user_id, stream__closed_reason="")
        .exclude(state__in=("planned", *OVER))
        .alias(together=together)
        .filter(
            Q(together=True) & ~Exists(not_there) | Q(together=False) & ~Exists(unsigned_before)
        )
        .select_related("stream", "time_point", "package", "design", "form", "study")
    )


def inbox(actor: Actor) -> Any:
    """Return what the reader has to do now, late first; the reader's random order breaks ties."""
    rows = tasks_of_reader(actor).filter(state__in=OPEN)
    return rows.order_by("due_at", "stream__order_index", "sequence")


def packages_of_reader(actor: Actor) -> Any:
    """Return the read packages that the reader may open."""
    return ReadPackage._base_manager.filter(pk__in=tasks_of_reader(actor).values("package_id"))


def cases_of_adjudicator(actor: Actor) -> Any:
    """Return open cases that the adjudicator may take, and every case taken by them.

    Somebody who read the subject never adjudicates it (R1 ≠ R2 ≠ adjudicator).
    """
    own_reads = ReaderStream._base_manager.filter(
        subject_id=OuterRef("subject_id"), reader_id=actor.user_id
    )
    return (
        AdjudicationCase.objects.in_study(actor.study_id)
        .filter(Q(state="pending") | Q(adjudicator_id=actor.user_id))
        .exclude(state="voided")
        .filter(~Exists(own_reads))
        .select_related("study", "session_1__task__stream", "session_2__task__stream", "design")
        .order_by("due_at", "label")
    )


def packages_of_adjudicator(actor: Actor) -> Any:
    """Return the packages of the adjudicator's cases: the time point asked about and earlier."""
    cases = cases_of_adjudicator(actor).filter(adjudicator_id=actor.user_id)
    pairs = Q(pk__in=[])
    for subject_id, sequence in cases.values_list("subject_id", "session_1__task__sequence"):
        pairs |= Q(stream__subject_id=subject_id, sequence__lte=sequence)
    tasks = ReadTask._base_manager.filter(pairs)
    return ReadPackage._base_manager.filter(pk__in=tasks.values("package_id"))


def series_of_blinded(actor: Actor) -> Any:
    """Return the package entries whose pictures a blinded person may see."""
    packages = packages_of_reader(actor) | packages_of_adjudicator(actor)
    return PackageSeries.objects.filter(package__in=packages).select_related("series")
