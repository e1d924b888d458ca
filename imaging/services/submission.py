"""A submission's way from draft to receipt: start, form, signature; withdraw, reject, destroy."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, RuleBroken
from audit.jobs import enqueue
from audit.models import Event, record
from audit.states import GuardResult
from imaging.models import Submission
from imaging.services import consent, identity
from imaging.services.manifest import OPEN_STATES
from imaging.storage import destroy_submission_key
from imaging.workflows import SUBMISSION
from queries.models import Query, RequestedAction
from queries.services import note_done
from studies.forms.definition import Form
from studies.forms.evaluation import REASONS
from studies.forms.prefill import prefilled
from studies.models import Configuration, FormRecord, Study, TimePoint
from studies.services import forms
from studies.services.configuration import effective, plan_of
from studies.workflows import TIME_POINT

MEANING = "transmittal"
# Quality control is behind such a visit: what comes now is late (imaging.services.late).
LATE_STATES = ("accepted", "ready", "reading", "read", "checked", "locked")
STATEMENT = (
    "I confirm that these images and this form belong to this subject and visit, and that the form "
    "is complete and true."
)
# Findings that the transmittal forms ask about too, by the forms' own check.
SAME_CHECKS: Final = {
    "date_out_of_window": "SCAN_OUT_OF_WINDOW",
    "outside_guideline": "SLICES_TOO_THICK",
}


def start(
    time_point: TimePoint,
    *,
    actor: Actor,
    corrects: Submission | None = None,
    answers_query: Query | None = None,
    sender: User | None = None,
) -> Submission:
    """Open the draft of a submission for a visit; an open draft of the visit is returned again.

    Form, de-identification profile and guideline that hold now are pinned. A correction starts
    from the form that was sent before.

    Args:
        sender: who will complete and sign it, when a machine door opens the draft.

    Raises:
        RuleBroken: CON-001 consent was withdrawn; IMG-030 the visit waits for no images; IMG-031
            the correction names another visit; CFG-002 the study lacks a configuration.
    """
    actor.require("submission.upload")
    actor = actor.acting_as("submission.upload")
    with transaction.atomic(), acting(actor):
        # The study row hands out receipt numbers and makes a second draft of the visit impossible.
        study = Study.objects.select_for_update().get(pk=time_point.study_id)
        time_point.refresh_from_db()
        consent.refuse_withdrawn(time_point.subject)
        rows = Submission.objects.in_study(study)
        opened = rows.filter(time_point=time_point, moved_from=None, state__in=OPEN_STATES).first()
        if opened is not None:
            return opened
        corrects = corrects or _to_correct(time_point)
        _check_visit(time_point, corrects)
        form = effective(study, Configuration.Kind.FORM, form_key(time_point))
        number = (rows.aggregate(n=Max("number"))["n"] or 0) + 1
        answers = dict(corrects.form_record.answers) if corrects else {}
        row = Submission(
            study=study,
            subject=time_point.subject,
            study_site=time_point.subject.study_site,
            time_point=time_point,
            number=number,
            sender=sender or User.objects.get(pk=actor.user_id),
            form_record=forms.start(form, actor=actor, answers=answers),
            profile=effective(study, Configuration.Kind.DEID_PROFILE),
            guideline=effective(study, Configuration.Kind.GUIDELINE),
            corrects=corrects,
            answers_query=answers_query,
            # A correction of the form alone is compared with the headers that came before.
            check_result=_told_before(corrects) if corrects else {},
        )
        row.save()
        record("submission.start", row, details={"corrects": str(corrects) if corrects else ""})
        return row


def _to_correct(time_point: TimePoint) -> Submission | None:
    return (
        Submission.objects.in_study(time_point.study_id)
        .filter(time_point=time_point, state__in=["deidentified", "in_qc", "held", "rejected"])
        .order_by("-number")
        .first()
    )


def _check_visit(time_point: TimePoint, corrects: Submission | None) -> None:
    if corrects is not None and corrects.time_point_id != time_point.pk:
        raise RuleBroken("A correction belongs to the visit it corrects.", rule="IMG-031")
    waiting = (
        time_point.state == "expected"
        or time_point.state in LATE_STATES
        or (corrects is not None and time_point.state in {"received", "in_qc"})
    )
    if not waiting:
        state = time_point.get_state_display().lower()
        raise RuleBroken(
            f"This visit waits for no images: it is {state}. Ask image operations if images "
            "must be sent again.",
            rule="IMG-030",
        )


def form_key(time_point: TimePoint) -> str:
    """Return the key of the transmittal form of a visit; CT and PET/CT share one."""
    modalities = set(time_point.definition.modalities) if time_point.definition else set()
    return "transmittal_mr" if modalities == {"MR"} else "transmittal_ct"


def form_context(submission: Submission) -> dict[str, Any]:
    """Return what the transmittal form may compare with: visit, headers, guideline, clock."""
    time_point = submission.time_point
    header: Mapping[str, Any] = submission.check_result.get("header", {})
    asked: Mapping[str, Any] = submission.check_result.get("guideline", {})
    modalities = time_point.definition.modalities if time_point.definition else ["CT"]
    zone = submission.study_site.site.time_zone
    context: dict[str, Any] = {
        "time_point.label": time_point.label,
        "time_point.window_start": time_point.window_from,
        "time_point.window_end": time_point.window_to,
        "visit.modality": "PET" if {"PT", "PET"} & set(modalities) else modalities[0],
        "clock.today_at_site": clock.today(zone),
    }
    context |= {f"header.{name}": value for name, value in header.items()}
    context |= {f"guideline.{name}": value for name, value in asked.items()}
    return {k: v.isoformat() if isinstance(v, date) else v for k, v in context.items() if v}


def save_form(
    submission: Submission,
    answers: Mapping[str, Any],
    *,
    seen_version: int,
    actor: Actor,
    entered_at: datetime | None = None,
) -> FormRecord:
    """Save the transmittal form (see ``studies.services.forms.save_answers``).

    Raises:
        Conflict: IMG-010 the submission was sent; FRM-003 saved in another tab.
    """
    actor.require("submission.upload")
    if submission.state not in OPEN_STATES:
        raise Conflict(f"{submission} was sent already; its form cannot change.", rule="IMG-010")
    return forms.save_answers(
        submission.form_record,
        answers,
        seen_version=seen_version,
        actor=actor.acting_as("submission.upload"),
        entered_at=entered_at,
    )


def prefill_form(submission: Submission, *, actor: Actor) -> FormRecord:
    """Propose answers from headers and visit for what is still blank.

    What was said of a finding before sending stands as the reason of the form's own check on it.
    """
    row = submission.form_record
    form = forms.form_of(row.form)
    answers = prefilled(form, row.answers, form_context(submission))
    if reasons := _said_before(submission, form):
        answers[REASONS] = {**reasons, **answers.get(REASONS, {})}
    return forms.save_answers(row, answers, seen_version=row.version, actor=actor)


def _said_before(submission: Submission, form: Form) -> dict[str, str]:
    checks = {check.id for check in form.checks}
    explained = submission.check_result.get("explained", {})
    findings = submission.check_result.get("findings", [])
    told = {one["code"]: explained[one["key"]] for one in findings if one["key"] in explained}
    same = SAME_CHECKS.items()
    return {check: told[code] for code, check in same if code in told and check in checks}


def complete_form(submission: Submission, *, actor: Actor) -> FormRecord:
    """Declare the transmittal form complete (see ``studies.services.forms.complete``)."""
    actor.require("submission.upload")
    row = submission.form_record
    result = forms.evaluated(row, context=form_context(submission), final=True)
    return forms.complete(row, result, actor=actor.acting_as("submission.upload"))


def sign_and_receive(submission: Submission, *, actor: Actor, assent: Assent) -> Submission:
    """Send: the signature covers files and form; with it the submission has its receipt.

    Raises:
        RuleBroken: IMG-001 files are missing; IMG-002 the form is not complete.
        Conflict: what was signed is not what is there.
    """
    with transaction.atomic():
        # The time point first, as every act on a visit does: two tabs cannot wait for each other.
        visit = TimePoint.objects.in_study(submission.study_id).select_for_update()
        time_point = visit.get(pk=submission.time_point_id)
        now = clock.now()
        due = plan_of(submission.study_id).due("qc", now)
        row = SUBMISSION.move(
            submission,
            "receive",
            actor=actor,
            assent=assent,
            changes={
                "received_at": now,
                "qc_due_at": due.at,
                "qc_due_by": due.by,
                "check_result": _kept_of_checks(submission),
            },
            details={
                "files": submission.file_count,
                "bytes": submission.byte_count,
                "manifest": submission.manifest_digest,
            },
        )
        forms.lock(row.form_record, actor=actor)
        if time_point.state == "expected":
            TIME_POINT.move(
                time_point,
                "receive",
                actor=actor,
                changes={"assessment_date": scan_date(row) or time_point.assessment_date},
            )
        _note_requests(row, actor)
        enqueue_processing(row)
        submission.refresh_from_db()
        return row


def explain_check(submission: Submission, key: str, text: str, *, actor: Actor) -> Submission:
    """Keep why something that the checks found cannot be fixed; quality control will read it.

    Raises:
        RuleBroken: IMG-033 there is no such finding, or no words.
    """
    actor.require("submission.upload")
    known = {found["key"] for found in submission.check_result.get("findings", [])}
    if key not in known or not text.strip():
        raise RuleBroken("Say why this cannot be fixed.", rule="IMG-033")
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        row: Submission = (
            Submission.objects.in_study(submission.study_id)
            .select_for_update()
            .get(pk=submission.pk)
        )
        if row.state not in OPEN_STATES:
            raise Conflict(f"{row} was sent already.", rule="IMG-010")
        explained = {**row.check_result.get("explained", {}), key: text.strip()[:300]}
        row.check_result = {**row.check_result, "explained": explained}
        row.save()
        record("submission.explain", row, details={"finding": key})
        return row


def guards(submission: Submission) -> list[GuardResult]:
    """Return what must hold before a submission can be sent, failed conditions first."""
    return SUBMISSION.guard_results(submission, "receive")


def scan_date(submission: Submission) -> date | None:
    """Return the scan date of the transmittal form."""
    answer = submission.form_record.answers.get("scan", {}).get("date", "")
    try:
        return date.fromisoformat(str(answer))
    except ValueError:
        return None


def _told_before(submission: Submission) -> dict[str, Any]:
    """Return what a correction of the form is compared with: the headers that came before."""
    names = ("header", "guideline", "explained")
    return {name: submission.check_result.get(name, {}) for name in names}


def _kept_of_checks(submission: Submission) -> dict[str, Any]:
    """Return what QC needs later: what the form was compared with, and the site's explanations."""
    told = _told_before(submission)
    # What the receipt states of the series; it holds no identity.
    listed = {n: submission.check_result.get(n, []) for n in ("series", "set_aside")}
    return told | {n: value for n, value in listed.items() if value}


def _note_requests(row: Submission, actor: Actor) -> None:
    if row.corrects_id is None:
        return
    kinds = [RequestedAction.Kind.CORRECT_FORM.value]
    if row.file_count:
        kinds += [RequestedAction.Kind.SEND_IMAGES.value, RequestedAction.Kind.RESCAN.value]
    # An answer in words does not do what was asked for: the images that come later do.
    for query in row.time_point.queries.filter(state__in=["open", "answered", "reopened"]):
        if query.actions.filter(done_at=None, kind__in=kinds).exists():
            note_done(query, kinds=kinds, outcome=f"sent with {row}", actor=actor)


def enqueue_processing(row: Submission) -> None:
    """Ask the workers for de-identification and automatic QC; anew whenever it was let go on."""
    resumed = Event.objects.filter(kind="submission.resume", object_id=str(row.pk)).count()
    enqueue(
        "imaging.process",
        key=f"imaging.process:{row.pk}:{resumed}",
        row=row,
        total=row.file_count,
        submission=str(row.pk),
    )


def withdraw(submission: Submission, *, actor: Actor, reason: str) -> Submission:
    """Withdraw a submission; a visit that has no other submission waits for images again."""
    with transaction.atomic():
        row = SUBMISSION.move(submission, "withdraw", actor=actor, reason=reason)
        _expect_again(row, actor, reason)
        return row


def reject(submission: Submission, *, actor: Actor, reason: str) -> Submission:
    """Reject a submission that is held or in QC; the visit waits for images again."""
    with transaction.atomic():
        row = SUBMISSION.move(submission, "reject", actor=actor, reason=reason)
        _expect_again(row, actor, reason)
        return row


def _expect_again(row: Submission, actor: Actor, reason: str) -> None:
    others = row.time_point.submissions.exclude(pk=row.pk)
    if others.filter(state__in=["received", "deidentified", "in_qc", "held", "released"]).exists():
        return
    time_point = row.time_point
    if time_point.state in {"received", "in_qc"}:
        system = service("Visit schedule", study_id=row.study_id)
        TIME_POINT.move(time_point, "ask_again", actor=system, reason=reason)


def resume(
    submission: Submission, *, actor: Actor, reason: str, lifted: tuple[str, ...] = ()
) -> Submission:
    """Let a held submission go on after a person has looked.

    Args:
        lifted: reason codes of the holds that were found harmless; only these are let pass.
    """
    with transaction.atomic():
        codes = sorted({*submission.lifted_holds, *lifted})
        row = SUBMISSION.move(
            submission,
            "resume",
            actor=actor,
            reason=reason,
            changes={"lifted_holds": codes, "hold_reason": ""},
            details={"lifted": codes},
        )
        identity.explain_lifted(row, codes, actor=actor, reason=reason)
        row.files.filter(outcome="held", code__in=codes).update(
            outcome="stored", code="", reason=""
        )
        enqueue_processing(row)
        return row


def destroy_originals(submission: Submission, *, actor: Actor, reason: str) -> bool:
    """Destroy the originals by destroying their key, when the study's rule says so.

    Returns:
        Whether there was a key.

    Raises:
        RuleBroken: IMG-032 the submission is still on its way.
    """
    actor.require("submission.reject")
    if submission.state not in {"released", "rejected", "withdrawn"}:
        raise RuleBroken(
            "Originals are destroyed only after release, rejection or withdrawal.", rule="IMG-032"
        )
    with transaction.atomic(), acting(actor.acting_as("submission.reject"), reason):
        destroyed = destroy_submission_key(submission.pk)
        if destroyed:
            record("submission.destroy_originals", submission, reason=reason)
        return destroyed
