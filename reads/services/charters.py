"""Charters of a study: starting a version, writing it, and reading the one that holds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from audit.actors import Actor
from audit.errors import RuleBroken
from reads.design import ReadDesign, design_from, problems
from reads.design.changes import Change, changes
from reads.design.exchange import DesignFileError, from_yaml, templates
from studies.models import Configuration, Study
from studies.services import configuration as service

KEY = "design"
TITLE = "Imaging charter"
KIND = Configuration.Kind.READ_DESIGN


def versions(actor: Actor) -> list[Configuration]:
    """Return every version that the actor may see, newest first."""
    rows = Configuration.objects.visible_to(actor).filter(kind=KIND, key=KEY)
    return list(rows.order_by("-version"))


def current(rows: list[Configuration]) -> Configuration | None:
    """Return the version to show first: the effective one, else the newest."""
    return next((row for row in rows if row.state == "effective"), rows[0] if rows else None)


def start_from_template(study: Study, key: str, *, actor: Actor) -> Configuration:
    """Begin a version from a template.

    Raises:
        RuleBroken: CHT-001 there is no such template.
    """
    found = next((one for one in templates() if one.key == key), None)
    if found is None:
        raise RuleBroken("Choose one of the templates.", rule="CHT-001")
    return _start(study, found.document, actor)


def start_from_version(before: Configuration, *, actor: Actor) -> Configuration:
    """Begin a version as a copy of another one."""
    return _start(before.study, before.document, actor)


def start_from_file(study: Study, content: bytes, *, actor: Actor) -> Configuration:
    """Begin a version from a YAML file; its problems are shown on the draft.

    Raises:
        RuleBroken: CHT-002 the file is no design at all; names the line.
    """
    try:
        document = from_yaml(content)
    except DesignFileError as error:
        raise RuleBroken(str(error), rule="CHT-002") from error
    return _start(study, document, actor)


def _start(study: Study, document: Mapping[str, Any], actor: Actor) -> Configuration:
    return service.draft(
        study,
        kind=KIND,
        key=KEY,
        title=TITLE,
        document=document,
        actor=actor,
        unfinished=True,
    )


def design_of(configuration: Configuration) -> ReadDesign | None:
    """Return the design of a version, None while it has problems."""
    return None if problems(configuration.document) else design_from(configuration.document)


def changes_since(configuration: Configuration, before: Configuration | None) -> list[Change]:
    """Return what a version says differently from another one, none while one has problems."""
    if before is None or before.pk == configuration.pk:
        return []
    if design_of(configuration) is None or design_of(before) is None:
        return []
    return changes(before.document, configuration.document)


def form_document(study: Study, key: str) -> Mapping[str, Any] | None:
    """Return the document of the form that a design names, the newest that is not withdrawn."""
    rows = Configuration.objects.in_study(study).filter(kind=Configuration.Kind.FORM, key=key)
    found = rows.exclude(state="withdrawn").order_by("-version").first()
    return found.document if found else None


def parts(design: Configuration) -> tuple[Configuration | None, Configuration | None]:
    """Return the newest eCRF and blinding profile that a version names, as far as there are any."""
    found = []
    for kind, key in (
        (Configuration.Kind.FORM, design.document.get("form", "")),
        (Configuration.Kind.BLINDING, design.document.get("blinding", "blinding")),
    ):
        rows = Configuration.objects.in_study(design.study_id).filter(kind=kind, key=str(key))
        live = rows.exclude(state__in=("withdrawn", "superseded"))
        found.append(live.order_by("-version").first())
    return found[0], found[1]
