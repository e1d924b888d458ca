"""What the RANO family asks: two diameters or volumes, T2/FLAIR, steroids, clinical status.

High-grade glioma 2010, low-grade glioma 2011 and RANO 2.0 share one set of lesions of the brain.
In a mixed tumour each lesion belongs to the enhancing or the non-enhancing part. Steroids and
clinical status stand in a section of their own after the images: they come with the dossier, and
the images are judged first.

Sources: Wen 2010, van den Bent 2011, Wen 2023; criteria 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from reads.criteria import registry
from reads.design import volume_items
from reads.design.form_parts import (
    BASELINE,
    FOLLOW_UP,
    Document,
    add_before,
    check,
    choice,
    choices,
    number,
    row_item,
    rows_of,
    section,
    yes_no,
)
from reads.design.product_items import cite, limit_targets, measure_products, name_disease
from reads.design.response_items import BRAIN, LOW_GRADE, MIXED, NON_ENHANCING

Criteria = Mapping[str, Mapping[str, object]]
_PLACES = (
    ("FRONTAL LOBE", "Frontal lobe"),
    ("PARIETAL LOBE", "Parietal lobe"),
    ("TEMPORAL LOBE", "Temporal lobe"),
    ("OCCIPITAL LOBE", "Occipital lobe"),
    ("CORPUS CALLOSUM", "Corpus callosum"),
    ("THALAMUS", "Thalamus"),
    ("BASAL GANGLIA", "Basal ganglia"),
    ("BRAIN STEM", "Brain stem"),
    ("CEREBELLUM", "Cerebellum"),
    ("MENINGES", "Meninges"),
    ("SPINAL CORD", "Spinal cord"),
    ("OTHER", "Other"),
)
_STATES = (
    ("PRESENT", "Present, no clear progression"),
    ("ABSENT", "Gone"),
    ("UNEQUIVOCAL PROGRESSION", "Clear progression"),
    ("NOT EVALUABLE", "Not evaluable"),
)
_COMPARED = (
    ("STABLE", "No change"),
    ("DECREASED", "Less"),
    ("INCREASED", "Significantly more"),
    ("NOT EVALUABLE", "Not evaluable"),
)
_TOO_SMALL_MM = Decimal(5)
_MEASURED: Document = {"item": "target.lesions.state", "is": "MEASURED"}


def begin(document: Document, criteria: Criteria) -> None:
    """Turn the form of RECIST 1.1 into one of brain tumours."""
    own = {name: given for name, given in criteria.items() if name in BRAIN}
    clause = registry.get(next(iter(own))).rules[0].clause
    measure_products(document, too_small_mm=_too_small(own))
    most = min(registry.get(name).options(given).integer("max_targets")
               for name, given in own.items())  # fmt: skip
    limit_targets(document, most, str(most), clause)
    name_disease(
        document, title="Non-measurable disease", row="Non-measurable disease", states=_STATES
    )
    lesions = section(document, "target")
    lesions["help"] = (
        f"The largest lesions, at most {most}. Longest diameter and the longest one perpendicular "
        "to it in one slice, both at least 10 mm at baseline; cysts and cavities are not measured."
    )
    for part in ("target", "non_target", "new"):
        place = row_item(document, part, "location")
        place |= {"choices": choices(_PLACES), "label": "Place"}
        place.pop("help", None)
    document["checks"] += _measurable(clause)
    if set(own) & set(MIXED):
        _ask_component(document, most, clause)
    _ask_of_new_lesions(document)
    add_before(document, "remarks", _course(own))
    add_before(document, "remarks", _clinical())
    if any(name.endswith("_VOL") for name in own):
        _ask_volumes(document, own)
    cite(document, clause)


def _too_small(own: Criteria) -> Decimal:
    for name, given in own.items():
        if not name.endswith("_VOL"):
            return registry.get(name).options(given).decimal("too_small_mm")
    return _TOO_SMALL_MM


def _ask_volumes(document: Document, own: Criteria) -> None:
    name, given = next((n, g) for n, g in own.items() if n.endswith("_VOL"))
    volume_items.add_volumes(document, registry.get(name).options(given).decimal("too_small_ml"))


def _measurable(clause: str) -> list[Document]:
    when = {"all": [BASELINE, _MEASURED]}
    axis, thick = "target.lesions.short_axis", "quality.slice_thickness"
    return [
        check(
            "TARGET_NOT_MEASURABLE", axis, {"item": axis, "at_least": 10},
            "{target.lesions.label} has {target.lesions.short_axis}. Both diameters of a target "
            "are at least 10 mm at baseline. Record it as non-measurable disease.",
            clause, when=when,
        ),
        check(
            "TARGET_SLICE_THICKNESS", axis,
            {"item": axis, "at_least": {"other": thick, "times": 2}},
            "{target.lesions.label} is smaller than twice the slice thickness of "
            "{quality.slice_thickness}.",
            clause, when={"all": [*when["all"], {"item": thick, "more_than": 5}]}, level="warning",
        ),
    ]  # fmt: skip


def _ask_component(document: Document, most: int, clause: str) -> None:
    """In a mixed tumour each part has half of the places (RANO 2.0)."""
    rows = rows_of(document, "target")
    place = next(n for n, each in enumerate(rows) if each["key"] == "state")
    path = "target.lesions.component"
    rows.insert(
        place,
        choice(
            "component",
            "Part of the tumour",
            (("ENHANCING", "Enhancing"), ("NON ENHANCING", "Non-enhancing")),
        ),
    )
    section(document, "target")["items"][1]["carry_forward"].append("component")
    document["checks"] += [
        check(
            "TARGET_PER_PART_MAX", "target.lesions",
            {"count": "target.lesions", "per": path, "at_most": most // 2},
            f"There are more than {most // 2} targets in one part of the tumour. Keep the largest.",
            clause,
        ),
        check(
            "TARGET_PART_CHANGED", path, {"item": path, "is": {"previous": path}},
            "{target.lesions.label} belonged to the other part before. It keeps its part.", clause,
        ),
    ]  # fmt: skip


def _ask_of_new_lesions(document: Document) -> None:
    rows = rows_of(document, "new")
    place = next(n for n, each in enumerate(rows) if each["key"] == "certainty") + 1
    rows.insert(
        place,
        yes_no(
            "outside_field", "Outside the high-dose field", required=False,
            absence=["not_evaluable"],
            shown_when={"item": "new.lesions.certainty", "is": "UNEQUIVOCAL"},
            help="Beyond the 80 % isodose line; leave it open where there was no radiotherapy.",
        ),
    )  # fmt: skip


def _course(own: Criteria) -> Document:
    """T2/FLAIR, enhancement of tumours that do not enhance, histology."""
    items = [
        choice(
            "t2_flair", "T2/FLAIR against the best scan so far",
            (("NONE", "No abnormality"), *_COMPARED),
            help="More only where no other cause explains it, such as radiotherapy or oedema.",
        )
    ]  # fmt: skip
    if set(own) & {LOW_GRADE, *NON_ENHANCING}:
        items.append(
            choice(
                "enhancement", "Enhancement", (("NONE", "None"), *_COMPARED),
                help="“Significantly more” covers new enhancement.",
            )
        )  # fmt: skip
    items.append(yes_no("histology", "Viable tumour proven by histology"))
    return {
        "key": "course",
        "title": "T2/FLAIR and enhancement",
        "shown_when": FOLLOW_UP,
        "items": items,
    }


def _clinical() -> Document:
    dosed = {"item": "clinical.dexamethasone", "more_than": 0}
    return {
        "key": "clinical",
        "title": "Steroids and clinical status",
        "help": "From the dossier, after the images are judged.",
        "items": [
            number(
                "dexamethasone", "Steroid dose as dexamethasone", "mg", decimals=2, maximum="200",
                required=True, absence=["not_evaluable"],
                help="Mean daily dose since the time point before; 0 for none.",
                cdisc={"dataset": "CM", "variable": "CMDOSE"},
            ),
            yes_no("replacement", "The dose only replaces the body’s own", shown_when=dosed),
            choice(
                "status", "Clinical status against baseline",
                (
                    ("STABLE", "Stable"),
                    ("BETTER", "Better"),
                    ("WORSE", "Clear decline without another cause"),
                    ("NOT EVALUABLE", "Not known"),
                ),
                shown_when=FOLLOW_UP,
            ),
            choice(
                "basis", "Judged by",
                (("KPS", "Karnofsky"), ("WHO", "WHO or ECOG"), ("NANO", "NANO scale"),
                 ("OTHER", "Other, in the comment")),
                shown_when={"item": "clinical.status", "one_of": ["STABLE", "BETTER", "WORSE"]},
            ),
            number(
                "weeks_since_rt", "Weeks since the end of radiotherapy", "weeks", maximum="2000",
                absence=["not_done", "not_evaluable"], shown_when=FOLLOW_UP,
                help="Growth inside the field is judged apart in the first weeks.",
            ),
        ],
    }  # fmt: skip
