"""Raising a query by hand about a time point."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from queries import services
from queries.models import Query, RequestedAction
from studies.access import fetch, study_view
from studies.models import TimePoint
from studies.services.configuration import plan_of
from ui.records import FormError, Link

ACTION_ROWS = 3


class QueryForm(forms.Form):
    """The question: its cause, title and words."""

    cause = forms.ChoiceField(choices=Query.Cause.choices)
    title = forms.CharField(max_length=200)
    text = forms.CharField(max_length=4000)
    blocking = forms.BooleanField(required=False)


class ActionForm(forms.Form):
    """One thing that the site is asked to do; a row without words asks for nothing."""

    kind = forms.ChoiceField(choices=RequestedAction.Kind.choices)
    text = forms.CharField(max_length=300, required=False)


@study_view("query.raise", methods=("GET", "POST"))
def query_new(request: Any) -> HttpResponse:
    """Write a query about a time point and send it to the site."""
    points = TimePoint.objects.visible_to(request.actor).select_related("subject__study_site__site")
    if request.method == "POST":
        return _raise(request, points)
    asked = request.GET.get("time_point", "")
    time_point = fetch(points, request.actor, _uuid(asked)) if asked else None
    actions = [ActionForm(prefix=f"action{n}") for n in range(ACTION_ROWS)]
    return _page(request, points, QueryForm(initial={"blocking": True}), actions, time_point)


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Http404 from None


def _raise(request: Any, points: Any) -> HttpResponse:
    form = QueryForm(request.POST)
    actions = [ActionForm(request.POST, prefix=f"action{n}") for n in range(ACTION_ROWS)]
    chosen = request.POST.get("time_point", "")
    time_point = fetch(points, request.actor, _uuid(chosen)) if chosen else None
    valid = [action for action in actions if action.is_valid()]
    requests = [
        services.Request(action.cleaned_data["kind"], action.cleaned_data["text"].strip())
        for action in valid
        if action.cleaned_data["text"].strip()
    ]
    errors = _errors(form, time_point, requests, len(valid) == len(actions))
    if errors or time_point is None:
        return _page(request, points, form, actions, time_point, errors=errors)
    query = services.raise_query(
        about=time_point,
        study_site=time_point.subject.study_site,
        subject=time_point.subject,
        time_point=time_point,
        cause=form.cleaned_data["cause"],
        title=form.cleaned_data["title"],
        text=form.cleaned_data["text"],
        requests=requests,
        blocking=form.cleaned_data["blocking"],
        actor=request.actor,
    )
    messages.success(request, _("%(query)s is with the site.") % {"query": query})
    return redirect("query-page", request.study.code, query.pk)


def _errors(
    form: QueryForm, time_point: TimePoint | None, requests: list[Any], actions_valid: bool
) -> list[FormError]:
    errors = []
    if time_point is None:
        errors.append(FormError(text=_("Choose the time point."), anchor="time_point"))
    words = {
        "cause": _("Choose a cause."),
        "title": _("Write the question in one line, at most 200 characters."),
        "text": _("Write what you found and what you need."),
    }
    if not form.is_valid():
        errors += [FormError(text=words[name], anchor=f"id_{name}") for name in form.errors]
    if not actions_valid or not requests:
        errors.append(FormError(text=_("Ask for at least one thing."), anchor="id_action0-text"))
    return errors


def _page(
    request: Any,
    points: Any,
    form: QueryForm,
    actions: list[ActionForm],
    time_point: TimePoint | None,
    *,
    errors: list[FormError] | None = None,
) -> HttpResponse:
    turnaround = plan_of(request.study).turnarounds["query"]
    return render(
        request,
        "queries/new.html",
        {
            "crumbs": [
                Link(label=_("Queries"), url=reverse("query-list", args=[request.study.code])),
                Link(label=_("New query"), url=""),
            ],
            "points": points if time_point is None else [],
            "time_point": time_point,
            "form": form,
            "actions": actions,
            "errors": errors or [],
            "turnaround": turnaround,
        },
        status=422 if errors else 200,
    )
