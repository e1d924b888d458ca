"""From released images to locked answers."""

from django.apps import AppConfig


class ReadsConfig(AppConfig):
    name = "reads"
    verbose_name = "Reads"

    def ready(self) -> None:
        from audit.states import moved
        from audit.trail import name_verbs
        from reads import design, tasks
        from studies.models import TimePoint
        from studies.services.configuration import VALIDATORS

        VALIDATORS["read_design"] = design.problems
        moved.connect(tasks.time_point_moved, sender=TimePoint, dispatch_uid="reads.plan")
        name_verbs(
            {
                "readtask.start": "started reading",
                "readtask.sign": "finished the read",
                "readsession.sign": "signed the read",
                "adjudication.open": "opened an adjudication",
                "adjudicationcase.claim": "took the case",
                "adjudicationcase.sign": "signed the adjudication",
                "readtask.assign": "was given the read",
                "readtask.hold": "put the read on hold",
                "readtask.resume": "let the read go on",
                "readtask.decline": "declined the read",
                "readtask.reassign": "took the read back",
                "readsession.void": "voided the read",
                "adjudicationcase.give_back": "gave the case back",
                "subject.replace_reader": "replaced a reader",
                "reader.revoke": "ended the qualification",
                "reader.qualify": "qualified the reader",
                "subject.assign_readers": "drew the readers",
            }
        )
