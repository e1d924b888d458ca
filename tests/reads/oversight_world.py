"""A subject that was read, adjudicated, exported and is read on: what a roll-back meets."""

from __future__ import annotations

from typing import Any

from exports.models import DataCut
from reads.models import AdjudicationCase, ReadTask, RollBack
from reads.services import reading, rollback, settling
from reads.services.reminders import Draft
from studies.scoping import scope
from tests.exports.cut_world import generated, make_cut_study
from tests.reads.read_world import READERS, disagreement, reader, ready, run_jobs, task_of
from tests.remembering import remembered
from tests.world import StudyWorld

RULE = Draft(
    rule="Measure the same lesion",
    clause="RECIST 1.1 §4.3",
    text="Find the lesion of the baseline before you measure. Compare its neighbours.",
    gates=True,
)
WHY = "Reader 1 measured another lesion than at baseline."


@remembered
def exported_world() -> tuple[StudyWorld, AdjudicationCase, DataCut]:
    """Return a study in which one subject was read twice, adjudicated, exported, and goes on.

    Reader 1 and 2 differ at the second time point, the adjudicator decided, a cut was generated,
    and reader 1 has begun the third time point.
    """
    world = make_cut_study(reads=False)
    with scope(world.study):
        case = adjudicated(world)
        cut = generated(world)
        third = world.time_points(world.subjects[0])[2]
        ready(world, third)
        run_jobs()
        task = task_of(world, READERS[0], 3)
        reading.open_session(task, actor=reader(world, READERS[0]))
    return world, case, cut


def adjudicated(world: StudyWorld) -> AdjudicationCase:
    """Let both readers differ at the second time point and the adjudicator choose read B."""
    actor = world.actor("adjudicator")
    case = settling.claim(disagreement(world), actor=actor)
    case = settling.draft_choice(case, choice="B", reason="Segment 7 shrank.", actor=actor)
    case = settling.sign_case(case, actor=actor, assent=world.assent("adjudicator", "adjudication"))
    run_jobs()
    return case


def requested(
    world: StudyWorld, sequence: int = 2, *, name: str = READERS[0], draft: Draft | None = RULE
) -> RollBack:
    """Request a roll-back of a reader's read."""
    return rollback.request(
        task_of(world, name, sequence),
        actor=world.actor("scientific"),
        reason=WHY,
        clause="RECIST 1.1 §4.3",
        reminder=draft,
    )


def sign_for(world: StudyWorld, row: RollBack, side: Any) -> RollBack:
    """Approve for one side by the person of that side."""
    role = "scientific" if side == "science" else "project_manager"
    return rollback.approve(
        row, side, actor=world.actor(role), assent=world.assent(role, rollback.MEANING)
    )


def rolled_back(world: StudyWorld, sequence: int = 2) -> RollBack:
    """Request and approve twice."""
    row = requested(world, sequence)
    sign_for(world, row, "science")
    sign_for(world, row, "project")
    return RollBack.objects.get(pk=row.pk)


def states(world: StudyWorld, name: str) -> dict[int, str]:
    """Return sequence -> state of a reader's reads of the first subject."""
    rows = ReadTask.objects.filter(
        stream__reader=world.users[name], stream__subject=world.subjects[0]
    )
    return dict(rows.values_list("sequence", "state"))
