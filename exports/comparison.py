"""What lies between two cuts, row by row, from the files that were delivered."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exports.models import DataCut
from imaging.storage import deliveries

#: dataset -> columns that name a row in every cut (sequence numbers shift when rows are added)
KEYS: Mapping[str, tuple[str, ...]] = {
    "subjects": ("USUBJID",),
    "timepoints": ("USUBJID", "VISIT"),
    "queries": ("QUERY",),
    "dossiers": ("USUBJID", "VISIT", "DOSSVER"),
    "dossier_items": ("USUBJID", "VISIT", "DOSSVER", "ITEM", "ITEMROW", "COLUMN"),
    "dossier_openings": ("USUBJID", "EVALID", "READKIND", "READVISIT", "VISIT", "OPENED"),
    "reconciliation": ("RECON", "PLACE", "ITEM", "KIND", "OURS", "THEIRS"),
    "tu": ("USUBJID", "TUEVALID", "TULNKID"),
    "tr": ("USUBJID", "TREVALID", "VISIT", "TRLNKID", "TRTESTCD"),
    "rs": ("USUBJID", "RSEVALID", "VISIT", "RSCAT", "RSTESTCD"),
}
#: columns that number rows and say nothing about them
_NUMBERS = frozenset({"TUSEQ", "TRSEQ", "RSSEQ"})

Row = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A row of one cut that another cut lacks or holds with other values.

    Attributes:
        kind: ``added``, ``removed`` or ``changed``.
        values: (column, was, is) of each column that differs; empty unless changed.
    """

    dataset: str
    kind: str
    key: str
    values: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class DatasetDifference:
    """How many rows of a dataset a cut adds, removes and changes."""

    name: str
    added: int
    removed: int
    changed: int
    rows: tuple[ChangedRow, ...]


def previous_of(cut: DataCut) -> DataCut | None:
    """Return the cut before this one whose files exist."""
    found: DataCut | None = (
        DataCut.objects.in_study(cut.study_id)
        .filter(number__lt=cut.number)
        .exclude(manifest_digest="")
        .order_by("-number")
        .first()
    )
    return found


def compare(earlier: DataCut, later: DataCut) -> list[DatasetDifference]:
    """Return the differences of every dataset that either cut delivered, by name."""
    before, after = tables_of(earlier), tables_of(later)
    return [
        _difference(name, before.get(name, []), after.get(name, []))
        for name in sorted(before.keys() | after.keys())
    ]


def tables_of(cut: DataCut) -> dict[str, list[Row]]:
    """Return the delivered tables of a cut, read back from the delivery store."""
    store = deliveries()
    return {
        file.name.removesuffix(".csv"): _rows(store.read(file.sha256))
        for file in cut.files.all()
        if file.name.endswith(".csv")
    }


def _rows(content: bytes) -> list[Row]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8"), newline="")))


def _difference(name: str, before: Sequence[Row], after: Sequence[Row]) -> DatasetDifference:
    old, new = _keyed(name, before), _keyed(name, after)
    found: list[ChangedRow] = []
    for key in sorted(old.keys() | new.keys()):
        label = " · ".join(part for part in key if part)
        if key not in old:
            found.append(ChangedRow(name, "added", label))
        elif key not in new:
            found.append(ChangedRow(name, "removed", label))
        elif values := _values(old[key], new[key]):
            found.append(ChangedRow(name, "changed", label, values))
    count = {kind: sum(row.kind == kind for row in found) for kind in _KINDS}
    return DatasetDifference(name=name, rows=tuple(found), **count)


_KINDS = ("added", "removed", "changed")


def _keyed(name: str, rows: Sequence[Row]) -> dict[tuple[str, ...], Row]:
    columns = KEYS.get(name) or (tuple(rows[0]) if rows else ())
    return {tuple(row.get(column, "") for column in columns): row for row in rows}


def _values(old: Row, new: Row) -> tuple[tuple[str, str, str], ...]:
    columns = [c for c in dict.fromkeys((*old, *new)) if c not in _NUMBERS]
    return tuple(
        (column, old.get(column, ""), new.get(column, ""))
        for column in columns
        if old.get(column, "") != new.get(column, "")
    )
