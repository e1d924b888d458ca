"""Where lesions sit, how they are painted, and what their true diameters are.

The centre is moved to the nearest slice plane, so that the stated diameters lie in a slice; an
ellipsoid is widest in the plane through its centre.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imaging.phantom.anatomy import Build
from imaging.phantom.shapes import Field, Grid, paint_ellipse, section
from imaging.phantom.spec import LesionSpec, LesionTruth, SeriesSpec

# Smaller metastases are painted without a rim, radius in mm.
RIM_FROM_MM = 8.0


@dataclass(frozen=True)
class Site:
    """A place for lesions: organ, centre in reference coordinates (mm), CT number (HU)."""

    organ: str
    centre: tuple[float, float, float]
    value: float


LESION_SITES: dict[str, Site] = {
    "liver_segment_8": Site("liver", (-84.0, -18.0, -2.5), 58.0),
    "liver_segment_6": Site("liver", (-98.0, 14.0, -57.5), 62.0),
    "liver_segment_4": Site("liver", (-44.0, -48.0, -32.5), 60.0),
    "liver_segment_3": Site("liver", (4.0, -58.0, -27.5), 60.0),
    "lung_right_upper": Site("lung", (-82.0, -28.0, 87.5), 40.0),
    "lung_right_lower": Site("lung", (-92.0, 36.0, 52.5), 38.0),
    "lung_left_upper": Site("lung", (84.0, -34.0, 77.5), 40.0),
    "lung_left_lower": Site("lung", (90.0, 40.0, 47.5), 42.0),
    "node_paratracheal": Site("lymph node", (-26.0, 2.0, 92.5), 82.0),
    "node_retroperitoneal": Site("lymph node", (30.0, 32.0, -92.5), 84.0),
    "adrenal_left": Site("adrenal gland", (38.0, 32.0, -62.5), 48.0),
    "kidney_left": Site("kidney", (74.0, 50.0, -82.5), 70.0),
    "spleen": Site("spleen", (98.0, 26.0, -42.5), 66.0),
    "vertebra": Site("bone", (2.0, 61.0, -17.5), 45.0),
}


@dataclass(frozen=True)
class PlacedLesion:
    """A lesion at its place in one subject, snapped to a slice plane."""

    spec: LesionSpec
    organ: str
    value: float
    slice_index: int
    centre: tuple[float, float, float]


def place(spec: LesionSpec, *, series: SeriesSpec, build: Build) -> PlacedLesion:
    """Find a lesion's slice and centre.

    Raises KeyError when the site is not one of ``LESION_SITES`` and ValueError when the
    lesion lies outside the scanned heights.
    """
    site = LESION_SITES[spec.site]
    wanted = spec.centre_mm or build.to_subject(site.centre)
    positions = np.asarray(series.slice_positions())
    index = int(np.argmin(np.abs(positions - wanted[2])))
    if abs(positions[index] - wanted[2]) > series.spacing_mm:
        message = f"lesion {spec.label} at z = {wanted[2]} mm lies outside the scanned range"
        raise ValueError(message)
    centre = (wanted[0], wanted[1], float(positions[index]))
    return PlacedLesion(spec, site.organ, site.value, index, centre)


def paint_lesion(image: Field, grid: Grid, *, z: float, lesion: PlacedLesion) -> None:
    """Paint the cut of a lesion at height ``z``, with a thin brighter rim in the liver."""
    spec = lesion.spec
    if not spec.is_present:
        return
    height = spec.height_mm or spec.short_mm
    radii = (spec.long_mm / 2, spec.short_mm / 2, height / 2)
    cut = section(z, centre=lesion.centre, radii=radii)
    if cut is None:
        return
    place_and_turn = {"centre": lesion.centre[:2], "angle_deg": spec.angle_deg}
    paint_ellipse(image, grid, radii=cut, value=lesion.value, **place_and_turn)  # type: ignore[arg-type]
    if lesion.organ == "liver" and min(cut) > RIM_FROM_MM:
        core = (cut[0] * 0.55, cut[1] * 0.55)
        paint_ellipse(
            image,
            grid,
            radii=core,
            value=lesion.value - 18.0,
            soft=4,
            **place_and_turn,  # type: ignore[arg-type]
        )


def truth_of(lesion: PlacedLesion, *, series: SeriesSpec, sop_instance_uid: str) -> LesionTruth:
    """The lesion's diameters and end points in pixels of its slice."""
    spec = lesion.spec

    def pixel(x: float, y: float) -> tuple[float, float]:
        origin, size = series.origin_mm, series.pixel_mm
        return round((x - origin) / size, 3), round((y - origin) / size, 3)

    def ends(length: float, angle: float) -> tuple[tuple[float, float], tuple[float, float]]:
        dx = length / 2 * float(np.cos(np.deg2rad(angle)))
        dy = length / 2 * float(np.sin(np.deg2rad(angle)))
        x, y, _ = lesion.centre
        return pixel(x - dx, y - dy), pixel(x + dx, y + dy)

    return LesionTruth(
        label=spec.label,
        organ=lesion.organ,
        present=spec.is_present,
        long_mm=spec.long_mm,
        short_mm=spec.short_mm,
        slice_index=lesion.slice_index,
        sop_instance_uid=sop_instance_uid if spec.is_present else "",
        centre_mm=lesion.centre,
        centre_px=pixel(lesion.centre[0], lesion.centre[1]),
        long_axis_px=ends(spec.long_mm, spec.angle_deg),
        short_axis_px=ends(spec.short_mm, spec.angle_deg + 90.0),
    )
