"""Conversions between sizes and volumes, and the doubling time (criteria.md section 7).

Volumes are in ml, lengths in mm, areas in mm².
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from reads.criteria.arithmetic import (
    HUNDRED,
)
from reads.criteria.base import (
    Options,
    Record,
)
from reads.criteria.errors import CriteriaError, missing, negative
from reads.criteria.sums import total
from reads.criteria.trace import Value

PI = Decimal("3.14159265358979323846264338327950288419716939937510582")
MM3_PER_ML = Decimal(1000)


def voxels_ml(voxel_count: Decimal, spacing_mm: Sequence[Decimal]) -> Decimal:
    """Return the volume in ml of a count of voxels with their spacing in mm."""
    return voxel_count * product(spacing_mm, 3, "spacing_mm") / MM3_PER_ML


def slices_ml(areas_mm2: Sequence[Decimal], spacing_mm: Decimal) -> Decimal:
    """Return the volume in ml of slice areas in mm² with the distance of slices in mm."""
    return total(areas_mm2) * spacing_mm / MM3_PER_ML


def ellipsoid_ml(diameters_mm: Sequence[Decimal]) -> Decimal:
    """Return the volume in ml of an ellipsoid with three diameters in mm: pi/6 d1 d2 d3."""
    return PI / 6 * product(diameters_mm, 3, "diameters_mm") / MM3_PER_ML


def sphere_ml(diameter_mm: Decimal) -> Decimal:
    """Return the volume in ml of a sphere with a diameter in mm: pi/6 d³."""
    return ellipsoid_ml((diameter_mm, diameter_mm, diameter_mm))


def doubling_time_days(first_ml: Decimal, second_ml: Decimal, days: Decimal) -> Decimal | None:
    """Return the doubling time t ln 2 / ln(V2/V1) in days; negative while shrinking.

    None when the volume did not change. Raises CriteriaError for volumes that are not positive.
    """
    if first_ml <= 0 or second_ml <= 0:
        raise CriteriaError("volume_ml", "must be above 0 for a doubling time")
    growth = (second_ml / first_ml).ln()
    return None if growth == 0 else days * Decimal(2).ln() / growth


def volume_change_pct(diameter_change_pct: Decimal) -> Decimal:
    """Return the change of a sphere's volume in percent for a change of its diameter."""
    factor = 1 + diameter_change_pct / HUNDRED
    return (factor**3 - 1) * HUNDRED


def product(factors: Sequence[Decimal], count: int, field: str) -> Decimal:
    """Return the product of exactly `count` factors that are not negative."""
    if len(factors) != count:
        raise CriteriaError(field, f"must have {count} values")
    total = Decimal(1)
    for position, factor in enumerate(factors):
        if factor < 0:
            raise negative(f"{field}[{position}]")
        total *= factor
    return total


def required(record: Record, *names: str) -> Decimal:
    """Return a number that must be there and must not be negative."""
    value = record.decimal(*names)
    if value is None:
        raise missing(record.field(names[0]))
    if value < 0:
        raise negative(record.field(names[0]))
    return value


def _from_voxels(given: Record) -> Decimal:
    return voxels_ml(required(given, "voxel_count", "voxels"), given.decimals("spacing_mm"))


def _from_slices(given: Record) -> Decimal:
    areas = given.decimals("areas_mm2", "slice_areas_mm2")
    for position, area in enumerate(areas):
        if area < 0:
            raise negative(f"{given.field('areas_mm2')}[{position}]")
    return slices_ml(areas, required(given, "spacing_mm", "slice_spacing_mm"))


def _from_ellipsoid(given: Record) -> Decimal:
    listed = given.decimals("diameters_mm")
    return ellipsoid_ml(
        listed or tuple(required(given, f"d{place}_mm", f"d{place}") for place in (1, 2, 3))
    )


def _from_sphere(given: Record) -> Decimal:
    return sphere_ml(required(given, "diameter_mm", "d_mm"))


VOLUMES: tuple[tuple[str, Callable[[Record], Decimal]], ...] = (
    ("sphere", _from_sphere),
    ("ellipsoid", _from_ellipsoid),
    ("voxel", _from_voxels),
    ("slice", _from_slices),
    ("area", _from_slices),
)


def _change(given: Record) -> Decimal:
    change = given.decimal("diameter_change_pct")
    area = given.decimal("area_change_pct")
    if change is None and area is not None:
        if area < -HUNDRED:
            raise CriteriaError(given.field("area_change_pct"), "must be at least -100")
        change = ((1 + area / HUNDRED).sqrt() - 1) * HUNDRED
    if change is None:
        raise missing(given.field("diameter_change_pct"))
    return volume_change_pct(change)


def convert(entry: Record, _options: Options) -> Mapping[str, Value]:
    """Answer a conversion case: volume in ml, doubling time in days, or change of a volume in %.

    Raises CriteriaError naming `kind` for a conversion that is not known.
    """
    given = entry.record("input")
    kind = entry.required_text("kind")
    if given is None:
        raise missing("input")
    for start, conversion in VOLUMES:
        if kind.startswith(start):
            return {"volume_ml": rounded(conversion(given))}
    if kind.startswith("doubling"):
        time = doubling_time_days(
            required(given, "first_ml", "v1_ml", "volume1_ml", "v1"),
            required(given, "second_ml", "v2_ml", "volume2_ml", "v2"),
            required(given, "days", "interval_days", "t_days"),
        )
        return {"doubling_time_days": None if time is None else rounded(time)}
    if "change" in kind:
        return {"volume_change_pct": rounded(_change(given))}
    raise CriteriaError("kind", f"{kind} is not a known conversion")


def rounded(value: Decimal) -> Decimal:
    """Return a converted value to six places."""
    return value.quantize(Decimal("0.000001"))
