"""The scaling planner: reads to come, capacity, the gap, and how many readers close it."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import render

from audit.errors import RuleBroken
from reads.services.capacity import Assumptions, outlook
from reads.views.readers import crumbs
from studies.access import StudyRequest, study_view
from studies.models import Subject
from ui.moments import day_words

LABEL_EVERY = 4


class AssumptionsForm(forms.Form):
    """What the planner takes as given."""

    per_week = forms.IntegerField(
        label="Subjects enrolled each week", min_value=0, max_value=1000, required=False
    )
    target = forms.IntegerField(
        label="Subjects at the end of enrolment", min_value=0, max_value=100_000, required=False
    )
    onboarding_weeks = forms.IntegerField(
        label="Weeks until a new reader is qualified", min_value=0, max_value=52, required=False
    )
    weeks = forms.IntegerField(
        label="Weeks to look ahead", min_value=1, max_value=156, required=False
    )


@study_view("reader.view")
def reader_planner(request: StudyRequest) -> HttpResponse:
    """Forecast reads against capacity."""
    here = Subject.objects.in_study(request.study).count()
    usual = Assumptions(target=here)
    form = AssumptionsForm(request.GET or None, initial=vars_of(usual))
    given = usual
    if form.is_bound and form.is_valid():
        values = {k: v for k, v in form.cleaned_data.items() if v is not None}
        given = Assumptions(**(vars_of(usual) | values))
    found, trouble = None, ""
    try:
        found = outlook(request.study, given)
    except RuleBroken as missing:
        trouble = missing.message
    weeks = found.forecast.weeks if found else ()
    return render(
        request,
        "reads/readers/planner.html",
        {
            "form": form,
            "given": given,
            "found": found,
            "trouble": trouble,
            "backlog": [
                # Every fourth week has its day below the line, so that the days do not meet.
                (
                    day_words(week.monday)[:6] if place % LABEL_EVERY == 0 else "",
                    round(week.backlog),
                )
                for place, week in enumerate(weeks)
            ],
            "limits": [("a week's capacity today", weeks[0].capacity, "wait")] if weeks else [],
            "crumbs": crumbs(request, "Scaling planner"),
        },
        status=422 if form.is_bound and not form.is_valid() else 200,
    )


def vars_of(given: Assumptions) -> dict[str, int]:
    """Return the assumptions by name."""
    return {
        "per_week": given.per_week,
        "target": given.target,
        "onboarding_weeks": given.onboarding_weeks,
        "weeks": given.weeks,
    }
