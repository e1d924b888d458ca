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
LUGANO = "LUGANO2014"
CHESON = "CHESON2007"
PCWG = "PCWG3"
PERCIST = "PERCIST"
HIGH_GRADE, LOW_GRADE = "RANO_HGG_2010", "RANO_LGG_2011"
#: RANO 2.0: what is measured, in which unit
ENHANCING = ("RANO20_CE_2D", "RANO20_CE_VOL")
NON_ENHANCING = ("RANO20_NCE_2D", "RANO20_NCE_VOL")
MIXED = ("RANO20_MIXED", "RANO20_MIXED_VOL")
BRAIN = ("RANO", HIGH_GRADE, LOW_GRADE, *ENHANCING, *NON_ENHANCING, *MIXED)
#: criteria of the brain that know a minor response
_MINOR = (LOW_GRADE, "RANO20_NCE_2D", "RANO20_MIXED")

#: how each code of a response is written on a form
WORDS: Mapping[str, str] = {
    "NON-CR/NON-PD": "Non-CR/Non-PD",
    "NON-iCR/NON-iUPD": "Non-iCR/Non-iUPD",
    "NOT APPLICABLE": "None at baseline",
    "NMR": "No metabolic response",
    "NOT DONE": "Not done",
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


def _brain(criterion: str) -> tuple[ResponseItem, ...]:
    """The responses of RANO: the measured disease, then the time point as a whole."""
    clause = "RANO 2.0 (Wen 2023)" if criterion.startswith("RANO20") else "RANO-HGG (Wen 2010)"
    clause = "RANO-LGG (van den Bent 2011)" if criterion == LOW_GRADE else clause
    known = ("CR", "PR", "MR", "SD", "PD", "NE") if criterion in _MINOR else _PLAIN
    measured = ResponseItem(
        key="measured",
        value="measured_response",
        label="Measured disease",
        choices=(*known, "NOT APPLICABLE"),
        code="TRGRESP",
        clause=clause,
    )
    return measured, _overall(*known, clause=clause)


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
    LUGANO: (
        ResponseItem(
            key="ct",
            value="ct_response",
            label="CT",
            choices=("CR", "PR", "SD", "PD", "NE", "NOT DONE"),
            code="OVRLRESP",
            clause="Lugano 2014 CT-based response (Cheson 2014)",
        ),
        ResponseItem(
            key="pet",
            value="pet_response",
            label="PET",
            choices=("CMR", "PMR", "NMR", "PMD", "NE", "NOT DONE"),
            code="OVRLRESP",
            clause="Lugano 2014 five-point scale (Barrington 2014)",
        ),
        _overall(*_PLAIN, clause="Lugano 2014 (Cheson 2014)"),
    ),
    CHESON: (_overall(*_PLAIN, clause="Cheson 2007 table 2"),),
    PCWG: (
        ResponseItem(
            key="soft_tissue",
            value="soft_tissue_response",
            label="Soft tissue by RECIST 1.1",
            choices=("CR", "PR", "SD", "NON-CR/NON-PD", "PD", "NED", "NE"),
            code="SFTSRESP",
            clause="PCWG3 (Scher 2016), soft tissue",
        ),
        ResponseItem(
            key="bone",
            value="bone_response_as_read",
            label="Bone scan as read now",
            choices=("NED", "NON-PD", "PDu", "PD", "NE"),
            code="BONERESP",
            clause="PCWG3 (Scher 2016), bone",
        ),
        _overall(
            "CR", "PR", "SD", "NON-CR/NON-PD", "NED", "PDu", "PD", "NE",
            clause="PCWG3 (Scher 2016), combined response",
        ),
    ),
    PERCIST: (
        _overall(
            "CMR", "PMR", "SMD", "PMD", "NE",
            clause="PERCIST 1.0, Wahl 2009 table", label="Metabolic response",
        ),
    ),
    **{criterion: _brain(criterion) for criterion in BRAIN},
}  # fmt: skip


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
