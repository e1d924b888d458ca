"""References from authored text into the design: ``{readers}`` becomes what the design says."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from reads.criteria import registry
from reads.design.document import ReadDesign

_REFERENCE = re.compile(r"\{([a-z_.]+)\}")
NUMBERS = {1: "one", 2: "two"}
PRESENTATION = {
    "time_sequential": "one after the other, each locked before the next is shown",
    "simultaneous": "together, in the order of acquisition",
    "simultaneous_random": "together, in random order",
    "hybrid": "one after the other first, then together",
}


def listed(words: list[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def words(name: str) -> str:
    """Return a key as words."""
    return name.replace("_", " ")


def _criteria(design: ReadDesign) -> str:
    titles = [registry.get(key).title for key in design.criteria]
    return listed(titles) if titles else "no response criterion"


def time_allowed(design: ReadDesign, clock: str) -> str:
    """Return how long something may take, in words."""
    for unit, said in (("days", "business days"), ("hours", "hours")):
        amount = design.turnaround.get(f"{clock}_{unit}")
        if amount is not None:
            return f"{amount} {said}"
    return "the time of the project plan"


REFERENCES: Mapping[str, Callable[[ReadDesign], str]] = {
    "readers": lambda d: NUMBERS[d.readers],
    "criteria": _criteria,
    "presentation": lambda d: PRESENTATION[d.presentation],
    "endpoints": lambda d: listed([one.name for one in d.endpoints]) if d.endpoints else "none",
    "read_time": lambda d: time_allowed(d, "read"),
    "adjudication_time": lambda d: time_allowed(d, "adjudication"),
    "adjudication_variables": lambda d: (
        listed([words(v) for v in d.adjudicate_on]) if d.adjudicate_on else "none"
    ),
    "eligibility_time": lambda d: time_allowed(d, "eligibility"),
    "training_cases": lambda d: str(d.training.cases),
    "pass_mark": lambda d: f"{d.training.pass_mark_percent} %",
    "form": lambda d: d.form,
    "blinding": lambda d: d.blinding,
}


def unknown_references(text: str) -> Iterator[str]:
    """Yield the names in braces that no item of the design has."""
    yield from (name for name in _REFERENCE.findall(text) if name not in REFERENCES)


def resolved(text: str, design: ReadDesign) -> str:
    """Return authored text with what the design says in place of its references."""

    def said(match: re.Match[str]) -> str:
        teller = REFERENCES.get(match[1])
        return teller(design) if teller else match[0]

    return _REFERENCE.sub(said, text)
