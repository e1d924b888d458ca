"""Races of readers with themselves and with each other: one wins, the others are told."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, connections

from accounts.models import Signature
from accounts.signatures import signatures_of
from audit.errors import Refused
from reads.models import AdjudicationCase, ReadSession
from reads.services import reading, settling
from studies.models import FormRecord
from studies.scoping import scope
from studies.services import people
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

ROUNDS = 6


def together(world: StudyWorld, acts: list[Callable[[], Any]]) -> list[Any]:
    """Run acts in threads that begin at one moment; return results and refusals."""
    barrier = threading.Barrier(len(acts))
    results: list[Any] = [None] * len(acts)

    def run(index: int) -> None:
        try:
            with scope(world.study):
                barrier.wait()
                results[index] = acts[index]()
        except Refused as refused:
            results[index] = refused
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(acts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


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
    clients = [logged_in(world, READERS[0]) for _ in range(20)]

    def save(n: int) -> Callable[[], Any]:
        return lambda: clients[n].post(
            address,
            json.dumps({"values": {"answers[remarks.comment]": f"tab {n}"}}),
            content_type="application/json",
            headers={"If-Match": '"0"'},
        )

    answers = together(world, [save(n) for n in range(20)])
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [200] + [409] * 19
    winner = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    stored = FormRecord._base_manager.get(pk=session.form_record_id)
    assert stored.answers["remarks"]["comment"] == f"tab {winner}"
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["values"] == {"answers[remarks.comment]": f"tab {winner}"}
            assert answer.json()["version"] == "1"


def test_signing_and_editing_at_once_never_signs_other_content() -> None:
    world = make_read_study()
    with scope(world.study):
        session = opened(world)
        actor = reader(world, READERS[0])
        assent = world.assent("central_reader", "read", name=READERS[0])
        for turn in range(ROUNDS):
            fresh = ReadSession.objects.select_related("form_record__form", "task").get()
            if fresh.state == "signed":
                break
            fill(world, READERS[0], fresh, baseline_answers(f"{40 + turn}.0"))
            reading.review(fresh, actor=actor)
            reviewed = fresh.form_record.answers
            version = FormRecord.objects.get(pk=fresh.form_record_id).version
            copies = [
                ReadSession.objects.select_related("form_record__form", "task").get()
                for _ in range(2)
            ]
            together(
                world,
                [
                    lambda c=copies: reading.sign(c[0], actor=actor, assent=assent),
                    lambda c=copies, v=version: reading.save(
                        c[1], baseline_answers("99.0"), seen_version=v, actor=actor
                    ),
                ],
            )
            after = ReadSession.objects.select_related("form_record__form", "task").get()
            if after.state == "signed":
                assert after.form_record.answers == reviewed
                assert [s.valid for s in signatures_of(after)] == [True]
            else:
                assert signatures_of(after) == []
        assert session.pk


def test_of_two_adjudicators_one_gets_the_case() -> None:
    world = make_read_study()
    with scope(world.study):
        case = disagreement(world)
        second = make_user("second_adjudicator")
        people.grant_role(second, "adjudicator", study=world.study, actor=BUILDER)
        world.users["adjudicator_2"] = second
        actors = [world.actor("adjudicator"), world.actor("adjudicator", "adjudicator_2")]
        results = together(
            world,
            [
                lambda a=actor: settling.claim(AdjudicationCase.objects.get(pk=case.pk), actor=a)
                for actor in actors
            ],
        )
        refused = [r for r in results if isinstance(r, Refused)]
        assert len(refused) == 1
        assert refused[0].status == 409
        owner = AdjudicationCase.objects.get(pk=case.pk).adjudicator_id
        assert owner == next(r for r in results if not isinstance(r, Refused)).adjudicator_id


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
        results = together(
            world,
            [lambda c=copy: reading.sign(c, actor=actor, assent=assent) for copy in copies],
        )
        assert sum(isinstance(result, Refused) for result in results) == 1
        rows = Signature.objects.filter(record_id=str(session.pk))
        assert rows.count() == 1
    client = logged_in(world, READERS[0])
    address = f"/s/ALPHA/reads/{session.task_id}/signed/"
    assert "Matches the record" in client.get(address).content.decode()
    # Somebody with the owner's rights changes what was derived, past every guard.
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE icro_owner")
        cursor.execute(
            'UPDATE reads_criterionassessment SET entered = \'{"overall_response": "CR"}\' '
            "WHERE session_id = %s",
            [session.pk],
        )
        cursor.execute("RESET ROLE")
    page = client.get(address).content.decode()
    assert "INVALID" in page
    assert "Does not match the record" in page
