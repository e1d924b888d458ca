"""Approval by two persons, and the sponsor's signature that it was told."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from django.db import transaction

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor
from audit.errors import Conflict, RuleBroken
from reads.models import Recall, RollBack
from reads.services.rollback.carrying_out import carry_out
from reads.services.rollback.requesting import is_current
from reads.workflows import RECALL, ROLL_BACK

Side = Literal["science", "project"]
MEANING = "roll_back"
STATEMENT = "I have looked at the reason and at everything that it touches, and I approve it."
TOLD_MEANING = "roll_back_notice"
TOLD_STATEMENT = "I have taken note of this correction."
Row = TypeVar("Row", RollBack, Recall)


def approve(row: RollBack, side: Side, *, actor: Actor, assent: Assent) -> RollBack:
    """Approve for science or for project management; the second approval carries it out.

    Both happen in one transaction: a roll-back is carried out whole, or the approval is not there.

    Raises:
        RuleBroken: RB-003 the same person approved for the other side.
        Conflict: RB-004 it touches something by now that is not on the list.
    """
    actor.require(f"rollback.approve_{side}")
    with transaction.atomic():
        locked = lock_for_approval(row, side, actor)
        if not is_current(locked):
            raise Conflict(
                "What this roll-back touches has changed since it was requested. Nothing was "
                "signed; renew the request and look at the list again.",
                rule="RB-004",
            )
        signed = sign_side(ROLL_BACK, locked, side, actor=actor, assent=assent)
        if signed.state == "approved":
            signed = carry_out(signed)
        row.refresh_from_db()
        return signed


def lock_for_approval(row: Row, side: Side, actor: Actor) -> Row:
    """Lock a row that two persons approve; the person of the other side is not this one.

    Raises:
        RuleBroken: RB-003 see above.
    """
    locked: Row = type(row).objects.in_study(row.study_id).select_for_update(of=("self",)).get(
        pk=row.pk
    )  # fmt: skip
    other = locked.project_by_id if side == "science" else locked.science_by_id
    if other is not None and other == actor.user_id:
        raise RuleBroken(
            "You approved this for the other side. The second approval is another person's.",
            rule="RB-003",
        )
    return locked


def sign_side(workflow: Any, row: Row, side: Side, *, actor: Actor, assent: Assent) -> Row:
    """Take the step of one side: the first approval, or the one that completes it."""
    step = f"{'approve' if row.state == 'requested' else 'complete'}_{side}"
    changes = {
        f"{side}_by": User.objects.get(pk=actor.user_id),
        f"{side}_at": clock.now(),
    }
    moved: Row = workflow.move(row, step, actor=actor, assent=assent, changes=changes)
    return moved


def acknowledge(row: Row, *, actor: Actor, assent: Assent) -> Row:
    """Take note of a correction by the sponsor's signature."""
    workflow: Any = ROLL_BACK if isinstance(row, RollBack) else RECALL
    moved: Row = workflow.move(
        row,
        "acknowledge",
        actor=actor,
        assent=assent,
        changes={
            "acknowledged_by": User.objects.get(pk=actor.user_id),
            "acknowledged_at": clock.now(),
        },
    )
    return moved
