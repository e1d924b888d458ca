"""The acquisition guideline on a page: rows, versions in words, import and export as YAML."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from audit.errors import Refused
from imaging.models import SiteException
from imaging.pipeline.technical_qc.guideline import Rule
from imaging.pipeline.technical_qc.guideline_text import (
    KINDS,
    asks_in_words,
    place_in_words,
    subject_of,
)
from imaging.pipeline.technical_qc.parameters import PARAMETERS
from imaging.pipeline.technical_qc.words import WORDS
from imaging.services import exceptions
from imaging.services import guideline as service
from imaging.views.controlled import Pages
from studies.access import StudyRequest, study_view
from studies.models import Configuration
from ui.figures import whole, with_minus

SEVERITIES = (("error", "Error"), ("warning", "Warning"),
              ("info", "Information"))  # fmt: skip
MISSING = (("ignore", "Nothing"), ("error", "An error"), ("warning", "A warning"),
           ("info", "Information"))  # fmt: skip
MODALITIES = ("*", "CT", "MR", "PT", "NM", "US", "CR", "DX", "MG", "XA", "RF")
PAGES = Pages(
    kind=Configuration.Kind.GUIDELINE,
    route="guideline",
    title="Acquisition guideline",
    noun="guideline",
    in_review="Validated",
)


@study_view("guideline.view")
def holding(request: StudyRequest) -> HttpResponse:
    """Show the guideline that holds; without one, the newest version."""
    found = PAGES.holding(request)
    if found is None:
        context = {
            "crumbs": PAGES.crumbs(request),
            "may_edit": request.actor.may("guideline.edit"),
        }
        return render(request, "imaging/guideline_none.html", context)
    return _page(request, found)


@study_view("guideline.view")
def version(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one version; a draft can be edited row by row."""
    return _page(request, PAGES.fetched(request, pk))


def _page(
    request: StudyRequest,
    made: Configuration,
    *,
    form: dict[str, Any] | None = None,
    errors: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    may_edit = request.actor.may("guideline.edit")
    editable = may_edit and made.state == "draft"
    rules = service.guideline_in(made).rules
    modality = request.GET.get("modality", "")
    shown = [
        _line(number, rule) for number, rule in enumerate(rules) if modality in {"", rule.modality}
    ]
    standing = PAGES.standing(request, made)
    found = [name for name in MODALITIES if any(rule.modality == name for rule in rules)]
    return render(
        request,
        "imaging/guideline.html",
        {
            **standing,
            "here": reverse("guideline-version", args=[request.study.code, made.pk]),
            "save": reverse("guideline-row", args=[request.study.code, made.pk]),
            "remove": reverse("guideline-row-remove", args=[request.study.code, made.pk]),
            "editable": editable,
            "may_edit": may_edit,
            "groups": [
                (_("Values of the acquisition"), [one for one in shown if one["group"] == "value"]),
                (
                    _("As at earlier time points"),
                    [one for one in shown if one["group"] == "same_as_earlier"],
                ),
                (_("Built-in checks"), [one for one in shown if one["group"] == "check"]),
            ],
            "chips": [("", _("All"), len(rules))]
            + [
                (
                    name,
                    _("For all") if name == "*" else name,
                    sum(rule.modality == name for rule in rules),
                )
                for name in found
            ],
            "modality": modality,
            "form": form or _form_of(request, rules, editable),
            "errors": errors,
            "problems": service.whole_problems(made) if editable else [],
            "before": _before(made, standing["versions"]),
            "exceptions": len(
                SiteException.objects.visible_to(request.actor).filter(state="approved")
            ),
            "choices": _choices(request),
        },
        status=status,
    )


def _before(made: Configuration, versions: list[Configuration]) -> Configuration | None:
    return next((one for one in versions if one.version < made.version), None)


def _line(number: int, rule: Rule) -> dict[str, Any]:
    return {
        "number": number,
        "rule": rule,
        "what": subject_of(rule),
        "asks": with_minus(asks_in_words(rule)),
        "group": rule.kind if rule.kind in {"check", "same_as_earlier"} else "value",
    }


def _choices(request: StudyRequest) -> dict[str, Any]:
    return {
        "modalities": MODALITIES,
        "kinds": KINDS.items(),
        "severities": SEVERITIES,
        "missing": MISSING,
        "parameters": sorted(
            ((row.name, f"{row.title} ({row.unit})" if row.unit else row.title)
             for row in PARAMETERS.values()),
            key=lambda pair: pair[1],
        ),
        "checks": sorted(
            ((code, words.title.replace("{parameter}", _("A parameter")))
             for code, words in WORDS.items()
             if code not in exceptions.WITH_PARAMETER),
            key=lambda pair: pair[1],
        ),
        "time_points": sorted(service.time_point_codes(request.study)),
    }  # fmt: skip


def _form_of(
    request: StudyRequest, rules: tuple[Rule, ...], editable: bool
) -> dict[str, Any] | None:
    wanted = request.GET.get("row", "")
    if not editable or not wanted:
        return None
    if wanted == "new":
        return {"index": "", "title": _("New row"), "severity": "error", "modality": "CT",
                "kind": "max"}  # fmt: skip
    if not wanted.isdigit() or int(wanted) >= len(rules):
        return None
    rule = rules[int(wanted)]
    values = rule.value if isinstance(rule.value, tuple) else (rule.value,)
    listed = [f"{v:g}" if isinstance(v, float) else str(v) for v in values if v is not None]
    is_range = rule.kind == "range"
    return {
        "index": wanted,
        "title": place_in_words(rule),
        "modality": rule.modality,
        "parameter": rule.parameter,
        "kind": rule.kind,
        "value": listed[0] if is_range and listed else ", ".join(listed),
        "value_to": listed[1] if is_range and len(listed) > 1 else "",
        "tolerance": f"{rule.tolerance:g}" if rule.tolerance else "",
        "severity": rule.severity,
        "if_missing": rule.if_missing,
        "time_points": ", ".join(rule.time_points),
        "source": rule.source,
        "unverified": "" if rule.verified else "1",
    }


def _go(request: StudyRequest, made: Configuration, *, row: int | None = None) -> HttpResponse:
    """Go to a version, with the modality that is shown, at the row that was worked on."""
    address = reverse("guideline-version", args=[request.study.code, made.pk])
    modality = request.GET.get("modality", "")
    shown = "?" + urlencode({"modality": modality}) if modality in MODALITIES else ""
    return redirect(f"{address}{shown}" + (f"#row-{row}" if row is not None else ""))


@study_view("guideline.edit", methods=("POST",))
def start(request: StudyRequest) -> HttpResponse:
    """Open the draft of the next version."""
    made = service.start_draft(request.study, actor=request.actor)
    messages.success(request, _("%s is open as a draft.") % made)
    return _go(request, made)


@study_view("guideline.edit", methods=("POST",))
def save_row(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Write a row; what is wrong comes back beside what was typed."""
    made = PAGES.fetched(request, pk)
    index = request.POST.get("index", "")
    number = int(index) if index.isdigit() else None
    try:
        saved = service.save_row(
            made,
            request.POST,
            index=number,
            seen_digest=request.POST.get("seen", ""),
            actor=request.actor,
        )
    except Refused as refused:
        typed = {**request.POST.dict(), "index": index, "title": _("Row as you typed it")}
        lines = refused.details if isinstance(refused.details, list) else [refused.message]
        fresh = PAGES.fetched(request, pk)
        return _page(request, fresh, form=typed, errors=tuple(lines), status=refused.status)
    messages.success(request, _("The row is saved in %s.") % saved)
    last = len(saved.document["rules"]) - 1
    return _go(request, saved, row=last if number is None else number)


@study_view("guideline.edit", methods=("POST",))
def remove_row(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take a row out of a draft."""
    made = PAGES.fetched(request, pk)
    index = whole(request.POST.get("index", ""), -1)
    try:
        service.remove_row(
            made,
            index=index,
            seen_digest=request.POST.get("seen", ""),
            actor=request.actor,
        )
        messages.success(request, _("The row is removed; earlier versions keep it."))
    except Refused as refused:
        messages.error(request, refused.message)
    return _go(request, made, row=max(index - 1, 0))


@study_view("guideline.edit", methods=("POST",))
def validate(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Declare a draft valid: it can be signed now."""
    made = PAGES.fetched(request, pk)
    try:
        service.validate(made, actor=request.actor)
        messages.success(request, _("%s is valid and can be signed.") % made)
    except Refused as refused:
        return _page(request, made, errors=(refused.message,), status=refused.status)
    return _go(request, made)


@study_view("guideline.view")
def compare(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show in words what changed from one version to another."""
    new = PAGES.fetched(request, pk)
    versions = PAGES.versions(new)
    old = PAGES.wanted(request, new) or _before(new, versions)
    return render(
        request,
        "imaging/guideline_compare.html",
        {
            "new": new,
            "old": old,
            "others": [one for one in versions if one.pk != new.pk],
            "changes": service.compared(old, new) if old else (),
            "crumbs": PAGES.crumbs(request, _("Difference")),
        },
    )


@study_view("guideline.view")
def export(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send a version as YAML; reading it back gives the same guideline."""
    made = PAGES.fetched(request, pk)
    return PAGES.sent(request, made, service.guideline_in(made).to_yaml())


@study_view("guideline.edit", methods=("GET", "POST"))
def import_text(request: StudyRequest) -> HttpResponse:
    """Take a guideline from a YAML file or text; a bad one is shown with its faults, unchanged."""
    return PAGES.taken(
        request,
        take=lambda text: service.import_yaml(request.study, text, actor=request.actor),
        then=lambda made: redirect("guideline-compare", request.study.code, made.pk),
    )
