"""Late images of a subject that was read, adjudicated and exported: decided, approved, carried out.

Science decides by signature on the late images; that is its approval of the roll-backs that follow,
one for each reader. Project management approves each, and the last one ends the decision (T43).
"""

from __future__ import annotations

from typing import Any

import pytest

from audit.actors import acting, service
from audit.errors import RuleBroken
from audit.models import Event
from audit.trail import entries
from exports import services as cuts
from exports.models import DataCut
from imaging.models import LateImages, Submission
from imaging.services import late
from imaging.workflows import SUBMISSION
from reads.models import Acceptance, ReadSession, ReadTask, RollBack
from reads.services import rollback
from reads.services.rollback import carrying_out
from studies.scoping import scope
from tests.audit.test_jobs_twice import contents
from tests.exports.cut_world import hashes
from tests.reads.oversight_world import exported_world, sign_for
from tests.reads.read_world import READERS, add_series, run_jobs
from tests.world import BUILDER, StudyWorld

pytestmark = pytest.mark.django_db


def came_late(world: StudyWorld) -> LateImages:
    """Let a series come for the second visit after its reads were signed."""
    point = world.time_points(world.subjects[0])[1]
    made = add_series(world, point, slices=4).submission
    for row in Submission.objects.filter(time_point=point):
        with acting(BUILDER):
            row.file_count = 1
            row.save()
        SUBMISSION.move(
            row, "take_over", actor=world.actor("image_operations"), reason="As received."
        )
    return late.open_record(made, actor=service("Late images", study_id=world.study.pk))


def decided(world: StudyWorld) -> LateImages:
    """Decide by signature that the second and later time points are rolled back."""
    science = world.actor("scientific")
    row = late.draft(
        came_late(world), decision="rollback", reason="The chest was missing.", actor=science
    )
    return late.decide(row, actor=science, assent=world.assent("scientific", late.MEANING))


def sessions(world: StudyWorld) -> dict[tuple[str, int], list[str]]:
    """Return reader and place -> states of the versions of that read."""
    found: dict[tuple[str, int], list[str]] = {}
    names = {world.users[name].pk: name for name in READERS}
    for one in ReadSession.objects.select_related("task__stream").order_by("version"):
        found.setdefault((names[one.task.stream.reader_id], one.task.sequence), []).append(
            one.state
        )
    return found


def test_late_images_are_decided_approved_and_carried_out_for_both_readers() -> None:
    world, case, cut = exported_world()
    with scope(world.study):
        before = hashes(cut)
        row = decided(world)
        assert row.state == "decided"
        asked = list(RollBack.objects.order_by("number"))
        assert [one.state for one in asked] == ["science_approved", "science_approved"]
        assert {one.science_by for one in asked} == {world.users["scientific"]}
        # Nothing is voided by a decision alone.
        assert not ReadSession.objects.filter(state="voided").exists()

        sign_for(world, asked[0], "project")
        row.refresh_from_db()
        assert row.state == "decided"
        # The case fell with the first; what is left of the second is on its list.
        case.refresh_from_db()
        assert case.state == "voided"
        sign_for(world, asked[1], "project")
        row.refresh_from_db()
        assert row.state == "carried_out"
        assert row.outcome[-1] == f"Rolled back: {asked[0]}, {asked[1]}."

        one, two = READERS
        assert sessions(world) == {
            (one, 1): ["signed"],
            (one, 2): ["voided"],
            (one, 3): ["voided"],
            (two, 1): ["signed"],
            (two, 2): ["voided"],
        }
        second = world.time_points(world.subjects[0])[1]
        assert second.state == "reading"
        assert [a.basis for a in Acceptance.objects.filter(time_point=second).order_by("pk")] == [
            "adjudication",
            "rolled_back",
        ]
        # The re-reads see the late images: both hold the new package.
        released = second.packages.get(state="released")
        assert (released.version, released.entries.count()) == (2, 2)
        tasks = ReadTask.objects.filter(time_point=second)
        assert {(t.state, t.package_id) for t in tasks} == {("assigned", released.pk)}

        fresh = DataCut.objects.select_related("study", "specification").get(pk=cut.pk)
        assert hashes(fresh) == before == {made.name: made.sha256 for made in cuts.build(fresh)}
        told = Event.objects.filter(kind="datacut.affected", object_id=str(cut.pk))
        assert [event.reason for event in told.order_by("id")] == [
            f"{one} rolled back reads that this cut holds. The cut itself is unchanged."
            for one in asked
        ]
        said = " ".join(entry.reason for entry in entries(row) if entry.reason)
        assert f"Rolled back: {asked[0]}, {asked[1]}." in said
        run_jobs()
        second.refresh_from_db()
        assert second.state == "reading"


def test_the_scientist_who_decided_does_not_approve_for_the_project() -> None:
    world, *_ = exported_world()
    with scope(world.study):
        decided(world)
        row = RollBack.objects.order_by("number")[0]
        locked = rollback.lock_for_approval
        with pytest.raises(RuleBroken, match="another person"):
            locked(row, "project", world.actor("scientific"))


def test_killed_anywhere_in_the_last_approval_everything_stays_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world, *_ = exported_world()
    with scope(world.study):
        row = decided(world)
        first, last = RollBack.objects.order_by("number")
        sign_for(world, first, "project")

        def killed(*_: Any) -> None:
            raise KeyboardInterrupt

        manager, steps = world.actor("project_manager"), carrying_out.STEPS
        assent = world.assent("project_manager", rollback.MEANING)
        before = contents()
        for place in range(len(steps) + 1):
            monkeypatch.setattr(carrying_out, "STEPS", (*steps[:place], killed, *steps[place:]))
            with pytest.raises(KeyboardInterrupt):
                rollback.approve(last, "project", actor=manager, assent=assent)
            assert contents() == before, place
        row.refresh_from_db()
        assert row.state == "decided"
