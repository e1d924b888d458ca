"""PERCIST and Cheson 2007, the modules that prove the plug-in seam."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from reads.criteria.cheson2007 import LymphomaTimePoint, MassFacts
from reads.criteria.errors import CriteriaError
from reads.criteria.facts import LesionState
from reads.criteria.percist import PercistTimePoint
from reads.criteria.registry import get
from reads.criteria.vectorfile import derive


def uptake(day: int, peak: str | None, **more: Any) -> PercistTimePoint:
    more = {key: Decimal(v) if isinstance(v, str) else v for key, v in more.items()}
    return PercistTimePoint(
        id=f"D{day}",
        day=day,
        baseline=day == 0,
        sul_peak=None if peak is None else Decimal(peak),
        **more,
    )


def percist(before: PercistTimePoint, after: PercistTimePoint, **settings: object) -> str:
    criterion = get("PERCIST")
    found = criterion.assess([before, after], criterion.options(settings))
    return str(found.time_points[1].overall_response)


@pytest.mark.parametrize(
    ("before", "after", "response"),
    [
        ("10", "7", "PMR"),
        ("10", "7.1", "SMD"),
        ("2.5", "1.7", "PMR"),
        ("2.5", "1.71", "SMD"),
        ("10", "13", "SMD"),
        ("10", "13.1", "PMD"),
        ("2", "2.8", "SMD"),
        ("2", "2.81", "PMD"),
        ("10", None, "NE"),
        (None, "10", "NE"),
    ],
)
def test_both_limits_of_the_peak_hold(before: str | None, after: str | None, response: str) -> None:
    assert percist(uptake(0, before), uptake(56, after)) == response


def test_complete_response_new_lesion_and_extent() -> None:
    before = uptake(0, "10", glycolysis="100")
    assert percist(before, uptake(56, "1", resolved=True)) == "CMR"
    assert percist(before, uptake(56, "1", resolved=True, new_lesion=True)) == "PMD"
    assert percist(before, uptake(56, "10", glycolysis="175")) == "PMD"
    assert percist(before, uptake(56, "10", glycolysis="174.9")) == "SMD"
    assert percist(before, uptake(56, "1", resolved=True, assessed=False)) == "NE"
    assert percist(uptake(0, "9", glycolysis="0"), uptake(56, "9", glycolysis="0")) == "SMD"


@pytest.mark.parametrize(
    ("before", "after", "comparable"),
    [("2.0", "2.3", True), ("2.0", "2.31", False), ("1.0", "1.2", True), ("1.0", "1.21", False)],
)
def test_liver_uptake_must_be_comparable(before: str, after: str, comparable: bool) -> None:
    points = (uptake(0, "10", liver_sul=before), uptake(56, "6", liver_sul=after))
    assert percist(*points) == ("PMR" if comparable else "NE")
    assert percist(*points, require_comparable_liver=False) == "PMR"
    fired = [finding.id for finding in get("PERCIST").edit_checks(points)]
    assert fired == ([] if comparable else ["PERCIST_LIVER_NOT_COMPARABLE"])


def test_negative_uptake_names_its_field() -> None:
    with pytest.raises(CriteriaError) as caught:
        percist(uptake(0, "10"), uptake(56, "-1"))
    assert caught.value.field == "visits[0].sul_peak"


def test_percist_is_read_from_a_file() -> None:
    document = {
        "criterion": "PERCIST",
        "subjects": [
            {
                "id": "P1",
                "baseline": {"sul_peak": "8.0", "liver_sul": 2},
                "visits": [
                    {"day": 42, "sul_peak": "5.6", "liver_sul": 2},
                    {"day": 84, "sul_peak": 5, "new_lesion": True},
                ],
            }
        ],
    }
    visits = derive(document).document["subjects"][0]["visits"]
    assert [visit["derived"]["overall_response"] for visit in visits] == ["PMR", "PMD"]
    assert visits[0]["derived"]["pct_change_baseline"] == -30


def mass(identifier: str, *size: str | LesionState) -> MassFacts:
    if isinstance(size[0], LesionState):
        return MassFacts(id=identifier, state=size[0])
    longest, other = (Decimal(text) for text in size)
    return MassFacts(id=identifier, state=LesionState.MEASURED, ldi_mm=longest, sdi_mm=other)


def lymphoma(day: int, *lesions: MassFacts, **more: Any) -> LymphomaTimePoint:
    return LymphomaTimePoint(id=f"D{day}", day=day, baseline=day == 0, lesions=lesions, **more)


def cheson(*points: LymphomaTimePoint, **settings: object) -> list[str | None]:
    criterion = get("CHESON2007")
    found = criterion.assess(points, criterion.options(settings))
    return [result.overall_response for result in found.time_points[1:]]


@pytest.mark.parametrize(
    ("size", "response"),
    [
        (("20", "10"), "PR"),
        (("20", "10.1"), "SD"),
        (("30", "20"), "PD"),
        (("30", "19.9"), "SD"),
        (("20", "20"), "SD"),
    ],
)
def test_sum_of_products_halves_or_grows_by_half(size: tuple[str, str], response: str) -> None:
    assert cheson(lymphoma(0, mass("N1", "20", "20")), lymphoma(56, mass("N1", *size))) == [
        response
    ]


def test_progression_is_measured_from_the_nadir() -> None:
    points = [
        lymphoma(0, mass("N1", "20", "20")),
        lymphoma(56, mass("N1", "10", "10")),
        lymphoma(112, mass("N1", "15", "10")),
    ]
    assert cheson(*points) == ["PR", "PD"]


def test_avid_disease_that_is_pet_negative_is_cr_at_any_size() -> None:
    before = lymphoma(0, mass("N1", "20", "20"), avid=True)
    after = mass("N1", "20", "19")
    assert cheson(before, lymphoma(56, after, pet_positive=False)) == ["CR"]
    assert cheson(before, lymphoma(56, after, pet_positive=True)) == ["SD"]
    assert cheson(before, lymphoma(56, after)) == ["SD"]
    held = lymphoma(56, after, pet_positive=False, growth_elsewhere=True)
    assert cheson(before, held) == ["SD"]


def test_without_avid_disease_every_lesion_must_be_gone_for_cr() -> None:
    before = lymphoma(0, mass("N1", "20", "20"))
    gone = lymphoma(56, mass("N1", LesionState.ABSENT))
    small = lymphoma(56, mass("N1", "15", "10"))
    assert cheson(before, gone) == ["CR"]
    assert cheson(before, small) == ["PR"]
    assert cheson(before, small, normal_size_is_cr=True) == ["CR"]


def test_a_new_lesion_above_15_mm_is_progression_and_growth_elsewhere_forbids_pr() -> None:
    before, half = lymphoma(0, mass("N1", "20", "20")), mass("N1", "10", "10")
    assert cheson(before, lymphoma(56, half, new_lesions_mm=(Decimal("15.1"),))) == ["PD"]
    assert cheson(before, lymphoma(56, half, new_lesions_mm=(Decimal(15),))) == ["PR"]
    assert cheson(before, lymphoma(56, half, growth_elsewhere=True)) == ["SD"]


def test_missing_sizes_are_ne_unless_the_rest_is_progression() -> None:
    before = lymphoma(0, mass("N1", "20", "20"), mass("N2", "10", "10"))
    unread = mass("N2", LesionState.NOT_EVALUABLE)
    assert cheson(before, lymphoma(56, mass("N1", "20", "20"), unread)) == ["NE"]
    assert cheson(before, lymphoma(56, mass("N1", "30", "25"), unread)) == ["PD"]
    assert cheson(before, lymphoma(56, mass("N1", "10", "1"))) == ["NE"]


def test_ill_formed_sizes_and_too_many_lesions_are_named() -> None:
    before = lymphoma(0, mass("N1", "20", "20"))
    with pytest.raises(CriteriaError) as caught:
        cheson(before, lymphoma(56, MassFacts(id="N1", ldi_mm=Decimal(3))))
    assert caught.value.field == "visits[0].lesions[0].sdi_mm"
    with pytest.raises(CriteriaError) as caught:
        cheson(before, lymphoma(56, mass("N1", "-1", "1")))
    assert caught.value.field == "visits[0].lesions[0].ldi_mm"
    seven = lymphoma(0, *(mass(f"N{n}", "20", "20") for n in range(7)))
    fired = get("CHESON2007").edit_checks([seven])
    assert [(finding.id, finding.field) for finding in fired] == [
        ("TARGET_COUNT_MAX", "baseline.lesions")
    ]
    six = lymphoma(0, *(mass(f"N{n}", "20", "20") for n in range(6)))
    assert get("CHESON2007").edit_checks([six]) == ()


def test_cheson_is_read_from_a_file() -> None:
    document = {
        "criterion": "CHESON2007",
        "subjects": [
            {
                "id": "C1",
                "baseline": {"lesions": [{"id": "N1", "ldi_mm": 20, "sdi_mm": 20}]},
                "visits": [{"day": 42, "lesions": [{"id": "N1", "ldi_mm": "12.5", "sdi_mm": 16}]}],
            }
        ],
    }
    subject = derive(document).document["subjects"][0]
    assert subject["baseline"]["derived"] == {"spd_mm2": 400}
    assert subject["visits"][0]["derived"] == {
        "spd_mm2": 200,
        "nadir_before_mm2": 400,
        "pct_change_baseline": -50,
        "overall_response": "PR",
    }
