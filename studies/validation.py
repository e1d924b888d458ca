"""What is wrong with a configuration's document, by kind; every app registers its own kinds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from audit.states import GuardResult

#: kind of configuration -> function that returns a document's problems in words
VALIDATORS: dict[str, Callable[[Mapping[str, Any]], list[str]]] = {}

#: kind of configuration -> function that refuses a version which must not hold yet
BEFORE_EFFECTIVE: dict[str, Callable[[Any], None]] = {}


def problems_of(kind: str, document: Mapping[str, Any]) -> list[str]:
    """Return the problems of a document; empty when it can be used."""
    validate = VALIDATORS.get(kind)
    return validate(document) if validate else []


def has_no_problems(configuration: Any) -> GuardResult:
    """Guard: only a document without problems leaves the draft."""
    found = problems_of(configuration.kind, configuration.document)
    return GuardResult(
        "CFG-001",
        not found,
        "The document has no problems."
        if not found
        else "The document has problems: " + "; ".join(found),
        action="" if not found else "Mend the draft",
    )


def is_in_twin(configuration: Any) -> GuardResult:
    """Guard: only a UAT twin takes over what nobody signed there."""
    twin = configuration.study.uat_twin_of_id is not None
    text = "The study is a UAT twin." if twin else "Only a UAT twin takes over unsigned versions."
    return GuardResult("UAT-005", twin, text)
