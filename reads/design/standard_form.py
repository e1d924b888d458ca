"""The eCRF of a design: one set of lesions, and a response section for each criterion.

The published RECIST 1.1 form of the platform is what everything starts from. Lymphoma and brain
tumours measure its targets in two diameters and name its non-targets anew; iRECIST adds what is
asked of new lesions and of growing non-targets, volumes add a volume to each target, PCWG3 a bone
scan, PERCIST the uptake, and every criterion adds its own section of responses, derived beside
entered, with its own override. What a charter may change (most targets, the value of a lesion too
small to measure, the age of the baseline) is taken from the design, so that the form and the
engines cannot disagree.

Sources: RECIST 1.1 sections 3 and 4; iRECIST table 1 and section "new lesions"; the charter's
clauses on volumes; for the others see the modules that ask.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reads.criteria import registry
from reads.design import (
    brain_items,
    immune_items,
    lymphoma_items,
    prostate_items,
    uptake_items,
    volume_items,
)
from reads.design.form_parts import Document, entered_places, item_of, row_item, section
from reads.design.lesion_sets import LesionSet, lesion_set
from reads.design.response_items import IRECIST, ITEMS, PCWG, PERCIST, RECIST, VOLUMES
from reads.design.response_section import section_for
from reads.design.volume_items import as_number
from studies.forms.documents import load

_BASE = "ecrf_recist11"
_CT, _MR, _PET = ("ct", "CT"), ("mr", "MR"), ("pet", "PET")
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def supported() -> tuple[str, ...]:
    """Return the keys of the criteria that a standard form can be made for."""
    return tuple(ITEMS)


def standard_form(
    criteria: Mapping[str, Mapping[str, object]], *, key: str, title: str
) -> dict[str, Any]:
    """Return the document of an eCRF that serves all criteria of a design with one set of lesions.

    Args:
        criteria: key of a registered criterion -> its parameters, as the design has them. Where two
            criteria limit the choice of lesions differently, the stricter limit holds for the set.
        key: key of the form. title: its title.

    Raises:
        CriteriaError: no criterion, one that has no standard form, or two that choose lesions by
            different rules; names the field.
    """
    chosen = lesion_set(criteria)
    document: Document = load(_BASE).document()
    document |= {"key": key, "title": title, "source": _source(criteria)}
    _ask_by_modality(document)
    if chosen is LesionSet.UPTAKE:
        uptake_items.leave_lesions_out(document)
    else:
        _ask_where_new_lesions_are(document)
        _BEGIN[chosen](document, criteria)
    if VOLUMES in criteria:
        volume_items.add(document, _limits(criteria).too_small_mm)
    if PERCIST in criteria:
        uptake_items.add(document)
    _set_responses(document, criteria)
    return document


def _begin_solid(document: Document, criteria: Mapping[str, Mapping[str, object]]) -> None:
    """Begin with RECIST 1.1; what immune criteria and the prostate ask comes on top."""
    _set_limits(document, _limits(criteria))
    if IRECIST in criteria:
        immune_items.add(document, _limits(criteria).targets, _limits(criteria).per_organ)
    if PCWG in criteria:
        prostate_items.add(document)


def _source(criteria: Mapping[str, Mapping[str, object]]) -> str:
    return "; ".join(registry.get(name).citation for name in criteria)


_BEGIN: Mapping[LesionSet, Callable[[Document, Mapping[str, Mapping[str, object]]], None]] = {
    LesionSet.SOLID: _begin_solid,
    LesionSet.LYMPHOMA: lymphoma_items.begin,
    LesionSet.BRAIN: brain_items.begin,
}


# What a charter may change


@dataclass(frozen=True, slots=True)
class _Limits:
    targets: int = 5
    per_organ: int = 2
    too_small_mm: Decimal = Decimal(5)
    baseline_days: int = 28


def _limits(criteria: Mapping[str, Mapping[str, object]]) -> _Limits:
    """The limits on one set of lesions; RECIST 1.1 says what a small lesion counts, if it is in."""
    chosen = [
        registry.get(name).options(criteria[name]) for name in (RECIST, IRECIST) if name in criteria
    ]
    if not chosen:
        return _Limits()
    return _Limits(
        targets=min(each.integer("max_targets") for each in chosen),
        per_organ=min(each.integer("max_targets_per_organ") for each in chosen),
        too_small_mm=chosen[0].decimal("too_small_mm"),
        baseline_days=min(each.integer("baseline_max_age_days") for each in chosen),
    )


def _words(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _set_limits(document: Document, limits: _Limits) -> None:
    if limits == _Limits():
        return
    checks = {check["id"]: check for check in document["checks"]}
    most, each = _words(limits.targets), _words(limits.per_organ)
    checks["TARGET_COUNT_MAX"]["must"]["at_most"] = limits.targets
    checks["TARGET_COUNT_MAX"]["message"] = (
        f"There are more than {most} target lesions. Keep {most}; record the others as non-target."
    )
    checks["TARGET_PER_ORGAN_MAX"]["must"]["at_most"] = limits.per_organ
    checks["TARGET_PER_ORGAN_MAX"]["message"] = (
        f"There are more than {each} target lesions in one organ. Paired organs are one organ, "
        "and so are all lymph nodes."
    )
    for name in ("NONTARGET_COULD_BE_TARGET", "NODE_COULD_BE_TARGET"):
        for part in checks[name]["when"]["all"]:
            if part.get("count") == "target.lesions":
                part["less_than"] = limits.targets
    checks["BASELINE_TOO_OLD"]["must"]["at_most"] = limits.baseline_days
    checks["BASELINE_TOO_OLD"]["message"] = (
        f"Baseline imaging is more than {limits.baseline_days} days before treatment started."
    )
    small = format(limits.too_small_mm, "f")
    checks["TSTM_VALUE"]["must"]["is"] = as_number(limits.too_small_mm)
    checks["TSTM_VALUE"]["message"] = (
        f"A lesion too small to measure counts {small} mm. Leave the diameter empty, or choose "
        "\N{LEFT DOUBLE QUOTATION MARK}Measured\N{RIGHT DOUBLE QUOTATION MARK}."
    )
    section(document, "target")["help"] = (
        f"At most {most} in all and {each} in one organ. Longest diameter, for nodes the short "
        "axis."
    )
    for case in row_item(document, "target", "value")["derived"]["cases"]:
        if case["when"].get("is") == "TOO SMALL TO MEASURE":
            case["value"] = as_number(limits.too_small_mm)


# Image quality by modality


def _ask_by_modality(document: Document) -> None:
    """Ask what cannot be read, and why, for CT, MR and PET apart."""
    items = section(document, "quality")["items"]
    reason = next(item for item in items if item["key"] == "reason")
    place = items.index(reason)
    limited = reason["shown_when"]
    asked: list[Document] = [
        {
            "key": "affected",
            "label": "Which images",
            "kind": "multiple_choice",
            "choices": [{"code": words, "label": words} for _, words in (_CT, _MR, _PET)],
            "shown_when": limited,
            "required": True,
            "absence": [],
        }
    ]
    for name, words in (_CT, _MR, _PET):
        when = {"all": [limited, {"item": "quality.affected", "contains": words}]}
        asked.append(_grade(name, words, when))
        asked.append(
            {
                **reason,
                "key": f"{name}_reason",
                "label": f"What limits {words}",
                "shown_when": when,
            }
        )
    items[place : place + 1] = asked
    comment = item_of(document, "remarks", "comment")
    comment["required"]["any"][:1] = [
        {"item": f"quality.{name}_reason", "contains": "OTHER"} for name, _ in (_CT, _MR, _PET)
    ]


def _grade(name: str, words: str, when: Document) -> Document:
    return {
        "key": f"{name}_grade",
        "label": f"{words} can be read",
        "kind": "choice",
        "widget": "segments",
        "choices": [
            {"code": "LIMITED", "label": "With limits", "tone": "wait"},
            {"code": "NOT READABLE", "label": "No", "tone": "stop"},
        ],
        "shown_when": when,
        "required": True,
        "absence": [],
    }


def _ask_where_new_lesions_are(document: Document) -> None:
    """Ask for organ and method of a new lesion at once, not only when the form is complete."""
    for key in ("location", "method"):
        row_item(document, "new", key)["required"] = True


# Responses


def _set_responses(document: Document, criteria: Mapping[str, Mapping[str, object]]) -> None:
    """Put a section of responses for each criterion where the form had its only one."""
    if RECIST not in criteria:
        _drop_recist_responses(document)
    elif len(criteria) > 1:
        section(document, "response")["title"] = "Response by RECIST 1.1"
    remarks = document["sections"].pop()
    places = list(entered_places(document))
    for name in criteria:
        if name == RECIST:
            continue
        added, checks = section_for(name, places)
        if name == IRECIST:
            immune_items.ask_basis(added)
        document["sections"].append(added)
        document["checks"] += checks
    document["sections"].append(remarks)


def _drop_recist_responses(document: Document) -> None:
    document["sections"] = [each for each in document["sections"] if each["key"] != "response"]
    document["checks"] = [check for check in document["checks"] if "response." not in str(check)]
