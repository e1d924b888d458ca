"""The database itself refuses what no program may do (21 CFR 11.10(e); trust T19, T33).

The statements run as the application's role, and where it says so as the owner of the tables.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
import psycopg2.errors
import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, connection, models, transaction

from audit.actors import acting, service
from audit.chain import append_only_models
from audit.guards import fenced_links, own_models
from audit.history import HistoryRow, TrackedBase
from audit.models import record
from audit.states import StateField
from studies.models import Configuration, FormRecord, Organisation
from studies.services import configuration, forms
from tests.settings import RUN
from tests.world import BUILDER, PLAN, StudyWorld, make_study

pytestmark = pytest.mark.django_db

REPLACED = (
    "CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql "
    "AS $$ BEGIN RETURN OLD; END $$"
)
REFUSED = (psycopg2.errors.InsufficientPrivilege,)


def refusal(statement: str, parameters: Any = None) -> BaseException | None:
    """Run a statement and return what the database said against it; nothing stays."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    except DatabaseError as error:
        return error.__cause__
    return None


def tables(kind: Callable[[type[models.Model]], bool]) -> list[str]:
    return sorted(m._meta.db_table for m in own_models() if kind(m))


def is_append_only(model: type[models.Model]) -> bool:
    return issubclass(model, HistoryRow) or getattr(model, "append_only", False)


def is_tracked(model: type[models.Model]) -> bool:
    return issubclass(model, TrackedBase)


# --- what is guarded ------------------------------------------------------------------------------


def test_every_model_is_tracked_or_append_only_or_says_why_it_is_neither() -> None:
    loose = [
        model._meta.label
        for model in own_models()
        if not is_tracked(model)
        and not is_append_only(model)
        and not str(getattr(model, "untracked_because", "")).strip()
    ]
    assert loose == []


def test_the_models_without_a_history_are_these_and_no_others() -> None:
    untracked = {m._meta.label for m in own_models() if hasattr(m, "untracked_because")}
    assert untracked == {
        "audit.Job",
        "accounts.MenuChoice",
        "accounts.Notice",
        "imaging.ArrivedFile",
        "imaging.InstanceIndex",
        "imaging.ReceivedFile",
        "imaging.Screening",
        "imaging.SeriesDocument",
        "imaging.SeriesIndex",
        "imaging.StudyIndex",
    }


def test_the_regulated_tables_that_are_only_added_to_are_these() -> None:
    named = {
        model._meta.label for model in append_only_models() if not issubclass(model, HistoryRow)
    }
    assert named >= {
        "audit.Event",
        "audit.ChainLink",
        "audit.SealedShape",
        "accounts.Signature",
        "queries.Message",
        "imaging.AcquisitionFacts",
        "imaging.Instance",
        "imaging.DeidReport",
        "imaging.PackageSeries",
        "reads.Acceptance",
        "reads.ValidationReport",
        "reads.EligibilityAnswer",
        "reads.ExpeditedDue",
        "reads.LocalResult",
        "reads.ReviewAcceptance",
        "reads.SampleEscalation",
        "reads.CheckRun",
        "clinical.DossierImportRun",
        "reads.DossierOpening",
        "reads.ImportedReading",
        "exports.CutItem",
        "exports.CutFile",
    }


def test_every_tracked_model_has_a_history_table() -> None:
    histories = {m._meta.db_table for m in own_models() if issubclass(m, HistoryRow)}
    for model in own_models():
        if is_tracked(model):
            assert model.history.model._meta.db_table in histories, model._meta.label


def test_what_a_signed_read_consists_of_is_frozen_with_it() -> None:
    parts = {m._meta.label for m in own_models() if hasattr(m, "frozen_with")}
    assert parts == {
        "reads.Observation",
        "reads.Measurement",
        "reads.Annotation",
        "reads.CriterionAssessment",
        "clinical.DossierItem",
    }


def test_every_guarded_table_has_its_triggers() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname FROM pg_trigger "
            "WHERE NOT tgisinternal AND tgenabled = 'O'"
        )
        found = {(table.strip('"'), name) for table, name in cursor.fetchall()}
    missing = [
        (table, name)
        for table in tables(is_append_only)
        for name in ("append_only_row", "append_only_all")
        if (table, name) not in found
    ]
    missing += [
        (model._meta.db_table, "frozen_part")
        for model in own_models()
        if hasattr(model, "frozen_with") and (model._meta.db_table, "frozen_part") not in found
    ]
    missing += [
        (model._meta.db_table, "fixed_parts")
        for model in own_models()
        if hasattr(model, "fixed_parts") and (model._meta.db_table, "fixed_parts") not in found
    ]
    missing += [
        (table, name)
        for table in tables(is_tracked)
        for name in ("undeletable_row", "undeletable_all")
        if (table, name) not in found
    ]
    assert missing == []


# --- the application's role -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "statement",
    [
        'UPDATE "{t}" SET "{c}" = "{c}"',
        'DELETE FROM "{t}"',
        'TRUNCATE "{t}"',
        'TRUNCATE "{t}" CASCADE',
        'ALTER TABLE "{t}" DISABLE TRIGGER ALL',
        'ALTER TABLE "{t}" DROP COLUMN "{c}"',
        'DROP TRIGGER "append_only_row" ON "{t}"',
        'DROP TABLE "{t}"',
        'GRANT ALL ON "{t}" TO icro_app',
        'CREATE RULE nothing AS ON INSERT TO "{t}" DO INSTEAD NOTHING',
    ],
)
def test_the_application_changes_no_table_that_is_only_added_to(statement: str) -> None:
    allowed = []
    for model in own_models():
        if not is_append_only(model):
            continue
        text = statement.format(t=model._meta.db_table, c=model._meta.pk.column)
        error = refusal(text)
        if statement.startswith("GRANT"):
            # PostgreSQL answers a grant without the right to it by a warning that grants nothing.
            continue
        if not isinstance(error, REFUSED):
            allowed.append((model._meta.db_table, error))
    assert allowed == []


@pytest.mark.parametrize(
    "statement",
    [
        'DELETE FROM "{t}"',
        'TRUNCATE "{t}"',
        'TRUNCATE "{t}" CASCADE',
        'ALTER TABLE "{t}" DISABLE TRIGGER ALL',
        'DROP TRIGGER "undeletable_row" ON "{t}"',
        'DROP TABLE "{t}"',
    ],
)
def test_the_application_removes_no_tracked_row(statement: str) -> None:
    allowed = [
        table
        for table in tables(is_tracked)
        if not isinstance(refusal(statement.format(t=table)), REFUSED)
    ]
    assert allowed == []


@pytest.mark.parametrize(
    "statement",
    [
        "SET session_replication_role = replica",
        "ALTER FUNCTION audit_refuse_change() RENAME TO nothing",
        REPLACED,
        "ALTER ROLE icro_app SUPERUSER",
        "COPY audit_event TO '/tmp/stolen'",
        "DELETE FROM django_migrations",
    ],
)
def test_the_application_cannot_put_the_guards_aside(statement: str) -> None:
    assert isinstance(refusal(statement), REFUSED)


@pytest.fixture
def application(transactional_db: None) -> Iterator[Any]:
    """A log-in of the application's own: no superuser stands behind it."""
    session = psycopg2.connect(RUN.process_environment()["DATABASE_URL"])
    session.autocommit = True
    yield session
    session.close()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement",
    [
        "SET ROLE icro_owner",
        "SET SESSION AUTHORIZATION icro_owner",
        "SET session_replication_role = replica",
        "UPDATE audit_event SET kind = 'nothing'",
        "DELETE FROM accounts_signature",
        "TRUNCATE audit_event",
        "UPDATE studies_historicalsubject SET code = ''",
        "ALTER TABLE audit_event DISABLE TRIGGER ALL",
        "DROP TABLE audit_chainlink",
    ],
)
def test_a_log_in_of_the_application_has_no_way_around(application: Any, statement: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege), application.cursor() as cursor:
        cursor.execute(statement)


def test_the_reading_role_reads_no_secret_and_writes_nothing() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT has_table_privilege('icro_read', 'accounts_user', 'SELECT'), "
            "has_table_privilege('icro_read', 'audit_event', 'SELECT'), "
            "has_table_privilege('icro_read', 'audit_event', 'INSERT'), "
            "has_table_privilege('icro_read', 'studies_subject', 'UPDATE'), "
            "has_table_privilege('icro_read', 'django_session', 'SELECT')"
        )
        assert cursor.fetchone() == (False, True, False, False, False)


# --- the owner ------------------------------------------------------------------------------------


@pytest.mark.parametrize("statement", ["UPDATE {t} SET {c}", "DELETE FROM {t}", "TRUNCATE {t}"])
def test_the_owner_changes_no_event_and_no_version_either(
    as_owner: Callable[[], Any], statement: str
) -> None:
    with acting(service("test")):
        Organisation(name="Norvane", kind="sponsor").save()
        record("test.act")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    changed = {"audit_event": "kind = 'other'", "studies_historicalorganisation": "name = 'other'"}
    with as_owner():
        for table, column in changed.items():
            error = refusal(statement.format(t=table, c=column))
            assert isinstance(error, REFUSED), table
            assert "rows are kept as they were written" in str(error)


def test_the_owner_deletes_no_tracked_row(as_owner: Callable[[], Any]) -> None:
    with acting(service("test")):
        Organisation(name="Norvane", kind="sponsor").save()
    with as_owner() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        assert isinstance(refusal("DELETE FROM studies_organisation"), REFUSED)
        assert isinstance(refusal("TRUNCATE studies_organisation CASCADE"), REFUSED)


# --- states ---------------------------------------------------------------------------------------


def test_every_state_column_takes_its_states_only() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'c'"
        )
        checks = [(table.strip('"'), text) for table, text in cursor.fetchall()]
    without = []
    for model in own_models():
        for field in model._meta.concrete_fields:
            if not isinstance(field, StateField) or issubclass(model, HistoryRow):
                continue
            wanted = {f"'{value}'" for value, _ in field.flatchoices}
            if not any(
                table == model._meta.db_table
                and f"({field.column})::text = ANY" in text
                and all(value in text for value in wanted)
                for table, text in checks
            ):
                without.append(f"{model._meta.label}.{field.name}")
    assert without == []


def test_an_unknown_state_is_refused_by_the_database() -> None:
    world = make_study("ALPHA", sponsor="Norvane")
    error = refusal("UPDATE studies_study SET state = 'finished' WHERE id = %s", [world.study.pk])
    assert isinstance(error, psycopg2.errors.CheckViolation)


# --- studies --------------------------------------------------------------------------------------


def test_every_link_between_two_rows_of_a_study_is_fenced() -> None:
    """Found from the models by hand: a foreign key whose both ends carry a study."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT conrelid::regclass::text, pg_get_constraintdef(oid) FROM pg_constraint "
            "WHERE contype = 'f'"
        )
        fences = {(table.strip('"'), text.split(" REFERENCES")[0]) for table, text in cursor}
    own = {config.label for config in apps.get_app_configs() if not config.path.count("site-pack")}
    carriers = {
        model
        for model in apps.get_models()
        if model._meta.app_label in own
        and not issubclass(model, HistoryRow)
        and any(f.column == "study_id" and f.is_relation and not f.null for f in model._meta.fields)
    }
    assert len(carriers) > 30
    unfenced = [
        f"{model._meta.label}.{field.name}"
        for model in carriers
        for field in model._meta.fields
        if field.is_relation
        and field.related_model in carriers
        and (model._meta.db_table, f"FOREIGN KEY ({field.column}, study_id)") not in fences
    ]
    assert unfenced == []
    assert len(fenced_links()) > 50


@pytest.fixture
def two_studies() -> tuple[StudyWorld, StudyWorld]:
    return make_study("ALPHA", sponsor="Norvane"), make_study("BETA", sponsor="Calder")


def test_a_row_of_one_study_cannot_point_into_another(
    two_studies: tuple[StudyWorld, StudyWorld],
) -> None:
    alpha, beta = two_studies
    for statement, parameters in (
        (
            "UPDATE studies_subject SET study_site_id = %s WHERE id = %s",
            [beta.sites[0].pk, alpha.subjects[0].pk],
        ),
        (
            "UPDATE studies_timepoint SET subject_id = %s WHERE subject_id = %s",
            [beta.subjects[0].pk, alpha.subjects[0].pk],
        ),
        (
            "UPDATE studies_subject SET study_id = %s, code = 'X' WHERE id = %s",
            [beta.study.pk, alpha.subjects[0].pk],
        ),
    ):
        error = refusal(statement, parameters)
        assert isinstance(error, psycopg2.errors.ForeignKeyViolation), statement
        assert "_fence" in str(error)


def test_a_row_that_is_only_added_cannot_point_into_another_study_either(
    two_studies: tuple[StudyWorld, StudyWorld],
) -> None:
    alpha, beta = two_studies
    form = Configuration.objects.in_study(beta.study).filter(kind="form").first()
    with acting(BUILDER), pytest.raises(DatabaseError, match="_fence"), transaction.atomic():
        FormRecord(study=alpha.study, form=form, answers={}).save()
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")


# --- frozen rows ----------------------------------------------------------------------------------


def test_a_configuration_past_its_draft_does_not_change() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    plan = configuration.effective(world.study, "plan")
    for change in (
        "document = '{}'",
        "digest = ''",
        "version = 7",
        "key = 'other'",
        "state = 'draft'",
    ):
        error = refusal(f"UPDATE studies_configuration SET {change} WHERE id = %s", [plan.pk])
        assert isinstance(error, REFUSED), change
        assert "has left the draft" in str(error)


def test_a_configuration_in_review_may_go_back_to_its_draft() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    made = configuration.draft(
        world.study,
        kind="plan",
        key="plan",
        title="Plan",
        document=PLAN,
        actor=BUILDER,
    )
    from studies.workflows import CONFIGURATION

    CONFIGURATION.move(made, "send_to_review", actor=BUILDER)
    assert isinstance(
        refusal(
            "UPDATE studies_configuration SET title = title, document = '{}' WHERE id = %s",
            [made.pk],
        ),
        REFUSED,
    )
    CONFIGURATION.move(made, "return_to_draft", actor=BUILDER, reason="a word is missing")
    assert made.state == "draft"


def test_a_locked_form_does_not_change_and_does_not_open() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    form = configuration.effective(world.study, "form", "transmittal_ct")
    row = forms.start(form, actor=BUILDER, answers={"visit": {"date": "2026-03-05"}})
    forms.lock(row, actor=BUILDER)
    for change in ("answers = '{}'", "locked = false", "completed_at = now()"):
        error = refusal(f"UPDATE studies_formrecord SET {change} WHERE id = %s", [row.pk])
        assert isinstance(error, REFUSED), change


FROZEN = {
    "reads_readsession": ("signed", "seconds_active = 1"),
    "reads_adjudicationcase": ("signed", "choice = 'A'"),
    "reads_variabilityplan": ("drawn", "seed = 'another'"),
    "reads_readingimport": ("imported", "cells = '[]'"),
    "reads_readerquestion": ("answered", "answer = 'other words'"),
    "exports_datacut": ("generated", "manifest_digest = 'x'"),
    "imaging_qcreview": ("signed", "decision = 'pass'"),
}


@pytest.mark.parametrize(("table", "state", "change"), [(t, *c) for t, c in FROZEN.items()])
def test_signed_and_generated_records_are_frozen_by_a_trigger(
    table: str, state: str, change: str
) -> None:
    """The trigger is asked on a bare copy of the table, so that no long story is needed first."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE icro_owner")
        cursor.execute(f'CREATE TEMP TABLE bare (LIKE "{table}")')
        cursor.execute(
            "SELECT pg_get_triggerdef(oid) FROM pg_trigger "
            "WHERE tgrelid = %s::regclass AND tgname = 'frozen_row'",
            [table],
        )
        (definition,) = cursor.fetchone()
        cursor.execute(definition.replace(f"ON public.{table}", "ON bare"))
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'bare'::regclass "
            "AND attnum > 0 AND attnotnull"
        )
        for (column,) in cursor.fetchall():
            cursor.execute(f'ALTER TABLE bare ALTER COLUMN "{column}" DROP NOT NULL')
        cursor.execute("INSERT INTO bare (id, state) VALUES (%s, %s)", [str(uuid.uuid4()), state])
    assert isinstance(refusal(f"UPDATE bare SET {change}"), REFUSED)
    initial = {
        "exports_datacut": "planned",
        "reads_adjudicationcase": "pending",
        "reads_variabilityplan": "planned",
        "reads_readingimport": "draft",
        "reads_readerquestion": "asked",
    }.get(table, "open")
    assert isinstance(refusal(f"UPDATE bare SET state = '{initial}'"), REFUSED)
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE bare")
        cursor.execute("RESET ROLE")


def test_the_guards_can_be_installed_again_and_again(as_owner: Callable[[], Any]) -> None:
    from audit import guards

    with as_owner():
        guards.install()
        guards.install()


def test_the_history_cannot_be_switched_off(settings: Any) -> None:
    from audit.errors import UntrackedWrite

    settings.SIMPLE_HISTORY_ENABLED = False
    with pytest.raises(UntrackedWrite), acting(service("test")):
        Organisation(name="Norvane", kind="sponsor").save()


def test_no_setting_of_the_environment_reaches_the_history() -> None:
    assert not hasattr(settings, "SIMPLE_HISTORY_ENABLED")
