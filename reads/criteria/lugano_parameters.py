"""What a charter may change in Lugano 2014 (criteria.md section 5 and open question 9)."""

from __future__ import annotations

from reads.criteria.course import best_parameters
from reads.criteria.lugano_rules import CLAUSE, CT_CLAUSE
from reads.criteria.parameter_rows import choice, count, flag, percent, quantity
from reads.criteria.parameters import Parameter


def _mm(name: str, default: int, meaning: str) -> Parameter:
    return quantity(name, default, meaning, unit="mm", clause=CT_CLAUSE, maximum=500)


PARAMETERS = (
    choice(
        "mode",
        {"PET_CT": "PET decides where it was done", "CT": "CT decides"},
        "Modality that decides the overall response.",
        clause=CLAUSE,
    ),
    count("max_targets", 6, "Most target lesions at baseline.", clause=CT_CLAUSE, maximum=20),
    _mm("abnormal_ldi_mm", 15, "A node up to this LDi is normal; a target above it can progress."),
    _mm("measurable_extranodal_mm", 10, "LDi that a measurable extranodal lesion exceeds."),
    _mm("too_small_mm", 5, "Each diameter of a lesion too small to measure."),
    percent(
        "pr_decrease_pct", 50, "Decrease of the sum of products that makes a PR.", clause=CT_CLAUSE
    ),
    percent(
        "lesion_growth_pct",
        50,
        "Increase of one product over its nadir that makes a PD.",
        clause=CT_CLAUSE,
    ),
    _mm("growth_small_mm", 5, "Least growth of LDi or SDi of a small lesion for PD."),
    _mm("growth_large_mm", 10, "Least growth of LDi or SDi of a large lesion for PD."),
    _mm("large_lesion_mm", 20, "A lesion above this LDi is large."),
    flag(
        "growth_inclusive",
        "Growth of exactly 5 or 10 mm reaches the limit.",
        readings={
            "true": "exactly 5 or 10 mm is enough",
            "false": "more than 5 or 10 mm is needed",
        },
        default=True,
        question=9,
        clause=CLAUSE,
    ),
    choice(
        "growth_size_at",
        {
            "nadir": "the size at the nadir tells a small lesion from a large one",
            "current": "the size now tells a small lesion from a large one",
        },
        "Size class of a lesion that crosses 20 mm.",
        question=9,
        clause=CLAUSE,
    ),
    choice(
        "pet_unreadable",
        {"NE": "the time point is not evaluable", "CT": "the CT response is taken"},
        "Overall response when PET was done but cannot be read.",
        question=9,
        clause=CLAUSE,
    ),
    _mm("spleen_normal_max_mm", 130, "Longest normal spleen."),
    _mm("spleen_new_growth_mm", 20, "Growth of a spleen that was not enlarged for PD."),
    choice(
        "spleen_reference",
        {"nadir": "the smallest earlier spleen", "baseline": "the spleen at baseline"},
        "What growth of the spleen is measured from.",
        clause=CLAUSE,
    ),
    flag(
        "new_splenomegaly_must_exceed_normal",
        "Growth of a normal spleen is PD only above the normal length.",
        readings={"true": "must exceed the normal length", "false": "growth alone is enough"},
        default=False,
        clause=CLAUSE,
    ),
    _mm("new_node_mm", 15, "A new node above this size in any axis is a new lesion."),
    _mm("regrown_extranodal_mm", 10, "LDi above which a vanished extranodal lesion is back."),
    flag(
        "stable_nonmeasured_allows_pr",
        "Unchanged non-measured disease allows PR.",
        readings={"true": "no increase is enough", "false": "it is gone, normal or smaller"},
        default=False,
        clause=CLAUSE,
    ),
    choice(
        "unknown_part",
        {
            "as_recist": "CR becomes PR, other responses stand, as in RECIST 1.1",
            "NE": "the CT response is not evaluable",
        },
        "CT response when non-measured disease or an enlarged spleen cannot be evaluated.",
        clause=CLAUSE,
    ),
    *best_parameters(CLAUSE),
)
