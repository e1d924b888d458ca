"""Standing exceptions of sites: proposed by operations, approved by science, ended in time."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from audit.models import record
from imaging.models import Finding, SiteException
from imaging.pipeline.technical_qc import StandingException
from imaging.pipeline.technical_qc.parameters import PARAMETERS
from imaging.workflows import SITE_EXCEPTION
from studies.models import Study, StudySite

MEANING = "exception_approval"
STATEMENT = "I approve this standing exception; findings that it covers stay listed."
#: what a site can be excepted from: acquisition and equipment, never identity or completeness
EXCEPTABLE = (
    "outside_guideline",
    "not_stated",
    "differs_from_earlier",
    "gaps_between_slices",
    "mixed_thickness",
    "lossy_compression",
    "not_hounsfield",
    "body_part_unknown",
    "scanner_unknown",
    "scanner_changed",
    "serial_changed",
    "software_changed",
    "half_life_mismatch",
    "nuclide_unknown",
)
WITH_PARAMETER = ("outside_guideline", "not_stated", "differs_from_earlier")


def propose(
    study_site: StudySite,
    *,
    code: str,
    reason: str,
    valid_from: date,
    actor: Actor,
    parameter: str = "",
    modality: str = "",
    valid_until: date | None = None,
) -> SiteException:
    """Write down what a site cannot do otherwise; it holds when science has approved it.

    Raises:
        NotPermitted: the actor may not propose exceptions.
        RuleBroken: EXC-001 the finding cannot be excepted; EXC-002 parameter, reason or period is
            missing or wrong.
    """
    actor.require("exception.propose")
    _check(code, parameter, reason, valid_from, valid_until)
    with transaction.atomic(), acting(actor.acting_as("exception.propose")):
        # The study row hands out numbers.
        study = Study.objects.select_for_update().get(pk=study_site.study_id)
        latest = SiteException.objects.in_study(study).aggregate(n=Max("number"))["n"] or 0
        made = SiteException(
            study=study,
            study_site=study_site,
            number=latest + 1,
            code=code,
            parameter=parameter,
            modality=modality.strip().upper(),
            reason=reason.strip(),
            valid_from=valid_from,
            valid_until=valid_until,
        )
        made.save()
        record("siteexception.propose", made, details={"code": code, "parameter": parameter})
        return made


def _check(
    code: str, parameter: str, reason: str, valid_from: date, valid_until: date | None
) -> None:
    if code not in EXCEPTABLE:
        raise RuleBroken(
            "A site cannot be excepted from this finding: identity and completeness hold for "
            "everybody.",
            rule="EXC-001",
        )
    if code in WITH_PARAMETER and parameter not in PARAMETERS:
        raise RuleBroken("Choose the parameter that the exception is about.", rule="EXC-002")
    if not reason.strip():
        raise RuleBroken("Say why the site cannot do otherwise.", rule="EXC-002")
    if valid_until is not None and valid_until < valid_from:
        raise RuleBroken("The period ends before it begins.", rule="EXC-002")


def approve(row: SiteException, *, actor: Actor, assent: Assent) -> SiteException:
    """Approve by signature: from now on findings that it covers ask nobody again.

    Raises:
        NotPermitted, IllegalStep, SignatureRefused: see ``audit.states``.
        RuleBroken: EXC-003 the person who proposed it cannot approve it.
    """
    actor.require("exception.approve")
    if _proposer(row) == actor.user_id:
        raise RuleBroken(
            "Whoever proposed an exception does not approve it: another scientist signs.",
            rule="EXC-003",
        )
    with transaction.atomic():
        approved = SITE_EXCEPTION.move(
            row,
            "approve",
            actor=actor,
            assent=assent,
            changes={
                "approved_by": User.objects.get(pk=actor.user_id),
                "approved_at": clock.now(),
            },
        )
        _cover_open_findings(approved, actor.acting_as("exception.approve"))
        row.refresh_from_db()
        return approved


def _proposer(row: SiteException) -> Any:
    first = row.history.order_by("history_id").first()
    return first.history_user_id if first else None


def _cover_open_findings(row: SiteException, actor: Actor) -> None:
    """Mark what is open in QC now, so that nobody asks the site once more."""
    open_now = Finding.objects.in_study(row.study_id).filter(
        submission__study_site=row.study_site_id,
        submission__state="in_qc",
        state="open",
        code=row.code,
        suppressed_by="",
    )
    if row.parameter:
        open_now = open_now.filter(parameter=row.parameter)
    if row.modality:
        open_now = open_now.filter(series__modality=row.modality)
    with acting(actor):
        for finding in open_now:
            finding.suppressed_by = str(row)
            finding.save()


def decline(row: SiteException, *, actor: Actor, reason: str) -> SiteException:
    """Decline a proposed exception, with the reason."""
    return SITE_EXCEPTION.move(
        row, "decline", actor=actor, reason=reason, changes={"end_reason": reason[:300]}
    )


def end(row: SiteException, *, actor: Actor, reason: str) -> SiteException:
    """End an exception today; findings from now on ask the site again."""
    return SITE_EXCEPTION.move(
        row,
        "end",
        actor=actor,
        reason=reason,
        changes={"ended_on": clock.today(), "end_reason": reason[:300]},
    )


def holding(study_site: StudySite, day: date) -> list[SiteException]:
    """Return the approved exceptions of a site that cover a day."""
    rows = SiteException.objects.in_study(study_site.study_id).filter(
        study_site=study_site, state="approved", valid_from__lte=day
    )
    return list(rows.filter(Q(valid_until=None) | Q(valid_until__gte=day)).order_by("number"))


def standing(study_site: StudySite, day: date) -> tuple[StandingException, ...]:
    """Return what the automatic checks need of the exceptions that cover a day."""
    return tuple(
        StandingException(row.code, str(row), row.parameter, row.modality)
        for row in holding(study_site, day)
    )


def ends_soon(row: SiteException, *, within: int = 30) -> bool:
    """Tell whether an approved exception runs out within some days."""
    if row.state != "approved" or row.valid_until is None:
        return False
    return row.valid_until <= clock.today() + timedelta(days=within)
