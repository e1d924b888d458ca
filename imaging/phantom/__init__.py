"""Digital phantom: CT series of invented subjects with lesions of known size. Pure numpy."""

from imaging.phantom.courses import COURSES, lesions_at
from imaging.phantom.identity import SCANNERS, invented_identity
from imaging.phantom.lesions import LESION_SITES
from imaging.phantom.series import render, write_series
from imaging.phantom.spec import (
    Defects,
    Identity,
    LesionSpec,
    LesionTruth,
    Scanner,
    SeriesSpec,
    WrittenSeries,
)
from imaging.phantom.water import WaterTruth, write_water_phantom

__all__ = [
    "COURSES",
    "LESION_SITES",
    "SCANNERS",
    "Defects",
    "Identity",
    "LesionSpec",
    "LesionTruth",
    "Scanner",
    "SeriesSpec",
    "WaterTruth",
    "WrittenSeries",
    "invented_identity",
    "lesions_at",
    "render",
    "write_series",
    "write_water_phantom",
]
