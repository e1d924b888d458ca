"""A study with its training study: cases with a key, readers on their way."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from accounts.permissions import Role
from accounts.signatures import prove
from audit import clock
from reads.models import Onboarding, Reader, ReaderCommitment, TrainingAttempt, TrainingCase
from reads.services import committing, onboarding, qualifying, reading, register, training
from reads.staffing.scoring import KeyItem
from studies.actors import actor_for
from studies.models import Configuration
from studies.scoping import scope
from studies.services import people
from studies.workflows import TIME_POINT
from tests.imaging.upload_world import make_imaging_study
from tests.reads.read_world import (
    BLINDING,
    DESIGN,
    READERS,
    baseline_answers,
    follow_up_answers,
    make_read_study,
    ready,
    run_jobs,
)
from tests.remembering import remembered
from tests.world import BUILDER, PASSWORD, StudyWorld, _configure

TRAINED: dict[str, Any] = {"training": {"cases": 1, "pass_mark_percent": 75}}
VALUES = {"specialty": "Radiology", "country": "se", "per_day": 4, "per_week": 20}
#: the key of the two time points of the case: four points in all
BASELINE_KEY = (
    KeyItem(place="target.lesions#", label="Target lesions", value="2", clause="6.2"),
    KeyItem(
        place="target.sum", label="Sum", value="60", tolerance="2", clause="6.3",
        why="40 mm in the liver and 20 mm in the lung.",
    ),
)  # fmt: skip
FOLLOW_UP_KEY = (
    KeyItem(place="target.sum", label="Sum", value="45", tolerance="2", clause="6.3"),
    KeyItem(
        place="RECIST11:overall_response", label="Overall response", value="SD", clause="6.5",
        why="45 mm are 25 % less than 60 mm: less than 30 %.",
    ),
)  # fmt: skip


def desk(world: StudyWorld) -> Any:
    return world.actor("reviewer_operations")


@remembered
def make_trained_study(**design: Any) -> tuple[StudyWorld, StudyWorld]:
    """Return a study whose charter asks for one training case, and the study that holds it."""
    live = make_read_study(**(TRAINED | design))
    made = make_imaging_study("SCHOOL", "Norvane School")
    with scope(made.study):
        _configure(made, Configuration.Kind.BLINDING, "blinding", "Blinding B-1", BLINDING)
        _configure(
            made, Configuration.Kind.READ_DESIGN, "design", "Read design", DESIGN | TRAINED | design
        )
    user = live.users["reviewer_operations"]
    people.grant_role(user, Role.REVIEWER_OPERATIONS, study=made.study, actor=BUILDER)
    with scope(live.study):
        for name in READERS:
            qualifying.revoke_all(
                live.users[name], live.study, actor=desk(live), reason="not trained yet"
            )
        training.name_training_study(live.study, "SCHOOL", actor=desk(live))
    return live, made


def make_case(school: StudyWorld) -> TrainingCase:
    """Make the first subject's two time points a case with an approved key."""
    subject = school.subjects[0]
    scientist = school.actor("scientific")
    with scope(school.study):
        points = school.time_points(subject)
        for point in points[:2]:
            ready(school, point)
        TIME_POINT.move(
            points[2],
            "not_done",
            actor=BUILDER,
            reason="the case has two",
            changes={"not_done_reason": "the case has two"},
        )
        run_jobs()
        case = training.add_case(subject, "Liver and lung", actor=scientist)
        training.keep_key(case, 1, BASELINE_KEY, actor=scientist)
        training.keep_key(case, 2, FOLLOW_UP_KEY, actor=scientist)
        return training.approve_case(
            case, actor=scientist, assent=school.assent("scientific", "approval")
        )


def on_the_way(live: StudyWorld, name: str = READERS[0], stage: str = "test_cases") -> Onboarding:
    """Bring a reader to a stage of the onboarding with every evidence before it."""
    with scope(live.study):
        one = register.enter(live.users[name], VALUES, actor=desk(live))
        register.file_cv(one, "cv.pdf", b"%PDF-1.7\n", clock.today(), actor=desk(live))
        contract = register.draft_contract(
            one,
            number=f"K-{name}",
            valid_from=clock.today() - timedelta(days=1),
            valid_until=clock.today() + timedelta(days=365),
            currency="EUR",
            rates={"time_point": "120", "adjudication": "80.50"},
            actor=desk(live),
        )
        for step in ("send", "sign"):
            contract = register.move_contract(contract, step, actor=desk(live))
        onboarding.invite(live.study, [one], actor=desk(live))
        row = Onboarding.objects.select_related("reader__user", "study").get(reader=one)
        evidence = {"workstation": {"passed": True, "on": "x"}, "training_on": clock.today()}
        row = onboarding.keep(row, evidence, actor=desk(live))
        while row.state != stage:
            row = onboarding.advance(row, actor=desk(live))
        return row


def commit(live: StudyWorld, name: str = READERS[0]) -> ReaderCommitment:
    """Let a reader sign responsibilities and turnaround."""
    with scope(live.study):
        held = ReaderCommitment.objects.get(onboarding__reader__user=live.users[name], state="open")
        return committing.sign(
            held,
            actor=live.actor("central_reader", name),
            assent=live.assent("central_reader", "commitment", name=name),
        )


def read_case(live: StudyWorld, school: StudyWorld, *sizes: str, name: str = READERS[0]) -> None:
    """Read both time points of the case: baseline 40 and 20 mm, then the sizes given."""
    user = live.users[name]
    with scope(school.study):
        actor = actor_for(user, school.study)
        assert actor is not None
        attempt = TrainingAttempt.objects.get(reader=user, state="open")
        answers = baseline_answers("40.0", "20.0")
        for task in attempt.stream.tasks.order_by("sequence"):
            session = reading.open_session(task, actor=actor)
            if task.sequence > 1:
                total = sum(map(float, sizes))
                word = "PR" if total <= 42 else "SD"
                answers = follow_up_answers(
                    session.form_record.answers, sizes, (word, "NON-CR/NON-PD", word)
                )
            reading.save(session, answers, seen_version=session.form_record.version, actor=actor)
            reading.review(session, actor=actor)
            assent = prove(
                user, actor, password=PASSWORD, meaning="read", statement="I sign: read."
            )
            reading.sign(session, actor=actor, assent=assent)
        run_jobs()


def register_of(live: StudyWorld, name: str = READERS[0]) -> Reader:
    """Return a reader's entry."""
    return Reader.objects.get(user=live.users[name])
