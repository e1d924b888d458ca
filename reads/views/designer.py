"""The eCRF designer: forms made in fields, seen as readers will see them, told apart in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from audit.errors import Conflict, RuleBroken
from reads.criteria import registry
from reads.design.ecrf import outline, rules
from reads.design.ecrf.annotations import annotated, listed_checks
from reads.design.ecrf.editing import (
    ABSENCES,
    KINDS,
    LEVELS,
    PRECISIONS,
    TONES,
    editor_of,
    form_from,
    part_from,
)
from reads.design.ecrf.proofs import proofs, where
from reads.design.lesion_sets import grouped
from reads.services import charters, designing
from studies.access import StudyRequest, fetch, study_view
from studies.forms import Form, evaluate
from studies.forms.posted import parse_posted
from studies.forms.presentation import FormView, present
from studies.models import Configuration
from ui import paper
from ui.moments import day_words
from ui.records import Link

#: what the preview supposes of a visit, so that conditions can be tried
SUPPOSED = {
    "time_point.date": "2026-03-05",
    "baseline.date": "2026-01-08",
    "previous_time_point.date": "2026-01-08",
    "treatment.start": "2026-01-12",
}
KIND_OF_VISIT = {"baseline": "Baseline", "follow_up": "Follow-up"}
ACTS = (
    ("up", "Move up", "arrow-up"),
    ("down", "Move down", "arrow-down"),
    ("remove", "Remove", "trash"),
)


def _fetch(request: StudyRequest, pk: UUID | str) -> Configuration:
    rows = Configuration.objects.visible_to(request.actor).filter(kind=designing.KIND)
    found: Configuration = fetch(rows, request.actor, pk)
    return found


def _crumbs(request: StudyRequest, *more: str) -> tuple[Link, ...]:
    code = request.study.code
    return (
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label="Charter", url=reverse("charter", args=[code])),
        Link(label="eCRFs", url=reverse("ecrf-list", args=[code]) if more else ""),
        *(Link(label=one, url="") for one in more),
    )


@study_view("configuration.view")
def ecrf_list(request: StudyRequest) -> HttpResponse:
    """Show the study's eCRFs with their versions, and how to begin one."""
    rows = charters.versions(request.actor)
    return render(
        request,
        "reads/designer/list.html",
        {
            "listed": designing.listed(request.actor),
            "design": charters.current(rows),
            "design_draft": next((row for row in rows if row.state == "draft"), None),
            "criteria": [(title, [registry.get(key) for key in keys]) for title, keys in grouped()],
            "templates": [
                (key, document["title"]) for key, document in designing.templates().items()
            ],
            "may_edit": request.actor.may("configuration.edit"),
            "crumbs": _crumbs(request),
        },
    )


@study_view("configuration.edit", methods=("POST",))
def ecrf_begin(request: StudyRequest) -> HttpResponse:
    """Begin an eCRF: for criteria, for the charter, empty, from another version or a file."""
    try:
        made = _begin(request)
    except RuleBroken as refused:
        messages.error(request, f"No eCRF was begun. {refused.message}")
        return redirect("ecrf-list", request.study.code)
    messages.success(request, f"{made} is begun as a draft.")
    return redirect("ecrf-designer", request.study.code, made.pk)


def _begin(request: StudyRequest) -> Configuration:
    posted, study, actor = request.POST, request.study, request.actor
    uploaded = request.FILES.get("file")
    if uploaded is not None:
        content = uploaded.read(designing.LARGEST + 1)
        return designing.begin_from_file(study, content, actor=actor)
    if posted.get("version"):
        return designing.begin_from_version(_fetch(request, posted["version"]), actor=actor)
    if posted.get("design"):
        rows = Configuration.objects.visible_to(actor).filter(kind=charters.KIND)
        return designing.begin_for_design(fetch(rows, actor, posted["design"]), actor=actor)
    if posted.get("template"):
        return designing.begin_from_template(study, posted["template"], actor=actor)
    title = posted.get("title", "")
    if posted.get("how") == "empty":
        return designing.begin_empty(study, title, actor=actor)
    chosen: dict[str, dict[str, object]] = {str(key): {} for key in posted.getlist("criteria")}
    return designing.begin_for_criteria(study, chosen, title, actor=actor)


@study_view("configuration.view")
def ecrf_designer(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one version: its outline, the editor of the chosen part, and the preview."""
    made = _fetch(request, pk)
    return _designer(request, made, made.document, request.GET.get("at", ""))


def _designer(
    request: StudyRequest,
    made: Configuration,
    document: Mapping[str, Any],
    place: str,
    *,
    status: int = 200,
) -> HttpResponse:
    part = outline.find(document, place) if place else None
    place = place if part is not None else ""
    before = designing.version_before(made)
    about = str((part or {}).get("item", "")) if place.startswith(outline.CHECK) else place
    shown = about.partition(".")[0] or _first_section(document)
    return render(
        request,
        "reads/designer/page.html",
        {
            "made": made,
            "document": document,
            "place": place,
            "where": where(place, document),
            "nodes": outline.nodes(document),
            "checks": document.get("checks", ()),
            "editor": editor_of(document, place, part),
            "own_checks": [
                one for one in document.get("checks", ()) if place and one.get("item") == place
            ],
            "may_edit": made.state == "draft" and request.actor.may("configuration.edit"),
            "may_begin": request.actor.may("configuration.edit"),
            "proofs": proofs(document),
            "before": before,
            "changes": designing.changes_since(made, before),
            "versions": Configuration.objects.visible_to(request.actor)
            .filter(kind=designing.KIND, key=made.key)
            .order_by("-version"),
            "preview": _preview(document, {}, "baseline", shown),
            "preview_of": shown,
            "visits": KIND_OF_VISIT,
            "visit": "baseline",
            "kinds": KINDS,
            "may_hold": part is not None and _holds_items(place, part),
            "new_kinds": KINDS
            if "." not in place
            else {key: words for key, words in KINDS.items() if key != "group"},
            "acts": ACTS,
            "levels": LEVELS,
            "precisions": PRECISIONS,
            "absences": ABSENCES,
            "tones": TONES,
            "operators": rules.CHOSEN,
            "derivations": rules.DERIVATIONS,
            "crumbs": _crumbs(request, str(made)),
        },
        status=status,
    )


def _holds_items(place: str, part: Mapping[str, Any]) -> bool:
    if place.startswith(outline.CHECK):
        return False
    return "." not in place or part.get("kind") == "group"


def _first_section(document: Mapping[str, Any]) -> str:
    return next((one["key"] for one in document.get("sections", ()) if one.get("items")), "")


def _preview(
    document: Mapping[str, Any], posted: Mapping[str, Any], visit: str, section: str
) -> FormView | None:
    """Return the form as a reader sees it, one section of it, with what was tried in it."""
    form = designing.readable(document)
    if form is None:
        return None
    names = dict(form.context)
    context = {name: value for name, value in SUPPOSED.items() if name in names}
    if "time_point.kind" in names:
        context["time_point.kind"] = visit
    answers = parse_posted(form, posted)
    view = present(evaluate(form, answers, context=context), answers, context=context)
    return _only(view, form, section)


def _only(view: FormView, form: Form, section: str) -> FormView:
    """Keep one section of a page; the whole page when the section is not shown now."""
    from dataclasses import replace

    titles = {one.key: one.title for one in form.sections}
    kept = tuple(one for one in view.sections if one.title == titles.get(section))
    return replace(view, sections=kept) if kept else view


@study_view("configuration.view", methods=("GET", "POST"))
def ecrf_preview(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Draw the form with what stands in the editor and what was tried; nothing is kept."""
    made = _fetch(request, pk)
    document: Mapping[str, Any] = made.document
    place = request.POST.get("place", "")
    part = outline.find(document, place) if place else None
    if part is not None and request.POST.get("act") == "change":
        document = outline.replaced(document, place, part_from(request.POST, document, place, part))
    visit = request.POST.get("visit", "baseline")
    whole = request.method == "GET"
    section = "" if whole else request.POST.get("section", "")
    posted = {name: values for name, values in request.POST.lists()}
    return render(
        request,
        "reads/designer/whole.html" if whole else "reads/designer/preview.html",
        {
            "made": made,
            "preview": _preview(document, posted, visit, section),
            "proofs": proofs(document),
            "crumbs": _crumbs(request, str(made), "Preview"),
        },
    )


@study_view("configuration.edit", methods=("POST",))
def ecrf_change(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Carry out one act on a draft; whatever is wrong with the result is kept and named."""
    made = _fetch(request, pk)
    place = request.POST.get("place", "")
    went: list[str] = [place]

    def act(document: Mapping[str, Any]) -> Mapping[str, Any]:
        changed, went[0] = _acted(request, document, place)
        return changed

    try:
        made = designing.change(
            made, act, seen_digest=request.POST.get("seen", ""), actor=request.actor
        )
    except (Conflict, RuleBroken) as refused:
        messages.error(request, f"{refused.message} What you typed stands below.")
        changed, at = _acted(request, made.document, place)
        return _designer(request, made, changed, at, status=refused.status)
    messages.success(request, "The draft is saved.")
    address = reverse("ecrf-designer", args=[request.study.code, made.pk])
    return redirect(f"{address}?at={went[0]}" if went[0] else address)


def _acted(
    request: StudyRequest, document: Mapping[str, Any], place: str
) -> tuple[Mapping[str, Any], str]:
    """Return the document after the act that was posted, and the place to show then."""
    posted = request.POST
    act = posted.get("act", "change")
    if act == "add_section":
        return outline.with_section(document, posted.get("title", "").strip() or "New section")
    if act == "add_item":
        words = posted.get("label", "").strip() or "New item"
        kind = posted.get("kind", "")
        return outline.with_item(document, place, words, kind if kind in KINDS else "text")
    if act == "add_check":
        return outline.with_check(document, place)
    if act in ("up", "down"):
        return outline.moved(document, place, -1 if act == "up" else 1), place
    if act == "remove":
        return outline.removed(document, place), place.rpartition(".")[0]
    part = outline.find(document, place) if place else None
    if part is None:
        return form_from(posted, document), ""
    return outline.replaced(document, place, part_from(posted, document, place, part)), place


@study_view("configuration.view")
def ecrf_file(request: StudyRequest, pk: UUID, kind: str) -> HttpResponse:
    """Send a version as YAML or JSON; both come in again as they went out."""
    made = _fetch(request, pk)
    if kind == "yaml":
        text, media = designing.to_yaml(made.document), "application/yaml"
    else:
        text, media = json.dumps(made.document, indent=1, ensure_ascii=False), "application/json"
    response = HttpResponse(text, content_type=f"{media}; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_name(request, made)}.{kind}"'
    return response


@study_view("configuration.view")
def ecrf_annotated(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send the annotated blank form: every item with its CDISC target and codes."""
    made = _fetch(request, pk)
    found = proofs(made.document)
    if found:
        raise RuleBroken(
            "The form has problems, so it cannot be printed. Mend it first: " + found[0].sentence,
            rule="DSG-004",
        )
    form = Form.from_document(made.document)
    facts = {
        "title": made.title,
        "number": f"{made.key} v{made.version}",
        "study": f"{request.study.code} {request.study.title}".strip(),
        "state": made.get_state_display(),
        "digest": made.digest,
        "source": form.source,
        "effective": day_words(made.effective_from.date()) if made.effective_from else "",
        "sections": annotated(form),
        "checks": listed_checks(form),
    }
    made_at = made.effective_from or made.created_at
    content = paper.pdf("reads/paper/annotated.typ", facts, made_at=made_at)
    response = HttpResponse(content, content_type="application/pdf")
    name = f"{_name(request, made)}_annotated.pdf"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _name(request: StudyRequest, made: Configuration) -> str:
    return f"{request.study.code}_{made.key}_v{made.version}"
