"""The review application specification: clause, item, check and test, made from the design."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reads.criteria import registry
from reads.design.charter import sections
from reads.design.document import ReadDesign


@dataclass(frozen=True, slots=True)
class Requirement:
    """One row of the specification."""

    number: str
    clause: str
    text: str
    item: str
    check: str
    test: str


def requirements(
    design: ReadDesign, form: Mapping[str, Any] | None = None
) -> tuple[Requirement, ...]:
    """Return every requirement: the clauses, then the checks of the criteria and of the form."""
    rows = [
        Requirement(
            number=paragraph.number,
            clause=paragraph.clause.key,
            text=paragraph.text,
            item=paragraph.clause.item,
            check=paragraph.clause.check,
            test=paragraph.clause.test,
        )
        for section in sections(design)
        for paragraph in section.paragraphs
        if paragraph.clause is not None
    ]
    return (*rows, *_criteria_checks(design), *_form_checks(form))


def _criteria_checks(design: ReadDesign) -> list[Requirement]:
    return [
        Requirement(
            number=f"{key}.{number}",
            clause=check.clause,
            text=check.message,
            item=f"eCRF, {check.level}",
            check=check.id,
            test=f"criteria.check:{check.id}",
        )
        for key in design.criteria
        for number, check in enumerate(registry.get(key).checks, start=1)
    ]


def _form_checks(form: Mapping[str, Any] | None) -> list[Requirement]:
    checks: Sequence[Mapping[str, Any]] = (form or {}).get("checks", ())
    return [
        Requirement(
            number=f"form.{number}",
            clause=str(check.get("clause", "")),
            text=str(check.get("message", "")),
            item=f"eCRF, {check.get('level', '')}",
            check=str(check.get("id", "")),
            test=f"form.check:{check.get('id', '')}",
        )
        for number, check in enumerate(checks, start=1)
    ]
