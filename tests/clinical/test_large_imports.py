"""A large file: judged and imported by background work that may be killed at any moment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from accounts.models import Notice
from audit import jobs
from audit.actors import acting
from audit.errors import Conflict, RuleBroken
from audit.models import Event, Job
from clinical.definition import Entered
from clinical.models import Dossier, DossierImport, DossierItem
from clinical.services import dossiers, entering, importing, imports
from studies.models import Membership, TimePoint
from studies.scoping import scope
from tests.audit.test_jobs_twice import contents, run_everything_again, run_waiting
from tests.clinical.clinical_world import baseline, define, requested
from tests.world import BUILDER, StudyWorld, logged_in, make_study

HEAD = "Subject,Time point,Item,Row,Value,Unit,Date"
OURS = "clinical."


@pytest.fixture
def world(db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[StudyWorld]:
    monkeypatch.setattr(imports, "AT_ONCE", 2)
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        define(world)
        yield world


def sheet(world: StudyWorld, psa: str = "4.2") -> bytes:
    rows = [HEAD]
    for subject in world.subjects[:2]:
        rows += [
            f"{subject.code},Baseline,psa,,{psa},ng/mL,2026-01-05",
            f"{subject.code},Baseline,prior_therapy.agent,1,carboplatin,,",
        ]
    return "\n".join(rows).encode()


def read_in(world: StudyWorld, content: bytes) -> DossierImport:
    partner = world.actor("clinical_data_partner")
    return importing.read_in(
        world.study, content, name="x.csv", reason="first delivery", actor=partner
    )


def begun(world: StudyWorld, content: bytes = b"") -> DossierImport:
    """Return a file that was read in, judged, and of which the import was asked for."""
    row = read_in(world, content or sheet(world))
    run_waiting(OURS)
    importing.take_over(row, actor=world.actor("clinical_data_partner"))
    row.refresh_from_db()
    return row


def ended(row: DossierImport) -> DossierImport:
    run_waiting(OURS)
    row.refresh_from_db()
    return row


def url(name: str, row: DossierImport) -> str:
    return reverse(name, args=["ALPHA", row.pk])


def test_a_large_file_is_judged_and_imported_in_the_background(world: StudyWorld) -> None:
    row = read_in(world, sheet(world))
    with pytest.raises(RuleBroken, match="dry run of this file is not finished"):
        importing.take_over(row, actor=world.actor("data_manager"))
    run_waiting(OURS)
    found = importing.last_dry_run(row)
    assert found is not None
    assert (found.changes, found.dossiers, found.problems) == (4, 2, 0)
    assert [(one.number, one.outcome) for one in importing.lines_of(found)] == [
        (2, "new"), (3, "new"), (4, "new"), (5, "new"),
    ]  # fmt: skip
    assert not Dossier.objects.exists()

    assert importing.take_over(row, actor=world.actor("clinical_data_partner")) is None
    row.refresh_from_db()
    assert (row.state, Dossier.objects.count()) == ("importing", 0)
    assert ended(row).state == "imported"
    made = importing.last_import(row)
    assert made is not None
    assert (made.changes, made.dossiers, made.received, made.lines) == (4, 2, 2, [])
    assert set(Dossier.objects.values_list("state", flat=True)) == {"received"}
    partner = world.users["clinical_data_partner"]
    assert set(DossierItem.objects.values_list("entered_by_id", flat=True)) == {partner.pk}
    assert set(DossierItem.objects.values_list("batch_id", flat=True)) == {row.pk}
    assert (
        Event.objects.get(kind="dossierimport.take_over").actor_login == partner.email
    )  # whoever asked is who imported

    run_waiting()
    notice = Notice.objects.get(kind="dossierimport.take_over")
    assert (notice.user, notice.text) == (
        partner, "A file of the clinical CRO was imported in study ALPHA.",
    )  # fmt: skip

    before = contents()
    assert run_everything_again(OURS) == {"clinical.check_import", "clinical.import"}
    assert contents() == before


def test_an_import_that_was_killed_goes_on_and_writes_nothing_twice(
    world: StudyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = begun(world)
    job = Job.objects.get(kind=importing.IMPORT)
    write, calls = imports.write, []

    def killed(*args: object, **named: object) -> int:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return write(*args, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "write", killed)
    with pytest.raises(KeyboardInterrupt):
        jobs.run(str(job.pk))
    monkeypatch.setattr(imports, "write", write)
    assert Dossier.objects.count() == 1
    first = Dossier.objects.get()

    # Meanwhile a person corrects what the killed run wrote: the next run leaves that alone.
    partner = world.actor("clinical_data_partner")
    dossiers.refuse(first, actor=world.actor("data_manager"), reason="wrong unit of the laboratory")
    entering.enter(first, "psa", Entered(value="9.9", unit="ng/mL"), actor=partner)

    Job.objects.filter(pk=job.pk).update(state="pending", lease_until=None)
    assert ended(row).state == "imported"
    made = importing.last_import(row)
    assert made is not None
    assert (made.changes, made.dossiers) == (4, 2)
    assert DossierItem.objects.get(dossier=first, code="psa").value == "9.9"
    work = Event.objects.filter(kind="dossier.enter", details__work=job.key)
    assert work.count() == 2


def test_an_import_that_stopped_for_good_is_taken_up_again_by_hand(
    world: StudyWorld,
) -> None:
    row = begun(world)
    job = Job.objects.get(kind=importing.IMPORT)
    with pytest.raises(Conflict, match="being imported already"):
        importing.take_over(row, actor=world.actor("data_manager"))
    jobs.cancel(job)
    importing.take_over(row, actor=world.actor("data_manager"))
    assert ended(row).state == "imported"
    assert Job.objects.filter(kind=importing.IMPORT).count() == 1


def test_one_wrong_row_keeps_a_large_file_out(world: StudyWorld) -> None:
    content = sheet(world) + f"\n{world.subjects[1].code},Week 99,psa,,4,ng/mL,".encode()
    row = read_in(world, content)
    run_waiting(OURS)
    with pytest.raises(RuleBroken, match="1 row has a problem"):
        importing.take_over(row, actor=world.actor("data_manager"))
    assert not Dossier.objects.exists()


def test_what_became_wrong_between_the_dry_run_and_the_import_keeps_all_of_it_out(
    world: StudyWorld,
) -> None:
    row = begun(world)
    mine = requested(world, baseline(world, 1))
    partner = world.actor("clinical_data_partner")
    entering.enter(mine, "psa", Entered(value="7", unit="ng/mL"), actor=partner)
    entering.enter(mine, "prior_therapy", Entered(rows=({"agent": "docetaxel"},)), actor=partner)
    dossiers.receive(mine, actor=partner)
    assert ended(row).state == "draft"
    made, again = importing.last_import(row), importing.last_dry_run(row)
    assert made is not None
    assert again is not None
    assert (made.changes, [line[0] for line in made.lines]) == (0, [4, 5])
    assert again.problems == 2
    assert Dossier.objects.get() == mine


def test_a_dossier_that_somebody_changes_during_the_import_is_left_out_row_by_row(
    world: StudyWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = begun(world)
    partner, points_of = world.actor("clinical_data_partner"), imports.points_of

    def meanwhile(*args: object) -> dict[str, TimePoint]:
        mine = requested(world, baseline(world, 1))
        entering.enter(mine, "psa", Entered(value="7", unit="ng/mL"), actor=partner)
        return points_of(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "points_of", meanwhile)
    assert ended(row).state == "draft"
    made = importing.last_import(row)
    assert made is not None
    assert (made.changes, made.dossiers, made.received) == (2, 1, 1)
    why = "Somebody changed this item while the file was being imported."
    assert [(one.number, one.item, one.problem) for one in importing.lines_of(made)] == [
        (4, "psa", why),
        (5, "prior_therapy.agent", why),
    ]
    # The dry run that follows shows what is still to be decided; the rest is held already.
    monkeypatch.setattr(imports, "points_of", points_of)
    again = importing.last_dry_run(row)
    assert again is not None
    assert [outcome for _, outcome, _ in again.lines] == ["same", "same", "changed", "new"]
    importing.take_over(row, actor=partner)
    assert ended(row).state == "imported"
    assert Dossier.objects.filter(state="received").count() == 2


def test_nothing_is_imported_for_somebody_who_lost_the_right(world: StudyWorld) -> None:
    row = begun(world)
    with acting(BUILDER):
        for held in Membership.objects.filter(
            study=world.study, user=world.users["clinical_data_partner"]
        ):
            held.period = (held.period.lower, held.period.lower)
            held.save()
    assert ended(row).state == "draft"
    assert not Dossier.objects.exists()
    last = Event.objects.filter(kind="dossierimport.leave").get()
    assert last.reason == "Whoever asked for the import may not enter items here any more."


def test_the_page_follows_the_work_and_shows_each_row(world: StudyWorld) -> None:
    desk = logged_in(world, "clinical_data_partner")
    row = read_in(world, sheet(world))
    page = desk.get(url("dossier-import", row)).content.decode()
    assert '<span aria-current="page">x.csv</span>' in page
    assert "Dry run of every row" in page
    assert "hx-get" in page
    run_waiting(OURS)
    assert desk.get(url("dossier-import-job", row))["HX-Refresh"] == "true"
    page = desk.get(url("dossier-import", row)).content.decode()
    assert "4 items of 2 dossiers are new or differ and can be imported." in page
    answer = desk.post(url("dossier-import-take-over", row), follow=True).content.decode()
    assert "The import begins." in answer
    assert "Import of the items" in answer
    jobs.cancel(Job.objects.get(kind=importing.IMPORT))
    page = desk.get(url("dossier-import", row)).content.decode()
    assert "Go on importing" in page
    desk.post(url("dossier-import-take-over", row))
    run_waiting(OURS)
    page = desk.get(url("dossier-import", row)).content.decode()
    assert "Imported items" in page
    assert "carboplatin" not in page  # a table tells its rows
    assert "1 row" in page


def test_machines_are_told_when_the_background_works(world: StudyWorld) -> None:
    base = "/api/v1/studies/ALPHA/dossier-imports/"
    partner = logged_in(world, "clinical_data_partner")
    file = SimpleUploadedFile("x.csv", sheet(world))
    made = partner.post(base, {"file": file, "reason": "first"}).json()
    one = f"{base}{made['id']}/"
    assert (made["rows"], made["state"]) == (4, "draft")
    assert partner.get(f"{one}dry-run/").status_code == 409
    run_waiting(OURS)
    assert [line["outcome"] for line in partner.get(f"{one}dry-run/").json()] == ["new"] * 4
    begun = partner.post(f"{one}take-over/")
    assert (begun.status_code, begun.json()["state"]) == (202, "importing")
    run_waiting(OURS)
    done = partner.get(one).json()
    assert (done["state"], done["last_import"]["dossiers"], done["last_import"]["left_out"]) == (
        "imported", 2, [],
    )  # fmt: skip
