"""Edit checks at their limits: order of visits, missing days, sizes of 0 and 500 mm, first lesions.

The functions are called with facts made by hand, so that one item at a time differs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest

from reads.criteria import process_checks, recist_baseline_checks, recist_course_checks
from reads.criteria import recist_lesion_checks as lesion_checks
from reads.criteria.base import Assessment, EditCheck, Finding, Level, Options, TimePointResult
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import (
    EnteredResponses,
    LesionFacts,
    LesionState,
    MeasuredTimePoint,
    NewLesionFacts,
    NonTargetFacts,
    TargetFacts,
    TimePointFacts,
)
from reads.criteria.irecist_checks import out_of_window, too_many_new_targets
from reads.criteria.process_checks import ReadFacts
from reads.criteria.rano_checks import _circumstances, _selection
from reads.criteria.rano_facts import RanoLesion, RanoTimePoint, Steroids
from reads.criteria.recist_catalogue import finding_of
from reads.criteria.recist_reading import Reading, day_of, derived_or_none
from reads.criteria.registry import get
from reads.criteria.stream_checks import date_findings, lesion_findings, response_findings
from tests.reads.criteria.streams import mm, new_lesion, point, target

NO_OPTIONS = Options({})


def told(findings: Iterable[Finding]) -> list[tuple[str, str]]:
    return [(finding.id, finding.field) for finding in findings]


def at(day: int | None, **more: Any) -> TimePointFacts:
    more.setdefault("id", "TP")
    return TimePointFacts(day=day, **more)


def result(day: int, **values: str) -> TimePointResult:
    return TimePointResult(id=f"D{day}", day=day, baseline=False, values=values, trace=())


def assessed(*results: TimePointResult) -> Assessment:
    return Assessment(criterion="OWN", version="1", time_points=results)


# --- dates and visit numbers of RANO, Lugano and PCWG3 ------------------------------------------

MARCH = [date(2024, 3, day) for day in range(1, 31)]


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([at(5), at(4)], [("VISIT_BEFORE_BASELINE", "visits[0].date")]),
        ([at(5), at(5)], [("DUPLICATE_DATE", "visits[0].date")]),
        ([at(0), at(0)], [("DUPLICATE_DATE", "visits[0].date")]),
        ([at(None), at(0)], [("DUPLICATE_DATE", "visits[0].date")]),
        ([at(None), at(-1)], [("VISIT_BEFORE_BASELINE", "visits[0].date")]),
        ([at(None), at(1)], []),
        ([at(-3), at(-2)], []),
        # a visit without day and date is passed over, the next one is not
        ([at(5), at(None), at(4)], [("VISIT_BEFORE_BASELINE", "visits[1].date")]),
        ([at(5), at(None), at(None)], []),
        # dates count from the date of the baseline, which has the day of the baseline
        (
            [at(-3, date=MARCH[3]), at(None, date=MARCH[2]), at(-4)],
            [
                ("VISIT_BEFORE_BASELINE", "visits[0].date"),
                ("VISIT_BEFORE_BASELINE", "visits[1].date"),
                ("DUPLICATE_DATE", "visits[1].date"),
            ],
        ),
        (
            [at(None, date=MARCH[3]), at(None, date=MARCH[5]), at(2), at(3)],
            [("DUPLICATE_DATE", "visits[1].date")],
        ),
        ([at(7), at(None, date=MARCH[1]), at(8)], []),
        ([at(None, date=MARCH[1]), at(None), at(8)], []),
        # the later visit has the smaller number
        (
            [at(0), at(28, number=mm(2)), at(56, number=mm(1))],
            [("VISIT_ORDER", "visits[1].number")],
        ),
        (
            [at(0), at(56, number=mm(1)), at(28, number=mm(2))],
            [("VISIT_ORDER", "visits[0].number")],
        ),
        ([at(0), at(28, number=mm(1)), at(56, number=mm(1))], []),
        ([at(0), at(28, number=mm(2)), at(None, number=mm(1)), at(56)], []),
    ],
)
def test_dates_and_numbers_of_a_stream(
    history: list[TimePointFacts], expected: list[tuple[str, str]]
) -> None:
    assert told(date_findings(history)) == expected


def test_a_finding_of_a_stream_holds_all_that_the_form_shows() -> None:
    (found,) = date_findings([at(5), at(4)])
    assert found == Finding(
        id="VISIT_BEFORE_BASELINE",
        level=Level.ERROR,
        message="This time point is dated before the baseline. Correct one of the dates.",
        clause="Edit check of the eCRF",
        field="visits[0].date",
    )


# --- lesions of RANO, Lugano and PCWG3 ----------------------------------------------------------


def lesions(*history: tuple[TimePointFacts, Sequence[Any]]) -> list[tuple[str, str]]:
    listed = {id(facts): seen for facts, seen in history}
    found = lesion_findings(
        [facts for facts, _ in history],
        lambda facts: listed[id(facts)],
        lambda lesion: {"first": getattr(lesion, "ld_mm", None), "second": mm(lesion.location)},
    )
    return told(found)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ("-0.1", ["NEGATIVE_OR_UNIT"]),
        ("0", ["ZERO_VS_ABSENT"]),
        ("0.1", []),
        ("500", []),
        ("500.1", ["NEGATIVE_OR_UNIT"]),
    ],
)
def test_sizes_are_between_0_and_500_mm_even_when_an_earlier_one_is_missing(
    size: str, expected: list[str]
) -> None:
    lesion = TargetFacts(id="A", location=size)
    where = "baseline.lesions[0].second"
    assert lesions((at(0), [lesion])) == [(label, where) for label in expected]


def test_lesions_without_a_state_are_checked_too() -> None:
    found = lesions((at(0), [LesionFacts(id="A", location="0")]))
    assert found == [("ZERO_VS_ABSENT", "baseline.lesions[0].second")]


def test_a_visit_without_any_lesion_or_without_imaging_misses_none() -> None:
    one, two = (LesionFacts(id=key, location="9") for key in ("A", "B"))
    missing = [("TARGET_MISSING_AT_VISIT", "visits[0].lesions")]
    assert lesions((at(0), [one, two]), (at(1), [one])) == missing
    assert lesions((at(0), [one, two]), (at(1), [])) == []
    assert lesions((at(0), [one, two]), (at(1, assessed=False), [one])) == []


# --- entered responses of RANO, Lugano and PCWG3 --------------------------------------------------


def entered(target: str | None = None, overall: str | None = None) -> EnteredResponses:
    return EnteredResponses(target_response=target, overall_response=overall)


def responses(
    history: list[TimePointFacts], *derived: TimePointResult, part: str = "part"
) -> list[tuple[str, str]]:
    found = assessed(*derived)
    return told(response_findings(history, NO_OPTIONS, lambda *_: found, part=part))


def test_visits_after_progression_are_told_in_the_order_of_their_days() -> None:
    history = [at(0), at(84), at(28), at(56), at(56)]
    derived = [
        result(0),
        result(84, overall_response="SD"),
        result(28, overall_response="SD"),
        result(56, overall_response="PD"),
        result(56, overall_response="PD"),
    ]
    assert responses(history, *derived) == [("READ_AFTER_PD", "visits[0]")]


def test_entered_responses_are_compared_at_visits_only_and_where_entered() -> None:
    history = [
        at(0, entered=entered("XX")),
        at(28),
        at(56, entered=entered()),
        at(84, entered=entered("PR", "PR")),
        at(112, entered=entered("SD", "PR")),
        at(140, entered=entered("PR", "SD")),
    ]
    derived = [result(p.day or 0, part="PR", overall_response="PR") for p in history]
    assert responses(history, *derived) == [
        ("RESPONSE_MISMATCH_TARGET", "visits[3].entered"),
        ("RESPONSE_MISMATCH_OVERALL", "visits[4].entered"),
    ]


# --- a RECIST history as the checks see it --------------------------------------------------------


def scan(day: int | None, *, baseline: bool = False, on: date | None = None) -> MeasuredTimePoint:
    return MeasuredTimePoint(id="TP", day=day, date=on, baseline=baseline)


def first(day: int | None, on: date | None = None) -> MeasuredTimePoint:
    return scan(day, baseline=True, on=on)


@pytest.mark.parametrize(
    ("points", "days"),
    [
        ([first(None), scan(None), scan(None)], [None, 1, 2]),
        ([first(5), scan(None), scan(None)], [5, 6, 7]),
        ([first(0), scan(30), scan(None), scan(None), scan(60)], [0, 30, 31, 32, 60]),
        ([first(0, MARCH[0]), scan(None, on=MARCH[9]), scan(None)], [0, None, 1]),
        ([first(0), scan(None, on=MARCH[9]), scan(None)], [0, 1, 2]),
        ([first(3, MARCH[0]), scan(None), scan(None, on=MARCH[9])], [3, 4, None]),
    ],
)
def test_visits_without_day_and_date_follow_the_last_known_day(
    points: list[MeasuredTimePoint], days: list[int | None]
) -> None:
    seen: list[list[int | None]] = []

    def note(history: Sequence[TimePointFacts], _options: Options) -> Assessment:
        seen.append([found.day for found in history])
        return assessed()

    assert derived_or_none(points, NO_OPTIONS, note) == assessed()
    assert seen == [days]


def test_nothing_is_derived_from_facts_that_cannot_be_assessed() -> None:
    def refuse(_history: Sequence[TimePointFacts], _options: Options) -> Assessment:
        raise CriteriaError("a", "b")

    assert derived_or_none([first(0)], NO_OPTIONS, refuse) is None


@pytest.mark.parametrize(
    ("baseline", "visit", "day"),
    [
        (first(0), scan(9), 9),
        (first(None, MARCH[0]), scan(None, on=MARCH[9]), 9),
        (first(-2, MARCH[0]), scan(None, on=MARCH[9]), 7),
        (first(0), scan(None, on=MARCH[9]), None),
        (first(0, MARCH[0]), scan(None), None),
    ],
)
def test_the_day_of_a_visit(
    baseline: MeasuredTimePoint, visit: MeasuredTimePoint, day: int | None
) -> None:
    assert day_of(baseline, visit) == day


def test_a_baseline_without_day_has_day_0() -> None:
    baseline = first(None)
    assert day_of(baseline, baseline) == 0


def reading(*points: MeasuredTimePoint, derived: Assessment | None = None) -> Reading:
    return Reading(points, get("RECIST11").options(), derived)


def test_visits_of_one_number_keep_the_order_of_the_file() -> None:
    one = {"number": mm(1)}
    assert told(recist_course_checks.dates(reading(point(0), point(84, **one), point(42, **one))))
    assert not told(
        recist_course_checks.dates(reading(point(0), point(42, **one), point(84, **one)))
    )
    same = reading(point(0), point(42, number=mm(1)), point(42, number=mm(2)))
    assert told(recist_course_checks.dates(same)) == [("DUPLICATE_DATE", "visits[1].date")]


def test_the_course_is_followed_by_day_and_without_the_baseline() -> None:
    complete, stable = ({"entered": entered(overall=word)} for word in ("CR", "SD"))
    fired = [("CR_THEN_NOT_PD", "visits[1].overall_response")]
    assert (
        told(recist_course_checks.course(reading(point(0, **complete), point(42, **stable)))) == []
    )
    follow = reading(point(0), point(42, **complete), point(84, **stable))
    assert told(recist_course_checks.course(follow)) == fired
    start = MeasuredTimePoint(id="BL", day=-14, baseline=True)
    days_0_and_1 = [
        MeasuredTimePoint(id=f"D{day}", day=day, **more)
        for day, more in ((1, complete), (0, stable))
    ]
    assert told(recist_course_checks.course(reading(start, *days_0_and_1))) == []
    unknown = reading(point(0), point(42, **complete), point(84))
    assert told(recist_course_checks.course(unknown)) == []


def test_an_overall_response_that_stands_nowhere_is_none() -> None:
    assert recist_course_checks.response_at(reading(point(0), point(42)), 1) is None


@pytest.mark.parametrize(
    ("targets", "alone"), [("PD", False), ("iUPD", False), ("iCPD", False), ("SD", True)]
)
def test_non_targets_alone(targets: str, alone: bool) -> None:
    derived = assessed(result(0), result(42, non_target_response="iCPD", target_response=targets))
    found = told(recist_course_checks.course(reading(point(0), point(42), derived=derived)))
    assert found == ([("NT_PD_ALONE", "visits[0].non_target")] if alone else [])


def test_entered_responses_of_recist_are_compared_at_every_visit() -> None:
    derived = assessed(*(result(day, target_response="SD") for day in (0, 42, 84)))
    wrong = {"entered": entered("PR")}
    found = reading(point(0, **wrong), point(42), point(84, **wrong), derived=derived)
    assert told(recist_course_checks.entered_responses(found)) == [
        ("RESPONSE_MISMATCH_TARGET", "visits[1].entered.target_response")
    ]


# --- lesions of RECIST ----------------------------------------------------------------------------


def test_a_size_of_0_is_not_called_small() -> None:
    found = reading(point(0, {"T01": 20}), point(42, {"T01": 0}))
    assert told(lesion_checks.measurements(found)) == [
        ("ZERO_VS_ABSENT", "visits[0].target[0].ld_mm")
    ]


def test_completeness_goes_on_after_a_visit_without_imaging() -> None:
    found = reading(point(0, {"T01": 20}), point(42, assessed=False), point(84))
    assert told(lesion_checks.completeness(found)) == [
        ("TARGET_MISSING_AT_VISIT", "visits[1].target")
    ]


def test_a_size_alone_is_a_state() -> None:
    assert lesion_checks.has_state(TargetFacts(id="A", ld_mm=mm(9)))
    assert lesion_checks.has_state(TargetFacts(id="A", sa_mm=mm(9)))
    assert lesion_checks.has_state(TargetFacts(id="A", state=LesionState.ABSENT))
    assert not lesion_checks.has_state(TargetFacts(id="A"))


def test_the_place_of_a_lesion_is_compared_without_case_and_spaces() -> None:
    node = TargetFacts(id="A", organ="Neck", nodal=True, location=" level ii ", side="left ")
    assert lesion_checks.place_of(node) == ("LYMPH NODE", "LEVEL II", "LEFT")
    liver = NewLesionFacts(id="B", organ="liver", location="s4")
    assert lesion_checks.place_of(liver) == ("LIVER", "S4", "")


def with_targets(day: int, *found: TargetFacts) -> MeasuredTimePoint:
    return MeasuredTimePoint(id=f"D{day}", day=day, baseline=day == 0, target=found)


def test_technique_is_compared_with_the_last_one_known() -> None:
    used = ["CT", "MR", "mr", "", "CT"]
    points = [with_targets(42 * n, target("T01", 20, modality=m)) for n, m in enumerate(used)]
    assert told(lesion_checks.technique(reading(*points))) == [
        ("MODALITY_CHANGED", "visits[0].target[0].modality"),
        ("MODALITY_CHANGED", "visits[3].target[0].modality"),
    ]
    added = reading(with_targets(0), with_targets(42, target("T01", 20, modality="CT")))
    assert told(lesion_checks.technique(added)) == []


def test_large_changes_are_sought_in_every_lesion_on_its_own_axis() -> None:
    node = {"nodal": True, "organ": "LYMPH NODE", "ld_mm": mm(40)}
    before = with_targets(0, target("T01", 20), TargetFacts(id="X", sa_mm=mm(16), **node))
    after = with_targets(42, target("T01", "ne"), TargetFacts(id="X", sa_mm=mm(25), **node))
    assert told(lesion_checks.identity(reading(before, after))) == [
        ("LARGE_CHANGE", "visits[0].target[1]")
    ]
    as_said_at_baseline = TargetFacts(id="X", sa_mm=mm(25), ld_mm=mm(41))
    assert told(lesion_checks.identity(reading(before, with_targets(42, as_said_at_baseline)))) == [
        ("LARGE_CHANGE", "visits[0].target[0]")
    ]


def test_nodes_count_as_one_organ_whatever_their_organ_text() -> None:
    nodes = [target(f"N{n}", 20, organ=organ) for n, organ in enumerate(("NECK", "LIVER", "LUNG"))]
    assert recist_baseline_checks.target_organs(reading(with_targets(0, *nodes))) == {
        "LYMPH NODE": 3
    }


def could_be_target(targets: list[TargetFacts], lesion: NonTargetFacts) -> bool:
    baseline = MeasuredTimePoint(
        id="BL", day=0, baseline=True, target=tuple(targets), non_target=(lesion,)
    )
    found = told(recist_baseline_checks.baseline_non_targets(reading(baseline)))
    return ("NODE_NONTARGET_COULD_BE_TARGET", "baseline.non_target[0]") in found


def test_a_non_target_could_be_a_target_while_places_are_free() -> None:
    organs = ("LIVER", "LUNG", "ADRENAL", "KIDNEY", "SPLEEN")
    targets = [target(f"T{n}", 20, organ=organ) for n, organ in enumerate(organs)]
    large = NonTargetFacts(id="NT", organ="PANCREAS", ld_mm=mm(20))
    assert could_be_target(targets[:4], large)
    assert not could_be_target(targets, large)
    node = NonTargetFacts(id="NT", organ="NECK", nodal=True, sa_mm=mm(20))
    nodes = [target(f"N{n}", 20, organ="AXILLA") for n in range(2)]
    assert could_be_target(nodes[:1], node)
    assert not could_be_target(nodes, node)


def test_a_finding_with_and_without_detail() -> None:
    check = EditCheck(id="A", level=Level.INFO, when="w", message="M.", clause="c")
    found = finding_of(check, "f")
    assert found == Finding(id="A", level=Level.INFO, message="M.", clause="c", field="f")
    assert finding_of(check, "f", "T01").message == "T01: M."


# --- iRECIST --------------------------------------------------------------------------------------


def window(*overall: tuple[int, str]) -> list[tuple[str, str]]:
    derived = assessed(*(result(day, overall_response=word) for day, word in overall))
    return told(out_of_window(derived, get("iRECIST").options()))


def test_the_window_after_iupd_starts_at_visits_and_goes_on_after_other_responses() -> None:
    outside = ("IUPD_CONFIRMATION_WINDOW", "visits[2]")
    found = window((0, "iUPD"), (10, "iSD"), (20, "iUPD"), (30, "iSD"))
    assert [field for _, field in found] == [outside[1]]
    assert window((0, ""), (42, "iUPD"), (70, "iSD"), (71, "iSD")) == []
    assert window((0, ""), (42, "iUPD"), (98, "iSD")) == []
    assert len(window((0, ""), (42, "iUPD"), (69, "iSD"))) == 1
    assert len(window((0, ""), (42, "iUPD"), (99, "iSD"))) == 1


def test_new_lesions_without_organ_are_no_crowd() -> None:
    crowd = [replace(new_lesion(f"L{n}", "12"), organ="") for n in range(3)]
    options = get("iRECIST").options()
    assert told(too_many_new_targets([point(0), point(42, new=tuple(crowd))], options)) == []


# --- RANO -----------------------------------------------------------------------------------------


def test_slices_of_5_mm_are_thin_and_a_size_of_0_is_not_under_two_slices() -> None:
    options = get("RANO_HGG_2010").options()

    def fired(size: str, slices: str | None) -> list[str]:
        thickness = None if slices is None else mm(slices)
        one = RanoLesion(id="E", d1_mm=mm(size), d2_mm=mm(size), slice_thickness_mm=thickness)
        baseline = RanoTimePoint(id="BL", day=0, baseline=True, lesions=(one,))
        return [found.id for found in _selection(baseline, options, by_component=False)]

    small, thick = "TARGET_NOT_MEASURABLE", "TARGET_SLICE_THICKNESS"
    assert fired("9.9", "5") == [small]
    assert fired("9.9", "5.1") == [small, thick]
    assert fired("0.5", None) == [small]
    assert fired("10.2", "5.1") == []


def test_circumstances_are_asked_for_after_a_visit_without_imaging_too() -> None:
    calm = RanoTimePoint(id="BL", day=0, steroids=Steroids.NONE)
    missed, bare = RanoTimePoint(id="A", day=28, assessed=False), RanoTimePoint(id="B", day=56)
    assert told(_circumstances([calm, missed, bare])) == [
        ("RANO_STEROID_MISSING", "visits[1].steroids"),
        ("RANO_CLINICAL_MISSING", "visits[1].clinical_status"),
    ]


# --- the reading process --------------------------------------------------------------------------


def moment(day: int) -> datetime:
    return datetime(2026, 3, day, 12, tzinfo=UTC)


def read(name: str, day: int, opened: int | None, signed: int | None, **more: Any) -> ReadFacts:
    return ReadFacts(
        time_point=name,
        day=day,
        role=more.pop("role", "reader 1"),
        reader=more.pop("reader", "R07"),
        opened_at=None if opened is None else moment(opened),
        signed_at=None if signed is None else moment(signed),
        **more,
    )


def messages(*reads: ReadFacts) -> list[tuple[str, str]]:
    return [
        (found.field, found.message.removesuffix(process_checks.BY_ID[found.id].message))
        for found in process_checks.run(reads)
    ]


def test_every_finding_names_who_or_which_time_point() -> None:
    base = read("BL", 0, 1, 2, baseline=True)
    twice = read("BL", 0, 1, 2, baseline=True, role="reader 2")
    assert messages(base, twice) == [("reads[1].reader", "R07: ")]
    assert messages(base, read("W6", 42, 1, 3)) == [("reads[1].opened_at", "W6 before BL: ")]
    late = read("BL", 0, 1, 2, baseline=True, unlocked_at=moment(9))
    assert messages(late, read("W6", 42, 3, 4)) == [("reads[0].unlocked_at", "BL: ")]
    after = read("W6", 42, 3, 4, scan_date=date(2026, 3, 5))
    assert messages(base, after) == [("reads[1].scan_date", "W6: ")]
    early = read("W6", 34, 3, 4, window=(35, 42))
    assert messages(base, early) == [("reads[1].day", "W6 day 34, window 35-42: ")]


def test_every_read_is_checked_whatever_the_ones_before_are_like() -> None:
    base = read("BL", 0, 1, 5, baseline=True)
    unopened, other = read("W3", 21, None, None), read("BL", 0, 1, 2, reader="R9", role="reader 2")
    week_6, week_12 = read("W6", 42, 2, 7), read("W12", 84, 3, 4)
    # both visits were opened before the baseline was signed; each is told once
    assert messages(unopened, other, base, week_6, week_12) == [
        ("reads[3].opened_at", "W6 before W3: "),
        ("reads[4].opened_at", "W12 before W3: "),
    ]
    assert messages(other, base, week_6, week_12) == [
        ("reads[2].opened_at", "W6 before BL: "),
        ("reads[3].opened_at", "W12 before BL: "),
    ]
    plain = read("BL", 0, 1, 2, baseline=True, role="reader 2", reader="R9")
    late = read("BL", 0, 1, 2, baseline=True, unlocked_at=moment(9))
    found = messages(plain, read("W3", 21, 3, 4), late)
    assert found == [("reads[2].unlocked_at", "BL: ")]
