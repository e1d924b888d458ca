"""The pages of sessions besides time points: readers, adjudicator, site, project manager."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.urls import reverse

from reads.models import AdjudicationCase, ConfirmationRequest
from reads.services import confirmation, eligibility, settling
from studies.scoping import scope
from tests.reads.read_world import READERS, logged_in, run_jobs
from tests.reads.session_world import (
    OVER_THE_SUBJECT,
    PARTIAL,
    PROGRESS,
    STABLE,
    add_reader,
    begin,
    end_course,
    global_review,
    images_of,
    make_session_study,
    open_of_kind,
    read_course,
    register_oncologist,
    save,
)
from tests.reads.test_eligibility import ELIGIBILITY, answered, measured, screened
from tests.reads.test_eligibility import reader_of as eligibility_reader_of
from tests.reads.test_eligibility import task_of as eligibility_task_of
from tests.reads.test_oncology_review import AGREE
from tests.world import PASSWORD, StudyWorld

pytestmark = pytest.mark.django_db

UP = (("25.0", "12.0"), PARTIAL)
FLAT = (("38.0", "20.0"), STABLE)
WORSE = (("60.0", "30.0"), PROGRESS)


def url(world: StudyWorld, name: str, *args: Any) -> str:
    return reverse(name, args=[world.study.code, *args])


def text(answer: Any) -> str:
    return answer.content.decode()


def signed_over_http(world: StudyWorld, client: Any, task: Any) -> Any:
    """Review and sign a read as its reader does in the browser; return the signed form."""
    posted = client.post(url(world, "read-page", task.pk), {"act": "review"})
    assert posted.status_code == 302, text(posted)
    page = text(client.get(url(world, "read-review", task.pk)))
    digest = re.search(r'name="digest" value="([^"]+)"', page)
    assert digest is not None
    client.post(url(world, "read-sign", task.pk), {"password": PASSWORD, "digest": digest.group(1)})
    return client.get(url(world, "signed-read", task.pk))


def test_a_global_review_is_read_reviewed_and_signed_on_its_pages() -> None:
    world = make_session_study(sessions={"global_review": True})
    with scope(world.study):
        images_of(world, 3)
        for name in READERS:
            read_course(world, name, UP, WORSE)
        run_jobs()
        task = open_of_kind(world, READERS[0], "global")
    client = logged_in(world, READERS[0])
    inbox = text(client.get(reverse("read-inbox")))
    assert "Global review" in inbox and "all time points" in inbox
    assert client.get(url(world, "read-page", task.pk)).status_code == 200
    client.post(url(world, "read-page", task.pk), {"act": "start"})
    room = text(client.get(url(world, "read-page", task.pk)))
    assert "best overall response" in room and ">PR<" in room and "TP3" in room
    assert "Leave out" not in room and "Add time point" not in room
    panes = client.get(url(world, "read-stacks", task.pk)).json()["panes"]
    assert [pane["title"] for pane in panes] == ["TP1", "TP3"]
    assert client.get(url(world, "read-panel", task.pk)).status_code == 200
    form = text(signed_over_http(world, client, task))
    assert "Result of the subject" in form
    assert "Record SHA-256" in form and "INVALID" not in form


def test_an_eligibility_read_goes_from_the_inbox_to_the_letter_of_the_site() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        subject = screened(world)
        task = eligibility_task_of(subject)
        name = eligibility_reader_of(world, task)
    site = logged_in(world, "site_user")
    page = text(site.get(url(world, "subject-imaging", subject.pk)))
    assert "imaging has not answered yet" in page
    assert site.get(url(world, "eligibility-letter", subject.pk)).status_code == 409
    client = logged_in(world, name)
    assert "Eligibility" in text(client.get(reverse("read-inbox")))
    client.post(url(world, "read-page", task.pk), {"act": "start"})
    with scope(world.study):
        session = task.sessions.get()
        save(world, name, session, measured())
    room = text(client.get(url(world, "read-page", task.pk)))
    assert "Is there measurable disease?" in room
    form = text(signed_over_http(world, client, task))
    assert "Record SHA-256" in form and "INVALID" not in form
    with scope(world.study):
        run_jobs()
        assert eligibility.current_answer(subject) is not None
    page = text(site.get(url(world, "subject-imaging", subject.pk)))
    assert "Eligible by imaging" in page and "Download letter" in page
    letter = site.get(url(world, "eligibility-letter", subject.pk))
    assert letter["Content-Type"] == "application/pdf"
    assert letter.content.startswith(b"%PDF")


def test_the_refused_enrolment_says_why_on_the_sites_page() -> None:
    world = make_session_study(**ELIGIBILITY)
    with scope(world.study):
        subject = screened(world)
        answered(world, subject, {"quality": {"overall": "ADEQUATE"}, "answer": {"recist11": "NO"}})
    site = logged_in(world, "site_user")
    refused = site.post(url(world, "subject-step", subject.pk), {"step": "enrol"}, follow=True)
    assert "no measurable disease" in text(refused)


def test_a_site_asks_for_confirmation_and_gets_its_answer_as_a_letter() -> None:
    world = make_session_study(sessions={"confirmation_of_progression": True})
    with scope(world.study):
        images_of(world, 2)
        subject = world.subjects[0]
        point = world.time_points(subject)[1]
    site = logged_in(world, "site_user")
    page = text(site.get(url(world, "subject-imaging", subject.pk)))
    assert "Ask for confirmation" in page
    asked = site.post(
        url(world, "confirmation-ask", point.pk),
        {"opinion": "PD", "why": "New lesion in the liver"},
        follow=True,
    )
    assert "The answer is due" in text(asked)
    again = site.post(url(world, "confirmation-ask", point.pk), {"opinion": "PD", "why": "x"})
    assert "asked already" in text(again)
    manager = logged_in(world, "project_manager")
    waiting = text(manager.get(url(world, "site-answers")))
    assert subject.code in waiting and "None is late" in waiting
    with scope(world.study):
        run_jobs()
        for name in READERS:
            read_course(world, name, (("50.0", "25.0"), PROGRESS))
        run_jobs()
        request = ConfirmationRequest.objects.get()
    page = text(site.get(url(world, "subject-imaging", subject.pk)))
    assert "Progression confirmed" in page and "Readers agree" in page
    letter = site.get(url(world, "confirmation-letter", request.pk))
    assert letter.content.startswith(b"%PDF")
    assert site.get(url(world, "confirmation-letter", request.pk)).content == letter.content


def test_nothing_a_reader_fetches_tells_that_the_site_asked_or_what_it_thinks() -> None:
    world = make_session_study(sessions={"confirmation_of_progression": True})
    with scope(world.study):
        images_of(world, 2)
        point = world.time_points(world.subjects[0])[1]
        asked = confirmation.ask(
            point, opinion="PD", why="canary-7Qz2", actor=world.actor("site_user")
        )
        run_jobs()
        read_course(world, READERS[0])
        task = open_of_kind_at(world, READERS[0], 2)
    client = logged_in(world, READERS[0])
    client.post(url(world, "read-page", task.pk), {"act": "start"})
    api = f"/api/v1/studies/{world.study.code}/reads/"
    for address in (
        reverse("read-inbox"),
        url(world, "read-page", task.pk),
        url(world, "read-panel", task.pk),
        url(world, "read-stacks", task.pk),
        api,
        f"{api}{task.pk}/answers/",
    ):
        answer = client.get(address)
        assert answer.status_code == 200, address
        for told in ("canary-7Qz2", "onfirmation of progression", str(asked.pk), "expedited"):
            assert told not in text(answer), (address, told)
    for name in ("subject-imaging", "confirmation-letter", "site-answers"):
        pk = {"subject-imaging": [world.subjects[0].pk], "confirmation-letter": [asked.pk]}
        assert client.get(url(world, name, *pk.get(name, []))).status_code == 403


def open_of_kind_at(world: StudyWorld, name: str, sequence: int) -> Any:
    from tests.reads.read_world import task_of

    return task_of(world, name, sequence)


def test_an_oncologist_sees_locked_values_and_that_no_dossier_is_here() -> None:
    world = make_session_study(oncology_review={"form": "oncology", "readers": 1})
    with scope(world.study):
        add_reader(world, "oncologist")
        register_oncologist(world, "oncologist")
        images_of(world, 2)
        for name in READERS:
            read_course(world, name, UP)
        run_jobs()
        task = open_of_kind(world, "oncologist", "oncology")
        session = begin(world, "oncologist", task)
        save(world, "oncologist", session, AGREE)
    client = logged_in(world, "oncologist")
    room = text(client.get(url(world, "read-page", task.pk)))
    assert "Locked, cannot be changed" in room and "No clinical dossier is here" in room
    assert client.get(url(world, "read-stacks", task.pk)).json() == {"panes": []}
    form = text(signed_over_http(world, client, task))
    assert "Radiology result shown" in form
    for told in (world.subjects[0].code, world.study.sponsor.name, "Central Reader"):
        assert told not in room


def test_the_adjudicator_of_a_subject_compares_courses_and_may_give_a_third_result() -> None:
    world = make_session_study(**OVER_THE_SUBJECT)
    with scope(world.study):
        images_of(world, 3)
        read_course(world, READERS[0], UP, WORSE)
        read_course(world, READERS[1], FLAT, FLAT)
        run_jobs()
        end_course(world)
        for name in READERS:
            global_review(world, name)
        run_jobs()
        case = AdjudicationCase.objects.get()
    client = logged_in(world, "adjudicator")
    address = url(world, "adjudication-case", case.pk)
    assert "over all its time points" in text(client.get(address))
    client.post(address, {"act": "claim"})
    page = text(client.get(address))
    assert "Best overall response" in page and "Time point of progression" in page
    assert "Give a third result" in page
    stacks = client.get(url(world, "adjudication-stacks", case.pk)).json()
    assert [pane["title"] for pane in stacks["panes"]] == ["TP1 baseline", "TP3"]
    client.post(
        address,
        {
            "act": "draft",
            "choice": "A",
            "reason": "Neither is right.",
            "third|RECIST11|best_overall_response": "NE",
        },
    )
    with scope(world.study):
        case.refresh_from_db()
        assert case.third == {"RECIST11": {"best_overall_response": "NE"}}
        assert settling.may_give_third(case)
    assert "Your own result: best overall response NE" in text(client.get(address))


def test_science_drafts_the_forms_that_the_sessions_need() -> None:
    from reads.services import sessionforms
    from studies.models import Configuration
    from tests.reads.read_world import make_read_study

    world = make_read_study(sessions={"global_review": True})
    with scope(world.study):
        design = Configuration.objects.get(key="design")
        assert sessionforms.missing(world.study, design) == ["global_review"]
    client = logged_in(world, "scientific")
    client.post(url(world, "session-forms", design.pk))
    with scope(world.study):
        drafted = Configuration.objects.get(key="global_review")
        assert (drafted.state, drafted.title) == ("draft", "Global review")
    client.post(url(world, "session-forms", design.pk))
    with scope(world.study):
        assert Configuration.objects.filter(key="global_review").count() == 1
