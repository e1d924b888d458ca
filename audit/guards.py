"""What the database itself refuses, installed from the models after every migration.

Three roles: the owner migrates, the application works, the reader reads. For every table of ours:

* append-only tables (histories, events, signatures…) refuse UPDATE, DELETE and TRUNCATE by trigger
  and by grant, also to the owner;
* tracked tables refuse DELETE and TRUNCATE;
* a state column takes only the states of its field;
* rows that a model freezes (``frozen``) refuse changes of the named columns from then on;
* rows that are part of a frozen one (``frozen_with``) are neither changed nor added from then on;
* parts of a document that its row names as fixed (``fixed_parts``) refuse changes;
* study rows refer only to rows of the same study (composite foreign keys).

The installer is idempotent and complete: a new model is guarded because it exists.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connections, models

from audit.chain import append_only_models
from audit.history import HistoryRow, TrackedBase
from audit.states import StateField

APPLICATION_ROLE = "icro_app"
READING_ROLE = "icro_read"

_REFUSE = """
CREATE OR REPLACE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
    USING ERRCODE = 'insufficient_privilege';
END $$;
"""


@dataclass(frozen=True, slots=True)
class Frozen:
    """From a state on, these columns cannot change.

    Attributes:
        condition: SQL over OLD: the row is frozen.
        thaws: SQL over OLD: the row may still go back to where ``condition`` does not hold.
        ends: SQL over OLD: nothing of the row changes any more, its state included.
    """

    condition: str
    columns: tuple[str, ...]
    why: str
    thaws: str = "FALSE"
    ends: str = ""


@dataclass(frozen=True, slots=True)
class FrozenWith:
    """Rows that are part of another row: once that one is frozen, none is changed, added or moved.

    Attributes:
        path: foreign keys from this model to the frozen one, such as ("observation", "session").
    """

    path: tuple[str, ...]
    why: str


@dataclass(frozen=True, slots=True)
class FixedParts:
    """Parts of a JSON document that cannot change once a list beside it names them.

    The list only grows, so that no part is freed by one UPDATE and changed by the next.

    Attributes:
        document: the JSON column. keys: the JSON column with the list of its fixed keys.
    """

    document: str
    keys: str
    why: str


def own_models() -> list[type[models.Model]]:
    """Return the managed models of the platform's own apps, histories included."""
    names = {config.label for config in apps.get_app_configs() if _is_own(config)}
    return [
        model
        for model in apps.get_models(include_auto_created=True)
        if model._meta.app_label in names and model._meta.managed and not model._meta.proxy
    ]


def _is_own(config: Any) -> bool:
    return "site-packages" not in config.path


def install(sender: Any = None, using: str = "default", **_: Any) -> None:
    """Install every guard over the given connection (the owner's)."""
    connection = connections[using]
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        cursor.execute(_REFUSE)
        for statement in statements(existing):
            cursor.execute(statement)


def statements(existing: set[str]) -> Iterable[str]:
    """Yield the SQL of all guards for the tables that exist."""
    append_only = {m._meta.db_table for m in append_only_models()}
    ours = [m for m in own_models() if m._meta.db_table in existing]
    for model in ours:
        table = model._meta.db_table
        if table in append_only:
            yield from _forbid(table, "UPDATE OR DELETE", "append_only")
        elif issubclass(model, TrackedBase):
            yield from _forbid(table, "DELETE", "undeletable")
        yield from _state_checks(model)
        yield from _freezes(model)
        yield from _freezes_with(model)
        yield from _fixes_parts(model)
    yield from _fences([m for m in ours if not issubclass(m, HistoryRow)])
    yield from _grants(ours, append_only, existing)


def _forbid(table: str, verbs: str, name: str) -> Iterable[str]:
    why = "rows are kept as they were written"
    yield (
        f'CREATE OR REPLACE TRIGGER "{name}_row" BEFORE {verbs} ON "{table}" '
        f"FOR EACH ROW EXECUTE FUNCTION audit_refuse_change('{why}')"
    )
    yield (
        f'CREATE OR REPLACE TRIGGER "{name}_all" BEFORE TRUNCATE ON "{table}" '
        f"FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change('{why}')"
    )


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _constraint(table: str, name: str, definition: str) -> str:
    # The definition is part of the name's comment, so that a changed list of states is renewed.
    return f"""
DO $$ BEGIN
  IF coalesce((SELECT obj_description(oid, 'pg_constraint') FROM pg_constraint
      WHERE conname = '{name}' AND conrelid = '"{table}"'::regclass), '')
      IS DISTINCT FROM $d${definition}$d$ THEN
    ALTER TABLE "{table}" DROP CONSTRAINT IF EXISTS "{name}";
    ALTER TABLE "{table}" ADD CONSTRAINT "{name}" {definition};
    COMMENT ON CONSTRAINT "{name}" ON "{table}" IS $d${definition}$d$;
  END IF;
END $$"""


def _state_checks(model: type[models.Model]) -> Iterable[str]:
    for field in model._meta.concrete_fields:
        if isinstance(field, StateField) and field.choices:
            states = ", ".join(f"'{value}'" for value, _ in field.flatchoices)
            definition = f'CHECK ("{field.column}" IN ({states}))'
            table = model._meta.db_table
            yield _constraint(table, f"{table}_{field.column}_known"[:60], definition)


def _freezes(model: type[models.Model]) -> Iterable[str]:
    frozen: Frozen | None = getattr(model, "frozen", None)
    if frozen is None:
        return
    changed = " OR ".join(f'OLD."{c}" IS DISTINCT FROM NEW."{c}"' for c in frozen.columns)
    # Without this a row could be opened by one UPDATE and changed by the next.
    opened = f"NOT ({frozen.condition.replace('OLD.', 'NEW.')}) AND NOT ({frozen.thaws})"
    yield (
        f'CREATE OR REPLACE TRIGGER "frozen_row" BEFORE UPDATE ON "{model._meta.db_table}" '
        f"FOR EACH ROW WHEN (({frozen.condition}) AND ({changed} OR ({opened}))) "
        f"EXECUTE FUNCTION audit_refuse_change({_literal(frozen.why)})"
    )
    if frozen.ends:
        yield (
            f'CREATE OR REPLACE TRIGGER "ended_row" BEFORE UPDATE ON "{model._meta.db_table}" '
            f"FOR EACH ROW WHEN ({frozen.ends}) "
            f"EXECUTE FUNCTION audit_refuse_change({_literal('it is read-only for ever')})"
        )


def _freezes_with(model: type[models.Model]) -> Iterable[str]:
    part: FrozenWith | None = getattr(model, "frozen_with", None)
    if part is None:
        return
    table = model._meta.db_table
    first: Any = model._meta.get_field(part.path[0])
    whole: Any = first.related_model
    joins, last = "", "p0"
    for number, name in enumerate(part.path[1:], start=1):
        link: Any = whole._meta.get_field(name)
        whole = link.related_model
        joins += (
            f' JOIN "{whole._meta.db_table}" p{number} ON p{number}.id = {last}."{link.column}"'
        )
        last = f"p{number}"
    condition = whole.frozen.condition.replace("OLD.", f"{last}.")
    # The lock makes a write wait for a signature that is under way, and then see it.
    yield f"""
CREATE OR REPLACE FUNCTION "audit_part_{table}"() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE whole record;
BEGIN
  FOR whole IN SELECT ({condition}) AS is_frozen
      FROM "{first.related_model._meta.db_table}" p0{joins}
      WHERE p0.id = NEW."{first.column}"
        OR (TG_OP = 'UPDATE' AND p0.id = OLD."{first.column}")
      FOR SHARE OF {last}
  LOOP
    IF whole.is_frozen THEN
      RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
        USING ERRCODE = 'insufficient_privilege';
    END IF;
  END LOOP;
  RETURN NEW;
END $$"""
    yield (
        f'CREATE OR REPLACE TRIGGER "frozen_part" BEFORE INSERT OR UPDATE ON "{table}" '
        f'FOR EACH ROW EXECUTE FUNCTION "audit_part_{table}"({_literal(part.why)})'
    )


def _fixes_parts(model: type[models.Model]) -> Iterable[str]:
    part: FixedParts | None = getattr(model, "fixed_parts", None)
    if part is None:
        return
    table, document, keys = model._meta.db_table, part.document, part.keys
    yield f"""
CREATE OR REPLACE FUNCTION "audit_fixed_{table}"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NOT (NEW."{keys}" @> OLD."{keys}") OR EXISTS (
      SELECT FROM jsonb_array_elements_text(OLD."{keys}") AS key
      WHERE OLD."{document}" -> key IS DISTINCT FROM NEW."{document}" -> key)
  THEN
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_ARGV[0]
      USING ERRCODE = 'insufficient_privilege';
  END IF;
  RETURN NEW;
END $$"""
    yield (
        f'CREATE OR REPLACE TRIGGER "fixed_parts" BEFORE UPDATE ON "{table}" '
        f"FOR EACH ROW WHEN (OLD.\"{keys}\" <> '[]'::jsonb) "
        f'EXECUTE FUNCTION "audit_fixed_{table}"({_literal(part.why)})'
    )


def _study_key(model: type[models.Model]) -> str | None:
    for field in model._meta.concrete_fields:
        if field.attname == "study_id" and field.is_relation and not field.null:
            return field.column
    return None


def fenced_links() -> list[tuple[type[models.Model], Any]]:
    """Return every foreign key between two study-scoped tables."""
    scoped = {m for m in own_models() if _study_key(m) and not issubclass(m, HistoryRow)}
    return [
        (model, field)
        for model in scoped
        for field in model._meta.concrete_fields
        if field.is_relation and field.related_model in scoped
    ]


def _fences(ours: list[type[models.Model]]) -> Iterable[str]:
    tables = {m._meta.db_table for m in ours}
    links = [
        (m, f)
        for m, f in fenced_links()
        if m._meta.db_table in tables and f.related_model._meta.db_table in tables
    ]
    for parent in sorted({f.related_model._meta.db_table for _, f in links}):
        yield _constraint(parent, f"{parent}_in_study"[:60], "UNIQUE (id, study_id)")
    for model, field in links:
        table, parent = model._meta.db_table, field.related_model._meta.db_table
        definition = (
            f'FOREIGN KEY ("{field.column}", study_id) REFERENCES "{parent}" (id, study_id) '
            "DEFERRABLE INITIALLY DEFERRED"
        )
        yield _constraint(table, f"{table}_{field.column}_fence"[-60:], definition)


def _grants(
    ours: list[type[models.Model]], append_only: set[str], existing: set[str]
) -> Iterable[str]:
    application, reader = APPLICATION_ROLE, READING_ROLE
    our_tables = {m._meta.db_table: m for m in ours}
    body = [f"GRANT USAGE ON SCHEMA public TO {application}, {reader}"]
    for table in sorted(existing):
        model = our_tables.get(table)
        if table in append_only:
            verbs = "SELECT, INSERT"
        elif model is not None and issubclass(model, TrackedBase):
            verbs = "SELECT, INSERT, UPDATE"
        elif table == "django_migrations":
            verbs = "SELECT"
        else:
            verbs = "SELECT, INSERT, UPDATE, DELETE"
        # Whatever default privileges gave to new tables is taken back first.
        body.append(f'REVOKE ALL ON "{table}" FROM {application}, {reader}')
        body.append(f'GRANT {verbs} ON "{table}" TO {application}')
        if model is not None and table != "accounts_user":
            body.append(f'GRANT SELECT ON "{table}" TO {reader}')
    body.append(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {application}")
    lines = ";\n  ".join(body)
    # A database without the two roles (a developer's own) still gets the triggers.
    yield f"""
DO $$ BEGIN
  IF (SELECT count(*) FROM pg_roles WHERE rolname IN ('{application}', '{reader}')) = 2 THEN
  {lines};
  END IF;
END $$"""
