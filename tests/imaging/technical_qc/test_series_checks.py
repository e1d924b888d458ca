"""Checks of one series on facts written by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.pipeline.technical_qc import (
    Finding,
    SeriesFacts,
    SliceFacts,
    TracerFacts,
    check_series,
    default_guideline,
    from_document,
)

AXIAL = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)


def ct(*heights: float, **changes: Any) -> SeriesFacts:
    """An axial CT of 5 mm slices at the heights given."""
    slices = tuple(
        SliceFacts(
            instance_key=f"i{number}",
            subject_key="s",
            study_key="t",
            number=number,
            position=(-200.0, -200.0, height),
            orientation=AXIAL,
            pixel_spacing=(0.78, 0.78),
            thickness=5.0,
            rows=512,
            columns=512,
            kernel="B30f",
        )
        for number, height in enumerate(heights)
    )
    facts = SeriesFacts(
        series_key="k", modality="CT", slices=slices, image_types=(("ORIGINAL", "PRIMARY"),)
    )
    return replace(facts, **changes)


def even(count: int, step: float = 5.0) -> list[float]:
    return [index * step for index in range(count)]


def errors(facts: SeriesFacts) -> list[str]:
    findings = check_series(facts, guideline=default_guideline())
    return [item.code for item in findings if item.level == "error"]


def find(facts: SeriesFacts, code: str) -> Finding:
    findings = check_series(facts, guideline=default_guideline())
    return next(item for item in findings if item.code == code)


def change(facts: SeriesFacts, index: int, **parts: Any) -> SeriesFacts:
    slices = list(facts.slices)
    slices[index] = replace(slices[index], **parts)
    return replace(facts, slices=tuple(slices))


def test_an_even_stack_has_no_error() -> None:
    assert errors(ct(*even(24))) == []


def test_the_order_of_files_does_not_matter() -> None:
    assert errors(ct(*reversed(even(24)))) == []


def test_missing_slices_are_named_with_their_positions() -> None:
    heights = [height for height in even(12) if height not in {20.0, 25.0, 45.0}]
    item = find(ct(*heights), "missing_slices")
    assert item.positions == (20.0, 25.0, 45.0)
    assert item.measured == "3 slices at 20, 25, 45 mm"
    assert item.expected == "one slice every 5 mm"


def test_many_missing_slices_are_counted_not_listed() -> None:
    heights = [0.0, 5.0, 10.0, 15.0, 20.0, 25.0, 55.0, 60.0]
    assert (
        find(ct(*heights), "missing_slices").measured == "5 slices at 30, 35, 40, 45 and 1 more mm"
    )


@given(
    count=st.integers(min_value=6, max_value=40),
    step=st.sampled_from([0.6, 1.0, 1.25, 3.0, 5.0]),
    data=st.data(),
)
def test_any_single_missing_inner_slice_is_found(count: int, step: float, data: Any) -> None:
    heights = even(count, step)
    gone = data.draw(st.integers(min_value=1, max_value=count - 2))
    left = heights[:gone] + heights[gone + 1 :]
    facts = ct(*left)
    facts = replace(facts, slices=tuple(replace(s, thickness=step) for s in facts.slices))
    item = find(facts, "missing_slices")
    assert item.positions == (pytest.approx(heights[gone], abs=0.01),)


@pytest.mark.parametrize(("jitter", "expected"), [(0.04, []), (0.2, ["irregular_spacing"])])
def test_small_jitter_of_positions_is_tolerated(jitter: float, expected: list[str]) -> None:
    heights = even(20)
    heights[10] += jitter
    assert errors(ct(*heights)) == expected


def test_two_slices_at_one_position_are_found() -> None:
    assert errors(ct(*even(10), 20.0)) == ["duplicate_position"]


def test_a_moved_slice_is_one_finding_that_names_the_empty_place() -> None:
    heights = even(10)
    heights[6] = 25.0
    assert errors(ct(*heights)) == ["duplicate_position"]
    assert find(ct(*heights), "duplicate_position").measured == "25 mm; nothing at 30 mm"


def test_phases_at_every_position_are_volumes_not_duplicates() -> None:
    twice = ct(*even(10), *even(10))
    slices = tuple(
        replace(item, volume="phase 1" if number < 10 else "phase 2")
        for number, item in enumerate(twice.slices)
    )
    assert errors(replace(twice, slices=slices)) == []
    assert errors(replace(twice, slices=slices[:-1])) == ["missing_slices"]


def test_a_gap_between_thin_slices_is_an_error_in_ct() -> None:
    facts = ct(*even(20, 7.0))
    assert errors(facts) == ["gaps_between_slices"]


def test_overlapping_slices_are_welcome() -> None:
    assert errors(ct(*even(20, 2.5))) == []


def test_slice_order_along_an_oblique_normal_is_measured_along_the_normal() -> None:
    # Coronal slices: the normal of rows +x and columns -z is +y.
    facts = ct(*even(20))
    slices = tuple(
        replace(item, orientation=(1.0, 0.0, 0.0, 0.0, 0.0, -1.0), position=(0.0, 5.0 * n, 0.0))
        for n, item in enumerate(facts.slices)
    )
    assert errors(replace(facts, slices=slices)) == []
    assert errors(replace(facts, slices=slices[:5] + slices[6:])) == ["missing_slices"]


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"orientation": (0.0, 1.0, 0.0, 0.0, 0.0, -1.0)}, "mixed_orientation"),
        ({"pixel_spacing": (0.6, 0.6)}, "mixed_pixel_spacing"),
        ({"pixel_spacing": None}, "no_pixel_spacing"),
        ({"rows": 256}, "mixed_matrix"),
        ({"kernel": "B70f"}, "mixed_kernel"),
        ({"subject_key": "another"}, "mixed_subject"),
        ({"study_key": "another"}, "mixed_study"),
    ],
)
def test_one_odd_slice_is_found(parts: dict[str, Any], code: str) -> None:
    assert errors(change(ct(*even(20)), 7, **parts)) == [code]


def test_a_thickness_that_changes_is_a_warning_with_both_values() -> None:
    item = find(change(ct(*even(20, 4.0)), 3, thickness=4.0), "mixed_thickness")
    assert (item.level, item.measured) == ("warning", "4, 5 mm")


def test_images_without_positions_cannot_be_checked() -> None:
    facts = ct(*even(3))
    bare = tuple(replace(item, position=None) for item in facts.slices)
    assert errors(replace(facts, slices=bare)) == ["no_geometry"]


@pytest.mark.parametrize(
    ("digests", "code"),
    [(("a", "a"), "duplicate_instance"), (("a", "b"), "conflicting_instance")],
)
def test_a_repeated_identifier_is_judged_by_the_pixels(digests: tuple[str, str], code: str) -> None:
    facts = ct(*even(20))
    first = replace(facts.slices[4], digest=digests[0])
    again = replace(facts.slices[4], digest=digests[1])
    slices = (*facts.slices[:4], first, again, *facts.slices[5:])
    findings = check_series(replace(facts, slices=slices), guideline=default_guideline())
    assert [item.code for item in findings] == [code]


@pytest.mark.parametrize(
    ("image_type", "code"),
    [
        (("ORIGINAL", "PRIMARY", "LOCALIZER"), "localiser"),
        (("DERIVED", "SECONDARY", "MPR"), "derived_series"),
        (("DERIVED", "PRIMARY", "AXIAL"), "derived_series"),
    ],
)
def test_localisers_and_derived_series_are_sorted_out_not_judged(
    image_type: tuple[str, ...], code: str
) -> None:
    scattered = replace(ct(0.0, 3.0, 50.0), image_types=(image_type,))
    findings = check_series(scattered, guideline=default_guideline())
    assert [(item.code, item.level) for item in findings] == [(code, "info")]


def test_a_stranger_in_a_localiser_is_found_all_the_same() -> None:
    facts = replace(ct(0.0, 5.0), image_types=(("ORIGINAL", "PRIMARY", "LOCALIZER"),))
    assert errors(change(facts, 1, subject_key="another")) == ["mixed_subject"]


@pytest.mark.parametrize(
    ("values", "measured"),
    [
        ({"photometric": ("RGB",), "samples_per_pixel": (3.0,)}, "RGB; 3 samples per pixel"),
        ({"bits_stored": (8.0,), "bits_allocated": (8.0,), "high_bit": (7.0,)}, "8 bits stored"),
        (
            {"bits_stored": (12.0,), "bits_allocated": (16.0,), "high_bit": (15.0,)},
            "high bit 15 with 12 bits stored",
        ),
    ],
)
def test_impossible_pixel_formats_are_found(values: dict[str, Any], measured: str) -> None:
    assert find(replace(ct(*even(20)), values=values), "pixel_format").measured == measured


def test_lossy_compression_is_a_warning() -> None:
    facts = replace(ct(*even(20)), values={"lossy_compression": ("yes",)})
    assert find(facts, "lossy_compression").level == "warning"


# --- guideline values -----------------------------------------------------------------------


def level_for(rule: dict[str, Any], values: dict[str, Any], modality: str = "MR") -> list[str]:
    guideline = from_document(
        {
            "schema": "acquisition-guideline/1",
            "name": "x",
            "version": "1",
            "rules": [{"modality": modality, "severity": "error", "source": "test", **rule}],
        }
    )
    facts = replace(ct(*even(20)), modality=modality, values=values)
    return [f"{item.level} {item.code}" for item in check_series(facts, guideline=guideline)]


OUTSIDE = ["error outside_guideline"]


@pytest.mark.parametrize(
    ("rule", "values", "expected"),
    [
        ({"parameter": "echo_time_ms", "kind": "max", "value": 100}, {"echo_time_ms": (90.0,)}, []),
        ({"parameter": "echo_time_ms", "kind": "max", "value": 100}, {"echo_time_ms": (110.0,)},
         OUTSIDE),
        ({"parameter": "field_strength_t", "kind": "equals", "value": 3, "tolerance": 0.1},
         {"field_strength_t": (2.89355,)}, OUTSIDE),
        ({"parameter": "field_strength_t", "kind": "equals", "value": 3, "tolerance": 0.11},
         {"field_strength_t": (2.89355,)}, []),
        ({"parameter": "b_value", "kind": "contains", "value": [0, 800]},
         {"b_value": (0.0, 400.0, 800.0)}, []),
        ({"parameter": "b_value", "kind": "contains", "value": [0, 800]},
         {"b_value": (0.0, 400.0, 1000.0)}, OUTSIDE),
        ({"parameter": "b_value", "kind": "contains", "value": [0, 800], "tolerance": 50},
         {"b_value": (0.0, 775.0)}, []),
        ({"parameter": "scanning_sequence", "kind": "one_of", "value": ["SE", "SE\\IR"]},
         {"scanning_sequence": ("SE\\IR",)}, []),
        ({"parameter": "scanning_sequence", "kind": "one_of", "value": ["SE"]},
         {"scanning_sequence": ("GR",)}, OUTSIDE),
        ({"parameter": "repetition_time_ms", "kind": "range", "value": [400, 800]},
         {"repetition_time_ms": (800.0,)}, []),
        ({"parameter": "repetition_time_ms", "kind": "min", "value": 2000},
         {"repetition_time_ms": (500.0,)}, OUTSIDE),
        ({"parameter": "inversion_time_ms", "kind": "min", "value": 1, "if_missing": "warning"},
         {}, ["warning not_stated"]),
        ({"parameter": "inversion_time_ms", "kind": "min", "value": 1}, {}, []),
        ({"parameter": "coverage_mm", "kind": "min", "value": 100}, {}, []),
        ({"parameter": "coverage_mm", "kind": "min", "value": 101}, {}, OUTSIDE),
    ],
)  # fmt: skip
def test_values_are_compared_with_rules(
    rule: dict[str, Any], values: dict[str, Any], expected: list[str]
) -> None:
    assert level_for(rule, values) == expected


# --- tracer ---------------------------------------------------------------------------------


def test_a_bone_scan_without_activity_is_a_warning_not_an_error() -> None:
    facts = SeriesFacts(
        series_key="n",
        modality="NM",
        slices=(SliceFacts("i", "s", "t"),),
        tracer=TracerFacts(nuclide="Tc-99m"),
    )
    findings = check_series(facts, guideline=default_guideline())
    assert [(item.code, item.level) for item in findings] == [
        ("dose_missing", "warning"),
        ("injection_time_missing", "warning"),
    ]
