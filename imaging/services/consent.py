"""Withdrawal of consent: what stops, what stays by the protocol, what is destroyed, and the proof.

The rule of the protocol stands in the study's plan under ``consent``; without one, what was
collected before the withdrawal is kept, nothing more is collected, and originals that are stopped
are destroyed (FDA guidance on data retention when subjects withdraw, 2008; ICH E6(R3) Annex 1
2.8.10; GDPR Art. 7(3), 17(3)(d)).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.signatures import Assent
from audit import clock, jobs
from audit.actors import Actor, acting, service
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.models import Job, record
from imaging.models import ConsentWithdrawal, Destruction, Submission
from imaging.services import destruction, effects
from imaging.services.destruction import Why
from imaging.services.effects import Effect
from imaging.workflows import CONSENT_WITHDRAWAL, SUBMISSION
from studies.models import Configuration, Study, Subject
from studies.services.configuration import effective as configuration_in_force
from studies.workflows import SUBJECT, TIME_POINT

MEANING = "consent_correction"
STATEMENT = (
    "I confirm that the withdrawal of consent was recorded in error, as documented in the reason."
)
#: What holds where the plan says nothing.
RULE: Mapping[str, str] = {"data": "keep", "originals": "destroy", "images": "keep"}
CHOICES: Mapping[str, tuple[str, ...]] = {
    "data": ("keep", "exclude"),
    "originals": ("destroy", "keep"),
    "images": ("keep", "destroy"),
}
IN_WORDS: Mapping[tuple[str, str], str] = {
    ("data", "keep"): "Reads and results from before the withdrawal stay in data cuts.",
    ("data", "exclude"): "The subject is left out of data cuts from now on.",
    ("originals", "destroy"): "Original files are destroyed.",
    ("originals", "keep"): "Original files stay sealed until the study's rule.",
    ("images", "keep"): "Clean images stay archived and are not used any more.",
    ("images", "destroy"): "Clean images are destroyed, but for those that readers saw.",
}
STOPPABLE = ("draft", "uploading", "received", "deidentified", "in_qc", "held")
NOT_SENT = ("draft", "uploading")
_RESTORED = {"screening": "restore_screening"}


def effective(subject: Subject) -> ConsentWithdrawal | None:
    """Return the withdrawal that holds for a subject."""
    found: ConsentWithdrawal | None = (
        ConsentWithdrawal.objects.in_study(subject.study_id)
        .filter(subject=subject, state="effective")
        .first()
    )
    return found


def refuse_withdrawn(subject: Subject) -> None:
    """Refuse to take anything more of a subject.

    Raises:
        RuleBroken: CON-001 consent was withdrawn.
    """
    if effective(subject) is not None:
        raise RuleBroken(
            f"Consent of subject {subject.code} was withdrawn: nothing more is received. "
            "Nothing was kept.",
            rule="CON-001",
        )


def rule_of(study: Study | Any) -> dict[str, str]:
    """Return what the protocol asks after a withdrawal: from the plan, else the default."""
    try:
        plan = configuration_in_force(study, Configuration.Kind.PLAN)
    except RuleBroken:
        return dict(RULE)
    asked = plan.document.get("consent", {})
    return {
        name: asked.get(name) if asked.get(name) in CHOICES[name] else default
        for name, default in RULE.items()
    }


def rule_problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the part ``consent`` of a plan, in words."""
    asked = document.get("consent", {})
    if not isinstance(asked, Mapping):
        return ["“consent” is not an object"]
    return [
        f"“consent.{name}” must be one of {', '.join(CHOICES.get(name, ('nothing',)))}"
        for name, value in asked.items()
        if value not in CHOICES.get(name, ())
    ]


def rule_in_words(policy: Mapping[str, str], scope: str) -> list[str]:
    """Return what follows from a scope under a rule, in words."""
    scopes = ConsentWithdrawal.Scope
    found = ["No further images are received; visits that wait become “not done”."]
    if scope == scopes.COLLECTION:
        return [*found, "Images received before go on through QC and reading."]
    found.append("Submissions that are not released stop. Reads that are not signed are held.")
    data = "exclude" if scope == scopes.USE else policy["data"]
    found.append(IN_WORDS["data", data])
    found.append(IN_WORDS["originals", policy["originals"]])
    if scope == scopes.USE:
        found.append(IN_WORDS["images", policy["images"]])
    return found


def excluded_subjects(study: Study | Any) -> set[UUID]:
    """Return the subjects that data cuts leave out from now on."""
    rows = ConsentWithdrawal.objects.in_study(study).filter(state="effective")
    return {
        row.subject_id
        for row in rows
        if row.scope == ConsentWithdrawal.Scope.USE
        or (row.scope == ConsentWithdrawal.Scope.PROCESSING and row.policy["data"] == "exclude")
    }


def affected(subject: Subject) -> list[Effect]:
    """Return what a withdrawal touches now, in words."""
    rows = Submission.objects.in_study(subject.study_id).filter(subject=subject)
    found = [
        Effect("submission", f"{row} of {row.time_point.label}: {row.get_state_display()}")
        for row in rows.exclude(state__in=["withdrawn", "rejected"]).select_related("time_point")
    ]
    points = list(subject.time_points.all())
    waiting = [point for point in points if point.state == "expected"]
    if waiting:
        names = ", ".join(point.label for point in waiting)
        found.append(Effect("visit", f"Visits that wait for images: {names}"))
    for point in points:
        found += [e for e in effects.of_visit(point) if not e.blocks or e.kind == "read"]
    return found


def record_withdrawal(
    subject: Subject,
    *,
    withdrawn_on: date,
    scope: str,
    source: str,
    reason: str,
    actor: Actor,
) -> ConsentWithdrawal:
    """Record that a subject withdrew consent; what must stop stops in the same transaction.

    Args:
        source: who reported it and on which paper.

    Raises:
        RuleBroken: CON-002 the date is in the future; CON-003 scope or source is missing.
        Conflict: CON-004 it is recorded already.
        NotPermitted: the actor may not, or not at this site.
    """
    actor.require("consent.record")
    if actor.sites is not None and subject.study_site_id not in actor.sites:
        raise NotPermitted("You record for your own sites.", rule="consent.record")
    if withdrawn_on > clock.today(subject.study_site.site.time_zone):
        raise RuleBroken("The day of the withdrawal lies in the future.", rule="CON-002")
    if scope not in ConsentWithdrawal.Scope.values or not source.strip():
        raise RuleBroken("Say what the withdrawal covers and who reported it.", rule="CON-003")
    actor = actor.acting_as("consent.record")
    why = f"consent withdrawn on {withdrawn_on:%d %b %Y}, reported by {source.strip()}"
    with transaction.atomic(), acting(actor, why):
        locked = Subject.objects.in_study(subject.study_id).select_for_update().get(pk=subject.pk)
        if effective(locked) is not None:
            raise Conflict("A withdrawal of consent is recorded already.", rule="CON-004")
        row = ConsentWithdrawal(
            study_id=locked.study_id,
            subject=locked,
            withdrawn_on=withdrawn_on,
            scope=scope,
            source=source.strip()[:200],
            reason=reason.strip(),
            policy=rule_of(locked.study_id),
            state_before=locked.state,
            recorded_by=User.objects.get(pk=actor.user_id),
        )
        row.save()
        record("consentwithdrawal.record", row, reason=why, details={"scope": scope})
        if locked.state != "withdrawn":
            SUBJECT.move(locked, "withdraw", actor=actor, reason=why)
        row.outcome = {"stopped": _stop(row, why)}
        row.save()
        jobs.enqueue(
            "imaging.consent",
            key=f"imaging.consent:{row.pk}",
            row=row,
            withdrawal=str(row.pk),
        )
        subject.refresh_from_db()
        return row


def _stop(row: ConsentWithdrawal, why: str) -> list[str]:
    """Stop what the scope covers; return what was done, in words."""
    system = service("Withdrawal of consent", study_id=row.study_id)
    states = NOT_SENT if row.scope == ConsentWithdrawal.Scope.COLLECTION else STOPPABLE
    done = []
    rows = Submission.objects.in_study(row.study_id).filter(subject=row.subject_id)
    for submission in rows.filter(state__in=states):
        before = submission.get_state_display()
        SUBMISSION.move(submission, "stop", actor=system, reason=why)
        for job in jobs.of(submission):
            jobs.cancel(job)
        done.append(f"{submission} was stopped; its state was “{before}”.")
    if row.scope != ConsentWithdrawal.Scope.COLLECTION:
        done += effects.stopped(row.subject, why)
    return [*done, *_close_visits(row, system, why)]


def _close_visits(row: ConsentWithdrawal, system: Actor, why: str) -> list[str]:
    alive = ("received", "deidentified", "in_qc", "held", "released")
    done = []
    for point in row.subject.time_points.all():
        if point.state in {"received", "in_qc"}:
            if point.submissions.filter(state__in=alive).exists():
                continue
            TIME_POINT.move(point, "ask_again", actor=system, reason=why)
        if point.state == "expected":
            changes = {"not_done_reason": why[:200]}
            TIME_POINT.move(point, "not_done", actor=system, reason=why, changes=changes)
            done.append(f"{point.label} is not done.")
    return done


def run(job: Job, withdrawal_id: str) -> None:
    """Destroy what the rule asks for and write the proof; repeatable."""
    from studies.scoping import across_studies, scope

    with across_studies("a worker carries out a withdrawal of consent"):
        row = ConsentWithdrawal.objects.select_related("study", "subject").get(
            pk=UUID(withdrawal_id)
        )
    if row.state != "effective" or row.done_at is not None:
        return
    system = service("Withdrawal of consent", study_id=row.study_id)
    why = f"consent withdrawn on {row.withdrawn_on:%d %b %Y}"
    with scope(row.study), acting(system, why):
        if row.scope != ConsentWithdrawal.Scope.COLLECTION:
            _destroy(row, why)
        with transaction.atomic():
            locked = (
                ConsentWithdrawal.objects.in_study(row.study_id).select_for_update().get(pk=row.pk)
            )
            locked.done_at = clock.now()
            locked.save()
            record(
                "consentwithdrawal.carry_out",
                locked,
                reason=why,
                details={"destroyed": proofs(row).count()},
            )


def _destroy(row: ConsentWithdrawal, why: str) -> None:
    reason = Why(why, withdrawal=row)
    use = row.scope == ConsentWithdrawal.Scope.USE
    for submission in Submission.objects.in_study(row.study_id).filter(subject=row.subject_id):
        with transaction.atomic():
            if row.policy["originals"] == "destroy":
                destruction.originals(submission, reason)
            if use and row.policy["images"] == "destroy":
                keeps = any(e.keeps for e in effects.of_visit(submission.time_point))
                series = [] if keeps else list(submission.series.all())
                destruction.outputs(submission, series, reason)


def proofs(row: ConsentWithdrawal) -> Any:
    """Return the proofs of what was destroyed for a withdrawal, in order."""
    return Destruction.objects.filter(withdrawal=row).select_related("submission")


def correct(
    row: ConsentWithdrawal, *, actor: Actor, reason: str, assent: Assent
) -> ConsentWithdrawal:
    """Say by signature that a withdrawal was recorded in error; what was destroyed stays gone.

    The subject takes part again and visits that became “not done” by the withdrawal wait again;
    reads on hold go on when reviewer operations let them.

    Raises:
        ReasonRequired: no reason.
    """
    if not reason.strip():
        raise ReasonRequired("Say why the record was wrong.", rule="consentwithdrawal.correct")
    system = service("Withdrawal of consent", study_id=row.study_id)
    with transaction.atomic():
        corrected = CONSENT_WITHDRAWAL.move(
            row,
            "correct",
            actor=actor,
            reason=reason,
            assent=assent,
            changes={"corrected_reason": reason.strip()[:300]},
        )
        subject = corrected.subject
        if subject.state == "withdrawn":
            step = _RESTORED.get(corrected.state_before, "restore_enrolled")
            SUBJECT.move(subject, step, actor=actor, reason=reason)
        own = f"consent withdrawn on {row.withdrawn_on:%d %b %Y}"
        for point in subject.time_points.filter(state="not_done", not_done_reason__startswith=own):
            changes = {"not_done_reason": ""}
            TIME_POINT.move(point, "expect_again", actor=system, reason=reason, changes=changes)
        return corrected


def record_facts(row: ConsentWithdrawal) -> dict[str, Any]:
    """Return what the printed record of a withdrawal says."""
    study = row.study
    stamp = clock.now()
    return {
        "study": f"{study.protocol_number} · {study.title}",
        "number": f"Subject {row.subject.code}",
        "made": f"Printed {stamp:%d %b %Y %H:%M} UTC",
        "state": row.get_state_display(),
        "facts": [
            ["Sponsor", study.sponsor.name],
            ["Site", str(row.subject.study_site)],
            ["Subject", row.subject.code],
            ["Withdrawn on", f"{row.withdrawn_on:%d %b %Y}"],
            ["Scope", row.get_scope_display()],
            ["Reported by", row.source],
            ["Note", row.reason],
            ["Recorded", f"{row.recorded_at:%d %b %Y %H:%M} UTC by {row.recorded_by.printed_name}"],
            ["Carried out", f"{row.done_at:%d %b %Y %H:%M} UTC" if row.done_at else "under way"],
        ],
        "corrected": row.corrected_reason,
        "rule": rule_in_words(row.policy, row.scope),
        "done": row.outcome.get("stopped", []),
        "destroyed": [
            [
                str(one.submission),
                one.get_what_display(),
                f"{one.count:,}",
                f"{one.byte_count:,}",
                f"{one.at:%d %b %Y %H:%M} UTC",
                one.method,
                one.list_digest,
            ]
            for one in proofs(row)
        ],
    }
