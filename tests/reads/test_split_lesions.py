"""A lesion that split: its pieces count together, and each is followed by itself."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from audit.errors import RuleBroken
from reads.models import Measurement, ReadSession, ReadTask
from reads.services import reading
from studies.scoping import scope
from tests.reads.read_world import (
    READERS,
    fill,
    follow_up_answers,
    logged_in,
    make_read_study,
    read_baseline,
    reader,
    ready,
    run_jobs,
    sign,
    task_of,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    made = make_read_study()
    with scope(made.study):
        yield made


def in_pieces(
    world: StudyWorld, sequence: int, response: tuple[str, str, str], *sizes: str
) -> ReadSession:
    """Open a follow-up in which T01 has split into pieces of these diameters."""
    task = task_of(world, READERS[0], sequence)
    session = reading.open_session(task, actor=reader(world, READERS[0]))
    answers = follow_up_answers(session.form_record.answers, ("0",), response)
    row = answers["target"]["lesions"][0]
    del row["long_axis"]
    row |= {"state": "SPLIT"} | {f"piece_{n}": size for n, size in enumerate(sizes, start=1)}
    fill(world, READERS[0], session, answers)
    return session


def pieces_in(answer: Any) -> list[tuple[str, list[str], str]]:
    (lesion,) = [row for row in answer.context["table"].rows if row.label == "T01"]
    return [
        (one.label, [cell.words for cell in one.cells], str(one.since_nadir))
        for one in lesion.pieces
    ]


def test_each_piece_is_followed_by_itself_from_room_to_signed_form(world: StudyWorld) -> None:
    for time_point in world.time_points(world.subjects[0])[:3]:
        ready(world, time_point)
    run_jobs()
    read_baseline(world, READERS[0], "40.0")
    # 16 + 10 = 26 mm are 35 % under 40 mm: partial response (RECIST 1.1 §4.3.1).
    first = sign(
        world,
        READERS[0],
        in_pieces(world, 2, ("PR", "NON-CR/NON-PD", "PR"), "16.0", "10.0"),
    )
    kept = Measurement.objects.filter(observation__session=first)
    assert {one.kind: str(one.value.normalize()) for one in kept} == {
        "pieces": "26",
        "piece_1": "16",
        "piece_2": "1E+1",
    }
    client = logged_in(world, READERS[0])
    later = in_pieces(world, 3, ("PR", "NON-CR/NON-PD", "PR"), "12.0")
    room = f"/s/ALPHA/reads/{later.task_id}/"
    # The second piece was measured before: it is open now, and the room says so.
    page = client.get(room)
    assert page.context["table"].sums[-1] is None, "no sum while a piece is open"
    assert page.context["responses"] == [], "and no response"
    assert pieces_in(page) == [
        ("T01.1", ["–", "16.0", "12.0"], "-25.0"),
        ("T01.2", ["–", "10.0", "Open"], "None"),
    ]
    assert "piece of T01" in page.content.decode()
    with pytest.raises(RuleBroken, match="T01, Piece 2, longest diameter is missing"):
        reading.review(later, actor=reader(world, READERS[0]))
    later = in_pieces(world, 3, ("PR", "NON-CR/NON-PD", "PR"), "12.0", "13.0")
    # 25 mm in all: minus 4 % since the smallest sum, though one piece grew by 30 %.
    reading.review(later, actor=reader(world, READERS[0]))
    review = client.get(f"{room}review/")
    assert pieces_in(review)[1] == ("T01.2", ["–", "10.0", "13.0"], "30.0")
    changed = {one.label: (one.before, one.now) for one in review.context["since_last"]}
    assert changed["T01.2, piece of T01"] == ("10.0", "13.0")
    sign(world, READERS[0], later)
    assert "T01.2" in client.get(f"{room}signed/").content.decode()


def test_a_later_time_point_and_its_pieces_do_not_exist_before_the_earlier_one_is_signed(
    world: StudyWorld,
) -> None:
    for time_point in world.time_points(world.subjects[0])[:2]:
        ready(world, time_point)
    run_jobs()
    later = ReadTask.objects.get(stream__reader=world.users[READERS[0]], sequence=2)
    client = logged_in(world, READERS[0])
    assert client.get(f"/s/ALPHA/reads/{later.pk}/").status_code == 404
