"""A diagnostic study: form-only reads, a hidden standard of truth, accuracy on a page."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Signature
from audit import jobs
from reads.models import ReadTask, TruthRecord, ValidationReport
from reads.services import charters, designing, reading, releasing
from studies.models import Configuration
from studies.scoping import scope
from studies.services import configuration
from tests.imaging.upload_world import make_imaging_study
from tests.queries.query_world import logged_in
from tests.reads.read_world import BLINDING, READERS, ready, run_jobs
from tests.reads.read_world import reader as reader_of
from tests.reads.read_world import sign as sign_read
from tests.world import PASSWORD, StudyWorld, _configure

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    """A study whose released charter is the diagnostic template, with two forms of its own."""
    made = make_imaging_study("ALPHA", "Norvane")
    actor = made.actor("scientific")
    with scope(made.study):
        _configure(made, Configuration.Kind.BLINDING, "blinding", "Blinding B-1", BLINDING)
        for key in ("ecrf_diagnostic", "standard_of_truth"):
            form = designing.begin_from_template(made.study, key, actor=actor)
            configuration.approve(form, actor=actor, assent=made.assent("scientific", "approval"))
            form.refresh_from_db()
            configuration.make_effective(form, actor=actor)
    return made


def diagnostic(world: StudyWorld) -> Configuration:
    return charters.start_from_template(world.study, "diagnostic", actor=world.actor("scientific"))


def released(world: StudyWorld) -> None:
    from reads.services import qualifying

    actor = world.actor("scientific")
    made = diagnostic(world)
    # Without the limits against recall, so that one test can read several visits on one day.
    made = configuration.revise(
        made, {**made.document, "batches": {}, "presentation": "time_sequential"},
        seen_digest=made.digest, actor=actor,
    )  # fmt: skip
    _configure(world, "read_design", "design", "Imaging charter", made.document)
    for name in READERS:
        qualifying.qualify(world.users[name], world.study, actor=world.actor("project_manager"))


def region(name: str, result: str, **more: object) -> dict[str, object]:
    row = {"region": name, "result": result, "confidence": "4", **more}
    return {**row, "lesions": 1} if result == "POSITIVE" and "basis" not in row else row


def test_the_diagnostic_template_passes_its_validation(world: StudyWorld) -> None:
    with scope(world.study):
        made = diagnostic(world)
        row = releasing.ask(made, actor=world.actor("scientific"))
        assert jobs.run(str(row.pk)) == "done", row.error
        report = ValidationReport.objects.get()
        failed = [one for one in report.facts["lines"] if one["result"] == "failed"]
        assert failed == []


def record_truth(world: StudyWorld, client: Client, index: int, *rows: dict[str, object]) -> None:
    point = world.time_points(world.subjects[0])[index]
    opened = client.post(reverse("truth-open", args=["ALPHA", point.pk]))
    record = TruthRecord.objects.get(time_point=point)
    posted: dict[str, object] = {"version": "0"}
    for number, row in enumerate(rows):
        posted[f"row[regions.rows.{number}]"] = "new"
        for name, value in row.items():
            posted[f"answers[regions.rows.{number}.{name}]"] = value
            posted[f"shown[regions.rows.{number}.{name}]"] = "1"
    client.post(reverse("truth-save", args=["ALPHA", record.pk]), posted)
    page = client.get(opened["Location"])
    sign = page.context["sign"]
    assert sign is not None, page.context["form"]
    client.post(
        reverse("truth-sign", args=["ALPHA", record.pk]),
        {"password": PASSWORD, **dict(sign.hidden)},
    )
    record.refresh_from_db()
    assert record.state == "signed"


def test_reads_are_compared_with_the_signed_truth_on_a_page_for_scientific_staff(
    world: StudyWorld,
) -> None:
    with scope(world.study):
        released(world)
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
        said = {
            READERS[0]: [region("LIVER", "POSITIVE"), region("LUNG", "NEGATIVE")],
            READERS[1]: [region("LIVER", "NEGATIVE"), region("LUNG", "INDETERMINATE")],
        }
        for name, rows in said.items():
            task = ReadTask.objects.get(stream__reader=world.users[name])
            session = reading.open_session(task, actor=reader_of(world, name))
            answers = {"quality": {"overall": "ADEQUATE"}, "regions": {"rows": rows}}
            version = session.form_record.version
            reading.save(session, answers, seen_version=version, actor=reader_of(world, name))
            sign_read(world, name, session)
        client = logged_in(world, "scientific")
        basis = {"basis": "HISTOLOGY"}
        record_truth(
            world,
            client,
            0,
            {"region": "LIVER", "result": "POSITIVE", **basis},
            {"region": "LUNG", "result": "NEGATIVE", **basis},
        )
    assert Signature.objects.filter(meaning="standard of truth").count() == 1
    page = client.get(reverse("truth", args=["ALPHA"]))
    first, second = page.context["reached"]
    by_name = {first.reader: first.found, second.reader: second.found}
    # Reader 1 finds the liver and spares the lung; reader 2 misses one and cannot say the other.
    assert by_name["R1"].sensitivity.value == 1.0
    assert by_name["R1"].specificity.value == 1.0
    assert by_name["R2"].sensitivity.value == 0.0
    assert by_name["R2"].specificity.value is None
    assert by_name["R2"].unclear == 1
    text = page.content.decode()
    assert "100.0 %" in text
    assert world.users[READERS[0]].printed_name not in text


@pytest.mark.parametrize("name", ["central_reader", "adjudicator", "sponsor", "site_user"])
def test_nobody_who_reads_sponsors_or_sends_reaches_the_truth(world: StudyWorld, name: str) -> None:
    with scope(world.study):
        released(world)
        ready(world, world.time_points(world.subjects[0])[0])
        point = world.time_points(world.subjects[0])[0]
        logged_in(world, "scientific").post(reverse("truth-open", args=["ALPHA", point.pk]))
        record = TruthRecord.objects.get()
        actor = world.actor(name)
        if name != "sponsor":
            assert not TruthRecord.objects.all().visible_to(actor).exists()
    client = logged_in(world, name)
    for address in (
        reverse("truth", args=["ALPHA"]),
        reverse("truth-record", args=["ALPHA", record.pk]),
    ):
        assert client.get(address).status_code == 403


def test_a_study_without_a_standard_of_truth_says_so(world: StudyWorld) -> None:
    page = logged_in(world, "scientific").get(reverse("truth", args=["ALPHA"])).content.decode()
    assert "No standard of truth" in page
