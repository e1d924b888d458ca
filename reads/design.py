"""The read design of a study: the charter's decisions as data (decision 10, 11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reads.criteria import registry
from reads.criteria.base import CriteriaError

#: responses that a design may compare between two readers
VARIABLES = ("overall_response", "target_response", "non_target_response")


@dataclass(frozen=True, slots=True)
class ReadDesign:
    """How reads are done.

    Attributes:
        readers: readers per subject, 1 or 2.
        criteria: key of a criterion -> its parameters (protocol modifications).
        form: key of the eCRF.
        adjudicate_on: variables whose difference makes a case; empty: no adjudication.
    """

    form: str
    readers: int
    criteria: Mapping[str, Mapping[str, object]]
    adjudicate_on: Sequence[str] = field(default=())
    blinding: str = "blinding"


def design_from(document: Mapping[str, Any]) -> ReadDesign:
    """Read a design document."""
    return ReadDesign(
        form=str(document["form"]),
        readers=int(document.get("readers_per_subject", 2)),
        criteria={c["key"]: c.get("parameters", {}) for c in document["criteria"]},
        adjudicate_on=tuple(document.get("adjudication", {}).get("variables", ())),
        blinding=str(document.get("blinding", "blinding")),
    )


def problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a design document, in words; empty when it can be used."""
    found = []
    if not isinstance(document.get("form"), str):
        found.append("it names no form")
    if document.get("readers_per_subject") not in (1, 2):
        found.append("readers per subject must be 1 or 2")
    criteria = document.get("criteria")
    if not isinstance(criteria, list) or not criteria:
        found.append("it names no criterion")
        criteria = []
    for entry in criteria:
        try:
            registry.get(entry.get("key", "")).options(entry.get("parameters", {}))
        except CriteriaError as error:
            found.append(str(error))
    variables = document.get("adjudication", {}).get("variables", [])
    found += [f"“{v}” cannot be compared" for v in variables if v not in VARIABLES]
    if variables and document.get("readers_per_subject") == 1:
        found.append("a single read cannot be adjudicated")
    return found


def versions_of(design: ReadDesign) -> dict[str, str]:
    """Return the engine versions to pin."""
    return {key: registry.get(key).version for key in design.criteria}
