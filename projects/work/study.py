"""Work for a study as a whole: what to approve, how it stands, the trail; accounts."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q

from accounts.models import Invitation
from accounts.permissions import Role
from audit import clock
from audit.actors import Actor
from audit.models import Event, Job
from projects.addresses import address
from projects.work.items import FEW, HOME_SOURCES, WorkItem, source
from reads.models import CriterionAssessment
from studies.models import Configuration, Study, TimePoint
from ui.figures import counted


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
    )[:FEW]:
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
        about=f"{counted(open_count, 'time point')} in QC",
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
        about=f"{counted(counts['all'], 'time point')}, {counted(counts['late'], 'upload')} late",
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
        about=f"{counted(acts, 'act')} recorded",
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
        about=counted(waiting, "open invitation"),
        kind="Access",
        url=address("user-list"),
        icon="users",
    )
    yield WorkItem(
        what="Look after background work",
        study="",
        about=f"{counted(stuck, 'job')} waiting for a person" if stuck else "Every job ran",
        kind="System",
        url=address("system-page"),
        icon="robot",
        tone="stop" if stuck else "work",
    )


HOME_SOURCES.append(("user.manage", accounts_to_look_after))
