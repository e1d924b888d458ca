"""Reader performance as its pages, CSV and PDF show it, and to whom."""

from __future__ import annotations

import csv
import io

import pypdfium2
import pytest

from audit.actors import acting
from reads.models import AdjudicationCase
from reads.services import performance
from studies.scoping import scope
from tests.reads.at_scale import load
from tests.reads.read_world import (
    READERS,
    disagreement,
    logged_in,
    make_read_study,
    read_baseline,
    ready,
    run_jobs,
)
from tests.world import BUILDER, StudyWorld, make_study

pytestmark = pytest.mark.django_db

PAGE = "/s/ALPHA/performance/"


def differing() -> tuple[StudyWorld, AdjudicationCase]:
    """Return a study whose readers signed a baseline and differ in the follow-up."""
    world = make_read_study()
    with scope(world.study):
        return world, disagreement(world)


def test_one_follow_up_on_which_readers_differ_is_one_disagreement_and_one_case() -> None:
    world, _ = differing()
    with scope(world.study):
        found = performance.gather(world.study, criterion="RECIST11")
        seen = found.of()
        assert (seen.reads, seen.pairs) == (4, 1)
        assert seen.agreement.value == 0.0
        assert seen.adjudication.value == 100.0
        assert seen.reasons == (("overall_response", 1),)
        for name in READERS:
            own = found.of(world.users[name].pk)
            assert (own.reads, own.pairs) == (2, 1)
            # Nobody decided the case yet.
            assert own.disagreement_index.value == 0.0


def test_active_time_is_kept_when_a_read_is_signed() -> None:
    world, case = differing()
    assert case.session_1.seconds_active >= 0
    with scope(world.study):
        session = case.session_1
        assert session.seconds_active <= (session.signed_at - session.opened_at).total_seconds() + 1


def test_pauses_count_for_five_minutes_at_most() -> None:
    from datetime import timedelta

    from audit import clock
    from reads.services import reading
    from reads.services.pace import active_seconds
    from tests.reads.read_world import baseline_answers, fill, reader, task_of

    world = make_read_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
        session = reading.open_session(task_of(world, READERS[0]), actor=reader(world, READERS[0]))
        with clock.shifted_by(timedelta(minutes=2)):
            fill(world, READERS[0], session, baseline_answers("40.0"))
        with clock.shifted_by(timedelta(hours=9)):
            fill(world, READERS[0], session, baseline_answers("41.0"))
        until = session.opened_at + timedelta(hours=9, minutes=1)
        # Two minutes, five of the night, and less than one after the last save.
        assert 7 * 60 <= active_seconds(session, until=until) <= 8 * 60 + 1


def test_staff_sees_names_codes_or_letters_and_readers_see_nothing() -> None:
    world, _ = differing()
    names = [world.users[name].printed_name for name in READERS]
    manager = logged_in(world, "reviewer_operations").get(PAGE).content.decode()
    assert all(name in manager for name in names)
    science = logged_in(world, "scientific").get(PAGE).content.decode()
    assert "R-01" in science
    assert not any(name in science for name in names)
    sponsor = logged_in(world, "sponsor")
    for address in (PAGE, f"{PAGE}readers/1/", f"{PAGE}?format=csv"):
        page = sponsor.get(address).content.decode()
        assert "Reader A" in page
        assert not any(name in page for name in names)
        assert "R-01" not in page
        # No result of a subject, not even its code.
        assert world.subjects[0].code not in page
    paper = pypdfium2.PdfDocument(sponsor.get(f"{PAGE}report.pdf").content)
    text = "".join(page.get_textpage().get_text_range() for page in paper)
    assert "Reader B" in text
    assert "Day of the later signature, by period" in text  # the chart has its axes
    assert not any(name in text for name in names)
    for name in (*READERS, "adjudicator", "site_user"):
        for address in (PAGE, f"{PAGE}readers/1/", f"{PAGE}report.pdf"):
            assert logged_in(world, name).get(address).status_code == 403


def test_the_csv_holds_every_statistic_with_its_interval_and_source() -> None:
    world = make_read_study()
    with scope(world.study):
        load(world, subjects=30, time_points=4)
    content = logged_in(world, "data_manager").get(f"{PAGE}?format=csv").content.decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    kappas = [row for row in rows if row["statistic"] == "cohen_kappa"]
    assert len(kappas) == 2
    for row in kappas:
        assert float(row["low"]) < float(row["value"]) < float(row["high"])
        assert "Cohen" in row["source"]
    # Both readers read the same time points: their kappa is one.
    assert kappas[0]["value"] == kappas[1]["value"]


def test_the_page_is_of_the_days_asked_for() -> None:
    world = make_read_study()
    with scope(world.study):
        load(world, subjects=30, time_points=4)
    client = logged_in(world, "scientific")
    whole = client.get(PAGE).context["seen"]
    part = client.get(f"{PAGE}?from=2100-01-01").context["seen"]
    assert whole.pairs > 40
    assert (part.reads, part.pairs) == (0, 0)
    assert (
        "No time point was read by two readers yet"
        in client.get(f"{PAGE}?from=2100-01-01").content.decode()
    )


def test_a_study_without_reads_or_charter_and_an_unknown_reader() -> None:
    world = make_study("BETA", sponsor="Calder")
    bare = logged_in(world, "scientific").get("/s/BETA/performance/")
    assert "No time point was read by two readers yet" in bare.content.decode()
    world = make_read_study()
    client = logged_in(world, "scientific")
    assert client.get(PAGE).status_code == 200
    assert client.get(f"{PAGE}report.pdf").content.startswith(b"%PDF")
    assert client.get(f"{PAGE}readers/9/").status_code == 404


def test_reads_of_a_replaced_reader_are_not_measured() -> None:
    world = make_read_study()
    with scope(world.study):
        ready(world, world.time_points(world.subjects[0])[0])
        run_jobs()
        session = read_baseline(world, READERS[0], "40.0")
        stream = session.task.stream
        with acting(BUILDER, "a replaced reader"):
            stream.closed_reason = "replaced"
            stream.save()
        assert performance.gather(world.study, criterion="RECIST11").of().reads == 0
