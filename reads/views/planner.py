"""The scaling planner: reads to come, capacity, the gap, and how many readers close it."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.models import Invitation
from audit.errors import Refused, RuleBroken
from reads.services import inviting
from reads.services.capacity import Assumptions, outlook
from reads.views.readers import crumbs
from studies.access import StudyRequest, study_view
from studies.models import Subject
from ui.moments import day_words

LABEL_EVERY = 4
LARGEST_LIST = 200_000


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
            "limits": [("a week's capacity", weeks[0].capacity, "wait")] if weeks else [],
            "columns": ", ".join(inviting.COLUMNS),
            "manages": request.actor.may("reader.manage"),
            "crumbs": crumbs(request, "Scaling planner"),
        },
        status=422 if form.is_bound and not form.is_valid() else 200,
    )


@study_view("reader.manage", methods=("POST",))
def reader_invite_many(request: StudyRequest) -> HttpResponse:
    """Bring every person of a list on the way into the study, in one act."""

    def mail(invitation: Invitation, secret: str) -> None:
        link = request.build_absolute_uri(reverse("invitation-accept", args=[secret]))
        inviting.person_invited.send(
            sender=Invitation, invitation=invitation, link=link, study=request.study
        )

    uploaded = request.FILES.get("file")
    text = request.POST.get("list", "")
    if uploaded is not None:
        text = uploaded.read(LARGEST_LIST).decode("utf-8-sig", errors="replace")
    try:
        made = inviting.invite_many(request.study, text, actor=request.actor, mail=mail)
    except Refused as refused:
        messages.error(request, f"Nobody was invited. {refused.message}")
        return redirect("reader-planner", request.study.code)
    messages.success(
        request,
        f"{len(made.on_board)} readers are on the onboarding board, {len(made.invited)} people "
        "without an account were invited by mail.",
    )
    for why in made.left_out:
        messages.error(request, why)
    return redirect("onboarding-board", request.study.code)


def vars_of(given: Assumptions) -> dict[str, int]:
    """Return the assumptions by name."""
    return {
        "per_week": given.per_week,
        "target": given.target,
        "onboarding_weeks": given.onboarding_weeks,
        "weeks": given.weeks,
    }
