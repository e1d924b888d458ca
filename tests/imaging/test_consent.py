"""Withdrawal of consent: what stops, what stays, what is destroyed, and the proof of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from django.urls import reverse

from audit import clock, jobs
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken, SignatureRequired
from audit.models import Event, Job
from imaging.doors.sorting import open_visits
from imaging.models import ConsentWithdrawal, Destruction, Instance, Submission
from imaging.services import consent, destruction, submission
from imaging.storage import research
from imaging.storage.keys import submission_key
from reads.models import ReadTask
from reads.services import planning
from studies.scoping import scope
from studies.services import configuration
from tests.imaging.test_doors import files, scan, sender, sorted_now
from tests.imaging.upload_world import draft, in_qc, make_imaging_study, received
from tests.world import BUILDER, PLAN, StudyWorld, logged_in

pytestmark = pytest.mark.django_db

SOURCE = "site letter of 05 Mar 2026, signed by the investigator"


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_imaging_study()
    with scope(made.study):
        yield made


def configure_reads(world: StudyWorld) -> None:
    """Give a study its read design and two qualified readers."""
    from reads.services import qualifying
    from tests.reads.read_world import BLINDING, DESIGN, READERS
    from tests.world import _configure

    _configure(world, "blinding", "blinding", "Blinding B-1", BLINDING)
    _configure(world, "read_design", "design", "Read design", DESIGN)
    for name in READERS:
        qualifying.qualify(world.users[name], world.study, actor=world.actor("project_manager"))


def rule(world: StudyWorld, **asked: str) -> None:
    """Let the protocol ask for something else than the default."""
    made = configuration.draft(
        world.study,
        kind="plan",
        key="plan",
        title="Project plan",
        document={**PLAN, "consent": asked},
        actor=world.actor("scientific"),
    )
    configuration.approve(
        made, actor=world.actor("scientific"), assent=world.assent("scientific", "approval")
    )
    configuration.make_effective(made, actor=BUILDER)


def withdrawn(world: StudyWorld, extent: str, **how: Any) -> ConsentWithdrawal:
    facts: dict[str, Any] = {
        "withdrawn_on": clock.today() - timedelta(days=1),
        "scope": extent,
        "source": SOURCE,
        "reason": "",
        "actor": world.actor("project_manager"),
    }
    return consent.record_withdrawal(world.subjects[0], **{**facts, **how})


def carried_out(row: ConsentWithdrawal) -> ConsentWithdrawal:
    (job,) = Job.objects.filter(kind="imaging.consent", object_id=str(row.pk))
    assert jobs.run(str(job.pk)) == "done", Job.objects.get(pk=job.pk).error
    row.refresh_from_db()
    return row


def test_nothing_more_is_received_through_any_door(world: StudyWorld, tmp_path: Path) -> None:
    point = world.time_points(world.subjects[0])[0]
    withdrawn(world, "collection")
    with pytest.raises(RuleBroken, match="Consent of subject"):
        submission.start(point, actor=world.actor("site_user"))
    from imaging.services import doors

    folder = scan(world, tmp_path, patient_id=world.subjects[0].code)
    arrival, _ = doors.receive(sender(world), files(folder), actor=world.actor("site_user"))
    (examination,) = sorted_now(world, arrival)
    assert examination.why == "Consent of the subject that the headers name was withdrawn."
    with pytest.raises(RuleBroken, match="Consent of subject"):
        doors.assign(examination, point, actor=world.actor("image_operations"), reason="x")
    assert point not in open_visits(world.sites[0].pk, world.study)
    assert not Submission.objects.exists()


def test_a_draft_is_stopped_and_cannot_be_signed_any_more(
    world: StudyWorld, tmp_path: Path
) -> None:
    row = draft(world)
    withdrawn(world, "collection")
    row.refresh_from_db()
    assert row.state == "withdrawn"
    result = next(r for r in submission.guards(row) if r.id == "CON-001")
    assert not result.ok


def test_no_further_images_lets_what_was_received_go_on(world: StudyWorld, tmp_path: Path) -> None:
    row = in_qc(world, tmp_path)
    made = carried_out(withdrawn(world, "collection"))
    row.refresh_from_db()
    assert row.state == "in_qc"
    assert submission_key(row.pk)
    assert not Destruction.objects.exists()
    assert made.outcome["stopped"] == ["Week 8 is not done.", "Week 16 is not done."]


def test_no_further_processing_stops_submissions_and_destroys_the_originals(
    world: StudyWorld, tmp_path: Path
) -> None:
    row = received(world, tmp_path)
    made = carried_out(withdrawn(world, "processing"))
    row.refresh_from_db()
    row.time_point.refresh_from_db()
    assert (row.state, row.time_point.state) == ("withdrawn", "not_done")
    with pytest.raises(RuleBroken, match="destroyed"):
        submission_key(row.pk)
    proof = Destruction.objects.get()
    digests = list(row.files.values_list("sha256", flat=True))
    assert (proof.what, proof.count, proof.withdrawal) == ("originals", 12, made)
    assert proof.list_digest == destruction.list_digest(digests)
    assert proof.byte_count == row.byte_count
    assert [job.state for job in jobs.of(row) if job.kind == "imaging.process"] == ["cancelled"]
    assert f"{row} was stopped; its state was “Received”." in made.outcome["stopped"]
    page = logged_in(world, "project_manager").get(
        reverse("submission", args=[world.study.code, row.pk])
    )
    assert "Consent was withdrawn on" in page.content.decode()
    assert "Consent and proof" in page.content.decode()
    assert "QC answer due" not in page.content.decode()


def test_clean_images_stay_unless_the_protocol_asks_to_destroy_them(
    world: StudyWorld, tmp_path: Path
) -> None:
    row = in_qc(world, tmp_path)
    digests = list(Instance.objects.values_list("sha256", flat=True))
    carried_out(withdrawn(world, "use"))
    assert all(research().exists(one) for one in digests)
    assert not Destruction.objects.filter(submission=row, what="outputs").exists()


def test_clean_images_are_destroyed_when_the_protocol_asks_for_it(
    world: StudyWorld, tmp_path: Path
) -> None:
    rule(world, images="destroy")
    row = in_qc(world, tmp_path)
    digests = list(Instance.objects.values_list("sha256", flat=True))
    carried_out(withdrawn(world, "use"))
    assert not any(research().exists(one) for one in digests)
    proof = Destruction.objects.get(submission=row, what="outputs")
    assert proof.count >= len(digests)
    # The rows stay and say that the images were there.
    assert Instance.objects.filter(series__submission=row).count() == len(digests)


def test_reads_that_are_not_signed_are_held(world: StudyWorld, tmp_path: Path) -> None:
    from tests.imaging.test_moving import passed

    passed(world, in_qc(world, tmp_path))
    configure_reads(world)
    planning.plan_reads(world.subjects[0], actor=world.actor("reviewer_operations"))
    made = withdrawn(world, "processing")
    assert set(ReadTask.objects.values_list("state", flat=True)) == {"on_hold"}
    assert made.outcome["stopped"].count("A read of Baseline is on hold.") == 2


@pytest.mark.parametrize(
    ("extent", "asked", "left_out"),
    [
        ("collection", {}, False),
        ("processing", {}, False),
        ("processing", {"data": "exclude"}, True),
        ("use", {}, True),
    ],
)
def test_cuts_keep_or_leave_out_the_subject_by_the_protocol(
    world: StudyWorld, extent: str, asked: dict[str, str], left_out: bool
) -> None:
    from exports.models import DataCut
    from exports.snapshot import rows_of
    from studies.models import Configuration, Subject

    if asked:
        rule(world, **asked)
    withdrawn(world, extent)
    asks = Configuration(document={"datasets": []})
    today = clock.today(world.study.time_zone)
    cut = DataCut(study=world.study, cut_off=today, specification=asks)
    held = {row.pk for row in rows_of(cut) if isinstance(row, Subject)}
    assert (world.subjects[0].pk not in held) == left_out
    assert world.subjects[1].pk in held


def test_a_rule_that_makes_no_sense_is_refused(world: StudyWorld) -> None:
    with pytest.raises(RuleBroken, match=r"consent\.data"):
        rule(world, data="forget")


def test_a_withdrawal_has_a_day_a_scope_and_a_source(world: StudyWorld) -> None:
    with pytest.raises(RuleBroken, match="in the future"):
        withdrawn(world, "use", withdrawn_on=clock.today() + timedelta(days=2))
    with pytest.raises(RuleBroken, match="who reported"):
        withdrawn(world, "use", source=" ")
    with pytest.raises(RuleBroken, match="who reported"):
        withdrawn(world, "everything")
    with pytest.raises(NotPermitted):
        withdrawn(world, "use", actor=world.actor("image_operations"))
    with pytest.raises(NotPermitted, match="own sites"):
        withdrawn(world, "use", actor=world.actor("site_user", "site_user_2"))
    withdrawn(world, "use", actor=world.actor("site_user"))
    with pytest.raises(Conflict, match="recorded already"):
        withdrawn(world, "use")


def test_the_trail_says_who_recorded_what_and_why(world: StudyWorld) -> None:
    row = withdrawn(world, "use", withdrawn_on=date(2026, 3, 5))
    event = Event.objects.get(kind="consentwithdrawal.record")
    assert event.reason == f"consent withdrawn on 05 Mar 2026, reported by {SOURCE}"
    assert event.details == {"scope": "use"}
    world.subjects[0].refresh_from_db()
    assert world.subjects[0].state == "withdrawn"
    assert row.recorded_by == world.users["project_manager"]


def test_only_a_signed_correction_undoes_it_and_what_is_gone_stays_gone(
    world: StudyWorld, tmp_path: Path
) -> None:
    row = received(world, tmp_path)
    made = carried_out(withdrawn(world, "processing"))
    manager = world.actor("project_manager")
    assent = world.assent("project_manager", consent.MEANING)
    with pytest.raises(ReasonRequired):
        consent.correct(made, actor=manager, reason=" ", assent=assent)
    with pytest.raises(SignatureRequired):
        consent.correct(made, actor=manager, reason="wrong subject", assent=None)  # type: ignore[arg-type]
    with pytest.raises(NotPermitted):
        consent.correct(made, actor=world.actor("site_user"), reason="wrong subject", assent=assent)
    consent.correct(made, actor=manager, reason="wrong subject: 101-002 was meant", assent=assent)
    subject = world.subjects[0]
    subject.refresh_from_db()
    assert subject.state == "enrolled"
    assert {point.state for point in subject.time_points.all()} == {"expected"}
    row.refresh_from_db()
    assert row.state == "withdrawn"
    assert Destruction.objects.exists()
    again = submission.start(world.time_points(subject)[0], actor=world.actor("site_user"))
    assert again.state == "draft"
    made.refresh_from_db()
    assert (made.state, made.corrected_reason) == (
        "corrected",
        "wrong subject: 101-002 was meant",
    )


def test_the_printed_record_carries_the_proof(world: StudyWorld, tmp_path: Path) -> None:
    from ui import paper

    received(world, tmp_path)
    row = carried_out(withdrawn(world, "processing"))
    made = paper.pdf(
        "imaging/paper/withdrawal.typ", consent.record_facts(row), made_at=row.recorded_at
    )
    document = pypdfium2.PdfDocument(BytesIO(made))
    text = "".join(page.get_textpage().get_text_range() for page in document)
    flat = "".join(text.split())
    proof = Destruction.objects.get()
    assert world.subjects[0].code in text
    assert "Withdrawal of consent" in text
    assert "".join(SOURCE.split()) in flat
    assert proof.list_digest in flat


def test_doing_it_again_changes_nothing(world: StudyWorld, tmp_path: Path) -> None:
    received(world, tmp_path)
    row = carried_out(withdrawn(world, "processing"))
    (job,) = Job.objects.filter(kind="imaging.consent")
    consent.run(job, str(row.pk))
    assert Destruction.objects.count() == 1
    assert Event.objects.filter(kind="consentwithdrawal.carry_out").count() == 1
