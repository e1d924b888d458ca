"""Variability of readers: a re-read is an ordinary read to its reader, and counts nowhere."""

from __future__ import annotations

import re
from datetime import timedelta

import pypdfium2
import pytest

from audit import clock, jobs
from audit.actors import acting, service
from audit.errors import RuleBroken
from audit.models import Job
from reads.models import Acceptance, AdjudicationCase, ReaderStream, ReRead
from reads.services import variability
from reads.services.variability import Wanted
from reads.tasks import ask_for_rereads
from reads.visibility import inbox
from studies.scoping import scope
from tests.reads.read_world import (
    READERS,
    logged_in,
    make_read_study,
    read_baseline,
    read_follow_up,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.world import BUILDER, StudyWorld

pytestmark = pytest.mark.django_db

STABLE = ("SD", "NON-CR/NON-PD", "SD")
PARTIAL = ("PR", "NON-CR/NON-PD", "PR")
VARIABILITY = {"intra_percent": 50, "inter_percent": 0, "washout_days": 28}


def read_twice(code: str = "ALPHA") -> StudyWorld:
    """Return a study in which two readers have read baseline and first follow-up of a subject."""
    world = make_read_study(code, f"Sponsor of {code}", variability=VARIABILITY)
    with scope(world.study):
        for time_point in world.time_points(world.subjects[0])[:2]:
            ready(world, time_point)
        run_jobs()
        for name in READERS:
            read_baseline(world, name, "40.0", "20.0")
            read_follow_up(world, name, 2, ("30.0", "15.0"), STABLE)
        run_jobs()
    return world


def drawn(world: StudyWorld, **wanted: object):
    """Plan a study as the charter says and draw it."""
    usual = variability.usual(world.study)
    values = {name: getattr(usual, name) for name in Wanted.__dataclass_fields__} | wanted
    row = variability.plan(world.study, Wanted(**values), actor=world.actor("scientific"))
    return variability.draw(row, actor=world.actor("scientific"))


def desk(world: StudyWorld):
    return service(variability.DESK, study_id=world.study.pk)


def test_the_charter_says_what_is_asked_for_and_its_washout_is_the_shortest() -> None:
    world = make_read_study(variability=VARIABILITY, batches={"minimal_interval_days": 40})
    with scope(world.study):
        usual = variability.usual(world.study)
        assert (usual.intra_percent, usual.inter_percent) == (50, 0)
        # The limit between same cases is longer; a shorter wash-out would show itself by it.
        assert usual.washout_days == 40
        with pytest.raises(RuleBroken, match="at least 40 days"):
            variability.plan(world.study, Wanted("V", 10, 0, 39), actor=world.actor("scientific"))
        with pytest.raises(RuleBroken, match="percentages"):
            variability.plan(world.study, Wanted("V", 60, 50, 40), actor=world.actor("scientific"))


def test_a_sample_needs_finished_courses_and_holds_one_of_a_subject() -> None:
    world = make_read_study(variability=VARIABILITY)
    with scope(world.study), pytest.raises(RuleBroken, match="No course of reads is finished"):
        drawn(world)
    world = read_twice("BETA")
    with scope(world.study):
        row = drawn(world, intra_percent=100)
        # Two courses of one subject are finished; only one of them is read again.
        assert len(row.population) == 2
        assert row.rereads.count() == 1


def test_nobody_else_with_room_means_no_reading_by_another_reader() -> None:
    world = read_twice()
    with scope(world.study):
        # Both qualified readers read the subject: there is no third.
        row = drawn(world, intra_percent=0, inter_percent=100)
        assert row.rereads.count() == 0


def given_out(world: StudyWorld) -> tuple[ReRead, ReaderStream]:
    """Draw, and give out; call inside a clock shifted beyond the wash-out."""
    member = ReRead.objects.get(plan__state="drawn")
    assert variability.give_out(world.study, actor=desk(world)) == 1
    return member, ReaderStream.objects.get(purpose="variability")


def name_of(world: StudyWorld, member: ReRead) -> str:
    return next(name for name in READERS if world.users[name].pk == member.reader_id)


def test_a_reread_appears_after_the_washout_and_looks_like_any_other_read() -> None:
    world = read_twice()
    with scope(world.study):
        member = drawn(world).rereads.get()
        assert member.not_before == clock.today(world.study.time_zone) + timedelta(days=28)
        name = name_of(world, member)
        for days in (0, 27):
            with clock.shifted_by(timedelta(days=days)):
                assert variability.give_out(world.study, actor=desk(world)) == 0
    assert logged_in(world, name).get("/reads/").context["open_count"] == 0
    with clock.shifted_by(timedelta(days=29)):
        assert ask_for_rereads() == 1
        job = Job.objects.get(kind="reads.read_again")
        assert jobs.run(str(job.pk)) == "done"
        Job.objects.filter(pk=job.pk).update(state="pending", attempts=0, finished_at=None)
        assert jobs.run(str(job.pk)) == "done"
        with scope(world.study):
            stream = ReaderStream.objects.get(purpose="variability")
            first, second = stream.tasks.order_by("sequence")
            # The label has the pattern of every other, and is new.
            assert re.fullmatch(r"C-[0-9A-F]{6}", stream.label)
            assert stream.label != member.original.label
            # The follow-up is locked behind the baseline, as for every case.
            assert list(inbox(reader(world, name))) == [first]
            kept = member.original.tasks.get(sequence=1)
            assert (first.package_id, first.time_point_id) == (kept.package_id, kept.time_point_id)
        client = logged_in(world, name)
        page = client.get("/reads/").content.decode()
        assert stream.label in page
        room = f"/s/ALPHA/reads/{first.pk}/"
        for address in ("/reads/", room, f"{room}stacks/", "/api/v1/studies/ALPHA/reads/"):
            text = client.get(address).content.decode().lower()
            # The list of the API holds what the reader signed; pages of the re-read do not.
            if address in {room, f"{room}stacks/"}:
                assert member.original.label.lower() not in text
            words = ("variab", "re-read", "reread", "intra", "purpose")
            assert [word for word in words if word in text] == [], address
            assert str(second.pk) not in text


def test_what_a_reader_is_sent_of_a_reread_has_the_fields_of_any_other_read() -> None:
    world = read_twice()
    with scope(world.study):
        member = drawn(world).rereads.get()
        name = name_of(world, member)
        ready(world, world.time_points(world.subjects[1])[0])
        run_jobs()
    with clock.shifted_by(timedelta(days=29)), scope(world.study):
        _, stream = given_out(world)
        ordinary = task_of(world, name, 1, subject=1)
        again = stream.tasks.get(sequence=1)
        client = logged_in(world, name)
        one, two = (
            client.get(f"/api/v1/studies/ALPHA/reads/{task.pk}/").json()
            for task in (ordinary, again)
        )
        assert one.keys() == two.keys()
        same = {key for key in one if one[key] == two[key]}
        # What differs is what differs between any two cases.
        assert one.keys() - same <= {"id", "case", "label", "due_at", "state", "images", "package"}


def read_again(world: StudyWorld, name: str, stream: ReaderStream) -> None:
    """Read a re-read to its end: 30 mm of the first target again, 28 mm of it at the follow-up."""
    from reads.services import reading
    from tests.reads.read_world import baseline_answers, fill, follow_up_answers, sign

    first, second = stream.tasks.order_by("sequence")
    session = reading.open_session(first, actor=reader(world, name))
    fill(world, name, session, baseline_answers("42.0", "20.0"))
    sign(world, name, session)
    session = reading.open_session(second, actor=reader(world, name))
    answers = follow_up_answers(session.form_record.answers, ("28.0", "12.0"), PARTIAL)
    fill(world, name, session, answers)
    sign(world, name, session)


def test_a_signed_reread_counts_nowhere_and_is_compared() -> None:
    world = read_twice()
    with scope(world.study):
        row = drawn(world)
        member = row.rereads.get()
        name = name_of(world, member)
        accepted = list(Acceptance.objects.order_by("pk").values_list("pk", "session_id"))
        points = {t.pk: t.state for t in world.time_points(world.subjects[0])}
    with clock.shifted_by(timedelta(days=29)), scope(world.study):
        _, stream = given_out(world)
        read_again(world, name, stream)
        run_jobs()
        # It calls a partial response where both readers said stable disease.
        assert AdjudicationCase.objects.count() == 0
        assert list(Acceptance.objects.order_by("pk").values_list("pk", "session_id")) == accepted
        assert {t.pk: t.state for t in world.time_points(world.subjects[0])} == points
        (result,) = variability.results(row)
    assert result.kind == "intra"
    assert (result.repeated.time_points, result.repeated.calls, result.repeated.sums) == (2, 1, 2)
    found = {one.key: one for one in result.repeated.statistics}
    assert found["percent_agreement"].value == 0.0
    # Sums: 60.0 and 62.0 mm at baseline, 45.0 and 40.0 mm at the follow-up.
    limits = result.repeated.limits
    assert limits is not None
    assert limits.bias == pytest.approx((-2.0 + 5.0) / 2)
    assert sorted(result.repeated.points) == [(42.5, 5.0), (61.0, -2.0)]
    report = f"/s/ALPHA/performance/variability/{row.pk}/report.pdf"
    paper = pypdfium2.PdfDocument(logged_in(world, "scientific").get(report).content)
    text = "".join(page.get_textpage().get_text_range() for page in paper)
    assert "Mean of the two sums of diameters, mm" in text
    assert "bias 1.5 mm" in text


def test_performance_and_cuts_leave_rereads_out() -> None:
    from reads.services import performance

    world = read_twice()
    with scope(world.study):
        drawn(world)
    with clock.shifted_by(timedelta(days=29)), scope(world.study):
        member, stream = given_out(world)
        read_again(world, name_of(world, member), stream)
        run_jobs()
        seen = performance.gather(world.study, criterion="RECIST11").of()
        # Two readers, two time points each; one follow-up read by both.
        assert (seen.reads, seen.pairs, seen.agreement.value) == (4, 1, 100.0)


def test_a_reread_whose_first_reading_was_rolled_back_is_left_out_with_the_reason() -> None:
    world = read_twice()
    with scope(world.study):
        row = drawn(world)
        member = row.rereads.get()
        with acting(BUILDER, "a replaced reader"):
            member.original.closed_reason = "the reader was replaced"
            member.original.save()
        with clock.shifted_by(timedelta(days=29)):
            assert variability.give_out(world.study, actor=desk(world)) == 0
        member.refresh_from_db()
        assert member.left_out_reason == "The first reads were rolled back."
        (result,) = variability.results(row)
        assert result.left_out == ("The first reads were rolled back.",)


def test_what_was_given_out_cannot_be_cancelled_but_closed() -> None:
    world = read_twice()
    with scope(world.study):
        row = drawn(world)
        with clock.shifted_by(timedelta(days=29)):
            given_out(world)
        with pytest.raises(RuleBroken, match="Close the study instead"):
            variability.cancel(row, actor=world.actor("scientific"), reason="not wanted")
        closed = variability.close(row, actor=world.actor("scientific"), reason="enough")
        assert closed.state == "closed"


def test_the_pages_of_a_study_of_variability() -> None:
    world = read_twice()
    client = logged_in(world, "scientific")
    listed = client.get("/s/ALPHA/performance/variability/")
    assert listed.context["form"].initial["intra_percent"] == 50
    made = client.post(
        "/s/ALPHA/performance/variability/plan/",
        {"title": "V-1", "intra_percent": "50", "inter_percent": "0", "washout_days": "28"},
    )
    page = made["Location"]
    client.post(f"{page}act/", {"act": "draw"})
    shown = client.get(page)
    assert "in the wash-out" in shown.content.decode()
    assert [one.read for one in shown.context["members"]] == [0]
    report = client.get(f"{page}report.pdf")
    assert report.content.startswith(b"%PDF")
    rows = client.get(f"{page}?format=csv").content.decode().splitlines()
    assert rows[0] == "kind,statistic,value,low,high,cases,source"
    # Whoever reads has no such page.
    assert logged_in(world, READERS[0]).get(page).status_code == 403
