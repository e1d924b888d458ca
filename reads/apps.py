"""From released images to locked answers."""

from django.apps import AppConfig


class ReadsConfig(AppConfig):
    name = "reads"
    verbose_name = "Reads"

    def ready(self) -> None:
        from audit.states import moved
        from audit.trail import name_verbs
        from imaging.dicomweb.scopes import register_blinded
        from imaging.services import effects, readers
        from reads import affected, archive, design, tasks
        from reads.services.packages import ReadsSide
        from studies.models import TimePoint
        from studies.services.configuration import VALIDATORS

        readers.register(ReadsSide())
        VALIDATORS["read_design"] = design.problems
        register_blinded(archive.shown_to_reader)
        register_blinded(archive.shown_to_adjudicator)
        moved.connect(tasks.time_point_moved, sender=TimePoint, dispatch_uid="reads.plan")
        effects.register(names=affected.names, follows=affected.follows, stops=affected.stops)
        name_verbs(
            {
                "readtask.start": "started reading",
                "readtask.sign": "finished the read",
                "readsession.sign": "signed the read",
                "adjudication.open": "opened an adjudication",
                "adjudicationcase.claim": "took the case",
                "adjudicationcase.sign": "signed the adjudication",
                "readtask.repin": "was given the new read package",
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
                "readtask.amend": "took over the new charter version for",
                "subject.add_reader": "added a reader to",
                "reader.enter": "entered in the register",
                "reader.change": "changed the entry of",
                "reader.file_cv": "filed the CV of",
                "reader.declare_conflict": "declared a conflict of",
                "reader.end_conflict": "ended a conflict of",
                "reader.plan_absence": "planned an absence of",
                "reader.cancel_absence": "cancelled an absence of",
                "reader.draft_contract": "drafted a contract of",
                "reader.suspend": "suspended",
                "reader.resume": "let go on",
                "reader.release": "released",
                "readercontract.send": "sent the contract",
                "readercontract.recall": "took back the contract",
                "readercontract.sign": "recorded as signed",
                "readercontract.end": "ended the contract",
                "onboarding.invite": "invited",
                "onboarding.keep": "recorded evidence for",
            }
        )
