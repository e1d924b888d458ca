"""Work on images: quality control, held and late ones, phantoms, measurements to prepare."""

from __future__ import annotations

from collections.abc import Iterable

from accounts.permissions import Role
from audit.actors import Actor
from imaging.models import Attachment, LateImages, PhantomScan, SiteException, Submission
from imaging.services import second_level
from projects.addresses import address
from projects.work.items import FEW, WorkItem, source
from reads.services import preliminary
from studies.models import Study
from studies.services.configuration import plan_of


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


@source("preliminary.write")
def measurements_to_prepare(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Time points that are read only after their measurements are finished."""
    if Role.IMAGE_OPERATIONS not in actor.roles:
        return
    for point in preliminary.to_prepare(actor)[:FEW]:
        yield WorkItem(
            what=f"Prepare the measurements of {point.subject.code} {point.label}",
            study=study.code,
            about="Images accepted; the read waits",
            kind="Measurements",
            url=address("preliminary-page", study.code, point.pk),
            icon="ruler-measure",
            tone="read",
        )
