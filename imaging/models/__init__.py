"""From upload to release, by aggregate."""

from imaging.models.images import (
    AcquisitionFacts,
    ImagingStudy,
    Instance,
    Preview,
    Series,
    SeriesTimePoint,
)
from imaging.models.package import PackageSeries, ReadPackage
from imaging.models.qc import Finding, QcReview
from imaging.models.submission import DeidReport, ReceivedFile, Submission

__all__ = [
    "AcquisitionFacts",
    "DeidReport",
    "Finding",
    "ImagingStudy",
    "Instance",
    "PackageSeries",
    "Preview",
    "QcReview",
    "ReadPackage",
    "ReceivedFile",
    "Series",
    "SeriesTimePoint",
    "Submission",
]
