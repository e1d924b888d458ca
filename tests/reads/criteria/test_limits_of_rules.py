"""Rules at their limits and in their rare cases, called with inputs made by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from scipy.stats import f

from reads.criteria import (
    irecist_rules,
    lugano_rules,
    lugano_stream,
    measurements,
    pcwg3_rules,
    percist,
    rano_course,
    rano_rules,
    reference,
    volumetric,
)
from reads.criteria import recist_targets as targets
from reads.criteria.base import Assessment, Criterion, Record
from reads.criteria.bestresponse import corrected
from reads.criteria.dates import timeline
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import LesionState, TargetFacts
from reads.criteria.irecist_rules import NEW_LESION, NON_TARGET, TARGET, Pending
from reads.criteria.locations import BY_CODE
from reads.criteria.lugano import RANKING as LUGANO_RANKING
from reads.criteria.lugano_facts import Kind, LuganoLesion, LuganoTimePoint
from reads.criteria.lugano_facts import read_history as lugano_history
from reads.criteria.parameters import Parameter
from reads.criteria.pcwg3 import RANKING as PCWG_RANKING
from reads.criteria.rano_facts import RanoLesion, Steroids
from reads.criteria.rano_facts import read_history as rano_history
from reads.criteria.recist11 import counted_sequence
from reads.criteria.recist_rules import say_new_lesion
from reads.criteria.recist_stream import point_field
from reads.criteria.records import number
from reads.criteria.registry import all_criteria, get
from reads.criteria.statistics import (
    AgreementTable,
    bootstrap_interval,
    clopper_pearson,
    cohen_kappa,
    icc_2_1,
    weighted_kappa,
    wilson,
)
from reads.criteria.statistics.cases import derive_case
from reads.criteria.statistics.continuous import MeanSquares
from reads.criteria.volumetric import VolumeTimePoint
from tests.reads.criteria.streams import assess, mm, point, target


def told(call: Callable[[], object]) -> tuple[str, str]:
    with pytest.raises(CriteriaError) as raised:
        call()
    return raised.value.field, raised.value.problem


def in_file(key: str, baseline: dict[str, Any], *visits: dict[str, Any], **settings: Any) -> Any:
    criterion: Criterion = get(key)
    assert criterion.files.history is not None
    history = criterion.files.history(Record({"baseline": baseline, "visits": list(visits)}))
    return criterion.assess(history, criterion.options(settings))


# --- RANO: size, steroids, response -------------------------------------------------------------


def sizes(**more: Any) -> dict[str, Any]:
    return {
        "values": {"E1": mm(100)},
        "unit": "mm²",
        "baseline": mm(100),
        "nadir": mm(100),
        "pr_percent": mm(50),
        "pd_percent": mm(25),
        "mr_percent": None,
        **more,
    }


@pytest.mark.parametrize(
    ("inputs", "response", "sentence"),
    [
        (sizes(values={}), "NOT_APPLICABLE", "No measurable lesion at baseline"),
        (
            sizes(values={"E1": None}),
            "NE",
            "A measured lesion has no value and the others do not show progression: NE",
        ),
        (
            sizes(values={"E1": mm(100), "E2": None}),
            "NE",
            "A measured lesion has no value and the others do not show progression: NE",
        ),
        (
            sizes(values={"E1": mm(0), "E2": None}, nadir=mm(0)),
            "NE",
            "A measured lesion has no value and the others do not show progression: NE",
        ),
        (sizes(), "SD", "Sum 100 mm² is 0 % above the baseline of 100 mm²: SD"),
        (
            sizes(values={"E1": mm("99")}),
            "SD",
            "Sum 99 mm² is 1 % below the baseline of 100 mm²: SD",
        ),
    ],
)
def test_size_responses_of_rano(inputs: dict[str, Any], response: str, sentence: str) -> None:
    assert rano_rules.measured_response(inputs) == response
    assert rano_rules.say_measured(inputs, response) == sentence


def test_the_steroid_sentence_names_both_doses() -> None:
    doses = {"recorded": None, "dose_mg": mm(4), "baseline_dose_mg": mm(2), "replacement": False}
    assert rano_rules.steroids_against_baseline(doses) is Steroids.INCREASED
    assert rano_rules.say_steroids(doses, "INCREASED") == (
        "Dexamethasone 4 mg a day, baseline 2 mg: INCREASED"
    )


def facts(**more: Any) -> dict[str, Any]:
    return {
        "assessed": True,
        "measured": "SD",
        "t2_flair": "STABLE",
        "judge_t2_flair": True,
        "non_measurable": "NONE",
        "enhancement": None,
        "new_lesion": False,
        "outside_field": None,
        "histology": False,
        "clinical_status": "STABLE",
        "weeks_since_rt": mm(30),
        "early_weeks": 12,
        "steroid_rise": "NE",
        "growth_not_called_pd": "SD",
        "early_decline_needs_imaging": False,
        "non_measurable_best_is_sd": False,
        "failure_to_return_is_pd": False,
        "steroids": "NONE",
        **more,
    }


@pytest.mark.parametrize(
    ("inputs", "signs"),
    [
        (facts(), ()),
        (facts(enhancement="INCREASED"), ("enhancement",)),
        (facts(outside_field=False), ()),
        (facts(outside_field=True), ("new_lesion",)),
        (facts(new_lesion=True, clinical_status="WORSE"), ("new_lesion", "clinical")),
        (facts(measured="PD", t2_flair="INCREASED"), ("size", "t2_flair")),
        (facts(non_measurable="PROGRESSED"), ("non_measurable",)),
    ],
)
def test_signs_of_progression_of_rano(inputs: dict[str, Any], signs: tuple[str, ...]) -> None:
    assert rano_rules.progression_signs(inputs) == signs


@pytest.mark.parametrize(
    ("inputs", "missing"),
    [
        (facts(), ()),
        (facts(enhancement="NOT_EVALUABLE"), ("enhancement",)),
        (
            facts(
                t2_flair=None, non_measurable="NOT_EVALUABLE", steroids=None, clinical_status=None
            ),
            ("T2/FLAIR", "non-measurable disease", "steroids", "clinical status"),
        ),
    ],
)
def test_missing_parts_of_rano(inputs: dict[str, Any], missing: tuple[str, ...]) -> None:
    assert rano_rules.missing_parts(inputs) == missing


EARLY = {"weeks_since_rt": mm(6), "early_decline_needs_imaging": True, "clinical_status": "WORSE"}
RETURN = {"assessed": False, "failure_to_return_is_pd": True, "clinical_status": "WORSE"}


@pytest.mark.parametrize(
    ("inputs", "response", "sentence"),
    [
        (
            facts(),
            "SD",
            "Size response SD, no sign of progression, all conditions hold: SD",
        ),
        (
            facts(measured="PR"),
            "PR",
            "Size response PR, no sign of progression, all conditions hold: PR",
        ),
        (
            facts(measured="NE"),
            "NE",
            "Size response NE, no sign of progression, all conditions hold: NE",
        ),
        (facts(clinical_status=None), "NE", "Not assessed: clinical status: NE"),
        (facts(assessed=False), "NE", "No imaging at this time point: NE"),
        (
            facts(**RETURN),
            "PD",
            "No imaging at this time point after a decline in condition: PD",
        ),
        # a decline alone early after radiotherapy is no progression, and no stable disease either
        (
            facts(**EARLY, measured="CR", growth_not_called_pd="NE"),
            "NE",
            (
                "Growth within 12 weeks after chemoradiation and inside the field is not called "
                "progression: NE"
            ),
        ),
        (
            facts(measured="CR", steroids="STABLE"),
            "PR",
            "All measured disease gone but steroids above replacement exclude CR: PR",
        ),
        (
            facts(measured="CR", non_measurable="PRESENT"),
            "PR",
            "All measured disease gone but non-measurable disease remains: PR",
        ),
    ],
)
def test_responses_of_rano(inputs: dict[str, Any], response: str, sentence: str) -> None:
    assert rano_rules.overall_response(inputs) == response
    assert rano_rules.say_overall(inputs, response) == sentence


def test_a_size_response_that_cannot_be_judged_is_not_told_as_a_missing_part() -> None:
    inputs = facts(measured="NE", clinical_status=None)
    assert rano_rules.say_overall(inputs, "NE").startswith("Size response NE")


# --- RANO: the course (PD early after radiotherapy, day of progression) ------------------------

Read = tuple[int, str, bool, bool]


def counted(*reads: tuple[int, str], early: bool = True, least: int = 28) -> list[str]:
    inputs = {
        "reads": tuple((day, response, False, early) for day, response in reads),
        "confirm_min_days": least,
        "confirm_early_pd": True,
    }
    return [response for _, response in rano_course._counted(inputs)]


@pytest.mark.parametrize(
    ("reads", "least", "expected"),
    [
        (((50, "PD"),), 28, ["SD"]),
        (((50, "PD"), (77, "PD")), 28, ["SD", "SD"]),
        (((50, "PD"), (78, "PD")), 28, ["PD", "SD"]),
        (((50, "PD"), (78, "NE"), (90, "PD")), 28, ["PD", "NE", "SD"]),
        (((50, "PD"), (78, "SD"), (90, "PD")), 28, ["SD", "SD", "SD"]),
        (((10, "PD"), (50, "PD"), (60, "SD")), 0, ["PD", "SD", "SD"]),
    ],
)
def test_an_early_progression_counts_once_confirmed(
    reads: tuple[tuple[int, str], ...], least: int, expected: list[str]
) -> None:
    assert counted(*reads, least=least) == expected
    assert counted(*reads, least=least, early=False) == [response for _, response in reads]


@pytest.mark.parametrize(
    ("open_doses", "responses", "day"),
    [
        ((False, False, True), ("PD", "SD", "NE"), 10),
        ((True, False), ("NE", "PD"), 10),
        ((False, True, True, False), ("SD", "NE", "NE", "PD"), 20),
        ((False, False, True, False), ("SD", "SD", "NE", "PD"), 30),
        ((True, False, False), ("NE", "SD", "PD"), 30),
        ((True, True, False), ("NE", "NE", "PD"), 10),
        ((False,), ("SD",), None),
    ],
)
def test_progression_dates_from_the_steroid_rises_just_before_it(
    open_doses: tuple[bool, ...], responses: tuple[str, ...], day: int | None
) -> None:
    days = range(10, 100, 10)
    reads = tuple(zip(days, responses, open_doses, [False] * len(open_doses), strict=False))
    inputs = {
        "reads": reads,
        "counted": tuple((at, response) for at, response, _, _ in reads),
        "steroid_rise_dates_pd": True,
    }
    assert rano_course._progression_day(inputs) == day


@pytest.mark.parametrize(("weeks", "wanted"), [(0, False), (1, True), (12, True)])
def test_any_number_of_weeks_asks_for_confirmation(weeks: int, wanted: bool) -> None:
    found = in_file("RANO_HGG_2010", {}, {"day": 1}, pd_confirmation_weeks=weeks)
    (step,) = [step for step in found.trace if step.name == "counted_responses"]
    assert step.inputs["confirm_early_pd"] is wanted


def test_a_rano_lesion_without_technique_and_the_nadir_by_its_time_point() -> None:
    lesion = {"id": "E1", "d1_mm": 20, "d2_mm": 10}
    (baseline,) = rano_history(Record({"baseline": {"lesions": [lesion]}}))
    assert baseline.lesions == (RanoLesion(id="E1", organ="BRAIN", d1_mm=mm(20), d2_mm=mm(10)),)
    smaller = {**lesion, "d1_mm": 15}
    visits = [{"id": f"W{n}", "day": 28 * n, "lesions": [smaller]} for n in (1, 2)]
    found = in_file("RANO_HGG_2010", {"lesions": [lesion]}, *visits)
    clause = found.time_points[1].trace[1].clause
    told_of = ("sum", "nadir_before", "pct_change_baseline", "pct_change_nadir")
    first, second = (
        [step.sentence for step in result.trace if step.name in told_of]
        for result in found.time_points[1:]
    )
    assert first == [
        f"Sum of products 150 mm² = E1 150 mm², {clause}",
        f"Nadir before this time point is 200 mm² (BL), {clause}",
        f"Sum 150 mm² is 25 % below the baseline of 200 mm², {clause}",
        f"Sum 150 mm² is 25 % below the nadir of 200 mm², {clause}",
    ]
    assert second[1] == f"Nadir before this time point is 150 mm² (W1), {clause}"


# --- Lugano -------------------------------------------------------------------------------------


def spleen(now: str | None, baseline: str | None, earlier: str | None = None) -> str:
    lengths = {"spleen_mm": now, "baseline_mm": baseline, "reference_mm": earlier or baseline}
    inputs = {name: None if text is None else mm(text) for name, text in lengths.items()}
    limits = {"normal_mm": mm(130), "new_growth_mm": mm(20), "must_exceed_normal": True}
    return str(lugano_rules.spleen_state({**inputs, **limits}))


@pytest.mark.parametrize(
    ("now", "baseline", "state"),
    [
        (None, "130", "NOT_APPLICABLE"),
        (None, "130.1", "NOT_EVALUABLE"),
        (None, None, "NOT_APPLICABLE"),
        ("140", "130", "ENLARGED"),
        ("130", "130", "NORMAL"),
        ("150", "130", "PROGRESSED"),
    ],
)
def test_the_spleen_at_its_normal_length(now: str | None, baseline: str | None, state: str) -> None:
    assert spleen(now, baseline) == state


def test_no_partial_response_without_a_complete_sum_or_baseline() -> None:
    rest = {"nonmeasured": "ABSENT", "spleen": "NORMAL", "spleen_enlarged_at_baseline": False}
    limits = {"pr_decrease_pct": mm(50)}
    gone = {"N1": (mm(1), mm(1))}
    assert not lugano_rules._partial(
        {"sizes": {"N1": None}, "baseline_spd": mm(9), **rest, **limits}
    )
    assert not lugano_rules._partial({"sizes": gone, "baseline_spd": None, **rest, **limits})
    assert lugano_rules._partial({"sizes": gone, "baseline_spd": mm(9), **rest, **limits})


def test_a_sum_of_nothing_is_told_without_a_percentage() -> None:
    point_ = {
        "id": "BL",
        "day": 0,
        "lesions": [{"id": "X1", "kind": "EXTRANODAL", "state": "ABSENT"}],
    }
    found = in_file("LUGANO2014", point_, {**point_, "id": "W8", "day": 56})
    (step,) = [s for s in found.time_points[1].trace if s.name == "ct_response"]
    assert step.sentence.startswith("No target at baseline, non-measured disease ABSENT")


def history_with(**more: Any) -> lugano_stream.History:
    options = get("LUGANO2014").options()
    return lugano_stream.History(kinds={"N1": Kind.NODE, "N2": Kind.NODE}, options=options, **more)


def test_each_lymphoma_target_keeps_its_own_nadir() -> None:
    state = history_with()
    state.take({"N1": (mm(20), mm(10)), "N2": (mm(9), mm(9))}, mm(150))
    state.take({"N1": None, "N2": (mm(8), mm(10))}, None)
    state.take({"N1": (mm(30), mm(8)), "N2": None}, mm(160))
    assert state.nadirs == {
        "N1": {"ldi": mm(20), "sdi": mm(8), "ppd": mm(200)},
        "N2": {"ldi": mm(8), "sdi": mm(9), "ppd": mm(80)},
    }
    assert state.spleen == mm(150)


@pytest.mark.parametrize("missing", ["assessed", "ct_done"])
def test_lymphoma_sizes_need_a_ct_that_was_read(missing: str) -> None:
    node = LuganoLesion(id="N1", kind=Kind.NODE, ldi_mm=mm(20), sdi_mm=mm(10))
    unread = LuganoTimePoint(id="W8", day=56, lesions=(node,), **{missing: False})
    assert history_with().sizes(unread, "visits[0]") == {"N1": None, "N2": None}
    done = LuganoTimePoint(id="W8", day=56, lesions=(node,))
    assert history_with().sizes(done, "visits[0]") == {"N1": (mm(20), mm(10)), "N2": None}


def test_lengths_of_the_spleen_start_at_0_and_enlarged_is_above_normal() -> None:
    assert lugano_stream._length(mm(0), "f") == 0
    assert lugano_stream._length(mm("0.5"), "f") == mm("0.5")
    assert told(lambda: lugano_stream._length(mm("-0.1"), "f")) == ("f", "must not be negative")
    assert not lugano_stream._enlarged(history_with(spleen_baseline=mm(130)))
    assert lugano_stream._enlarged(history_with(spleen_baseline=mm("130.1")))
    assert not lugano_stream._enlarged(history_with())


def test_lymphoma_steps_have_their_names_and_the_best_response_its_ranking() -> None:
    found = in_file("LUGANO2014", {"day": 0}, {"day": 56, "spleen_mm": 120})
    assert found.time_points[1].values["spleen"] == "NORMAL"
    assert found.time_points[1].values["new_lesions"] == ()
    assert found.best[0].trace[0].inputs["ranking"] == LUGANO_RANKING
    assert len(lugano_history(Record({"baseline": {}}))) == 1


# --- PCWG3 --------------------------------------------------------------------------------------


def bone(day: int, new: str = "", persisting: str = "", **more: Any) -> dict[str, Any]:
    return {
        "day": day,
        "new_lesions_first_seen": list(new),
        "new_lesions_persisting": list(persisting),
        "any_bone_lesion_visible": True,
        **more,
    }


def final(found: Assessment) -> list[str | None]:
    return [result.text("bone_response_final") for result in found.time_points[1:]]


def test_a_bone_scan_missed_under_stop_ends_what_was_pending() -> None:
    found = in_file(
        "PCWG3",
        {"bone_lesions": 2},
        bone(100, "AB"),
        bone(150, bone_scan_done=False),
        bone(200, "CD", "AB"),
        bone(250, "", "ABCD"),
        missing_between="stop",
    )
    assert final(found) == ["PDu", "NE", "PD", "PD"]


def test_a_first_scan_after_the_flare_is_confirmed_by_more_lesions_than_it_showed() -> None:
    found = in_file("PCWG3", {"bone_lesions": 2}, bone(100, "AB"), bone(200, "CD", "A"))
    assert final(found) == ["PD", "PD"]
    found = in_file("PCWG3", {"bone_lesions": 2}, bone(100, "AB"), bone(200, "C", "A"))
    assert final(found)[0] == "NON-PD"


@pytest.mark.parametrize(("at_end", "best"), [("PD", "PD"), ("SD", "PR")])
def test_a_bone_progression_left_open_at_the_end(at_end: str, best: str) -> None:
    scan = bone(100, "AB", soft_tissue_response="PR")
    found = in_file("PCWG3", {"bone_lesions": 2}, scan, pdu_at_end=at_end)
    assert final(found) == ["PDu"]
    assert {entry.confirmation_required: entry.response for entry in found.best}[False] == best


def test_the_best_response_of_pcwg3_takes_its_own_progression_ranking_and_clause() -> None:
    found = in_file("PCWG3", {"bone_lesions": 2}, bone(56, soft_tissue_response="SD"))
    for best in found.best:
        assert best.trace[2] == found.trace[0]
        assert best.trace[0].inputs["ranking"] == PCWG_RANKING
        assert best.trace[0].clause == found.trace[0].clause


def test_no_verdict_is_told_as_nothing_pending() -> None:
    pending = {"id": "W8", "flare": False}
    said = pcwg3_rules._say_verdict({"pending": pending}, "NONE")
    assert said == "No unconfirmed bone progression is pending"


def test_an_entered_bone_response_is_compared_with_the_one_after_all_scans() -> None:
    def fired(given: str) -> list[str]:
        criterion = get("PCWG3")
        visit = bone(56, any_bone_lesion_visible=True, entered={"bone_response": given})
        entry = Record({"baseline": {"bone_lesions": 2}, "visits": [visit]})
        assert criterion.files.history is not None
        return [found.id for found in criterion.edit_checks(criterion.files.history(entry))]

    assert fired("NON-PD") == []
    assert fired("PD") == ["RESPONSE_MISMATCH_TARGET"]


def test_soft_tissue_of_pcwg3_names_its_place() -> None:
    wrong = {"day": 56, "soft_tissue": {"target": [{"id": "T", "ld_mm": "wide"}]}}
    found = told(lambda: in_file("PCWG3", {}, wrong))
    assert found == ("visits[0].target[0].ld_mm", "must be a number")


# --- PERCIST and volumes --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "before", "more"),
    [(None, None, False), (None, "9", False), ("9", None, False), ("175", "100", True)],
)
def test_glycolysis_needs_both_scans(now: str | None, before: str | None, more: bool) -> None:
    inputs = {
        "glycolysis": now and mm(now),
        "glycolysis_baseline": before and mm(before),
        "glycolysis_increase_pct": mm(75),
    }
    assert percist.more_extensive(inputs) is more


def test_an_equal_peak_is_told_as_above() -> None:
    inputs = {"new_lesion": False, "peak": mm(3), "peak_baseline": mm(3)}
    assert percist.say_response(inputs, "SMD") == (
        "SULpeak 3 is 0 % above the baseline of 3, a change of 0: SMD"
    )


def volumes(values: list[str | None], **more: Any) -> dict[str, Any]:
    return {
        "values": {f"V{n}": None if v is None else mm(v) for n, v in enumerate(values, start=1)},
        "baseline": mm(10),
        "nadir": mm(10),
        "pd_reference": "nadir",
        "pr_reference": "baseline",
        "pd_increase_pct": mm(40),
        "pr_decrease_pct": mm(65),
        "min_change_ml": mm(0),
        **more,
    }


@pytest.mark.parametrize(
    ("inputs", "response", "sentence"),
    [
        (volumes(["10"]), "SD", "Volume 10 ml is 0 % above the baseline of 10 ml: SD"),
        (volumes(["10.05"]), "SD", "Volume 10.05 ml is 0.5 % above the baseline of 10 ml: SD"),
        (volumes(["9"]), "SD", "Volume 9 ml is 10 % below the baseline of 10 ml: SD"),
        (volumes(["0", None], nadir=mm(0)), "NE", "A volume is missing: NE"),
        (volumes(["10", None]), "NE", "A volume is missing: NE"),
        (volumes([None]), "NE", "A volume is missing: NE"),
    ],
)
def test_volumes_are_told(inputs: dict[str, Any], response: str, sentence: str) -> None:
    assert volumetric.compute_response(inputs) == response
    assert volumetric.say_response(inputs, response) == sentence


def test_volumes_are_numbered_from_1_also_when_none_was_measured() -> None:
    three = VolumeTimePoint(id="A", day=1, volumes_ml=(mm(3), None, mm(5)))
    assert volumetric.volumes_of(three, 3, "f") == {"V1": 3, "V2": None, "V3": 5}
    for empty in (
        VolumeTimePoint(id="A", day=1),
        VolumeTimePoint(id="A", day=1, assessed=False, volumes_ml=(mm(3), mm(4), mm(5))),
    ):
        assert volumetric.volumes_of(empty, 3, "f") == {"V1": None, "V2": None, "V3": None}


def test_the_nadir_of_volumes_is_told_by_its_time_point() -> None:
    visits = [{"id": f"W{n}", "day": n, "volume_ml": 10 - n} for n in (1, 2)]
    found = in_file("VOLUMETRIC", {"volume_ml": 10}, *visits)
    said = [result.trace[1].sentence.partition(",")[0] for result in found.time_points[1:]]
    assert said == [
        "Nadir before this time point is 10 ml (BL)",
        "Nadir before this time point is 9 ml (W1)",
    ]


# --- iRECIST --------------------------------------------------------------------------------------


def immune(**more: Any) -> dict[str, Any]:
    return {
        "target": "SD",
        "non_target": "NOT_APPLICABLE",
        "assessed": True,
        "pending": None,
        "confirmed": False,
        "accepted": (),
        "accepted_sum": None,
        "new_present": (),
        "new_absent": (),
        "new_increased": (),
        "new_sum": mm(12),
        "values": {"T01": mm(20)},
        "non_target_progressing": (),
        "non_target_increase": False,
        "day": 100,
        "min_days": 28,
        "max_days": 56,
        "late_confirmation": "unconfirmed",
        "stable_new_lesion": "iUPD",
        "confirm_increase_mm": mm(5),
        **more,
    }


def pending(*reasons: str, last_day: int = 44) -> Pending:
    return Pending(
        start_day=last_day,
        last_day=last_day,
        reasons=reasons,
        target_values={"T01": mm(20)},
        non_targets=("NT1",),
        new_lesions=("L1",),
        new_sum=mm(10),
        category="SD",
    )


def test_a_new_lesion_that_was_accepted_still_forbids_a_complete_response() -> None:
    gone = {"target": "CR", "non_target": "CR"}
    stays = immune(**gone, new_present=("L1",), accepted=("L1",))
    assert irecist_rules.free(stays).response == "iPR"
    assert irecist_rules.free(immune(**gone)).response == "iCR"


@pytest.mark.parametrize(("last_day", "late"), [(44, False), (43, True)])
def test_an_iupd_is_too_long_ago_after_the_last_day_of_the_window(
    last_day: int, late: bool
) -> None:
    found = irecist_rules.unconfirmed(
        immune(target="PD"), pending(TARGET, last_day=last_day), (TARGET,)
    )
    assert found.why.startswith("the last assessment of iUPD is too long ago") is late
    assert found.pending is not None
    assert found.pending.start_day == (100 if late else last_day)


def test_an_iupd_keeps_what_its_reasons_need() -> None:
    inputs = immune(new_present=("L1", "L2"), non_target_progressing=("NT1",))
    by_target = irecist_rules.started(inputs, (TARGET,))
    assert (by_target.new_lesions, by_target.new_sum) == ((), None)
    by_new = irecist_rules.started(inputs, (NEW_LESION,))
    assert (by_new.new_lesions, by_new.new_sum) == (("L1", "L2"), mm(12))
    everything = pending(TARGET, NON_TARGET, NEW_LESION)
    kept = irecist_rules.moved(inputs, everything, (NON_TARGET,))
    assert (kept.reasons, kept.non_targets, kept.new_lesions) == ((NON_TARGET,), ("NT1",), ())
    assert kept.new_sum is None
    kept = irecist_rules.moved(inputs, everything, (TARGET, NEW_LESION))
    assert (kept.non_targets, kept.new_lesions, kept.new_sum) == ((), ("L1",), mm(10))


# --- RECIST 1.1: sentences, counted responses, values of targets ---------------------------------


def sums(now: dict[str, Decimal | None], baseline: int = 100, **more: Any) -> dict[str, Any]:
    limits = {"pr_decrease_pct": mm(30), "nadir": mm(0), "nadir_time_point": ""}
    return {"values": now, "baseline_sum": mm(baseline), **limits, **more}


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (lambda: targets.without([]), ""),
        (lambda: targets.without(["T01", "T02"]), " although T01, T02 has no value"),
        (
            lambda: targets.over_nadir(sums({}), mm(5)),
            "Sum 5 mm is 5 mm larger than the nadir of 0 mm",
        ),
        (
            lambda: targets.over_nadir(sums({}, nadir_time_point="W6"), mm(5)),
            "Sum 5 mm is 5 mm larger than the nadir of 0 mm (W6)",
        ),
        (lambda: targets.against_baseline(sums({"T01": None}), "SD"), "Sum is incomplete"),
        (
            lambda: targets.against_baseline(sums({"T01": mm(5)}, baseline=0), "SD"),
            "Sum 5 mm with a baseline of 0 mm",
        ),
        (
            lambda: targets.against_baseline(sums({"T01": mm(100)}), "SD"),
            "Sum 100 mm is 0 % above the baseline of 100 mm, short of both limits",
        ),
        (
            lambda: targets.against_baseline(sums({"T01": mm(99)}), "SD"),
            "Sum 99 mm is 1 % below the baseline of 100 mm, short of both limits",
        ),
        (
            lambda: say_new_lesion(
                {"certainties": {"L1": "EQUIVOCAL", "L2": "UNEQUIVOCAL"}}, "UNEQUIVOCAL"
            ),
            "New lesion: L1 equivocal, L2 unequivocal",
        ),
    ],
)
def test_sentences_of_recist(said: Callable[[], str], sentence: str) -> None:
    assert said() == sentence


def test_a_change_below_one_percent_is_above_the_baseline() -> None:
    said = targets.against_baseline(sums({"T01": mm("100.4")}), "SD")
    assert said.endswith("above the baseline of 100 mm, short of both limits")


def test_a_proven_equivocal_lesion_counts_as_progression_where_the_charter_says_so() -> None:
    found = assess(
        "RECIST11", point(0, {"T01": 20}), point(42, {"T01": 20}), point(84, {"T01": 20})
    )
    history = [point(day) for day in (0, 42, 84)]
    options: dict[str, Any] = {"equivocal_backdating": "response"}
    sequence = counted_sequence(
        history, found.time_points, timeline(history), get("RECIST11").options(options), 1
    )
    assert sequence == [(42, "PD"), (84, "SD")]


def test_places_of_time_points() -> None:
    assert [point_field(position) for position in (0, 1, 2)] == [
        "baseline",
        "visits[0]",
        "visits[1]",
    ]
    wrong = told(lambda: assess("RECIST11", point(0, {"T01": -1})))
    assert wrong[0] == "baseline.target[0].ld_mm"


def split(*pieces: str) -> TargetFacts:
    return TargetFacts(id="A", state=LesionState.SPLIT, fragments_mm=tuple(map(mm, pieces)))


def test_pieces_of_a_split_lesion_may_be_small() -> None:
    assert measurements.fragment_sum(split("0", "0.5", "12"), "f") == mm("12.5")
    assert (
        told(lambda: measurements.fragment_sum(split("1", "-0.1"), "f"))[0] == "f.fragments_mm[1]"
    )


def merged(identifier: str, host: str) -> TargetFacts:
    return TargetFacts(id=identifier, state=LesionState.MERGED, merged_into=host)


def test_a_lesion_merged_into_a_circle_is_told() -> None:
    circle = (merged("A", "B"), merged("B", "C"), merged("C", "B"))
    assert told(lambda: measurements.check_merges(circle, "f")) == (
        "f[0].merged_into",
        "leads back to itself",
    )
    measurements.check_merges((merged("A", "B"), merged("B", "C")), "f")


def test_values_of_targets_after_a_missing_or_treated_one() -> None:
    treated = target("T02", 30, treated_on_study=True)
    visit = point(42)
    visit = type(visit)(id="W6", day=42, target=(treated, target("T03", 12)))

    def values(*, not_evaluable: bool) -> dict[str, Decimal | None]:
        return measurements.target_values(
            visit,
            {"T01": False, "T02": False, "T03": False},
            too_small_mm=mm(5),
            treated_not_evaluable=not_evaluable,
            field="visits[0]",
        )

    assert values(not_evaluable=True) == {"T01": None, "T02": None, "T03": mm(12)}
    assert values(not_evaluable=False) == {"T01": None, "T02": mm(30), "T03": mm(12)}


WRONG = {"id": "T", "ld_mm": "wide"}


@pytest.mark.parametrize(
    ("baseline", "visit", "subject", "field"),
    [
        ({"day": "x"}, {}, {"treatment_start_day": 3}, "baseline.day"),
        ({"target": [WRONG]}, {}, {}, "baseline.target[0].ld_mm"),
        ({}, {"target": [WRONG], "modality": "CT"}, {}, "visits[0].target[0].ld_mm"),
        ({}, {"new_lesions": [{"ld_mm": "wide"}]}, {}, "visits[0].new_lesions[0].ld_mm"),
        ({}, {"new_lesions": [{"organ": 5}]}, {}, "visits[0].new_lesions[0].organ"),
        ({}, {"sum_mm": "wide"}, {}, "visits[0].sum_mm"),
    ],
)
def test_wrong_items_are_named_with_their_path_whatever_is_shared(
    baseline: dict[str, Any], visit: dict[str, Any], subject: dict[str, Any], field: str
) -> None:
    entry = Record({"baseline": baseline, "visits": [visit], **subject})
    assert told(lambda: measurements.history_of(entry))[0] == field


def test_errors_of_facts_are_put_under_their_time_point_once() -> None:
    def refuse(field: str) -> Callable[[], Any]:
        def build() -> Any:
            raise CriteriaError(field, "is wrong")

        return build

    where = Record({}, "visits[0]")
    assert told(lambda: measurements.located(where, refuse("day")))[0] == "visits[0].day"
    assert told(lambda: measurements.located(where, refuse("visits[0].id")))[0] == "visits[0].id"


# --- shared parts ---------------------------------------------------------------------------------


def test_the_last_response_is_not_followed_by_the_first() -> None:
    inputs = {"cr_then_lesser": "correct_to_pr"}
    assert corrected(((1, "PR"), (2, "CR")), inputs) == [(1, "PR"), (2, "CR")]
    assert corrected(((1, "CR"), (2, "CR"), (3, "PR")), inputs) == [(1, "PR"), (2, "PR"), (3, "PR")]


def test_a_visit_may_have_the_day_of_the_baseline() -> None:
    days = timeline([point(0), point(0, id="W0")]).days
    assert days == (0, 0)


@pytest.mark.parametrize("raw", [True, None, [1], Fraction(3), 3 + 0j])
def test_only_numbers_and_numeric_text_are_numbers(raw: object) -> None:
    parameter = Parameter(name="n", kind="decimal", default=Decimal(1), meaning="N.", clause="c")
    assert told(lambda: number(raw, "f")) == ("f", "must be a number")
    assert told(lambda: parameter._number(raw)) == ("settings.n", "must be a number")


def test_nodes_know_their_pelvis_and_their_words() -> None:
    pelvic = {code for code, location in BY_CODE.items() if location.pelvic}
    assert pelvic == {"ILIAC LYMPH NODE", "PELVIC LYMPH NODE"}
    assert {location.pelvic for location in BY_CODE.values()} == {True, False}
    assert BY_CODE["LYMPH NODE"].words == ("LYMPH NODES", "NODE", "NODES")


def test_the_page_tells_open_ranges_notes_and_bars() -> None:
    def ranged(low: int | None, high: int | None) -> str:
        limits = {"minimum": low and Decimal(low), "maximum": high and Decimal(high)}
        parameter = Parameter(
            name="n", kind="decimal", default=1, meaning="N.", clause="c", **limits
        )  # type: ignore[arg-type]
        return reference.permitted(parameter)

    assert ranged(3, 9) == "3 to 9"
    assert ranged(3, None) == "3 to"
    assert ranged(None, 9) == "to 9"
    shown = [reference.shown(value) for value in (True, False, "word", Decimal("2.50"), 3)]
    assert shown == ["true", "false", "word", "2.5", "3"]
    criterion = Criterion(key="A", title="T", version="1", citation="C", notes=("One.", "Two."))
    assert list(reference._criterion(criterion)) == [
        "## T (`A`)",
        "",
        "Version 1. C.",
        "",
        "One.",
        "",
        "Two.",
    ]
    assert reference._table(("a", "b"), [("x|y", "z")]) == [
        "| a | b |",
        "|---|---|",
        "| x\\|y | z |",
    ]


# --- statistics -----------------------------------------------------------------------------------


def test_weighted_agreement_by_hand() -> None:
    # Wo = 1/2 x 1/5; We = (3 + 3 + 1 + 1/2 + 2 + 1) / 25 with weights |i-j|/2
    table = AgreementTable(("A", "B", "C"), ((2, 1, 0), (0, 1, 0), (0, 0, 1)))
    found = weighted_kappa(table)
    assert found.inputs == pytest.approx({"observed_agreement": 0.9, "chance_agreement": 0.58})
    assert found.value == pytest.approx((0.9 - 0.58) / 0.42)


def test_a_kappa_that_does_not_exist_names_its_source() -> None:
    found = cohen_kappa(AgreementTable(("A", "B"), ((5, 0), (0, 0))))
    assert found.value is None
    assert found.citation == cohen_kappa(AgreementTable(("A", "B"), ((5, 1), (1, 5)))).citation


def test_intervals_of_the_judges_of_shrout_and_fleiss() -> None:
    # Shrout and Fleiss 1979, table 4; intervals as R psych::ICC prints them for these data
    judges = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    found = derive_case("continuous", {"ratings": judges})
    assert (found["n"], round(found["icc_2_1"], 2), round(found["icc_3_1"], 2)) == (6, 0.29, 0.71)
    assert [round(end, 3) for end in found["icc_2_1_ci95"]] == [0.019, 0.761]
    assert [round(end, 3) for end in found["icc_3_1_ci95"]] == [0.342, 0.946]
    for end in (*found["icc_2_1_ci95"], *found["icc_3_1_ci95"]):
        assert end == round(end, 6)


@pytest.mark.parametrize(
    "ratings",
    [
        [[9, 2, 5], [6, 1, 3], [8, 4, 6], [7, 1, 2]],
        [[3, 5, 4], [4, 3, 5], [5, 6, 3], [6, 4, 7], [5, 7, 6]],
    ],
)
def test_the_interval_of_absolute_agreement_is_that_of_shrout_and_fleiss(
    ratings: list[list[float]],
) -> None:
    # the degrees of freedom as Shrout and Fleiss 1979 write them, with F = MSC / MSE
    ms, n, k = MeanSquares.of(ratings), len(ratings), len(ratings[0])
    rho = icc_2_1(ratings).value or 0
    ratio = ms.readers / ms.error
    rest = n * (1 + (k - 1) * rho) - k * rho
    above = (k - 1) * (n - 1) * (k * rho * ratio + rest) ** 2
    freedom = above / ((n - 1) * (k * rho * ratio) ** 2 + rest**2)
    lower, upper = f.ppf(0.975, n - 1, freedom), f.ppf(0.975, freedom, n - 1)
    other = k * ms.readers + (k * n - k - n) * ms.error
    found = icc_2_1(ratings).interval
    assert found is not None
    low = n * (ms.subjects - lower * ms.error) / (lower * other + n * ms.subjects)
    assert found.low == pytest.approx(low)
    high = n * (upper * ms.subjects - ms.error) / (other + n * upper * ms.subjects)
    assert found.high == pytest.approx(high)


def test_no_interval_where_nothing_varies_between_subjects() -> None:
    assert icc_2_1([[1, 2], [1, 2]]).interval is None
    assert told(lambda: MeanSquares.of([]))[0] == "ratings"


def test_intervals_of_rates_tell_level_and_method_and_stay_below_1() -> None:
    exact = clopper_pearson(0, 10, level=0.9)
    assert (exact.low, round(exact.high, 6), exact.level) == (0, round(1 - 0.05**0.1, 6), 0.9)
    assert exact.method.startswith("Clopper and Pearson")
    score = wilson(5, 10, level=0.9)
    assert score.method.startswith("Wilson")
    assert score.level == 0.9
    assert all(wilson(n, n).high <= 1 for n in range(1, 200))


def mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def test_the_bootstrap_of_a_mean_is_that_of_theory_and_repeatable() -> None:
    # 0 to 99: standard error sqrt(833.25 / 100) = 2.887, so 49.5 - 5.66 to 49.5 + 5.66
    values = [float(value) for value in range(100)]
    found = bootstrap_interval(values, mean)
    assert found.low == pytest.approx(43.84, abs=0.3)
    assert found.high == pytest.approx(55.16, abs=0.3)
    assert found == bootstrap_interval(values, mean, resamples=2000, seed=20240108)
    assert found.method.startswith("Efron")


@pytest.mark.parametrize("name", ["subject", "id"])
def test_a_subject_of_an_adjudication_is_text(name: str) -> None:
    given = {"cases": [{name: 5, "reader1": "PR", "reader2": "SD"}]}
    problem = (f"input.cases[0].{name}", "must be text")
    assert told(lambda: derive_case("adjudication", given)) == problem


def test_every_parameter_is_of_a_known_kind() -> None:
    kinds = {parameter.kind for found in all_criteria() for parameter in found.parameters}
    assert kinds == {"flag", "choice", "integer", "decimal"}


@pytest.mark.parametrize(
    ("key", "facts_of_visit", "part"),
    [
        ("RANO_HGG_2010", {"steroids": "NONE", "clinical_status": "STABLE"}, "measured_response"),
        ("LUGANO2014", {"nonmeasured": "ABSENT"}, "ct_response"),
    ],
)
def test_an_entered_size_response_that_is_the_derived_one_fires_nothing(
    key: str, facts_of_visit: dict[str, Any], part: str
) -> None:
    criterion = get(key)
    sizes_of = {"RANO_HGG_2010": ("d1_mm", "d2_mm"), "LUGANO2014": ("ldi_mm", "sdi_mm")}[key]
    lesion = {"id": "L1", "state": "MEASURED", **dict.fromkeys(sizes_of, 20)}
    start = {"day": 0, "lesions": [{**lesion, "kind": "NODE"}], "steroids": "NONE"}

    def fired(given: str) -> list[str]:
        visit = {"day": 56, "lesions": [lesion], "entered": {part: given}, **facts_of_visit}
        assert criterion.files.history is not None
        history = criterion.files.history(Record({"baseline": start, "visits": [visit]}))
        return [found.id for found in criterion.edit_checks(history)]

    assert fired("SD") == []
    assert fired("PR") == ["RESPONSE_MISMATCH_TARGET"]


def test_only_mixed_tumours_share_the_places_of_targets_and_answer_components() -> None:
    lesions = [{"id": f"E{n}", "d1_mm": 20, "d2_mm": 20} for n in range(3)]

    def crowded(key: str) -> bool:
        criterion = get(key)
        assert criterion.files.history is not None
        history = criterion.files.history(Record({"baseline": {"lesions": lesions}}))
        return "TARGET_COUNT_MAX" in [found.id for found in criterion.edit_checks(history)]

    assert not crowded("RANO_HGG_2010")
    assert crowded("RANO20_MIXED")
    answering = {c.key for c in all_criteria() if c.files.component and c.key.startswith("RANO20")}
    assert answering == {"RANO20_MIXED", "RANO20_MIXED_VOL"}


def test_rano_refuses_the_facts_of_other_criteria() -> None:
    wrong = told(lambda: get("RANO20_MIXED").assess([point(0)]))
    assert wrong == ("baseline", "must be RanoTimePoint")
