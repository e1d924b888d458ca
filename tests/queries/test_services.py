"""The rules of queries: raising, answering, asking again, closing, cancelling."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit import clock
from audit.errors import IllegalStep, NotPermitted, ReasonRequired, RuleBroken
from audit.models import Event
from queries import services
from queries.models import Message, Query
from studies.scoping import scope
from tests.queries.query_world import CONFIRM, SEND, ask
from tests.world import StudyWorld, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Any:
    with clock.shifted_to(datetime(2026, 3, 2, 9, tzinfo=UTC)):
        made = make_study("ALPHA", sponsor="Norvane")
    with scope(made.study):
        yield made


def site(world: StudyWorld) -> Any:
    return world.actor("site_user")


def operations(world: StudyWorld) -> Any:
    return world.actor("image_operations")


def test_a_query_gets_the_next_number_and_is_due_after_five_business_days(
    world: StudyWorld,
) -> None:
    # Wednesday 4 March 2026, so the fifth business day is Wednesday 11 March, 18:00 in Zurich.
    with clock.shifted_to(datetime(2026, 3, 4, 9, tzinfo=UTC)):
        first, second = ask(world), ask(world)
    assert (str(first), str(second)) == ("Q-0001", "Q-0002")
    assert first.due_at == datetime(2026, 3, 11, 17, tzinfo=UTC)
    assert "EU-2026" in first.due_by
    assert [(a.kind, a.done_at) for a in first.actions.all()] == [
        ("send_images", None),
        ("confirm", None),
    ]
    assert [m.text for m in first.messages.all()] == [first.text]


def test_a_query_without_a_request_or_text_is_refused(world: StudyWorld) -> None:
    with pytest.raises(RuleBroken) as refused:
        ask(world, requests=())
    assert refused.value.rule == "QRY-002"
    with pytest.raises(RuleBroken) as refused:
        ask(world, text="  ")
    assert refused.value.rule == "QRY-002"
    assert not Query.objects.exists()


def test_an_answer_in_words_does_what_was_asked_for_in_words_only(world: StudyWorld) -> None:
    query = services.answer(ask(world), text="No other series is cut.", actor=site(world))
    assert query.state == "answered"
    assert query.answered_at is not None
    done = {a.kind: a.outcome for a in query.actions.all() if a.done_at}
    assert done == {"confirm": "answered in words"}
    assert query.messages.last().author_role == "site_user"


def test_an_answer_that_it_cannot_be_done_ends_every_action(world: StudyWorld) -> None:
    query = services.answer(
        ask(world), text="The archive is empty.", actor=site(world), cannot_be_done=True
    )
    assert {a.kind: a.outcome for a in query.actions.all()} == {
        "send_images": "cannot be done, as the site says",
        "confirm": "answered in words",
    }


def test_an_empty_answer_is_refused_and_changes_nothing(world: StudyWorld) -> None:
    query = ask(world)
    with pytest.raises(RuleBroken) as refused:
        services.answer(query, text=" \n", actor=site(world))
    assert refused.value.rule == "QRY-003"
    query.refresh_from_db()
    assert query.state == "open"


def test_only_the_site_answers_and_only_staff_asks(world: StudyWorld) -> None:
    query = ask(world)
    with pytest.raises(NotPermitted):
        services.answer(query, text="We answer ourselves.", actor=operations(world))
    with pytest.raises(NotPermitted):
        services.say(query, text="As the sponsor we add", actor=world.actor("sponsor"))
    with pytest.raises(NotPermitted):
        services.close(query, actor=site(world))


def test_a_query_closes_only_when_every_action_is_done(world: StudyWorld) -> None:
    query = services.answer(ask(world), text="No other is cut.", actor=site(world))
    with pytest.raises(RuleBroken) as refused:
        services.close(query, actor=operations(world))
    assert refused.value.rule == "QRY-001"
    assert "Send slices 88 to 98" in refused.value.message
    services.note_done(query, kinds=["send_images"], outcome="sent with T-2", actor=site(world))
    closed = services.close(query, actor=operations(world))
    assert closed.state == "closed"
    assert closed.closed_at is not None


def test_a_corrected_upload_answers_an_open_query(world: StudyWorld) -> None:
    query = ask(world, requests=[SEND])
    services.note_done(query, kinds=["send_images"], outcome="sent with T-2", actor=site(world))
    assert query.state == "answered"
    assert query.actions.get().outcome == "sent with T-2"


def test_asking_again_opens_every_action_and_starts_the_clock_anew(world: StudyWorld) -> None:
    with clock.shifted_to(datetime(2026, 3, 4, 9, tzinfo=UTC)):
        query = services.answer(
            ask(world, requests=[CONFIRM]), text="Nothing is cut.", actor=site(world)
        )
    with clock.shifted_to(datetime(2026, 3, 10, 9, tzinfo=UTC)):
        with pytest.raises(ReasonRequired):
            services.ask_again(query, reason="", actor=operations(world))
        again = services.ask_again(
            query, reason="Series 4 stops at slice 60.", actor=operations(world)
        )
    assert again.state == "reopened"
    assert again.answered_at is None
    assert again.due_at == datetime(2026, 3, 17, 17, tzinfo=UTC)
    assert again.actions.get().done_at is None
    assert again.messages.last().text == "Series 4 stops at slice 60."
    event = Event.objects.get(kind="query.reopen")
    assert event.reason == "Series 4 stops at slice 60."


def test_a_closed_query_takes_no_more_words(world: StudyWorld) -> None:
    query = services.answer(ask(world, requests=[CONFIRM]), text="Yes.", actor=site(world))
    services.close(query, actor=operations(world))
    with pytest.raises(RuleBroken) as refused:
        services.say(query, text="One more thing", actor=site(world))
    assert refused.value.rule == "QRY-004"
    with pytest.raises(IllegalStep):
        services.answer(query, text="Again", actor=site(world))


def test_cancelling_needs_a_reason(world: StudyWorld) -> None:
    query = ask(world)
    with pytest.raises(ReasonRequired):
        services.cancel(query, actor=operations(world), reason="")
    cancelled = services.cancel(query, actor=operations(world), reason="Asked of the wrong visit.")
    assert cancelled.state == "cancelled"
    assert Message.objects.filter(query=query).count() == 1
