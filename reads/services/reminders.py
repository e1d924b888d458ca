"""Training point reminders: written by science, shown masked, acknowledged by signature."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from accounts.permissions import BLINDED_ROLES
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from imaging.models import PackageSeries, Preview
from reads.models import ReadSession, ReadTask, TrainingReminder
from reads.oversight.masking import telling
from reads.workflows import TRAINING_REMINDER
from studies.models import Membership, Study, StudySite, Subject, TimePoint
from studies.services.configuration import plan_of

MEANING = "training_reminder"
STATEMENT = "I have read this reminder and will read by the rule that it names."
CLOCK = "reminder"
_FALLBACK = "query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a reminder says.

    Attributes:
        session: a signed read that the reminder is about; its package may give the picture.
        picture: series and digest of one rendered picture of that package.
        gates: the reader starts and signs nothing more until it is acknowledged.
    """

    rule: str
    clause: str
    text: str
    session: ReadSession | None = None
    picture: tuple[Any, str] | None = None
    gates: bool = False


def write(
    reader: User, study: Study, draft: Draft, *, actor: Actor, right: str = "reminder.issue"
) -> TrainingReminder:
    """Keep the draft of a reminder.

    Args:
        right: the right under which it is written; a roll-back brings its own.

    Raises:
        RuleBroken: TPR-001 rule, clause or text is missing; TPR-002 it would tell what is blinded;
            TPR-003 the picture is not of a package that this reader has read.
    """
    actor.require(right)
    words = [draft.rule.strip(), draft.clause.strip(), draft.text.strip()]
    if not all(words):
        raise RuleBroken("Name the rule, its clause, and what to respect.", rule="TPR-001")
    told = telling(" ".join(words), blinded_names(study))
    if told:
        raise RuleBroken(
            f"A reader must not see {', '.join(f'“{one}”' for one in told)}. Nothing was kept.",
            rule="TPR-002",
        )
    if draft.session is not None and draft.session.task.stream.reader_id != reader.pk:
        raise RuleBroken("That read is another reader's.", rule="TPR-003")
    if draft.picture is not None:
        _require_own_picture(draft)
    with transaction.atomic(), acting(actor.acting_as(right)):
        Study.objects.select_for_update(no_key=True).get(pk=study.pk)
        latest = TrainingReminder.objects.in_study(study).aggregate(n=Max("number"))["n"] or 0
        row = TrainingReminder(
            study=study,
            reader=reader,
            number=latest + 1,
            rule=words[0],
            clause=words[1],
            text=words[2],
            session=draft.session,
            gates=draft.gates,
            written_by=User.objects.filter(pk=actor.user_id).first(),
        )
        if draft.picture is not None:
            row.picture_series_id, row.picture_sha256 = draft.picture
        row.save()
        record("trainingreminder.write", row)
        return row


def blinded_names(study: Study) -> list[str]:
    """Return the names that no text for a reader of a study may hold."""
    sites = StudySite.objects.in_study(study).select_related("site__organisation")
    people = Membership.objects.filter(study=study).select_related("user")
    labels = TimePoint.objects.in_study(study).values_list("label", flat=True).distinct()
    found = [study.sponsor.name]
    found += Subject.objects.in_study(study).values_list("code", flat=True)
    found += Subject.objects.in_study(study).values_list("reading_code", flat=True)
    for one in sites:
        found += [one.site.name, one.site.city, one.number]
    found += [label for label in labels if any(sign.isdigit() for sign in label)]
    found += [
        member.user.printed_name
        for member in people
        if member.role in BLINDED_ROLES or member.role == "site_user"
    ]
    return found


def _require_own_picture(draft: Draft) -> None:
    session, picture = draft.session, draft.picture
    if session is None or session.task.package is None or picture is None:
        raise RuleBroken("A picture needs the read that it comes from.", rule="TPR-003")
    series, sha256 = picture
    entries = PackageSeries.objects.filter(package=session.task.package, series_id=series)
    rendered = Preview.objects.filter(series_id__in=entries.values("series_id"))
    if not any(sha256 in row.objects_sha256 for row in rendered):
        raise RuleBroken("That picture is not of the reader's own package.", rule="TPR-003")


def issue(row: TrainingReminder, *, actor: Actor) -> TrainingReminder:
    """Send a reminder to its reader; it is due by the plan's clock for reminders.

    A plan that has no such clock gives the clock of queries.
    """
    plan = plan_of(row.study_id)
    due = plan.due(CLOCK if CLOCK in plan.turnarounds else _FALLBACK, clock.now())
    return TRAINING_REMINDER.move(
        row,
        "issue",
        actor=actor,
        changes={"issued_at": clock.now(), "due_at": due.at, "due_by": due.by},
    )


def acknowledge(row: TrainingReminder, *, actor: Actor, assent: Assent) -> TrainingReminder:
    """Acknowledge a reminder by the reader's signature; what it held goes on.

    Raises:
        Conflict: it is another reader's.
    """
    if row.reader_id != actor.user_id:
        raise Conflict("This reminder is addressed to another reader.", rule="TPR-004")
    return TRAINING_REMINDER.move(
        row, "acknowledge", actor=actor, assent=assent, changes={"acknowledged_at": clock.now()}
    )


def withdraw(row: TrainingReminder, *, actor: Actor, reason: str) -> TrainingReminder:
    """Take a reminder back; it stays in the history."""
    return TRAINING_REMINDER.move(row, "withdraw", actor=actor, reason=reason)


def open_for(reader_id: Any, study: Any) -> list[TrainingReminder]:
    """Return what a reader still has to acknowledge in a study, the first due first."""
    rows = TrainingReminder.objects.in_study(study).filter(reader_id=reader_id, state="issued")
    return list(rows.order_by("due_at"))


def gating(reader_id: Any, study: Any) -> list[TrainingReminder]:
    """Return the reminders that keep a reader from starting and signing."""
    return [row for row in open_for(reader_id, study) if row.gates]


def require_acknowledged(task: ReadTask) -> None:
    """Refuse to start or to sign as long as a reminder that holds reads is not acknowledged.

    Raises:
        Conflict: RD-019 names what has to be acknowledged; what was typed is kept.
    """
    waiting = gating(task.stream.reader_id, task.study_id)
    if waiting:
        names = ", ".join(str(row) for row in waiting)
        raise Conflict(
            f"Acknowledge the training point reminder first: {names}. "
            "It stands above your reads. What you typed is kept.",
            rule="RD-019",
        )


def pictures_of(session: ReadSession) -> Iterator[tuple[Any, str, int, str]]:
    """Yield series id, label, slice from 1 and digest of every soft-tissue picture of a read."""
    package = session.task.package
    if package is None:
        return
    for entry in package.entries.order_by("order"):
        shown = Preview.objects.filter(series_id=entry.series_id).order_by("id").first()
        for number, sha256 in enumerate(shown.objects_sha256 if shown else (), start=1):
            yield entry.series_id, entry.label, number, sha256
