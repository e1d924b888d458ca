"""Automatic quality control: facts of series, an acquisition guideline as data, findings."""

from imaging.pipeline.technical_qc.facts import SeriesFacts, SliceFacts, TracerFacts
from imaging.pipeline.technical_qc.findings import Finding
from imaging.pipeline.technical_qc.guideline import (
    Guideline,
    GuidelineError,
    Rule,
    default_guideline,
    from_document,
    from_yaml,
)
from imaging.pipeline.technical_qc.reading import Facts, read_facts, series_facts
from imaging.pipeline.technical_qc.series_checks import check_series
from imaging.pipeline.technical_qc.submission import (
    Context,
    ExpectedSeries,
    KnownScanner,
    StandingException,
    VisitWindow,
    check_submission,
)
from imaging.pipeline.technical_qc.suv import SuvFactor, suv_factor, uptake_minutes

__all__ = [
    "Context",
    "ExpectedSeries",
    "Facts",
    "Finding",
    "Guideline",
    "GuidelineError",
    "KnownScanner",
    "Rule",
    "SeriesFacts",
    "SliceFacts",
    "StandingException",
    "SuvFactor",
    "TracerFacts",
    "VisitWindow",
    "check_series",
    "check_submission",
    "default_guideline",
    "from_document",
    "from_yaml",
    "read_facts",
    "series_facts",
    "suv_factor",
    "uptake_minutes",
]
