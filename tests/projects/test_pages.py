"""Pages answer for those who hold the right, and say what would be there when nothing is."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import ApiToken, Invitation, Notice, User
from accounts.permissions import Role
from audit import jobs
from audit.actors import acting
from audit.models import Event, Job
from projects.sealing import seal
from queries.models import Query
from queries.services import cancel
from studies.models import Anchor, Configuration, Membership, Subject, TimePoint
from studies.scoping import scope
from studies.services import configuration, people, subjects
from tests.counting import counted
from tests.projects.lives import first_point, log_in, make_world
from tests.world import BUILDER, PASSWORD, PLAN, StudyWorld, make_user

WHY = {"reason_code": "other", "reason": "the monitor said so on the phone"}


def client_of(world: StudyWorld, role: str) -> Client:
    """Return a client signed in as somebody of the study."""
    return log_in(Client(), world.users[role])


def page(world: StudyWorld, role: str, name: str, *args: Any, **query: str) -> Any:
    """Open a page of the study as somebody and return the answer."""
    return client_of(world, role).get(reverse(name, args=[world.study.code, *args]), query)


def post(world: StudyWorld, who: str, name: str, *args: Any, **data: Any) -> Any:
    """Send a form of the study as somebody and return the answer."""
    return client_of(world, who).post(reverse(name, args=[world.study.code, *args]), data)


def rows_of(answer: Any) -> list[list[str]]:
    """Return the rows of a CSV answer, the head first."""
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.content.decode())))


# --- Home ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "heading"),
    [
        ("project_manager", "Project manager: my work"),
        ("sponsor", "Sponsor: my work"),
        ("central_reader", "Central reader: my work"),
        ("site_user", "Site user: my work"),
        ("inspector", "Inspector: my work"),
    ],
)
def test_the_home_says_who_is_here(world: StudyWorld, role: str, heading: str) -> None:
    text = client_of(world, role).get("/").content.decode()
    assert f"<h1>{heading}</h1>" in text


def test_a_submission_is_to_check_when_nobody_waits_for_the_site(world: StudyWorld) -> None:
    client = client_of(world, "image_operations")
    assert "Check T-00001" not in client.get("/").content.decode()
    with scope(world.study):
        query = Query.objects.get(blocking=True)
        cancel(query, actor=world.actor("image_operations"), reason="asked in error")
    assert "Check T-00001" in client.get("/").content.decode()


def test_a_site_user_counts_only_the_own_site(world: StudyWorld) -> None:
    cards = client_of(world, "site_user").get("/").context["cards"]
    # Site 101 has one subject with three visits, site 201 another one.
    assert [card.total for card in cards] == [3]


def test_somebody_without_a_role_is_told_so(world: StudyWorld) -> None:
    client = log_in(Client(), make_user("nobody yet"))
    text = client.get("/").content.decode()
    assert "You hold no role yet" in text


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("project_manager", "study-overview"),
        ("inspector", "matrix"),
        ("quality_auditor", "study-trail"),
        ("clinical_data_partner", "visit-listing"),
        ("data_recipient", "cut-list"),
    ],
)
def test_a_study_is_entered_where_the_role_starts(world: StudyWorld, role: str, name: str) -> None:
    answer = page(world, role, "study-entry")
    assert answer["Location"] == reverse(name, args=[world.study.code])


# --- Matrix ----------------------------------------------------------------------------------
def test_the_matrix_shows_every_cell_with_its_state(world: StudyWorld) -> None:
    found = rows_of(page(world, "project_manager", "matrix", format="csv"))
    assert found == [
        ["Site", "Subject", "Baseline", "Week 8", "Week 16"],
        ["101", "101-001", "Open query", "Expected", "Expected"],
        ["201", "201-002", "Received", "Expected", "Expected"],
    ]


@pytest.mark.parametrize(
    ("query", "subjects_shown"),
    [
        ({"show": "query"}, ["101-001"]),
        ({"show": "late"}, []),
        ({"site": "201"}, ["201-002"]),
        ({"state": "received"}, ["201-002"]),
        ({"q": "01-0"}, ["101-001", "201-002"]),
        ({"q": "001"}, ["101-001"]),
        ({"q": "nothing"}, []),
    ],
)
def test_filters_keep_the_same_subjects_on_the_page_and_in_the_csv(
    world: StudyWorld, query: dict[str, str], subjects_shown: list[str]
) -> None:
    seen = page(world, "project_manager", "matrix", **query).context["matrix"]
    taken = rows_of(page(world, "project_manager", "matrix", format="csv", **query))
    assert [row.label for group in seen.groups for row in group.rows] == subjects_shown
    assert [row[1] for row in taken[1:]] == subjects_shown


def test_the_chips_count_time_points(world: StudyWorld) -> None:
    chips = page(world, "project_manager", "matrix").context["chips"]
    assert {value: number for value, _, number in chips} == {
        "mine": 0,
        "query": 1,
        "late": 0,
        "window": 0,
    }
    mine = page(world, "site_user", "matrix").context["chips"][0]
    assert mine == ("mine", "Needs my action", 1)


def test_the_matrix_takes_the_same_queries_for_few_and_many_subjects(world: StudyWorld) -> None:
    def queries() -> int:
        client = client_of(world, "project_manager")
        client.get(reverse("matrix", args=[world.study.code]))
        with counted() as found:
            client.get(reverse("matrix", args=[world.study.code]))
        return len(found)

    def grow(number: int) -> None:
        with scope(world.study), acting(BUILDER):
            for n in range(number):
                subjects.register_subject(
                    world.sites[n % 2],
                    code=f"X-{Subject.objects.count():03d}",
                    anchors={"enrolment": world.subjects[0].anchors.get().date},
                    actor=BUILDER,
                    source="site",
                )

    grow(3)
    few = queries()
    grow(45)
    assert queries() == few


# --- Time point and subject --------------------------------------------------------------------
@pytest.mark.parametrize(
    "role", ["project_manager", "reviewer_operations", "inspector", "site_user"]
)
@pytest.mark.parametrize("tab", ["series", "submission", "qc", "queries", "reads", "history"])
def test_the_time_point_page_opens_on_every_tab(world: StudyWorld, role: str, tab: str) -> None:
    answer = page(world, role, "time-point", first_point(world).pk, tab=tab)
    assert answer.status_code == 200
    assert "Life of this scan" in answer.content.decode()


def test_a_site_is_not_shown_the_steps_of_reading(world: StudyWorld) -> None:
    tp = first_point(world)
    site = [s.label for s in page(world, "site_user", "time-point", tp.pk).context["life"]]
    staff = [s.label for s in page(world, "scientific", "time-point", tp.pk).context["life"]]
    assert {"Read 1", "Read 2", "Adjudication"} & set(site) == set()
    assert {"Read 1", "Read 2", "Adjudication"} <= set(staff)


def test_the_page_says_why_a_time_point_is_not_ready(world: StudyWorld) -> None:
    guards = page(world, "project_manager", "time-point", first_point(world).pk).context["guards"]
    unmet = [guard.text for guard in guards if not guard.is_met]
    assert "QC has not been signed yet." in unmet
    assert "Q-0001 is open: the site must answer first." in unmet


def test_a_visit_is_declared_not_done_with_a_reason_and_expected_again(world: StudyWorld) -> None:
    tp = first_point(world, index=1)
    assert post(world, "site_user", "time-point-not-done", tp.pk, **WHY).status_code == 302
    tp.refresh_from_db()
    assert (tp.state, tp.not_done_reason) == ("not_done", WHY["reason"])
    assert post(world, "site_user", "time-point-expect", tp.pk, **WHY).status_code == 403
    post(world, "project_manager", "time-point-expect", tp.pk, **WHY)
    tp.refresh_from_db()
    assert (tp.state, tp.not_done_reason) == ("expected", "")


def test_a_reason_of_few_words_is_refused(world: StudyWorld) -> None:
    tp = first_point(world, index=1)
    answer = post(
        world, "site_user", "time-point-not-done", tp.pk, reason_code="missed", reason="no"
    )
    assert answer.status_code == 422
    tp.refresh_from_db()
    assert tp.state == "expected"


def test_a_subject_is_registered_and_enrolled(world: StudyWorld) -> None:
    given = {
        "site": world.sites[0].pk,
        "code": "101-009",
        "enrolment": "2026-03-16",
        "source": "informed consent",
    }
    answer = post(world, "site_user", "subject-register", **given)
    with scope(world.study):
        subject = Subject.objects.get(code="101-009")
        assert subject.time_points.count() == 3
    assert answer["Location"] == reverse("subject", args=[world.study.code, subject.pk])
    again = post(world, "site_user", "subject-register", **given)
    assert again.status_code == 422
    assert "Subject 101-009 is registered already." in again.content.decode()
    post(world, "site_user", "subject-step", subject.pk, step="enrol")
    subject.refresh_from_db()
    assert subject.state == "enrolled"


def test_a_site_cannot_register_a_subject_at_another_site(world: StudyWorld) -> None:
    answer = post(
        world,
        "site_user",
        "subject-register",
        site=world.sites[1].pk,
        code="201-009",
        enrolment="2026-03-16",
        source="informed consent",
    )
    assert answer.status_code == 422


def test_a_corrected_date_is_a_new_version_and_moves_open_windows(world: StudyWorld) -> None:
    tp = first_point(world, index=1)
    with scope(world.study):
        anchor = Anchor.objects.get(subject=world.subjects[0])
    day = anchor.date.replace(day=1)
    moved = (day - anchor.date).days
    before = tp.window_from
    post(world, "site_user", "anchor-correct", anchor.pk, date=day, source="chart", **WHY)
    tp.refresh_from_db()
    anchor.refresh_from_db()
    assert anchor.superseded_by.version == 2
    assert before is not None
    assert (tp.window_from - before).days == moved


def test_consent_is_withdrawn_on_its_own_page_only(world: StudyWorld) -> None:
    subject = world.subjects[0]
    refused = post(world, "site_user", "subject-step", subject.pk, step="withdraw", **WHY)
    assert refused.status_code == 422
    subject.refresh_from_db()
    assert subject.state == "enrolled"
    shown = client_of(world, "site_user").get(reverse("subject", args=["ALPHA", subject.pk]))
    assert reverse("subject-consent", args=["ALPHA", subject.pk]) in shown.content.decode()


# --- Overview, listing, trail -------------------------------------------------------------------
def test_the_overview_counts_where_the_scans_are(world: StudyWorld) -> None:
    stages = page(world, "sponsor", "study-overview").context["stages"]
    counts = {stage.label: stage.count for stage in stages}
    # Both baselines are due; the visits of week 8 and 16 are not.
    assert counts["Expected"] == 2
    assert counts["Received"] == 2
    assert counts["QC accepted"] == 0
    assert all(stage.url == "" for stage in stages)


def test_a_site_with_a_query_was_not_right_the_first_time(world: StudyWorld) -> None:
    sites = page(world, "project_manager", "study-overview").context["sites"]
    assert [(row.site.number, row.open_queries, row.right_first_time) for row in sites] == [
        ("101", 1, 0.0),
        ("201", 0, None),
    ]


def test_the_listing_says_nothing_of_reads(world: StudyWorld) -> None:
    found = rows_of(page(world, "clinical_data_partner", "visit-listing", format="csv"))
    assert len(found) == 1 + 6
    assert {row[9] for row in found[1:]} == {"Scans received", "Expected"}


def test_a_ten_field_edit_shows_ten_lines_with_old_new_name_role_time_and_reason(
    world: StudyWorld,
) -> None:
    scientific = world.actor("scientific")
    with scope(world.study):
        tp = first_point(world, index=2)
        with acting(scientific, "ten fields at once"):
            answers = {f"item{n}": f"new {n}" for n in range(10)}
            record = world.subjects[0].submissions.first().form_record
            record.answers = answers
            record.save()
    lines = page(world, "scientific", "study-trail", what="changes", object=str(record.pk)).context[
        "lines"
    ]
    shown = [(x.field, x.old, x.new, x.name, x.role, x.reason) for x in lines if "item" in x.field]
    assert shown == [
        (
            f"Answers: item{n}",
            "–",
            f"new {n}",
            "Alpha Scientific",
            "scientific",
            "ten fields at once",
        )
        for n in range(10)
    ]
    assert tp.pk
    assert re.search(r"\(UTC[+−]?\d*\)", page(world, "scientific", "study-trail").content.decode())


def test_the_trail_leaves_out_answers_of_readers_for_those_without_results(
    world: StudyWorld,
) -> None:
    with scope(world.study), acting(world.actor("scientific")):
        design = Configuration.objects.get(key="ecrf_recist11")
        from studies.models import FormRecord

        record = FormRecord(study=world.study, form=design, answers={"overall": "SD"})
        record.save()
        record.answers = {"overall": "PD"}
        record.save()
    seen = {
        role: page(world, role, "study-trail", object=str(record.pk))
        .context["page"]
        .paginator.count
        for role in ("scientific", "inspector", "project_manager", "image_operations")
    }
    assert seen == {"scientific": 1, "inspector": 1, "project_manager": 0, "image_operations": 0}


def test_the_extract_holds_exactly_what_is_filtered_and_is_kept(world: StudyWorld) -> None:
    query = {"kind": "queries.query", "what": "acts"}
    seen = page(world, "inspector", "study-trail", **query).context["lines"]
    taken = rows_of(page(world, "inspector", "study-trail", format="csv", **query))
    assert [row[10] for row in taken[1:]] == [line.did for line in seen] == ["opened query"]
    kept = Event.objects.get(kind="trail.export")
    assert kept.details == query


@pytest.mark.parametrize("role", ["site_user", "sponsor", "central_reader", "adjudicator"])
def test_the_trail_is_closed_to_sites_sponsors_and_readers(world: StudyWorld, role: str) -> None:
    assert page(world, role, "study-trail").status_code == 403


# --- Configuration -----------------------------------------------------------------------------
def test_a_draft_is_approved_by_signature_and_made_effective(world: StudyWorld) -> None:
    with scope(world.study):
        made = configuration.draft(
            world.study,
            kind=Configuration.Kind.PLAN,
            key="plan",
            title="Project plan",
            document=PLAN,
            actor=world.actor("scientific"),
        )
    post(world, "scientific", "configuration-step", made.pk, step="send_to_review")
    seen = page(world, "scientific", "configuration-page", made.pk).context["sign"]
    digest = dict(seen.hidden)["digest"]
    wrong = post(
        world, "scientific", "configuration-approve", made.pk, password="wrong", digest=digest
    )
    assert wrong.status_code == 422
    assert "The password is not right" in wrong.content.decode()
    post(
        world,
        "scientific",
        "configuration-approve",
        made.pk,
        password=PASSWORD,
        digest=digest,
    )
    post(world, "scientific", "configuration-step", made.pk, step="make_effective")
    made.refresh_from_db()
    assert made.state == "effective"
    text = page(world, "inspector", "configuration-page", made.pk).content.decode()
    assert "Matches the record" in text


def test_the_download_is_the_document_over_which_the_digest_goes(world: StudyWorld) -> None:
    import hashlib

    with scope(world.study):
        made = Configuration.objects.get(key="plan")
    answer = page(world, "sponsor", "configuration-download", made.pk)
    assert hashlib.sha256(answer.content).hexdigest() == made.digest


# --- People and accounts -------------------------------------------------------------------------
def invite(world: StudyWorld, email: str = "new@example.org") -> str:
    """Invite a person as the project manager and return the address in the mail."""
    answer = post(
        world,
        "project_manager",
        "people-invite",
        printed_name="Ines Novak",
        email=email,
        role="site_user",
        sites=[str(world.sites[0].pk)],
    )
    assert answer.status_code == 302
    return re.search(r"http://testserver(\S+)", mail.outbox[-1].body)[1]  # type: ignore[index]


def test_an_invited_person_sets_a_password_and_holds_the_role(world: StudyWorld) -> None:
    address = invite(world)
    given = {"password": "a sentence to remember", "again": "a sentence to remember"}
    assert Client().get(address).status_code == 200
    short = Client().post(address, {"password": "short", "again": "short", "time_zone": "UTC"})
    assert short.status_code == 422
    Client().post(address, {**given, "time_zone": "Europe/Lisbon"})
    user = User.objects.get(email="new@example.org")
    assert user.check_password("a sentence to remember")
    membership = Membership.objects.get(user=user)
    assert (membership.role, membership.study) == ("site_user", world.study)
    assert Client().get(address).status_code == 404


def test_an_invitation_never_touches_an_account_that_exists(world: StudyWorld) -> None:
    known = make_user("known person")
    address = invite(world, known.email)
    Client().post(address, {"password": "taken over now", "again": "taken over now"})
    known.refresh_from_db()
    assert known.check_password(PASSWORD)
    assert not Membership.objects.filter(user=known).exists()
    other = log_in(Client(), world.users["sponsor"])
    assert other.post(address).status_code == 404
    own = log_in(Client(), known)
    assert own.post(address)["Location"] == "/"
    assert Membership.objects.get(user=known).role == "site_user"


def test_an_invitation_of_somebody_who_lost_the_right_is_over(world: StudyWorld) -> None:
    address = invite(world)
    held = Membership.objects.get(user=world.users["project_manager"])
    people.end_role(held, actor=BUILDER, reason="left the study")
    assert Client().get(address).status_code == 404


def test_a_role_ends_with_a_reason_and_stands_in_the_access_register(world: StudyWorld) -> None:
    held = Membership.objects.get(user=world.users["sponsor"])
    assert post(world, "project_manager", "people-end", held.pk, **WHY).status_code == 302
    assert page(world, "sponsor", "study-overview").status_code == 404
    found = rows_of(page(world, "project_manager", "people", format="csv"))
    ended = next(row for row in found if row[3] == "Sponsor")
    assert ended[6] != ""


@pytest.fixture
def administrator(world: StudyWorld) -> User:
    """An administrator of the installation."""
    user = make_user("the administrator")
    people.grant_role(user, Role.ADMINISTRATOR, study=None, actor=BUILDER)
    return user


def test_the_administrator_deactivates_an_account_with_a_reason(
    world: StudyWorld, administrator: User
) -> None:
    client, target = log_in(Client(), administrator), world.users["sponsor"]
    theirs = client_of(world, "sponsor")
    assert theirs.get("/").status_code == 200
    url = reverse("user-activity", args=[target.pk])
    assert client.post(url, {"active": "no"}).status_code == 422
    client.post(url, {"active": "no", **WHY})
    target.refresh_from_db()
    assert not target.is_active
    assert theirs.get("/").status_code == 302
    own = reverse("user-activity", args=[administrator.pk])
    assert client.post(own, {"active": "no", **WHY}).status_code == 422


def test_the_administrator_sees_no_study(world: StudyWorld, administrator: User) -> None:
    client = log_in(Client(), administrator)
    assert client.get(reverse("matrix", args=[world.study.code])).status_code == 404
    assert client.get(reverse("user-list")).status_code == 200
    assert client.get(reverse("system-page")).status_code == 200


def test_an_identity_is_verified_by_somebody_else(administrator: User) -> None:
    with acting(BUILDER):
        target = User.objects.create_user("x@example.org", PASSWORD, printed_name="Xenia Moll")
    client = log_in(Client(), administrator)
    client.post(reverse("user-identity", args=[target.pk]), {"how": "passport in a video call"})
    target.refresh_from_db()
    assert target.identity_verified_by == "The Administrator"
    own = client.post(reverse("user-identity", args=[administrator.pk]), {"how": "myself"})
    assert own.status_code == 422


def test_a_key_is_shown_once_and_can_be_revoked(world: StudyWorld) -> None:
    client = client_of(world, "data_manager")
    text = client.post(reverse("token-issue"), {"label": "warehouse", "days": 30}).content.decode()
    secret = re.search(r"icro_[\w-]+", text)[0]  # type: ignore[index]
    assert secret not in client.get(reverse("profile")).content.decode()
    token = ApiToken.objects.get()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert Client(headers=bearer).get("/api/v1/studies/").status_code == 200
    client.post(reverse("token-revoke", args=[token.pk]), WHY)
    assert Client(headers=bearer).get("/api/v1/studies/").status_code == 401


def test_a_changed_name_keeps_the_name_of_earlier_acts(world: StudyWorld) -> None:
    client = client_of(world, "project_manager")
    client.post(
        reverse("profile-change"), {"printed_name": "Maria Rossi", "time_zone": "Europe/Rome"}
    )
    event = Event.objects.get(kind="profile.change")
    assert event.actor_name == "Alpha Project Manager"
    assert "Maria Rossi" in client.get(reverse("profile")).content.decode()


# --- Messages, search, jobs -----------------------------------------------------------------------
def test_a_query_reaches_the_site_by_mail_without_subject_data(world: StudyWorld) -> None:
    waiting = Job.objects.get(kind="projects.notify", arguments__about_act="query.raise")
    assert jobs.run(str(waiting.pk)) == "done"
    notice = Notice.objects.get()
    assert notice.user == world.users["site_user"]
    sent = mail.outbox[-1]
    assert sent.to == [world.users["site_user"].email]
    assert world.subjects[0].code not in sent.subject + sent.body
    assert "Baseline" not in sent.body
    answer = client_of(world, "site_user").post(reverse("notice-read", args=[notice.pk]))
    assert answer["Location"] == notice.url
    notice.refresh_from_db()
    assert notice.read_at is not None


@pytest.mark.parametrize(
    ("role", "wanted", "found"),
    [
        ("project_manager", "101", ["Subject 101-001"]),
        ("project_manager", "Q-1", ["Query Q-0001"]),
        ("project_manager", "t1", ["Submission T-00001"]),
        ("site_user", "201", []),
        ("site_user", "T-2", []),
        ("central_reader", "101", []),
        ("sponsor", "101", []),
    ],
)
def test_search_finds_only_what_the_person_may_see(
    world: StudyWorld, role: str, wanted: str, found: list[str]
) -> None:
    hits = client_of(world, role).get(reverse("search"), {"q": wanted}).context["hits"]
    assert [hit.what for hit in hits] == found


def test_the_chain_is_proven_in_the_background(world: StudyWorld, administrator: User) -> None:
    client = log_in(Client(), administrator)
    client.post(reverse("chain-verify"))
    waiting = Job.objects.get(kind="projects.verify_chain")
    assert jobs.run(str(waiting.pk)) == "done"
    assert seal().breaks == 0
    assert Event.objects.get(kind="chain.verify").actor_role == "system"


def test_an_empty_study_says_what_will_be_there(world: StudyWorld) -> None:
    world = make_world("EMPTY", "Calder")
    with scope(world.study):
        assert TimePoint.objects.count() == 6
    for name in ("matrix", "subject-list"):
        assert (
            "No subject matches" in page(world, "project_manager", name, q="zzz").content.decode()
        )
    assert "No data cut is planned" in page(world, "sponsor", "study-overview").content.decode()
    assert not Invitation.objects.exists()
