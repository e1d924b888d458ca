"""Background work of reads: planning, settling, accepting."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from accounts.models import Invitation
from audit import clock, jobs
from audit.actors import service
from audit.jobs import enqueue, job
from audit.models import Job
from reads.models import (
    AdjudicationCase,
    ConfirmationRequest,
    ReaderInvitation,
    ReadSession,
    Recall,
    ValidationReport,
    VariabilityPlan,
)
from reads.services import (
    accepting,
    attempts,
    care,
    checking,
    following,
    inviting,
    planning,
    recalling,
    releasing,
    sampling,
    settling,
    training,
    twinning,
    variability,
)
from studies.models import Configuration, Study, Subject, TimePoint
from studies.scoping import across_studies, scope

#: steps of a time point after which reads may have become possible
_OPENING = frozenset({"make_ready", "not_done"})


@job("reads.plan", label="Read desk")
def plan(row: Job, *, subject_id: str) -> None:
    """Make the tasks of every time point that can be read now."""
    with scope(row.study_id):
        subject = Subject.objects.select_related("study").get(pk=subject_id)
        planning.plan_reads(subject, actor=service("Read desk", study_id=row.study_id))
        following.ask(subject, str(row.pk))


@job("reads.settle", label="Read desk")
def settle(row: Job, *, time_point_id: str) -> None:
    """Compare signed reads and accept or open an adjudication."""
    with scope(row.study_id):
        time_point = TimePoint.objects.select_related("subject").get(pk=time_point_id)
        settling.settle(time_point, actor=service("Read desk", study_id=row.study_id))
        following.ask(time_point.subject, str(row.pk))


@job("reads.accept", label="Read desk")
def accept(row: Job, *, case_id: str) -> None:
    """Accept the session that an adjudicator chose."""
    with scope(row.study_id):
        case = AdjudicationCase.objects.select_related("session_1", "session_2").get(pk=case_id)
        desk = service("Read desk", study_id=row.study_id)
        if case.level == AdjudicationCase.Level.TIME_POINT:
            settling.accept_adjudicated(case, actor=desk)
        else:
            accepting.accept_case(case, actor=desk)
        following.ask(case.subject, str(row.pk))


@job("reads.settle_review", label="Read desk")
def settle_review(row: Job, *, session_id: str) -> None:
    """Compare, accept or answer by a signed session besides time points."""
    with scope(row.study_id):
        session = ReadSession.objects.select_related("task__stream__subject").get(pk=session_id)
        following.settle_review(session, actor=service("Read desk", study_id=row.study_id))
        following.ask(session.task.stream.subject, str(row.pk))


@job("reads.sessions", label="Read desk")
def sessions(row: Job, *, subject_id: str) -> None:
    """Open the sessions besides time points that a subject can have now."""
    with scope(row.study_id):
        subject = Subject.objects.select_related("study").get(pk=subject_id)
        following.follow(subject, actor=service("Read desk", study_id=row.study_id))


@job("reads.confirm", label="Read desk")
def confirm(row: Job, *, request_id: str) -> None:
    """Get the reads under way that a site's question needs."""
    with scope(row.study_id):
        asked = ConfirmationRequest.objects.select_related("subject", "time_point").get(
            pk=request_id
        )
        following.confirm(asked, actor=service("Read desk", study_id=row.study_id))


@job("reads.sample", label="Read desk")
def sample(row: Job, *, of_study: str) -> None:
    """Compare the sample with the sites' results."""
    with scope(of_study):
        study = Study.objects.get(pk=of_study)
        sampling.escalate(study, actor=service("Read desk", study_id=study.pk))


@job("reads.twin", label="UAT twin")
def furnish_twin(row: Job, *, twin_id: str) -> None:
    """Give a UAT twin its invented subjects."""
    twinning.furnish(Study.objects.get(pk=twin_id))


@job("reads.validate", label="Validation")
def validate(row: Job, *, design_id: str, asked_by: str) -> None:
    """Validate a read design and keep the report; a report of this very job is not made twice."""
    with scope(row.study_id):
        design = Configuration.objects.select_related("study").get(pk=design_id)
        if not ValidationReport.objects.filter(design=design, facts__job=str(row.pk)).exists():
            actor = service("Validation", study_id=row.study_id)
            releasing.validate(design, actor=actor, asked_by=asked_by, job=str(row.pk))


def time_point_moved(sender: type[TimePoint], *, step: str, row: Any, **_: Any) -> None:
    """Ask for planning when a time point became ready or was declared not done."""
    if step in _OPENING:
        # Every opening of a time point is work of its own: its version names it.
        version = row.history.values_list("history_id", flat=True).latest("history_id")
        enqueue(
            "reads.plan",
            key=f"reads.plan:{row.pk}:{version}",
            row=row,
            subject_id=str(row.subject_id),
        )


def subject_moved(sender: type[Subject], *, row: Any, **_: Any) -> None:
    """Ask for planning when a subject was enrolled, its course ended, or it died."""
    if not following.is_concerned(row.study_id):
        return
    dated = row.anchors.count()
    version = row.history.values_list("history_id", flat=True).latest("history_id")
    enqueue(
        "reads.plan", key=f"reads.plan:{row.pk}:{version}:{dated}", row=row, subject_id=str(row.pk)
    )


@job("reads.score", label=training.DESK)
def score(row: Job, *, session_id: str) -> None:
    """Mark a signed training read by the key of its case."""
    with scope(row.study_id):
        session = ReadSession.objects.select_related("task__stream", "form_record__form").get(
            pk=session_id
        )
        attempts.score_session(session, actor=service(training.DESK, study_id=row.study_id))


@job("reads.remind", label=care.DESK)
def remind(row: Job, *, of_study: str) -> None:
    """Remind readers of reads that come near or are late; escalate what is far past due."""
    with scope(of_study):
        study = Study.objects.get(pk=of_study)
        care.remind(study, actor=service(care.DESK, study_id=study.pk))


@job("reads.welcome", label=inviting.DESK)
def welcome(row: Job, *, of_invitation: str) -> None:
    """Enter a reader who accepted the invitation in the register, and put them on the board."""
    with across_studies("an invitation names its study"):
        for held in ReaderInvitation.objects.filter(invitation_id=of_invitation):
            inviting.welcome(held)


def invitation_saved(sender: type[Invitation], *, instance: Invitation, **_: Any) -> None:
    """Ask for the welcome of a reader when the invitation is accepted."""
    if instance.accepted_at is None:
        return
    if ReaderInvitation._base_manager.filter(invitation_id=instance.pk).exists():
        enqueue(
            "reads.welcome",
            key=f"reads.welcome:{instance.pk}",
            study_id=instance.study_id,
            of_invitation=str(instance.pk),
        )


def session_moved(sender: type[ReadSession], *, step: str, row: Any, **_: Any) -> None:
    """Ask for the marks of a training read when it is signed."""
    if step == "sign" and row.task.stream.purpose == "training":
        enqueue("reads.score", key=f"reads.score:{row.pk}", row=row, session_id=str(row.pk))


@shared_task(name="reads.ask_for_reminders")
def ask_for_reminders() -> int:
    """Ask for the reminders of every study in conduct, once an hour."""
    hour = clock.now().strftime("%Y-%m-%dT%H")
    studies = Study.objects.filter(state="conduct")
    for study in studies:
        enqueue(
            "reads.remind",
            key=f"reads.remind:{study.pk}:{hour}",
            row=study,
            study_id=study.pk,
            of_study=str(study.pk),
        )
    return len(studies)


@job(checking.JOB, label="Check library")
def check(row: Job, *, asked_by: str) -> None:
    """Run every check over the signed reads of a study."""
    progress = jobs.Progress(row)
    with scope(row.study_id):
        study = Study.objects.get(pk=row.study_id or "")
        checking.run_checks(study, work=row.key, asked_by=asked_by, told=progress.at)


@job(recalling.JOB, label="Read desk")
def recall(row: Job, *, recall_id: str) -> None:
    """Roll back every read of a recalled reader, subject by subject."""
    progress = jobs.Progress(row)
    with scope(row.study_id):
        found = Recall.objects.select_related("reader", "study").get(pk=recall_id)
        recalling.carry_out(found, told=progress.at)


@shared_task(name="reads.ask_for_checks")
def ask_for_checks() -> int:
    """Ask for the nightly check run of every study in conduct."""
    return len(checking.ask_for_night())


@job("reads.read_again", label=variability.DESK)
def read_again(row: Job, *, of_study: str) -> None:
    """Give out the re-reads of a study whose wash-out has passed."""
    with scope(of_study):
        study = Study.objects.get(pk=of_study)
        variability.give_out(study, actor=service(variability.DESK, study_id=study.pk))


@shared_task(name="reads.ask_for_rereads")
def ask_for_rereads() -> int:
    """Ask every study with a drawn sample for the re-reads of the day, once a day."""
    day = clock.now().strftime("%Y-%m-%d")
    with across_studies("the day's re-reads"):
        drawn = VariabilityPlan.objects.filter(state="drawn").values("study_id")
    studies = Study.objects.filter(pk__in=drawn)
    for study in studies:
        enqueue(
            "reads.read_again",
            key=f"reads.read_again:{study.pk}:{day}",
            row=study,
            study_id=study.pk,
            of_study=str(study.pk),
        )
    return len(studies)
