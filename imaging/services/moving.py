"""Moving images to another subject or time point.

Nothing is edited: the originals go to a new submission at the visit where they belong and are
de-identified there anew, with that subject's own keys, dates and identifiers. The submission they
leave is withdrawn, or loses the series that go. What it touches above (reads, packages, cuts) is
listed before the signature and kept with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting, service
from audit.errors import Conflict, ReasonRequired, RuleBroken
from audit.jobs import Progress, enqueue
from audit.models import Job, record
from imaging.models import (
    Instance,
    Move,
    ReadPackage,
    ReceivedFile,
    Series,
    SeriesTimePoint,
    Submission,
)
from imaging.services import consent, destruction, effects, identity, manifest
from imaging.services import submission as submissions
from imaging.services.destruction import Why
from imaging.services.effects import Effect
from imaging.storage import ArrivalStore
from imaging.storage.keys import submission_key
from imaging.workflows import FINDING, MOVE, PACKAGE, QC_REVIEW, SUBMISSION
from studies.models import Configuration, Study, TimePoint
from studies.scoping import across_studies, scope
from studies.services import forms
from studies.services.configuration import effective, plan_of
from studies.workflows import TIME_POINT

MEANING = "move"
STATEMENT = (
    "I confirm that these images belong to the subject and time point named here, and that I have "
    "seen what the move affects."
)
MOVABLE = ("received", "deidentified", "in_qc", "held", "released")
BEFORE_READING = ("received", "in_qc", "accepted", "ready")
_OPEN_QUERIES = ("open", "answered", "reopened")
BATCH = 50


def targets(submission: Submission) -> list[TimePoint]:
    """Return the visits of the study that images can be moved to: those that wait for them."""
    rows = TimePoint.objects.in_study(submission.study_id).filter(state="expected")
    return list(
        rows.exclude(pk=submission.time_point_id)
        .exclude(subject__state="withdrawn")
        .select_related("subject__study_site", "definition")
        .order_by("subject__code", "planned_date")
    )


def movable_series(submission: Submission) -> list[Series]:
    """Return the series of a submission that hold for its visit and can go by themselves."""
    rows = submission.series.filter(
        superseded_by=None, time_point_links__withdrawn_reason=""
    ).distinct()
    return [row for row in rows if row.instances.exists()]


def effects_of(submission: Submission, target: TimePoint, series: Sequence[Series]) -> list[Effect]:
    """Return what a move touches, what stops it first."""
    found = [*_refusals(submission, target), *effects.of_visit(submission.time_point)]
    package = ReadPackage.objects.in_study(submission.study_id).filter(
        time_point=submission.time_point_id, state="released"
    )
    if package.exists():
        found.append(
            Effect("package", f"{package.get()} is superseded; QC of the visit is open again.")
        )
    queries = submission.time_point.queries.filter(state__in=_OPEN_QUERIES)
    found += [
        Effect("query", f"{query} stays with {submission.time_point}: {query.title}")
        for query in queries
    ]
    found += [
        Effect("visit", f"{other} stays with {submission.time_point}.")
        for other in _others(submission)
    ]
    if not series and not _others(submission).exists():
        found.append(Effect("visit", f"{submission.time_point} waits for images again."))
    if target.subject.study_site_id != submission.study_site_id:
        found.append(
            Effect(
                "visit",
                f"The images go to another site: {target.subject.study_site}. Its people see "
                "them; those of the first site do not any more.",
            )
        )
    found.append(Effect("visit", f"{target} receives the images and goes through QC."))
    return sorted(found, key=lambda effect: not effect.blocks)


def _others(submission: Submission) -> Any:
    return submission.time_point.submissions.filter(state__in=MOVABLE).exclude(pk=submission.pk)


def _refusals(submission: Submission, target: TimePoint) -> Iterator[Effect]:
    study: Study = submission.study
    if study.state in {"locked", "closed"}:
        yield _stop("The database of the study is locked.")
    if submission.state not in MOVABLE:
        state = submission.get_state_display().lower()
        yield _stop(f"{submission} is {state}: there is nothing to move.")
    if target.pk == submission.time_point_id:
        yield _stop("The images are at this time point already.")
    if target.state != "expected":
        state = target.get_state_display().lower()
        yield _stop(f"{target} waits for no images: it is {state}.")
    if consent.effective(target.subject) is not None:
        yield _stop(f"Consent of subject {target.subject.code} was withdrawn.")
    visit = submission.time_point
    if visit.state == "locked":
        yield _stop(f"{visit} is locked.")
    elif visit.state not in BEFORE_READING and submission.state in MOVABLE:
        yield _stop(f"Readers have begun with {visit}: roll their reads back first.")
    if getattr(submission, "site_cleaning", None) is not None and _cleaned_at_site(submission):
        yield _stop(
            "Identity was removed at the site with the first subject's key. Reject the submission "
            "and ask the site to send it for the right subject."
        )
    elif not has_originals(submission):
        yield _stop(
            "The original files were destroyed by the study's rule, so identity cannot be removed "
            "anew. Ask the site to send them again."
        )


def _stop(text: str) -> Effect:
    return Effect("stop", text, blocks=True)


def _cleaned_at_site(submission: Submission) -> bool:
    return bool(submission.site_cleaning.cleaned)


def has_originals(submission: Submission) -> bool:
    """Tell whether the originals of a submission can still be opened."""
    try:
        submission_key(submission.pk)
    except RuleBroken:
        return False
    return True


def plan(
    submission: Submission,
    target: TimePoint,
    *,
    actor: Actor,
    reason: str,
    series: Sequence[Series] = (),
) -> Move:
    """Write down what would be moved where and what that affects; nothing moves yet.

    Raises:
        ReasonRequired: no reason.
        RuleBroken: MOV-001 something forbids it; MOV-002 a series is not the submission's.
    """
    actor.require("submission.move")
    if not reason.strip():
        raise ReasonRequired("Say why the images are moved.", rule="move.plan")
    allowed = {row.pk for row in movable_series(submission)}
    if any(row.pk not in allowed for row in series):
        raise RuleBroken("A chosen series does not belong to this submission.", rule="MOV-002")
    chosen = [] if {row.pk for row in series} == allowed else list(series)
    found = effects_of(submission, target, chosen)
    _refuse(found)
    with transaction.atomic(), acting(actor.acting_as("submission.move"), reason):
        row = Move(
            study_id=submission.study_id,
            submission=submission,
            series_uids=sorted(one.uid for one in chosen),
            target=target,
            reason=reason.strip(),
            effects=[effect.plain() for effect in found],
            planned_by=User.objects.get(pk=actor.user_id),
        )
        row.save()
        record("move.plan", row, reason=reason)
        return row


def _refuse(found: Sequence[Effect]) -> None:
    stops = [effect.text for effect in found if effect.blocks]
    if stops:
        raise RuleBroken(" ".join(stops), rule="MOV-001")


def series_of(move: Move) -> list[Series]:
    """Return the series that a move names; none means all."""
    return list(move.submission.series.filter(uid__in=move.series_uids))


def carry_out(move: Move, *, actor: Actor, assent: Assent) -> Submission:
    """Move, by signature: what the readers could see ends at once, workers do the rest.

    Raises:
        Conflict: MOV-003 what the move affects is not what was listed any more.
        RuleBroken: MOV-001 something forbids it now.
    """
    with transaction.atomic():
        points = TimePoint.objects.in_study(move.study_id).select_for_update().order_by("pk")
        both = {p.pk: p for p in points.filter(pk__in=[move.target_id, _from(move)])}
        submission = Submission.objects.in_study(move.study_id).select_for_update().get(
            pk=move.submission_id
        )  # fmt: skip
        target, chosen = both[move.target_id], series_of(move)
        now = effects_of(submission, target, chosen)
        _refuse(now)
        if [effect.plain() for effect in now] != move.effects:
            raise Conflict(
                "What the move affects has changed since it was listed. Nothing was moved. Plan "
                "the move again and look at the new list.",
                rule="MOV-003",
            )
        made = _new_submission(submission, target, chosen, move, actor)
        signed = MOVE.move(
            move,
            "carry_out",
            actor=actor,
            reason=move.reason,
            assent=assent,
            changes={"result": made, "carried_out_at": clock.now()},
            details={"to": str(made), "effects": len(move.effects)},
        )
        _leave(submission, both[submission.time_point_id], chosen, signed, actor)
        with acting(actor):
            enqueue(
                "imaging.move",
                key=f"imaging.move:{move.pk}",
                row=made,
                total=made.file_count,
                move=str(move.pk),
            )
        return made


def cancel(move: Move, *, actor: Actor) -> Move:
    """Give a planned move up."""
    return MOVE.move(move, "cancel", actor=actor)


def _from(move: Move) -> UUID:
    point: UUID = move.submission.time_point_id
    return point


def _new_submission(
    old: Submission, target: TimePoint, series: Sequence[Series], move: Move, actor: Actor
) -> Submission:
    """Open the submission at the visit where the images belong; its files follow by a worker."""
    study = Study.objects.select_for_update().get(pk=old.study_id)
    rows = Submission.objects.in_study(study)
    with acting(actor.acting_as("submission.move"), move.reason):
        form = forms.start(old.form_record.form, actor=actor, answers=old.form_record.answers)
        form.completed_at = old.form_record.completed_at
        form.save()
        made = Submission(
            study=study,
            subject=target.subject,
            study_site=target.subject.study_site,
            time_point=target,
            number=(rows.aggregate(n=Max("number"))["n"] or 0) + 1,
            sender=old.sender,
            form_record=form,
            profile=effective(study, Configuration.Kind.DEID_PROFILE),
            guideline=effective(study, Configuration.Kind.GUIDELINE),
            moved_from=old,
            # The signature under the move answers whose images these are.
            lifted_holds=sorted(identity.CODES),
        )
        made.save()
        files = _files_of(old, series)
        ReceivedFile.objects.bulk_create(
            [
                ReceivedFile(study_id=study.pk, submission=made, sha256=sha256, size=size)
                for sha256, size in files
            ],
            batch_size=1000,
        )
        manifest.count(made)
        record("submission.move_here", made, reason=move.reason, details={"from": str(old)})
        return made


def _files_of(old: Submission, series: Sequence[Series]) -> list[tuple[str, int]]:
    rows = old.files.exclude(outcome__in=["announced", "opened"])
    if series:
        wanted = Instance.objects.filter(series__in=series).values("source_sha256")
        rows = rows.filter(sha256__in=wanted)
    return list(rows.values_list("sha256", "size"))


def _leave(
    old: Submission, visit: TimePoint, series: Sequence[Series], move: Move, actor: Actor
) -> None:
    """Take the images out of the visit they leave, with everything that was built on them."""
    system = service("Moves", study_id=old.study_id)
    followed = effects.left(visit, move.reason)
    for package in visit.packages.filter(state__in=["built", "released"]):
        PACKAGE.move(package, "supersede", actor=system, reason=move.reason)
    if series:
        _withdraw_series(series, move.reason, actor)
    else:
        _withdraw_series(list(old.series.all()), move.reason, actor)
        SUBMISSION.move(old, "move_away", actor=actor, reason=move.reason)
    _undo_qc(old, visit, move.reason, system)
    stays = visit.submissions.filter(state__in=MOVABLE).exists()
    if not stays:
        TIME_POINT.move(
            visit,
            "images_moved",
            actor=actor,
            reason=move.reason,
            changes={"assessment_date": None},
        )
    with acting(actor, move.reason):
        record("move.follow", move, reason=move.reason, details={"done": followed})


def _withdraw_series(series: Sequence[Series], reason: str, actor: Actor) -> None:
    with acting(actor.acting_as("submission.move"), reason):
        links = SeriesTimePoint.objects.in_study(actor.study_id).filter(
            series__in=series, withdrawn_reason=""
        )
        for link in links:
            link.withdrawn_reason = f"moved: {reason}"[:200]
            link.save()


def _undo_qc(old: Submission, visit: TimePoint, reason: str, system: Actor) -> None:
    """Void decisions that were made over images that go; what stays is judged again."""
    why = f"images were moved: {reason}"
    for row in visit.submissions.all():
        for review in row.reviews.filter(state__in=["open", "signed"]):
            if row.pk == old.pk or review.state == "signed":
                QC_REVIEW.move(review, "reset", actor=system, reason=why)
        if row.state == "released":
            SUBMISSION.move(row, "reset_qc", actor=system, reason=why)
    if old.state == "withdrawn":
        for finding in old.findings.filter(state__in=["open", "queried", "explained"]):
            FINDING.move(finding, "resolve", actor=system)
    visit.refresh_from_db()
    stays = visit.submissions.filter(state__in=MOVABLE).exists()
    if visit.state in {"accepted", "ready"} and stays:
        TIME_POINT.move(visit, "reset_qc", actor=system, reason=why)


# --- the worker's part ----------------------------------------------------------------------


def run(job: Job, move_id: str) -> None:
    """Bring the originals over, receive them, destroy what was left behind; repeatable."""
    with across_studies("a worker carries out a move"):
        move = Move.objects.select_related("study", "submission", "result").get(pk=UUID(move_id))
    if move.state != "carried_out" or move.result is None:
        return
    system = service("Moves", study_id=move.study_id)
    with scope(move.study), acting(system, move.reason):
        made = move.result
        if made.state == "draft":
            _bring(move.submission, made, Progress(job))
            _receive(made, move, system)
        _destroy(move)


def _bring(old: Submission, made: Submission, progress: Progress) -> None:
    source, target = ArrivalStore(old.pk), ArrivalStore(made.pk)
    left = list(made.files.filter(outcome=ReceivedFile.Outcome.ANNOUNCED))
    for number, row in enumerate(left, start=1):
        staged = target.stage(source.chunks(row.sha256), sha256=row.sha256, size=row.size)
        target.commit([staged])
        made.files.filter(pk=row.pk).update(
            outcome=ReceivedFile.Outcome.STORED, stored_at=clock.now()
        )
        if number % BATCH == 0:
            progress.at(number, "Bringing the originals over")


def _receive(made: Submission, move: Move, system: Actor) -> None:
    with transaction.atomic():
        points = TimePoint.objects.in_study(made.study_id).select_for_update()
        point = points.get(pk=made.time_point_id)
        now = clock.now()
        due = plan_of(made.study_id).due("qc", now)
        row = SUBMISSION.move(
            made,
            "take_over",
            actor=system,
            reason=move.reason,
            changes={"received_at": now, "qc_due_at": due.at, "qc_due_by": due.by},
            details={"from": str(move.submission), "files": made.file_count},
        )
        forms.lock(row.form_record, actor=system)
        if point.state == "expected":
            day = submissions.scan_date(row)
            TIME_POINT.move(point, "receive", actor=system, changes={"assessment_date": day})
        submissions.enqueue_processing(row)


def _destroy(move: Move) -> None:
    """Leave nothing of the moved images under the first subject."""
    old, chosen = move.submission, series_of(move)
    why = Why(move.reason, move=move)
    keeps = any(effect.get("keeps") for effect in move.effects)
    with transaction.atomic():
        if move.series_uids:
            digests = [sha256 for sha256, _ in _files_of(old, chosen)]
            destruction.some_originals(old, digests, why)
            destruction.outputs(old, chosen, why, spares=lambda _: keeps)
        else:
            destruction.originals(old, why)
            destruction.outputs(old, list(old.series.all()), why, spares=lambda _: keeps)
