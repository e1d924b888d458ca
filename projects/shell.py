"""The frame of every page: who is here, in which study, and the menu of the role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import MenuChoice, Notice, User
from accounts.permissions import BLINDED_ROLES, Role
from accounts.sentences import role_words
from audit.actors import Actor
from imaging.models import Submission
from projects.addresses import address, start_address
from projects.names import leading_role
from queries.models import Query
from reads.services import training
from studies.actors import memberships_of
from studies.models import Membership, Study
from ui.shell import Band, MenuGroup, MenuItem, Shell, Switcher, SwitcherOption


@dataclass(frozen=True, slots=True)
class Entry:
    """A possible menu line: shown to those who hold its right."""

    right: str
    label: str
    icon: str
    url_name: str
    covers: tuple[str, ...] = ()  # other lists whose pages lie under this line, by URL name


#: heading -> entries inside a study
STUDY_MENU: Sequence[tuple[str, Sequence[Entry]]] = (
    (
        "",
        (
            Entry(
                "submission.upload", "Uploads", "cloud-upload", "site-home", ("submission-list",)
            ),
            Entry("study.overview", "Study overview", "layout-dashboard", "study-overview"),
        ),
    ),
    (
        "Images",
        (
            Entry("timepoint.view", "Time points", "table", "matrix"),
            Entry(
                "qc.view",
                "Uploads and QC",
                "clipboard-check",
                "qc-queue",
                ("submission-list", "late-list"),
            ),
            Entry("submission.hold", "Held files", "hand-stop", "hold-queue"),
            Entry("door.assign", "Unassigned arrivals", "inbox", "arrival-inbox", ("dicom-peers",)),
            Entry("query.view", "Queries", "message-question", "query-list"),
            Entry("phantom.view", "Phantoms", "target", "phantom-list"),
            Entry(
                "guideline.view",
                "Acquisition guideline",
                "adjustments",
                "guideline",
                ("exception-list",),
            ),
        ),
    ),
    (
        "Reads",
        (
            Entry("read.inbox", "My reads", "eye", "read-inbox"),
            Entry("read.inbox", "My qualification", "certificate", "reader-home"),
            Entry("adjudication.inbox", "My cases", "gavel", "adjudication-inbox"),
            Entry("read.progress", "Progress of reads", "eye-check", "read-progress"),
            Entry("confirmation.view", "Answers to sites", "send", "site-answers"),
            Entry("check.view", "Checks of reads", "list-search", "check-findings"),
            Entry("reminder.view", "Reminders", "bulb", "reminder-list"),
            Entry("rollback.view", "Roll-backs", "arrow-back-up", "rollback-list"),
            Entry("retraining.view", "Retraining", "book", "retraining-list"),
            Entry("rollback.acknowledge", "Corrections", "arrow-back-up", "correction-list"),
            Entry("reader.view", "Readers", "address-book", "reader-list"),
            Entry("training.key", "Training cases", "certificate", "training"),
            Entry("preliminary.view", "Prepared measurements", "ruler-measure", "preliminary-list"),
            Entry("question.view", "Questions of readers", "message-2-question", "question-list"),
            Entry(
                "dossier.watch",
                "Dossiers in reads",
                "file-description",
                "dossier-openings",
                ("dossier-change-list",),
            ),
            Entry("performance.view", "Reader performance", "chart-bar", "performance"),
        ),
    ),
    (
        "Study",
        (
            Entry("subject.view", "Subjects", "users", "subject-list"),
            Entry("dossier.view", "Clinical dossiers", "report", "dossier-desk"),
            Entry("configuration.view", "Project plan", "calendar-event", "plan"),
            Entry("configuration.view", "Charter", "book", "charter"),
            Entry("configuration.view", "eCRFs", "clipboard-list", "ecrf-list"),
            Entry("configuration.view", "De-identification", "shield-check", "deid-profile"),
            Entry("configuration.view", "Configuration", "files", "configuration-list"),
            Entry("study.members.manage", "People", "user-check", "people"),
            Entry("trail.view", "Audit trail", "history", "study-trail"),
        ),
    ),
    (
        "Data",
        (
            Entry("cut.view", "Data cuts", "package-export", "cut-list"),
            Entry("readings.view", "Imported readings", "file-spreadsheet", "reading-imports"),
            Entry("reconciliation.view", "Reconciliation", "arrows-diff", "reconciliation-list"),
            Entry("visits.compare", "Visit listing", "clipboard-list", "visit-listing"),
        ),
    ),
)
#: role -> its own page over all studies: words, icon, URL name
ROLE_MENU: Mapping[str, tuple[str, str, str]] = {
    Role.SITE_USER: ("Uploads", "cloud-upload", "site-home"),
    Role.CENTRAL_READER: ("My reads", "eye", "read-inbox"),
    Role.ADJUDICATOR: ("My cases", "gavel", "adjudication-inbox"),
}
#: tones of counts, the mildest first
_TONES = ("", "wait", "stop")
#: a menu with more lines than this starts folded, but for the group of the page
LONG_MENU = 16
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
    held = list(memberships_of(user))
    roles = frozenset(one.role for one in held)
    return Shell(
        printed_name=user.printed_name,
        role=role_words(actor.role or leading_role(roles)),
        time_zone=user.time_zone,
        switcher=_switcher(held, study),
        menu=_menu(request, held, actor, study),
        fold_url=reverse("menu-fold"),
        search_hint=_("Case") if roles <= BLINDED_ROLES else _("Subject, query, submission"),
        notifications=Notice.objects.filter(user=user, read_at=None).count(),
        notifications_url=reverse("notices"),
        account=(MenuItem(label=_("My account"), icon="user-cog", url=reverse("profile")),),
        band=_band(actor, study, roles),
        study_band=_study_band(study),
        session_seconds=settings.SESSION_IDLE_SECONDS,
        session_url=reverse("session-extend"),
    )


def _band(actor: Actor, study: Study | None, roles: frozenset[str]) -> Band | None:
    held = actor.roles or roles
    if held and held <= BLINDED_ROLES:
        return Band(
            kind="blinded",
            title=_("Blinded reading"),
            text=_("Study %s") % study.code if study else "",
        )
    if held and held <= {Role.INSPECTOR, Role.QUALITY_AUDITOR}:
        return Band(
            kind="inspect",
            title=_("Read only."),
            text=_("What you take away, and what was refused to you, is kept in the trail."),
        )
    if settings.ICRO_ENV == "demo":
        return Band(
            kind="demo",
            title=_("Demonstration"),
            text=_("Invented subjects; dates were shifted and are marked so in the history."),
        )
    return None


def _study_band(study: Study | None) -> Band | None:
    """Return the band of a training study, over each of its pages and for everybody."""
    trained = None if study is None else training.trains_for(study)
    if trained is None:
        return None
    return Band(
        kind="demo",
        title=_("Training study for %s.") % trained.code,
        text=_("Cases for practice. Nothing read here counts or reaches a data cut."),
    )


def _studies(held: Sequence[Membership]) -> list[Study]:
    found = {one.study for one in held if one.study is not None}
    return sorted(found, key=lambda study: study.code)


def _switcher(held: Sequence[Membership], study: Study | None) -> Switcher | None:
    studies = _studies(held)
    if not studies:
        return None
    blinded = {m.role for m in held} <= BLINDED_ROLES
    options = tuple(
        SwitcherOption(
            label=one.code,
            detail=_facts(one, blinded=blinded),
            url=reverse("study-entry", args=[one.code]),
            current=study is not None and one.pk == study.pk,
        )
        for one in studies
    )
    if study is not None:
        detail = _facts(study, blinded=blinded)
        return Switcher(icon="flask-2", label=study.code, detail=detail, options=options)
    return Switcher(
        icon="stack-2",
        label=_("All my studies"),
        detail=_("%d active") % len(studies),
        options=options,
    )


def _facts(study: Study, *, blinded: bool) -> str:
    if blinded:
        # Who pays for the study is nothing a blinded reader needs.
        return str(study.get_state_display())
    return f"{study.sponsor} · {_('Phase')} {study.phase} · {study.get_state_display()}"


def _menu(
    request: HttpRequest, held: Sequence[Membership], actor: Actor, study: Study | None
) -> tuple[MenuGroup, ...]:
    home = MenuItem(
        label=_("My work"), icon="inbox", url=reverse("home"), current=request.path == "/"
    )
    if study is None:
        return _home_menu(request, held, actor, home)
    counts = _counts(actor, study)
    groups = []
    for heading, entries in STUDY_MENU:
        items = [_item(entry, study, counts) for entry in entries if actor.may(entry.right)]
        if not heading:
            items = [home, *items]
        if items:
            groups.append(MenuGroup(label=heading, items=tuple(items)))
    path = _line_of(request.path, study, actor)
    return _folded(_here(groups, path), getattr(request, "user", None))


def _line_of(path: str, study: Study, actor: Actor) -> str:
    """Return the address under which a page lies: its own, or that of the line that covers it."""
    for entry in (one for _heading, entries in STUDY_MENU for one in entries):
        covered = [start_address(name, study.code) for name in entry.covers]
        if actor.may(entry.right) and any(path.startswith(address) for address in covered):
            return start_address(entry.url_name, study.code)
    return path


def _here(groups: Sequence[MenuGroup], path: str) -> list[MenuGroup]:
    """Mark the one line under which the page lies: the longest address that begins its own."""
    urls = [item.url for group in groups for item in group.items]
    under = [url for url in urls if (path == url if url == "/" else path.startswith(url))]
    here = max(under, key=len, default="")
    return [
        replace(
            group,
            items=tuple(
                replace(item, current=bool(here) and item.url == here) for item in group.items
            ),
        )
        for group in groups
    ]


def _folded(groups: Sequence[MenuGroup], user: User | None) -> tuple[MenuGroup, ...]:
    """Fold groups as the person chose; the group of the page stays open."""
    chosen = MenuChoice.objects.filter(user=user).values_list("groups", flat=True).first() or {}
    is_long = sum(len(group.items) for group in groups) > LONG_MENU
    return tuple(
        replace(
            group,
            label=_(group.label),
            key=group.label.lower(),
            is_open=any(item.current for item in group.items)
            or chosen.get(group.label.lower(), not is_long),
            count=sum(item.count or 0 for item in group.items),
            tone=max((item.tone for item in group.items), key=_TONES.index),
        )
        if group.label
        else group
        for group in groups
    )


def group_keys() -> frozenset[str]:
    """Return the keys of the groups that fold."""
    return frozenset(heading.lower() for heading, _entries in STUDY_MENU if heading)


def _home_menu(
    request: HttpRequest, held: Sequence[Membership], actor: Actor, home: MenuItem
) -> tuple[MenuGroup, ...]:
    items = [home]
    roles = {one.role for one in held}
    items += [
        _plain(request, _(label), icon, address(name))
        for role, (label, icon, name) in ROLE_MENU.items()
        if role in roles
    ]
    items += [
        _plain(request, _(entry.label), entry.icon, address(entry.url_name))
        for entry in HOME_MENU
        if actor.may(entry.right)
    ]
    studies = tuple(
        MenuItem(label=one.code, icon="flask-2", url=reverse("study-entry", args=[one.code]))
        for one in _studies(held)
    )
    groups = [MenuGroup(items=tuple(items))]
    if studies:
        groups.append(MenuGroup(label=_("My studies"), items=studies))
    return tuple(groups)


def _plain(request: HttpRequest, label: str, icon: str, url: str) -> MenuItem:
    return MenuItem(label=label, icon=icon, url=url, current=request.path.startswith(url))


def _counts(actor: Actor, study: Study) -> dict[str, tuple[int, str]]:
    """Return the numbers of waiting work beside menu lines, with their tones."""
    found: dict[str, tuple[int, str]] = {}
    if actor.may("query.view"):
        waiting = Query.objects.in_study(study).visible_to(actor)
        number = waiting.filter(state__in=["open", "answered", "reopened"]).count()
        found["query-list"] = (number, "wait" if number else "")
    if actor.may("qc.view"):
        rows = Submission.objects.in_study(study).visible_to(actor)
        found["qc-queue"] = (rows.filter(state__in=["in_qc", "held"]).count(), "")
        if actor.may("submission.hold"):
            held = rows.filter(state="held").count()
            found["hold-queue"] = (held, "wait" if held else "")
    return found


def _item(entry: Entry, study: Study, counts: dict[str, tuple[int, str]]) -> MenuItem:
    url = start_address(entry.url_name, study.code)
    count, tone = counts.get(entry.url_name, (None, ""))
    return MenuItem(label=_(entry.label), icon=entry.icon, url=url, count=count, tone=tone)
