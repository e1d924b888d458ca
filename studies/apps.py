"""The study as designed: what should happen, where, when and by whom."""

from django.apps import AppConfig

VERBS = {
    "study.open": "opened the study for images:",
    "study.lock": "locked the database of",
    "study.unlock": "unlocked the database of",
    "study.close": "closed the study",
    "studysite.activate": "activated site",
    "studysite.suspend": "suspended site",
    "studysite.close": "closed site",
    "subject.register": "registered",
    "subject.enrol": "enrolled",
    "subject.fail_screening": "declared a screen failure:",
    "subject.complete": "completed",
    "subject.discontinue": "discontinued",
    "subject.withdraw": "recorded the withdrawn consent of",
    "anchor.supersede": "corrected an anchor date of",
    "timepoint.unscheduled": "added the unscheduled visit",
    "timepoint.receive": "received scans for",
    "timepoint.start_qc": "started QC of",
    "timepoint.accept": "accepted in QC",
    "timepoint.ask_again": "asked for scans again:",
    "timepoint.reset_qc": "reset QC of",
    "timepoint.make_ready": "made ready to read:",
    "timepoint.begin_reading": "began reading",
    "timepoint.finish_reading": "finished reading",
    "timepoint.check": "checked the reads of",
    "timepoint.lock": "locked",
    "timepoint.reopen_reading": "reopened reading of",
    "timepoint.not_done": "declared not done:",
    "timepoint.expect_again": "expects again:",
    "configuration.draft": "drafted",
    "configuration.send_to_review": "sent to review:",
    "configuration.send_to_test": "sent to test:",
    "configuration.return_to_draft": "returned to draft:",
    "configuration.approve": "approved",
    "configuration.make_effective": "made effective:",
    "configuration.supersede": "superseded",
    "configuration.withdraw": "withdrew",
    "protocolversion.send_to_review": "sent to review:",
    "protocolversion.approve": "approved",
    "protocolversion.make_effective": "made effective:",
    "protocolversion.supersede": "superseded",
    "protocolversion.withdraw": "withdrew",
}


class StudiesConfig(AppConfig):
    name = "studies"
    verbose_name = "Studies"

    def ready(self) -> None:
        from audit import trail
        from studies.calendars import plan_problems
        from studies.services.configuration import VALIDATORS
        from studies.services.forms import changed_answers

        trail.name_verbs(VERBS)
        trail.explain("studies.formrecord", "answers", changed_answers)
        VALIDATORS["plan"] = plan_problems
