"""No way of writing escapes the history: every tracked model × every call of the ORM (P05, T22)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.apps import apps
from django.core import serializers
from django.db import models, transaction
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from audit.actors import acting, service
from audit.errors import NoActor, UntrackedWrite
from audit.history import TrackedBase
from audit.states import DirectStateWrite
from studies.models import Organisation, Programme, Study
from studies.scoping import across_studies

pytestmark = pytest.mark.django_db

TRACKED = [model for model in apps.get_models() if issubclass(model, TrackedBase)]
SOMEBODY = service("test")


def rows_of(manager: Any) -> Any:
    with across_studies("a test of the doors"):
        return manager.all()


def _run(waited_for: Coroutine[Any, Any, Any]) -> Any:
    """Run it in a thread of its own: a browser of an earlier test leaves its loop in this one."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, waited_for).result()


BULK: dict[str, Callable[[Any, type[models.Model]], Any]] = {
    "update": lambda rows, model: rows.update(created_at=None),
    "delete": lambda rows, model: rows.delete(),
    "bulk_create": lambda rows, model: rows.bulk_create([model()]),
    "bulk_update": lambda rows, model: rows.bulk_update([model()], ["created_at"]),
    "aupdate": lambda rows, model: _run(rows.aupdate(created_at=None)),
    "adelete": lambda rows, model: _run(rows.adelete()),
    "abulk_create": lambda rows, model: _run(rows.abulk_create([model()])),
    "abulk_update": lambda rows, model: _run(rows.abulk_update([model()], ["created_at"])),
}


@pytest.mark.parametrize("verb", BULK)
@pytest.mark.parametrize("manager", ["objects", "_base_manager", "_default_manager"])
def test_no_bulk_write_passes_the_history(verb: str, manager: str) -> None:
    assert len(TRACKED) > 30
    for model in TRACKED:
        with pytest.raises(UntrackedWrite), acting(SOMEBODY):
            BULK[verb](rows_of(getattr(model, manager)), model)


def test_every_bulk_verb_of_django_is_in_the_list_above() -> None:
    """A new verb of a later Django must be looked at before it can be used."""
    writing = {
        name
        for name in dir(models.QuerySet)
        if any(word in name for word in ("create", "update", "delete", "insert"))
        and not name.startswith("__")
    }
    one_by_one = {"create", "acreate", "get_or_create", "aget_or_create"} | {
        "update_or_create",
        "aupdate_or_create",
    }
    lower_half = {"_insert", "_update", "_batched_insert", "_raw_delete", "_not_support_combined"}
    locking = {"select_for_update"}
    checks = {"_check_bulk_create_options", "_prepare_for_bulk_create"}
    assert writing - one_by_one - lower_half - locking - checks == set(BULK)


def test_no_tracked_row_is_deleted() -> None:
    for model in TRACKED:
        with pytest.raises(UntrackedWrite), acting(SOMEBODY):
            model().delete()


def organisation(name: str = "Norvane") -> Organisation:
    with acting(SOMEBODY):
        row = Organisation(name=name, kind="sponsor")
        row.save()
    return row


def versions(row: TrackedBase) -> list[str]:
    return list(row.history.order_by("history_id").values_list("name", flat=True))


def test_a_save_without_an_actor_is_refused_and_writes_nothing() -> None:
    with pytest.raises(NoActor):
        Organisation(name="Norvane", kind="sponsor").save()
    assert not Organisation.objects.exists()
    row = organisation()
    row.name = "Calder"
    for attempt in (row.save, row.save_base, lambda: models.Model.save_base(row)):
        with pytest.raises(NoActor):
            attempt()
    assert Organisation.objects.get().name == "Norvane"


def test_saving_a_row_one_by_one_always_leaves_a_version() -> None:
    row = organisation()
    with acting(SOMEBODY):
        Organisation.objects.create(name="Created", kind="sponsor")
        Organisation.objects.get_or_create(name="Got", defaults={"kind": "cro"})
        Organisation.objects.update_or_create(id=row.pk, defaults={"name": "Updated"})
        changed = Organisation.objects.get(pk=row.pk)
        changed.name = "Saved"
        changed.save(update_fields=["name"])
    assert versions(row) == ["Norvane", "Updated", "Saved"]
    for name in ("Created", "Got"):
        assert versions(Organisation.objects.get(name=name)) == [name]


def test_the_library_s_own_ways_around_the_history_are_closed() -> None:
    row = organisation()
    row.name = "Calder"
    with acting(SOMEBODY):
        with pytest.raises(UntrackedWrite):
            row.save_without_historical_record()
        with pytest.raises(UntrackedWrite), transaction.atomic():
            bulk_create_with_history([Organisation(name="x", kind="cro")], Organisation)
        with pytest.raises(UntrackedWrite), transaction.atomic():
            bulk_update_with_history([row], Organisation, ["name"])
    assert Organisation.objects.get().name == "Norvane"


def test_a_fixture_cannot_be_loaded_over_tracked_rows() -> None:
    row = organisation()
    text = serializers.serialize("json", [row]).replace("Norvane", "Calder")
    (loaded,) = serializers.deserialize("json", text)
    with pytest.raises(UntrackedWrite), acting(SOMEBODY):
        loaded.save()
    assert Organisation.objects.get().name == "Norvane"


def test_related_managers_move_no_rows_in_bulk() -> None:
    first, second = organisation(), organisation("Calder")
    with acting(SOMEBODY):
        programme = Programme(sponsor=first, name="P")
        programme.save()
        with pytest.raises(UntrackedWrite):
            second.programmes.add(programme)
        with pytest.raises(UntrackedWrite):
            first.programmes.update(name="Q")
        second.programmes.add(programme, bulk=False)
    assert programme.history.count() == 2


# --- states past the gateway ----------------------------------------------------------------------


def study() -> Study:
    sponsor = organisation()
    with acting(SOMEBODY):
        programme = Programme(sponsor=sponsor, name="P")
        programme.save()
        row = Study(programme=programme, sponsor=sponsor, code="ALPHA", title="A")
        row.save()
    return row


def test_a_new_row_starts_at_the_start() -> None:
    sponsor = organisation()
    with acting(SOMEBODY):
        programme = Programme(sponsor=sponsor, name="P")
        programme.save()
        with pytest.raises(DirectStateWrite):
            Study(programme=programme, sponsor=sponsor, code="ALPHA", state="conduct").save()


def test_a_state_is_not_assigned() -> None:
    row = study()
    row.state = "conduct"
    with acting(SOMEBODY), pytest.raises(DirectStateWrite):
        row.save()


def test_a_state_is_not_assigned_to_a_row_that_was_read_without_it() -> None:
    row = Study.objects.defer("state").get(pk=study().pk)
    row.state = "conduct"
    with acting(SOMEBODY), pytest.raises(DirectStateWrite):
        row.save()


def test_reading_other_columns_again_does_not_launder_a_state() -> None:
    row = study()
    row.state = "conduct"
    row.refresh_from_db(fields=["title"])
    with acting(SOMEBODY), pytest.raises(DirectStateWrite):
        row.save()


def test_a_row_that_was_read_without_its_state_can_be_saved() -> None:
    row = Study.objects.only("id", "title").get(pk=study().pk)
    row.title = "B"
    with acting(SOMEBODY):
        row.save()
    assert Study.objects.get().title == "B"


def test_every_state_field_of_every_model_is_watched() -> None:
    stateful = [m for m in TRACKED if m()._state_fields()]
    assert {m._meta.label for m in stateful} >= {
        "studies.Study",
        "studies.StudySite",
        "studies.Subject",
        "studies.TimePoint",
        "studies.Configuration",
        "studies.ProtocolVersion",
        "queries.Query",
        "imaging.Submission",
        "imaging.QcReview",
        "imaging.Finding",
        "imaging.ReadPackage",
        "reads.ReadTask",
        "reads.ReadSession",
        "reads.AdjudicationCase",
        "exports.DataCut",
    }
    for model in stateful:
        row = model()
        for name in row._state_fields():
            setattr(row, name, "somewhere else")
        with acting(SOMEBODY), pytest.raises(DirectStateWrite):
            row.save()
