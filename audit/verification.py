"""Proving the records from the outside: every check that can be run over a whole installation.

An app registers what it can prove about its own records (``register`` in ``apps.ready``); the
command ``verify`` runs all of them and fails on any finding. A check reads, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from django.apps import apps
from django.db import models

from audit import chain
from audit.history import TrackedBase
from audit.models import kind_of


@dataclass(frozen=True, slots=True)
class Fault:
    """One place where the records do not hold: which record, and what is wrong with it."""

    record_kind: str
    record_id: str
    what: str

    def __str__(self) -> str:
        return f"{self.record_kind} {self.record_id}: {self.what}".replace(" :", ":")


Check = Callable[[], Iterable[Fault]]

_CHECKS: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Add a check under a name that says what it proves ("every stored object is whole")."""
    _CHECKS[name] = check


def checks() -> dict[str, Check]:
    """Return the registered checks by name, in the order of registration."""
    return dict(_CHECKS)


def chain_holds(expected_head: str = "") -> Iterator[Fault]:
    """The sealed rows of every append-only table are there and are what was sealed.

    Args:
        expected_head: a head that left the house earlier, e.g. with a data cut.
    """
    for found in chain.verify(expected_head):
        yield Fault(found.table, found.row_id, found.what)


def rows_are_their_last_version() -> Iterator[Fault]:
    """Every tracked row equals the last version in its history (invariant I5 of the trust paper).

    A row that was changed by SQL, past the history, differs from its last version.
    """
    for model in apps.get_models():
        if issubclass(model, TrackedBase) and hasattr(model, "history"):
            yield from _compare(model)


def _compare(model: type[TrackedBase]) -> Iterator[Fault]:
    history = model.history.model  # type: ignore[attr-defined]
    versioned = {field.attname for field in history._meta.concrete_fields}
    names = [f.attname for f in model._meta.concrete_fields if f.attname in versioned]
    versions = history._default_manager.order_by("id", "-history_id").values("id", *names)
    newest = (next(group) for _, group in groupby(versions.iterator(), lambda row: row["id"]))
    rows = model._base_manager.order_by("id").values("id", *names).iterator()
    label = model._meta.label_lower
    version = next(newest, None)
    for row in rows:
        while version is not None and version["id"] < row["id"]:
            yield Fault(label, str(version["id"]), "has a history but is missing")
            version = next(newest, None)
        if version is None or version["id"] != row["id"]:
            yield Fault(label, str(row["id"]), "has no history")
            continue
        different = sorted(name for name in row if row[name] != version[name])
        if different:
            yield Fault(
                label, str(row["id"]), f"differs from its history in {', '.join(different)}"
            )
        version = next(newest, None)
    while version is not None:
        yield Fault(label, str(version["id"]), "has a history but is missing")
        version = next(newest, None)


def fault_of(row: models.Model, what: str) -> Fault:
    """Return a fault of a record."""
    return Fault(kind_of(row), str(row.pk), what)


register("every row is what its history says", rows_are_their_last_version)
