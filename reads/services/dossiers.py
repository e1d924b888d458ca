"""The dossier of a read: which version is pinned, who may open it now, and each opening on record.

``open_in_read`` and ``open_in_case`` are the only ways from a reader to the contents of a dossier;
both write the row that says who saw which version, when and in which read. The rule itself is in
``reads.design.dossiers``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting
from audit.errors import NotPermitted, RuleBroken
from audit.models import record
from audit.states import GuardResult
from clinical.models import Dossier
from clinical.services import contents, standing
from clinical.services import dossiers as clinical
from clinical.services.contents import Contents
from reads.design import ReadDesign, design_from
from reads.design import dossiers as rule
from reads.models import AdjudicationCase, DossierOpening, ReadSession, ReadTask
from reads.services.qualifying import effective_design, is_qualified
from reads.visibility import OVER, cases_of_adjudicator, held_by
from studies.models import TimePoint

#: so long may the pictures of an opened dossier be fetched; after that it is opened again
OPENING_LASTS = timedelta(hours=12)
ON_HOLD = "This read is on hold. Its dossier opens again when the read goes on."
NOT_OPEN = "This read is not open to you."
NOT_TAKEN = "Take the case before you open its dossier."
NO_DOSSIERS_IN_CASE = "The charter does not show the clinical dossier in an adjudication."


@dataclass(frozen=True, slots=True)
class Place:
    """A time point as a reader knows it, by its number, and the version pinned for the read."""

    sequence: int
    time_point: TimePoint
    version: int | None


@dataclass(frozen=True, slots=True)
class Look:
    """One dossier on the panel of a read: nothing of its contents.

    Attributes:
        opened: how often this person opened it in this read. seen: the version opened last.
    """

    sequence: int
    version: int | None
    allowed: bool
    why: str
    opened: int
    seen: int | None
    last: datetime | None

    @property
    def is_newer(self) -> bool:
        """Whether another version than the one seen holds for the read now."""
        return self.seen is not None and self.version is not None and self.seen != self.version


@dataclass(frozen=True, slots=True)
class Shelf:
    """What the panel of a read shows before anything is opened."""

    is_shown: bool
    why: str
    looks: tuple[Look, ...]

    @property
    def has_dossier(self) -> bool:
        """Whether any time point of the read has one."""
        return any(look.version is not None for look in self.looks)


@dataclass(frozen=True, slots=True)
class Opened:
    """An opened dossier with the row that keeps the opening."""

    row: DossierOpening
    contents: Contents


# Which version a read is made for


def applied_version(time_point: TimePoint) -> int | None:
    """Return the version of a time point's dossier that holds now."""
    found = clinical.applied(time_point)
    return found.version if found is not None else None


def points_of(task: ReadTask) -> dict[int, TimePoint]:
    """Return the time points that a read may be about, by their places: its own and earlier ones.

    An oncologist's places are those of the accepted radiology reads.
    """
    if task.kind == ReadTask.Kind.ONCOLOGY:
        from reads.services.accepting import accepted_reads

        found = {
            row.session.task.sequence: row.time_point for row in accepted_reads(task.stream.subject)
        }
    else:
        rows = (
            ReadTask.objects.in_study(task.study_id)
            .filter(stream=task.stream, kind=ReadTask.Kind.TIME_POINT)
            .exclude(state__in=OVER)
            .select_related("time_point")
        )
        found = {row.sequence: row.time_point for row in rows}
        if task.time_point is not None:
            found[task.sequence] = task.time_point
    return {place: found[place] for place in sorted(found) if place <= task.sequence}


def places(task: ReadTask) -> list[Place]:
    """Return the time points whose dossiers a read shows, each with the version pinned for it."""
    design = design_from(task.design.document)
    points = points_of(task) if rule.is_shown(design, task.kind) else {}
    shown = rule.sequences_shown(design, task.kind, task.sequence, points)
    return [Place(n, points[n], pinned_version(task, points[n])) for n in shown]


def pinned_version(task: ReadTask, time_point: TimePoint) -> int | None:
    """Return the dossier version of a time point that a read is pinned to."""
    if task.time_point_id == time_point.pk:
        return task.dossier_version
    version = task.other_dossiers.get(str(time_point.pk))
    return int(version) if version is not None else None


def pin(task: ReadTask) -> bool:
    """Set the dossier versions that hold now on a read; tell whether any of them changed.

    The caller saves the read.
    """
    design = design_from(task.design.document)
    points = points_of(task) if rule.is_shown(design, task.kind) else {}
    held = {point.pk: applied_version(point) for point in points.values()}
    own = held.pop(task.time_point_id, None) if task.time_point_id is not None else None
    others = {str(pk): version for pk, version in held.items() if version is not None}
    if (own, others) == (task.dossier_version, task.other_dossiers):
        return False
    task.dossier_version, task.other_dossiers = own, others
    return True


def applied_versions(study: Any) -> dict[Any, int]:
    """Return time point -> version of the dossier that holds, for a whole study in one question."""
    rows = Dossier.objects.in_study(study).filter(state="applied")
    return dict(rows.values_list("time_point_id", "version"))


def pin_all(tasks: Sequence[ReadTask], design: ReadDesign) -> None:
    """Set the versions that hold now on new reads of time points; the caller saves them."""
    if not tasks or not rule.is_shown(design, rule.TIME_POINT):
        return
    held = applied_versions(tasks[0].study_id)
    before: dict[Any, dict[str, int]] = {}
    for task in sorted(tasks, key=lambda one: one.sequence):
        earlier = before.setdefault(task.stream_id, {})
        task.dossier_version = held.get(task.time_point_id)
        task.other_dossiers = dict(earlier)
        if task.dossier_version is not None:
            earlier[str(task.time_point_id)] = task.dossier_version


def repin(task: ReadTask, *, actor: Actor, reason: str) -> bool:
    """Pin a read that is not signed to the versions that hold now, with the change on record."""
    before = _versions(task)
    if task.state == "signed" or not pin(task):
        return False
    with acting(actor, reason):
        task.save()
        details = {"from": before, "to": _versions(task)}
        record("readtask.repin_dossier", task, reason=reason, details=details)
    return True


def _versions(task: ReadTask) -> dict[str, Any]:
    return {"own": task.dossier_version, **task.other_dossiers}


# Whether reading waits for a dossier


def missing(time_point: TimePoint, design: ReadDesign, kind: str) -> tuple[str, ...]:
    """Return why a read of a kind waits for the dossier of a time point; empty if it does not."""
    if not rule.is_shown(design, kind):
        return ()
    return tuple(clinical.is_missing(time_point))


def waits_in(study: Any, design: ReadDesign) -> Callable[[TimePoint], bool]:
    """Return what tells whether a time point's read waits for its dossier, for a whole study."""
    holds = standing.effective(study) if rule.is_shown(design, rule.TIME_POINT) else None
    if holds is None:
        return lambda _: False
    held, asked = applied_versions(study), holds[1]

    def waits(point: TimePoint) -> bool:
        items = asked.at(standing.moment_of(point))
        return point.pk not in held and any(item.required for item in items)

    return waits


def review_waits(design: ReadDesign, kind: str, points: Iterable[TimePoint]) -> tuple[str, ...]:
    """Return why a review of time points waits for their dossiers."""
    return tuple(
        f"{point.label}: {why}" for point in points for why in missing(point, design, kind)
    )


def reviews_waiting(time_point: TimePoint) -> list[str]:
    """Return which reviews of a time point that is read already wait for its dossier, and why."""
    try:
        _, design = effective_design(time_point.study_id)
    except RuleBroken:  # a study without a charter has no reviews
        return []
    if rule.is_shown(design, rule.TIME_POINT):
        return []
    return [
        f"The {name} waits for the dossier: {_joined(reasons)}"
        for kind, name in ((rule.GLOBAL, "global review"), (rule.ONCOLOGY, "oncologist’s review"))
        if (reasons := missing(time_point, design, kind))
    ]


def may_be_read(time_point: TimePoint) -> GuardResult:
    """Guard: the dossier that the charter shows at the time point is applied (TR10)."""
    met = GuardResult("TP-012", True, "No dossier is needed, or it is applied.")
    try:
        _, design = effective_design(time_point.study_id)
    except RuleBroken:  # a study without a charter shows nobody a dossier
        return met
    reasons = missing(time_point, design, rule.TIME_POINT)
    return GuardResult("TP-012", False, f"The dossier is missing: {_joined(reasons)}") if (
        reasons
    ) else met  # fmt: skip


def _joined(reasons: tuple[str, ...]) -> str:
    return " ".join(one if one.endswith(".") else f"{one}." for one in reasons)


# What a reader may open now


def shelf(task: ReadTask, session: ReadSession | None, *, actor: Actor) -> Shelf:
    """Return what the panel of a read shows, without any of the contents."""
    design = design_from(task.design.document)
    if not rule.is_shown(design, task.kind):
        return Shelf(False, rule.NOT_SHOWN, ())
    judged = images_judged(session, design)
    seen = _openings(actor, task=task)
    return Shelf(
        True,
        "",
        tuple(_look(place, task, design, judged=judged, seen=seen) for place in places(task)),
    )


def _look(
    place: Place,
    task: ReadTask,
    design: ReadDesign,
    *,
    judged: bool,
    seen: Mapping[int, list[DossierOpening]],
) -> Look:
    rows = seen.get(place.sequence, [])
    answer = _answer(place, task, design, judged=judged, rows=rows)
    return Look(
        sequence=place.sequence,
        version=place.version,
        allowed=answer.allowed,
        why=answer.why,
        opened=len(rows),
        seen=rows[0].version if rows else None,
        last=rows[0].at if rows else None,
    )


def _answer(
    place: Place,
    task: ReadTask,
    design: ReadDesign,
    *,
    judged: bool,
    rows: list[DossierOpening],
) -> rule.Answer:
    if place.version is None:
        return rule.Answer(False, rule.NOT_HERE)
    if task.state == "on_hold":
        return rule.Answer(False, ON_HOLD)
    return rule.may_open(
        design,
        task.kind,
        is_open=task.state == "in_progress",
        images_judged=judged,
        was_seen=any(row.version == place.version for row in rows),
    )


def _openings(actor: Actor, **of: Any) -> dict[int, list[DossierOpening]]:
    """Return the openings of a person by the place of the time point, latest first."""
    found: dict[int, list[DossierOpening]] = {}
    rows = DossierOpening.objects.filter(reader_id=actor.user_id, **of).order_by("-id")
    for row in rows:
        found.setdefault(row.sequence, []).append(row)
    return found


def images_judged(session: ReadSession | None, design: ReadDesign) -> bool:
    """Tell whether every answer before the section that rests on the dossier is given.

    A form without such a section is not done in two steps.
    """
    if session is None:
        return False
    if not rule.images_come_first(design, session.task.kind):
        return True
    from reads.services.reading import look

    evaluation = look(session).evaluation
    order = [section.key for section in evaluation.form.sections]
    if rule.CLINICAL_SECTION not in order:
        return True
    before = set(order[: order.index(rule.CLINICAL_SECTION)])
    return not any(place.partition(".")[0] in before for place in evaluation.missing)


def summary(task: ReadTask, *, actor: Actor) -> str:
    """Return which dossiers a read shows and whether the person opened them, for the signer."""
    seen = _openings(actor, task=task)
    return "; ".join(
        f"time point {place.sequence}, version {place.version}, "
        + (
            "opened"
            if any(row.version == place.version for row in seen.get(place.sequence, ()))
            else "not opened"
        )
        for place in places(task)
        if place.version is not None
    )


# Opening


def open_in_read(task: ReadTask, sequence: int, *, actor: Actor) -> Opened:
    """Open the dossier of a time point in a read; the row is written with the contents or not.

    Args:
        sequence: the place of the time point, as the reader knows it.

    Raises:
        NotPermitted: RD-040 the read is not this person's, or the dossier is not shown now. The
            attempt is kept. A later time point is refused in the words for one without a dossier.
    """
    actor.require("read.perform")
    if not held_by(actor).filter(pk=task.pk).exists():
        raise _refused(task, actor, sequence, NOT_OPEN)
    if task.state != "signed" and not is_qualified(actor.user_id, task.design):
        raise _refused(task, actor, sequence, NOT_OPEN)
    with transaction.atomic(), acting(actor.acting_as("read.perform")):
        locked = (
            ReadTask.objects.in_study(task.study_id)
            .select_related("design", "stream__subject", "time_point")
            .select_for_update(of=("self",))
            .get(pk=task.pk)
        )
        session = locked.sessions.exclude(state="voided").first()
        why, place = _asked(locked, session, sequence, actor)
        if place is not None and session is not None:
            return _opened(
                place,
                DossierOpening(
                    study_id=locked.study_id,
                    task=locked,
                    session=session,
                    answers_version=session.form_record.version,
                    after_signature=session.state != "open",
                ),
                actor,
            )
    raise _refused(task, actor, sequence, why)


def _asked(
    task: ReadTask, session: ReadSession | None, sequence: int, actor: Actor
) -> tuple[str, Place | None]:
    """Return the place that may be opened, or why none is."""
    design = design_from(task.design.document)
    if not rule.is_shown(design, task.kind):
        return rule.NOT_SHOWN, None
    place = next((one for one in places(task) if one.sequence == sequence), None)
    if place is None:
        return rule.NOT_HERE, None
    if session is None:
        return rule.NOT_STARTED, None
    rows = _openings(actor, task=task).get(sequence, [])
    judged = images_judged(session, design)
    answer = _answer(place, task, design, judged=judged, rows=rows)
    return answer.why, place if answer.allowed else None


def _opened(place: Place, row: DossierOpening, actor: Actor) -> Opened:
    dossier = _dossier(place)
    if actor.user_id is None:
        raise NotPermitted(NOT_OPEN, rule="RD-040")
    row.reader_id = actor.user_id
    row.time_point = place.time_point
    row.sequence = place.sequence
    row.version = dossier.version
    row.at, row.zone = clock.now(), actor.zone
    row.save()
    record(
        "dossier.open",
        row.task or row.case,
        details={
            "time_point": str(place.time_point.pk),
            "version": dossier.version,
            "opening": row.pk,
        },
    )
    return Opened(row, contents.blinded(dossier))


def _dossier(place: Place) -> Dossier:
    found = clinical.of_version(place.time_point, place.version or 0)
    if found is None:
        raise NotPermitted(rule.NOT_HERE, rule="RD-040")
    return found


def _refused(
    row: ReadTask | AdjudicationCase, actor: Actor, sequence: int, why: str
) -> NotPermitted:
    """Keep the attempt in the trail and return the refusal."""
    details = {"kind": "clinical.dossier", "place": sequence, "why": why}
    with acting(actor):
        record("access.denied", row, details=details)
    return NotPermitted(why, rule="RD-040")


# An adjudication


def places_of_case(case: AdjudicationCase) -> list[Place]:
    """Return the dossiers that an adjudicator sees: what the readers of the case were shown."""
    if not rule.is_shown_in_case(design_from(case.design.document)):
        return []
    return places(case.session_1.task)


def shelf_of_case(case: AdjudicationCase, *, actor: Actor) -> Shelf:
    """Return what the panel of a case shows, without any of the contents."""
    if not rule.is_shown_in_case(design_from(case.design.document)):
        return Shelf(False, NO_DOSSIERS_IN_CASE, ())
    seen = _openings(actor, case=case)
    looks = []
    for place in places_of_case(case):
        rows = seen.get(place.sequence, [])
        why = _why_not_in_case(case, place, actor, rows)
        looks.append(
            Look(
                sequence=place.sequence,
                version=place.version,
                allowed=not why,
                why=why,
                opened=len(rows),
                seen=rows[0].version if rows else None,
                last=rows[0].at if rows else None,
            )
        )
    return Shelf(True, "", tuple(looks))


def _why_not_in_case(
    case: AdjudicationCase, place: Place, actor: Actor, rows: list[DossierOpening]
) -> str:
    if place.version is None:
        return rule.NOT_HERE
    is_own = case.adjudicator_id == actor.user_id
    was_seen = any(row.version == place.version for row in rows)
    is_open = case.state == "claimed" or (case.state == "signed" and was_seen)
    return "" if is_own and is_open else NOT_TAKEN


def open_in_case(case: AdjudicationCase, sequence: int, *, actor: Actor) -> Opened:
    """Open a dossier in an adjudication, as ``open_in_read`` does in a read.

    Raises:
        NotPermitted: RD-040 the case is not this person's, or the charter shows no dossier in it.
    """
    actor.require("adjudication.perform")
    if not cases_of_adjudicator(actor).filter(pk=case.pk).exists():
        raise _refused(case, actor, sequence, NOT_OPEN)
    why = NO_DOSSIERS_IN_CASE
    if rule.is_shown_in_case(design_from(case.design.document)):
        why = rule.NOT_HERE
        for place in places_of_case(case):
            if place.sequence != sequence:
                continue
            rows = _openings(actor, case=case).get(sequence, [])
            why = _why_not_in_case(case, place, actor, rows)
            if not why:
                with transaction.atomic(), acting(actor.acting_as("adjudication.perform")):
                    row = DossierOpening(
                        study_id=case.study_id, case=case, after_signature=case.state == "signed"
                    )
                    return _opened(place, row, actor)
    raise _refused(case, actor, sequence, why)


# Pictures of documents


def page_of(opening: UUID, sha256: str, *, actor: Actor) -> bytes | None:
    """Return the picture (PNG) of one redacted page of a dossier that the person has opened."""
    row = DossierOpening.objects.filter(public_id=opening).first()
    is_own = row is not None and (row.study_id, row.reader_id) == (actor.study_id, actor.user_id)
    if row is None or not is_own or not _is_current(row, actor):
        return None
    dossier = clinical.of_version(row.time_point, row.version)
    return contents.page(dossier, sha256) if dossier is not None else None


def _is_current(row: DossierOpening, actor: Actor) -> bool:
    """Tell whether an opening still lasts: of late, and of a version that the read still shows."""
    if clock.now() - row.at > OPENING_LASTS:
        return False
    held: list[Place] = []
    if row.task_id is not None and actor.may("read.perform"):
        task = held_by(actor).filter(pk=row.task_id).exclude(state="on_hold").first()
        held = places(task) if task is not None else []
    elif row.case_id is not None and actor.may("adjudication.perform"):
        case = cases_of_adjudicator(actor).filter(pk=row.case_id).first()
        held = places_of_case(case) if case is not None else []
    return any(p.time_point.pk == row.time_point_id and p.version == row.version for p in held)
