"""Which criteria can be read on one set of lesions, and the form that each set begins with.

Criteria choose lesions by rules of their own: a node is a target from 15 mm short axis on in
RECIST 1.1 and above 15 mm longest diameter in Lugano 2014, a glioma is measured in two diameters of
one slice. Lesions are shared where the rules of choice agree; a design that mixes sets needs a
form of its own. PERCIST and volumes go with any set.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from reads.criteria import registry
from reads.criteria.errors import CriteriaError
from reads.design.response_items import (
    BRAIN,
    CHESON,
    IRECIST,
    LUGANO,
    PCWG,
    PERCIST,
    RECIST,
    VOLUMES,
)


class LesionSet(StrEnum):
    """What a set of lesions is chosen for."""

    SOLID = "solid tumours"
    LYMPHOMA = "lymphoma"
    BRAIN = "brain tumours"
    UPTAKE = "uptake alone"


_SETS: Mapping[str, LesionSet] = {
    RECIST: LesionSet.SOLID,
    IRECIST: LesionSet.SOLID,
    PCWG: LesionSet.SOLID,
    LUGANO: LesionSet.LYMPHOMA,
    CHESON: LesionSet.LYMPHOMA,
    **dict.fromkeys(BRAIN, LesionSet.BRAIN),
}
#: criteria that ask for something beside the lesions, and the set they are read on alone
_BESIDE: Mapping[str, LesionSet] = {VOLUMES: LesionSet.SOLID, PERCIST: LesionSet.UPTAKE}


#: what stands above the criteria that share a set, where a form is begun
SET_TITLES: Mapping[LesionSet, str] = {
    LesionSet.SOLID: "Solid tumours",
    LesionSet.LYMPHOMA: "Lymphoma",
    LesionSet.BRAIN: "Brain tumours",
}
BESIDE_TITLE = "Beside any of these, or alone"


def grouped() -> list[tuple[str, tuple[str, ...]]]:
    """Return the criteria by what they share: title of the set, keys of its criteria."""
    found = [
        (title, tuple(key for key, of in _SETS.items() if of is one))
        for one, title in SET_TITLES.items()
    ]
    return [*found, (BESIDE_TITLE, tuple(_BESIDE))]


def lesion_set(criteria: Iterable[str]) -> LesionSet:
    """Return the set of lesions on which all these criteria can be read.

    Raises:
        CriteriaError: none is named, one has no standard form, or two choose lesions differently.
    """
    names = list(criteria)
    if not names:
        raise CriteriaError("criteria", "a standard form needs at least one criterion")
    for name in names:
        if name not in _SETS and name not in _BESIDE:
            raise CriteriaError("criteria", f"{name} has no standard form; use a form of its own")
    found = {_SETS[name]: name for name in names if name in _SETS}
    if len(found) > 1:
        titles = " and ".join(registry.get(name).title for name in found.values())
        raise CriteriaError(
            "criteria",
            f"{titles} choose lesions by different rules and cannot share one set; "
            "use a form of its own",
        )
    if found:
        return next(iter(found))
    return LesionSet.SOLID if VOLUMES in names else LesionSet.UPTAKE
