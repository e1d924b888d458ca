"""The de-identification profile on a page: what holds, what a version changes, how it was tried."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import sentences
from audit import trail
from audit.errors import Refused
from imaging.pipeline.deidentify import Profile, ProfileInvalid
from imaging.pipeline.deidentify.difference import in_words
from imaging.services import profiles as service
from studies.access import StudyRequest, fetch, study_view
from studies.models import Configuration
from ui.records import Link

LONGEST_LIST = 200


@study_view("configuration.view")
def holding(request: StudyRequest) -> HttpResponse:
    """Show the profile that holds; without one, the newest version."""
    rows = service.versions(request.study)
    found = service.effective_or_none(request.study) or next(iter(rows), None)
    return _page(request, found)


@study_view("configuration.view")
def version(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show one version, its difference to what holds, and its run over the samples."""
    return _page(request, _fetched(request, pk))


def _fetched(request: StudyRequest, pk: UUID) -> Configuration:
    rows = Configuration.objects.filter(kind=service.KIND)
    found: Configuration = fetch(rows, request.actor, pk)
    return found


def _page(
    request: StudyRequest,
    made: Configuration | None,
    *,
    refused_with: str = "",
    title: str = "",
    status: int = 200,
) -> HttpResponse:
    code = request.study.code
    facts: dict[str, Any] = {
        "made": made,
        "versions": service.versions(request.study),
        "may_edit": request.actor.may("configuration.edit"),
        "refused_with": refused_with,
        "typed_title": title,
        "crumbs": (
            Link(label=code, url=reverse("study-entry", args=[code])),
            Link(label=_("De-identification profile"), url=""),
        ),
    }
    if made is not None:
        facts |= _facts(made)
    return render(request, "imaging/profile.html", facts, status=status)


def _facts(made: Configuration) -> dict[str, Any]:
    """What the page says about a version that can be compiled; else only why it cannot."""
    facts: dict[str, Any] = {
        "history": sentences(trail.entries(made, limit=30)),
        "other_lists": service.other_lists(made.document),
    }
    try:
        profile = service.compiled(made)
        old = service.before(made)
        before = service.compiled(old) if old else None
    except ProfileInvalid as problem:
        return facts | {"invalid": str(problem)}
    run = service.trial_run(profile, before)
    changes = service.changes(profile, before) if before else ()
    grouped = groupby(changes[:LONGEST_LIST], key=lambda change: change.area)
    return facts | {
        "profile": profile,
        "old": old,
        "areas": [(area, list(rows)) for area, rows in grouped],
        "change_count": len(changes),
        "more_changes": max(0, len(changes) - LONGEST_LIST),
        "run": run,
        "fates": run.changes[:LONGEST_LIST],
        "more_fates": max(0, len(run.changes) - LONGEST_LIST),
        "treatments": _treatments(profile),
        "private_count": len(profile.private_safe),
        "table": made.document.get("table", {}),
    }


def _treatments(profile: Profile) -> list[tuple[str, int]]:
    counts = Counter(in_words(action) for action in profile.actions.values())
    return counts.most_common()


@study_view("configuration.edit", methods=("POST",))
def propose(request: StudyRequest) -> HttpResponse:
    """Keep a profile from a file as a draft."""
    upload = request.FILES.get("file")
    title = request.POST.get("title", "")
    shown = service.effective_or_none(request.study)
    if upload is None:
        return _page(
            request, shown, refused_with=_("Choose a profile file."), title=title, status=422
        )
    try:
        text = upload.read(service.LARGEST_FILE + 1).decode("utf-8-sig")
    except UnicodeDecodeError:
        words = _("The file is not text in UTF-8. Nothing was kept.")
        return _page(request, shown, refused_with=words, title=title, status=422)
    try:
        made = service.propose(request.study, text, title=title, actor=request.actor)
    except Refused as refused:
        return _page(request, shown, refused_with=refused.message, title=title, status=422)
    messages.success(request, _("%(made)s is kept as a draft.") % {"made": made})
    return redirect("deid-profile-version", request.study.code, made.pk)


@study_view("configuration.view")
def export(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Send a version as YAML; JSON comes from the page of the configuration."""
    made = _fetched(request, pk)
    response = HttpResponse(service.as_yaml(made), content_type="application/yaml; charset=utf-8")
    name = f"{request.study.code}_deid-profile_v{made.version}.yaml"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
