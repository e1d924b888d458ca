"""What the scripted readers find, and how one outcome of a rehearsal is written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

NAME = "Validation"
VISITS = (("baseline", "Baseline", 0, True), ("week8", "Week 8", 56, False),
          ("week16", "Week 16", 112, False))  # fmt: skip
#: longest diameter in mm by visit for reader 1 and reader 2: the same twice, then stable disease
#: against a partial response (−25 % and −37.5 % from 40 mm; RECIST 1.1 section 4.3.1)
SIZES = ((40, 40), (30, 30), (30, 25))
ROWS: dict[str, list[dict[str, Any]]] = {
    "target.lesions": [{"label": "T01", "location": "LIVER", "detail": "segment 7"}],
    "non_target.lesions": [{"label": "NT01", "location": "PLEURA"}],
}
#: what both readers say of everything but the size; items that a form lacks are skipped
SAID: dict[str, Any] = {
    "target.none": False,
    "non_target.none": False,
    "new.any": False,
    "pet.done": False,
    "bone.done": True,
    "bone.readable": True,
    "bone.count": "2",
    "bone.visible": True,
    "bone.new_count": "0",
    "uptake.done": True,
    "uptake.resolved": False,
    "uptake.liver_sul": "2",
    "uptake.new_lesion": False,
    "clinical.dexamethasone": "0",
    "clinical.status": "STABLE",
    "oncology.agrees": True,
    "oncology.clinical_progression": False,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scripted step: what must happen, and whether it did."""

    key: str
    text: str
    passed: bool
    detail: str = ""


TEXTS = {
    "eligibility": "Eligibility is read before enrolment, and the answer opens it.",
    "sequence": "A reader sees a later time point only when the charter lets it be seen.",
    "reads": "Scripted readers complete, review and sign the eCRF at every time point.",
    "global": "After the last time point each reader reviews the course as a whole.",
    "oncology": "An oncologist reviews the locked radiology read.",
    "immutable": "A signed read cannot be changed any more.",
    "unqualified": "Whoever is not qualified for this version sees no read and cannot sign.",
}
