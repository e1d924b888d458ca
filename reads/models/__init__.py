"""From released images to locked answers, by aggregate."""

from reads.models.adjudication import Acceptance, AdjudicationCase
from reads.models.answers import (
    Annotation,
    CriterionAssessment,
    Lesion,
    Measurement,
    Observation,
    ReadSession,
)
from reads.models.readers import (
    Onboarding,
    Reader,
    ReaderAbsence,
    ReaderConflict,
    ReaderContract,
)
from reads.models.tasks import ReaderQualification, ReaderStream, ReadTask

__all__ = [
    "Acceptance",
    "AdjudicationCase",
    "Annotation",
    "CriterionAssessment",
    "Lesion",
    "Measurement",
    "Observation",
    "Onboarding",
    "ReadSession",
    "ReadTask",
    "Reader",
    "ReaderAbsence",
    "ReaderConflict",
    "ReaderContract",
    "ReaderQualification",
    "ReaderStream",
]
