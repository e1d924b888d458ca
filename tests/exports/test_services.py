"""The rules of data cuts: planning, freezing, releasing, receiving, proving (CUT-*, T16)."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from accounts.signatures import signatures_of
from audit import clock
from audit.actors import acting
from audit.errors import IllegalStep, NotPermitted, ReasonRequired, RuleBroken, SignatureRequired
from audit.models import Event
from exports import comparison, services
from exports.corrections import corrected
from exports.models import DataCut
from imaging.storage import deliveries
from queries.services import answer
from studies.models import TimePoint
from studies.scoping import scope
from tests.exports.cut_world import (
    FILES,
    REASON,
    cleaned,
    content,
    generated,
    hashes,
    make_cut_study,
    manager,
    released,
    rows,
)
from tests.queries.query_world import CONFIRM, ask
from tests.world import BUILDER, StudyWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Any:
    made = make_cut_study(reads=False)
    with scope(made.study):
        yield made


def test_a_cut_needs_a_title_and_a_delivery_after_its_cut_off(world: StudyWorld) -> None:
    day = clock.today()
    for title, planned, rule in (
        (" ", day, "CUT-003"),
        ("Cut", day - timedelta(days=1), "CUT-001"),
    ):
        with pytest.raises(RuleBroken) as refused:
            services.plan_cut(
                world.study, title=title, cut_off=day, planned_for=planned, actor=manager(world)
            )
        assert refused.value.rule == rule
    with pytest.raises(NotPermitted):
        services.plan_cut(
            world.study,
            title="Cut",
            cut_off=day,
            planned_for=day,
            actor=world.actor("project_manager"),
        )
    assert not DataCut.objects.exists()


def test_freezing_with_open_items_needs_a_reason_and_keeps_the_list(world: StudyWorld) -> None:
    ask(world, requests=[CONFIRM])
    cut = cleaned(world)
    assert [(i.kind, i.why) for i in services.open_items(cut)] == [("Query", "open")]
    with pytest.raises(ReasonRequired) as refused:
        services.freeze(cut, actor=manager(world))
    assert refused.value.rule == "CUT-002"
    cut.refresh_from_db()
    assert cut.state == "cleaning"
    assert cut.items.count() == 0
    frozen = services.freeze(cut, actor=manager(world), reason=REASON)
    assert frozen.state == "frozen"
    assert frozen.open_items_reason == REASON
    assert [item["label"] for item in frozen.open_items] == ["Q-0001 (101-001 Baseline)"]
    assert frozen.item_count == frozen.items.count() > 0


def test_a_query_opened_after_the_cut_off_is_no_open_item_of_the_cut(world: StudyWorld) -> None:
    cut = cleaned(world)
    with clock.shifted_by(timedelta(days=3)):
        ask(world, requests=[CONFIRM])
        assert services.open_items(cut) == []


def test_a_cut_goes_its_way_and_is_signed_twice(world: StudyWorld) -> None:
    cut = generated(world)
    assert set(hashes(cut)) == FILES
    assert cut.open_items == []
    with pytest.raises(SignatureRequired):
        services.release(cut, actor=manager(world), assent=None)
    sponsor = world.actor("sponsor")
    receipt = world.assent("sponsor", "receipt")
    with pytest.raises(IllegalStep):
        services.acknowledge(cut, actor=sponsor, assent=receipt)
    cut = services.release(
        cut, actor=manager(world), assent=world.assent("data_manager", "release")
    )
    with pytest.raises(NotPermitted):
        services.acknowledge(cut, actor=manager(world), assent=receipt)
    cut = services.acknowledge(cut, actor=sponsor, assent=receipt)
    assert cut.state == "acknowledged"
    assert [(s.signature.meaning, s.valid) for s in signatures_of(cut)] == [
        ("release", True),
        ("receipt", True),
    ]


def test_recipients_take_files_only_after_the_release_and_each_taking_is_kept(
    world: StudyWorld,
) -> None:
    cut = generated(world)
    file = cut.files.select_related("cut").get(name="subjects.csv")
    with pytest.raises(NotPermitted) as refused:
        services.note_download(file, actor=world.actor("sponsor"))
    assert refused.value.rule == "CUT-004"
    services.note_download(file, actor=manager(world))
    services.release(cut, actor=manager(world), assent=world.assent("data_manager", "release"))
    file = cut.files.select_related("cut").get(name="subjects.csv")
    services.note_download(file, actor=world.actor("sponsor"))
    taken = Event.objects.filter(kind="datacut.download")
    assert [event.actor_role for event in taken] == ["data_manager", "sponsor"]
    assert {event.details["sha256"] for event in taken} == {file.sha256}


def test_verifying_makes_the_files_again_and_finds_a_damaged_one(world: StudyWorld) -> None:
    planned = cleaned(world, "Later cut")
    with pytest.raises(RuleBroken) as refused:
        services.verify(planned, actor=manager(world))
    assert refused.value.rule == "CUT-006"
    cut = released(world)
    assert services.verify(cut, actor=world.actor("quality_auditor")) == []
    with pytest.raises(NotPermitted):
        services.verify(cut, actor=world.actor("sponsor"))
    file = cut.files.get(name="subjects.csv")
    store = deliveries()
    path = store.root / store.name_of(file.sha256)
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole.replace(b"101-001", b"101-009"))
    try:
        assert services.verify(cut, actor=manager(world)) == ["subjects.csv"]
    finally:
        path.write_bytes(whole)
    assert Event.objects.filter(kind="datacut.verify").last().details == {
        "differ": ["subjects.csv"]
    }


def test_a_frozen_cut_stays_and_the_next_one_carries_what_happened_since() -> None:
    """T16: edit everything afterwards; files and hashes of the cut stay as they were."""
    world = make_cut_study()
    with scope(world.study):
        query = ask(world, requests=[CONFIRM])
        cut = released(world)
        before = hashes(cut)
        assert corrected([cut]) == {}

        answer(query, text="Nothing is cut.", actor=world.actor("site_user"))
        subject, site, study = world.subjects[0], world.sites[0], world.study
        with acting(BUILDER, "correction for the test"):
            point = TimePoint.objects.get(subject=subject, label="Week 8")
            point.label = "Week 9"
            point.save()
            subject.code = "101-900"
            subject.save()
            site.number = "999"
            site.save()
            study.protocol_number = "P-RENAMED"
            study.save()
            user = world.users["central_reader"]
            user.printed_name = "Dr Other Name"
            user.save()
        cut = DataCut.objects.select_related("study", "specification").get(pk=cut.pk)
        assert services.differences(cut) == []
        assert hashes(cut) == before
        assert {r["STUDYID"] for r in rows(cut, "tu.csv")} == {"P-ALPHA"}
        assert b"101-900" not in content(cut, "tr.csv")

        words = corrected([cut])[cut.pk]
        assert sorted(words) == ["Subject 101-900", "Time point Week 9"]

        later = generated(world, "Safety cut 2")
        assert {r["STUDYID"] for r in rows(later, "tu.csv")} == {"P-RENAMED"}
        assert [r["SUBJID"] for r in rows(later, "subjects.csv")] == ["101-900", "201-002"]
        assert corrected([later]) == {}
        assert comparison.previous_of(later) == cut
        found = {one.name: one for one in comparison.compare(cut, later)}
        assert (found["queries"].added, found["queries"].removed, found["queries"].changed) == (
            0,
            0,
            1,
        )
        changed = dict((column, (was, now)) for column, was, now in found["queries"].rows[0].values)
        assert changed["STATUS"] == ("OPEN", "ANSWERED")
        assert changed["SITEID"] == ("101", "999")
        # USUBJID begins with the protocol number and names every row: all are removed and added.
        assert (found["subjects"].added, found["subjects"].removed) == (2, 2)
        assert (found["tu"].added, found["tu"].removed) == (6, 6)
