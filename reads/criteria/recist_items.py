"""The eCRF items of the RECIST family and their SDTM mapping (criteria.md sections 9 and 13)."""

from __future__ import annotations

from reads.criteria.base import (
    EcrfItem,
    SdtmItem,
)

ITEMS = (
    EcrfItem(name="target.id", when="baseline", meaning="Identifier T01, T02, … kept for good"),
    EcrfItem(name="target.organ", when="baseline", meaning="Coded location with side"),
    EcrfItem(name="target.nodal", when="baseline", meaning="Lymph node: the short axis counts"),
    EcrfItem(name="target.ld_mm", when="baseline and follow-up", meaning="Longest diameter, mm"),
    EcrfItem(name="target.sa_mm", when="baseline and follow-up", meaning="Short axis, mm"),
    EcrfItem(name="target.modality", when="baseline and follow-up", meaning="Method of the series"),
    EcrfItem(
        name="target.slice_thickness_mm",
        when="baseline and follow-up",
        meaning="Slice thickness of the series measured, mm",
    ),
    EcrfItem(
        name="target.prior_local_therapy", when="baseline", meaning="Irradiated or treated before"
    ),
    EcrfItem(name="target.state", when="follow-up", meaning="State of each baseline target"),
    EcrfItem(name="target.reason", when="follow-up", meaning="Reason when not evaluable"),
    EcrfItem(name="target.fragments_mm", when="follow-up", meaning="Sizes of split pieces, mm"),
    EcrfItem(name="target.merged_into", when="follow-up", meaning="Target that holds the mass"),
    EcrfItem(name="non_target.id", when="baseline", meaning="Identifier NT01, NT02, …"),
    EcrfItem(name="non_target.organ", when="baseline", meaning="Coded location"),
    EcrfItem(name="non_target.state", when="follow-up", meaning="State of each non-target"),
    EcrfItem(name="new_lesions.id", when="follow-up", meaning="Identifier NL01, NL02, …"),
    EcrfItem(name="new_lesions.organ", when="follow-up", meaning="Coded location"),
    EcrfItem(name="new_lesions.certainty", when="follow-up", meaning="Unequivocal or equivocal"),
    EcrfItem(name="tumour_marker_normal", when="follow-up", meaning="Tumour marker, when followed"),
)


def sdtm_items(category: str) -> tuple[SdtmItem, ...]:
    """Return the SDTM mapping of the RECIST family (criteria.md section 13)."""
    rows = (
        ("target.organ", "TU", "TUMIDENT", "TUORRES=TARGET, TULOC, TULAT"),
        ("non_target.organ", "TU", "TUMIDENT", "TUORRES=NON-TARGET, TULOC, TULAT"),
        ("new_lesions.organ", "TU", "TUMIDENT", "TUORRES=NEW, TULOC, TULAT"),
        ("target.ld_mm", "TR", "LDIAM", "non-nodal target, mm"),
        ("target.sa_mm", "TR", "LPERP", "nodal target, mm"),
        ("target.state", "TR", "TUMSTATE", "TOO SMALL TO MEASURE in TRORRES, 5 in TRSTRESN"),
        ("non_target.state", "TR", "TUMSTATE", "PRESENT, ABSENT, UNEQUIVOCAL"),
        ("sum_mm", "TR", "SUMDIAM", "sum of diameters, mm"),
        ("pct_change_baseline", "TR", "PCBSD", "percent change from baseline"),
        ("pct_change_nadir", "TR", "PCNSD", "percent change from nadir"),
        ("abs_change_nadir_mm", "TR", "ACNSD", "absolute change from nadir, mm"),
        ("target_response", "RS", "TRGRESP", ""),
        ("non_target_response", "RS", "NTRGRESP", ""),
        ("new_lesion", "RS", "NEWLPROG", "EQUIVOCAL or UNEQUIVOCAL"),
        ("overall_response", "RS", "OVRLRESP", "NE is a result"),
        ("bor", "RS", "BESTRESP", ""),
    )
    return tuple(
        SdtmItem(
            source=source,
            domain=domain,
            test_code=code,
            category=category if domain == "RS" else "",
            note=note,
        )
        for source, domain, code, note in rows
    )
