"""From released images to locked answers, by aggregate."""

from reads.models.adjudication import Acceptance, AdjudicationCase, ReviewAcceptance
from reads.models.answering import (
    ConfirmationRequest,
    EligibilityAnswer,
    ExpeditedDue,
    LocalResult,
    SampleEscalation,
)
from reads.models.answers import (
    Annotation,
    CriterionAssessment,
    Lesion,
    Measurement,
    Observation,
    ReadSession,
)
from reads.models.care import (
    FeeLine,
    FeeStatement,
    ReaderEscalation,
    ReaderMessage,
    Remediation,
)
from reads.models.dossiers import DossierChange, DossierOpening
from reads.models.imports import ImportedReading, ReadingImport
from reads.models.meetings import MeetingPlace, ReaderMeeting
from reads.models.oversight import (
    CheckFinding,
    CheckRun,
    Recall,
    Retraining,
    RetrainingPlace,
    RollBack,
    TrainingReminder,
)
from reads.models.preliminary import (
    PreliminaryAnalysis,
    PreliminaryMeasurement,
    PreliminaryReview,
)
from reads.models.questions import ReaderQuestion
from reads.models.readers import (
    Onboarding,
    Reader,
    ReaderAbsence,
    ReaderConflict,
    ReaderContract,
    ReaderInvitation,
)
from reads.models.release import TruthRecord, ValidationReport
from reads.models.tasks import ReaderQualification, ReaderStream, ReadTask
from reads.models.training import (
    ReaderCommitment,
    TrainingAttempt,
    TrainingCase,
    TrainingStudy,
)
from reads.models.variability import ReRead, VariabilityPlan

__all__ = [
    "Acceptance",
    "AdjudicationCase",
    "Annotation",
    "CheckFinding",
    "CheckRun",
    "ConfirmationRequest",
    "CriterionAssessment",
    "DossierChange",
    "DossierOpening",
    "EligibilityAnswer",
    "ExpeditedDue",
    "FeeLine",
    "FeeStatement",
    "ImportedReading",
    "Lesion",
    "LocalResult",
    "Measurement",
    "MeetingPlace",
    "Observation",
    "Onboarding",
    "PreliminaryAnalysis",
    "PreliminaryMeasurement",
    "PreliminaryReview",
    "ReRead",
    "ReadSession",
    "ReadTask",
    "Reader",
    "ReaderAbsence",
    "ReaderCommitment",
    "ReaderConflict",
    "ReaderContract",
    "ReaderEscalation",
    "ReaderInvitation",
    "ReaderMeeting",
    "ReaderMessage",
    "ReaderQualification",
    "ReaderQuestion",
    "ReaderStream",
    "ReadingImport",
    "Recall",
    "Remediation",
    "Retraining",
    "RetrainingPlace",
    "ReviewAcceptance",
    "RollBack",
    "SampleEscalation",
    "TrainingAttempt",
    "TrainingCase",
    "TrainingReminder",
    "TrainingStudy",
    "TruthRecord",
    "ValidationReport",
    "VariabilityPlan",
]
