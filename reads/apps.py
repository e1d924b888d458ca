"""From released images to locked answers."""

from django.apps import AppConfig


class ReadsConfig(AppConfig):
    name = "reads"
    verbose_name = "Reads"

    def ready(self) -> None:
        from django.db.models.signals import post_save

        from accounts.models import Invitation
        from audit.states import moved
        from audit.trail import name_verbs
        from clinical.services import dossiers as clinical
        from imaging.dicomweb.scopes import register_blinded
        from imaging.services import effects, readers
        from reads import affected, archive, design, tasks
        from reads.design.ecrf.proofs import problems as form_problems
        from reads.models import ReadSession
        from reads.services import dossierchanges, dossiers, eligibility
        from reads.services.packages import ReadsSide
        from reads.services.releasing import require_releasable
        from studies.models import Subject, TimePoint
        from studies.services.configuration import BEFORE_EFFECTIVE, VALIDATORS
        from studies.services.subjects import death_recorded
        from studies.workflows import ENROLMENT_GUARDS, READY_GUARDS

        readers.register(ReadsSide())
        VALIDATORS["read_design"] = design.problems
        VALIDATORS["form"] = form_problems
        BEFORE_EFFECTIVE["read_design"] = require_releasable
        register_blinded(archive.shown_to_reader)
        register_blinded(archive.shown_to_adjudicator)
        post_save.connect(tasks.invitation_saved, sender=Invitation, dispatch_uid="reads.welcome")
        moved.connect(tasks.session_moved, sender=ReadSession, dispatch_uid="reads.score")
        moved.connect(tasks.time_point_moved, sender=TimePoint, dispatch_uid="reads.plan")
        moved.connect(tasks.subject_moved, sender=Subject, dispatch_uid="reads.subject")
        death_recorded.connect(tasks.subject_moved, sender=Subject, dispatch_uid="reads.death")
        ENROLMENT_GUARDS.append(eligibility.may_enrol)
        READY_GUARDS.append(dossiers.may_be_read)
        clinical.register(applied=dossierchanges.applied, names=affected.of_dossier)
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
                "readtask.repin_dossier": "was given the new dossier",
                "dossier.open": "opened the dossier in",
                "readsession.fix_images": "fixed the answers about the images of",
                "readtask.begin_anew": "let the images be judged again in",
                "dossierchange.open": "opened the decision on",
                "dossierchange.note": "carried out",
                "dossierchange.decide": "decided on",
                "dossierchange.carry_out": "ended the decision on",
                "dossierchange.overtake": "ended, because a newer version came, the decision on",
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
                "subject.accept_review": "accepted a review of",
                "subject.assign_oncologists": "drew the oncologists",
                "subject.eligibility": "answered eligibility by imaging of",
                "subject.eligibility_again": "asked for another eligibility read of",
                "subject.record_death": "recorded the death of",
                "confirmation.ask": "asked for confirmation of progression",
                "confirmationrequest.answer": "answered the site",
                "confirmationrequest.withdraw": "withdrew the question",
                "timepoint.local_result": "reported the site’s own result of",
                "study.full_review": "turned the sample into full review",
                "configuration.validate": "validated",
                "configuration.take_over": "took over into the twin",
                "study.make_twin": "made the UAT twin of",
                "study.update_twin": "brought the UAT twin up to date",
                "configuration.sign_validation": "signed the validation report of",
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
                "preliminary.begin": "began",
                "preliminaryanalysis.finish": "finished",
                "preliminaryanalysis.discard": "discarded",
                "readingimport.read_in": "read in the spreadsheet",
                "readingimport.map": "said what the columns mean of",
                "readingimport.take_over": "imported the readings of",
                "readingimport.discard": "discarded the spreadsheet",
                "readerquestion.ask": "asked about a read:",
                "readerquestion.relay": "asked the site for",
                "readerquestion.hold": "wrote an answer that is held for",
                "readerquestion.rewrite": "took back the answer to",
                "readerquestion.send_back": "sent back the answer to",
                "readerquestion.answer": "answered",
                "readerquestion.release": "released the answer to",
                "readerquestion.withdraw": "withdrew",
                "variability.plan": "planned the study of variability",
                "variabilityplan.draw": "drew the sample of",
                "variabilityplan.close": "closed",
                "variabilityplan.cancel": "cancelled",
                "variability.give_out": "gave out re-reads of",
                "training.name_study": "named the training study",
                "training.make_study": "made the training study",
                "training.add_case": "made the training case",
                "training.keep_key": "wrote the key of",
                "training.give": "was given the training case",
                "training.give_again": "gave once more the training case",
                "trainingcase.approve": "approved the key of",
                "trainingcase.withdraw": "withdrew the training case",
                "trainingattempt.score": "scored",
                "trainingattempt.end": "ended unscored",
                "reader.offer_commitment": "laid before the reader",
                "readercommitment.sign": "signed",
                "readercommitment.replace": "replaced the text of",
                "reader.message": "kept the message",
                "reader.invite_person": "invited to read",
                "escalation.open": "escalated late reads:",
                "escalation.extend": "added late reads to the",
                "readerescalation.take": "took the",
                "readerescalation.hand_over": "handed over the",
                "readerescalation.close": "closed the",
                "meeting.plan": "planned the meeting",
                "readermeeting.hold": "kept as held the meeting",
                "readermeeting.cancel": "cancelled the meeting",
                "remediation.open": "opened the",
                "remediation.change": "changed the",
                "remediation.complete": "completed the",
                "remediation.cancel": "cancelled the",
                "fee.draw_up": "drew up the statement",
                "feestatement.approve": "approved the statement",
                "feestatement.withdraw": "withdrew the statement",
                "readtask.roll_back": "set the read back to be read again",
                "checkfinding.open": "found",
                "checkfinding.dispose": "decided on",
                "checkfinding.pass_by": "closed, because it fires no more,",
                "trainingreminder.write": "wrote the reminder",
                "trainingreminder.issue": "issued the reminder",
                "trainingreminder.acknowledge": "acknowledged the reminder",
                "trainingreminder.withdraw": "withdrew the reminder",
                "rollback.request": "requested the roll-back",
                "rollback.approve_science": "approved for science the roll-back",
                "rollback.approve_project": "approved for project management the roll-back",
                "rollback.complete_science": "approved for science the roll-back",
                "rollback.complete_project": "approved for project management the roll-back",
                "rollback.decided_before": "took over the signature of science for the roll-back",
                "rollback.recalled": "took over the approvals of the recall for the roll-back",
                "rollback.carry_out": "carried out the roll-back",
                "rollback.refuse": "refused the roll-back",
                "rollback.withdraw": "withdrew the roll-back",
                "rollback.acknowledge": "acknowledged the roll-back",
                "recall.request": "requested the recall",
                "recall.approve_science": "approved for science the recall",
                "recall.approve_project": "approved for project management the recall",
                "recall.complete_science": "approved for science the recall",
                "recall.complete_project": "approved for project management the recall",
                "recall.carry_out": "carried out the recall",
                "recall.refuse": "refused the recall",
                "recall.withdraw": "withdrew the recall",
                "recall.acknowledge": "acknowledged the recall",
                "retraining.order": "ordered the retraining",
                "retraining.hold": "put reads on hold for",
                "retraining.close": "closed the retraining",
                "retrainingplace.release": "released after training",
            }
        )
