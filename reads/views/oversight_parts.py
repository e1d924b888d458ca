"""What the pages of watching and correcting share: crumbs, sign dialogs, chosen people."""

from __future__ import annotations

from uuid import UUID

from django.urls import reverse

from accounts.models import User
from reads.services.assigning import readers_of
from studies.access import StudyRequest
from ui.records import Link


def crumbs(request: StudyRequest, last: str = "", *, area: str = "check") -> list[Link]:
    """Return the way to a page of an area, or to its list."""
    code = request.study.code
    name, words = AREAS[area]
    return [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label=words, url=reverse(name, args=[code]) if last else ""),
        *([Link(label=last, url="")] if last else []),
    ]


AREAS = {
    "check": ("check-findings", "Checks of reads"),
    "reminder": ("reminder-list", "Reminders"),
    "rollback": ("rollback-list", "Roll-backs"),
    "retraining": ("retraining-list", "Retraining"),
    "notice": ("correction-list", "Corrections"),
}


def chosen_reader(request: StudyRequest, text: str) -> User | None:
    """Return the reader of the study whom a form names, or nobody."""
    return next((one for one in readers_of(request.study) if str(one.pk) == text), None)


def id_of(text: str) -> UUID | None:
    """Return an id as it came in an address, or nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None
