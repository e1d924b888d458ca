"""The dossier definition on a page: items, versions in words, import and export as YAML."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.errors import Refused
from clinical.definition import Item, to_yaml
from clinical.definition.document import KINDS, SOURCES, WHENS
from clinical.definition.rows import (
    choices_from,
    columns_from,
    typed_choices,
    typed_columns,
)
from clinical.services import definition as service
from clinical.services.standing import KIND
from imaging.views.controlled import Pages
from studies.access import StudyRequest, study_view
from studies.models import Configuration
from ui.records import Link

PAGES = Pages(
    kind=Configuration.Kind(KIND),
    route="dossier-definition",
    title="Dossier definition",
    noun="dossier definition",
    in_review="Validated",
)


def _crumbs(request: StudyRequest, *last: Link | str) -> list[Link]:
    code = request.study.code
    found = PAGES.crumbs(request, *last)
    desk = Link(label=_("Dossier desk"), url=reverse("dossier-desk", args=[code]))
    return [found[0], desk, *found[1:]]


@study_view("dossier.view")
def holding(request: StudyRequest) -> HttpResponse:
    """Show the definition that holds; without one, the newest version."""
    found = PAGES.holding(request)
    if found is None:
        context = {"crumbs": _crumbs(request), "may_edit": request.actor.may("dossier.define")}
        return render(request, "clinical/definition_none.html", context)
    return _page(request, found)


@study_view("dossier.view")
def version(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one version; a draft can be edited item by item."""
    return _page(request, PAGES.fetched(request, pk))


def _page(
    request: StudyRequest,
    made: Configuration,
    *,
    form: dict[str, Any] | None = None,
    errors: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    may_edit = request.actor.may("dossier.define")
    editable = may_edit and made.state == "draft"
    items = service.definition_in(made).items
    criterion = request.GET.get("criterion", "")
    standing = PAGES.standing(request, made)
    names = sorted({item.criterion for item in items if item.criterion})
    return render(
        request,
        "clinical/definition.html",
        {
            **standing,
            "crumbs": _crumbs(request, str(made)),
            "editable": editable,
            "may_edit": may_edit,
            "may_sign": request.actor.may("configuration.sign"),
            "lines": [
                {"number": number, "item": item, "kind": KINDS[item.kind],
                 "source": SOURCES[item.source], "detail": _detail(item)}
                for number, item in enumerate(items)
                if criterion in ("", item.criterion)
            ],
            "count": len(items),
            "chips": [("", _("All"), len(items))]
            + [(name, name, sum(item.criterion == name for item in items)) for name in names],
            "form": form or _form_of(request, items, editable),
            "errors": errors,
            "problems": service.whole_problems(made) if editable else [],
            "before": _before(made, standing["versions"]),
            "choices": {
                "kinds": KINDS.items(),
                "whens": WHENS.items(),
                "sources": SOURCES.items(),
                "time_points": sorted(service.time_point_codes(request.study)),
            },
        },
        status=status,
    )  # fmt: skip


def _detail(item: Item) -> str:
    if item.kind == "table":
        return ", ".join(column.label for column in item.columns)
    if item.kind == "choice":
        return ", ".join(one.label for one in item.field.choices)
    limits = [
        f"{words} {value}"
        for words, value in ((_("from"), item.field.lowest), (_("to"), item.field.highest))
        if value is not None
    ]
    return " ".join([item.unit, *limits]).strip()


def _before(made: Configuration, versions: list[Configuration]) -> Configuration | None:
    return next((one for one in versions if one.version < made.version), None)


def _form_of(
    request: StudyRequest, items: tuple[Item, ...], editable: bool
) -> dict[str, Any] | None:
    wanted = request.GET.get("row", "")
    if not editable or not wanted:
        return None
    if wanted == "new":
        return {"index": "", "title": _("New item"), "kind": "text", "when": "baseline",
                "source": "cro"}  # fmt: skip
    if not (wanted.isascii() and wanted.isdigit()) or int(wanted) >= len(items):
        return None
    item = items[int(wanted)]
    return {
        "index": wanted,
        "title": item.label,
        "code": item.code,
        "label": item.label,
        "kind": item.kind,
        "unit": item.unit,
        "lowest": "" if item.field.lowest is None else str(item.field.lowest),
        "highest": "" if item.field.highest is None else str(item.field.highest),
        "required": "1" if item.required else "",
        "criterion": item.criterion,
        "when": item.when,
        "time_points": ", ".join(item.time_points),
        "source": item.source,
        "help": item.help,
        "choices": typed_choices(item.field.choices),
        "columns": typed_columns(item.columns),
    }


def _posted(request: StudyRequest) -> dict[str, Any]:
    """Return the item that a form describes; what does not belong to its kind is left out."""
    post = {name: str(value).strip() for name, value in request.POST.items()}
    kind = post.get("kind", "")
    raw: dict[str, Any] = {
        "code": post.get("code", ""),
        "label": post.get("label", ""),
        "kind": kind,
        "when": post.get("when", ""),
        "source": post.get("source", ""),
    }
    if post.get("required"):
        raw["required"] = True
    for name in ("criterion", "help"):
        if post.get(name):
            raw[name] = post[name]
    if kind == "number":
        raw |= {name: post[name] for name in ("unit", "lowest", "highest") if post.get(name)}
    if kind == "choice":
        raw["choices"] = choices_from(post.get("choices", ""))
    if kind == "table":
        raw["columns"] = columns_from(post.get("columns", ""))
    codes = [code.strip() for code in post.get("time_points", "").split(",") if code.strip()]
    if raw["when"] == "named":
        raw["time_points"] = codes
    return raw


def _go(request: StudyRequest, made: Configuration) -> HttpResponse:
    return redirect("dossier-definition-version", request.study.code, made.pk)


@study_view("dossier.define", methods=("POST",))
def start(request: StudyRequest) -> HttpResponse:
    """Open the draft of the next version."""
    made = service.start_draft(request.study, actor=request.actor)
    messages.success(request, _("%s is open as a draft.") % made)
    return _go(request, made)


def _index(request: StudyRequest) -> int | None:
    text = request.POST.get("index", "")
    return int(text) if text.isascii() and text.isdigit() else None


@study_view("dossier.define", methods=("POST",))
def save_item(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Write an item; what is wrong comes back beside what was typed."""
    made = PAGES.fetched(request, pk)
    try:
        saved = service.save_item(
            made,
            _posted(request),
            index=_index(request),
            seen_digest=request.POST.get("seen", ""),
            actor=request.actor,
        )
    except Refused as refused:
        typed = {**request.POST.dict(), "title": _("Item as you typed it")}
        lines = refused.details if isinstance(refused.details, list) else [refused.message]
        fresh = PAGES.fetched(request, pk)
        return _page(request, fresh, form=typed, errors=tuple(lines), status=refused.status)
    messages.success(request, _("The item is saved in %s.") % saved)
    return _go(request, saved)


@study_view("dossier.define", methods=("POST",))
def remove_item(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take an item out of a draft."""
    made = PAGES.fetched(request, pk)
    index = _index(request)
    try:
        service.remove_item(
            made,
            index=-1 if index is None else index,
            seen_digest=request.POST.get("seen", ""),
            actor=request.actor,
        )
        messages.success(request, _("The item is removed; earlier versions keep it."))
    except Refused as refused:
        messages.error(request, refused.message)
    return _go(request, made)


@study_view("dossier.define", methods=("POST",))
def validate(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Declare a draft valid: it can be signed now."""
    made = PAGES.fetched(request, pk)
    try:
        service.validate(made, actor=request.actor)
        messages.success(request, _("%s is valid and can be signed.") % made)
    except Refused as refused:
        return _page(request, made, errors=(refused.message,), status=refused.status)
    return _go(request, made)


@study_view("dossier.view")
def compare(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show in words what changed from one version to another."""
    new = PAGES.fetched(request, pk)
    versions = PAGES.versions(new)
    old = PAGES.wanted(request, new) or _before(new, versions)
    return render(
        request,
        "clinical/definition_compare.html",
        {
            "new": new,
            "old": old,
            "others": [one for one in versions if one.pk != new.pk],
            "changes": service.compared(old, new) if old else (),
            "crumbs": _crumbs(request, _("Difference")),
        },
    )


@study_view("dossier.view")
def export(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send a version as YAML; reading it back gives the same definition."""
    made = PAGES.fetched(request, pk)
    return PAGES.sent(request, made, to_yaml(service.definition_in(made)))


@study_view("dossier.define", methods=("GET", "POST"))
def import_text(request: StudyRequest) -> HttpResponse:
    """Take a definition from a YAML file or text; a bad one is shown with its faults, unchanged."""
    return PAGES.taken(
        request,
        take=lambda text: service.import_yaml(request.study, text, actor=request.actor),
        then=lambda made: redirect("dossier-definition-compare", request.study.code, made.pk),
    )
