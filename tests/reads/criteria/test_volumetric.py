"""Volumetric response and conversions."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from reads.criteria.base import Record
from reads.criteria.errors import CriteriaError
from reads.criteria.registry import get
from reads.criteria.volume_conversions import doubling_time_days, volume_change_pct
from reads.criteria.volumetric import VolumeTimePoint

KEY = "VOLUMETRIC"


def at(day: int, *volumes: str | None, **more: Any) -> VolumeTimePoint:
    listed = tuple(None if text is None else Decimal(text) for text in volumes)
    return VolumeTimePoint(id=f"D{day}", day=day, baseline=day == 0, volumes_ml=listed, **more)


def measured(*points: VolumeTimePoint, **settings: object) -> list[str]:
    criterion = get(KEY)
    found = criterion.assess(points, criterion.options(settings))
    return [str(result.values["measured_response"]) for result in found.time_points[1:]]


@pytest.mark.parametrize(
    ("volume", "response"),
    [
        ("3.5", "PR"),
        ("3.51", "SD"),
        ("14", "PD"),
        ("13.99", "SD"),
        ("0", "CR"),
        ("10", "SD"),
    ],
)
def test_default_limits_are_65_and_40_percent_inclusive(volume: str, response: str) -> None:
    assert measured(at(0, "10"), at(56, volume)) == [response]


def test_progression_is_measured_from_the_nadir_and_response_from_the_baseline() -> None:
    points = [at(0, "40"), at(56, "13"), at(112, "18.2"), at(168, "18.19")]
    assert measured(*points) == ["PR", "PD", "SD"]
    assert measured(*points, pd_reference="baseline") == ["PR", "SD", "SD"]
    assert measured(at(0, "40"), at(56, "20"), at(112, "7"), pr_reference="nadir") == ["SD", "PR"]


def test_limits_of_the_recist_extrapolation_and_an_absolute_minimum_may_be_set() -> None:
    settings = {"pr_decrease_pct": "65.7", "pd_increase_pct": "72.8"}
    assert measured(at(0, "100"), at(56, "34.3"), at(112, "59.2"), **settings) == ["PR", "SD"]
    assert measured(at(0, "100"), at(56, "34.4"), **settings) == ["SD"]
    assert measured(at(0, "1"), at(56, "1.5"), min_change_ml="0.6") == ["SD"]
    assert measured(at(0, "1"), at(56, "1.6"), min_change_ml="0.6") == ["PD"]
    assert measured(at(0, "1"), at(56, "0.3"), min_change_ml="0.8") == ["SD"]
    assert measured(at(0, "1"), at(56, "0.2"), min_change_ml="0.8") == ["PR"]


def test_a_missing_volume_is_ne_unless_the_rest_is_progression() -> None:
    assert measured(at(0, "5", "5"), at(56, "1", None)) == ["NE"]
    assert measured(at(0, "5", "5"), at(56, "14", None)) == ["PD"]
    assert measured(at(0, "5"), at(56, assessed=False)) == ["NE"]
    assert measured(at(0, "5"), at(56)) == ["NE"]


def test_a_disease_gone_and_back_is_progression_from_zero() -> None:
    assert measured(at(0, "5"), at(56, "0"), at(112, "0"), at(168, "0.1")) == ["CR", "CR", "PD"]


def test_a_new_lesion_makes_the_overall_response_progression() -> None:
    result = get(KEY).assess([at(0, "5"), at(56, "5"), at(112, "5", new_lesion=True)])
    assert [r.overall_response for r in result.time_points] == [None, "SD", "PD"]
    assert result.time_points[2].values["measured_response"] == "SD"


def test_nadir_and_changes_are_reported() -> None:
    result = get(KEY).assess([at(0, "40"), at(56, "13"), at(112, "19")]).time_points[2]
    assert result.values["nadir_before_ml"] == 13
    assert result.values["pct_change_nadir"] == Decimal("46.1538")
    assert result.values["pct_change_baseline"] == Decimal("-52.5")
    assert result.because[4] == (
        "Volume 19 ml is 46 % above the nadir of 13 ml: PD, "
        "volume limits by the sphere formula, RANO 2.0 (Wen 2023) or RECIST 1.1"
    )


@pytest.mark.parametrize(
    ("points", "field"),
    [
        ([at(0, "5"), at(56, "-1")], "visits[0].volumes_ml[0]"),
        ([at(0, "5"), at(56, "1", "2")], "visits[0].volumes_ml"),
        ([at(0, "-5"), at(56, "1")], "baseline.volumes_ml[0]"),
    ],
)
def test_ill_formed_volumes_name_their_field(points: list[VolumeTimePoint], field: str) -> None:
    with pytest.raises(CriteriaError) as caught:
        get(KEY).assess(points)
    assert caught.value.field == field


def test_a_volume_that_is_no_decimal_is_refused() -> None:
    with pytest.raises(CriteriaError) as caught:
        VolumeTimePoint(id="BL", volumes_ml=(1.5,))  # type: ignore[arg-type]
    assert caught.value.field == "volumes_ml[0]"


def convert(kind: str, **given: object) -> dict[str, Any]:
    criterion = get(KEY)
    assert criterion.files.conversion is not None
    return dict(
        criterion.files.conversion(Record({"kind": kind, "input": given}), criterion.options())
    )


@pytest.mark.parametrize(
    ("kind", "given", "volume"),
    [
        ("sphere_ml", {"diameter_mm": 30}, "14.137167"),
        ("sphere_ml", {"diameter_mm": 10}, "0.523599"),
        ("ellipsoid_ml", {"d1_mm": 40, "d2_mm": 30, "d3_mm": 20}, "12.566371"),
        ("ellipsoid_ml", {"diameters_mm": [40, 30, 20]}, "12.566371"),
        ("voxels_ml", {"voxel_count": 10000, "spacing_mm": [1, 1, 3]}, "30"),
        ("slices_ml", {"areas_mm2": [100, 200, "50.5"], "spacing_mm": 5}, "1.7525"),
        ("areas_ml", {"slice_areas_mm2": [100], "slice_spacing_mm": 5}, "0.5"),
    ],
)
def test_volumes_from_voxels_slices_and_diameters(
    kind: str, given: dict[str, object], volume: str
) -> None:
    assert convert(kind, **given) == {"volume_ml": Decimal(volume)}


def test_doubling_time() -> None:
    assert convert("doubling_time_days", v1_ml=10, v2_ml=20, days=90) == {"doubling_time_days": 90}
    assert convert("doubling_time_days", v1_ml=10, v2_ml=40, days=90) == {"doubling_time_days": 45}
    assert convert("doubling_time_days", v1_ml=10, v2_ml=5, days=90) == {"doubling_time_days": -90}
    assert doubling_time_days(Decimal(5), Decimal(5), Decimal(30)) is None


@pytest.mark.parametrize(
    ("change", "volume"), [("-30", "-65.7"), ("20", "72.8"), ("0", "0"), ("-100", "-100")]
)
def test_limits_of_diameters_as_limits_of_volumes(change: str, volume: str) -> None:
    assert volume_change_pct(Decimal(change)) == Decimal(volume)


def test_changes_of_diameter_and_area_extrapolate_to_volumes() -> None:
    found = convert("volume_change_pct", diameter_change_pct=-30)
    assert found == {"volume_change_pct": Decimal("-65.7")}
    found = convert("volume_change_pct", area_change_pct=-50)
    assert found == {"volume_change_pct": Decimal("-64.644661")}
    found = convert("volume_change_pct", area_change_pct=25)
    assert found == {"volume_change_pct": Decimal("39.754249")}


@pytest.mark.parametrize(
    ("kind", "given", "field"),
    [
        ("sphere_ml", {}, "input.diameter_mm"),
        ("sphere_ml", {"diameter_mm": -1}, "input.diameter_mm"),
        ("voxels_ml", {"voxel_count": 1, "spacing_mm": [1, 1]}, "spacing_mm"),
        ("voxels_ml", {"voxel_count": 1, "spacing_mm": [1, 1, -1]}, "spacing_mm[2]"),
        ("slices_ml", {"areas_mm2": [-1], "spacing_mm": 1}, "input.areas_mm2[0]"),
        ("doubling_time_days", {"v1_ml": 0, "v2_ml": 1, "days": 1}, "volume_ml"),
        ("volume_change_pct", {}, "input.diameter_change_pct"),
        ("volume_change_pct", {"area_change_pct": -101}, "input.area_change_pct"),
        ("cube", {}, "kind"),
    ],
)
def test_ill_formed_conversions_name_their_field(
    kind: str, given: dict[str, object], field: str
) -> None:
    with pytest.raises(CriteriaError) as caught:
        convert(kind, **given)
    assert caught.value.field == field
