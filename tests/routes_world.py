"""One object of every kind in a study, for the table of addresses and roles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

from audit import clock
from audit.actors import acting
from audit.jobs import enqueue
from exports.datasets import BUILDERS
from exports.models import CutFile, DataCut
from exports.services import plan_cut
from exports.workflows import DATA_CUT
from imaging.models import (
    Arrival,
    ArrivedExamination,
    Attachment,
    ConsentWithdrawal,
    DeidReport,
    DicomPeer,
    Finding,
    HoldDecision,
    Move,
    Preview,
    ReceivedFile,
    Screening,
    Series,
    Submission,
)
from imaging.storage import ArrivalStore, deliveries
from reads.models import (
    ConfirmationRequest,
    DossierChange,
    FeeStatement,
    Reader,
    ReaderEscalation,
    ReaderMeeting,
    ReadTask,
    TrainingAttempt,
    TrainingCase,
    TruthRecord,
    ValidationReport,
)
from reads.services import imports, onboarding, questions, register, variability
from reads.services.charters import start_from_template
from reads.services.planning import add_stream
from studies.models import Anchor, Configuration, Membership, TimePoint
from studies.scoping import scope
from studies.services import forms
from tests.clinical.clinical_world import dossier_objects
from tests.imaging.phantom_world import phantom_scan
from tests.imaging.qc_objects import qc_objects
from tests.projects.lives import query_about, submission_of
from tests.reads.oversight_objects import oversight_objects
from tests.reads.read_world import disagreement, reader, ready, run_jobs, task_of
from tests.world import BUILDER, StudyWorld, _configure


def own_objects(world: StudyWorld) -> dict[str, Any]:
    """Return the key of one object of each kind, all of the first site's first subject."""
    with scope(world.study):
        case = disagreement(world)
        subject = world.subjects[0]
        visit = world.time_points(subject)[2]
        sent = submission_of(world, visit)
        query = query_about(world, visit)
        with acting(BUILDER):
            finding = Finding(
                study=world.study,
                submission=sent,
                code="missing_slices",
                level=Finding.Level.ERROR,
                title="Slices are missing",
                key="missing",
            )
            finding.save()
            DeidReport.objects.create(
                study=world.study,
                submission=sent,
                profile_digest=sent.profile.digest,
                engine_version="1",
                document={
                    "effects": {},
                    "outcomes": {"cleaned": 1},
                    "files": [],
                    "verified": {"files": 1, "pixels_unchanged": 1},
                    "profile": {"name": "trial", "version": 1, "digest": "a" * 64, "methods": []},
                },
            )
            held = _held(world, sent)
            job = enqueue("projects.verify_chain", key=f"job of {world.study}", row=sent)
        series = Series.objects.filter(submission__subject=subject).first()
        assert series is not None
        task = ReadTask.objects.filter(
            stream__reader=world.users["central_reader"], stream__subject=subject
        ).first()
        cut = _cut(world)
        return {
            **qc_objects(world, sent),
            "time_point": visit.pk,
            "subject": subject.pk,
            "anchor": Anchor.objects.get(subject=subject).pk,
            "membership": Membership.objects.get(study=world.study, role="data_recipient").pk,
            "configuration": Configuration.objects.get(key="plan").pk,
            "deid_profile": sent.profile_id,
            "design": _draft_of_the_charter(world),
            "reader_number": 1,
            "variability_plan": _variability(world).pk,
            **_question(world),
            **_dossier_change(world, visit),
            "reading_import": _imported(world).pk,
            **dossier_objects(world),
            "ecrf": Configuration.objects.get(key="ecrf_recist11").pk,
            "file_kind": "yaml",
            "report": _validation_report(world),
            "truth_record": _truth(world),
            **_reader(world),
            "submission": sent.pk,
            "query": query.pk,
            "finding": finding.pk,
            **held,
            **_doors_and_changes(world, sent, visit),
            "phantom": phantom_scan(
                world,
                picture_sha256=Preview.objects.filter(series=series).first().objects_sha256[0],
            ).pk,
            "phantom_decision": "pass",
            "series": series.pk,
            "sha256": Preview.objects.filter(series=series).first().objects_sha256[0],
            "task": task.pk,
            **oversight_objects(world, task),
            "case": case.pk,
            "confirmation": _asked(world, subject).pk,
            "job": job.pk,
            "cut": cut.pk,
            "file": "tr.csv",
            "dicomweb_path": "studies",
            "user": world.users["data_recipient"].pk,
        }


def _held(world: StudyWorld, sent: Submission) -> dict[str, Any]:
    """A held file with its picture, a decision on it, and an attachment with a page."""
    arrivals = ArrivalStore(sent.pk)
    content = f"\x89PNG of {sent}".encode("latin-1")
    picture = arrivals.put(content)
    file = ReceivedFile.objects.create(
        study=world.study, submission=sent, sha256="e" * 64, size=1, outcome="held", code="failed"
    )
    Screening.objects.create(study=world.study, file=file, frames=1, pictures=[[0, picture]])
    decision = HoldDecision(
        study=world.study,
        submission=sent,
        verdict="clean",
        reach="file",
        files=[file.sha256],
        codes=["failed"],
        reason="a test",
        engine_version="1",
        decided_by=world.users["image_operations"],
    )
    decision.save()
    paper = Attachment(
        study=world.study,
        submission=sent,
        number=1,
        kind="pdf",
        sha256=picture,
        size=len(content),
        name_sha256=picture,
        pages=[{"sha256": picture, "width": 10, "height": 10, "boxes": []}],
    )
    paper.save()
    return {
        "held_file": file.pk,
        "held_picture": picture,
        "hold_decision": decision.pk,
        "attachment": paper.pk,
    }


def _doors_and_changes(world: StudyWorld, sent: Submission, visit: Any) -> dict[str, Any]:
    """An arrival that waits, a sender, a planned move and a withdrawal of consent."""
    site, person = world.sites[0], world.users["site_user"]
    with acting(BUILDER):
        arrival = Arrival(
            study=world.study,
            study_site=site,
            door="dicom",
            source="X",
            responsible=person,
            number=1,
        )
        arrival.save()
        examination = ArrivedExamination(
            study=world.study,
            arrival=arrival,
            study_site=site,
            number=1,
            facts={"images": 1, "series": 1, "modalities": ["CT"], "bytes": 1, "named": []},
        )
        examination.save()
        peer = DicomPeer(
            study=world.study,
            study_site=site,
            calling_title=f"PACS_{world.study.code}"[:16],
            addresses="192.0.2.1",
            responsible=person,
        )
        peer.save()
        move = Move(
            study=world.study, submission=sent, target=visit, reason="a test", planned_by=person
        )
        move.save()
        withdrawal = ConsentWithdrawal(
            study=world.study,
            subject=sent.subject,
            withdrawn_on=clock.today(),
            scope="collection",
            source="a test",
            policy={"data": "keep", "originals": "destroy", "images": "keep"},
            state_before="enrolled",
            recorded_by=person,
        )
        withdrawal.save()
    return {
        "arrival": arrival.pk,
        "examination": examination.pk,
        "dicom_peer": peer.pk,
        "move": move.pk,
        "withdrawal": withdrawal.pk,
    }


def _validation_report(world: StudyWorld) -> int:
    """A report that says that nothing was found; what it is about does not matter to an address."""
    design = Configuration.objects.filter(kind="read_design").first()
    with acting(BUILDER):
        made = ValidationReport(
            study=world.study,
            design=design,
            design_digest=design.digest,
            passed=False,
            facts={"lines": [], "passed": 0, "failed": 1, "traced": 0, "engines": {},
                   **{one: {"label": "", "digest": ""} for one in ("design", "form", "blinding")}},
            digest="0" * 64,
            pdf=b"%PDF-1.7",
            asked_by="somebody",
        )  # fmt: skip
        made.save()
    return int(made.pk)


def _truth(world: StudyWorld) -> object:
    point = world.time_points(world.subjects[0])[0]
    with acting(BUILDER):
        made = TruthRecord(
            study=world.study,
            subject=point.subject,
            time_point=point,
            form_record=forms.start(Configuration.objects.get(key="ecrf_recist11"), actor=BUILDER),
        )
        made.save()
    return made.pk


def _draft_of_the_charter(world: StudyWorld) -> object:
    return start_from_template(world.study, "single", actor=BUILDER).pk


def _reader(world: StudyWorld) -> dict[str, object]:
    desk = world.actor("reviewer_operations")
    values = {"specialty": "Radiology", "country": "SE"}
    reader = register.enter(world.users["central_reader"], values, actor=desk)
    content = b"%PDF-1.7 of somebody"
    reader = register.file_cv(reader, "cv.pdf", content, clock.today(), actor=desk)
    (row,) = onboarding.invite(world.study, [reader], actor=desk)
    return {"reader": reader.pk, "onboarding": row.pk, **_training_and_fees(world, reader)}


def _training_and_fees(world: StudyWorld, reader: Reader) -> dict[str, object]:
    """A training case with an attempt, and a statement of fees."""
    subject, study = world.subjects[0], world.study
    with acting(BUILDER):
        case = TrainingCase(
            study=study,
            subject=subject,
            title="Case",
            design=Configuration.objects.get(kind="read_design", state="effective"),
        )
        case.save()
        stream = add_stream(subject, reader.user, "reader_1", "seed of a case", "training")
        attempt = TrainingAttempt(
            study=study, case=case, reader=reader.user, stream=stream, number=1
        )
        attempt.save()
        statement = FeeStatement(
            study=study, reader=reader, month=date(2026, 1, 1), currency="EUR", total=Decimal(0)
        )
        statement.save()
        escalation = ReaderEscalation(study=study, reader=reader, rule="late", tasks=[])
        escalation.save()
        meeting = ReaderMeeting(
            study=study,
            kind="training",
            title="Charter",
            held_on=date(2026, 1, 8),
            duration_minutes=60,
        )
        meeting.save()
    return {
        "escalation": escalation.pk,
        "meeting": meeting.pk,
        "training_case": case.pk,
        "training_attempt": attempt.pk,
        "fee_statement": statement.pk,
    }


def _dossier_change(world: StudyWorld, visit: TimePoint) -> dict[str, object]:
    """A decision that waits about a revised dossier, and the address of an opening never made."""
    due = clock.now()
    with acting(BUILDER):
        row = DossierChange(
            study=world.study,
            time_point=visit,
            from_version=1,
            to_version=2,
            due_at=due,
            due_by="plan",
        )
        row.save()
    return {"dossier_change": row.pk, "dossier_opening": uuid4()}


def _question(world: StudyWorld) -> dict[str, object]:
    """A question about a read of the second subject, which waits for it."""
    ready(world, world.time_points(world.subjects[1])[0])
    run_jobs()
    task = task_of(world, "central_reader", 1, subject=1)
    row = questions.ask(task, "Was contrast given?", actor=reader(world, "central_reader"))
    return {"question": row.pk, "asked_task": task.pk}


def _asked(world: StudyWorld, subject: Any) -> ConfirmationRequest:
    """A site's question about progression that was answered."""
    now = clock.now()
    with acting(BUILDER):
        asked = ConfirmationRequest(
            study=world.study,
            subject=subject,
            time_point=world.time_points(subject)[1],
            asked_by=world.users["site_user"],
            opinion="PD",
            why="New lesion",
            due_at=now,
            due_by="plan",
            outcome="confirmed",
            basis="agreement",
            answered_at=now,
        )
        asked.save()
    return asked


def _imported(world: StudyWorld) -> Any:
    content = b"Subject,Visit,Reader,Response\n101-001,Baseline,R1,SD\n"
    desk = world.actor("data_manager")
    return imports.read_in(world.study, content, name="old.csv", origin="Site reads", actor=desk)


def _variability(world: StudyWorld) -> Any:
    wanted = variability.Wanted("Variability", 50, 0, 28)
    return variability.plan(world.study, wanted, actor=world.actor("scientific"))


def _cut(world: StudyWorld) -> DataCut:
    """Release a cut of one file."""
    _configure(
        world, Configuration.Kind.TRANSFER, "transfer", "Transfer", {"datasets": sorted(BUILDERS)}
    )
    cut = plan_cut(
        world.study,
        title="Interim cut 1",
        cut_off=clock.today(),
        planned_for=clock.today(),
        actor=world.actor("data_manager"),
    )
    content = b"STUDYID\r\n"
    CutFile.objects.create(
        study=world.study,
        cut=cut,
        name="tr.csv",
        sha256=deliveries().put_bytes(content),
        size=len(content),
    )
    for name in ("start_cleaning", "freeze", "generate"):
        DATA_CUT.move(cut, name, actor=BUILDER)
    assent = world.assent("data_manager", "release")
    return DATA_CUT.move(cut, "release", actor=world.actor("data_manager"), assent=assent)
