"""Work of those who watch: sponsors, portfolio, oversight, partners, administration."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Max, Q

from accounts.models import User
from accounts.permissions import Role
from audit import clock
from audit.actors import Actor
from audit.models import Event
from projects.addresses import address
from projects.work.items import HOME_SOURCES, WorkItem, source
from studies.models import Study, StudySite, Subject, TimePoint
from ui.figures import counted

_FEW = 5
_RECEIVED = ~Q(subjects__time_points__state__in=["expected", "not_done"]) & Q(
    subjects__time_points__isnull=False
)


@source("study.overview")
def sites_to_watch(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """One line per site: what is late there, and how many questions it has not answered."""
    if not actor.roles & {Role.PORTFOLIO_MANAGER, Role.SPONSOR}:
        return
    late = Q(
        subjects__time_points__state="expected",
        subjects__time_points__window_to__lt=clock.today(study.time_zone),
    )
    rows = StudySite.objects.in_study(study).select_related("site")
    for site in rows.annotate(
        late=Count("subjects__time_points", filter=late, distinct=True),
        asked=Count("queries", filter=Q(queries__state__in=["open", "reopened"]), distinct=True),
    ).order_by("-late", "number"):
        yield WorkItem(
            what=f"Watch site {site.number} {site.site.city}",
            study=study.code,
            about=f"{counted(site.late, 'upload')} late, "
            f"{counted(site.asked, 'question')} not answered",
            kind="Site",
            url=address("study-overview", study.code),
            icon="building-hospital",
            tone="wait" if site.late or site.asked else "work",
        )


@source("visits.compare")
def sites_to_compare(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """One line per site for the comparison with the clinical database, and the visits not done."""
    if Role.CLINICAL_DATA_PARTNER not in actor.roles:
        return
    rows = StudySite.objects.in_study(study).select_related("site")
    for site in rows.annotate(
        visits=Count("subjects__time_points", filter=_RECEIVED, distinct=True)
    ).order_by("number"):
        yield WorkItem(
            what=f"Compare {counted(site.visits, 'visit')} of site {site.number} {site.site.city}",
            study=study.code,
            about="Subject, visit and scan date",
            kind="Comparison",
            url=address("visit-listing", study.code),
            icon="clipboard-list",
        )
    missed = TimePoint.objects.in_study(study).filter(state="not_done").count()
    if missed:
        yield WorkItem(
            what=f"Confirm {counted(missed, 'visit')} not done",
            study=study.code,
            about="With the reason that the site gave",
            kind="Comparison",
            url=address("visit-listing", study.code),
            icon="ban",
        )


@source("trail.view")
def stories_to_read(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """The subjects with the newest acts, for those who oversee."""
    if not actor.roles & {Role.QUALITY_AUDITOR, Role.INSPECTOR}:
        return
    newest = (
        Event.objects.filter(study_id=study.pk, object_kind="studies.subject")
        .values("object_id")
        .annotate(last=Max("id"))
        .order_by("-last")[:_FEW]
    )
    subjects = Subject.objects.visible_to(actor).select_related("study_site__site")
    for subject in subjects.filter(pk__in=[row["object_id"] for row in newest]):
        yield WorkItem(
            what=f"Read the story of subject {subject.code}",
            study=study.code,
            about=f"Site {subject.study_site}, {subject.get_state_display().lower()}",
            kind="Subject",
            url=address("subject", study.code, subject.pk),
            icon="user",
        )


def second_factors_to_ask_for(actor: Actor) -> Iterable[WorkItem]:
    """People without a second factor (EU GMP Annex 11 draft 11.6: remote access needs one)."""
    without = User.objects.filter(is_active=True, authenticator__isnull=True)
    for user in without.order_by("printed_name")[:_FEW]:
        yield WorkItem(
            what=f"Ask {user.printed_name} to enrol a second factor",
            study="",
            about=user.organisation_name,
            kind="Access",
            url=address("user-page", user.pk),
            icon="shield-lock",
        )


HOME_SOURCES.append(("user.manage", second_factors_to_ask_for))
