"""Kinds of record that a query can be about; upper apps register theirs.

This app knows no target's app. A kind says how a target is named and linked, and what has to happen
when a query about it closes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from queries.models import Query


def _nothing(_: Query) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Target:
    """How to show a target and what follows from closing a query about it."""

    kind: str
    label: Callable[[str], str]
    url: Callable[[Query], str]
    on_close: Callable[[Query], None] = _nothing


TARGETS: dict[str, Target] = {}


def register(target: Target) -> None:
    """Make a kind of record a possible target of queries."""
    TARGETS[target.kind] = target


def label_of(query: Query) -> str:
    """Return what a query is about, in words."""
    target = TARGETS.get(query.target_kind)
    return target.label(query.target_id) if target else query.target_kind


def url_of(query: Query) -> str:
    """Return the address of what a query is about, or nothing."""
    target = TARGETS.get(query.target_kind)
    return target.url(query) if target else ""
