"""Lugano 2014: CT table, five-point scale and overall response, every cell by hand."""

from __future__ import annotations

from decimal import Decimal
from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reads.criteria.comparison import compare
from reads.criteria.errors import CriteriaError
from reads.criteria.lugano import LUGANO2014
from reads.criteria.records import Record, loads
from reads.criteria.vectorfile import derive

VECTORS = Path(__file__).parent / "vectors"
CT = {"mode": "CT"}


def node(ldi, sdi, key="N1"):
    return {"id": key, "kind": "NODE", "state": "MEASURED", "ldi_mm": ldi, "sdi_mm": sdi}


def extranodal(ldi, sdi, key="X1"):
    return {**node(ldi, sdi, key), "kind": "EXTRANODAL"}


GONE = {"id": "X1", "state": "NOT_VISIBLE"}
# Baseline of the table: a node of 30 x 20 = 600 mm² and an extranodal lesion of 20 x 20 = 400 mm².
BASE = [node(30, 20), extranodal(20, 20)]
# What each size response looks like: the sums are 0 + normal node, 450, 900 and 1600 mm².
LESIONS = {
    "CR": [node(15, 10), GONE],
    "PR": [node(25, 10), extranodal(20, 10)],
    "SD": [node(28, 20), extranodal(20, 17)],
    "PD": [node(45, 20), extranodal(20, 20)],
}


def visit(lesions="SD", *, day=56, **facts):
    items = LESIONS[lesions] if isinstance(lesions, str) else lesions
    return {"day": day, "lesions": items, "nonmeasured": "ABSENT", "new_lesions": [], **facts}


def pet_visit(*, day=56, ct=None, **pet):
    facts = {"deauville": 2, "uptake_change_vs_baseline": "REDUCED", **pet}
    read = {} if ct is None else {"lesions": LESIONS[ct]}
    return {"day": day, "nonmeasured": "ABSENT", "new_lesions": [], "pet": facts, **read}


def run(*visits, baseline=None, options=CT, **at_baseline):
    subject = {
        "baseline": {"day": 0, "lesions": BASE if baseline is None else baseline, **at_baseline},
        "visits": list(visits),
    }
    history = LUGANO2014.files.history(Record(subject))
    return LUGANO2014.assess(history, LUGANO2014.options(options))


def ct(*visits, **kwargs):
    return run(*visits, **kwargs).time_points[-1].text("ct_response")


@pytest.mark.parametrize(("name", "count"), [("lugano.json", 60), ("component_level.json", 3)])
def test_every_visible_vector_agrees(name, count):
    document = loads((VECTORS / name).read_text())
    if "cases" in document:
        document["cases"] = [c for c in document["cases"] if c["criterion"] == "LUGANO2014"]
    derivation = derive(document)
    rows = compare(derivation.document)
    assert not derivation.errors
    assert len(rows) == count
    assert [row for row in rows if not row.equal] == []


# CT table -------------------------------------------------------------------------------------

NEW_NODE = {"id": "NL1", "kind": "NODE", "ldi_mm": 16, "certainty": "UNEQUIVOCAL"}
# row -> column -> (size response, facts at baseline, facts of the visit, CT response)
CT_TABLE = {
    "target nodes": {
        "CR": [("CR", {}, {}, "CR")],
        "PR": [("PR", {}, {}, "PR")],
        "SD": [("SD", {}, {}, "SD")],
        "PD": [("PD", {}, {}, "PD")],
    },
    "extranodal targets": {
        "CR": [
            ([node(15, 10), GONE], {}, {}, "CR"),
            ([node(15, 10), extranodal(6, 6)], {}, {}, "PR"),
            ([node(15, 10), extranodal("0.5", "0.5")], {}, {}, "PR"),
            ([node(15, 10), {"id": "X1", "state": "TOO_SMALL_TO_MEASURE"}], {}, {}, "PR"),
        ],
        "PR": [([node(20, 10), extranodal(15, 20)], {}, {}, "PR")],
        "SD": [([node(20, 10), extranodal(20, 20)], {}, {}, "SD")],
        "PD": [([node(15, 10), extranodal(30, 20)], {}, {}, "PD")],
    },
    "non-measured": {
        "CR": [
            ("CR", {}, {"nonmeasured": "ABSENT"}, "CR"),
            ("CR", {}, {"nonmeasured": "NORMAL"}, "CR"),
            ("CR", {}, {"nonmeasured": "DECREASED"}, "PR"),
        ],
        "PR": [
            ("PR", {}, {"nonmeasured": "ABSENT"}, "PR"),
            ("PR", {}, {"nonmeasured": "NORMAL"}, "PR"),
            ("PR", {}, {"nonmeasured": "DECREASED"}, "PR"),
            ("PR", {}, {"nonmeasured": "PRESENT"}, "PR"),
            ("PR", {}, {"nonmeasured": "STABLE"}, "SD"),
        ],
        "SD": [("SD", {}, {"nonmeasured": "STABLE"}, "SD")],
        "PD": [(size, {}, {"nonmeasured": "PROGRESSED"}, "PD") for size in LESIONS],
    },
    "spleen": {
        "CR": [
            ("CR", {"spleen_mm": 170}, {"spleen_mm": 130}, "CR"),
            ("CR", {"spleen_mm": 170}, {"spleen_mm": 131}, "PR"),
            ("CR", {"spleen_mm": 120}, {"spleen_mm": 125}, "CR"),
        ],
        "PR": [
            ("PR", {"spleen_mm": 170}, {"spleen_mm": "149.9"}, "PR"),
            ("PR", {"spleen_mm": 170}, {"spleen_mm": 150}, "SD"),
            ("PR", {"spleen_mm": 120}, {"spleen_mm": 135}, "PR"),
        ],
        "SD": [
            ("SD", {"spleen_mm": 170}, {"spleen_mm": 190}, "SD"),
            ("SD", {"spleen_mm": 110}, {"spleen_mm": "129.9"}, "SD"),
        ],
        "PD": [
            ("PR", {"spleen_mm": 170}, {"spleen_mm": "190.1"}, "PD"),
            ("PR", {"spleen_mm": 120}, {"spleen_mm": 140}, "PD"),
            ("PR", {"spleen_mm": 130}, {"spleen_mm": 150}, "PD"),
        ],
    },
    "new lesion": {
        "CR": [("CR", {}, {"new_lesions": []}, "CR")],
        "PR": [("PR", {}, {"new_lesions": []}, "PR")],
        "SD": [("SD", {}, {"new_lesions": []}, "SD")],
        "PD": [(size, {}, {"new_lesions": [NEW_NODE]}, "PD") for size in LESIONS],
    },
    "marrow": {
        "CR": [
            ("CR", {}, {"marrow": "NORMAL"}, "CR"),
            ("CR", {}, {"marrow": "INVOLVED"}, "PR"),
            ("CR", {}, {"marrow": "INDETERMINATE"}, "PR"),
        ],
        "PR": [("PR", {}, {"marrow": "INVOLVED"}, "PR")],
        "SD": [("SD", {}, {"marrow": "INVOLVED"}, "SD")],
        "PD": [
            ("CR", {}, {"marrow": "NEW"}, "PD"),
            ("CR", {}, {"marrow": "RECURRENT"}, "PD"),
        ],
    },
    "needed": {
        "CR": [
            ("CR", {"spleen_mm": 150}, {"spleen_mm": 120, "marrow": "NORMAL"}, "CR"),
        ],
        "PR": [
            ("PR", {"spleen_mm": 150}, {"spleen_mm": 135, "nonmeasured": "DECREASED"}, "PR"),
        ],
        "SD": [("SD", {"spleen_mm": 150}, {"spleen_mm": 120}, "SD")],
        "PD": [("CR", {"spleen_mm": 150}, {"spleen_mm": 120, "new_lesions": [NEW_NODE]}, "PD")],
    },
}
CT_CASES = [
    (row, column, *case)
    for row, columns in CT_TABLE.items()
    for column, cases in columns.items()
    for case in cases
]


@pytest.mark.parametrize("case", CT_CASES)
def test_each_cell_of_the_ct_table(case):
    row, column, size, before, facts, expected = case
    assert ct(visit(size, **facts), **before) == expected, (row, column)


def test_the_ct_table_is_complete():
    hit = {(row, column) for row, column, *_ in CT_CASES}
    assert hit == set(product(CT_TABLE, ("CR", "PR", "SD", "PD")))
    assert len(hit) == 28


# Progression of one lesion --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        # Small lesion (up to 20 mm): +50 % of the product and 5 mm.
        ((16, 10), (21, 12), "PD"),
        ((16, 10), ("20.9", 12), "SD"),
        ((16, 10), (16, 15), "PD"),
        ((20, 10), (25, 12), "PD"),
        ((20, 10), (25, "11.9"), "SD"),
        # Large lesion (above 20 mm): +50 % and 10 mm.
        (("20.1", 10), (25, 13), "SD"),
        ((30, 20), (40, "22.5"), "PD"),
        ((30, 20), (40, "22.4"), "SD"),
        ((30, 20), ("39.9", 29), "SD"),
        ((30, 20), (30, 30), "PD"),
        ((40, 20), (50, 24), "PD"),
        # LDi has to be above 15 mm.
        ((10, 10), (15, 15), "SD"),
        ((10, 10), ("15.1", 15), "PD"),
    ],
)
def test_one_lesion_progresses_by_product_growth_and_size(before, now, expected):
    baseline = [node(40, 40, "N0"), node(*before)]
    seen = [node(40, 40, "N0"), node(*now)]
    assert ct(visit(seen), baseline=baseline) == expected


def test_growth_of_exactly_five_or_ten_millimetres_is_set_by_the_charter():
    baseline = [node(40, 40, "N0"), node(16, 10)]
    five = visit([node(40, 40, "N0"), node(21, 12)])
    assert ct(five, baseline=baseline) == "PD"
    assert ct(five, baseline=baseline, options={**CT, "growth_inclusive": False}) == "SD"


def test_a_lesion_that_crosses_twenty_millimetres_is_sized_by_the_charter():
    baseline = [node(40, 40, "N0"), node(18, 10)]
    crossing = visit([node(40, 40, "N0"), node(24, 12)])
    assert ct(crossing, baseline=baseline) == "PD"
    assert ct(crossing, baseline=baseline, options={**CT, "growth_size_at": "current"}) == "SD"


def test_progression_is_measured_from_the_smallest_earlier_size_of_the_lesion():
    shrunk = visit([node(16, 10), extranodal(20, 20)], day=56)
    grown = visit([node(24, 10), extranodal(20, 20)], day=112)
    found = run(shrunk, grown)
    assert [p.text("ct_response") for p in found.time_points[1:]] == ["SD", "PD"]
    # 240 of 160 mm² at its own nadir, while the sum is still under the baseline of 1000 mm².
    assert found.time_points[2].values["spd_mm2"] == 640


def test_progression_of_one_lesion_counts_though_the_sum_falls():
    baseline = [node(50, 50, "N0"), node(20, 10)]
    seen = [node(20, 20, "N0"), node(30, 15)]
    found = run(visit(seen), baseline=baseline).time_points[1]
    assert found.values["spd_mm2"] == 850
    assert found.values["progressed_lesions"] == ("N1",)
    assert found.text("ct_response") == "PD"


def test_visits_are_judged_in_the_order_of_their_days():
    later = visit([node(24, 10), extranodal(20, 20)], day=112)
    earlier = visit([node(16, 10), extranodal(20, 20)], day=56)
    found = run(later, earlier)
    assert [p.text("ct_response") for p in found.time_points[1:]] == ["PD", "SD"]


@pytest.mark.parametrize(("sdi", "expected"), [("16.6666", "PR"), ("16.7", "SD")])
def test_partial_remission_starts_at_half_of_the_baseline_sum(sdi, expected):
    # 600 + 400 = 1000 mm²; the extranodal lesion stays at 200, the node of 18 mm gives the rest.
    assert ct(visit([node(18, sdi), extranodal(20, 10)])) == expected


def test_exactly_half_of_the_baseline_sum_is_partial_remission():
    assert ct(visit([node(30, 10), extranodal(20, 10)])) == "PR"


def test_sums_and_percentages():
    found = run(visit([node(24, "12.5"), {"id": "X1", "state": "TOO_SMALL_TO_MEASURE"}]))
    assert found.time_points[0].values["spd_mm2"] == 1000
    assert found.time_points[1].values["spd_mm2"] == 325
    assert found.time_points[1].values["pct_change_baseline"] == Decimal("-67.5")


# Spleen ---------------------------------------------------------------------------------------


def test_the_spleen_grows_from_its_smallest_length_or_from_baseline():
    visits = (visit("SD", day=56, spleen_mm=150), visit("SD", day=112, spleen_mm=161))
    assert ct(*visits, spleen_mm=170) == "PD"
    assert ct(*visits, spleen_mm=170, options={**CT, "spleen_reference": "baseline"}) == "SD"


def test_a_spleen_that_became_normal_returns_with_twenty_millimetres():
    back = (visit("SD", day=56, spleen_mm=125), visit("SD", day=112, spleen_mm=145))
    assert ct(*back, spleen_mm=170) == "PD"
    less = (visit("SD", day=56, spleen_mm=125), visit("SD", day=112, spleen_mm="144.9"))
    assert ct(*less, spleen_mm=170) == "SD"


def test_growth_of_a_normal_spleen_may_have_to_exceed_the_normal_length():
    grown = visit("SD", spleen_mm=125)
    assert ct(grown, spleen_mm=100) == "PD"
    options = {**CT, "new_splenomegaly_must_exceed_normal": True}
    assert ct(grown, spleen_mm=100, options=options) == "SD"
    assert ct(visit("SD", spleen_mm=131), spleen_mm=100, options=options) == "PD"


def test_the_normal_length_is_a_setting():
    assert ct(visit("CR", spleen_mm=125), options={**CT, "spleen_normal_max_mm": 120}) == "PR"


def test_an_enlarged_spleen_that_was_not_measured_again_blocks_complete_remission():
    assert ct(visit("CR"), spleen_mm=170) == "PR"
    assert ct(visit("CR"), spleen_mm=170, options={**CT, "unknown_part": "NE"}) == "NE"
    assert ct(visit("CR"), spleen_mm=120) == "CR"


# New lesions ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lesion", "expected"),
    [
        ({"kind": "NODE", "ldi_mm": 15}, "SD"),
        ({"kind": "NODE", "ldi_mm": "15.1"}, "PD"),
        ({"kind": "NODE", "ldi_mm": 12, "sdi_mm": 16}, "PD"),
        ({"kind": "NODE"}, "PD"),
        ({"kind": "NODE", "ldi_mm": 30, "certainty": "EQUIVOCAL"}, "SD"),
        ({"kind": "EXTRANODAL", "ldi_mm": 11}, "PD"),
        ({"kind": "EXTRANODAL", "ldi_mm": 8}, "PD"),
        ({"kind": "EXTRANODAL", "ldi_mm": 8, "due_to_lymphoma": False}, "SD"),
        ({"kind": "EXTRANODAL", "ldi_mm": 30, "certainty": "EQUIVOCAL"}, "SD"),
        ({"kind": "OTHER"}, "PD"),
    ],
)
def test_what_counts_as_a_new_lesion(lesion, expected):
    found = {"id": "NL1", "certainty": "UNEQUIVOCAL", **lesion}
    assert ct(visit("SD", new_lesions=[found])) == expected


@pytest.mark.parametrize(("ldi", "expected"), [(10, "PR"), ("10.1", "PD"), (25, "PD")])
def test_a_resolved_extranodal_lesion_that_is_back_is_progression(ldi, expected):
    visits = (visit("CR", day=56), visit([node(15, 10), extranodal(ldi, 4)], day=112))
    assert ct(*visits) == expected


def test_a_resolved_node_has_to_grow_above_fifteen_millimetres():
    vanished = [{"id": "N1", "state": "ABSENT"}, GONE]
    small = visit([node(15, 15), GONE], day=112)
    large = visit([node(16, 8), GONE], day=112)
    assert ct(visit(vanished), small) == "CR"
    assert ct(visit(vanished), large) == "PD"


# Not evaluable --------------------------------------------------------------------------------


def test_a_target_without_a_value_makes_the_ct_not_evaluable_unless_something_progressed():
    lost = {"id": "X1", "state": "NOT_EVALUABLE", "reason": "artefact"}
    assert ct(visit([node(15, 10), lost])) == "NE"
    assert ct(visit([node(45, 20), lost])) == "PD"
    assert ct(visit([node(15, 10), lost], new_lesions=[NEW_NODE])) == "PD"
    assert ct(visit([node(15, 10)])) == "NE"


def test_non_measured_disease_that_was_not_looked_at():
    silent = {"nonmeasured": None}
    assert ct(visit("CR", **silent), nonmeasured=["BONE"]) == "PR"
    assert ct(visit("PR", **silent), nonmeasured=["BONE"]) == "PR"
    assert ct(visit("CR", **silent)) == "CR"
    options = {**CT, "unknown_part": "NE"}
    assert ct(visit("CR", **silent), nonmeasured=["BONE"], options=options) == "NE"


def test_unchanged_non_measured_disease_may_allow_partial_remission():
    options = {**CT, "stable_nonmeasured_allows_pr": True}
    assert ct(visit("PR", nonmeasured="STABLE"), options=options) == "PR"


def test_a_time_point_without_imaging_is_not_evaluable():
    found = run(visit("CR", assessed=False)).time_points[1]
    assert (found.text("ct_response"), found.overall_response) == ("NE", "NE")


def test_disease_without_targets_goes_by_the_other_parts():
    assert ct(visit([], nonmeasured="ABSENT"), baseline=[], nonmeasured=["BONE"]) == "CR"
    assert ct(visit([], nonmeasured="STABLE"), baseline=[], nonmeasured=["BONE"]) == "SD"
    assert ct(visit([], nonmeasured="PROGRESSED"), baseline=[], nonmeasured=["BONE"]) == "PD"


# Five-point scale -----------------------------------------------------------------------------

# score -> response by change (reduced, unchanged, increased) without a new lesion of lymphoma.
SCALE = {
    1: ("CMR", "CMR", "CMR"),
    2: ("CMR", "CMR", "CMR"),
    3: ("CMR", "CMR", "CMR"),
    4: ("PMR", "NMR", "PMD"),
    5: ("PMR", "NMR", "PMD"),
}
CHANGES = ("REDUCED", "UNCHANGED", "INCREASED")
NEW_FOCI = {
    "NONE": False,
    "UNRELATED": False,
    "EQUIVOCAL": False,
    "CONSISTENT_WITH_LYMPHOMA": True,
}
SCALE_CASES = [
    (score, change, focus, x, "PMD" if NEW_FOCI[focus] else SCALE[score][at])
    for score in SCALE
    for at, change in enumerate(CHANGES)
    for focus in NEW_FOCI
    for x in (False, True)
]
METABOLIC = {"CMR": "CR", "PMR": "PR", "NMR": "SD", "PMD": "PD"}


@pytest.mark.parametrize(("score", "change", "focus", "x", "expected"), SCALE_CASES)
def test_each_cell_of_the_five_point_scale(score, change, focus, x, expected):
    seen = pet_visit(
        deauville=score,
        uptake_change_vs_baseline=change,
        new_fdg_avid_lesion=focus,
        unrelated_uptake_x=x,
    )
    found = run(seen, options={"mode": "PET_CT"}).time_points[1]
    assert found.text("pet_response") == expected
    assert found.overall_response == METABOLIC[expected]


def test_the_five_point_table_is_complete():
    assert len(SCALE_CASES) == 5 * 3 * 4 * 2
    assert len({case[:4] for case in SCALE_CASES}) == 120


def pet(**facts):
    return run(pet_visit(**facts), options={"mode": "PET_CT"}).time_points[1].text("pet_response")


def test_avid_marrow_excludes_complete_metabolic_response():
    assert pet(deauville=2, marrow_avid=True) == "PMR"
    assert pet(deauville=2, marrow_avid=True, uptake_change_vs_baseline="UNCHANGED") == "NMR"


def test_score_x_alone_never_makes_progression():
    assert pet(deauville="X", uptake_change_vs_baseline=None) == "NE"
    assert pet(deauville=None, unrelated_uptake_x=True) == "NE"
    assert pet(deauville="X", new_fdg_avid_lesion="CONSISTENT_WITH_LYMPHOMA") == "PMD"


def test_a_high_score_needs_the_comparison_with_baseline():
    assert pet(deauville=4, uptake_change_vs_baseline=None) == "NE"
    assert pet(deauville=3, uptake_change_vs_baseline=None) == "CMR"


# Overall response -----------------------------------------------------------------------------

# PET -> overall for CT CR, PR, SD, PD, NE, NOT_DONE.
OVERALL = {
    "CMR": ("CR", "CR", "CR", "CR", "CR", "CR"),
    "PMR": ("PR", "PR", "PR", "PR", "PR", "PR"),
    "NMR": ("SD", "SD", "SD", "SD", "SD", "SD"),
    "PMD": ("PD", "PD", "PD", "PD", "PD", "PD"),
    "NE": ("NE", "NE", "NE", "NE", "NE", "NE"),
    "NOT_DONE": ("CR", "PR", "SD", "PD", "NE", "NE"),
}
CT_RESPONSES = ("CR", "PR", "SD", "PD", "NE", "NOT_DONE")
SDTM_WORDS = {"CR": "CAR", "PR": "PAR", "SD": "SAD", "PD": "PAD"}


def component(pet_response, ct_response, **settings):
    case = {"pet_response": pet_response, "ct_response": ct_response}
    options = LUGANO2014.options(settings)
    return LUGANO2014.files.component(Record(case, "input"), options)["overall_response"]


@pytest.mark.parametrize(("pet_response", "row"), OVERALL.items())
def test_each_cell_of_the_overall_table(pet_response, row):
    for ct_response, expected in zip(CT_RESPONSES, row, strict=True):
        assert component(pet_response, ct_response) == expected
        assert component(pet_response, SDTM_WORDS.get(ct_response, ct_response)) == expected


def test_a_modality_that_does_not_apply_leaves_the_other_one():
    assert component("NOT_APPLICABLE", "PAR") == "PR"
    assert component("PMR", "NOT_APPLICABLE") == "PR"
    assert component("NOT_APPLICABLE", "NOT_APPLICABLE") == "NE"


def test_the_overall_table_is_complete():
    assert len(OVERALL) * len(CT_RESPONSES) == 36
    assert set(OVERALL) == {"CMR", "PMR", "NMR", "PMD", "NE", "NOT_DONE"}


def test_an_unreadable_pet_is_not_evaluable_or_left_to_ct_by_the_charter():
    seen = pet_visit(readable=False, ct="PR")
    assert run(seen, options={"mode": "PET_CT"}).time_points[1].overall_response == "NE"
    options = {"mode": "PET_CT", "pet_unreadable": "CT"}
    assert run(seen, options=options).time_points[1].overall_response == "PR"
    assert component("NE", "SD", pet_unreadable="CT") == "SD"


def test_ct_is_reported_beside_the_deciding_pet():
    seen = pet_visit(deauville=2, ct="PR")
    found = run(seen, options={"mode": "PET_CT"}).time_points[1]
    assert (found.text("ct_response"), found.overall_response) == ("PR", "CR")
    assert run(seen, options=CT).time_points[1].overall_response == "PR"


def test_a_time_point_without_pet_falls_back_to_ct():
    found = run(visit("PR"), options={"mode": "PET_CT"}).time_points[1]
    assert (found.text("pet_response"), found.overall_response) == ("NOT_DONE", "PR")


def test_best_response_and_date_of_progression():
    found = run(visit("PR"), visit("PD", day=112), visit("CR", day=168))
    assert found.best_response(confirmation_required=False) == "PR"
    assert found.values["progression_day"] == 112
    assert run().best_response(confirmation_required=False) == "NE"
    stopped = run(visit("SD"), visit("PR", day=112, new_therapy=True))
    assert stopped.best_response(confirmation_required=False) == "SD"


# Wrong input and edit checks ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"lesions": [{"id": "N1", "state": "MEASURED"}]}, "visits[0].lesions[0].ldi_mm"),
        ({"lesions": [node(10, None)]}, "visits[0].lesions[0].sdi_mm"),
        ({"lesions": [node(-1, 1)]}, "visits[0].lesions[0].ldi_mm"),
        ({"lesions": [node(1, 1), node(1, 1)]}, "visits[0].lesions[1].id"),
        ({"lesions": [{"state": "MEASURED"}]}, "visits[0].lesions[0].id"),
        ({"spleen_mm": -1}, "visits[0].spleen_mm"),
        ({"nonmeasured": "ODD"}, "visits[0].nonmeasured"),
        ({"pet": {"deauville": 6}}, "visits[0].pet.deauville"),
        ({"pet": {"deauville": 0}}, "visits[0].pet.deauville"),
        ({"pet": {"uptake_change_vs_baseline": "ODD"}}, "visits[0].pet.uptake_change_vs_baseline"),
        ({"new_lesions": [{"kind": "ODD"}]}, "visits[0].new_lesions[0].kind"),
        ({"day": "soon"}, "visits[0].day"),
    ],
)
def test_a_fact_that_makes_no_sense_is_refused_by_name(facts, field):
    with pytest.raises(CriteriaError) as caught:
        run(visit(**facts) if "day" not in facts else {**visit(), **facts})
    assert caught.value.field == field


@pytest.mark.parametrize("name", ["pet_response", "ct_response"])
def test_an_unknown_component_is_refused_by_name(name):
    words = {"pet_response": "CMR", "ct_response": "CR", name: "ODD"}
    with pytest.raises(CriteriaError) as caught:
        component(words["pet_response"], words["ct_response"])
    assert caught.value.field == f"input.{name}"


def fired(*visits, baseline=None):
    subject = {
        "baseline": {"day": 0, "lesions": BASE if baseline is None else baseline},
        "visits": list(visits),
    }
    history = LUGANO2014.files.history(Record(subject))
    return {found.id for found in LUGANO2014.edit_checks(history, LUGANO2014.options(CT))}


def test_a_clean_record_raises_no_check():
    assert fired(visit("SD")) == set()


@pytest.mark.parametrize(
    ("label", "facts"),
    [
        ("SHORT_AXIS_GT_LONG", {"lesions": [node(10, 11), extranodal(20, 20)]}),
        ("TARGET_MISSING_AT_VISIT", {"lesions": [node(10, 9)]}),
        ("TARGET_ADDED_AFTER_BASELINE", {"lesions": [*BASE, node(20, 9, "N9")]}),
        ("NEW_LESION_NO_LOCATION", {"new_lesions": [{"id": "NL1"}]}),
        ("NEW_LESION_EXISTS_AT_BASELINE", {"new_lesions": [{"id": "N1", "organ": "LUNG"}]}),
        ("DEAUVILLE_MISSING_REFERENCE", {"pet": {"deauville": 4, "liver_suv": 2}}),
        ("DEAUVILLE_MISSING_REFERENCE", {"pet": {"deauville": 4, "mediastinum_suv": 2}}),
        ("RESPONSE_MISMATCH_TARGET", {"entered": {"ct_response": "CR"}}),
        ("RESPONSE_MISMATCH_OVERALL", {"entered": {"overall_response": "CR"}}),
        ("VISIT_BEFORE_BASELINE", {"day": -1}),
    ],
)
def test_each_check_of_a_visit_fires(label, facts):
    assert label in fired({**visit("SD"), **facts})


def test_a_score_with_both_references_raises_no_check():
    scored = pet_visit(deauville=4, liver_suv=2, mediastinum_suv="1.5")
    assert "DEAUVILLE_MISSING_REFERENCE" not in fired(scored)


@pytest.mark.parametrize(
    ("lesion", "fires"),
    [
        (node(15, 10), True),
        (node("15.1", 9), False),
        (extranodal(10, 9), True),
        (extranodal("10.1", 9), False),
    ],
)
def test_baseline_targets_are_measurable(lesion, fires):
    assert ("TARGET_NOT_MEASURABLE" in fired(baseline=[lesion])) is fires


def test_there_are_at_most_six_targets():
    assert "TARGET_COUNT_MAX" not in fired(baseline=[node(20, 9, f"N{i}") for i in range(6)])
    assert "TARGET_COUNT_MAX" in fired(baseline=[node(20, 9, f"N{i}") for i in range(7)])


# Properties -----------------------------------------------------------------------------------

lengths = st.decimals(min_value="1", max_value=120, places=1)
pairs = st.tuples(lengths, lengths).map(lambda pair: (max(pair), min(pair)))
streams = st.lists(st.lists(pairs, min_size=3, max_size=3), min_size=2, max_size=5)


def assess(stream, *, order=(0, 1, 2), keys=("N1", "N2", "X1"), factor=1, **facts):
    kinds = (node, node, extranodal)

    def lesions(row):
        return [kinds[i](str(row[i][0] * factor), str(row[i][1] * factor), keys[i]) for i in order]

    visits = [visit(lesions(row), day=28 * (at + 1), **facts) for at, row in enumerate(stream[1:])]
    return run(*visits, baseline=lesions(stream[0]))


@given(streams, st.permutations(range(3)))
@settings(deadline=None, max_examples=50)
def test_order_and_names_of_lesions_do_not_matter(stream, order):
    one, two = assess(stream), assess(stream, order=tuple(order), keys=("A", "B", "C"))
    for first, second in zip(one.time_points[1:], two.time_points[1:], strict=True):
        for name in ("spd_mm2", "pct_change_baseline", "ct_response", "overall_response"):
            assert first.values[name] == second.values[name]


@given(streams, st.sampled_from([2, 3, 10]))
@settings(deadline=None, max_examples=50)
def test_scaling_keeps_percentages(stream, factor):
    one, two = assess(stream), assess(stream, factor=factor)
    for first, second in zip(one.time_points[1:], two.time_points[1:], strict=True):
        assert first.values["pct_change_baseline"] == second.values["pct_change_baseline"]


@given(streams)
@settings(deadline=None, max_examples=50)
def test_a_new_lesion_never_improves_the_response(stream):
    found = assess(stream, new_lesions=[NEW_NODE])
    assert {point.overall_response for point in found.time_points[1:]} == {"PD"}


@given(streams, st.sampled_from([None, 100, 140, 200]))
@settings(deadline=None, max_examples=30)
def test_every_step_recomputes_to_its_value(stream, spleen):
    found = assess(stream, spleen_mm=spleen)
    steps = [step for point in found.time_points for step in point.trace]
    for step in [*steps, *(step for best in found.best for step in best.trace)]:
        assert step.recompute() == step.value
        assert step.sentence.endswith(step.clause)


def test_the_sentence_reads_as_a_radiologist_says_it():
    seen = visit([node(45, 20), extranodal(20, 20)], spleen_mm=191)
    because = run(seen, spleen_mm=170).time_points[1].because
    clause = "Lugano 2014 CT-based response (Cheson 2014)"
    assert (
        f"Progression of N1 45 x 20 mm, product 50 % above its nadir of 600 mm², {clause}"
        in because
    )
    assert f"Spleen 191 mm after 170 mm, normal up to 130 mm: PROGRESSED, {clause}" in because
    assert (
        "Progression on CT because target N1 progressed, the spleen progressed: PD, "
        f"{clause}" in because
    )


@pytest.mark.parametrize(
    ("size", "facts", "sentence"),
    [
        (
            "PR",
            {"spleen_mm": 120},
            (
                "Sum of products 450 mm² is 55 % below baseline, non-measured disease ABSENT, "
                "spleen NORMAL: PR"
            ),
        ),
        (
            [node(30, 20), extranodal(20, 22)],
            {},
            (
                "Sum of products 1040 mm² is 4 % above baseline, non-measured disease ABSENT, "
                "spleen NOT_APPLICABLE: SD"
            ),
        ),
        (
            "CR",
            {"new_lesions": [NEW_NODE], "marrow": "NEW", "nonmeasured": "PROGRESSED"},
            (
                "Progression on CT because non-measured disease clearly progressed, there is a new "
                "lesion, marrow involvement is new: PD"
            ),
        ),
        (
            [node(15, 10)],
            {},
            "A target or another needed part has no value and nothing shows progression: NE",
        ),
        ("SD", {"assessed": False}, "No imaging at this time point: NE"),
    ],
)
def test_the_ct_response_is_explained(size, facts, sentence):
    because = run(visit(size, **facts)).time_points[1].because
    assert f"{sentence}, Lugano 2014 CT-based response (Cheson 2014)" in because


@pytest.mark.parametrize(
    ("facts", "sentence"),
    [
        ({}, "Five-point score 2, uptake reduced against baseline: CMR"),
        (
            {"deauville": 4, "unrelated_uptake_x": True, "marrow_avid": True},
            (
                "Five-point score 4, uptake reduced against baseline, FDG-avid marrow, new uptake "
                "unlikely to be lymphoma (X): PMR"
            ),
        ),
        (
            {"new_fdg_avid_lesion": "CONSISTENT_WITH_LYMPHOMA"},
            "New FDG-avid focus consistent with lymphoma: PMD",
        ),
        ({"deauville": None}, "No five-point score of known sites: NE"),
        ({"readable": False}, "The PET cannot be evaluated: NE"),
    ],
)
def test_the_pet_response_is_explained(facts, sentence):
    because = run(pet_visit(**facts), options={"mode": "PET_CT"}).time_points[1].because
    assert f"{sentence}, Lugano 2014 five-point scale (Barrington 2014)" in because


def test_what_decides_the_overall_response_is_explained():
    def last(seen, mode):
        return run(seen, options={"mode": mode}).time_points[1].because[-1]

    clause = "Lugano 2014 (Cheson 2014)"
    decided = pet_visit(ct="PR")
    assert last(decided, "PET_CT") == f"PET CMR decides, CT PR is reported beside it: CR, {clause}"
    assert last(decided, "CT") == f"CT PR decides: PR, {clause}"
    unread = pet_visit(readable=False, ct="PR")
    assert last(unread, "PET_CT") == f"The PET cannot be evaluated, CT PR: NE, {clause}"
    assert last(visit("PR"), "PET_CT") == f"CT PR decides: PR, {clause}"


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["MEASURED", "x", "", "5"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "day", "lesions", "state", "ldi_mm", "pet", "deauville"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(junk, junk)
@settings(deadline=None, max_examples=200)
def test_ill_formed_input_raises_the_typed_error_or_is_assessed(baseline, visits):
    try:
        record = Record({"baseline": baseline, "visits": visits})
        history = LUGANO2014.files.history(record)
        LUGANO2014.assess(history)
        LUGANO2014.edit_checks(history)
    except CriteriaError as error:
        assert error.field
        assert error.problem
