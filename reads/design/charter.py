"""The charter's text: authored sections and the clauses of the design, numbered."""

from __future__ import annotations

from dataclasses import dataclass

from reads.design.clauses import CLAUSES, SECTIONS, Clause
from reads.design.document import ReadDesign
from reads.design.references import resolved


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A numbered paragraph; ``clause`` is the decision that it states, None for authored text."""

    number: str
    text: str
    clause: Clause | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the charter with its paragraphs."""

    number: int
    key: str
    title: str
    paragraphs: tuple[Paragraph, ...]


def sections(design: ReadDesign) -> tuple[Section, ...]:
    """Return the charter's sections; authored text comes first in each."""
    return tuple(
        Section(number, key, title, tuple(_paragraphs(number, key, design)))
        for number, (key, title) in enumerate(SECTIONS.items(), start=1)
    )


def _paragraphs(section: int, key: str, design: ReadDesign) -> list[Paragraph]:
    authored = [
        part.strip()
        for part in resolved(design.sections.get(key, ""), design).split("\n\n")
        if part.strip()
    ]
    stated = [(clause, clause.says(design)) for clause in CLAUSES if clause.section == key]
    texts: list[tuple[str, Clause | None]] = [(text, None) for text in authored]
    texts += [(text, clause) for clause, text in stated if text]
    return [
        Paragraph(f"{section}.{number}", text, clause)
        for number, (text, clause) in enumerate(texts, start=1)
    ]


def clause_numbers(design: ReadDesign) -> dict[str, str]:
    """Return key of a clause -> its number in the charter of this design."""
    return {
        paragraph.clause.key: paragraph.number
        for section in sections(design)
        for paragraph in section.paragraphs
        if paragraph.clause is not None
    }
