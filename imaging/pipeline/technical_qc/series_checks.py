"""Checks of one series against the guideline. Pure: facts in, findings out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from imaging.pipeline.technical_qc.facts import SeriesFacts, SliceFacts, Value
from imaging.pipeline.technical_qc.findings import Finding, finding
from imaging.pipeline.technical_qc.geometry import Stack, orientation_groups, stack_of
from imaging.pipeline.technical_qc.guideline import Guideline, Rule
from imaging.pipeline.technical_qc.parameters import CROSS_SECTIONAL, PARAMETERS, plane_of
from imaging.pipeline.technical_qc.tracer_checks import tracer_findings, tracer_values

IMAGE_MODALITIES = frozenset({"CT", "MR", "PT", "NM", "US", "CR", "DX", "MG", "XA", "RF", "OPT"})
LOCALISER_WORDS = frozenset({"LOCALIZER", "LOCALISER", "SCOUT", "TOPOGRAM", "SURVEY"})
DERIVED_WORDS = frozenset(
    {"SECONDARY", "MPR", "MIP", "MINIP", "REFORMATTED", "SCREEN SAVE", "CURVED", "CSA MPR", "VRT"}
)
_FOUR = 4
_Key = TypeVar("_Key", bound=Hashable)


@dataclass(frozen=True)
class Checker:
    """One series under one guideline at one time point."""

    facts: SeriesFacts
    guideline: Guideline
    time_point: str = ""

    def rule(self, code: str) -> Rule | None:
        return self.guideline.check(code, modality=self.facts.modality, time_point=self.time_point)

    def tolerance(self, code: str) -> float:
        rule = self.rule(code)
        return 0.0 if rule is None else rule.tolerance

    def report(
        self,
        code: str,
        *,
        measured: str = "",
        expected: str = "",
        positions: Sequence[float] = (),
    ) -> Iterator[Finding]:
        """A finding of a built-in check, unless the guideline has the check switched off."""
        rule = self.rule(code)
        if rule is not None:
            yield finding(
                code,
                level=rule.severity,
                measured=measured,
                expected=expected,
                series_key=self.facts.series_key,
                positions=tuple(positions),
                source=rule.source,
            )


def check_series(
    facts: SeriesFacts, *, guideline: Guideline, time_point: str = ""
) -> tuple[Finding, ...]:
    """All findings of one series by itself, in the order of the checks.

    Localisers, derived series and objects that are no images are sorted out: they get one
    finding of level info and are not judged further, but mixed identities are always found.
    """
    checker = Checker(facts, guideline, time_point)
    findings = list(_identity(checker))
    kind = sorted_out_as(facts)
    if kind:
        measured = "\\".join(facts.image_types[0]) if facts.image_types else ""
        shown = facts.modality if kind == "not_an_image" else measured
        return (*findings, *checker.report(kind, measured=shown))
    unique = _without_copies(facts)
    stack = main_stack(replace(facts, slices=unique))
    findings += _geometry(checker, unique, stack)
    findings += _uniformity(checker, unique, stack)
    findings += _pixels(checker)
    findings += _comparisons(checker, derived_values(facts, stack))
    findings += tracer_findings(checker.report, facts.tracer, checker.tolerance)
    return tuple(findings)


def sorted_out_as(facts: SeriesFacts) -> str:
    """The code of the finding that sorts the series out, or "" for a series to be judged."""
    if facts.modality not in IMAGE_MODALITIES:
        return "not_an_image"
    words = {word.upper() for image_type in facts.image_types for word in image_type}
    if words & LOCALISER_WORDS:
        return "localiser"
    if _is_only_compressed(facts, words):
        return ""
    derived = all(image_type[:1] == ("DERIVED",) for image_type in facts.image_types)
    if facts.image_types and derived and (facts.modality == "CT" or words & DERIVED_WORDS):
        return "derived_series" if facts.modality in CROSS_SECTIONAL else ""
    return ""


def _is_only_compressed(facts: SeriesFacts, words: set[str]) -> bool:
    """Whether a series is called derived for its lossy compression alone (PS3.3 C.7.6.1.1.5.1).

    It is still the acquisition, so it is judged, and the loss is a finding.
    """
    primary = all("PRIMARY" in image_type[1:2] for image_type in facts.image_types)
    return "yes" in facts.all_of("lossy_compression") and primary and not words & DERIVED_WORDS


def main_stack(facts: SeriesFacts) -> Stack | None:
    """The stack of a series whose images are single slices."""
    if _is_mosaic(facts):
        return None
    return stack_of(facts.slices, temporal_positions=facts.temporal_positions)


def _is_mosaic(facts: SeriesFacts) -> bool:
    """Whether each image holds many slices side by side: positions then say nothing."""
    return any("MOSAIC" in image_type for image_type in facts.image_types)


def _without_copies(facts: SeriesFacts) -> tuple[SliceFacts, ...]:
    """One slice per instance, frame and place."""
    kept: dict[tuple[object, ...], SliceFacts] = {}
    for item in facts.slices:
        kept.setdefault((item.instance_key, item.frame, item.position), item)
    return tuple(kept.values())


def _identity(checker: Checker) -> Iterator[Finding]:
    facts = checker.facts
    if len(facts.subject_keys) > 1:
        yield from checker.report("mixed_subject", measured=f"{len(facts.subject_keys)} subjects")
    if len(facts.study_keys) > 1:
        yield from checker.report("mixed_study", measured=f"{len(facts.study_keys)} studies")
    if facts.birth_date_after_study:
        yield from checker.report("birth_after_study")
    digests: dict[tuple[str, int], list[str]] = {}
    for item in facts.slices:
        digests.setdefault((item.instance_key, item.frame), []).append(item.digest)
    repeated = [found for found in digests.values() if len(found) > 1]
    conflicts = sum(len(set(found)) > 1 for found in repeated)
    if conflicts:
        yield from checker.report("conflicting_instance", measured=_count(conflicts, "image"))
    if len(repeated) > conflicts:
        copies = _count(len(repeated) - conflicts, "image")
        yield from checker.report("duplicate_instance", measured=copies)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


# --- geometry -------------------------------------------------------------------------------


def _geometry(
    checker: Checker, slices: Sequence[SliceFacts], stack: Stack | None
) -> Iterator[Finding]:
    if any(item.pixel_spacing is None for item in slices):
        yield from checker.report("no_pixel_spacing")
    if stack is None:
        if not _is_mosaic(checker.facts):
            yield from checker.report("no_geometry")
        return
    if stack.strays:
        # With strays the main stack has holes that are not missing slices.
        yield from checker.report(
            "mixed_orientation",
            measured=_planes(slices),
            positions=_places(stack.strays, stack),
        )
        return
    if len(_spacings(slices)) > 1 or len(checker.facts.subject_keys) > 1:
        return
    yield from _stacking(checker, stack)


def _planes(slices: Sequence[SliceFacts]) -> str:
    counts = Counter(
        plane_of(group[0].orientation or ()) for group in orientation_groups(slices) for _ in group
    )
    return ", ".join(f"{number} {name}" for name, number in counts.most_common())


def _stacking(checker: Checker, stack: Stack) -> Iterator[Finding]:
    missing = stack.missing(tolerance=checker.tolerance("missing_slices"))
    usual = "" if stack.spacing is None else f"one slice every {stack.spacing:g} mm"
    if stack.duplicated:
        places = _heights(stack.duplicated)
        # A duplicate beside an empty place is one slice with a wrong position, not two faults.
        moved = len(missing) <= len(stack.duplicated)
        if moved and missing:
            places += f"; nothing at {_heights(missing)}"
            missing = ()
        yield from checker.report(
            "duplicate_position", measured=places, expected=usual, positions=stack.duplicated
        )
    missing = tuple(sorted({*missing, *stack.incomplete}))
    if missing:
        yield from checker.report(
            "missing_slices",
            measured=f"{_count(len(missing), 'slice')} at {_heights(missing)}",
            expected=usual,
            positions=missing,
        )
    uneven = stack.irregular(tolerance=checker.tolerance("irregular_spacing"))
    if uneven:
        yield from checker.report(
            "irregular_spacing",
            measured=f"{_count(len(uneven), 'uneven step')} after {_heights(uneven)}",
            expected=usual,
            positions=uneven,
        )
    yield from _gaps(checker, stack)


def _gaps(checker: Checker, stack: Stack) -> Iterator[Finding]:
    thicknesses = [item.thickness for item in checker.facts.slices if item.thickness]
    if stack.spacing is None or not thicknesses:
        return
    thinnest = min(thicknesses)
    if stack.spacing - thinnest > checker.tolerance("gaps_between_slices"):
        yield from checker.report(
            "gaps_between_slices",
            measured=f"spacing {stack.spacing:g} mm, thickness {thinnest:g} mm",
            expected=f"spacing at most {thinnest:g} mm",
        )


def _heights(heights: Sequence[float]) -> str:
    shown = ", ".join(f"{height:g}" for height in heights[:_FOUR])
    more = f" and {len(heights) - _FOUR} more" if len(heights) > _FOUR else ""
    return f"{shown}{more} mm"


# --- one series, one reconstruction ---------------------------------------------------------


def _spacings(slices: Sequence[SliceFacts]) -> dict[tuple[float, ...], int]:
    found = Counter(
        tuple(round(part, 4) for part in item.pixel_spacing)
        for item in slices
        if item.pixel_spacing is not None
    )
    return dict(found.most_common())


def _places(slices: Sequence[SliceFacts], stack: Stack | None) -> tuple[float, ...]:
    """Heights of some slices in the main stack, ascending, each once."""
    if stack is None:
        return ()
    heights = {stack.height_of(item) for item in slices}
    return tuple(sorted(height for height in heights if height is not None))


def _apart(
    slices: Sequence[SliceFacts], key: Callable[[SliceFacts], _Key | None]
) -> tuple[dict[_Key, int], list[SliceFacts]]:
    """Values of slices, the usual one first, and the slices that have another one."""
    counts = Counter(value for item in slices if (value := key(item)) is not None)
    usual = counts.most_common(1)[0][0] if counts else None
    return dict(counts.most_common()), [
        item for item in slices if (value := key(item)) is not None and value != usual
    ]


def _rounded_spacing(item: SliceFacts) -> tuple[float, ...] | None:
    return None if item.pixel_spacing is None else tuple(round(p, 4) for p in item.pixel_spacing)


def _uniformity(
    checker: Checker, slices: Sequence[SliceFacts], stack: Stack | None
) -> Iterator[Finding]:
    spacings, others = _apart(slices, _rounded_spacing)
    if len(spacings) > 1:
        shown = [" x ".join(f"{part:g}" for part in spacing) for spacing in spacings]
        yield from checker.report(
            "mixed_pixel_spacing",
            measured=f"{', '.join(shown)} mm",
            expected="one pixel spacing",
            positions=_places(others, stack),
        )
    sizes, others = _apart(slices, lambda item: (item.rows, item.columns))
    if len(sizes) > 1:
        shown = [f"{rows} x {columns}" for rows, columns in sizes]
        yield from checker.report(
            "mixed_matrix",
            measured=", ".join(shown),
            expected="one image size",
            positions=_places(others, stack),
        )
    kernels, others = _apart(slices, lambda item: item.kernel or None)
    if len(kernels) > 1:
        yield from checker.report(
            "mixed_kernel",
            measured=", ".join(kernels),
            expected="one kernel",
            positions=_places(others, stack),
        )
    found, others = _apart(slices, lambda item: item.thickness)
    thicknesses = sorted(found)
    if thicknesses and thicknesses[-1] - thicknesses[0] > checker.tolerance("mixed_thickness"):
        shown = [f"{thickness:g}" for thickness in thicknesses]
        yield from checker.report(
            "mixed_thickness",
            measured=f"{', '.join(shown)} mm",
            expected="one thickness",
            positions=_places(others, stack),
        )


def _pixels(checker: Checker) -> Iterator[Finding]:
    facts = checker.facts
    faults = []
    colours = facts.all_of("photometric")
    if any(str(colour) not in {"MONOCHROME1", "MONOCHROME2"} for colour in colours):
        faults.append(", ".join(str(colour) for colour in colours))
    faults += [
        f"{sample:g} samples per pixel"
        for sample in facts.all_of("samples_per_pixel")
        if sample != 1
    ]
    stored, allocated, high = (
        facts.all_of(name) for name in ("bits_stored", "bits_allocated", "high_bit")
    )
    if stored and allocated and float(max(stored)) > float(min(allocated)):
        faults.append(f"{stored[0]:g} bits stored in {allocated[0]:g}")
    if len(stored) == len(high) == 1 and float(high[0]) != float(stored[0]) - 1:
        faults.append(f"high bit {high[0]:g} with {stored[0]:g} bits stored")
    if facts.modality in CROSS_SECTIONAL and stored and float(min(stored)) <= 8:
        faults.append(f"{stored[0]:g} bits stored")
    if faults:
        yield from checker.report("pixel_format", measured="; ".join(faults))
    if "yes" in facts.all_of("lossy_compression"):
        yield from checker.report("lossy_compression")
    rescale = [str(kind) for kind in facts.all_of("rescale_type")]
    if rescale and rescale != ["HU"]:
        yield from checker.report("not_hounsfield", measured=", ".join(rescale), expected="HU")


# --- guideline values -----------------------------------------------------------------------


def derived_values(facts: SeriesFacts, stack: Stack | None) -> SeriesFacts:
    """The facts with the values that come from geometry and times filled in."""
    values: dict[str, tuple[Value, ...]] = dict(facts.values)
    values["slice_count"] = (float(len(facts.slices)),)
    if stack is not None and stack.spacing is not None:
        values["slice_count"] = (float(len(stack.heights)),)
        values["slice_spacing_mm"] = (stack.spacing,)
        thicknesses = [item.thickness for item in facts.slices if item.thickness]
        depth = thicknesses[0] if thicknesses else stack.spacing
        values["slice_gap_mm"] = (max(0.0, round(stack.spacing - depth, 4)),)
        values["coverage_mm"] = (round(stack.span + depth, 2),)
    thickness = sorted({item.thickness for item in facts.slices if item.thickness is not None})
    if thickness:
        values["slice_thickness_mm"] = tuple(thickness)
    values |= tracer_values(facts.tracer)
    return replace(facts, values=values)


def _comparisons(checker: Checker, facts: SeriesFacts) -> Iterator[Finding]:
    rules = checker.guideline.comparisons(modality=facts.modality, time_point=checker.time_point)
    for rule in rules:
        found = facts.all_of(rule.parameter)
        if found and not meets(rule, found):
            yield _against(rule, facts, "outside_guideline", level=rule.severity)
        elif not found and rule.if_missing != "ignore":
            yield _against(rule, facts, "not_stated", level=rule.if_missing)


def _against(rule: Rule, facts: SeriesFacts, code: str, *, level: str) -> Finding:
    return finding(
        code,
        level=level,
        measured=in_words(rule.parameter, facts.all_of(rule.parameter)),
        expected=rule.expectation(),
        series_key=facts.series_key,
        parameter=rule.parameter,
        subject=PARAMETERS[rule.parameter].title,
        source=rule.source,
    )


def in_words(parameter: str, values: Sequence[Value]) -> str:
    """Values with the parameter's unit."""
    unit = PARAMETERS[parameter].unit
    shown = ", ".join(
        f"{round(value, 2):g}" if isinstance(value, int | float) else value for value in values
    )
    return f"{shown} {unit}".strip() if values else ""


def meets(rule: Rule, values: Sequence[Value]) -> bool:
    """Whether every value found satisfies the rule, its tolerance included."""
    if rule.kind == "contains":
        numbers = [float(value) for value in values if isinstance(value, int | float)]
        near = all(
            any(abs(number - wanted) <= rule.tolerance for number in numbers)
            for wanted in rule.numbers
        )
        return near and set(rule.texts) <= {str(value).upper() for value in values}
    return all(_meets_one(rule, value) for value in values)


def _meets_one(rule: Rule, value: Value) -> bool:
    if isinstance(value, str):
        return value.upper() in rule.words
    limits, slack = rule.numbers, rule.tolerance
    if rule.kind == "max":
        return value <= limits[0] + slack
    if rule.kind == "min":
        return value >= limits[0] - slack
    if rule.kind == "range":
        return limits[0] - slack <= value <= limits[1] + slack
    return any(abs(value - limit) <= slack for limit in limits)
