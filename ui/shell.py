"""What surrounds every page: person, role, switcher, menu. Upper applications build it.

The bottom layer knows the shape only. An application registers one builder in ``AppConfig.ready``::

    register_shell(shell_of)          # shell_of(request) -> Shell
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from django.http import HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuItem:
    """A line of the side menu; the tone colours the count of waiting work."""

    label: str
    icon: str
    url: str
    count: int | None = None
    tone: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuGroup:
    """Menu lines under one heading; the first group usually has none.

    A group with a key folds: its heading is a button, and ``fold_url`` of the frame keeps what the
    person chose. ``count`` is what waits inside, shown while it is folded.
    """

    items: tuple[MenuItem, ...]
    label: str = ""
    key: str = ""
    is_open: bool = True
    count: int = 0
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitcherOption:
    """A study, or a site, to change over to."""

    label: str
    detail: str
    url: str
    current: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Switcher:
    """Where the person is: a study for staff, readers and sponsors; a site for site staff."""

    icon: str
    label: str
    detail: str = ""
    options: tuple[SwitcherOption, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The mode band over the page: ``blinded``, ``inspect`` or ``demo``."""

    kind: str
    title: str
    text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """The frame of one request. Without a printed name the page is for somebody signed out.

    ``band`` tells the mode that the person works in, ``study_band`` what kind of study this is when
    it is none that counts.
    """

    printed_name: str = ""
    role: str = ""
    time_zone: str = "UTC"
    switcher: Switcher | None = None
    menu: tuple[MenuGroup, ...] = ()
    fold_url: str = ""
    search_hint: str = ""
    notifications: int = 0
    notifications_url: str = ""
    help_url: str = ""
    account: tuple[MenuItem, ...] = ()
    band: Band | None = None
    study_band: Band | None = None
    session_seconds: int = 0
    session_url: str = ""


ShellBuilder: TypeAlias = Callable[[HttpRequest], Shell]

_builders: list[ShellBuilder] = []


class ShellAlreadyRegistered(RuntimeError):
    """Two applications want to build the frame."""


def register_shell(builder: ShellBuilder) -> None:
    """Make ``builder`` the one that builds the frame of every page.

    Raises:
        ShellAlreadyRegistered: another builder is registered already.
    """
    if _builders and _builders[0] is not builder:
        raise ShellAlreadyRegistered(repr(_builders[0]))
    _builders[:] = [builder]


def shell_for(request: HttpRequest) -> Shell:
    """Return the frame of a request; empty until an application registers a builder."""
    return _builders[0](request) if _builders else Shell()
