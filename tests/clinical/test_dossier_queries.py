"""Queries about a dossier: who is asked, what an entry does to them, and what they hold up."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core import mail
from django.urls import reverse

from accounts.models import Notice
from audit import jobs
from audit.errors import Conflict, NotPermitted, RuleBroken
from audit.models import Event, Job
from clinical.definition import Entered
from clinical.models import Dossier
from clinical.services import asked, asking, dossiers, entering
from clinical.services.asking import Question
from queries import services as queries
from queries.models import Query
from studies.scoping import scope
from tests.clinical.clinical_world import applied, approved, baseline, define, fill, requested
from tests.world import StudyWorld, logged_in, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> Iterator[StudyWorld]:
    world = make_study("ALPHA", sponsor="Norvane")
    with scope(world.study):
        define(world)
        yield world


def url(name: str, *args: object) -> str:
    return reverse(name, args=["ALPHA", *args])


def ask(world: StudyWorld, row: Dossier, **words: object) -> Query:
    question = Question(**{"title": "Is 4.2 right?", "text": "It was 42 before.",
                           "codes": ("psa",), **words})  # fmt: skip
    return asking.ask(row, question, actor=world.actor("data_manager"))


# --- who is asked ---------------------------------------------------------------------------------


def test_the_data_partner_sees_its_queries_and_no_others(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    to_partner = ask(world, row)
    to_site = ask(world, row, addressee="site")
    seen = {
        role: set(Query.objects.visible_to(world.actor(role)))
        for role in ("clinical_data_partner", "site_user", "data_manager")
    }
    assert seen == {
        "clinical_data_partner": {to_partner},
        "site_user": {to_site},
        "data_manager": {to_partner, to_site},
    }


def test_a_query_never_holds_up_the_quality_control_of_images(world: StudyWorld) -> None:
    query = ask(world, fill(world, requested(world)))
    assert (query.blocking, query.blocks_target, query.time_point) == (False, True, baseline(world))


@pytest.mark.parametrize(
    ("words", "rule"),
    [({"codes": ("weight",)}, "CLQ-001"), ({"title": " "}, "CLQ-002"),
     ({"addressee": "sponsor"}, "CLQ-002"), ({"text": ""}, "QRY-002")],
)  # fmt: skip
def test_a_question_that_cannot_be_asked_says_why(
    world: StudyWorld, words: dict[str, object], rule: str
) -> None:
    row = requested(world)
    with pytest.raises(RuleBroken) as refused:
        ask(world, row, **words)
    assert refused.value.rule == rule
    assert not Query.objects.exists()


def test_nobody_is_asked_about_a_version_that_is_over(world: StudyWorld) -> None:
    row = dossiers.cancel(requested(world), actor=world.actor("project_manager"), reason="twice")
    with pytest.raises(RuleBroken, match="This version is over"):
        ask(world, row)


# --- what it holds up -----------------------------------------------------------------------------


def test_an_open_query_keeps_a_dossier_from_reconciliation_approval_and_application(
    world: StudyWorld,
) -> None:
    row = fill(world, requested(world))
    query = ask(world, row)
    words = f"{query} about this dossier is open and must be closed or cancelled first."
    with pytest.raises(RuleBroken, match=words):
        dossiers.reconcile(row, actor=world.actor("data_manager"))
    queries.cancel(query, actor=world.actor("data_manager"), reason="seen")
    row = approved(world, row)
    again = ask(world, row)
    with pytest.raises(RuleBroken, match=str(again)):
        dossiers.apply(row, actor=world.actor("project_manager"))


def test_a_query_that_holds_nothing_up_lets_a_dossier_go_on(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    ask(world, row, holds_up=False)
    assert dossiers.reconcile(row, actor=world.actor("data_manager")).state == "reconciled"


def test_a_query_about_the_version_that_holds_keeps_the_next_one_too(world: StudyWorld) -> None:
    query = ask(world, applied(world))
    later = fill(world, requested(world, reason="new value"), psa="42")
    query.refresh_from_db()
    assert query.state == "answered"  # the entry of the next version answers it; a person closes it
    assert asked.holding_up(later) == [query]


# --- the answer -----------------------------------------------------------------------------------


def test_entering_the_item_again_answers_the_query_and_data_management_closes_it(
    world: StudyWorld,
) -> None:
    row = fill(world, requested(world))
    query = ask(world, row, send_back=True)
    row.refresh_from_db()
    assert (row.state, row.sent_back_reason) == ("requested", "Is 4.2 right?")
    partner = world.actor("clinical_data_partner")
    entering.enter(row, "biopsy", Entered(value="invasive"), actor=partner)
    query.refresh_from_db()
    assert query.state == "open"
    entering.enter(row, "psa", Entered(value="42", unit="ng/mL"), actor=partner)
    query.refresh_from_db()
    (action,) = query.actions.all()
    assert (query.state, action.outcome) == ("answered", "entered again")
    assert queries.close(query, actor=world.actor("data_manager")).state == "closed"


def test_of_two_items_the_query_waits_for_both(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    query = ask(world, row, codes=("psa", "biopsy"), send_back=True)
    partner = world.actor("clinical_data_partner")
    entering.enter(row, "psa", Entered(value="42", unit="ng/mL"), actor=partner)
    query.refresh_from_db()
    assert query.state == "open"
    assert set(asked.by_item(list(asked.about(row)))) == {"psa", "biopsy"}


def test_a_site_answers_in_words_and_enters_nothing(world: StudyWorld) -> None:
    query = ask(world, requested(world), addressee="site")
    (action,) = query.actions.all()
    assert (action.kind, action.text) == ("confirm", "PSA: confirm or explain")
    answered = queries.answer(query, text="42 it was.", actor=world.actor("site_user"))
    assert answered.state == "answered"


# --- pages ----------------------------------------------------------------------------------------


def test_a_query_goes_from_the_dossier_to_the_partner_and_back(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    manager = logged_in(world, "data_manager")
    form = manager.get(url("dossier", row.pk) + "?ask=psa").content.decode()
    assert "Raise a query about this dossier" in form
    answer = manager.post(
        url("dossier-ask", row.pk),
        {"items": ["psa"], "addressee": "partner", "wanted": "confirm", "holds_up": "1",
         "title": "Is 4.2 right?", "text": "It was 42 before."},
        follow=True,
    )  # fmt: skip
    query = Query.objects.get()
    page = answer.content.decode()
    assert f"{query} is with the clinical data partner." in page
    assert "An open query holds this dossier up" in page
    partner = logged_in(world, "clinical_data_partner")
    assert str(query) in partner.get(url("query-list")).content.decode()
    shown = partner.get(url("query-page", query.pk)).content.decode()
    assert url("dossier", row.pk) in shown
    partner.post(url("query-answer", query.pk), {"words": "It is 4.2."})
    query.refresh_from_db()
    assert query.state == "answered"
    desk = manager.get(url("dossier-desk") + "?view=queried").content.decode()
    assert row.subject.code in desk
    assert "1 open query" in desk


def test_a_site_is_not_led_to_a_page_that_it_may_not_open(world: StudyWorld) -> None:
    row = requested(world)
    query = ask(world, row, addressee="site")
    shown = logged_in(world, "site_user").get(url("query-page", query.pk)).content.decode()
    assert str(row) in shown
    assert url("dossier", row.pk) not in shown


def test_what_was_typed_is_kept_when_the_query_is_refused(world: StudyWorld) -> None:
    row = requested(world)
    answer = logged_in(world, "data_manager").post(
        url("dossier-ask", row.pk), {"title": "Is 4.2 right?", "text": "", "addressee": "partner"}
    )
    assert answer.status_code == 422
    assert "Is 4.2 right?" in answer.content.decode()


# --- the reminder ---------------------------------------------------------------------------------


def messages() -> list[Job]:
    return list(Job.objects.filter(kind="projects.notify").order_by("created_at"))


def test_a_reminder_is_sent_once_to_whoever_delivers_and_names_no_subject(
    world: StudyWorld,
) -> None:
    row = requested(world)
    dossiers.chase(row, actor=world.actor("project_manager"), note="called on Monday")
    (job,) = messages()
    for _ in range(2):
        jobs.run(str(job.pk))
    notice = Notice.objects.get(kind="dossier.chase")
    assert notice.user == world.users["clinical_data_partner"]
    assert notice.url == url("dossier", row.pk)
    (sent,) = mail.outbox
    assert sent.to == [world.users["clinical_data_partner"].email]
    assert sent.subject == "icro: A clinical dossier is still waited for in study ALPHA"
    for word in (row.subject.code, row.time_point.label, "Monday", "Norvane"):
        assert word not in sent.subject + sent.body
    assert Event.objects.get(kind="dossier.chase").details == {"told": 1}


def test_a_second_reminder_on_the_same_day_is_refused(world: StudyWorld) -> None:
    row = requested(world)
    actor = world.actor("project_manager")
    dossiers.chase(row, actor=actor)
    with pytest.raises(Conflict, match="sent today already"):
        dossiers.chase(row, actor=actor)
    assert len(messages()) == 1


def test_without_a_data_partner_the_data_managers_are_reminded(world: StudyWorld) -> None:
    from studies.models import Membership
    from studies.services.people import end_role

    held = Membership.objects.get(study=world.study, role="clinical_data_partner")
    end_role(held, actor=world.actor("project_manager"), reason="contract ended")
    assert dossiers.deliverers(world.study) == [world.users["data_manager"]]


def test_a_dossier_that_is_sent_back_is_told_to_whoever_delivers(world: StudyWorld) -> None:
    row = fill(world, requested(world))
    dossiers.refuse(row, actor=world.actor("data_manager"), reason="unit")
    (job,) = messages()
    jobs.run(str(job.pk))
    assert Notice.objects.get(kind="dossier.refuse").user == world.users["clinical_data_partner"]


def test_readers_are_not_told_and_may_not_ask(world: StudyWorld) -> None:
    row = requested(world)
    with pytest.raises(NotPermitted):
        asking.ask(row, Question(title="?", text="?"), actor=world.actor("central_reader"))
