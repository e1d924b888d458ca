"""The life of a dossier: asked for, entered, reconciled, approved by a second person, applied.

A version that readers may have seen is never changed: a correction is the next version, and
applying it supersedes the one before. Upper apps are told inside the same transaction
(``on_applied``) and say beforehand what applying would touch (``effects``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from accounts.permissions import Role
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.models import record
from clinical.definition import Item
from clinical.models import Dossier, DossierItem
from clinical.models.dossiers import OPEN_STATES
from clinical.services import standing
from clinical.workflows import DOSSIER
from imaging.services.effects import Effect
from studies.calendars import Due
from studies.models import Membership, Study, Subject, TimePoint
from studies.services.configuration import plan_of

MEANING = "dossier_approval"
STATEMENT = (
    "I compared this dossier with what the charter asks for. It is the right subject's and time "
    "point's, and readers may see it."
)
CLOCK = "dossier"
REASON_LENGTH = 300

Chased = Callable[[Dossier], None]
Applied = Callable[[Actor, Dossier, Dossier | None], None]
Effects = Callable[[TimePoint], Iterable[Effect]]

#: Called inside the transaction that applies: who, the new dossier, the one it supersedes (if any).
on_applied: list[Applied] = []
#: Called inside the transaction that reminds: upper apps carry the message.
on_chased: list[Chased] = []
#: Asked before applying: what of an upper app rests on the dossier that holds now.
effects: list[Effects] = []


def register(
    *, applied: Applied | None = None, names: Effects | None = None, chased: Chased | None = None
) -> None:
    """Let an upper app follow what is applied or reminded, and name what is touched; once each."""
    if applied is not None and applied not in on_applied:
        on_applied.append(applied)
    if names is not None and names not in effects:
        effects.append(names)
    if chased is not None and chased not in on_chased:
        on_chased.append(chased)


# --- what others ask ------------------------------------------------------------------------------


def applied(time_point: TimePoint) -> Dossier | None:
    """Return the dossier that holds for a time point, or nothing."""
    return _versions(time_point).filter(state="applied").first()


def of_version(time_point: TimePoint, version: int) -> Dossier | None:
    """Return a version that was applied once, so that what a reader saw can be opened again."""
    return _versions(time_point).filter(
        version=version, state__in=("applied", "superseded")
    ).first()  # fmt: skip


def under_way(time_point: TimePoint) -> Dossier | None:
    """Return the version that is asked for and not applied yet, or nothing."""
    return _versions(time_point).filter(state__in=OPEN_STATES).first()


def _versions(time_point: TimePoint) -> Any:
    return (
        Dossier.objects.in_study(time_point.study_id)
        .filter(time_point=time_point)
        .select_related("study", "subject", "time_point__definition", "definition")
    )


def required_items(time_point: TimePoint) -> tuple[Item, ...]:
    """Return the items that the effective definition requires at a time point."""
    return tuple(item for item in expected_items(time_point) if item.required)


def expected_items(time_point: TimePoint) -> tuple[Item, ...]:
    """Return every item that the effective definition asks for at a time point."""
    holds = standing.effective(time_point.study_id)
    if holds is None or time_point.state == "not_done":
        return ()
    return holds[1].at(standing.moment_of(time_point))


def is_missing(time_point: TimePoint, *, once_asked: bool = False) -> tuple[str, ...]:
    """Return why the dossier that a time point requires is not applied, in plain sentences.

    Empty when one is applied, when nothing is required there, and when no definition is effective.

    Args:
        once_asked: nothing is missing before somebody asks for it.
    """
    if not required_items(time_point) or applied(time_point) is not None:
        return ()
    row = under_way(time_point)
    if row is None and once_asked:
        return ()
    if row is None:
        return ("The charter requires a clinical dossier here; none was requested yet.",)
    if row.state == "requested":
        waiting = standing.missing_of(row)
        words = f" Still missing: {', '.join(waiting)}." if waiting else ""
        return (f"The clinical dossier is requested and did not come yet.{words}",)
    return (_WAITS[row.state],)


_WAITS = {
    "received": "The clinical dossier came and waits for reconciliation.",
    "reconciled": "The clinical dossier waits for approval by science.",
    "approved": "The clinical dossier is approved and waits to be applied.",
}


def effects_of(time_point: TimePoint) -> list[Effect]:
    """Return what rests on the dossier that holds now and would be touched by the next one."""
    return [effect for names in effects for effect in names(time_point)]


# --- asking ---------------------------------------------------------------------------------------


def request(time_point: TimePoint, *, actor: Actor, reason: str = "") -> Dossier:
    """Ask for the dossier of a time point, or for its next version; the open one if there is one.

    The next version begins with what the applied one holds.

    Raises:
        RuleBroken: CLD-010 nothing is asked for at this time point; CLD-011 a version is applied
            and no reason is given for the next.
    """
    actor.require("dossier.request")
    with transaction.atomic(), acting(actor.acting_as("dossier.request")):
        return open_version(time_point, reason=reason)


def open_version(time_point: TimePoint, *, reason: str) -> Dossier:
    """Return the open version of a time point, made when there is none (inside a transaction).

    Raises:
        RuleBroken: see ``request``.
    """
    rows = TimePoint.objects.in_study(time_point.study_id).select_for_update(of=("self",))
    locked = rows.select_related("definition", "subject").get(pk=time_point.pk)
    found = under_way(locked)
    if found is not None:
        return found
    holds = standing.effective(locked.study_id)
    if holds is None or not expected_items(locked):
        raise RuleBroken(
            f"The definition of dossiers asks for nothing at {locked.label}.", rule="CLD-010"
        )
    before = applied(locked)
    if before is not None and not reason.strip():
        raise RuleBroken(
            "A dossier is applied already. Say why it needs another version.", rule="CLD-011"
        )
    due = _due(locked.study_id)
    last = _versions(locked).aggregate(last=Max("version"))["last"] or 0
    made = Dossier(
        study_id=locked.study_id,
        subject_id=locked.subject_id,
        time_point=locked,
        definition=holds[0],
        version=last + 1,
        reason=reason.strip()[:REASON_LENGTH],
        requested_at=clock.now(),
        due_at=due.at,
        due_by=due.by,
    )
    made.save()
    record("dossier.request", made, reason=reason, details={"version": made.version})
    if before is not None:
        _carry_over(before, made)
    return made


def _due(study_id: Any) -> Due:
    plan = plan_of(study_id)
    return plan.due(CLOCK if CLOCK in plan.turnarounds else "query", clock.now())


def _carry_over(before: Dossier, made: Dossier) -> None:
    codes = {item.code for item in standing.items_of(made)}
    for item in before.items.filter(code__in=codes):
        DossierItem(
            study_id=made.study_id,
            dossier=made,
            code=item.code,
            value=item.value,
            rows=item.rows,
            unit=item.unit,
            observed_on=item.observed_on,
            source=item.source,
            missing_reason=item.missing_reason,
            document_id=item.document_id,
            entered_by_id=item.entered_by_id,
            batch_id=item.batch_id,
        ).save()


#: a dossier is asked for once images came; before that the visit may not take place
CAME = ("received", "in_qc", "accepted", "ready", "reading", "read", "checked", "locked")


def not_requested(study: Study) -> list[TimePoint]:
    """Return time points whose images came, which need a dossier, and of which none was asked."""
    if standing.effective(study) is None:
        return []
    points = (
        TimePoint.objects.in_study(study)
        .filter(state__in=CAME)
        .exclude(pk__in=Dossier.objects.in_study(study).exclude(state="cancelled")
                 .values("time_point"))
        .exclude(subject__state="withdrawn")
        .select_related("subject", "definition")
    )  # fmt: skip
    holds = standing.effective(study)
    if holds is None:
        return []
    return [
        point
        for point in points
        if any(item.required for item in holds[1].at(standing.moment_of(point)))
    ]


def request_all(study: Study, *, actor: Actor) -> list[Dossier]:
    """Ask for every dossier that is required and was not asked for; safe to repeat."""
    return [request(point, actor=actor) for point in not_requested(study)]


def deliverers(study: Any) -> list[User]:
    """Return who is reminded: the clinical data partner's people, without any the data managers."""
    now = clock.now()
    for role in (Role.CLINICAL_DATA_PARTNER, Role.DATA_MANAGER):
        held = Membership.objects.filter(study=study, role=role, period__contains=now)
        found = User.objects.filter(pk__in=held.values("user_id"), is_active=True).distinct()
        if found:
            return list(found.order_by("printed_name", "pk"))
    return []


def chase(dossier: Dossier, *, actor: Actor, note: str = "") -> Dossier:
    """Remind whoever delivers that a dossier is waited for: a message to each, once a day at most.

    Raises:
        Conflict: CLD-012 it came already; CLD-013 the reminder of today was sent.
        RuleBroken: CLD-014 nobody delivers dossiers in this study.
    """
    actor.require("dossier.request")
    with transaction.atomic(), acting(actor.acting_as("dossier.request"), note):
        row = locked_row(dossier)
        if row.state != "requested":
            raise Conflict("This dossier came already; nobody needs to be reminded.",
                           rule="CLD-012")  # fmt: skip
        zone = row.study.time_zone
        before = row.chased_at
        if before is not None and before.astimezone(ZoneInfo(zone)).date() == clock.today(zone):
            raise Conflict("A reminder of this dossier was sent today already.", rule="CLD-013")
        told = deliverers(row.study_id)
        if not told:
            raise RuleBroken(
                "Nobody delivers dossiers in this study: give somebody the role of the clinical "
                "data partner or of a data manager. Nothing was sent.",
                rule="CLD-014",
            )
        row.chased_at = clock.now()
        row.save()
        record("dossier.chase", row, reason=note, details={"told": len(told)})
        for tell in on_chased:
            tell(row)
        return row


def locked_row(dossier: Dossier) -> Dossier:
    """Return the dossier as it is now, locked until the end of the transaction."""
    rows = Dossier.objects.in_study(dossier.study_id).select_for_update(of=("self",))
    row: Dossier = rows.select_related(
        "study", "subject", "time_point__definition", "definition"
    ).get(pk=dossier.pk)
    return row


# --- states ---------------------------------------------------------------------------------------


def receive(dossier: Dossier, *, actor: Actor) -> Dossier:
    """Declare that everything required came; CLD-001 says what is still missing."""
    return DOSSIER.move(dossier, "receive", actor=actor, changes={"received_at": clock.now()})


def reconcile(dossier: Dossier, *, actor: Actor) -> Dossier:
    """Declare that the dossier agrees with its definition, its subject and its time point."""
    return DOSSIER.move(
        dossier,
        "reconcile",
        actor=actor,
        changes={
            "reconciled_by": User.objects.get(pk=actor.user_id),
            "reconciled_at": clock.now(),
            "sent_back_reason": "",
        },
    )


def approve(dossier: Dossier, *, actor: Actor, assent: Assent) -> Dossier:
    """Approve by signature; whoever entered or reconciled any of it cannot.

    Raises:
        NotPermitted: CLD-030 the same person entered or reconciled it.
    """
    with transaction.atomic():
        row = locked_row(dossier)
        hands = set(row.items.values_list("entered_by_id", flat=True)) | {row.reconciled_by_id}
        if actor.user_id in hands:
            raise NotPermitted(
                "A second person approves: you entered or reconciled this dossier yourself.",
                rule="CLD-030",
            )
        return DOSSIER.move(
            row,
            "approve",
            actor=actor,
            assent=assent,
            changes={
                "approved_by": User.objects.get(pk=actor.user_id),
                "approved_at": clock.now(),
            },
        )


def apply(dossier: Dossier, *, actor: Actor) -> Dossier:
    """Let a dossier hold for its time point; the version before is superseded with it."""
    with transaction.atomic():
        points = TimePoint.objects.in_study(dossier.study_id).select_for_update(of=("self",))
        before = applied(points.get(pk=dossier.time_point_id))
        if before is not None:
            actor.require("dossier.apply")
            DOSSIER.move(
                before,
                "supersede",
                actor=service("Dossier desk", study_id=dossier.study_id),
                reason=f"version {dossier.version} was applied: {dossier.reason}",
            )
        done = DOSSIER.move(
            dossier,
            "apply",
            actor=actor,
            reason=dossier.reason,
            changes={"applied_at": clock.now()},
            details={"supersedes": before.version} if before is not None else {},
        )
        for follow in on_applied:
            follow(actor, done, before)
        return done


def refuse(dossier: Dossier, *, actor: Actor, reason: str) -> Dossier:
    """Send a dossier back to whoever delivers it, with the reason; a new due date begins."""
    due = _due(dossier.study_id)
    return DOSSIER.move(
        dossier,
        "refuse",
        actor=actor,
        reason=reason,
        changes={
            "sent_back_reason": reason.strip()[:REASON_LENGTH],
            "due_at": due.at,
            "due_by": due.by,
        },
    )


def cancel(dossier: Dossier, *, actor: Actor, reason: str) -> Dossier:
    """Take a request back; an applied version before it goes on holding."""
    return DOSSIER.move(dossier, "cancel", actor=actor, reason=reason)


def stops(subject: Subject, reason: str) -> list[str]:
    """Cancel what is still asked for a subject who withdrew consent; what was applied stays."""
    system = service("Dossier desk", study_id=subject.study_id)
    rows = Dossier.objects.in_study(subject.study_id).filter(subject=subject)
    done = []
    for row in rows.filter(state__in=("requested", "received", "reconciled")):
        DOSSIER.move(row, "cancel", actor=system, reason=reason)
        done.append(f"{row} was cancelled.")
    return done


def versions(time_point: TimePoint) -> list[Dossier]:
    """Return every version of a time point's dossier, newest first."""
    return list(_versions(time_point).order_by("-version"))
