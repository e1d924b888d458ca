"""Races of readers with themselves and with each other: one wins, the others are told.

Each race is run a few rounds with every test run and five hundred rounds by ``make races``, which
sets ``ICRO_RACE_ROUNDS``. A barrier lets all sides of a round begin at one moment.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import Signature
from accounts.signatures import signatures_of
from audit import clock
from audit.errors import Refused
from reads.models import AdjudicationCase, ReadSession
from reads.services import reading, settling
from studies.models import FormRecord
from studies.scoping import scope
from studies.services import people, subjects
from tests.reads.read_world import (
    READERS,
    baseline_answers,
    disagreement,
    fill,
    logged_in,
    make_read_study,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.world import BUILDER, StudyWorld, make_user

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS = int(os.environ.get("ICRO_RACE_ROUNDS", "6"))
TABS = 20


Act = Callable[[], Any]


@contextmanager
def sides(world: StudyWorld, number: int) -> Iterator[Callable[[list[Act]], list[Any]]]:
    """Keep threads, each with a connection of its own, that begin their acts at one moment.

    What it yields runs one act in each thread and returns results and refusals in their order.
    """
    barrier = threading.Barrier(number)

    def run(act: Act) -> Any:
        with scope(world.study):
            barrier.wait()
            try:
                return act()
            except Refused as refused:
                return refused

    def leave(_: int) -> None:
        barrier.wait()
        connections.close_all()

    with ThreadPoolExecutor(number) as threads:
        try:
            yield lambda acts: list(threads.map(run, acts))
        finally:
            list(threads.map(leave, range(number)))


def opened(world: StudyWorld) -> ReadSession:
    """Start the first reader's baseline."""
    ready(world, world.time_points(world.subjects[0])[0])
    run_jobs()
    return reading.open_session(task_of(world, READERS[0]), actor=reader(world, READERS[0]))


def test_of_twenty_saves_of_one_version_one_wins_and_the_others_get_what_is_stored() -> None:
    world = make_read_study()
    with scope(world.study):
        session = opened(world)
    address = f"/s/ALPHA/reads/{session.task_id}/save/"
    clients = [logged_in(world, READERS[0]) for _ in range(TABS)]
    place = "answers[remarks.comment]"

    def save(tab: int, turn: int) -> Act:
        return lambda: clients[tab].post(
            address,
            json.dumps({"values": {place: f"tab {tab}, round {turn}"}}),
            content_type="application/json",
            headers={"If-Match": f'"{turn}"'},
        )

    with sides(world, TABS) as together:
        for turn in range(ROUNDS):
            answers = together([save(tab, turn) for tab in range(TABS)])
            assert sorted(answer.status_code for answer in answers) == [200] + [409] * (TABS - 1)
            winner = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
            stored = FormRecord._base_manager.get(pk=session.form_record_id)
            kept = f"tab {winner}, round {turn}"
            assert stored.answers["remarks"]["comment"] == kept
            assert stored.version == turn + 1
            for answer in answers:
                if answer.status_code == 409:
                    assert answer.json()["values"] == {place: kept}
                    assert answer.json()["version"] == str(turn + 1)
    # Every save that won is in the history; nobody wrote over anybody unseen.
    versions = stored.history.values_list("version", flat=True)
    assert sorted(versions) == list(range(ROUNDS + 1))


def one_more_read(world: StudyWorld, number: int) -> ReadSession:
    """Enrol a subject, make its baseline ready and start it as the first reader."""
    subject = subjects.register_subject(
        world.sites[0],
        code=f"R{number:04d}",
        anchors={"enrolment": clock.today()},
        actor=BUILDER,
        source="site",
    )
    subjects.enrol(subject, actor=BUILDER)
    world.subjects.append(subject)
    ready(world, world.time_points(subject)[0], slices=1)
    run_jobs()
    task = task_of(world, READERS[0], subject=len(world.subjects) - 1)
    return reading.open_session(task, actor=reader(world, READERS[0]))


def test_signing_and_editing_at_once_never_signs_other_content() -> None:
    world = make_read_study()
    outcomes = {"signed": 0, "open": 0}
    with scope(world.study):
        session = opened(world)
        actor = reader(world, READERS[0])
        assent = world.assent("central_reader", "read", name=READERS[0])

        def current() -> ReadSession:
            rows = ReadSession.objects.select_related("form_record__form", "task")
            return rows.get(pk=session.pk)

        with sides(world, 2) as together:
            for turn in range(ROUNDS):
                fresh = current()
                fill(world, READERS[0], fresh, baseline_answers(f"{40 + turn % 50}.0"))
                reading.review(fresh, actor=actor)
                reviewed = fresh.form_record.answers
                version = FormRecord.objects.get(pk=fresh.form_record_id).version
                one, other = current(), current()
                together(
                    [
                        lambda c=one: reading.sign(c, actor=actor, assent=assent),
                        lambda c=other, v=version: reading.save(
                            c, baseline_answers("99.0"), seen_version=v, actor=actor
                        ),
                    ]
                )
                after = current()
                outcomes[after.state] += 1
                if after.state == "signed":
                    assert after.form_record.answers == reviewed
                    assert [s.valid for s in signatures_of(after)] == [True]
                    session = one_more_read(world, turn)
                else:
                    assert after.form_record.answers == baseline_answers("99.0")
                    assert signatures_of(after) == []
    assert sum(outcomes.values()) == ROUNDS, outcomes


def test_of_two_adjudicators_one_gets_the_case() -> None:
    world = make_read_study()
    with scope(world.study):
        case = disagreement(world)
        second = make_user("second_adjudicator")
        people.grant_role(second, "adjudicator", study=world.study, actor=BUILDER)
        world.users["adjudicator_2"] = second
        actors = [world.actor("adjudicator"), world.actor("adjudicator", "adjudicator_2")]

        def current() -> AdjudicationCase:
            return AdjudicationCase.objects.get(pk=case.pk)

        with sides(world, len(actors)) as together:
            for _ in range(ROUNDS):
                results = together(
                    [lambda a=actor: settling.claim(current(), actor=a) for actor in actors]
                )
                refused = [r for r in results if isinstance(r, Refused)]
                assert [r.status for r in refused] == [409]
                winner = next(n for n, r in enumerate(results) if not isinstance(r, Refused))
                assert current().adjudicator_id == actors[winner].user_id
                settling.give_back(current(), actor=actors[winner], reason="The next round")


def test_signing_from_two_tabs_at_once_leaves_one_signature_and_lost_content_shows() -> None:
    world = make_read_study()
    with scope(world.study):
        session = opened(world)
        actor = reader(world, READERS[0])
        fill(world, READERS[0], session, baseline_answers("40.0"))
        reading.review(session, actor=actor)
        assent = world.assent("central_reader", "read", name=READERS[0])
        copies = [
            ReadSession.objects.select_related("form_record__form", "task").get() for _ in range(2)
        ]
        with sides(world, len(copies)) as together:
            results = together(
                [lambda c=copy: reading.sign(c, actor=actor, assent=assent) for copy in copies]
            )
        assert sum(isinstance(result, Refused) for result in results) == 1
        rows = Signature.objects.filter(record_id=str(session.pk))
        assert rows.count() == 1
    client = logged_in(world, READERS[0])
    address = f"/s/ALPHA/reads/{session.task_id}/signed/"
    assert "Matches the record" in client.get(address).content.decode()
    # Somebody who administers the database changes what was derived, past every guard.
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            'UPDATE reads_criterionassessment SET entered = \'{"overall_response": "CR"}\' '
            "WHERE session_id = %s",
            [session.pk],
        )
        cursor.execute("RESET session_replication_role")
        cursor.execute("RESET ROLE")
    page = client.get(address).content.decode()
    assert "INVALID" in page
    assert "Does not match the record" in page
