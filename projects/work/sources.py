"""Where work comes from, one small function per kind; each sees only what its actor may see."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db.models import Count, Q

from accounts.models import Invitation
from accounts.permissions import Role
from audit import clock
from audit.actors import Actor
from audit.models import Event, Job
from exports.models import DataCut
from imaging.models import Attachment, LateImages, PhantomScan, SiteException, Submission
from imaging.services import phantoms, second_level
from projects.addresses import address
from projects.work.items import HOME_SOURCES, WorkItem, source
from queries.models import Query
from reads.models import ConfirmationRequest, CriterionAssessment, ReaderQuestion, ReadTask
from reads.services import preliminary
from reads.visibility import OPEN, cases_of_adjudicator, inbox
from studies.models import Configuration, Study, TimePoint
from studies.services.configuration import plan_of

_FEW = 12


def _end_of(day: object, study: Study) -> datetime:
    return datetime.combine(day, time(18, 0), ZoneInfo(study.time_zone))  # type: ignore[arg-type]


@source("submission.upload")
def visits_due(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Visits whose window is open or past, for the site."""
    soon = clock.today(study.time_zone) + timedelta(days=14)
    rows = (
        TimePoint.objects.visible_to(actor)
        .filter(
            state="expected", window_from__lte=soon, subject__state__in=["screening", "enrolled"]
        )
        .select_related("subject")
    )
    for tp in rows.order_by("window_to")[:_FEW]:
        yield WorkItem(
            what=f"Send the {tp.label} scans of {tp.subject.code}",
            study=study.code,
            about=f"Window {tp.window_from:%d %b} to {tp.window_to:%d %b %Y}",
            kind="Upload",
            url=address("site-home"),
            icon="cloud-upload",
            due=_end_of(tp.window_to, study),
            cause="Upload not sent",
        )


@source("query.answer")
def queries_to_answer(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Queries that wait for the site."""
    rows = Query.objects.visible_to(actor).filter(state__in=["open", "reopened"])
    for query in rows.select_related("subject", "time_point"):
        yield WorkItem(
            what=f"Answer {query}",
            study=study.code,
            about=f"{query.time_point or query.subject or ''} · {query.title}",
            kind="Query",
            url=address("query-page", study.code, query.pk),
            icon="message-question",
            tone="wait",
            due=query.due_at,
            cause="Site has not answered",
        )


@source("query.close")
def queries_to_look_at(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Answered queries to look at, and open ones that are late, to chase."""
    rows = Query.objects.visible_to(actor).select_related("subject", "time_point", "study_site")
    for query in rows.filter(state="answered"):
        yield WorkItem(
            what=f"Look at the answer to {query}",
            study=study.code,
            about=f"{query.time_point or query.subject or ''} · {query.title}",
            kind="Query",
            url=address("query-page", study.code, query.pk),
            icon="message-reply",
        )
    for query in rows.filter(state__in=["open", "reopened"], due_at__lt=clock.now()):
        yield WorkItem(
            what=f"Chase {query} at site {query.study_site.number}",
            study=study.code,
            about=f"{query.time_point or query.subject or ''} · {query.title}",
            kind="Query",
            url=address("query-page", study.code, query.pk),
            icon="arrow-up-right",
            tone="stop",
            due=query.due_at,
            cause="Site has not answered",
        )


def _waits_for(sub: Submission, actor: Actor) -> bool:
    """Tell whether a submission in QC waits for this person: not for the site, not for another."""
    level = second_level.stage(sub)
    if level == second_level.FIRST:
        asked = sub.time_point.queries.filter(blocking=True, state__in=["open", "reopened"])
        return not asked.exists()
    first = second_level.review_of(sub, second_level.FIRST)
    return level == second_level.SECOND and (
        first is not None and first.reviewer_id != actor.user_id
    )


@source("qc.decide")
def submissions_to_check(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Submissions in QC and held ones, oldest first."""
    rows = Submission.objects.visible_to(actor).filter(state__in=["in_qc", "held"])
    for sub in rows.select_related("subject", "time_point").order_by("qc_due_at"):
        held = sub.state == "held"
        if not held and not _waits_for(sub, actor):
            continue
        yield WorkItem(
            what=f"{'Decide on held' if held else 'Check'} {sub}",
            study=study.code,
            about=f"{sub.time_point}{' · ' + sub.hold_reason if held else ''}",
            kind="QC",
            url=address("hold-screen" if held else "qc-workbench", study.code, sub.pk),
            icon="hand-stop" if held else "clipboard-check",
            tone="wait" if held else "work",
            due=sub.qc_due_at,
            cause="QC queue over plan",
        )


@source("submission.hold")
def attachments_to_judge(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Attachments that wait for a redacted copy or its release, oldest first."""
    rows = Attachment.objects.visible_to(actor).filter(state__in=["held", "redacted"])
    gone = ["draft", "uploading", "rejected", "withdrawn"]
    rows = rows.exclude(submission__state__in=gone).order_by("created_at")
    for paper in rows.select_related("submission__time_point", "submission__subject"):
        made = paper.state == "redacted"
        yield WorkItem(
            what=f"{'Release' if made else 'Redact'} {str(paper).lower()} of {paper.submission}",
            study=study.code,
            about=str(paper.submission.time_point),
            kind="QC",
            url=address("attachment-screen", study.code, paper.submission_id, paper.pk),
            icon="shield-lock",
            tone="wait",
            due=paper.submission.qc_due_at,
            cause="QC queue over plan",
        )


@source("qc.resolve")
def decisions_to_settle(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Visits on which two persons decided differently, for science."""
    rows = Submission.objects.visible_to(actor).filter(state="in_qc", reviews__level=2)
    for sub in rows.select_related("subject", "time_point").distinct().order_by("qc_due_at"):
        if second_level.differ(sub) is not None:
            yield WorkItem(
                what=f"Settle two decisions on {sub}",
                study=study.code,
                about=str(sub.time_point),
                kind="QC",
                url=address("qc-workbench", study.code, sub.pk),
                icon="git-merge",
                tone="wait",
                due=sub.qc_due_at,
                cause="QC queue over plan",
            )


@source("late.decide")
def late_images_to_decide(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Late images that wait for a decision of science."""
    rows = LateImages.objects.visible_to(actor).filter(state="open")
    for late in rows.select_related("submission", "time_point__subject").order_by("due_at"):
        yield WorkItem(
            what=f"Decide on late images {late.submission}",
            study=study.code,
            about=f"{late.time_point} · reads have begun",
            kind="QC",
            url=address("late-page", study.code, late.pk),
            icon="clock-exclamation",
            tone="wait",
            due=late.due_at,
            cause="Late images undecided",
        )


@source("exception.approve")
def exceptions_to_approve(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Standing exceptions that wait for a scientist's signature."""
    for row in SiteException.objects.visible_to(actor).filter(state="proposed"):
        yield WorkItem(
            what=f"Approve or decline exception {row}",
            study=study.code,
            about=f"Site {row.study_site}",
            kind="QC",
            url=address("exception-page", study.code, row.pk),
            icon="notebook",
        )


@source("late.carry_out")
def late_images_to_carry_out(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Signed decisions on late images that a person must carry out."""
    rows = LateImages.objects.visible_to(actor).filter(state="decided")
    for late in rows.select_related("submission", "time_point__subject"):
        yield WorkItem(
            what=f"Carry out: {late.get_decision_display().lower()}",
            study=study.code,
            about=f"{late.time_point} · late images {late.submission}",
            kind="QC",
            url=address("late-page", study.code, late.pk),
            icon="rotate",
            tone="wait",
        )


@source("study.configure")
def late_uploads(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Visits whose window has passed without scans, by site."""
    today = clock.today(study.time_zone)
    rows = (
        TimePoint.objects.visible_to(actor)
        .filter(state="expected", window_to__lt=today, subject__state="enrolled")
        .select_related("subject__study_site__site")
    )
    for tp in rows.order_by("window_to")[:_FEW]:
        yield WorkItem(
            what=f"Chase the {tp.label} scans of {tp.subject.code}",
            study=study.code,
            about=f"Site {tp.subject.study_site} · window ended {tp.window_to:%d %b %Y}",
            kind="Upload",
            url=address("time-point", study.code, tp.pk),
            icon="clock-exclamation",
            tone="stop",
            due=_end_of(tp.window_to, study),
            cause="Upload not sent",
        )


@source("read.manage")
def questions_of_sites(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Sites that wait for a confirmation of progression; the hours run."""
    rows = ConfirmationRequest.objects.visible_to(actor).filter(state="asked")
    for asked in rows.select_related("time_point__subject"):
        is_late = asked.due_at < clock.now()
        yield WorkItem(
            what="Get a site its answer about progression",
            study=study.code,
            about=str(asked.time_point),
            kind="Read",
            url=address("site-answers", study.code),
            icon="send",
            tone="stop" if is_late else "wait",
            due=asked.due_at,
            cause="Site waits for an answer",
        )


@source("read.manage")
def late_reads(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Reads past their due instant and declined ones; readers by name for those who manage them."""
    rows = ReadTask.objects.visible_to(actor).select_related(
        "stream__reader", "time_point__subject"
    )
    for task in rows.filter(state__in=OPEN, due_at__lt=clock.now()):
        yield WorkItem(
            what=f"Ask {task.stream.reader} for a late read",
            study=study.code,
            about=f"{task.time_point or task.stream.subject}"
            f" · {task.stream.get_role_display().lower()}",
            kind="Read",
            url=address("read-progress", study.code),
            icon="eye",
            tone="stop",
            due=task.due_at,
            cause="Reader past due",
        )
    for task in rows.filter(state="declined"):
        yield WorkItem(
            what="Find another reader for a declined read",
            study=study.code,
            about=f"{task.time_point or task.stream.subject} · {task.decline_reason}",
            kind="Read",
            url=address("read-progress", study.code),
            icon="eye-plus",
            tone="wait",
        )
    loads = (
        rows.filter(state__in=OPEN)
        .values("stream__reader__printed_name")
        .annotate(n=Count("id"))
        .order_by("-n")
    )
    for load in loads[:3]:
        yield WorkItem(
            what=f"Follow {load['stream__reader__printed_name']}: {load['n']} reads open",
            study=study.code,
            about="Reader load against the plan's turnaround",
            kind="Reader",
            url=address("read-progress", study.code),
            icon="eye",
        )


@source("adjudication.progress")
def late_adjudications(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Cases nobody has taken, for those who see to it."""
    from reads.models import AdjudicationCase

    if not actor.may("read.manage"):
        return
    rows = AdjudicationCase.objects.visible_to(actor).filter(state="pending")
    for case in rows.select_related("time_point__subject"):
        yield WorkItem(
            what="Ask an adjudicator to take a case",
            study=study.code,
            about=f"{case.time_point or case.subject} · readers differ",
            kind="Adjudication",
            url=address("read-progress", study.code),
            icon="gavel",
            tone="wait",
            due=case.due_at,
            cause="Adjudication waits",
        )


@source("read.inbox")
def reads_to_do(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """The reader's blinded reads."""
    for task in inbox(actor):
        yield WorkItem(
            what=f"Read {task.stream.label}, time point {task.sequence}",
            study=study.code,
            about=task.get_state_display(),
            kind="Read",
            url=address("read-page", study.code, task.pk),
            icon="eye",
            tone="read",
            due=task.due_at,
        )


@source("adjudication.inbox")
def cases_to_decide(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """The adjudicator's cases."""
    for case in cases_of_adjudicator(actor).filter(state__in=["pending", "claimed"]):
        yield WorkItem(
            what=f"{'Decide' if case.state == 'claimed' else 'Take'} case {case.label}",
            study=study.code,
            about="Two reads differ",
            kind="Adjudication",
            url=address("adjudication-case", study.code, case.pk),
            icon="gavel",
            tone="wait",
            due=case.due_at,
        )


@source("cut.make")
def cuts_to_make(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Cuts on their way to release."""
    verbs = {
        "planned": "Start cleaning for",
        "cleaning": "Freeze",
        "frozen": "Wait for the files of",
        "generated": "Release",
    }
    rows = DataCut.objects.visible_to(actor).filter(state__in=verbs)
    for cut in rows:
        yield WorkItem(
            what=f"{verbs[cut.state]} {cut.title}",
            study=study.code,
            about=f"Cut-off {cut.cut_off:%d %b %Y}",
            kind="Data cut",
            url=address("cut-page", study.code, cut.pk),
            icon="list-check",
            due=_end_of(cut.planned_for, study),
            cause="Data cut late",
        )


@source("cut.acknowledge")
def cuts_to_take(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Released cuts to download and confirm."""
    for cut in DataCut.objects.visible_to(actor).filter(state="released"):
        yield WorkItem(
            what=f"Download and confirm {cut.title}",
            study=study.code,
            about=f"Cut-off {cut.cut_off:%d %b %Y}, {cut.item_count} records",
            kind="Data cut",
            url=address("cut-page", study.code, cut.pk),
            icon="file-download",
        )


@source("visits.compare")
def visits_to_compare(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Imaging visits for comparison with the clinical database."""
    received = (
        TimePoint.objects.visible_to(actor).exclude(state__in=["expected", "not_done"]).count()
    )
    yield WorkItem(
        what=f"Compare {received} imaging visits with the clinical database",
        study=study.code,
        about="Subject, visit and scan date as listing",
        kind="Comparison",
        url=address("visit-listing", study.code),
        icon="clipboard-list",
    )


@source("configuration.sign")
def configuration_to_sign(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Configuration that waits for approval, and overrides that science looks at."""
    rows = Configuration.objects.visible_to(actor).filter(
        state__in=["in_review", "in_test", "draft"]
    )
    for made in rows:
        yield WorkItem(
            what=f"Approve {made}",
            study=study.code,
            about=made.get_kind_display(),
            kind="Configuration",
            url=address("configuration-page", study.code, made.pk),
            icon="writing-sign",
            tone="wait",
        )
    if Role.SCIENTIFIC not in actor.roles:
        return
    overridden = CriterionAssessment.objects.visible_to(actor).exclude(override_class="")
    for assessment in overridden.filter(session__state__in=["signed", "final"]).select_related(
        "session__task__time_point__subject"
    )[:_FEW]:
        task = assessment.session.task
        yield WorkItem(
            what="Look at a reader's override",
            study=study.code,
            about=f"{task.time_point} · {assessment.override_class.lower()}",
            kind="Read check",
            url=address("time-point", study.code, task.time_point_id),
            icon="eye-search",
        )
    open_count = TimePoint.objects.visible_to(actor).filter(state="in_qc").count()
    yield WorkItem(
        what="Review image quality so far",
        study=study.code,
        about=f"{open_count} time points are in QC",
        kind="Quality",
        url=address("study-overview", study.code),
        icon="clipboard-check",
    )


@source("study.overview")
def health(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """One line per study for those who watch over several, and for sponsors."""
    if not actor.roles & {Role.PORTFOLIO_MANAGER, Role.SPONSOR}:
        return
    late = Count("id", filter=Q(state="expected", window_to__lt=clock.today(study.time_zone)))
    counts = TimePoint.objects.visible_to(actor).aggregate(all=Count("id"), late=late)
    yield WorkItem(
        what=f"See how {study.code} stands",
        study=study.code,
        about=f"{counts['all']} time points, {counts['late']} uploads late",
        kind="Study",
        url=address("study-overview", study.code),
        icon="report-analytics",
    )


@source("trail.view")
def trail_to_review(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """The trail since yesterday, for auditors and inspectors (ICH E6(R3) 4.2.3)."""
    if not actor.roles & {Role.QUALITY_AUDITOR, Role.INSPECTOR}:
        return
    acts = Event.objects.filter(study_id=study.pk).count()
    yield WorkItem(
        what="Review the audit trail",
        study=study.code,
        about=f"{acts} acts are recorded",
        kind="Trail",
        url=address("study-trail", study.code),
        icon="history",
    )


def accounts_to_look_after(actor: Actor) -> Iterable[WorkItem]:
    """Invitations, jobs that need a person, for the administrator."""
    waiting = Invitation.objects.filter(accepted_at=None, withdrawn_at=None).count()
    stuck = Job.objects.filter(state__in=["quarantined", "failed"]).count()
    yield WorkItem(
        what="Review accounts and roles",
        study="",
        about=f"{waiting} invitations are open",
        kind="Access",
        url=address("user-list"),
        icon="users",
    )
    yield WorkItem(
        what="Look after background work",
        study="",
        about=f"{stuck} jobs need a person" if stuck else "Every job ran",
        kind="System",
        url=address("system-page"),
        icon="robot",
        tone="stop" if stuck else "work",
    )


HOME_SOURCES.append(("user.manage", accounts_to_look_after))


@source("phantom.send")
def phantoms_wanted(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Scanners whose qualification is missing, over or ends soon, for the site."""
    for one in phantoms.wanted(study, actor):
        last = one.latest
        going = last is not None and last.state in {"draft", "returned"}
        why = {"missing": "Never qualified", "failed": "The last scan failed"}.get(one.state)
        yield WorkItem(
            what=f"Send a phantom scan of {one.scanner}",
            study=study.code,
            about=f"{one.programme.title} · {why or f'qualified until {one.until:%d %b %Y}'}",
            kind="Phantom",
            url=address("phantom-scan", study.code, last.pk)
            if going and last is not None and last.state == "draft"
            else address("phantom-list", study.code),
            icon="target",
            tone="wait" if one.state == "due" else "stop",
            due=_end_of(one.due, study) if one.due else None,
            cause="Scanner not qualified",
        )


@source("phantom.decide")
def phantoms_to_judge(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Measured phantom scans that wait for a scientist, oldest first."""
    rows = PhantomScan.objects.visible_to(actor).filter(state="measured")
    for scan in rows.select_related("scanner", "study_site__site").order_by("received_at"):
        yield WorkItem(
            what=f"Judge phantom scan {scan}",
            study=study.code,
            about=f"{scan.scanner} · {scan.study_site}",
            kind="Phantom",
            url=address("phantom-scan", study.code, scan.pk),
            icon="target",
            tone="wait",
            due=plan_of(study).due("qc", scan.received_at).at if scan.received_at else None,
            cause="Phantom not judged",
        )


@source("question.handle")
def questions_of_readers(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Readers' questions: their reads are on hold until the answer."""
    rows = ReaderQuestion.objects.visible_to(actor).filter(state__in=["asked", "relayed"])
    rows = rows.exclude(state="relayed", query__state__in=["open", "reopened"])
    for row in rows.select_related("task__stream__subject", "query").order_by("due_at")[:_FEW]:
        back = row.state == "relayed"
        yield WorkItem(
            what="Answer a reader's question" if not back else "Tell the reader what the site said",
            study=study.code,
            about=f"{row.task.stream.subject.code} · {row.text[:60]}",
            kind="Question",
            url=address("question-page", study.code, row.pk),
            icon="message-2-question",
            tone="read",
            due=row.due_at,
            cause="A read waits for its answer",
        )


@source("question.release")
def answers_held(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Answers with words that could unblind, for somebody who did not write them."""
    rows = ReaderQuestion.objects.visible_to(actor).filter(state="held")
    rows = rows.exclude(written_by_id=actor.user_id).select_related("task__stream__subject")
    for row in rows.order_by("due_at")[:_FEW]:
        yield WorkItem(
            what="Release or return an answer to a reader",
            study=study.code,
            about=f"{row.task.stream.subject.code} · {len(row.findings)} words that could unblind",
            kind="Question",
            url=address("question-page", study.code, row.pk),
            icon="eye-off",
            tone="stop",
            due=row.due_at,
            cause="A read waits for its answer",
        )


@source("preliminary.write")
def measurements_to_prepare(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Time points that are read only after their measurements are finished."""
    if Role.IMAGE_OPERATIONS not in actor.roles:
        return
    for point in preliminary.to_prepare(actor)[:_FEW]:
        yield WorkItem(
            what=f"Prepare the measurements of {point.subject.code} {point.label}",
            study=study.code,
            about="Images accepted; the read waits",
            kind="Measurements",
            url=address("preliminary-page", study.code, point.pk),
            icon="ruler-measure",
            tone="read",
        )
