"""Running the study as work: homes, matrix, the time-point page."""

from django.apps import AppConfig

#: kinds of events of studies, imaging, queries and this app, in words
VERBS = {
    "subject.register": "registered subject",
    "subject.enrol": "enrolled subject",
    "subject.fail_screening": "recorded the screen failure of subject",
    "subject.complete": "completed subject",
    "subject.discontinue": "discontinued subject",
    "subject.withdraw": "recorded the withdrawn consent of subject",
    "anchor.supersede": "corrected a date of subject",
    "timepoint.unscheduled": "added the unscheduled time point",
    "timepoint.receive": "received the scans of",
    "timepoint.start_qc": "put into QC",
    "timepoint.accept": "accepted in QC",
    "timepoint.ask_again": "asked for the scans again of",
    "timepoint.reset_qc": "reset the QC of",
    "timepoint.make_ready": "made ready to read",
    "timepoint.begin_reading": "began the reading of",
    "timepoint.finish_reading": "saw every read signed of",
    "timepoint.check": "checked the reads of",
    "timepoint.lock": "locked",
    "timepoint.reopen_reading": "reopened the reading of",
    "timepoint.not_done": "declared not done",
    "timepoint.expect_again": "expects again",
    "configuration.draft": "drafted",
    "configuration.revise": "changed the draft of",
    "configuration.send_to_review": "sent to review",
    "configuration.send_to_test": "sent to test",
    "configuration.return_to_draft": "returned to draft",
    "configuration.approve": "approved by signature",
    "configuration.make_effective": "made effective",
    "configuration.supersede": "superseded",
    "configuration.withdraw": "withdrew",
    "protocolversion.send_to_review": "sent to review",
    "protocolversion.approve": "approved",
    "protocolversion.make_effective": "made effective",
    "protocolversion.supersede": "superseded",
    "study.open": "opened for images study",
    "study.lock": "locked the database of study",
    "study.unlock": "unlocked the database of study",
    "study.close": "closed study",
    "studysite.activate": "activated site",
    "studysite.suspend": "suspended site",
    "studysite.close": "closed site",
    "query.raise": "opened query",
    "query.answer": "answered query",
    "query.reopen": "asked again in query",
    "query.close": "closed query",
    "query.cancel": "cancelled query",
    "datacut.supersede": "superseded the cut",
    "user.deactivate": "deactivated the account of",
    "user.activate": "activated the account of",
    "user.verify_identity": "verified the identity of",
    "user.end_sessions": "ended the sessions of",
    "plan.import": "imported the plan from a file",
    "plan.export": "took away the plan",
    "profile.change": "changed the own profile",
    "trail.export": "exported the audit trail",
    "visits.export": "exported the visit listing",
    "access.export": "exported the access register",
    "job.retry": "let run again",
    "job.cancel": "cancelled",
    "chain.verify": "proved the chain of the trail",
}


def _register_the_plan() -> None:
    """Let a project plan be judged as a whole: all its parts and every clock that work needs."""
    from projects.plan.fields import further_problems
    from studies.models import Configuration
    from studies.validation import VALIDATORS

    lower = VALIDATORS[Configuration.Kind.PLAN]
    VALIDATORS[Configuration.Kind.PLAN] = lambda document: [
        *lower(document),
        *further_problems(document),
    ]


class ProjectsConfig(AppConfig):
    name = "projects"
    verbose_name = "Projects"

    def ready(self) -> None:
        from audit.trail import name_verbs
        from projects import notices, sealing  # noqa: F401 - registers their jobs
        from projects.shell import shell_of
        from projects.work import (  # noqa: F401 - the sources of work
            clinical,
            data,
            images,
            readers,
            reads,
            sites,
            study,
            watching,
        )
        from ui.shell import register_shell

        name_verbs(VERBS)
        _register_the_plan()
        notices.connect()
        register_shell(shell_of)
