"""The answer key that is proposed for a training case, from the accepted read of its visits."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from reads.criteria import registry
from reads.design import ReadDesign
from reads.models import TrainingCase
from reads.services import training
from reads.services.accepting import accepted_read
from reads.staffing.scoring import KeyItem
from studies.models import Configuration, TimePoint
from studies.scoping import scope

#: groups and values of which a key is proposed, besides the overall responses
PROPOSED = ("target.lesions#", "non_target.lesions#", "new.lesions#", "target.sum")
#: share of a measured sum that a proposed key allows either way
TOLERANCE = Decimal("0.1")


def proposed_key(case: TrainingCase, origin: TimePoint, design: ReadDesign) -> list[KeyItem]:
    """Return a key from the accepted read of a visit, for the scientist to look at and sign."""
    accepted = accepted_read(origin)
    if accepted is None:
        return []
    with scope(origin.study_id):
        answers = training.answers_of(accepted.session)
    places = {one.place: one.label for one in training.key_places(case)}
    wanted = [*PROPOSED, *(f"{key}:overall_response" for key in design.criteria)]
    return [
        KeyItem(
            place=place,
            label=places[place],
            value=answers[place],
            tolerance=_tolerance(place, answers[place]),
            clause=_clause(place, case, design),
            why="Accepted central read.",
        )
        for place in wanted
        if place in places and answers.get(place)
    ]


def _tolerance(place: str, value: str) -> str:
    if place != "target.sum":
        return ""
    return format((Decimal(value) * TOLERANCE).quantize(Decimal("0.1")), "f")


def _clause(place: str, case: TrainingCase, design: ReadDesign) -> str:
    criterion, separator, _ = place.partition(":")
    if separator:
        return registry.get(criterion).title
    document = _form_document(case, design)
    section = place.partition(".")[0]
    for check in document.get("checks", ()):
        if str(check["item"]).startswith(f"{section}.") and check.get("clause"):
            return str(check["clause"])
    return "Charter"


def _form_document(case: TrainingCase, design: ReadDesign) -> Mapping[str, Any]:
    found = Configuration.objects.in_study(case.study_id).filter(
        kind=Configuration.Kind.FORM, key=design.form, state="effective"
    )
    document: Mapping[str, Any] = found.first().document
    return document
