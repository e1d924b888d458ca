"""What is wrong with a form document, in words and with the place where to mend it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reads.design.ecrf.outline import CHECK, find, items, skeleton_problem
from studies.forms.definition import Form
from studies.forms.errors import FormError, Problem

_STEP = re.compile(r"([a-z_]+)(?:\[(\d+)\])?")
#: the part of a schema's sentence -> what an author is told
_PLAIN = (
    ("'label' is a required property", "has no words. Write its label"),
    ("'title' is a required property", "has no title"),
    ("'message' is a required property", "has no message. Write what the reader is told"),
    ("'item' is a required property", "says of no item"),
    ("'dataset' is a required property", "names a CDISC variable without its data set"),
    ("'variable' is a required property", "names a CDISC data set without its variable"),
    ("should be non-empty", "is empty"),
    ("is too long", "is too long"),
)
_FIELDS = {
    "unit": "the unit",
    "units": "the other units: write each as name = factor",
    "decimals": "the decimals: a whole number from 0 to 6",
    "minimum": "the smallest value: a number",
    "maximum": "the largest value: a number",
    "max_length": "the most characters: a whole number",
    "min_rows": "the fewest rows: a whole number",
    "max_rows": "the most rows: a whole number from 1 to 200",
    "dataset": "the CDISC data set: two to eight capital letters, such as TR",
    "variable": "the CDISC variable: capital letters and digits, such as TRSTRESN",
    "code": "the code",
    "shown_when": "the condition under which it is shown",
    "required": "the condition under which it is required",
    "derived": "how the value follows",
    "when": "the condition under which the check runs",
    "must": "what must hold",
    "level": "the level",
    "id": "the name of the check: capital letters, digits and underscores",
    "kind": "the kind of answer",
    "choices": "the answers",
    "version": "the version",
    "key": "the key",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """One point to mend: where, in words, and the place that opens its editor."""

    place: str
    where: str
    text: str

    @property
    def sentence(self) -> str:
        """The point as one line."""
        return f"{self.where}: {self.text}" if self.where else self.text


def proofs(document: object) -> list[Proof]:
    """Return every point that keeps a form from being used; empty when there is none."""
    broken = skeleton_problem(document)
    if broken or not isinstance(document, Mapping):
        return [Proof("", "", broken)]
    empty = list(_empty(document))
    if empty:
        return empty
    try:
        form = Form.from_document(document)
    except FormError as error:
        place, field = located(error.path, document)
        return [Proof(place, where(place, document), _said(error, field))]
    return [_proof(one, document) for one in form.problems()]


def problems(document: Mapping[str, Any]) -> list[str]:
    """Return the points as sentences: the form's guard on its way out of the draft."""
    return [one.sentence for one in proofs(document)]


def _empty(document: Mapping[str, Any]) -> Iterator[Proof]:
    if not document.get("sections"):
        yield Proof("", "The form", "has no section yet. Add one.")
    for section in document.get("sections", ()):
        if not section.get("items"):
            place = section["key"]
            yield Proof(place, where(place, document), "has no item yet. Add one, or remove it.")
    for place, item in items(document).items():
        if item.get("kind") == "group" and not item.get("items"):
            yield Proof(place, where(place, document), "its rows hold no item yet. Add one.")


def _proof(problem: Problem, document: Mapping[str, Any]) -> Proof:
    place = problem.path.partition("=")[0]
    if find(document, place) is None and find(document, f"{CHECK}{place}") is not None:
        place = f"{CHECK}{place}"
    text = problem.text
    for path in sorted(items(document), key=len, reverse=True):
        if "." in path and path in text:
            text = text.replace(path, where(path, document))
    return Proof(place, where(place, document), f"{text}.")


def where(place: str, document: Mapping[str, Any]) -> str:
    """Return a place in the author's words: section and item, or the check."""
    if place.startswith(CHECK):
        return f"Check {place.removeprefix(CHECK)}"
    words = []
    parts = place.split(".") if place else []
    for depth in range(1, len(parts) + 1):
        found = find(document, ".".join(parts[:depth]))
        if found is not None:
            words.append(str(found.get("title") or found.get("label") or found["key"]))
    return " › ".join(words) or "The form"


def located(path: str, document: Mapping[str, Any]) -> tuple[str, str]:
    """Return the place and the field that a path such as ``sections[0].items[2].unit`` names."""
    part: Any = document
    keys: list[str] = []
    field = ""
    for match in _STEP.finditer(path):
        name, number = match[1], match[2]
        inner = part.get(name) if isinstance(part, Mapping) else None
        is_part = name in ("sections", "items", "checks") and number is not None
        if not is_part or not isinstance(inner, list) or int(number) >= len(inner):
            field = name if not field or name in ("dataset", "variable", "code") else field
            continue
        part = inner[int(number)]
        if name == "checks":
            return f"{CHECK}{part.get('id', '')}", _field_of(path, match.end())
        keys.append(str(part.get("key", "")))
    return ".".join(keys), field


def _field_of(path: str, start: int) -> str:
    found = _STEP.search(path, start)
    return found[1] if found else ""


def _said(error: FormError, field: str) -> str:
    for part, words in _PLAIN:
        if part in error.reason:
            return f"{words}."
    if field in _FIELDS:
        return f"mend {_FIELDS[field]}."
    return f"{error.reason}."
