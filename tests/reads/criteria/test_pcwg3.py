"""PCWG3: bone scans (2+2, flare, persistence), combined response and back-dated progression."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reads.criteria.comparison import compare
from reads.criteria.errors import CriteriaError
from reads.criteria.pcwg3 import PCWG3
from reads.criteria.records import Record, loads
from reads.criteria.vectorfile import derive

VECTORS = Path(__file__).parent / "vectors"


def scan(day, new="", persisting="", **facts):
    """A bone scan; lesions are named by single letters."""
    return {
        "day": day,
        "bone_scan_done": True,
        "new_lesions_first_seen": list(new),
        "new_lesions_persisting": list(persisting),
        "any_bone_lesion_visible": True,
        **facts,
    }


def missed(day):
    return scan(day, bone_scan_done=False)


def run(*visits, bone_lesions=6, options=None, **baseline):
    subject = {
        "baseline": {"day": 0, "bone_lesions": bone_lesions, **baseline},
        "visits": list(visits),
    }
    history = PCWG3.files.history(Record(subject))
    return PCWG3.assess(history, PCWG3.options(options))


def as_read(found):
    return [point.text("bone_response_as_read") for point in found.time_points[1:]]


def final(found):
    return [point.text("bone_response_final") for point in found.time_points[1:]]


@pytest.mark.parametrize(("name", "count"), [("pcwg3.json", 32), ("component_level.json", 5)])
def test_every_visible_vector_agrees(name, count):
    document = loads((VECTORS / name).read_text())
    if "cases" in document:
        document["cases"] = [c for c in document["cases"] if c["criterion"] == "PCWG3"]
    derivation = derive(document)
    rows = compare(derivation.document)
    assert not derivation.errors
    assert len(rows) == count
    assert [row for row in rows if not row.equal] == []


# Bone scan table ------------------------------------------------------------------------------

# row of the table -> (visits, as read, final, day of progression)
BONE_TABLE = {
    "first scan with two new lesions": (
        [scan(56, "AB")],
        ["PDu"],
        ["PDu"],
        None,
    ),
    "two additional six weeks later": (
        [scan(56, "AB"), scan(98, "CD", "AB")],
        ["PDu", "PD"],
        ["PD", "PD"],
        56,
    ),
    "fewer than two additional": (
        [scan(56, "ABC"), scan(112, "D", "ABC")],
        ["PDu", "NON-PD"],
        ["NON-PD", "NON-PD"],
        None,
    ),
    "two new against the first scan later": (
        [scan(56, "A"), scan(112, "B", "A"), scan(168, "C", "AB")],
        ["NON-PD", "NON-PD", "PDu"],
        ["NON-PD", "NON-PD", "PDu"],
        None,
    ),
    "they persist": (
        [scan(56), scan(112, "AB"), scan(154, "", "AB")],
        ["NON-PD", "PDu", "PD"],
        ["NON-PD", "PD", "PD"],
        112,
    ),
    "there are more": (
        [scan(56), scan(112, "AB"), scan(168, "CD", "A")],
        ["NON-PD", "PDu", "PD"],
        ["NON-PD", "PD", "PD"],
        112,
    ),
    "they do not persist": (
        [scan(56), scan(112, "AB"), scan(168, "", "A")],
        ["NON-PD", "PDu", "NON-PD"],
        ["NON-PD", "NON-PD", "NON-PD"],
        None,
    ),
    "no lesions seen": (
        [scan(56, any_bone_lesion_visible=False)],
        ["NED"],
        ["NED"],
        None,
    ),
    "lesions and none of the above": (
        [scan(56, "A")],
        ["NON-PD"],
        ["NON-PD"],
        None,
    ),
    "scan missing or unreadable": (
        [missed(56), scan(112, "A", bone_scan_evaluable=False)],
        ["NE", "NE"],
        ["NE", "NE"],
        None,
    ),
    "unconfirmed at the last scan": (
        [scan(56), scan(112), scan(168, "AB")],
        ["NON-PD", "NON-PD", "PDu"],
        ["NON-PD", "NON-PD", "PDu"],
        None,
    ),
}


@pytest.mark.parametrize(("row", "case"), BONE_TABLE.items())
def test_each_row_of_the_bone_scan_table(row, case):
    visits, read, after_all, day = case
    found = run(*visits)
    assert as_read(found) == read, row
    assert final(found) == after_all, row
    assert found.values["progression_day"] == day, row


def test_the_bone_scan_table_is_complete():
    assert len(BONE_TABLE) == 11
    states = {state for _, read, after, _ in BONE_TABLE.values() for state in (*read, *after)}
    assert states == {"PDu", "PD", "NON-PD", "NED", "NE"}


def test_lesions_of_the_first_scan_belong_to_the_reference_even_after_a_flare():
    found = run(scan(56, "ABC"), scan(112, "D", "ABC"), scan(168, "E", "ABCD"), scan(224, "", "DE"))
    assert as_read(found) == ["PDu", "NON-PD", "PDu", "PD"]
    assert final(found) == ["NON-PD", "NON-PD", "PD", "PD"]
    assert found.values["progression_day"] == 168


def test_a_first_scan_after_the_flare_window_is_confirmed_by_persistence():
    found = run(scan(112, "AB"), scan(168, "", "AB"))
    assert final(found) == ["PD", "PD"]
    assert found.values["progression_day"] == 112
    late_flare = run(scan(112, "AB"), scan(168, "", "AB"), options={"flare_window_weeks": 16})
    assert final(late_flare) == ["NON-PD", "NON-PD"]


@pytest.mark.parametrize(("day", "state"), [(84, "NON-PD"), (85, "PD")])
def test_the_flare_window_ends_after_its_last_week(day, state):
    assert final(run(scan(day, "AB"), scan(day + 56, "", "AB")))[0] == state


def test_the_first_readable_scan_is_the_first_scan():
    found = run(missed(56), scan(112, "AB"), scan(168, "", "AB"))
    assert as_read(found) == ["NE", "PDu", "PD"]
    found = run(missed(28), scan(70, "AB"), scan(126, "", "AB"))
    assert final(found) == ["NE", "NON-PD", "NON-PD"]


def test_a_vanished_lesion_counts_only_if_the_charter_says_so():
    visits = (scan(56), scan(112, "A"), scan(168, "B"))
    assert as_read(run(*visits)) == ["NON-PD", "NON-PD", "NON-PD"]
    counted = run(*visits, options={"vanished_lesions_count": True})
    assert as_read(counted) == ["NON-PD", "NON-PD", "PDu"]


def test_one_old_and_one_new_lesion_start_a_new_unconfirmed_progression():
    found = run(scan(56), scan(112, "AB"), scan(168, "C", "A"), scan(224, "", "AC"))
    assert as_read(found) == ["NON-PD", "PDu", "PDu", "PD"]
    assert final(found) == ["NON-PD", "NON-PD", "PD", "PD"]
    assert found.values["progression_day"] == 168


def test_progression_stays_once_it_is_certain():
    found = run(scan(56, "AB"), scan(112, "CD", "AB"), scan(168, "", ""), missed(224))
    assert as_read(found) == ["PDu", "PD", "PD", "NE"]
    assert final(found) == ["PD", "PD", "PD", "NE"]


def test_the_number_of_new_lesions_is_a_parameter():
    assert final(run(scan(56, "AB"), options={"min_new_lesions": 3})) == ["NON-PD"]
    assert final(run(scan(56, "ABC"), options={"min_new_lesions": 3})) == ["PDu"]


# Open question 10 -----------------------------------------------------------------------------


@pytest.mark.parametrize(("gap", "state"), [(41, "PDu"), (42, "PD")])
def test_a_scan_under_six_weeks_does_not_decide(gap, state):
    found = run(scan(56, "AB"), scan(56 + gap, "CD", "AB"))
    assert final(found)[0] == state
    accepted = run(scan(56, "AB"), scan(56 + gap, "CD", "AB"), options={"short_interval": "accept"})
    assert final(accepted)[0] == "PD"


def test_the_next_scan_decides_after_one_that_came_too_early():
    confirmed = run(scan(56, "AB"), scan(84, "C", "AB"), scan(112, "D", "ABC"))
    assert as_read(confirmed) == ["PDu", "NON-PD", "PD"]
    assert final(confirmed) == ["PD", "PD", "PD"]
    assert confirmed.values["progression_day"] == 56
    refuted = run(scan(56, "AB"), scan(84, "CD", "AB"), scan(112, "", "AB"))
    assert as_read(refuted) == ["PDu", "PDu", "NON-PD"]
    assert final(refuted) == ["NON-PD", "NON-PD", "NON-PD"]


def test_a_missing_scan_between_is_skipped_or_ends_the_search():
    visits = (scan(56), scan(112, "AB"), missed(168), scan(224, "", "AB"))
    found = run(*visits)
    assert final(found) == ["NON-PD", "PD", "NE", "PD"]
    assert found.values["progression_day"] == 112
    stopped = run(*visits, options={"missing_between": "stop"})
    assert final(stopped) == ["NON-PD", "PDu", "NE", "PDu"]
    assert stopped.values["progression_day"] is None


@pytest.mark.parametrize(("choice", "best"), [("SD", "SD"), ("PD", "PD")])
def test_an_undecided_progression_counts_as_the_charter_says(choice, best):
    found = run(scan(56, "AB", soft_tissue_response="NED"), options={"pdu_at_end": choice})
    assert final(found) == ["PDu"]
    assert found.time_points[1].text("overall_response_final") == "PDu"
    assert found.best_response(confirmation_required=False) == best


# Combined response ----------------------------------------------------------------------------

BONE = ("PD", "NON-PD", "PDu", "NED", "NE")
# soft tissue -> overall for bone PD, NON-PD, PDu, NED, NE, with target lesions at baseline.
COMBINED = {
    "PD": ("PD", "PD", "PD", "PD", "PD"),
    "NE": ("PD", "NE", "NE", "NE", "NE"),
    "NED": ("PD", "NON-CR/NON-PD", "PDu", "NE", "NE"),
    "SD": ("PD", "SD", "SD", "SD", "SD"),
    "NON-CR/NON-PD": (
        "PD",
        "NON-CR/NON-PD",
        "NON-CR/NON-PD",
        "NON-CR/NON-PD",
        "NON-CR/NON-PD",
    ),
    "PR": ("PD", "PR", "PR", "PR", "PR"),
    "CR": ("PD", "PR", "PR", "CR", "PR"),
}
# The only row that differs without target lesions at baseline.
CR_WITHOUT_TARGET = ("PD", "NON-CR/NON-PD", "NON-CR/NON-PD", "CR", "NON-CR/NON-PD")
COMBINED_CASES = [
    (soft, bone, target, (CR_WITHOUT_TARGET if soft == "CR" and not target else row)[at])
    for soft, row in COMBINED.items()
    for at, bone in enumerate(BONE)
    for target in (True, False)
]


def component(**case):
    return PCWG3.files.component(Record(case, "input"), PCWG3.options())["overall_response"]


@pytest.mark.parametrize(("soft", "bone", "target", "expected"), COMBINED_CASES)
def test_each_cell_of_the_combined_table(soft, bone, target, expected):
    found = component(
        soft_tissue_response=soft, bone_response=bone, target_lesions_at_baseline=target
    )
    assert found == expected


def test_the_combined_table_is_complete():
    hit = {case[:3] for case in COMBINED_CASES}
    soft = ("PD", "NE", "NED", "SD", "NON-CR/NON-PD", "PR", "CR")
    assert hit == set(product(soft, BONE, (True, False)))
    assert len(COMBINED_CASES) == 70


def test_target_lesions_at_baseline_are_assumed_when_nothing_is_said():
    assert component(soft_tissue_response="CR", bone_response="NE") == "PR"


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ({"bone_response": "PD"}, "input.soft_tissue_response"),
        ({"soft_tissue_response": "PD"}, "input.bone_response"),
        ({"soft_tissue_response": "ODD", "bone_response": "PD"}, "input.soft_tissue_response"),
        ({"soft_tissue_response": "PD", "bone_response": "CR"}, "input.bone_response"),
        (
            {"soft_tissue_response": "PD", "bone_response": "PD", "target_lesions_at_baseline": 1},
            "input.target_lesions_at_baseline",
        ),
    ],
)
def test_an_unknown_component_is_refused_by_name(case, field):
    with pytest.raises(CriteriaError) as caught:
        component(**case)
    assert caught.value.field == field


def test_combined_responses_as_read_and_after_all_scans_stand_side_by_side():
    found = run(
        scan(56, "AB", soft_tissue_response="SD"),
        scan(112, "CD", "AB", soft_tissue_response="PR"),
    )
    one, two = found.time_points[1:]
    assert one.text("overall_response_as_read") == "SD"
    assert one.text("overall_response_final") == "PD"
    assert two.text("overall_response_as_read") == "PD"
    assert one.overall_response == "PD"


def test_without_soft_tissue_only_bone_progression_gives_an_overall_response():
    found = run(scan(56, "AB"), scan(112, "CD", "AB"))
    assert found.time_points[1].text("overall_response_as_read") is None
    assert found.time_points[1].overall_response == "PD"


# Soft tissue and radiographic progression -----------------------------------------------------


def test_radiographic_progression_is_the_earlier_of_bone_and_soft_tissue():
    bone_first = run(
        scan(56, "AB", soft_tissue_response="SD"),
        scan(112, "CD", "AB", soft_tissue_response="PD"),
    )
    assert bone_first.values["progression_day"] == 56
    soft_first = run(
        scan(56, soft_tissue_response="PD"),
        scan(112, "AB", soft_tissue_response="PD"),
        scan(168, "", "AB", soft_tissue_response="PD"),
    )
    assert soft_first.values["progression_day"] == 56
    assert soft_first.best[0].progression_day == 56


def test_soft_tissue_measurements_are_assessed_by_recist():
    def target(size):
        return [{"id": "T01", "organ": "LIVER", "nodal": False, "state": "MEASURED", "ld_mm": size}]

    found = run(
        scan(56, target=target(28)),
        scan(112, target=target(48)),
        target=target(40),
    )
    assert [p.text("soft_tissue_response") for p in found.time_points[1:]] == ["PR", "PD"]
    assert [p.overall_response for p in found.time_points[1:]] == ["PR", "PD"]
    assert found.values["progression_day"] == 112
    assert found.time_points[1].values["sum_mm"] == 28


def test_complete_soft_tissue_response_without_targets_is_not_complete_with_bone_disease():
    lesion = {"id": "NT01", "organ": "LUNG", "nodal": False}
    found = run(
        scan(56, target=[], non_target=[{**lesion, "state": "ABSENT"}]),
        target=[],
        non_target=[lesion],
    )
    assert found.time_points[1].text("soft_tissue_response") == "CR"
    assert found.time_points[1].overall_response == "NON-CR/NON-PD"


def test_best_response_of_the_combined_response():
    found = run(
        scan(56, soft_tissue_response="PR"),
        scan(84, soft_tissue_response="PR"),
        scan(140, soft_tissue_response="PD"),
    )
    assert found.best_response(confirmation_required=True) == "PR"
    assert found.best[0].response_day == 56
    assert found.best[0].duration_days == 85
    stopped = run(scan(56, soft_tissue_response="PR", new_therapy=True))
    assert stopped.best == ()


# Order, names, wrong input --------------------------------------------------------------------


def test_visits_are_judged_in_the_order_of_their_days():
    found = run(scan(112, "CD", "AB"), scan(56, "AB"))
    assert as_read(found) == ["PD", "PDu"]
    assert final(found) == ["PD", "PD"]


def test_weeks_stand_for_days_when_no_day_is_given():
    first, second = scan(None, "AB", week=8), scan(None, "CD", "AB", week=14)
    found = run(first, second)
    assert [point.day for point in found.time_points] == [0, 56, 98]
    assert found.values["progression_day"] == 56


def test_visibility_is_inferred_when_it_is_not_stated():
    silent = scan(56, any_bone_lesion_visible=None)
    assert final(run(silent)) == ["NON-PD"]
    assert final(run(silent, bone_lesions=0)) == ["NED"]
    named = scan(56, "A", any_bone_lesion_visible=None)
    assert final(run(named, bone_lesions=0)) == ["NON-PD"]
    contradicting = scan(56, "A", any_bone_lesion_visible=False)
    assert final(run(contradicting)) == ["NON-PD"]


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"new_lesions_first_seen": "B1"}, "visits[0].new_lesions_first_seen"),
        ({"new_lesions_first_seen": [3]}, "visits[0].new_lesions_first_seen[0]"),
        ({"bone_scan_done": "yes"}, "visits[0].bone_scan_done"),
        ({"soft_tissue_response": "GOOD"}, "visits[0].soft_tissue_response"),
        ({"new_lesion_count": -1}, "visits[0].new_lesion_count"),
        ({"day": None}, "visits[0].day"),
        ({"day": -7}, "visits[0].day"),
    ],
)
def test_a_fact_that_makes_no_sense_is_refused_by_name(facts, field):
    with pytest.raises(CriteriaError) as caught:
        run({**scan(56), **facts})
    assert caught.value.field == field


def fired(*visits):
    subject = {"baseline": {"day": 0, "bone_lesions": 6}, "visits": list(visits)}
    return {found.id for found in PCWG3.edit_checks(PCWG3.files.history(Record(subject)))}


def test_a_clean_record_raises_no_check():
    assert fired(scan(56, "AB"), scan(112, "", "AB", new_lesion_count=2)) == set()


@pytest.mark.parametrize(
    ("label", "visits"),
    [
        (
            "BONE_SCAN_COUNT_INCONSISTENT",
            [scan(56, "AB"), scan(112, "", "AB", new_lesion_count=1)],
        ),
        ("BONE_LESION_UNKNOWN", [scan(56, "", "A")]),
        ("BONE_LESION_UNKNOWN", [scan(56, "A"), scan(112, "A")]),
        ("RESPONSE_MISMATCH_TARGET", [scan(56, "A", entered={"bone_response": "PD"})]),
        ("RESPONSE_MISMATCH_OVERALL", [scan(56, "A", entered={"overall_response": "PD"})]),
        ("VISIT_BEFORE_BASELINE", [scan(-1)]),
        ("DUPLICATE_DATE", [scan(56), scan(56)]),
        ("READ_AFTER_PD", [scan(56, "AB"), scan(112, "CD", "AB")]),
    ],
)
def test_each_check_fires(label, visits):
    assert label in fired(*visits)


# Properties -----------------------------------------------------------------------------------

letters = st.sets(st.sampled_from("ABCDEFGH"), max_size=4)
gaps = st.integers(7, 90)
histories = st.lists(st.tuples(gaps, letters, letters, st.booleans()), min_size=1, max_size=6)


def scans(history, rename=lambda name: name):
    day, seen, found = 0, set(), []
    for gap, new, kept, done in history:
        day += gap
        fresh = new - seen
        found.append(
            scan(
                day,
                [rename(name) for name in fresh],
                [rename(name) for name in kept & seen],
                bone_scan_done=done,
            )
        )
        seen |= fresh if done else set()
    return found


@given(histories)
@settings(deadline=None)
def test_as_read_does_not_change_when_later_scans_arrive(history):
    visits = scans(history)
    complete = as_read(run(*visits))
    for count in range(1, len(visits) + 1):
        assert as_read(run(*visits[:count])) == complete[:count]


@given(histories)
@settings(deadline=None)
def test_only_an_unconfirmed_progression_or_what_follows_it_is_rewritten(history):
    found = run(*scans(history))
    for before, after in zip(as_read(found), final(found), strict=True):
        if before == "PDu":
            assert after in ("PDu", "PD", "NON-PD")
        else:
            assert after in (before, "PD")
    if "PD" in final(found):
        first = final(found).index("PD")
        assert set(final(found)[first:]) <= {"PD", "NE"}
        assert found.values["progression_day"] == found.time_points[first + 1].day


@given(histories)
@settings(deadline=None)
def test_names_of_lesions_do_not_matter(history):
    renamed = run(*scans(history, rename=lambda name: f"lesion {ord(name)}"))
    assert final(renamed) == final(run(*scans(history)))


@given(histories)
@settings(deadline=None)
def test_more_new_lesions_never_improve_the_state(history):
    order = ("NED", "NON-PD", "PDu", "PD")
    visits = scans(history)
    last = visits[-1]
    more = {**last, "new_lesions_first_seen": [*last["new_lesions_first_seen"], "X", "Y"]}
    if last["bone_scan_done"]:
        plain, grown = as_read(run(*visits)), as_read(run(*visits[:-1], more))
        assert order.index(grown[-1]) >= order.index(plain[-1])


@given(histories)
@settings(deadline=None)
def test_every_step_recomputes_to_its_value(history):
    found = run(*scans(history))
    steps = [step for point in found.time_points for step in point.trace]
    steps += [*found.trace, *(step for best in found.best for step in best.trace)]
    for step in steps:
        assert step.recompute() == step.value
        assert step.sentence.endswith(step.clause)


def test_the_sentences_tell_how_a_scan_was_rewritten():
    found = run(scan(56, "AB"), scan(112, "CD", "AB"))
    clause = "PCWG3 bone scan (Scher 2016)"
    assert f"2 new bone lesions against the baseline (A, B): PDu, {clause}" in (
        found.time_points[1].because
    )
    assert f"Read as PDu, rewritten by TP2: PD, {clause}" in found.time_points[1].because
    assert (
        "By additional new lesions this scan confirms the unconfirmed progression of TP1, "
        f"{clause}" in found.time_points[2].because
    )
    assert f"No unconfirmed bone progression is pending, {clause}" in found.time_points[1].because
    waiting = run(scan(56, "AB"), scan(84, "", "AB")).time_points[2].because
    assert f"Bone progression is certain with this scan: PD, {clause}" in (
        found.time_points[2].because
    )
    assert f"This scan does not decide the unconfirmed progression of TP1, {clause}" in waiting
    calm = run(scan(56, "A"), scan(112, "", "A")).time_points
    assert f"1 new bone lesions against the baseline (A): NON-PD, {clause}" in calm[1].because
    against = "0 new bone lesions against the first scan after baseline"
    assert f"{against}: NON-PD, {clause}" in calm[2].because
    assert f"Bone response after all scans: NON-PD, {clause}" in calm[2].because
    assert f"Bone scan missing or unreadable: NE, {clause}" in (
        run(missed(56)).time_points[1].because
    )
    kept = run(scan(56), scan(112, "AB"), scan(168, "", "AB")).time_points
    assert (
        "By persistence of the new lesions this scan confirms the unconfirmed progression of "
        f"TP2, {clause}" in kept[3].because
    )
    assert found.trace[0].sentence.startswith(
        "Radiographic progression on day 56, the earlier of bone progression on day 56"
    )


junk = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from(["PD", "x", "", "5"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["day", "new_lesions_first_seen", "soft_tissue_response", "target"]),
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
        history = PCWG3.files.history(Record({"baseline": baseline, "visits": visits}))
        PCWG3.assess(history)
        PCWG3.edit_checks(history)
    except CriteriaError as error:
        assert error.field
        assert error.problem
