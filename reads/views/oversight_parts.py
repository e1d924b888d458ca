"""What the pages of watching and correcting share: crumbs, sign dialogs, chosen people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.models import User
from accounts.sentences import role_words
from accounts.signatures import (
    content_digest,
    needs_second_factor,
    signatures_of,
)
from audit import clock
from reads.services.assigning import readers_of
from studies.access import StudyRequest
from ui.records import Link, SignRequest


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


def sign_request(  # noqa: PLR0913 - a dialog has this many sides
    request: StudyRequest,
    row: Any,
    *,
    dialog_id: str,
    title: str,
    url: str,
    facts: Sequence[tuple[str, str]],
    statement: str,
    consequence: str,
    label: str,
    errors: Sequence[str] = (),
    hidden: Sequence[tuple[str, str]] = (),
) -> SignRequest:
    """Return what a sign dialog shows; its digest binds it to the content seen now."""
    user: Any = request.user
    return SignRequest(
        dialog_id=dialog_id,
        title=title,
        url=url,
        facts=tuple(facts),
        meaning=statement,
        consequence=consequence,
        printed_name=user.printed_name,
        role=role_words(request.actor.role).lower(),
        now=clock.now(),
        zone=user.time_zone,
        needs_second_factor=needs_second_factor(user),
        hidden=(("digest", content_digest(row)), *hidden),
        errors=tuple(errors),
        sign_label=label,
        back_label="Back without signing",
    )


def shown_signatures(row: Any) -> list[dict[str, Any]]:
    """Return the signatures on a record as the component shows them."""
    return [
        {
            "printed_name": one.signature.printed_name,
            "role": role_words(one.signature.role),
            "meaning": one.signature.statement,
            "when": one.signature.signed_at,
            "zone": one.signature.zone,
            "record_hash": one.signature.content_digest,
            "is_valid": one.valid,
        }
        for one in signatures_of(row)
    ]


def chosen_reader(request: StudyRequest, text: str) -> User | None:
    """Return the reader of the study whom a form names, or nobody."""
    return next((one for one in readers_of(request.study) if str(one.pk) == text), None)


def id_of(text: str) -> UUID | None:
    """Return an id as it came in an address, or nothing."""
    try:
        return UUID(text)
    except ValueError:
        return None
