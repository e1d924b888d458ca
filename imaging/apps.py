"""From upload to release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.apps import AppConfig

VERBS = {
    "submission.start": "started the upload",
    "submission.begin_upload": "began to upload files",
    "submission.explain": "said why something cannot be fixed",
    "submission.clear": "removed the chosen files",
    "submission.receive": "signed and sent",
    "submission.deidentify": "removed identity from the files",
    "submission.start_qc": "checked the images and put them into QC",
    "submission.release": "released the images",
    "submission.hold": "held the submission",
    "submission.resume": "let the submission go on",
    "submission.reject": "rejected the submission",
    "submission.withdraw": "withdrew the submission",
    "submission.reset_qc": "opened QC again",
    "submission.destroy_originals": "destroyed the original files",
    "qcreview.claim": "claimed QC",
    "qcreview.sign": "signed the QC decision",
    "qcreview.reset": "reset QC",
    "finding.ask": "asked the site about the finding",
    "finding.explain": "accepted the finding with a reason",
    "finding.resolve": "found the finding corrected",
    "finding.take_back": "took the question back",
    "finding.reopen": "opened the finding again",
    "package.build": "built the read package",
    "package.release": "released the read package",
    "package.supersede": "superseded the read package",
    "form.complete": "completed the form",
}


def guideline_problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with an acquisition guideline, in words."""
    from imaging.pipeline.technical_qc import GuidelineError, from_document

    try:
        from_document(document)
    except GuidelineError as error:
        return list(error.problems)
    return []


def profile_problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a de-identification profile, in words."""
    from imaging.pipeline.deidentify import ProfileInvalid
    from imaging.pipeline.deidentify.profile import compile_profile

    try:
        compile_profile(document, "")
    except ProfileInvalid as error:
        return [str(error)]
    return []


class ImagingConfig(AppConfig):
    name = "imaging"
    verbose_name = "Imaging"

    def ready(self) -> None:
        from audit.trail import name_verbs
        from imaging import jobs, targets  # noqa: F401 - registers the kinds of jobs
        from queries.targets import register
        from studies.models import Configuration
        from studies.services.configuration import VALIDATORS

        name_verbs(VERBS)
        register(targets.SUBMISSION)
        VALIDATORS[Configuration.Kind.GUIDELINE] = guideline_problems
        VALIDATORS[Configuration.Kind.DEID_PROFILE] = profile_problems
