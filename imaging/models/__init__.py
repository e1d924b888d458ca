"""From upload to release, by aggregate."""

from imaging.models.archive import (
    InstanceIndex,
    SeriesDocument,
    SeriesIndex,
    StudyIndex,
    Sweep,
)
from imaging.models.changes import ConsentWithdrawal, Destruction, Move
from imaging.models.doors import Arrival, ArrivedExamination, ArrivedFile, DicomPeer, Door
from imaging.models.exceptions import SiteException
from imaging.models.holds import Attachment, HoldDecision, Screening
from imaging.models.images import (
    AcquisitionFacts,
    ImagingStudy,
    Instance,
    Preview,
    Series,
    SeriesTimePoint,
)
from imaging.models.late import LateImages
from imaging.models.package import PackageSeries, ReadPackage
from imaging.models.phantoms import PhantomScan
from imaging.models.qc import Finding, QcDraw, QcReview
from imaging.models.sitedeid import SiteCleaning
from imaging.models.submission import DeidReport, ReceivedFile, Submission

__all__ = [
    "AcquisitionFacts",
    "Arrival",
    "ArrivedExamination",
    "ArrivedFile",
    "Attachment",
    "ConsentWithdrawal",
    "DeidReport",
    "Destruction",
    "DicomPeer",
    "Door",
    "Finding",
    "HoldDecision",
    "ImagingStudy",
    "Instance",
    "InstanceIndex",
    "LateImages",
    "Move",
    "PackageSeries",
    "PhantomScan",
    "Preview",
    "QcDraw",
    "QcReview",
    "ReadPackage",
    "ReceivedFile",
    "Screening",
    "Series",
    "SeriesDocument",
    "SeriesIndex",
    "SeriesTimePoint",
    "SiteCleaning",
    "SiteException",
    "StudyIndex",
    "Submission",
    "Sweep",
]
