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
    "submission.leave_out": "left files out",
    "submission.open_archive": "opened an archive that was sent",
    "submission.site_plan": "was handed the plan to remove identity at the site",
    "submission.site_cleaned": "removed identity at the site",
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
    "submission.recheck": "asked for the checks again",
    "qcreview.draw": "drew whether a second person looks",
    "qcreview.judge": "judged a finding at the second level",
    "qcreview.resolve": "settled the difference of two decisions",
    "siteexception.propose": "proposed a standing exception",
    "siteexception.approve": "approved the standing exception",
    "siteexception.decline": "declined the standing exception",
    "siteexception.end": "ended the standing exception",
    "guideline.import": "imported the guideline from a file",
    "lateimages.open": "asked science about late images",
    "lateimages.decide": "decided on late images",
    "lateimages.note": "carried out what could be carried out",
    "lateimages.carry_out": "declared the decision carried out",
    "arrival.view": "looked at a held original",
    "attachment.view": "read the released copy of",
    "attachment.add": "added",
    "attachment.remove": "took out",
    "attachment.redact": "made the redacted copy of",
    "attachment.release": "released",
    "attachment.refuse": "refused",
    "attachment.take_back": "held again",
    "holddecision.propose": "decided on held files, for a second look",
    "holddecision.take_effect": "decided on held files",
    "holddecision.refuse": "refused the decision on held files",
    "holddecision.supersede": "took the decision on held files back",
    "package.build": "built",
    "package.look": "opened",
    "package.release": "released",
    "package.supersede": "superseded",
    "submission.take_over": "took the images over from elsewhere",
    "submission.move_here": "opened the submission for images moved here",
    "submission.move_away": "moved the images away",
    "submission.stop": "stopped the submission after consent was withdrawn",
    "submission.destroy_outputs": "destroyed the clean images",
    "arrival.open": "opened an arrival",
    "arrival.close": "closed the arrival",
    "arrival.sort": "sorted the arrival",
    "arrivedexamination.assign": "assigned the examination to a visit",
    "arrivedexamination.deliver": "put the examination into its submission",
    "arrivedexamination.give_back": "gave the examination back to the inbox",
    "arrivedexamination.set_aside": "set the examination aside",
    "arrivedexamination.take_up": "took the examination up again",
    "dicompeer.add": "let the sender in",
    "dicompeer.end": "refused the sender from then on",
    "door.refused": "refused an unknown sender",
    "move.plan": "planned",
    "move.carry_out": "carried out",
    "move.cancel": "gave up",
    "move.follow": "let reads follow",
    "consentwithdrawal.record": "recorded",
    "consentwithdrawal.carry_out": "carried out",
    "consentwithdrawal.correct": "corrected",
    "form.complete": "completed the form",
    "archive.retrieve": "retrieved the series",
    "storage.sweep": "proved every stored object",
    "phantomscan.start": "began a phantom scan",
    "phantomscan.clear": "removed the chosen files",
    "phantomscan.send": "sent the phantom scan",
    "phantomscan.measure": "measured the phantom",
    "phantomscan.refuse": "returned the phantom scan to the site",
    "phantomscan.return_to_site": "returned the phantom scan to the site",
    "phantomscan.qualify": "passed the scanner",
    "phantomscan.fail": "failed the scanner",
    "phantomscan.withdraw": "withdrew the phantom scan",
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
    from imaging.services.profiles import problems_of
    from imaging.services.site_cleaning import option_problems

    return [*problems_of(document), *option_problems(document)]


def _register_stores() -> None:
    """Let the integrity sweep and ``manage.py verify`` prove what imaging stores."""
    from audit import verification
    from imaging import storage
    from imaging.storage import holdings, nightly, sweep

    sweep.register("research", storage.research, holdings.research_claims)
    sweep.register("previews", storage.previews, holdings.preview_claims)
    sweep.register("metadata", storage.metadata_documents, holdings.document_claims)
    verification.register("every stored object is whole and named", nightly.stored_objects_hold)


def phantom_plan_problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with a phantom plan, in words."""
    from imaging.pipeline.technical_qc.phantom_plan import PlanInvalid, programmes_of

    try:
        programmes_of(document)
    except PlanInvalid as error:
        return list(error.problems)
    return []


class ImagingConfig(AppConfig):
    name = "imaging"
    verbose_name = "Imaging"

    def ready(self) -> None:
        from audit.states import moved
        from audit.trail import name_verbs
        from imaging import jobs, targets  # noqa: F401 - registers the kinds of jobs
        from imaging.models import Submission
        from imaging.services import consent, second_level
        from imaging.storage import ahead
        from queries.targets import register
        from studies.models import Configuration
        from studies.scoping import keep_back
        from studies.services.configuration import VALIDATORS

        name_verbs(VERBS)
        register(targets.SUBMISSION)
        _register_stores()
        moved.connect(ahead.drop_with, sender=Submission, dispatch_uid="imaging.ahead")
        VALIDATORS[Configuration.Kind.GUIDELINE] = guideline_problems
        VALIDATORS[Configuration.Kind.DEID_PROFILE] = profile_problems
        VALIDATORS[Configuration.Kind.PHANTOMS] = phantom_plan_problems
        plan = VALIDATORS[Configuration.Kind.PLAN]
        VALIDATORS[Configuration.Kind.PLAN] = lambda document: [
            *plan(document),
            *consent.rule_problems(document),
            *second_level.plan_problems(document),
        ]
        keep_back("queries.query", second_level.without_first_queries)
        keep_back("queries.requestedaction", second_level.without_first_requests)
