"""Differences between our data and a second source: listed once, disposed of, asked about.

A comparison lists what differs now. What was disposed of before and did not change is taken over
with its reason; what was asked before keeps its query; what an earlier comparison of the same
source listed and this one does not is disposed of as gone.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from django.db import transaction

from accounts.models import User
from audit import bulk, clock
from audit.actors import Actor, acting, service
from audit.errors import ReasonRequired, RuleBroken
from audit.models import record
from clinical.definition import Entered
from clinical.definition.comparing import Difference
from clinical.models import Discrepancy, Dossier, Reconciliation
from clinical.services import asking, dossiers, entering, secondsource, standing
from clinical.services.secondsource import RIGHT
from clinical.workflows import DISCREPANCY, RECONCILIATION
from queries import services as queries
from queries.models import Query, RequestedAction
from studies.models import Subject, TimePoint

#: more than this is no comparison, but the wrong columns
MOST = 5_000
LONGEST_TEXT = 2_000
LONGEST_REASON = 300
Key = tuple[Any, ...]


def compare(row: Reconciliation, *, actor: Actor) -> Reconciliation:
    """Write the differences of an extract, and settle what the one before it left.

    Raises:
        RuleBroken: RCN-003 the columns have no meaning yet; RCN-005 nothing can be compared, or
            nearly nothing agrees.
        Conflict: RCN-004 it was compared or discarded already.
    """
    actor.require(RIGHT)
    faults = secondsource.faults_of(row)
    if faults:
        raise RuleBroken(" ".join(faults), rule="RCN-003", details=faults)
    with transaction.atomic(), acting(actor.acting_as(RIGHT)):
        locked = secondsource.locked_draft(row)
        found = secondsource.try_out(locked)
        if not found.compared:
            raise RuleBroken(
                "No row names a subject, a time point and an item of this study. Look at what the "
                "columns mean. Nothing was compared.",
                rule="RCN-005",
            )
        if len(found.differences) > MOST:
            raise RuleBroken(
                f"{len(found.differences):,} differences: look at what the columns mean. Nothing "
                "was listed.",
                rule="RCN-005",
            )
        before = _before(locked)
        made = _written(locked, found.differences, before)
        tally = {
            "rows": len(locked.cells) - 1,
            "compared": found.compared,
            "same": found.same,
            **{kind: found.of(kind) for kind in Discrepancy.Kind.values},
        }
        done = RECONCILIATION.move(
            locked,
            "compare",
            actor=actor,
            changes={"tally": tally, "compared_at": clock.now()},
            details={"same": found.same, "differences": len(made)},
        )
        _take_over(made, before, actor)
        _end(before, done)
        row.refresh_from_db()
        return done


def _key(row: Discrepancy) -> Key:
    return (row.subject_id, row.time_point_id, row.place.casefold(), row.item, row.kind, row.ours,
            row.theirs, row.note)  # fmt: skip


def _before(row: Reconciliation) -> dict[Key, Discrepancy]:
    """Return the differences of earlier comparisons with the same source, the newest of each."""
    rows = Discrepancy.objects.in_study(row.study_id).filter(
        reconciliation__source__iexact=row.source
    )
    rows = rows.exclude(reconciliation=row).select_related("reconciliation")
    return {_key(one): one for one in rows.order_by("reconciliation__number", "pk")}


def _written(
    row: Reconciliation, differences: Sequence[Difference], before: dict[Key, Discrepancy]
) -> list[Discrepancy]:
    points = TimePoint.objects.in_study(row.study_id).select_related("subject")
    place_of: dict[str, tuple[Any, Any]] = {
        str(point.pk): (point.subject_id, point.pk) for point in points
    }
    place_of |= {
        str(pk): (pk, None)
        for pk in Subject.objects.in_study(row.study_id).values_list("pk", flat=True)
    }
    made = []
    for one in differences:
        subject, point = place_of.get(one.place, (None, None))
        new = Discrepancy(
            study_id=row.study_id,
            reconciliation=row,
            kind=one.kind,
            row_number=one.row,
            subject_id=subject,
            time_point_id=point,
            place=one.said[:160],
            item=one.item,
            label=one.label[:160],
            ours=one.ours[:LONGEST_TEXT],
            theirs=one.theirs[:LONGEST_TEXT],
            offered=dict(one.offered),
            note=one.note[:400],
        )
        new.repeats = before.get(_key(new))
        made.append(new)
    if len(made) == 1:
        made[0].save()
        record("discrepancy.find", made[0])
    elif made:
        bulk.insert(made)
        bulk.record_all("discrepancy.find", made, details=[{}] * len(made))
    return made


def _take_over(made: Sequence[Discrepancy], before: dict[Key, Discrepancy], actor: Actor) -> None:
    """Give what was listed before the disposition or the query that it has."""
    system = service("Reconciliation", study_id=actor.study_id)
    for row in made:
        earlier = row.repeats
        if earlier is None:
            continue
        if earlier.state == "settled" and earlier.disposition in ("ours", "accepted"):
            DISCREPANCY.move(
                row,
                "repeat",
                actor=system,
                reason=f"as in {earlier.reconciliation}: {earlier.reason}",
                changes={
                    "disposition": earlier.disposition,
                    "reason": earlier.reason,
                    "settled_by_id": earlier.settled_by_id,
                    "settled_at": earlier.settled_at,
                },
            )
        elif earlier.state == "asked":
            DISCREPANCY.move(row, "ask", actor=actor, changes={"query_id": earlier.query_id})


def _end(before: dict[Key, Discrepancy], newer: Reconciliation) -> None:
    """Dispose of what is left of earlier comparisons: it is listed again, or it is gone."""
    system = service("Reconciliation", study_id=newer.study_id)
    again = {row.repeats_id for row in newer.discrepancies.exclude(repeats=None)}
    rows = Discrepancy.objects.in_study(newer.study_id).filter(
        reconciliation__source__iexact=newer.source, state__in=("open", "asked")
    )
    for row in rows.exclude(reconciliation=newer).select_related("reconciliation"):
        words = "listed again in" if row.pk in again else "no longer there in"
        reason = f"{words} {newer}"
        DISCREPANCY.move(
            row,
            "vanish",
            actor=system,
            reason=reason,
            changes={"disposition": "gone", "reason": reason, "settled_at": clock.now()},
        )
    earlier = Reconciliation.objects.in_study(newer.study_id).filter(
        source__iexact=newer.source, state="compared"
    )
    for one in earlier.exclude(pk=newer.pk):
        RECONCILIATION.move(one, "supersede", actor=system, reason=f"{newer} was compared")


def is_done(row: Reconciliation) -> bool:
    """Tell whether every difference of a comparison is disposed of."""
    return not row.discrepancies.exclude(state="settled").exists()


def close(row: Reconciliation, *, actor: Actor) -> Reconciliation:
    """Close a comparison of which every difference is disposed of."""
    return RECONCILIATION.move(row, "close", actor=actor)


# --- disposing of ---------------------------------------------------------------------------------


def settle(
    rows: Collection[Discrepancy], *, disposition: str, reason: str, actor: Actor
) -> list[Discrepancy]:
    """Dispose of differences with one reason: all of them, or none.

    Where the second source holds, its value is entered in the dossier that is asked for, or in the
    next version of the one that holds.

    Raises:
        RuleBroken: RCN-006 it cannot be disposed of so; RCN-007 nothing was chosen; and what
            ``entering.enter`` refuses.
        ReasonRequired: no reason is given.
    """
    actor.require(RIGHT)
    if not rows:
        raise RuleBroken("Choose at least one difference.", rule="RCN-007")
    if disposition not in ("ours", "theirs", "accepted"):
        raise RuleBroken("Say which value holds.", rule="RCN-006")
    if not reason.strip():
        raise ReasonRequired("Say why. Nothing was changed.", rule="discrepancy.settle")
    with transaction.atomic(), acting(actor.acting_as(RIGHT), reason):
        done = []
        for row in rows:
            if disposition == "theirs":
                _adopt(row, reason=reason, actor=actor)
            done.append(
                DISCREPANCY.move(
                    row,
                    "settle",
                    actor=actor,
                    reason=reason,
                    changes={
                        "disposition": disposition,
                        "reason": reason.strip()[:LONGEST_REASON],
                        "settled_by": User.objects.get(pk=actor.user_id),
                        "settled_at": clock.now(),
                    },
                )
            )
        return done


def may_adopt(row: Discrepancy) -> bool:
    """Tell whether the value of the second source can be entered in a dossier."""
    return bool(row.offered) and row.time_point_id is not None


def _adopt(row: Discrepancy, *, reason: str, actor: Actor) -> None:
    point = row.time_point
    if point is None or not may_adopt(row):
        raise RuleBroken(
            f"{row.label} of {row.place} is no item of a dossier: correct it where it is kept, or "
            "ask. Nothing was changed.",
            rule="RCN-006",
        )
    source = row.reconciliation.source
    dossier = dossiers.open_version(point, reason=f"{source}: {reason.strip()}")
    if dossier.state != "requested":
        raise RuleBroken(
            f"The dossier of {row.place} is {dossier.get_state_display().lower()}; send it back "
            "before its values change. Nothing was changed.",
            rule="RCN-006",
        )
    offered = row.offered
    entered = Entered(
        value=offered.get("value", ""),
        unit=offered.get("unit", ""),
        on=offered.get("on", "") or _date_of(dossier, row.item),
        rows=offered.get("rows", []),
        missing_reason=offered.get("missing_reason", ""),
    )
    entering.enter(dossier, row.item, entered, actor=actor)


def _date_of(dossier: Dossier, code: str) -> str:
    """Return the date that is held beside an item: an extract without dates does not take it."""
    held = dossier.items.filter(code=code).first()
    return held.observed_on if held is not None else ""


def take_back(row: Discrepancy, *, reason: str, actor: Actor) -> Discrepancy:
    """Open a difference again, with the reason; what was entered stays in the dossier.

    Raises:
        RuleBroken: RCN-008 a newer comparison has taken its place.
    """
    with transaction.atomic():
        opened = DISCREPANCY.move(row, "take_back", actor=actor, reason=reason)
        if opened.reconciliation.state == "closed":
            RECONCILIATION.move(opened.reconciliation, "reopen", actor=actor, reason=reason)
        return opened


# --- asking ---------------------------------------------------------------------------------------


def ask(row: Discrepancy, *, text: str, addressee: str, actor: Actor) -> Query:
    """Ask the site or the data partner about a difference; it waits until it is disposed of.

    Raises:
        RuleBroken: RCN-009 the study does not know the subject, so there is nobody to ask.
    """
    actor.require(RIGHT)
    subject, point = row.subject, row.time_point
    if subject is None:
        raise RuleBroken(
            "The study knows no such subject or time point, so no site can be asked. Ask the "
            "second source, then dispose of the difference.",
            rule="RCN-009",
        )
    title = f"{row.label}: {row.ours or 'nothing'} or {row.theirs or 'nothing'}?"[:200]
    with transaction.atomic():
        dossier = dossier_of(point, row.item) if point is not None else None
        if dossier is not None:
            question = asking.Question(
                title=title, text=text, codes=(row.item,), addressee=addressee, correct=False
            )
            query = asking.ask(dossier, question, actor=actor)
        else:
            query = queries.raise_query(
                about=row,
                study_site=subject.study_site,
                subject=subject,
                time_point=point,
                cause=Query.Cause.CLINICAL,
                title=title,
                text=text,
                requests=[
                    queries.Request(
                        RequestedAction.Kind.CONFIRM, f"{row.label}: confirm or explain"
                    )
                ],
                actor=actor,
                blocking=False,
                addressee=addressee,
            )
        DISCREPANCY.move(row, "ask", actor=actor, changes={"query": query})
        return query


def dossier_of(point: TimePoint, code: str) -> Dossier | None:
    """Return the dossier that holds an item of a time point: under way, else the one applied."""
    row = dossiers.under_way(point) or dossiers.applied(point)
    if row is None or code not in {item.code for item in standing.items_of(row)}:
        return None
    return row


def note_export(row: Reconciliation, *, actor: Actor) -> None:
    """Keep that the differences were taken as a file."""
    with acting(actor):
        record("reconciliation.export", row)
