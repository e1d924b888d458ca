"""Science signs whether a scanner is qualified, or returns the scan to its site."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict
from imaging.models import PhantomScan
from imaging.services.phantoms.schedule import programme_of
from imaging.workflows import PHANTOM_SCAN

QUALIFY, FAIL = "phantom_pass", "phantom_failure"
STATEMENTS = {
    QUALIFY: "I have judged this phantom scan; the scanner is qualified for the study.",
    FAIL: "I have judged this phantom scan; the scanner is not qualified for the study.",
}


def comment(scan: PhantomScan, text: str, *, actor: Actor) -> PhantomScan:
    """Keep the comment of the decision, which the signature covers.

    Raises:
        Conflict: PHM-015 the scan waits for no decision.
    """
    actor.require("phantom.decide")
    with transaction.atomic(), acting(actor.acting_as("phantom.decide")):
        rows = PhantomScan.objects.in_study(scan.study_id)
        row: PhantomScan = rows.select_for_update().get(pk=scan.pk)
        if row.state != "measured":
            raise Conflict(f"{row} waits for no decision.", rule="PHM-015")
        row.decision_comment = text.strip()[:500]
        row.save()
        return row


def decide(scan: PhantomScan, *, passed: bool, actor: Actor, assent: Assent) -> PhantomScan:
    """Sign whether the scanner is qualified; a pass holds for the plan's interval.

    Raises:
        RuleBroken: PHM-003 a figure is outside without a comment; PHM-004 a failure without one.
    """
    day = scan.scan_date or clock.today()
    until = day + timedelta(days=programme_of(scan).every_days)
    return PHANTOM_SCAN.move(
        scan,
        "qualify" if passed else "fail",
        actor=actor,
        assent=assent,
        changes={
            "decided_by": User.objects.get(pk=actor.user_id),
            "decided_at": clock.now(),
            "qualified_until": until if passed else None,
        },
        details={"until": until.isoformat() if passed else ""},
    )


def return_to_site(scan: PhantomScan, *, actor: Actor, reason: str) -> PhantomScan:
    """Return a scan that shows something else than asked; the site sends another one."""
    return PHANTOM_SCAN.move(
        scan, "return_to_site", actor=actor, reason=reason, changes={"problem": reason[:300]}
    )
