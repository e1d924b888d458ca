"""Controlled configuration: versions, documents, signatures, and the steps between states."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts import signing
from accounts.reasons import reason_of, reason_request
from accounts.sentences import sentences
from audit.errors import Conflict, RuleBroken, SignatureRefused
from audit.states import Step
from audit.trail import entries
from projects.reasons import CONFIGURATION as WHY
from studies.access import StudyRequest, fetch, study_view
from studies.models import Configuration
from studies.services import configuration as service
from studies.workflows import CONFIGURATION
from ui.records import Link, SignRequest

MEANING = "approval"
STATEMENT = "I have read this version and approve it for use in the study."
#: steps that need their own page or service
_OWN_WAY = ("approve", "supersede")
LONGEST = 400


@study_view("configuration.view")
def listing(request: StudyRequest) -> HttpResponse:
    """Show the newest versions by kind and key."""
    rows = Configuration.objects.visible_to(request.actor)
    kind = request.GET.get("kind", "")
    kinds = [
        (value, label, rows.filter(kind=value).count())
        for value, label in Configuration.Kind.choices
    ]
    shown = rows.filter(kind=kind) if kind else rows
    return render(
        request,
        "projects/configurations.html",
        {
            "rows": shown.order_by("kind", "key", "-version"),
            "kinds": [one for one in kinds if one[2]],
            "crumbs": (
                Link(label=request.study.code, url=_entry(request)),
                Link(label="Configuration", url=""),
            ),
        },
    )


@study_view("configuration.view")
def page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one version: its document, signatures, history, and what can be done."""
    return _page(request, _fetch(request, pk))


def _fetch(request: StudyRequest, pk: UUID) -> Configuration:
    found: Configuration = fetch(Configuration, request.actor, pk)
    return found


def _page(
    request: StudyRequest, made: Configuration, *, errors: tuple[str, ...] = (), status: int = 200
) -> HttpResponse:
    steps = [s for s in CONFIGURATION.open_steps(made, request.actor) if s.name not in _OWN_WAY]
    may_sign = any(s.name == "approve" for s in CONFIGURATION.open_steps(made, request.actor))
    signatures = signing.shown_signatures(made)
    versions = Configuration.objects.visible_to(request.actor).filter(kind=made.kind, key=made.key)
    return render(
        request,
        "projects/configuration.html",
        {
            "made": made,
            "lines": list(lines(made.document)),
            "signatures": signatures,
            "is_invalid": any(not one["is_valid"] for one in signatures),
            "versions": versions.order_by("-version"),
            "plain_steps": [step for step in steps if not step.needs_reason],
            "reasoned_steps": [
                (step, dialog_of(request, made, step)) for step in steps if step.needs_reason
            ],
            "sign": sign_request(request, made, errors=errors) if may_sign else None,
            "history": sentences(entries(made, limit=50)),
            "crumbs": (
                Link(label=request.study.code, url=_entry(request)),
                Link(
                    label="Configuration",
                    url=reverse("configuration-list", args=[request.study.code]),
                ),
                Link(label=str(made), url=""),
            ),
        },
        status=status,
    )


def lines(document: Any, path: str = "", depth: int = 0) -> Iterator[tuple[int, str, str]]:
    """Return a document as lines to read: depth, name, value; long texts are cut."""
    if isinstance(document, Mapping):
        for key, value in document.items():
            name = str(key).replace("_", " ")
            if isinstance(value, Mapping) or _is_nested(value):
                yield depth, name, ""
                yield from lines(value, f"{path}.{key}", depth + 1)
            else:
                yield depth, name, _value(value)
    elif isinstance(document, list):
        for number, value in enumerate(document, start=1):
            yield depth, str(number), "" if isinstance(value, Mapping) else _value(value)
            if isinstance(value, Mapping):
                yield from lines(value, f"{path}[{number}]", depth + 1)


def _is_nested(value: Any) -> bool:
    return isinstance(value, list) and any(isinstance(one, Mapping | list) for one in value)


def _value(value: Any) -> str:
    if value is None or value in ("", []):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def dialog_of(request: StudyRequest, made: Configuration, step: Step) -> Any:
    """Return the dialog that asks for the reason of a step."""
    url = reverse("configuration-step", args=[request.study.code, made.pk])
    return reason_request(
        WHY, url, dialog=f"step-{step.name}", title=step.label, hidden=(("step", step.name),)
    )


def sign_request(
    request: StudyRequest, made: Configuration, *, errors: tuple[str, ...] = ()
) -> SignRequest:
    """Return the dialog by which a version is approved."""
    return signing.sign_request(
        request,
        made,
        title=f"Approve {made}",
        url=reverse("configuration-approve", args=[request.study.code, made.pk]),
        facts=(
            ("You sign", str(made)),
            ("Kind", made.get_kind_display()),
            ("SHA-256", made.digest),
        ),
        statement=STATEMENT,
        consequence="After signing, the document cannot change; a change is a new version.",
        label="Sign and approve",
        errors=errors,
        actor=request.actor.acting_as("configuration.sign"),
    )


@study_view("configuration.sign", methods=("POST",))
def approve(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Approve a version by signature."""
    made = _fetch(request, pk)
    actor = request.actor.acting_as("configuration.sign")
    try:
        assent = signing.proven(request, made, meaning=MEANING, statement=STATEMENT, actor=actor)
        service.approve(made, actor=actor, assent=assent)
    except (SignatureRefused, Conflict) as refused:
        return _page(request, _fetch(request, pk), errors=(refused.message,), status=422)
    messages.success(request, f"{made} is approved.")
    return redirect(_page_of(made), request.study.code, made.pk)


@study_view("configuration.edit", methods=("POST",))
def take_step(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take a step that needs no signature: review, test, back to draft, effective, withdrawn."""
    made = _fetch(request, pk)
    name = request.POST.get("step", "")
    steps = CONFIGURATION.open_steps(made, request.actor)
    step = next((s for s in steps if s.name == name and s.name not in _OWN_WAY), None)
    if step is None:
        raise RuleBroken(
            "This step is not possible now. Look at the version again.", rule="CFG-003"
        )
    reason = reason_of(request, WHY) if step.needs_reason else ""
    if step.name == "make_effective":
        service.make_effective(made, actor=request.actor)
    else:
        CONFIGURATION.move(made, step.name, actor=request.actor, reason=reason)
    messages.success(request, f"{made}: {step.label.lower()}.")
    return redirect(_page_of(made), request.study.code, made.pk)


def _page_of(made: Configuration) -> str:
    """Return the name of the page to which a person comes back after a step."""
    return "plan-version" if made.kind == Configuration.Kind.PLAN else "configuration-page"


@study_view("configuration.view")
def download(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send the document as JSON, in the canonical form over which its digest goes."""
    made = _fetch(request, pk)
    text = json.dumps(made.document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    response = HttpResponse(text, content_type="application/json; charset=utf-8")
    name = f"{request.study.code}_{made.kind}_{made.key}_v{made.version}.json"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _entry(request: StudyRequest) -> str:
    return reverse("study-entry", args=[request.study.code])
