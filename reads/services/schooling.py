"""One act makes the training study: same documents, cases from chosen visits, readers assigned.

The charter, eCRF, blinding profile and every other document that hold in the study are taken over
with the same content. A case shows the released packages of chosen visits under new identifiers,
with the layout and labels of the package; dates are moved together so that intervals stay. What is
shown are the rendered pictures: the DICOM objects stay where they are. The answer key is proposed
from the accepted reads and signed by a scientist before any reader gets the case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from accounts.models import User
from accounts.permissions import Duty
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import NotPermitted, RuleBroken
from audit.models import record
from imaging.services import package
from reads.design import ReadDesign
from reads.models import Onboarding, TrainingCase, TrainingStudy
from reads.services import attempts, training
from reads.services.casepictures import day_of, show
from reads.services.copies import (
    copy_people,
    copy_schedule,
    practice_site,
    study_after,
    take_over,
)
from reads.services.planning import time_points_to_read
from reads.services.proposedkeys import proposed_key
from reads.services.qualifying import effective_design
from studies.actors import actor_for
from studies.models import (
    Configuration,
    Study,
    StudySite,
    Subject,
    TimePoint,
)
from studies.scoping import scope
from studies.services import subjects
from studies.workflows import STUDY, TIME_POINT

NAME = "Training study"
SUFFIX = "-TRAIN"
OFFERED = 40
TITLE_LENGTH = 120


@dataclass(frozen=True, slots=True)
class Chosen:
    """What becomes a case: a title and visits of one subject, the baseline first."""

    title: str
    time_points: Sequence[TimePoint]


@dataclass(frozen=True, slots=True)
class Offer:
    """A subject whose visits can be chosen: those with released images, in reading order."""

    subject: Subject
    time_points: Sequence[TimePoint]


def offers(actor: Actor, *, search: str = "", keep: Iterable[str] = ()) -> list[Offer]:
    """Return the first subjects with released images that an actor may see, those kept first.

    Subjects who withdrew stay out: their images are shown to nobody new.

    Args:
        search: part of a subject's code.
        keep: ids of subjects that were chosen already, whatever is searched for.
    """
    kept = set(keep)
    rows = Subject.objects.visible_to(actor).exclude(state__in=("withdrawn", "screen_failed"))
    rows = rows.filter(time_points__packages__state="released").distinct().order_by("code")
    others = rows.filter(code__icontains=search.strip()).exclude(pk__in=kept)
    found = []
    for subject in (*rows.filter(pk__in=kept), *others[:OFFERED]):
        points = []
        for point in time_points_to_read(subject):
            if point.definition is None or package.released(point) is None:
                break
            points.append(point)
        if points:
            found.append(Offer(subject, points))
    return found


def chosen_from(actor: Actor, wanted: Mapping[str, tuple[str, int]]) -> list[Chosen]:
    """Return the cases that a person chose: id of a subject -> title and number of visits.

    Raises:
        RuleBroken: TR-013 a subject is not there for this person, or has fewer visits to show.
    """
    found = []
    for pk, (title, visits) in wanted.items():
        subject = Subject.objects.visible_to(actor).filter(pk=pk).first()
        points = time_points_to_read(subject)[:visits] if subject else []
        if not points or len(points) < visits:
            raise RuleBroken("A chosen subject has no such visits.", rule="TR-013")
        found.append(Chosen(title, points))
    return found


def make_training_study(study: Study, chosen: Sequence[Chosen], *, actor: Actor) -> TrainingStudy:
    """Make the study in which readers are trained, with its cases; all of it or nothing.

    Raises:
        NotPermitted: the actor may not make it.
        RuleBroken: TR-010 the study has one; TR-011 it is itself a training study or a twin; TR-012
            no case is chosen; TR-013 a case does not begin at baseline, leaves a visit out, or has
            no released images; TR-014 a document is missing.
    """
    actor.require("training.make")
    _require_chosen(study, chosen)
    configuration, design = effective_design(study)
    with transaction.atomic():
        Study.objects.select_for_update().get(pk=study.pk)
        if training.training_study_of(study) is not None:
            raise RuleBroken(f"{study.code} has its training study.", rule="TR-010")
        held_in = study_after(
            study, suffix=SUFFIX, title=f"Training of the readers of {study.code}"
        )
        with acting(actor.acting_as("training.make")):
            held_in.save()
        desk = service(NAME, study_id=held_in.pk)
        with acting(actor.acting_as("training.make")):
            made = TrainingStudy(study=study, held_in=held_in)
            made.save()
            record(
                "training.make_study",
                made,
                details={
                    "study": held_in.code,
                    "charter": str(configuration),
                    "cases": len(chosen),
                },
            )
        with scope(held_in), acting(desk):
            for document in _documents(study):
                take_over(document, held_in, desk)
            copy_people(study, held_in, desk, duties=(Duty.OPERATIONS,), name=NAME)
            copy_schedule(study, held_in, desk, name=NAME)
            STUDY.move(held_in, "open", actor=desk, reason=f"{NAME} of {study.code}")
            site = practice_site(held_in, desk, hospital="Training", name="Training", number="900")
        differing = [one.label for one in training.matches(study, held_in) if not one.is_same]
        if differing:
            raise RuleBroken(f"Not the same: {'; '.join(differing)}.", rule="TR-014")
        with scope(held_in):
            person = User.objects.filter(pk=actor.user_id).first()
            scientist = actor_for(person, held_in) if person else None
            if scientist is None:
                raise NotPermitted("Only a scientist of the study makes it.", rule="TR-011")
            for number, one in enumerate(chosen, start=1):
                _case(site, number, one, design, desk=desk, scientist=scientist)
    return made


def _require_chosen(study: Study, chosen: Sequence[Chosen]) -> None:
    if study.uat_twin_of_id or training.trained_for(study) is not None:
        raise RuleBroken("A twin or a training study has none of its own.", rule="TR-011")
    if not chosen:
        raise RuleBroken("Choose the visits of at least one case.", rule="TR-012")
    for one in chosen:
        if not one.title.strip() or not one.time_points:
            raise RuleBroken("Each case needs a title and its visits.", rule="TR-013")
        subject = one.time_points[0].subject
        wanted = time_points_to_read(subject)[: len(one.time_points)]
        if [point.pk for point in wanted] != [point.pk for point in one.time_points]:
            raise RuleBroken(
                f"“{one.title}” must begin at baseline and leave no visit out.", rule="TR-013"
            )
        if any(package.released(point) is None for point in one.time_points):
            raise RuleBroken(f"A visit of “{one.title}” has no released images.", rule="TR-013")


def _documents(study: Study) -> list[Configuration]:
    rows = Configuration.objects.in_study(study).filter(state="effective")
    # Scanners are not qualified for practice, and nobody delivers clinical data of its cases.
    kinds = (Configuration.Kind.PHANTOMS, Configuration.Kind.DOSSIER)
    return list(rows.exclude(kind__in=kinds).order_by("kind", "key"))


# Cases


def _case(
    site: StudySite,
    number: int,
    chosen: Chosen,
    design: ReadDesign,
    *,
    desk: Actor,
    scientist: Actor,
) -> TrainingCase:
    days = [day_of(point) for point in chosen.time_points]
    moved = clock.today() - days[-1]
    with acting(desk):
        subject = subjects.register_subject(
            site, code=f"CASE-{number:02d}", anchors={"enrolment": days[0] + moved}, actor=desk,
            source="site",
        )  # fmt: skip
        subjects.enrol(subject, actor=desk)
        points = {
            point.definition.code: point
            for point in subject.time_points.select_related("definition")
            if point.definition is not None
        }
        for origin in chosen.time_points:
            code = origin.definition.code if origin.definition else ""
            point = points.pop(code, None)
            if point is None:
                raise RuleBroken(f"The schedule has no visit “{code}”.", rule="TR-013")
            show(origin, point, moved, desk)
        for point in points.values():
            why = "not part of the training case"
            TIME_POINT.move(
                point, "not_done", actor=desk, reason=why, changes={"not_done_reason": why}
            )
    made = training.add_case(subject, chosen.title[:TITLE_LENGTH], actor=scientist)
    with acting(scientist.acting_as("training.key")):
        made.made_from = {
            "study": str(chosen.time_points[0].study_id),
            "subject": str(chosen.time_points[0].subject_id),
            "time_points": [str(point.pk) for point in chosen.time_points],
        }
        made.save()
    for sequence, origin in enumerate(chosen.time_points, start=1):
        key = proposed_key(made, origin, design)
        if key:
            training.keep_key(made, sequence, key, actor=scientist)
    return made


# Readers


def give_to_waiting(case: TrainingCase) -> int:
    """Give an approved case to the readers who are at their test cases; return to how many."""
    study = training.trained_for(case.study_id)
    if study is None:
        return 0
    with scope(study):
        rows = Onboarding.objects.in_study(study).filter(state="test_cases")
        waiting = list(rows.select_related("reader__user", "study"))
    given = 0
    for row in waiting:
        given += bool(attempts.give_cases(row))
    return given
