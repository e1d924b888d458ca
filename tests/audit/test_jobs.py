"""Background work survives the broker, the worker and doubled messages (T05, T06; I7)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import OperationalError, connections, transaction

from audit import clock, jobs
from audit.actors import acting, current_act, service
from audit.errors import RuleBroken
from audit.models import Event, Job, record
from audit.tasks import run_job
from icro.celery import app as celery_app
from studies.models import Organisation
from tests.plugins.processes import StartWorkers

pytestmark = pytest.mark.django_db

calls: list[tuple[str, dict[str, Any]]] = []
behaviour: dict[str, Any] = {}


@pytest.fixture(autouse=True)
def _kinds() -> Iterator[None]:
    calls.clear()
    behaviour.clear()

    @jobs.job("test.work", label="Test work", max_attempts=3)
    def work(row: Job, **arguments: Any) -> None:
        calls.append((str(row.pk), arguments))
        if "does" in behaviour:
            behaviour["does"](row)

    yield
    del jobs.KINDS["test.work"]


def ask(key: str = "one", **arguments: Any) -> Job:
    return jobs.enqueue("test.work", key=key, **arguments)


def state(row: Job) -> str:
    row.refresh_from_db()
    return row.state


def make_due(row: Job) -> None:
    """Let waiting times and leases have passed."""
    past = datetime.now(UTC) - timedelta(seconds=1)
    Job.objects.filter(pk=row.pk).exclude(not_before=None).update(not_before=past)
    Job.objects.filter(pk=row.pk).exclude(lease_until=None).update(lease_until=past)


# --- asking ---------------------------------------------------------------------------------------


def test_asking_twice_for_the_same_work_is_one_row() -> None:
    assert ask().pk == ask().pk
    assert Job.objects.count() == 1


def test_a_job_remembers_its_record_its_arguments_and_who_asked() -> None:
    with acting(service("somebody")):
        row = Organisation(name="Norvane", kind="sponsor")
        row.save()
        made = ask(row=row, total=4, depth=2)
    assert (made.object_kind, made.object_id) == ("studies.organisation", str(row.pk))
    assert (made.arguments, made.total_units, made.actor["name"]) == ({"depth": 2}, 4, "somebody")
    assert jobs.of(row) == [made]


@pytest.mark.django_db(transaction=True)
def test_work_asked_for_in_an_act_that_fails_was_never_asked_for() -> None:
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        ask()
        raise ZeroDivisionError
    assert not Job.objects.exists()


# --- running --------------------------------------------------------------------------------------


def test_a_job_runs_once_as_a_named_service_and_is_done() -> None:
    acts = []
    behaviour["does"] = lambda row: acts.append(current_act())
    row = ask(total=3, depth=2)
    assert jobs.run(str(row.pk)) == "done"
    assert state(row) == "done"
    assert calls == [(str(row.pk), {"depth": 2})]
    assert (row.done_units, row.attempts, row.lease_until) == (3, 1, None)
    assert acts[0].actor.name == "Test work"
    assert acts[0].actor.system


def test_a_doubled_message_finds_nothing_to_do() -> None:
    row = ask()
    assert [run_job(str(row.pk)) for _ in range(3)] == ["done", "not free", "not free"]
    assert len(calls) == 1


def test_messages_out_of_order_and_a_late_one_give_the_same_result() -> None:
    first, second = ask("one"), ask("two")
    for row in (second, first, second, first):
        run_job(str(row.pk))
    Job.objects.update(published_at=datetime.now(UTC) - timedelta(hours=2))
    run_job(str(first.pk))
    assert [pk for pk, _ in calls] == [str(second.pk), str(first.pk)]


def test_a_message_for_a_row_that_is_not_there_does_nothing() -> None:
    assert run_job("0b8a8a52-8f5e-4c0c-9d3c-0a4e3c1f2d11") == "not free"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_run_a_job_once() -> None:
    row = ask()
    barrier = threading.Barrier(4)
    results: list[str] = []

    def work() -> None:
        barrier.wait()
        results.append(jobs.run(str(row.pk)))
        connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["done", "not free", "not free", "not free"]
    assert len(calls) == 1


def test_the_shift_of_the_clock_goes_with_the_job() -> None:
    seen = []
    behaviour["does"] = lambda row: seen.append(clock.now())
    with clock.shifted_by(timedelta(days=-40)):
        row = ask()
    jobs.run(str(row.pk))
    assert timedelta(days=39) < datetime.now(UTC) - seen[0] < timedelta(days=41)


# --- failing --------------------------------------------------------------------------------------


def test_a_fault_is_tried_again_with_growing_pauses_and_then_waits_for_a_person() -> None:
    def fault(row: Job) -> None:
        raise ValueError("broken header")

    behaviour["does"] = fault
    row = ask()
    pauses = []
    for _ in range(2):
        assert jobs.run(str(row.pk)) == "pending"
        row.refresh_from_db()
        pauses.append((row.not_before - datetime.now(UTC)).total_seconds())
        assert jobs.run(str(row.pk)) == "not free"
        make_due(row)
    assert 2 < pauses[0] < 5 < pauses[1] < 9
    assert jobs.run(str(row.pk)) == "quarantined"
    assert state(row) == "quarantined"
    assert "broken header" in row.error
    assert len(calls) == 3
    assert row.is_over


def test_a_refusal_is_an_answer_and_is_not_tried_again() -> None:
    def refuse(row: Job) -> None:
        raise RuleBroken("The visit was withdrawn.")

    behaviour["does"] = refuse
    row = ask()
    assert jobs.run(str(row.pk)) == "failed"
    row.refresh_from_db()
    assert row.error == "The visit was withdrawn."


def test_a_database_that_fails_for_ever_ends_in_quarantine_too() -> None:
    def lost(row: Job) -> None:
        raise OperationalError("server closed the connection")

    behaviour["does"] = lost
    row = ask()
    for _ in range(3):
        jobs.run(str(row.pk))
        make_due(row)
    assert state(row) == "quarantined"


def test_postponing_is_no_failure() -> None:
    def later(row: Job) -> None:
        raise jobs.Postpone(30, "the files are still coming")

    behaviour["does"] = later
    row = ask()
    for _ in range(5):
        assert jobs.run(str(row.pk)) == "pending"
        make_due(row)
    row.refresh_from_db()
    assert (row.attempts, row.error) == (0, "the files are still coming")


def test_a_lost_worker_s_job_is_taken_up_when_its_lease_ran_out() -> None:
    row = ask()
    assert jobs._claim(str(row.pk)) is not None  # the worker that dies
    assert jobs.run(str(row.pk)) == "not free"
    make_due(row)
    assert jobs.run(str(row.pk)) == "done"
    assert state(row) == "done"
    assert row.attempts == 2


def test_a_job_that_kills_its_worker_every_time_is_quarantined() -> None:
    row = ask()
    for _ in range(3):
        assert jobs._claim(str(row.pk)) is not None
        make_due(row)
    assert jobs.run(str(row.pk)) == "not free"
    assert state(row) == "quarantined"
    assert row.error == "The worker was lost every time."
    assert calls == []


def test_a_worker_that_comes_back_late_cannot_close_another_s_job() -> None:
    row = ask()
    late = jobs._claim(str(row.pk))
    assert late is not None
    make_due(row)
    Job.objects.filter(pk=row.pk).update(worker="other:1", attempts=2)
    jobs._finish(late, "failed", "late")
    assert state(row) == "running"
    with pytest.raises(jobs.Cancelled):
        jobs.Progress(late).at(1)


def test_work_of_an_unknown_kind_waits_for_a_worker_that_knows_it() -> None:
    row = ask()
    Job.objects.update(kind="of.a.later.version")
    assert jobs.run(str(row.pk)) == "pending"
    Job.objects.update(kind="test.work")
    make_due(row)
    assert jobs.run(str(row.pk)) == "done"


# --- people ---------------------------------------------------------------------------------------


def test_progress_counts_truly_and_renews_the_lease() -> None:
    seen = []

    def work(row: Job) -> None:
        progress = jobs.Progress(row)
        progress.total(10)
        make_due(row)
        progress.at(4, "slice 4")
        row.refresh_from_db()
        seen.append((row.done_units, row.total_units, row.note, row.lease_until))

    behaviour["does"] = work
    row = ask()
    jobs.run(str(row.pk))
    done, total, note, lease = seen[0]
    assert (done, total, note) == (4, 10, "slice 4")
    assert lease > datetime.now(UTC) + timedelta(seconds=50)


def test_a_job_that_waits_is_cancelled_at_once() -> None:
    row = ask()
    jobs.cancel(row)
    assert state(row) == "cancelled"
    assert jobs.run(str(row.pk)) == "not free"


def test_a_job_that_runs_stops_at_its_next_progress() -> None:
    def work(row: Job) -> None:
        jobs.cancel(row)
        jobs.Progress(row).at(1)
        raise AssertionError("it went on")

    behaviour["does"] = work
    row = ask()
    assert jobs.run(str(row.pk)) == "cancelled"
    assert state(row) == "cancelled"


def test_a_cancelled_job_whose_worker_was_lost_is_not_begun_again() -> None:
    row = ask()
    jobs._claim(str(row.pk))
    jobs.cancel(row)
    make_due(row)
    assert jobs.run(str(row.pk)) == "not free"
    assert state(row) == "cancelled"
    assert calls == []


@pytest.mark.parametrize("over", ["failed", "quarantined", "cancelled"])
def test_a_job_that_is_over_can_be_tried_again(over: str) -> None:
    row = ask()
    Job.objects.update(state=over, attempts=3, error="x", cancel_requested=True)
    jobs.retry(row)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error) == ("pending", 0, "")
    assert jobs.run(str(row.pk)) == "done"


@pytest.mark.parametrize("still", ["pending", "running", "done"])
def test_a_job_that_is_done_or_under_way_is_not_tried_again(still: str) -> None:
    row = ask()
    Job.objects.update(state=still)
    jobs.retry(row)
    assert state(row) == still


# --- the broker is losable ------------------------------------------------------------------------


def queued() -> int:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        return int(client.llen("default"))


@pytest.mark.django_db(transaction=True)
def test_a_message_is_sent_after_the_commit_and_not_before() -> None:
    with transaction.atomic():
        row = ask()
        assert queued() == 0
    assert queued() == 1
    row.refresh_from_db()
    assert row.published_at is not None


@pytest.fixture
def broken_broker() -> Iterator[None]:
    """Nobody listens where the broker should be."""
    kept = celery_app.conf.broker_write_url
    celery_app.conf.broker_write_url = "redis://127.0.0.1:1/0"
    celery_app._pool = celery_app.amqp._producer_pool = None
    yield
    celery_app.conf.broker_write_url = kept
    celery_app._pool = celery_app.amqp._producer_pool = None


@pytest.mark.django_db(transaction=True)
def test_while_the_broker_is_down_work_is_kept_and_the_asker_notices_nothing(
    broken_broker: None,
) -> None:
    with transaction.atomic(), acting(service("somebody")):
        row = ask()
        record("something.happened")
    assert Event.objects.filter(kind="something.happened").exists()
    row.refresh_from_db()
    assert (row.state, row.published_at) == ("pending", None)
    assert jobs.reconcile() == 0
    assert state(row) == "pending"


@pytest.mark.django_db(transaction=True)
def test_the_reconciler_publishes_what_was_not_published() -> None:
    row = ask()
    Job.objects.update(published_at=None)
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.delete("default")
    assert jobs.reconcile() == 1
    assert queued() == 1
    assert jobs.reconcile() == 0  # it is on its way
    Job.objects.update(published_at=datetime.now(UTC) - timedelta(seconds=100))
    assert jobs.reconcile() == 1  # the message never came
    jobs.run(str(row.pk))
    assert jobs.reconcile() == 0


@pytest.mark.django_db(transaction=True)
def test_the_reconciler_leaves_work_alone_that_is_not_due() -> None:
    jobs.enqueue("test.work", key="later", delay=timedelta(hours=1))
    assert (queued(), jobs.reconcile()) == (0, 0)
    Job.objects.update(not_before=datetime.now(UTC))
    assert jobs.reconcile() == 1


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_a_flushed_broker_loses_no_work(worker_processes: StartWorkers) -> None:
    """T05: messages are wiped while jobs wait; a worker and the reconciler finish them all."""
    with acting(service("test")):
        Organisation(name="Norvane", kind="sponsor").save()
    rows = [jobs.enqueue("projects.verify_chain", key=f"verify:{n}") for n in range(5)]
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.flushdb()
    Job.objects.update(published_at=None)
    worker_processes(1)
    jobs.reconcile()
    deadline = datetime.now(UTC) + timedelta(seconds=60)
    while datetime.now(UTC) < deadline and Job.objects.exclude(state="done").exists():
        threading.Event().wait(0.3)
    assert {state(row) for row in rows} == {"done"}


def test_a_row_is_not_written_once_workers_were_told_of_it(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    """A worker that looks at once must find the row free; else it waits for the reconciler."""
    with django_capture_on_commit_callbacks():
        row = ask()
    statements: list[str] = []

    def told(**_: Any) -> None:
        assert Job.objects.get(pk=row.pk).published_at is not None
        statements.clear()

    def noted(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append(sql)
        return execute(sql, params, many, context)

    monkeypatch.setattr(run_job, "apply_async", told)
    with connections["default"].execute_wrapper(noted):
        assert jobs.publish(row)
    assert statements == []


def test_a_row_of_which_nobody_could_be_told_counts_as_not_published(
    monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks():
        row = ask()

    def broken(**_: Any) -> None:
        raise ConnectionError

    monkeypatch.setattr(run_job, "apply_async", broken)
    assert not jobs.publish(row)
    row.refresh_from_db()
    assert row.published_at is None
