"""Kinds of record that a query can be about; upper apps register theirs.

This app knows no target's app. A kind says how a target is named and linked, and what has to happen
when a query about it closes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import reverse

from audit.actors import Actor
from queries.models import Query
from studies.models import TimePoint

IMAGE_OPERATIONS = "image operations"


def _nothing(_: Query) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Target:
    """How to show a target and what follows from closing a query about it.

    Attributes:
        right: what a person must hold to open the address; "" when everybody who sees the query
            may. desk: who looks at the answers.
        picture: address and description of a picture of what is asked about, if there is one.
    """

    kind: str
    label: Callable[[str], str]
    url: Callable[[Query], str]
    on_close: Callable[[Query], None] = _nothing
    picture: Callable[[Query], tuple[str, str] | None] = _nothing
    right: str = ""
    desk: str = IMAGE_OPERATIONS


TARGETS: dict[str, Target] = {}


def register(target: Target) -> None:
    """Make a kind of record a possible target of queries."""
    TARGETS[target.kind] = target


def label_of(query: Query) -> str:
    """Return what a query is about, in words."""
    target = TARGETS.get(query.target_kind)
    return target.label(query.target_id) if target else query.target_kind


def url_of(query: Query, actor: Actor) -> str:
    """Return the address of what a query is about, or nothing when the actor may not open it."""
    target = TARGETS.get(query.target_kind)
    if target is None or (target.right and not actor.may(target.right)):
        return ""
    return target.url(query)


def desk_of(query: Query) -> str:
    """Return who looks at the answers to a query, in words."""
    target = TARGETS.get(query.target_kind)
    return target.desk if target else IMAGE_OPERATIONS


def picture_of(query: Query) -> tuple[str, str]:
    """Return the address and the description of a picture of what is asked, or nothing."""
    target = TARGETS.get(query.target_kind)
    return (target.picture(query) if target else None) or ("", "")


def _time_point_label(pk: str) -> str:
    row = TimePoint._base_manager.select_related("subject").filter(pk=pk).first()
    return str(row) if row is not None else "a time point"


def _time_point_url(query: Query) -> str:
    return reverse("time-point", args=[query.study.code, query.target_id])


register(Target("studies.timepoint", label=_time_point_label, url=_time_point_url))
