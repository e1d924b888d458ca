"""The trace in words: one test per kind of derivation, sentences written by hand."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from reads.criteria.base import Assessment
from reads.criteria.bestresponse import best_response
from reads.criteria.cheson2007 import LymphomaTimePoint, MassFacts
from reads.criteria.facts import Certainty, LesionState, MeasuredTimePoint
from reads.criteria.irecist_best import best_response as immune_best_response
from reads.criteria.percist import PercistTimePoint
from reads.criteria.registry import get
from reads.criteria.volumetric import VolumeTimePoint
from tests.reads.criteria.streams import assess, mm, new_lesion, point

SECTION = "RECIST 1.1 §4.3.1"


def said(assessment: Assessment, name: str, place: int = -1) -> str:
    """Return the sentence of the last step of a name at a time point."""
    steps = [step for step in assessment.time_points[place].trace if step.name == name]
    return steps[-1].sentence


def target_sentence(*points: MeasuredTimePoint, **settings: object) -> str:
    return said(assess("RECIST11", *points, **settings), "target_response")


START = point(0, {"T01": 60, "T02": 40})


@pytest.mark.parametrize(
    ("points", "sentence"),
    [
        ((point(0), point(56)), "No target lesion at baseline"),
        (
            (START, point(56, {"T01": "ne", "T02": "ne"})),
            "No target lesion can be evaluated: NE",
        ),
        (
            (START, point(56, {"T01": "gone", "T02": "gone"})),
            "All non-nodal targets are gone and all target nodes are below 10 mm (sum 0 mm): CR",
        ),
        (
            (START, point(56, {"T01": 81, "T02": 40})),
            "Sum 121 mm is 21 % above the nadir of 100 mm (BL) and 21 mm larger: PD",
        ),
        (
            (START, point(56, {"T01": 130, "T02": "ne"})),
            (
                "Sum 130 mm is 30 % above the nadir of 100 mm (BL) and 30 mm larger although "
                "T02 has no value: PD"
            ),
        ),
        (
            (START, point(56, {"T01": 50, "T02": "ne"})),
            "Sum is incomplete although T02 has no value: NE",
        ),
        (
            (START, point(56, {"T01": 40, "T02": 22})),
            "Sum 62 mm is 38 % below the baseline of 100 mm: PR",
        ),
        (
            (START, point(56, {"T01": 40, "T02": 22}), point(112, {"T01": 50, "T02": 23})),
            (
                "Sum 73 mm is 27 % below the baseline of 100 mm; the partial response continues "
                "until progression: PR"
            ),
        ),
        (
            (START, point(56, {"T01": 60, "T02": 43})),
            "Sum 103 mm is 3 % above the baseline of 100 mm, short of both limits: SD",
        ),
        (
            (START, point(56, {"T01": "gone", "T02": "gone"}), point(112, {"T01": 3, "T02": 2})),
            "T01, T02 is back after a complete response: PD",
        ),
    ],
)
def test_the_target_response(points: tuple[MeasuredTimePoint, ...], sentence: str) -> None:
    assert target_sentence(*points) == f"{sentence}, {SECTION}"


def test_progression_from_a_nadir_of_zero() -> None:
    points = [point(0, {"T01": 60}), point(56, {"T01": "gone"}), point(112, {"T01": 9})]
    assert target_sentence(*points, reappearance_after_cr="limits") == (
        f"Sum 9 mm is 9 mm larger than the nadir of 0 mm (D56): PD, {SECTION}"
    )


def test_sums_nadir_and_changes() -> None:
    found = assess("RECIST11", START, point(56, {"T01": 40, "T02": 35}), point(112, {"T01": 90}))
    assert said(found, "sum_mm", 1) == (
        "Sum of diameters 75 mm = T01 40 mm + T02 35 mm, RECIST 1.1 §4.2"
    )
    assert said(found, "sum_mm", 2) == (
        "Sum of diameters is incomplete: T01 90 mm + T02 not evaluable, RECIST 1.1 §4.2"
    )
    assert said(found, "partial_sum_mm") == (
        "Sum of the targets with a value is 90 mm, RECIST 1.1 §4.4.1"
    )
    assert said(found, "nadir_before_mm", 2) == (
        f"Nadir before this time point is 75 mm (D56), {SECTION}"
    )
    assert said(found, "pct_change_baseline", 1) == (
        f"Sum 75 mm is 25 % below the baseline of 100 mm, {SECTION}"
    )
    assert said(found, "pct_change_nadir", 2) == f"No percentage against the nadir, {SECTION}"
    assert said(found, "abs_change_nadir_mm", 1) == (
        f"Sum changed by -25 mm against the nadir, {SECTION}"
    )
    assert said(found, "abs_change_nadir_mm", 2) == (
        f"No absolute change against the nadir, {SECTION}"
    )
    nothing = assess("RECIST11", point(0, {"T01": "ne"}), point(56, {"T01": 3}))
    assert said(nothing, "nadir_before_mm") == f"No complete sum before this time point, {SECTION}"
    empty = assess("RECIST11", point(0), point(56))
    assert said(empty, "sum_mm") == "Sum of diameters is incomplete: no lesion, RECIST 1.1 §4.2"
    grown = assess("RECIST11", START, point(56, {"T01": 71, "T02": 40}))
    assert said(grown, "pct_change_nadir") == (
        f"Sum 111 mm is 11 % above the nadir of 100 mm, {SECTION}"
    )


def test_non_target_new_lesion_and_overall() -> None:
    first = point(0, {"T01": 60}, {"A": "present", "B": "present"})
    found = assess(
        "RECIST11",
        first,
        point(56, {"T01": 60}, {"A": "worse"}, (new_lesion("NL1"),), tumour_marker_normal=False),
    )
    assert said(found, "non_target_response") == (
        "Non-target disease (A unequivocal progression, B without a state) with the tumour marker "
        "above normal: PD, RECIST 1.1 §4.3.3"
    )
    assert said(found, "new_lesion") == "New lesion: NL1 unequivocal, RECIST 1.1 §4.3.5"
    assert said(found, "overall_response") == (
        "Target SD, non-target PD, new lesion unequivocal: overall PD, RECIST 1.1 tables 1 and 2"
    )
    assert found.trace[0].sentence == "Progression dates from day 56, RECIST 1.1 §4.3.5"
    alone = assess("RECIST11", point(0, {"T01": 60}), point(56, {"T01": 60}))
    assert said(alone, "non_target_response") == (
        "No non-target lesion at baseline, RECIST 1.1 §4.3.3"
    )
    assert said(alone, "new_lesion") == "No new lesion, RECIST 1.1 §4.3.5"
    assert alone.trace[0].sentence == "No progression, RECIST 1.1 §4.3.5"
    marker = assess(
        "RECIST11", point(0, {"T01": 6}), point(9, {"T01": 6}, tumour_marker_normal=False)
    )
    assert said(marker, "non_target_response") == (
        "Non-target disease (none) with the tumour marker above normal: NON-CR/NON-PD, "
        "RECIST 1.1 §4.3.3"
    )
    back = assess(
        "RECIST11",
        point(0, {}, {"A": "present"}),
        point(56, {}, {"A": "gone"}),
        point(112, {}, {"A": "present"}),
    )
    assert said(back, "non_target_response") == (
        "Non-target disease (A present) after a complete response: PD, RECIST 1.1 §4.3.3"
    )


def test_targets_left_out() -> None:
    found = assess("RECIST11", START, point(56, {"T01": 60, "T02": 40, "T08": 9, "T09": 9}))
    assert said(found, "targets_left_out") == (
        "T08, T09 was not a target at baseline and is left out of the sum, RECIST 1.1 §3.1"
    )


def test_best_response_and_its_dates() -> None:
    options = get("RECIST11").options()
    found = best_response(
        [(56, "PR"), (112, "PR"), (168, "PD")], options, confirmation_required=True
    )
    assert [step.sentence for step in found.trace] == [
        (
            "Best overall response PR, confirmed at least 28 days later, stable disease from day "
            "42: PR day 56, PR day 112, PD day 168, RECIST 1.1 §4.4-4.6, table 3"
        ),
        "First confirmed response on day 56, RECIST 1.1 §4.6",
        "First progression on day 168, RECIST 1.1 §4.6",
        "Response lasted 113 days, RECIST 1.1 §4.6",
    ]
    found = best_response([(56, "PR")], options, confirmation_required=False)
    assert [step.sentence for step in found.trace] == [
        (
            "Best overall response PR, without confirmation, stable disease from day 42: PR day "
            "56, RECIST 1.1 §4.4-4.6, table 3"
        ),
        "First response on day 56, RECIST 1.1 §4.6",
        "No progression, RECIST 1.1 §4.6",
        "Duration of response is open, RECIST 1.1 §4.6",
    ]
    found = best_response([], options, confirmation_required=True)
    assert [step.sentence for step in found.trace][:2] == [
        "No follow-up assessment: best overall response NE, RECIST 1.1 §4.4-4.6, table 3",
        "No confirmed response, RECIST 1.1 §4.6",
    ]


TABLE_2 = "iRECIST table 2"
IMMUNE_START = point(0, {"T01": 80}, {"NT": "present"})


@pytest.mark.parametrize(
    ("later", "sentence"),
    [
        (
            [point(56, {"T01": 80}, {"NT": "present"})],
            "No sign of progression: iSD",
        ),
        (
            [point(56, {"T01": 98}, {"NT": "worse"}, (new_lesion("NL1"),))],
            "Progression by target, non-target, new lesion: iUPD",
        ),
        (
            [
                point(56, {"T01": 98}, {"NT": "present"}),
                point(91, {"T01": 99}, {"NT": "present"}),
            ],
            "Progression by target of day 56 is not confirmed: iUPD",
        ),
        (
            [point(56, {"T01": 98}, {"NT": "present"}), point(91, {"T01": 90}, {"NT": "present"})],
            "The signs of progression have gone: iSD",
        ),
        (
            [point(56, {"T01": 98}, {"NT": "present"}), point(91, assessed=False)],
            "Cannot be evaluated; iUPD of day 56 stays open: NE",
        ),
        (
            [point(56, {"T01": 98}, {"NT": "present"}), point(91, {"T01": 98}, {"NT": "worse"})],
            "iUPD of day 56 is confirmed: non-target disease progresses as well: iCPD",
        ),
        (
            [point(56, {"T01": 80}, {"NT": "worse"}), point(91, {"T01": 98}, {"NT": "+"})],
            (
                "iUPD of day 56 is confirmed: targets progress as well; non-target disease has "
                "increased further: iCPD"
            ),
        ),
        (
            [
                point(56, {"T01": 80}, {"NT": "present"}, (new_lesion("NL1", "15"),)),
                point(91, {"T01": 80}, {"NT": "present"}, (new_lesion("NL1", "21"),)),
            ],
            "iUPD of day 56 is confirmed: sum of new targets is 6 mm larger than at iUPD: iCPD",
        ),
        (
            [
                point(56, {"T01": 80}, {"NT": "present"}, (new_lesion("NL1"),)),
                point(91, {"T01": 80}, {"NT": "present"}, (new_lesion("NL1", "INCREASED"),)),
            ],
            "iUPD of day 56 is confirmed: new non-target NL1 has increased: iCPD",
        ),
        (
            [
                point(56, {"T01": 98}, {"NT": "present"}),
                point(91, {"T01": 98}, {"NT": "present"}, (new_lesion("A"), new_lesion("B"))),
            ],
            "iUPD of day 56 is confirmed: new lesion A, B: iCPD",
        ),
        (
            [
                point(56, {"T01": 80}, {"NT": "present"}, (new_lesion("NL1"),)),
                point(91, {"T01": 40}, {"NT": "present"}, (new_lesion("NL1", "STABLE"),)),
            ],
            "The new lesion is stable and the disease is better than SD: iPR",
        ),
        (
            [
                point(56, {"T01": 98}, {"NT": "present"}),
                point(91, {"T01": 105}, {"NT": "present"}),
                point(126, {"T01": 105}, {"NT": "present"}),
            ],
            "Progression was confirmed before and has not gone: iCPD",
        ),
    ],
)
def test_the_immune_response(later: list[MeasuredTimePoint], sentence: str) -> None:
    found = assess("iRECIST", IMMUNE_START, *later)
    assert said(found, "overall_response") == f"{sentence}, {TABLE_2}"


def test_immune_settings_of_the_open_questions_are_told() -> None:
    points = [
        point(0, {"T01": 80}),
        point(56, {"T01": 80}, new=(new_lesion("NL1"),)),
        point(91, {"T01": 80}, new=(new_lesion("NL1", "STABLE"),)),
    ]
    found = assess("iRECIST", *points, stable_new_lesion="response")
    assert said(found, "overall_response") == f"The new lesion is stable: iSD, {TABLE_2}"
    late = [point(0, {"T01": 80}), point(56, {"T01": 98}), point(156, {"T01": 120})]
    found = assess("iRECIST", *late, late_confirmation="unconfirmed")
    assert said(found, "overall_response") == (
        f"The last assessment of iUPD is too long ago; iUPD starts again: iUPD, {TABLE_2}"
    )


def test_immune_parts_and_best_response() -> None:
    found = assess(
        "iRECIST", IMMUNE_START, point(56, {"T01": 98}, {"NT": "worse"}, (new_lesion("A", "12"),))
    )
    assert said(found, "target_response") == f"Targets are PD by RECIST 1.1: iUPD, {TABLE_2}"
    assert said(found, "non_target_response") == (
        f"Non-target disease is PD by RECIST 1.1: iUPD, {TABLE_2}"
    )
    assert said(found, "new_lesion") == "New lesions present: A, iRECIST table 1"
    assert said(found, "new_target_sum_mm") == (
        "Sum of new targets (never added to the baseline sum) 12 mm = A 12 mm, iRECIST table 1"
    )
    assert found.trace[0].sentence == "No confirmed progression, iRECIST §Progression date"
    best = immune_best_response(
        [(56, "iPR"), (112, "iCPD")],
        get("iRECIST").options(),
        confirmation_required=False,
        progression_day=112,
    )
    assert [step.sentence for step in best.trace] == [
        (
            "Best overall response iPR, without confirmation: iPR day 56, iCPD day 112, "
            "iRECIST table 3"
        ),
        "First response on day 56, iRECIST §Response",
        "Response lasted 57 days, iRECIST §Response",
    ]
    none = immune_best_response(
        [], get("iRECIST").options(), confirmation_required=True, progression_day=None
    )
    assert [step.sentence for step in none.trace] == [
        "Best overall response NE, with confirmation: no assessment, iRECIST table 3",
        "No response, iRECIST §Response",
        "Duration of response is open, iRECIST §Response",
    ]
    quiet = assess("iRECIST", point(0, {"T01": 8}), point(56, {"T01": 8}))
    assert said(quiet, "new_lesion") == "No new lesion present, iRECIST table 1"


def volume(day: int, *volumes: str, **more: bool) -> VolumeTimePoint:
    return VolumeTimePoint(
        id=f"D{day}", day=day, baseline=day == 0, volumes_ml=tuple(mm(v) for v in volumes), **more
    )


@pytest.mark.parametrize(
    ("volumes", "sentence"),
    [
        ("0", "No volume is left: CR"),
        ("14.1", "Volume 14.1 ml is 41 % above the nadir of 10 ml: PD"),
        ("3.4", "Volume 3.4 ml is 66 % below the baseline of 10 ml: PR"),
        ("10.2", "Volume 10.2 ml is 2 % above the baseline of 10 ml: SD"),
        ("9.8", "Volume 9.8 ml is 2 % below the baseline of 10 ml: SD"),
    ],
)
def test_the_volumetric_response(volumes: str, sentence: str) -> None:
    found = get("VOLUMETRIC").assess([volume(0, "10"), volume(56, volumes)])
    assert said(found, "measured_response").startswith(f"{sentence}, volume limits")


def test_the_volumetric_overall_response() -> None:
    found = get("VOLUMETRIC").assess(
        [volume(0, "10"), volume(56, "10"), volume(112, "10", new_lesion=True), volume(168)]
    )
    assert said(found, "overall_response", 1).startswith("Volume SD, no new lesion: overall SD,")
    assert said(found, "overall_response", 2).startswith("Volume SD, new lesion: overall PD,")
    assert said(found, "measured_response", 3).startswith("A volume is missing: NE,")


def test_the_metabolic_response() -> None:
    before = PercistTimePoint(id="BL", day=0, baseline=True, sul_peak=Decimal(10))
    after = PercistTimePoint(id="TP1", day=56, sul_peak=Decimal("6.9"))
    for changed, sentence in (
        (after, "SULpeak 6.9 is 31 % below the baseline of 10, a change of 3.1: PMR"),
        (
            replace(after, sul_peak=Decimal("13.2")),
            "SULpeak 13.2 is 32 % above the baseline of 10, a change of 3.2: PMD",
        ),
        (replace(after, new_lesion=True), "New avid lesion: PMD"),
        (replace(after, resolved=True), "No lesion is above background and liver: CMR"),
        (replace(after, sul_peak=None), "Uptake cannot be compared with the baseline: NE"),
    ):
        found = get("PERCIST").assess([before, changed])
        assert said(found, "overall_response") == f"{sentence}, PERCIST 1.0, Wahl 2009 table"
    found = get("PERCIST").assess([before, after])
    assert said(found, "pct_change_baseline") == (
        "SULpeak changed by -31 % against the baseline, PERCIST 1.0, Wahl 2009 table"
    )


def lymphoma(day: int, longest: str, other: str, **more: object) -> LymphomaTimePoint:
    lesion = MassFacts(id="N1", state=LesionState.MEASURED, ldi_mm=mm(longest), sdi_mm=mm(other))
    return LymphomaTimePoint(
        id=f"D{day}",
        day=day,
        baseline=day == 0,
        lesions=(lesion,),
        **more,  # type: ignore[arg-type]
    )


def test_the_lymphoma_response() -> None:
    before, avid = lymphoma(0, "20", "20"), lymphoma(0, "20", "20", avid=True)
    unread = replace(lymphoma(56, "1", "1"), lesions=())
    for first, later, sentence in (
        (before, lymphoma(56, "31", "20"), "SPD 620 mm² is 55 % above the nadir of 400 mm²: PD"),
        (
            before,
            lymphoma(56, "18", "11"),
            "SPD 198 mm² is 50.5 % below the baseline of 400 mm²: PR",
        ),
        (before, lymphoma(56, "20", "21"), "SPD 420 mm² is 5 % above the baseline of 400 mm²: SD"),
        (
            before,
            lymphoma(56, "10", "10", growth_elsewhere=True),
            "SPD 100 mm² is 75 % below the baseline of 400 mm² with growth elsewhere: SD",
        ),
        (before, lymphoma(56, "10", "10", new_lesions_mm=(mm(16),)), "New lesion above 15 mm: PD"),
        (before, lymphoma(56, "0", "0"), "No disease is left: CR"),
        (avid, lymphoma(56, "20", "20", pet_positive=False), "Avid disease is PET negative: CR"),
        (before, unread, "A measured lesion has no value: NE"),
    ):
        found = get("CHESON2007").assess([first, later])
        assert said(found, "overall_response") == f"{sentence}, Cheson 2007 table 2"


def test_an_equivocal_lesion_is_named_as_such() -> None:
    doubtful = new_lesion("NL1", certainty=Certainty.EQUIVOCAL)
    found = assess("RECIST11", point(0, {"T01": 60}), point(56, {"T01": 60}, new=(doubtful,)))
    assert said(found, "new_lesion") == "New lesion: NL1 equivocal, RECIST 1.1 §4.3.5"
