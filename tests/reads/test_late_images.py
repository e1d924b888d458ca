"""What quality control does to reads: packages that change, resets, and late images decided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from django.urls import reverse

from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.models import Event
from imaging.models import LateImages, Series, Submission
from imaging.services import late, package, qc
from imaging.services.package import Choice
from reads.models import ReadSession, ReadTask
from reads.services import packages, reading
from studies.scoping import scope
from tests.imaging.test_read_package import another, change, pass_it
from tests.imaging.upload_world import in_qc
from tests.reads.read_world import (
    logged_in,
    make_read_study,
    read_baseline,
    run_jobs,
    task_of,
)
from tests.remembering import continued, remembered
from tests.sign_dialogs import typed_into
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


@remembered
def make_accepted() -> tuple[StudyWorld, Submission]:
    made = make_read_study()
    with scope(made.study), TemporaryDirectory() as folder:
        row = pass_it(made, in_qc(made, Path(folder)))
        run_jobs()
    return made, row


@pytest.fixture
def arrived() -> tuple[StudyWorld, Submission]:
    return make_accepted()


@pytest.fixture
def world(arrived: tuple[StudyWorld, Submission]) -> StudyWorld:
    return arrived[0]


@pytest.fixture
def accepted(arrived: tuple[StudyWorld, Submission]) -> Iterator[Submission]:
    """A baseline that passed quality control and waits for two readers."""
    world, row = arrived
    with scope(world.study):
        yield row


def begin(world: StudyWorld, name: str = "central_reader") -> ReadSession:
    return reading.open_session(task_of(world, name), actor=world.actor("central_reader", name))


@continued
def make_late(world: StudyWorld, folder: Path) -> LateImages:
    """Let one reader begin and send images that pass quality control."""
    begin(world)
    row = another(world, Submission.objects.get(), folder)
    pass_it(world, row)
    return LateImages.objects.get(submission=row)


@pytest.fixture
def came_late(world: StudyWorld, accepted: Submission, tmp_path: Path) -> LateImages:
    """Images that came when one reader had begun, and passed quality control."""
    made = make_late(world, tmp_path)
    accepted.refresh_from_db()
    return made


def decide(world: StudyWorld, row: LateImages, decision: str) -> LateImages:
    science = world.actor("scientific")
    late.draft(row, decision=decision, reason="The chest was missing before.", actor=science)
    row.refresh_from_db()
    return late.decide(row, actor=science, assent=world.assent("scientific", late.MEANING))


def test_reads_that_nobody_began_take_a_new_package_by_an_audited_change(
    world: StudyWorld, accepted: Submission
) -> None:
    first = package.released(accepted.time_point)
    assert {t.package for t in ReadTask.objects.all()} == {first}
    series = Series.objects.get(submission=accepted)
    made = change(world, accepted.time_point, [Choice(series, "Liver")], note="clearer name")
    assert {t.package for t in ReadTask.objects.all()} == {made}
    event = Event.objects.filter(kind="readtask.repin").first()
    assert event is not None
    assert event.details == {"from": str(first), "to": str(made)}


def test_a_read_that_has_begun_keeps_its_package(world: StudyWorld, accepted: Submission) -> None:
    begin(world)
    series = Series.objects.get(submission=accepted)
    with pytest.raises(RuleBroken, match="has begun"):
        change(world, accepted.time_point, [Choice(series, "Liver")], note="clearer name")


def test_a_reset_lists_its_effect_on_reads_and_holds_them_until_the_next_decision(
    world: StudyWorld, accepted: Submission
) -> None:
    listed = [one.text for one in qc.reset_consequences(accepted)]
    assert any("Alpha Image Operations" in text for text in listed)
    assert any(text.startswith("2 reads that wait for readers are held") for text in listed)
    qc.reset(accepted, actor=world.actor("scientific"), reason="wrong series was judged")
    assert set(ReadTask.objects.values_list("state", flat=True)) == {"on_hold"}
    accepted.refresh_from_db()
    pass_it(world, accepted)
    held = package.released(accepted.time_point)
    assert held is not None
    assert held.version == 2
    assert {(t.state, t.package) for t in ReadTask.objects.all()} == {("assigned", held)}


def test_after_a_reader_has_begun_the_page_of_the_reset_says_why_it_is_closed(
    world: StudyWorld, accepted: Submission
) -> None:
    begin(world)
    accepted.time_point.refresh_from_db()
    listed = qc.reset_consequences(accepted)
    assert any(one.prevents for one in listed)
    url = reverse("submission-reset", args=[world.study.code, accepted.pk])
    page = logged_in(world, "scientific").get(url)
    assert "Readers have begun" in page.content.decode()


def test_late_images_wait_for_science_and_change_nothing_by_themselves(
    world: StudyWorld, came_late: LateImages
) -> None:
    came_late.time_point.refresh_from_db()
    assert (came_late.state, came_late.time_point.state) == ("open", "reading")
    assert came_late.package == package.released(came_late.time_point)
    assert came_late.due_by.startswith("Project plan v1")
    with pytest.raises(NotPermitted):
        late.draft(
            came_late, decision="no_effect", reason="x", actor=world.actor("image_operations")
        )


def test_no_effect_leaves_reads_and_package_as_they_are(
    world: StudyWorld, came_late: LateImages
) -> None:
    before = package.released(came_late.time_point)
    row = decide(world, came_late, "no_effect")
    assert (row.state, row.decided_by) == ("carried_out", world.users["scientific"])
    assert package.released(came_late.time_point) == before
    with pytest.raises(Conflict):
        late.draft(row, decision="re_read", reason="x", actor=world.actor("scientific"))


def test_a_read_under_way_starts_over_with_the_late_images(
    world: StudyWorld, came_late: LateImages
) -> None:
    row = decide(world, came_late, "re_read")
    held = package.released(came_late.time_point)
    assert held is not None
    assert (held.version, held.entries.count()) == (2, 2)
    assert {(t.state, t.package_id) for t in ReadTask.objects.all()} == {("assigned", held.pk)}
    assert list(ReadSession.objects.values_list("state", flat=True)) == ["voided"]
    assert row.state == "carried_out"
    assert row.outcome == [
        "Read package version 2 holds the late images.",
        "1 read under way started over.",
    ]
    again = begin(world)
    assert (again.version, again.state) == (2, "open")


def test_signed_reads_stay_a_task_of_reviewer_operations_without_a_roll_back_service(
    world: StudyWorld,
    accepted: Submission,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(packages, "_roll_back_service", lambda: None)
    read_baseline(world, "central_reader", "40")
    run_jobs()
    sent = another(world, accepted, tmp_path)
    pass_it(world, sent)
    row = decide(world, LateImages.objects.get(submission=sent), "rollback")
    assert row.state == "decided"
    assert row.outcome[-1].startswith("1 read are signed") or "signed" in row.outcome[-1]
    done = late.declare_carried_out(
        row, actor=world.actor("reviewer_operations"), reason="Rolled back under RB-7."
    )
    assert (done.state, done.outcome[-1]) == ("carried_out", "Rolled back under RB-7.")


def test_the_page_shows_what_each_decision_would_do_and_takes_the_signature(
    world: StudyWorld, came_late: LateImages
) -> None:
    client = logged_in(world, "scientific")
    address = [world.study.code, came_late.pk]
    text = client.get(reverse("late-page", args=address)).content.decode()
    assert "2 reads stay as they are." in text
    assert "not signed yet start over" in text
    empty = client.post(reverse("late-choose", args=address), {"decision": "no_effect"})
    assert empty.status_code == 422
    kept = client.post(
        reverse("late-choose", args=address),
        {"decision": "no_effect", "reason": "Same slices sent again."},
    )
    assert "data-dialog-show" in kept.content.decode()
    wrong = client.post(reverse("late-sign", args=address), typed_into(kept, "not it"))
    assert wrong.status_code == 422
    client.post(reverse("late-sign", args=address), typed_into(kept))
    came_late.refresh_from_db()
    assert (came_late.state, came_late.decision) == ("carried_out", "no_effect")
