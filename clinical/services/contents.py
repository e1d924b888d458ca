"""What readers are shown of a dossier: values without a place, a name or a calendar date.

Dates become distances from baseline. Documents are pictures of released, redacted pages. Whoever
serves them asks here only; nothing of the rows themselves reaches a reader.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from audit import clock
from clinical.definition import Column, Item, day_words
from clinical.models import Dossier, DossierDocument, DossierItem
from clinical.services import blinding, standing
from imaging.storage import research
from studies.models import Anchor, Subject, TimePoint

NOT_AVAILABLE = "Not available"


@dataclass(frozen=True, slots=True)
class Row:
    """One line: what it is, its value, its unit, and how far from baseline."""

    label: str
    value: str
    unit: str = ""
    when: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A picture of one redacted page; ``page`` returns its bytes (PNG)."""

    sha256: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Document:
    """A document as the pictures of its redacted pages."""

    label: str
    pages: tuple[Page, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Lines and documents under one heading."""

    title: str
    rows: tuple[Row, ...] = ()
    documents: tuple[Document, ...] = ()


@dataclass(frozen=True, slots=True)
class Contents:
    """A dossier as a reader sees it."""

    version: int
    sections: tuple[Section, ...] = ()

    @property
    def documents(self) -> tuple[Document, ...]:
        """Every document, in order."""
        return tuple(one for section in self.sections for one in section.documents)


@dataclass(frozen=True, slots=True)
class _Eyes:
    """What is needed to blind one subject's values."""

    known: blinding.Known
    baseline: date | None

    def value(self, column: Column, text: str) -> str:
        if column.kind == "choice":
            return next((one.label for one in column.choices if one.value == text), "")
        if column.kind == "date":
            return day_words(text, self.baseline)
        return blinding.masked(text, self.known) if column.kind == "text" else text


def baseline_day(subject: Subject) -> date | None:
    """Return the day from which readers count: the assessment at baseline, else its anchor."""
    points = TimePoint.objects.in_study(subject.study_id).filter(
        subject=subject, definition__is_baseline=True, assessment_date__isnull=False
    )
    day: date | None = points.values_list("assessment_date", flat=True).first()
    if day is not None:
        return day
    anchors = Anchor.objects.in_study(subject.study_id).filter(
        subject=subject, kind="baseline", superseded_by=None
    )
    found: date | None = anchors.order_by("-version").values_list("date", flat=True).first()
    return found


def blinded(dossier: Dossier) -> Contents:
    """Return what a reader may see of one version of a dossier, whatever its state is now."""
    eyes = _Eyes(blinding.known_words(dossier.subject), baseline_day(dossier.subject))
    sections: dict[str, tuple[list[Row], list[Document]]] = {}
    today = clock.today(dossier.study.time_zone)
    for line in standing.lines(standing.items_of(dossier), standing.kept_of(dossier), today=today):
        rows, documents = sections.setdefault(_title(line.item), ([], []))
        if line.kept is None or not line.is_answered:
            continue
        rows += _rows(line.item, line.kept, eyes)
        if line.kept.document is not None and line.kept.document.state == "released":
            documents.append(_document(line.item, line.kept.document))
    return Contents(
        version=dossier.version,
        sections=tuple(
            Section(title, tuple(rows), tuple(documents))
            for title, (rows, documents) in sections.items()
            if rows or documents
        ),
    )


def _title(item: Item) -> str:
    if item.kind == "table":
        return item.label
    if item.kind == "document":
        return "Documents"
    return "Clinical data"


def _rows(item: Item, kept: DossierItem, eyes: _Eyes) -> list[Row]:
    when = day_words(kept.observed_on, eyes.baseline)
    if kept.missing_reason:
        # The reason is for the desk; it may say more than a reader should know.
        return [Row(item.label, NOT_AVAILABLE)]
    if item.kind == "table":
        return [_table_row(item, number, row, eyes) for number, row in enumerate(kept.rows, 1)]
    if item.kind == "document":
        return []
    if item.kind == "date":
        return [Row(item.label, "", "", day_words(kept.value, eyes.baseline))]
    return [Row(item.label, eyes.value(item.field, kept.value), kept.unit, when)]


def _table_row(item: Item, number: int, row: dict[str, str], eyes: _Eyes) -> Row:
    values, days = [], []
    for column in item.columns:
        text = eyes.value(column, str(row.get(column.code, "")))
        if not text:
            continue
        if column.kind == "date":
            days.append(f"{column.label}: {text}")
        else:
            unit = f" {column.unit}" if column.unit else ""
            values.append(f"{column.label}: {text}{unit}")
    return Row(f"{item.label} {number}", "; ".join(values), "", "; ".join(days))


def _document(item: Item, document: DossierDocument) -> Document:
    pages = tuple(
        Page(str(page["sha256"]), int(page["width"]), int(page["height"]))
        for page in document.released_pages
    )
    return Document(item.label, pages)


def page(dossier: Dossier, sha256: str) -> bytes | None:
    """Return the picture (PNG) of one page that ``blinded`` names, or nothing."""
    shown = {one.sha256 for document in blinded(dossier).documents for one in document.pages}
    return research().read(sha256) if sha256 in shown else None
