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
    """Guard: a UAT twin takes over what nobody signed; other studies only what holds elsewhere.

    A training study works with documents that are signed and effective in the study it trains for;
    the same content under the same sponsor needs no second signature.
    """
    twin = configuration.study.uat_twin_of_id is not None
    if not twin and _holds_elsewhere(configuration):
        return GuardResult("UAT-005", True, "Another study of the sponsor holds the same content.")
    text = "The study is a UAT twin." if twin else "Only a UAT twin takes over unsigned versions."
    return GuardResult("UAT-005", twin, text)


def _holds_elsewhere(configuration: Any) -> bool:
    study = configuration.study
    rows = type(configuration)._base_manager.filter(
        kind=configuration.kind,
        key=configuration.key,
        digest=configuration.digest,
        state="effective",
        study__sponsor=study.sponsor_id,
        study__uat_twin_of=None,
    )
    return bool(rows.exclude(study=study).exists())
