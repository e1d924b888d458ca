"""The charter: its text, its fields, its specification, and files out and in."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from audit.errors import Conflict, Refused, RuleBroken
from reads.design import problems
from reads.design.charter import sections
from reads.design.editing import (
    LEVELS,
    criteria_of,
    document_from,
    endpoints_of,
    groups,
    sections_of,
)
from reads.design.exchange import LARGEST, templates, to_yaml
from reads.design.references import REFERENCES
from reads.design.specification import requirements
from reads.design.standing import by_hand
from reads.services import amending, charters, designing, sessionforms
from studies.access import StudyRequest, fetch, study_view
from studies.models import Configuration
from studies.services.configuration import revise
from ui import paper
from ui.moments import day_words
from ui.records import FormError, Link
from ui.sheets import csv_response

_PLACE = re.compile(r"^([a-z_]+(?:\.[A-Za-z0-9_]+)?)")


@study_view("configuration.view")
def charter(request: StudyRequest) -> HttpResponse:
    """Show the charter that holds, or how to begin one."""
    rows = charters.versions(request.actor)
    return _page(request, charters.current(rows), rows)


@study_view("configuration.view")
def charter_version(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one version of the charter."""
    return _page(request, _fetch(request, pk), charters.versions(request.actor))


def _fetch(request: StudyRequest, pk: UUID | str) -> Configuration:
    rows = Configuration.objects.visible_to(request.actor).filter(kind=charters.KIND)
    found: Configuration = fetch(rows, request.actor, pk)
    return found


def _page(
    request: StudyRequest, made: Configuration | None, rows: list[Configuration]
) -> HttpResponse:
    design = charters.design_of(made) if made else None
    holding = next((row for row in rows if row.state == "effective"), None)
    return render(
        request,
        "reads/charter/page.html",
        {
            "made": made,
            "versions": rows,
            "sections": sections(design) if design else (),
            "problems": problems(made.document) if made else [],
            "by_hand": by_hand(design) if design else [],
            "missing_forms": sessionforms.missing(request.study, made) if made else [],
            "changes": charters.changes_since(made, holding) if made else [],
            "holding": holding,
            "templates": templates(),
            "may_edit": request.actor.may("configuration.edit"),
            "may_see_truth": request.actor.may("truth.view"),
            "may_manage": request.actor.may("read.manage"),
            "crumbs": _crumbs(request),
        },
    )


def _crumbs(request: StudyRequest, *more: str) -> tuple[Link, ...]:
    home = reverse("study-entry", args=[request.study.code])
    here = reverse("charter", args=[request.study.code]) if more else ""
    return (
        Link(label=request.study.code, url=home),
        Link(label="Charter", url=here),
        *(Link(label=one, url="") for one in more),
    )


@study_view("configuration.edit", methods=("POST",))
def charter_start(request: StudyRequest) -> HttpResponse:
    """Begin a version from a template, from another version, or from a file."""
    uploaded = request.FILES.get("file")
    try:
        if uploaded is not None:
            made = charters.start_from_file(
                request.study, uploaded.read(LARGEST + 1), actor=request.actor
            )
        elif request.POST.get("version"):
            before = _fetch(request, request.POST["version"])
            made = charters.start_from_version(before, actor=request.actor)
        else:
            key = request.POST.get("template", "")
            made = charters.start_from_template(request.study, key, actor=request.actor)
    except RuleBroken as refused:
        messages.error(request, f"No version was begun. {refused.message}")
        return redirect("charter", request.study.code)
    messages.success(request, f"{made} is begun as a draft.")
    return redirect("charter-edit", request.study.code, made.pk)


@study_view("configuration.edit", methods=("GET", "POST"))
def charter_edit(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Write a draft in fields; what is wrong is kept and listed."""
    made = _fetch(request, pk)
    if request.method != "POST":
        return _editor(request, made, made.document)
    document = document_from(request.POST, made.document)
    try:
        made = revise(made, document, seen_digest=request.POST.get("seen", ""), actor=request.actor)
    except (Conflict, RuleBroken) as refused:
        messages.error(request, f"{refused.message} What you typed stands below.")
        return _editor(request, made, document, status=refused.status)
    messages.success(request, f"{made} is saved.")
    if problems(document):
        return redirect("charter-edit", request.study.code, made.pk)
    return redirect("charter-version", request.study.code, made.pk)


def _editor(
    request: StudyRequest, made: Configuration, document: dict[str, Any], *, status: int = 200
) -> HttpResponse:
    forms = Configuration.objects.visible_to(request.actor).filter(kind=Configuration.Kind.FORM)
    blindings = Configuration.objects.visible_to(request.actor).filter(
        kind=Configuration.Kind.BLINDING
    )
    return render(
        request,
        "reads/charter/edit.html",
        {
            "made": made,
            "document": document,
            "forms": _keys(forms, document.get("form")),
            "truths": _keys(forms, document.get("truth")),
            "blindings": _keys(blindings, document.get("blinding")),
            "groups": groups(document),
            "texts": sections_of(document),
            "criteria": criteria_of(document),
            "endpoints": endpoints_of(document),
            "levels": LEVELS,
            "references": [f"{{{name}}}" for name in sorted(REFERENCES)],
            "errors": [FormError(text=text, anchor=_anchor(text)) for text in problems(document)],
            "crumbs": _crumbs(request, str(made)),
        },
        status=status,
    )


def _keys(rows: Any, present: object) -> list[tuple[str, str]]:
    found = dict(rows.order_by("version").values_list("key", "title"))
    if present and present not in found:
        found[str(present)] = f"{present} (not in this study yet)"
    return sorted(found.items())


def _anchor(problem: str) -> str:
    """Return the id of the field that a problem begins with."""
    match = _PLACE.match(problem)
    name = match[1] if match else ""
    if name.startswith(("criteria", "endpoints")):
        return name.partition(".")[0]
    return name.replace(".", "-")


@study_view("configuration.view")
def charter_yaml(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send a version as YAML."""
    made = _fetch(request, pk)
    response = HttpResponse(to_yaml(made.document), content_type="application/yaml; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{_name(request, made)}.yaml"'
    return response


@study_view("configuration.view")
def charter_pdf(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send the text of a version as PDF."""
    made = _fetch(request, pk)
    design = charters.design_of(made)
    if design is None:
        raise RuleBroken(
            "The draft has problems, so its text cannot be printed. Mend it first.", rule="CHT-003"
        )
    facts = {
        "title": made.title,
        "number": f"Version {made.version}",
        "study": f"{request.study.code} {request.study.title}".strip(),
        "state": made.get_state_display(),
        "digest": made.digest,
        "effective": day_words(made.effective_from.date()) if made.effective_from else "",
        "sections": [
            {
                "title": f"{section.number} {section.title}",
                "paragraphs": [[one.number, one.text] for one in section.paragraphs],
            }
            for section in sections(design)
        ],
    }
    made_at = made.effective_from or made.created_at
    content = paper.pdf("reads/paper/charter.typ", facts, made_at=made_at)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{_name(request, made)}.pdf"'
    return response


def _name(request: StudyRequest, made: Configuration) -> str:
    return f"{request.study.code}_charter_v{made.version}"


@study_view("configuration.view")
def charter_specification(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show or send the review application specification: clause, item, check, test."""
    made = _fetch(request, pk)
    design = charters.design_of(made)
    rows = (
        requirements(design, charters.form_document(request.study, design.form)) if design else ()
    )
    if request.GET.get("format") == "csv":
        columns = ("clause", "text", "item", "check", "test")
        lines = [(row.number, row.text, row.item, row.check, row.test) for row in rows]
        return csv_response(f"{_name(request, made)}_specification", columns, lines)
    return render(
        request,
        "reads/charter/specification.html",
        {"made": made, "rows": rows, "crumbs": _crumbs(request, str(made), "Specification")},
    )


@study_view("read.manage")
def charter_impact(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show what a version meets in the study as it stands, and take open reads over."""
    made = _fetch(request, pk)
    found = amending.impact(made) if charters.design_of(made) else None
    rows = charters.versions(request.actor)
    holding = next((row for row in rows if row.state == "effective"), None)
    before = holding if holding is not None and holding.pk != made.pk else _before(made, rows)
    form, _ = charters.parts(made)
    return render(
        request,
        "reads/charter/impact.html",
        {
            "made": made,
            "found": found,
            "holding": before,
            "changes": charters.changes_since(made, before),
            "form_changes": designing.changes_since(form, designing.version_before(form))
            if form
            else (),
            "acts": amending.acts(request.study),
            "crumbs": _crumbs(request, str(made), "Impact"),
        },
    )


def _before(made: Configuration, rows: list[Configuration]) -> Configuration | None:
    """Return the version that held before one that holds now."""
    return next((row for row in rows if row.version < made.version), None)


@study_view("read.manage", methods=("POST",))
def charter_take_over(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take over open reads, or complete the readers of subjects, with a reason."""
    made = _fetch(request, pk)
    reason = request.POST.get("reason", "")
    try:
        if made.state != "effective":
            raise RuleBroken("Only the version that holds is taken over.", rule="AM-003")
        if request.POST.get("act") == "readers":
            number, stayed = amending.complete_teams(
                request.study, actor=request.actor, reason=reason
            )
            messages.success(request, f"{number} subjects have their readers.")
        else:
            tasks = amending.impact(made).to_move
            number, stayed = amending.take_over_all(tasks, actor=request.actor, reason=reason)
            messages.success(request, f"{number} open reads took over {made}.")
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
        stayed = []
    for why in stayed:
        messages.error(request, why)
    return redirect("charter-impact", request.study.code, made.pk)
