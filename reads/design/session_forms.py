"""Forms of the sessions besides time points, made from a design: global, eligibility, oncology.

The lists of responses come from the same table as the eCRF's. Sources: RECIST 1.1 section 3.1
(measurable at baseline: 10 mm longest diameter, nodes 15 mm short axis) and the charter's clauses
on the global review and the oncologist's review.
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from reads.criteria import registry
from reads.criteria.errors import CriteriaError
from reads.design.document import ReadDesign
from reads.design.response_items import IRECIST, ITEMS, RECIST
from studies.forms.documents import load

Document = dict[str, Any]

#: keys of the forms that the sessions of a study use; the oncologist's key stands in the design
GLOBAL_FORM = "global_review"
ELIGIBILITY_FORM = "eligibility"
YES, NO, UNSAID = "YES", "NO", "CANNOT BE SAID"
CHANGES = (
    ("IMAGE QUALITY", "Image quality changes the meaning of a measurement"),
    ("LESION NATURE", "A lesion proved not to be tumour, or to be tumour"),
    ("LATER IMAGES", "Later images show what was seen earlier"),
    ("CLINICAL KNOWLEDGE", "Dossier shown under the charter"),
    ("OTHER", "Other, in the reason"),
)
#: criteria whose measurable disease is that of RECIST 1.1 section 3.1
_MEASURED_BY_RECIST = (RECIST, IRECIST)
_LESION_ITEMS = ("label", "location", "detail", "side", "method", "long_axis", "short_axis")


def slug(criterion: str) -> str:
    """Return a criterion's key as it may stand in a place of a form."""
    return "".join(c if c.isalnum() else "_" for c in criterion.lower())


def course_group(criterion: str) -> str:
    """Return the place of a criterion's time points in the form of a global review."""
    return f"course_{slug(criterion)}.rows"


def measurable_place(criterion: str) -> str:
    """Return the place of a criterion's answer in the form of an eligibility read."""
    return f"answer.{slug(criterion)}"


def form_key(kind: str, design: ReadDesign) -> str:
    """Return the key of the form that a kind of task uses in a design."""
    own = {
        "global": GLOBAL_FORM,
        "eligibility": ELIGIBILITY_FORM,
        "oncology": design.oncology_review.form,
    }
    return own.get(kind, design.form)


def forms_of(design: ReadDesign) -> dict[str, Document]:
    """Return the documents that a design's sessions need: key -> form.

    Raises:
        CriteriaError: a criterion without a table of responses has no standard form.
    """
    found: dict[str, Document] = {}
    if design.sessions.global_review:
        found[GLOBAL_FORM] = global_form(design)
    if design.sessions.eligibility:
        found[ELIGIBILITY_FORM] = eligibility_form(design)
    if design.oncology_review.is_wanted:
        found[design.oncology_review.form] = oncology_form(design)
    return found


def _responses(criterion: str) -> list[Document]:
    for item in ITEMS.get(criterion, ()):
        if item.key == "overall":
            return [{"code": code, "label": code} for code in item.choices]
    raise CriteriaError("criteria", f"{criterion} has no standard form; use a form of its own")


def _remarks() -> Document:
    comment = {"key": "comment", "label": "Comment", "kind": "long_text", "max_length": 4000}
    return {
        "key": "remarks",
        "title": "Comments",
        "items": [{**comment, "absence": []}],
    }


def _head(key: str, title: str, source: str, context: Mapping[str, str]) -> Document:
    return {
        "key": key,
        "version": "1.0",
        "title": title,
        "purpose": "ecrf",
        "source": source,
        "language": "en",
        "context": dict(context),
    }


# The global review


def global_form(design: ReadDesign) -> Document:
    """Return the form of a global review: for each criterion the later responses.

    The baseline is not in it: the choice of lesions may not change.
    """
    head = _head(
        GLOBAL_FORM,
        "Global review",
        "Charter, global review",
        {"course.point": "text", "course.signed": "text"},
    )
    return {
        **head,
        "sections": [*(_course(key) for key in design.criteria), _remarks()],
        "checks": [],
    }


def _course(criterion: str) -> Document:
    place = course_group(criterion)
    changed = {"item": f"{place}.response", "is_not": {"other": f"{place}.signed"}}
    return {
        "key": place.partition(".")[0],
        "title": f"Responses by {registry.get(criterion).title}",
        "help": "A response stays as signed unless you choose another one and say why.",
        "items": [
            {
                "key": "rows",
                "label": "Responses",
                "kind": "group",
                "row_key": "point",
                "row_name": "Time point",
                "max_rows": 100,
                "fixed_rows": True,
                "absence": [],
                "items": [
                    _fact("point", "Time point", "course.point"),
                    _fact("signed", "As signed", "course.signed"),
                    {
                        "key": "response",
                        "label": "Response now",
                        "kind": "choice",
                        "widget": "select",
                        "choices": _responses(criterion),
                        "required": True,
                        "absence": [],
                    },
                    {
                        "key": "change_class",
                        "label": "Why it changes",
                        "kind": "choice",
                        "widget": "select",
                        "choices": [{"code": code, "label": label} for code, label in CHANGES],
                        "shown_when": changed,
                        "required": True,
                        "absence": [],
                    },
                    {
                        "key": "change_reason",
                        "label": "Reason",
                        "kind": "long_text",
                        "max_length": 1000,
                        "shown_when": changed,
                        "required": True,
                        "absence": [],
                    },
                ],
            }
        ],
    }


def _fact(key: str, label: str, source: str) -> Document:
    return {
        "key": key,
        "label": label,
        "kind": "text",
        "max_length": 60,
        "read_only": True,
        "prefill": source,
        "absence": [],
    }


# The eligibility read


def eligibility_form(design: ReadDesign) -> Document:
    """Return the form of an eligibility read: quality, lesions, an answer a criterion."""
    base = load("ecrf_recist11").document()
    sections = {section["key"]: section for section in base["sections"]}
    quality = deepcopy(sections["quality"])
    quality["items"] = [i for i in quality["items"] if i["key"] in {"overall", "reason"}]
    head = _head(
        ELIGIBILITY_FORM,
        "Eligibility by imaging",
        base["source"],
        {"time_point.kind": "text", "time_point.date": "date"},
    )
    return {
        **head,
        "sections": [quality, _measurable(sections["target"]), _answers(design), _remarks()],
        "checks": [check for key in design.criteria for check in _answer_checks(key)],
    }


def _measurable(target: Document) -> Document:
    lesions = deepcopy(next(i for i in target["items"] if i["key"] == "lesions"))
    items = {item["key"]: item for item in lesions["items"]}
    kept = [items[key] for key in _LESION_ITEMS]
    for item in kept:
        if item["key"] in {"long_axis", "short_axis"}:
            item.pop("shown_when", None)
            item.pop("required", None)
            item.pop("absence", None)
    by_key = {item["key"]: item for item in kept}
    by_key["long_axis"] |= {"required": True, "absence": []}
    node = {"item": "target.lesions.location", "is": "LYMPH NODE"}
    by_key["short_axis"] |= {"required": True, "absence": [], "shown_when": node}
    slice_number = deepcopy(items["slice"])
    slice_number.pop("shown_when", None)
    lesions |= {
        "items": [*kept, slice_number],
        "carry_forward": [],
        "label": "Lesions",
        "row_name": "Lesion",
    }
    return {
        "key": "target",
        "title": "Measurable lesions",
        "help": "List at least one lesion that can be measured, if there is one.",
        "items": [lesions],
    }


def _answers(design: ReadDesign) -> Document:
    choices = [
        {"code": YES, "label": "Yes", "tone": "good"},
        {"code": NO, "label": "No", "tone": "stop"},
        {"code": UNSAID, "label": "More images needed", "tone": "wait"},
    ]
    return {
        "key": "answer",
        "title": "Is there measurable disease?",
        "items": [
            {
                "key": slug(key),
                "label": f"By {registry.get(key).title}",
                "kind": "choice",
                "widget": "segments",
                "choices": choices,
                "required": True,
                "absence": [],
            }
            for key in design.criteria
        ],
    }


def _answer_checks(criterion: str) -> list[Document]:
    place = measurable_place(criterion)
    unreadable = {
        "id": f"UNREADABLE_{slug(criterion).upper()}",
        "item": place,
        "level": "error",
        "when": {"item": "quality.overall", "is": "NOT READABLE"},
        "must": {"item": place, "is": UNSAID},
        "message": "Images that cannot be read give no answer. Choose “More images needed”.",
        "clause": "Charter, eligibility read",
    }
    if criterion not in _MEASURED_BY_RECIST:
        return [unreadable]
    node = {"item": "target.lesions.location", "is": "LYMPH NODE"}
    big_node = {"item": "target.lesions.short_axis", "at_least": 15}
    other = {"item": "target.lesions.location", "is_not": "LYMPH NODE"}
    big = {"item": "target.lesions.long_axis", "at_least": 10}
    found = {
        "any_row": "target.lesions",
        "where": {"any": [{"all": [node, big_node]}, {"all": [other, big]}]},
    }
    clause = "RECIST 1.1 section 3.1.1"
    return [
        unreadable,
        {
            "id": f"MEASURABLE_UNPROVEN_{slug(criterion).upper()}",
            "item": place,
            "level": "error",
            "when": {"item": place, "is": YES},
            "must": found,
            "message": "You answered yes, but no listed lesion has 10 mm, or as a node 15 mm in "
            "its short axis. List one, or answer no.",
            "clause": clause,
        },
        {
            "id": f"MEASURABLE_DENIED_{slug(criterion).upper()}",
            "item": place,
            "level": "warning",
            "when": {"all": [{"item": place, "is": NO}, found]},
            "must": {"item": place, "is": YES},
            "message": "You answered no, but a listed lesion is large enough to be measured.",
            "clause": clause,
        },
    ]


# The oncologist's review


def oncology_form(design: ReadDesign) -> Document:
    """Return the form of the oncologist: the response with clinical data, and what it rests on."""
    first = next(iter(design.criteria), "")
    head = _head(design.oncology_review.form, "Oncology review", "Charter, oncology review", {})
    agrees = {"item": "oncology.agrees", "is": False}
    items: list[Document] = [
        {
            "key": "agrees",
            "label": "Do you agree with the radiology result?",
            "kind": "boolean",
            "required": True,
            "absence": [],
        },
        {
            "key": "overall_response",
            "label": "Overall response with clinical data",
            "kind": "choice",
            "choices": _responses(first),
            "required": True,
            "absence": [],
        },
        {
            "key": "clinical_progression",
            "label": "Is there clinical progression?",
            "kind": "boolean",
            "required": True,
            "absence": ["not_evaluable"],
        },
        {
            "key": "basis",
            "label": "What you relied on",
            "kind": "multiple_choice",
            "choices": [
                {"code": "RADIOLOGY", "label": "Radiology read"},
                {"code": "SYMPTOMS", "label": "Symptoms, performance status"},
                {"code": "LABORATORY", "label": "Laboratory, tumour markers"},
                {"code": "PATHOLOGY", "label": "Pathology"},
                {"code": "THERAPY", "label": "Therapy, local treatment"},
            ],
            "required": True,
            "absence": [],
        },
        {
            "key": "reason",
            "label": "Why it differs",
            "kind": "long_text",
            "max_length": 2000,
            "shown_when": agrees,
            "required": True,
            "absence": [],
        },
    ]
    section = {"key": "oncology", "title": "Oncology review", "items": items}
    return {**head, "sections": [section, _remarks()], "checks": []}
