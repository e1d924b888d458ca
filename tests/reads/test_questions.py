"""A reader's question: the read waits, the site may be asked, blinded words come back."""

from __future__ import annotations

import pytest

from audit.errors import Conflict, NotPermitted, RuleBroken
from projects.work import work_of
from queries import services as queries
from queries.models import Query
from reads.models import ReaderQuestion, ReadTask
from reads.services import questions, reading
from studies.blindwords import unblinding
from studies.scoping import scope
from tests.reads.read_world import (
    READERS,
    baseline_answers,
    fill,
    logged_in,
    make_read_study,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db

ASKED = "Was the second series made after contrast?"


def being_read() -> tuple[StudyWorld, ReadTask]:
    """Return a study whose first reader has a baseline open with answers typed."""
    world = make_read_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
        task = task_of(world, READERS[0])
        session = reading.open_session(task, actor=reader(world, READERS[0]))
        fill(world, READERS[0], session, baseline_answers("40.0"))
    return world, ReadTask._base_manager.get(pk=task.pk)


def asked(world: StudyWorld, task: ReadTask) -> ReaderQuestion:
    return questions.ask(task, ASKED, actor=reader(world, READERS[0]))


def fresh(task: ReadTask) -> ReadTask:
    return ReadTask._base_manager.get(pk=task.pk)


def test_a_question_holds_the_read_and_its_answer_lets_it_go_on_with_what_was_typed() -> None:
    world, task = being_read()
    with scope(world.study):
        question = asked(world, task)
        assert fresh(task).state == "on_hold"
        with pytest.raises(Conflict):
            reading.open_session(fresh(task), actor=reader(world, READERS[0]))
        done = questions.answer(
            question, "Yes, both series.", actor=world.actor("image_operations")
        )
        assert done.state == "answered"
        assert fresh(task).state == "assigned"
        session = reading.open_session(fresh(task), actor=reader(world, READERS[0]))
        assert session.form_record.answers["target"]["lesions"][0]["long_axis"] == "40.0"


def test_one_question_at_a_time_and_only_about_ones_own_open_read() -> None:
    world, task = being_read()
    with scope(world.study):
        with pytest.raises(NotPermitted):
            questions.ask(task, ASKED, actor=reader(world, READERS[1]))
        with pytest.raises(RuleBroken):
            questions.ask(task, "   ", actor=reader(world, READERS[0]))
        asked(world, task)
        with pytest.raises(Conflict):
            asked(world, fresh(task))


def test_the_site_is_asked_in_our_words_and_never_sees_the_readers() -> None:
    world, task = being_read()
    ops = world.actor("image_operations")
    with scope(world.study):
        question = asked(world, task)
        relayed = questions.relay(question, "Please tell us when contrast was given.", actor=ops)
        query = Query.objects.get(pk=relayed.query_id)
        assert query.study_site_id == world.subjects[0].study_site_id
        assert ASKED not in query.text + query.title
        assert not query.blocking
        queries.answer(query, text="Before series 2.", actor=world.actor("site_user"))
        questions.answer(relayed, "Before the second series.", actor=ops)
    assert fresh(task).state == "assigned"
    shown = logged_in(world, "site_user").get(f"/s/ALPHA/queries/{query.pk}/").content.decode()
    assert "Please tell us when contrast was given." in shown
    assert ASKED not in shown


def test_words_that_could_unblind_hold_the_answer_for_a_second_person() -> None:
    world, task = being_read()
    ops = world.actor("image_operations")
    subject = world.subjects[0]
    with scope(world.study):
        question = asked(world, task)
        told = f"Site 101 says: {subject.code} had contrast on 5 Mar 2026 in Lisbon, week 8."
        held = questions.answer(question, told, actor=ops)
        assert held.state == "held"
        assert fresh(task).state == "on_hold"
        words = {one.word: one.why for one in questions.found_words(held)}
        assert words[subject.code] == "the subject's code"
        assert words["5 Mar 2026"] == "a date"
        assert words["Lisbon"] == "the site"
        assert "week 8" in {word.lower() for word in words}
        room = f"/s/ALPHA/reads/{task.pk}/"
        page = logged_in(world, READERS[0]).get(room).content.decode()
        assert "The read waits for the answer." in page
        assert "Lisbon" not in page
        with pytest.raises(NotPermitted, match="Another person"):
            questions.release(held, actor=ops, reason="harmless")
        again = questions.rewrite(
            held, actor=world.actor("image_operations"), reason="names the site"
        )
        assert (again.state, again.answer) == ("asked", "")
        questions.answer(again, "Contrast was given.", actor=ops)
    page = logged_in(world, READERS[0]).get(room).content.decode()
    assert "Contrast was given." in page


def test_a_second_person_may_release_with_a_reason_that_stays_in_the_history() -> None:
    world, task = being_read()
    with scope(world.study):
        question = asked(world, task)
        # "March" is in a sentence that tells no date of this subject, but the check cannot know.
        held = questions.answer(
            question,
            "The scanner was changed for all on 1 March.",
            actor=world.actor("image_operations"),
        )
        assert held.state == "held"
    client = logged_in(world, "scientific")
    page = f"/s/ALPHA/reader-questions/{held.pk}/"
    assert client.post(f"{page}act/", {"act": "release", "reason": ""}).status_code == 422
    done = client.post(f"{page}act/", {"act": "release", "reason": "no date of the subject"})
    assert done.status_code == 302
    assert "no date of the subject" in client.get(page).content.decode()
    assert fresh(task).state == "assigned"


def test_a_second_person_sends_the_answer_back_and_its_writer_finds_words_and_reason() -> None:
    world, task = being_read()
    ops = world.actor("image_operations")
    with scope(world.study):
        held = questions.answer(asked(world, task), "The scan of week 8.", actor=ops)
        with pytest.raises(NotPermitted, match="You wrote this answer"):
            questions.send_back(held, actor=ops, reason="names a visit")
    page = f"/s/ALPHA/reader-questions/{held.pk}/"
    second, writer = logged_in(world, "scientific"), logged_in(world, "image_operations")
    assert "Send back to writer" in second.get(page).content.decode()
    assert "Send back to writer" not in writer.get(page).content.decode()
    assert second.post(f"{page}act/", {"act": "send_back", "reason": ""}).status_code == 422
    second.post(f"{page}act/", {"act": "send_back", "reason": "names a visit"})
    shown = writer.get(page)
    assert (shown.context["typed"], shown.context["back"].reason) == (
        "The scan of week 8.",
        "names a visit",
    )
    assert "Write an answer again that was sent back" in [
        item.what for item in work_of(world.users["image_operations"])
    ]
    room = f"/s/ALPHA/reads/{task.pk}/"
    assert "week 8" not in logged_in(world, READERS[0]).get(room).content.decode()
    assert fresh(task).state == "on_hold"
    writer.post(f"{page}act/", {"act": "answer", "text": "The second scan."})
    assert fresh(task).state == "assigned"
    assert "The second scan." in logged_in(world, READERS[0]).get(room).content.decode()
    assert "names a visit" in second.get(page).content.decode()  # the history keeps why


def test_a_reader_withdraws_and_the_read_goes_on() -> None:
    world, task = being_read()
    client = logged_in(world, READERS[0])
    room = f"/s/ALPHA/reads/{task.pk}/"
    assert client.post(f"{room}ask/", {"text": ASKED}).status_code == 302
    assert fresh(task).state == "on_hold"
    page = client.get(room).content.decode()
    assert ASKED in page
    assert "Withdraw question" in page
    client.post(f"{room}ask/withdraw/", {"reason": "I found it"})
    assert fresh(task).state == "assigned"
    with scope(world.study):
        assert ReaderQuestion.objects.get().state == "withdrawn"


def test_a_read_that_others_hold_too_is_not_let_go_by_an_answer() -> None:
    from reads.services import assigning

    world, task = being_read()
    manager = world.actor("reviewer_operations")
    with scope(world.study):
        question = asked(world, task)
        assigning.resume(fresh(task), actor=manager, reason="looked at")
        assigning.hold(fresh(task), actor=manager, reason="images are checked again")
        questions.answer(question, "Yes.", actor=world.actor("image_operations"))
    assert fresh(task).state == "on_hold"


def test_questions_are_work_of_image_operations_and_held_answers_of_somebody_else() -> None:
    world, task = being_read()
    with scope(world.study):
        question = asked(world, task)
    whats = [item.what for item in work_of(world.users["image_operations"])]
    assert "Answer a reader's question" in whats
    with scope(world.study):
        questions.answer(question, "In week 8.", actor=world.actor("image_operations"))
    release = "Release or return an answer to a reader"
    assert release in [item.what for item in work_of(world.users["scientific"])]
    assert release not in [item.what for item in work_of(world.users["image_operations"])]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Both series were made after contrast.", []),
        ("Scanned on 2026-03-05 and 5.3.26", ["2026-03-05", "5.3.26"]),
        ("March 5, 2026 was the day", ["March 5, 2026"]),
        ("At Cycle 3 the dose was 200 mg", ["Cycle 3", "dose", "200 mg"]),
        ("A 64-year-old female", ["64-year-old", "female"]),
        ("HOSPITAL NORD answered", ["HOSPITAL NORD", "HOSPITAL", "NORD"]),
        ("The Nordic walk", []),
        ("Slice 44 of series 2 measures 31 mm", []),
    ],
)
def test_which_words_are_found(text: str, words: list[str]) -> None:
    found = [one.word for one in unblinding(text, [("Hospital Nord", "the site")])]
    assert sorted(found) == sorted(words)
