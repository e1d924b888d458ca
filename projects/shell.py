"""The frame of every page: who is here, in which study, and the menu of the role."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from accounts.models import Notice, User
from accounts.permissions import BLINDED_ROLES, Role
from audit.actors import Actor
from projects.names import role_label
from studies.actors import memberships_of, studies_of
from studies.models import Study
from ui.shell import Band, MenuGroup, MenuItem, Shell, Switcher, SwitcherOption


@dataclass(frozen=True, slots=True)
class Entry:
    """A possible menu line: shown to those who hold its right."""

    right: str
    label: str
    icon: str
    url_name: str


#: heading -> entries inside a study
STUDY_MENU: Sequence[tuple[str, Sequence[Entry]]] = (
    (
        "",
        (Entry("study.overview", "Study overview", "layout-dashboard", "study-overview"),),
    ),
    (
        "Images",
        (
            Entry("timepoint.view", "Time points", "table", "matrix"),
            Entry("qc.view", "Uploads and QC", "clipboard-check", "qc-queue"),
            Entry("query.view", "Queries", "message-question", "query-list"),
        ),
    ),
    (
        "Reads",
        (
            Entry("read.inbox", "My reads", "eye", "read-inbox"),
            Entry("adjudication.inbox", "My cases", "gavel", "adjudication-inbox"),
            Entry("read.progress", "Reads", "eye-check", "read-progress"),
        ),
    ),
    (
        "Study",
        (
            Entry("subject.view", "Subjects", "users", "subject-list"),
            Entry("configuration.view", "Configuration", "files", "configuration-list"),
            Entry("study.members.manage", "People", "user-check", "people"),
            Entry("trail.view", "Audit trail", "history", "study-trail"),
        ),
    ),
    (
        "Data",
        (
            Entry("cut.view", "Data cuts", "package-export", "cut-list"),
            Entry("visits.compare", "Visit listing", "clipboard-list", "visit-listing"),
        ),
    ),
)
HOME_MENU: Sequence[Entry] = (
    Entry("user.manage", "Users", "users", "user-list"),
    Entry("system.view", "System", "robot", "system-page"),
)


def shell_of(request: HttpRequest) -> Shell:
    """Build the frame of a request."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return Shell()
    actor: Actor = request.actor  # type: ignore[attr-defined]
    study: Study | None = getattr(request, "study", None)
    roles = sorted(memberships_of(user).values_list("role", flat=True).distinct())
    return Shell(
        printed_name=user.printed_name,
        role=role_label(actor.role or (roles[0] if roles else "")),
        time_zone=user.time_zone,
        switcher=_switcher(user, study),
        menu=_menu(request, user, actor, study),
        search_hint="" if set(roles) <= BLINDED_ROLES else _("Subject, query, submission"),
        notifications=Notice.objects.filter(user=user, read_at=None).count(),
        notifications_url=reverse("notices"),
        account=(MenuItem(label=_("My account"), icon="user", url=reverse("profile")),),
        band=_band(actor, study, roles),
        session_seconds=settings.SESSION_IDLE_SECONDS,
        session_url=reverse("session-extend"),
    )


def _band(actor: Actor, study: Study | None, roles: Sequence[str]) -> Band | None:
    held = set(actor.roles or roles)
    if held and held <= BLINDED_ROLES:
        return Band(
            kind="blinded",
            title=_("Blinded reading"),
            text=_("Study %s") % study.code if study else "",
        )
    if held and held <= {Role.INSPECTOR, Role.QUALITY_AUDITOR}:
        return Band(
            kind="inspect",
            title=_("Inspection, read only"),
            text=_("What you open is kept in the trail."),
        )
    if settings.ICRO_ENV == "demo":
        return Band(
            kind="demo",
            title=_("Demonstration"),
            text=_("Invented subjects; dates were shifted and are marked so in the history."),
        )
    return None


def _switcher(user: User, study: Study | None) -> Switcher:
    studies = studies_of(user)
    options = tuple(
        SwitcherOption(
            label=one.code,
            detail=f"{one.sponsor} · Phase {one.phase} · {one.get_state_display()}",
            url=_study_entry(one),
            current=study is not None and one.pk == study.pk,
        )
        for one in studies
    )
    if study is not None:
        detail = f"{study.sponsor} · Phase {study.phase} · {study.get_state_display()}"
        return Switcher(icon="flask", label=study.code, detail=detail, options=options)
    return Switcher(
        icon="stack-2", label=_("All my studies"), detail=_("%d active") % len(studies),
        options=options,
    )  # fmt: skip


def _study_entry(study: Study) -> str:
    return reverse("study-entry", args=[study.code])


def _menu(
    request: HttpRequest, user: User, actor: Actor, study: Study | None
) -> tuple[MenuGroup, ...]:
    home = MenuItem(
        label=_("My work"), icon="inbox", url=reverse("home"), current=request.path == "/"
    )
    if study is None:
        items = [
            home,
            *(_item(request, entry, []) for entry in HOME_MENU if actor.may(entry.right)),
        ]
        groups = [MenuGroup(items=tuple(item for item in items if item is not None))]
        if not actor.may("user.manage"):
            groups.append(_studies(user))
        return tuple(groups)
    groups = []
    for heading, entries in STUDY_MENU:
        found = [_item(request, e, [study.code]) for e in entries if actor.may(e.right)]
        shown = [item for item in found if item is not None]
        if not heading:
            shown = [home, *shown]
        if shown:
            groups.append(MenuGroup(label=_(heading) if heading else "", items=tuple(shown)))
    return tuple(groups)


def _studies(user: User) -> MenuGroup:
    items = tuple(
        MenuItem(label=one.code, icon="flask", url=_study_entry(one)) for one in studies_of(user)
    )
    return MenuGroup(label=_("My studies"), items=items)


def _item(request: HttpRequest, entry: Entry, args: list[str]) -> MenuItem | None:
    try:
        url = reverse(entry.url_name, args=args)
    except NoReverseMatch:
        url = reverse(entry.url_name)
    current = request.path == url or (len(url) > 1 and request.path.startswith(url))
    return MenuItem(label=_(entry.label), icon=entry.icon, url=url, current=current)
