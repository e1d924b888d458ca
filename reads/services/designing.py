"""eCRFs of a study made by scientific staff: beginning a version, changing it part by part."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from django.db import transaction

from audit.actors import Actor
from audit.errors import RuleBroken
from reads.criteria import registry
from reads.criteria.errors import CriteriaError
from reads.design.ecrf.outline import Document, key_for, skeleton_problem
from reads.design.ecrf.proofs import proofs
from reads.design.standard_form import standard_form
from studies.forms.definition import Form
from studies.forms.difference import FormChange, form_changes
from studies.forms.errors import FormError
from studies.models import Configuration, Study
from studies.services import configuration as service

KIND = Configuration.Kind.FORM
PURPOSE = "ecrf"
LARGEST = 1024 * 1024
TITLE_LENGTH = 120
BLANK: Mapping[str, Any] = {
    "purpose": PURPOSE,
    "language": "en",
    "context": {
        "time_point.kind": "text",
        "time_point.date": "date",
        "previous_time_point.date": "date",
        "baseline.date": "date",
    },
    "sections": [],
    "checks": [],
}


@dataclass(frozen=True, slots=True)
class Listed:
    """An eCRF of the study with its versions, newest first."""

    key: str
    title: str
    versions: tuple[Configuration, ...]

    @property
    def newest(self) -> Configuration:
        """The version to open first."""
        return self.versions[0]


def is_ecrf(document: Mapping[str, Any]) -> bool:
    """Tell whether a form document is one that readers fill in."""
    return document.get("purpose") == PURPOSE


def listed(actor: Actor) -> list[Listed]:
    """Return the eCRFs that an actor may see, by title."""
    found: dict[str, list[Configuration]] = {}
    for row in Configuration.objects.visible_to(actor).filter(kind=KIND).order_by("-version"):
        if is_ecrf(row.document):
            found.setdefault(row.key, []).append(row)
    made = [Listed(key, rows[0].title, tuple(rows)) for key, rows in found.items()]
    return sorted(made, key=lambda one: one.title)


def version_before(made: Configuration) -> Configuration | None:
    """Return the version with which a version is compared: the one before it."""
    rows = Configuration.objects.in_study(made.study_id).filter(
        kind=KIND, key=made.key, version__lt=made.version
    )
    found: Configuration | None = rows.order_by("-version").first()
    return found


def changes_since(made: Configuration, before: Configuration | None) -> tuple[FormChange, ...]:
    """Return what a version changes, in words; nothing while one cannot be read."""
    if before is None:
        return ()
    try:
        return form_changes(Form.from_document(before.document), Form.from_document(made.document))
    except FormError:
        return ()


def begin_for_criteria(
    study: Study, criteria: Mapping[str, Mapping[str, object]], title: str, *, actor: Actor
) -> Configuration:
    """Begin an eCRF with what the chosen criteria need.

    Args:
        criteria: key of a criterion -> its parameters, as a design has them.

    Raises:
        RuleBroken: DSG-001 no criterion is chosen, or the platform has no form for one of them.
    """
    words = title.strip() or _title_for(criteria)
    key = _free_key(study, words)
    try:
        document = standard_form(criteria, key=key, title=words)
    except CriteriaError as error:
        raise RuleBroken(f"No eCRF was begun. {error}.", rule="DSG-001") from error
    return _draft(study, key, words, document, actor)


def _title_for(criteria: Mapping[str, Mapping[str, object]]) -> str:
    known = {one.key: one.title for one in registry.all_criteria()}
    return " + ".join(known.get(name, name) for name in criteria)[:TITLE_LENGTH] or "eCRF"


def begin_for_design(design: Configuration, *, actor: Actor) -> Configuration:
    """Begin the eCRF that a charter asks for, and name it in the charter while that is a draft.

    Raises:
        RuleBroken: DSG-001 the charter names no criterion with a standard form.
    """
    entries = design.document.get("criteria") or []
    criteria = {str(one["key"]): one.get("parameters") or {} for one in entries if "key" in one}
    with transaction.atomic():
        made = begin_for_criteria(design.study, criteria, "", actor=actor)
        if design.state == "draft" and design.document.get("form") != made.key:
            document = {**design.document, "form": made.key}
            service.revise(design, document, seen_digest=design.digest, actor=actor)
    return made


def begin_empty(study: Study, title: str, *, actor: Actor) -> Configuration:
    """Begin an eCRF without any item.

    Raises:
        RuleBroken: DSG-002 it has no title.
    """
    words = title.strip()
    if not words:
        raise RuleBroken("Give the eCRF a title.", rule="DSG-002")
    return _draft(study, _free_key(study, words), words, BLANK, actor)


def begin_from_template(study: Study, template: str, *, actor: Actor) -> Configuration:
    """Begin an eCRF from one that the platform brings along.

    Raises:
        RuleBroken: DSG-001 there is no such form.
    """
    document = templates().get(template)
    if document is None:
        raise RuleBroken("Choose one of the forms offered.", rule="DSG-001")
    return _draft(study, template, str(document["title"]), document, actor)


@cache
def templates() -> dict[str, Mapping[str, Any]]:
    """Return the eCRFs that the platform brings along, by key."""
    found: dict[str, Mapping[str, Any]] = {}
    for folder in (files("studies.forms") / "documents", files("reads.design") / "templates"):
        for path in sorted(folder.iterdir(), key=lambda one: one.name):
            if path.name.endswith(".json"):
                document = json.loads(path.read_text("utf-8"))
                if is_ecrf(document):
                    found[document["key"]] = document
    return found


def begin_from_version(before: Configuration, *, actor: Actor) -> Configuration:
    """Begin the next version of an eCRF as a copy of one."""
    return _draft(before.study, before.key, before.title, before.document, actor)


def begin_from_file(study: Study, content: bytes, *, actor: Actor) -> Configuration:
    """Begin an eCRF, or the next version of one with the same key, from YAML or JSON.

    Raises:
        RuleBroken: DSG-003 the file is no form; names the line where that is known.
    """
    document = form_from_file(content)
    title = str(document.get("title") or "eCRF")
    key = str(document.get("key") or "")
    return _draft(study, key or _free_key(study, title), title, document, actor)


def form_from_file(content: bytes) -> Document:
    """Read a form document from YAML or JSON, which is YAML.

    Raises:
        RuleBroken: DSG-003.
    """
    if len(content) > LARGEST:
        raise RuleBroken("The file is larger than 1 MB; a form is smaller.", rule="DSG-003")
    try:
        found = yaml.safe_load(content)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"Line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        text = f"{where}{error.problem or 'this cannot be read'}."
        raise RuleBroken(f"The file cannot be read. {text}", rule="DSG-003") from error
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise RuleBroken("The file is no YAML or JSON text.", rule="DSG-003") from error
    broken = skeleton_problem(found)
    if broken:
        raise RuleBroken(broken, rule="DSG-003")
    try:
        plain: Document = json.loads(json.dumps(found))
    except (TypeError, ValueError) as error:
        raise RuleBroken(
            "The file holds values that a form cannot, such as an unquoted date.", rule="DSG-003"
        ) from error
    return plain


def to_yaml(document: Mapping[str, Any]) -> str:
    """Write a form as YAML that ``form_from_file`` reads back to the same document."""
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=100)


def _free_key(study: Study, title: str) -> str:
    rows = Configuration.objects.in_study(study).filter(kind=KIND)
    return key_for(title, sorted(set(rows.values_list("key", flat=True))), "ecrf")


def _draft(
    study: Study, key: str, title: str, document: Mapping[str, Any], actor: Actor
) -> Configuration:
    rows = Configuration.objects.in_study(study).filter(kind=KIND, key=key)
    number = rows.count() + 1
    stated = {"key": key, "version": f"{number}.0", "title": title, "purpose": PURPOSE}
    return service.draft(
        study,
        kind=KIND,
        key=key,
        title=title,
        document={**stated, **document, **stated},
        actor=actor,
        unfinished=True,
    )


def change(
    made: Configuration,
    act: Callable[[Mapping[str, Any]], Mapping[str, Any]],
    *,
    seen_digest: str,
    actor: Actor,
) -> Configuration:
    """Write a draft anew by one act on its document; problems are kept and named.

    Raises:
        RuleBroken: CFG-004 the version is no draft any more.
        Conflict: CFG-005 somebody else changed the draft since it was seen.
    """
    document = dict(act(made.document))
    title = str(document.get("title") or made.title)[:200]
    return service.revise(made, document, seen_digest=seen_digest, actor=actor, title=title)


def readable(document: Mapping[str, Any]) -> Form | None:
    """Return what of a draft can be drawn: sections without items are left out."""
    sections = [one for one in document.get("sections", ()) if one.get("items")]
    try:
        return Form.from_document({**document, "sections": sections}) if sections else None
    except FormError:
        return None


def is_usable(document: Mapping[str, Any]) -> bool:
    """Tell whether nothing keeps a form from being used."""
    return not proofs(document)
