"""Which responses a reader enters for each criterion, and where they stand in the eCRF.

One table for everybody who needs it: the standard form is built from it, the reading room compares
the entered response with the derived one by it, and what is signed is collected by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reads.criteria import registry

RECIST = "RECIST11"
IRECIST = "iRECIST"
VOLUMES = "VOLUMETRIC"

#: how each code of a response is written on a form
WORDS: Mapping[str, str] = {
    "NON-CR/NON-PD": "Non-CR/Non-PD",
    "NON-iCR/NON-iUPD": "Non-iCR/Non-iUPD",
    "NOT APPLICABLE": "None at baseline",
    "NMR": "No metabolic response",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseItem:
    """One response that the reader enters beside the derived one.

    Attributes:
        key: name of the item in its section; ``derived_<key>`` shows what follows.
        value: name of the derived value in the criterion's engine.
        code: CDISC test code of the entered response.
    """

    key: str
    value: str
    label: str
    choices: tuple[str, ...]
    code: str = ""
    clause: str = ""


_PLAIN = ("CR", "PR", "SD", "PD", "NE")
_TARGET = ResponseItem(
    key="target",
    value="target_response",
    label="Target lesions",
    choices=(*_PLAIN, "NOT APPLICABLE"),
    code="TRGRESP",
    clause="RECIST 1.1 section 4.3.1",
)
_NON_TARGET = ResponseItem(
    key="non_target",
    value="non_target_response",
    label="Non-target lesions",
    choices=("CR", "NON-CR/NON-PD", "PD", "NE", "NOT APPLICABLE"),
    code="NTRGRESP",
    clause="RECIST 1.1 section 4.3.3",
)


def _overall(*choices: str, clause: str, label: str = "Overall response") -> ResponseItem:
    return ResponseItem(
        key="overall",
        value="overall_response",
        label=label,
        choices=choices,
        code="OVRLRESP",
        clause=clause,
    )


ITEMS: Mapping[str, tuple[ResponseItem, ...]] = {
    RECIST: (
        _TARGET,
        _NON_TARGET,
        _overall(
            "CR",
            "PR",
            "SD",
            "NON-CR/NON-PD",
            "PD",
            "NE",
            "NED",
            clause="RECIST 1.1 section 4.4.1 and tables 1 to 3",
        ),
    ),
    IRECIST: (
        ResponseItem(
            key="target",
            value="target_response",
            label="Target lesions",
            choices=("iCR", "iPR", "iSD", "iUPD", "iCPD", "NE", "NOT APPLICABLE"),
            code="TRGRESP",
            clause="iRECIST table 2",
        ),
        ResponseItem(
            key="non_target",
            value="non_target_response",
            label="Non-target lesions",
            choices=("iCR", "NON-iCR/NON-iUPD", "iUPD", "iCPD", "NE", "NOT APPLICABLE"),
            code="NTRGRESP",
            clause="iRECIST table 2",
        ),
        _overall(
            "iCR",
            "iPR",
            "iSD",
            "NON-iCR/NON-iUPD",
            "iUPD",
            "iCPD",
            "NE",
            "NED",
            clause="iRECIST table 2",
        ),
    ),
    VOLUMES: (_overall(*_PLAIN, clause="Charter, limits of the volumetric response"),),
}


def items_of(criterion: str) -> tuple[ResponseItem, ...]:
    """Return the responses that a reader enters for a criterion; only the overall one if new."""
    known = ITEMS.get(criterion)
    return known or (_overall(*_PLAIN, clause=registry.get(criterion).title),)


def section_of(criterion: str) -> str:
    """Return the key of the section with a criterion's responses: RECIST 1.1 has the first one."""
    return "response" if criterion == RECIST else f"response_{criterion.lower()}"


def place(criterion: str, item: ResponseItem) -> str:
    """Return where the reader enters a response: ``response_irecist.overall``."""
    return f"{section_of(criterion)}.{item.key}"


def derivation(criterion: str, item: ResponseItem) -> str:
    """Return the name under which the form asks for a derived response."""
    return f"{criterion.lower()}.{item.value}"


def entered_places(criterion: str) -> dict[str, str]:
    """Return name of a derived value -> where the reader enters the same."""
    return {item.value: place(criterion, item) for item in items_of(criterion)}
