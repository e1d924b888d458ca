"""Subjects and their time points: enrolment, anchors, expected visits, not done, unscheduled."""

from __future__ import annotations

from datetime import date, timedelta

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.dispatch import Signal

from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.models import record
from studies.models import (
    Anchor,
    ProtocolPeriod,
    ProtocolVersion,
    StudySite,
    Subject,
    TimePoint,
    TimePointDefinition,
)
from studies.models.subjects import random_reading_code
from studies.workflows import SUBJECT, TIME_POINT

DEATH = "death"
SOURCE_LENGTH = 60
#: of some five million reading codes; of 1,200 subjects two meet once in eight studies
DRAWS = 20
#: sent inside the transaction that records a death (sender: Subject; row)
death_recorded = Signal()


def register_subject(
    study_site: StudySite, *, code: str, anchors: dict[str, date], actor: Actor, source: str
) -> Subject:
    """Register a subject in screening with its first anchors and its expected time points.

    Args:
        anchors: kind -> date, e.g. ``{"enrolment": date(2026, 3, 2)}``.

    Raises:
        RuleBroken: SUB-001 the site is not active; SUB-002 no protocol version is effective;
            SUB-003 the code is taken or empty; SUB-004 no anchor date is given.
        NotPermitted: the actor may not enrol, or not at this site.
    """
    actor.require("subject.enrol")
    if actor.sites is not None and study_site.pk not in actor.sites:
        raise NotPermitted("You enrol subjects at your own sites.", rule="subject.enrol")
    if not code.strip():
        raise RuleBroken("A subject needs a code.", rule="SUB-003")
    if not anchors:
        raise RuleBroken("A subject needs the date from which visits are counted.", rule="SUB-004")
    if study_site.state != "active":
        raise RuleBroken(f"Site {study_site} is not active yet.", rule="SUB-001")
    protocol = (
        ProtocolVersion.objects.in_study(study_site.study_id)
        .filter(state="effective")
        .order_by("-effective_from")
        .first()
    )
    if protocol is None:
        raise RuleBroken("No protocol version is effective.", rule="SUB-002")
    with transaction.atomic(), acting(actor):
        subject = Subject(study_id=study_site.study_id, study_site=study_site, code=code.strip())
        _save_new(subject)
        for kind, day in anchors.items():
            Anchor(
                study_id=subject.study_id, subject=subject, kind=kind, date=day, source=source
            ).save()
        start = min(anchors.values())
        ProtocolPeriod(
            study_id=subject.study_id,
            subject=subject,
            protocol_version=protocol,
            period=DateRange(start, None),
        ).save()
        for definition in protocol.time_points.all():
            _expect(subject, definition)
        record("subject.register", subject, details={"protocol": protocol.number})
        return subject


def _save_new(subject: Subject) -> None:
    """Save a subject under its code; a reading code that another one has is drawn again."""
    for left in reversed(range(DRAWS)):
        try:
            with transaction.atomic():
                subject.save()
        except IntegrityError as error:
            if "subject_code_once" in str(error):
                raise RuleBroken(
                    f"Subject {subject.code} is registered already.", rule="SUB-003"
                ) from None
            if "subject_reading_once" not in str(error) or not left:
                raise
            subject.reading_code = random_reading_code()
        else:
            return


def enrol(subject: Subject, *, actor: Actor) -> Subject:
    """Move a subject from screening to enrolled."""
    return SUBJECT.move(subject, "enrol", actor=actor)


def current_anchor(subject: Subject, kind: str) -> Anchor | None:
    """Return the anchor of a kind that holds now."""
    return subject.anchors.filter(kind=kind, superseded_by=None).order_by("-version").first()


def supersede_anchor(
    anchor: Anchor, *, day: date, source: str, actor: Actor, reason: str
) -> Anchor:
    """Correct an anchor date: a new version; windows of time points still expected follow it.

    Raises:
        ReasonRequired: no reason is given.
        Conflict: the date was corrected meanwhile.
        NotPermitted: the actor may not enrol.
    """
    actor.require("subject.enrol")
    if not reason.strip():
        raise ReasonRequired("Correcting a date needs a reason.", rule="anchor.supersede")
    with transaction.atomic(), acting(actor, reason):
        anchor = Anchor.objects.in_study(anchor.study_id).select_for_update().get(pk=anchor.pk)
        if anchor.superseded_by_id is not None:
            raise Conflict("This date was corrected meanwhile. Look at it again.", rule="SUB-005")
        corrected = Anchor(
            study_id=anchor.study_id,
            subject=anchor.subject,
            kind=anchor.kind,
            date=day,
            source=source,
            version=anchor.version + 1,
        )
        corrected.save()
        anchor.superseded_by = corrected
        anchor.save()
        for time_point in anchor.subject.time_points.filter(state="expected"):
            if time_point.definition and time_point.definition.anchor_kind == anchor.kind:
                _plan(time_point, time_point.definition, day)
                time_point.save()
        record("anchor.supersede", anchor.subject, details={"kind": anchor.kind})
        return corrected


def record_death(subject: Subject, *, day: date, actor: Actor, reason: str) -> Anchor:
    """Record the date of death as a dated anchor; what is read after it is the charter's rule.

    Raises:
        ReasonRequired: no reason or source is given.
        RuleBroken: SUB-007 a death is recorded already, or the date lies in the future.
        NotPermitted: the actor may not record it.
    """
    actor.require("death.record")
    if not reason.strip():
        raise ReasonRequired("Say where the date comes from.", rule="subject.record_death")
    if day > clock.today(subject.study_site.site.time_zone):
        raise RuleBroken("A death cannot lie in the future.", rule="SUB-007")
    if current_anchor(subject, DEATH) is not None:
        raise RuleBroken("A death is recorded already. Correct its date instead.", rule="SUB-007")
    with transaction.atomic(), acting(actor, reason):
        died = Anchor(
            study_id=subject.study_id,
            subject=subject,
            kind=DEATH,
            date=day,
            source=reason.strip()[:SOURCE_LENGTH],
        )
        died.save()
        record("subject.record_death", subject, reason=reason)
        death_recorded.send(sender=Subject, row=subject)
        return died


def _expect(subject: Subject, definition: TimePointDefinition) -> TimePoint:
    time_point = TimePoint(
        study_id=subject.study_id, subject=subject, definition=definition, label=definition.label
    )
    anchor = current_anchor(subject, definition.anchor_kind)
    if anchor is not None:
        _plan(time_point, definition, anchor.date)
    time_point.save()
    return time_point


def _plan(time_point: TimePoint, definition: TimePointDefinition, anchor: date) -> None:
    planned = anchor + timedelta(days=definition.offset_days)
    time_point.planned_date = planned
    time_point.window_from = planned - timedelta(days=definition.window_before)
    time_point.window_to = planned + timedelta(days=definition.window_after)


def add_unscheduled(
    subject: Subject, *, label: str, day: date, reason: str, actor: Actor
) -> TimePoint:
    """Add an unscheduled time point with its reason."""
    actor.require("submission.upload")
    if not reason.strip():
        raise RuleBroken("An unscheduled visit needs a reason.", rule="TP-001")
    with transaction.atomic(), acting(actor, reason):
        time_point = TimePoint(
            study_id=subject.study_id,
            subject=subject,
            label=label,
            unscheduled_reason=reason,
            planned_date=day,
        )
        time_point.save()
        record("timepoint.unscheduled", time_point, reason=reason)
        return time_point


def declare_not_done(time_point: TimePoint, *, reason: str, actor: Actor) -> TimePoint:
    """Declare a visit not done, with its reason."""
    return TIME_POINT.move(
        time_point, "not_done", actor=actor, reason=reason, changes={"not_done_reason": reason}
    )


def days_outside_window(time_point: TimePoint, day: date) -> int:
    """Return by how many days a date misses the window: 0 inside, negative before it."""
    if time_point.window_from and day < time_point.window_from:
        return (day - time_point.window_from).days
    if time_point.window_to and day > time_point.window_to:
        return (day - time_point.window_to).days
    return 0
