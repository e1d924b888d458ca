"""The study overview, for staff, sponsors and oversight."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from audit import clock
from exports.models import DataCut
from projects import overview as figures
from projects import turnaround
from projects.listing import csv_address, csv_response, wants_csv
from projects.standing import standing_of
from reads.services.clocks import plan_for
from studies.access import StudyRequest, study_view
from studies.models import StudySite
from ui.figures import number_words
from ui.records import FunnelStage, Link, StackRow, TurnaroundRow

CUTS_SHOWN = 5


@study_view("study.overview")
def overview(request: StudyRequest) -> HttpResponse:
    """Show where the scans are, how long steps take, what is asked, and the sites."""
    study, actor = request.study, request.actor
    plan = plan_for(study)
    sites = figures.sites(study, plan)
    if wants_csv(request):
        return csv_response(f"{study.code}_sites", SITE_COLUMNS, map(_site_line, sites))
    stages = figures.funnel(study, actor)
    durations = turnaround.rows(study, plan)
    ages = figures.queries_by_age(study, actor, plan)
    progress = figures.images_by_time_point(study)
    active = StudySite.objects.in_study(study).filter(state="active").count()
    return render(
        request,
        "projects/overview.html",
        {
            "standing": standing_of(study, actor),
            "stages": stages,
            "stages_sentence": _stages_sentence(stages),
            "durations": durations,
            "durations_sentence": _durations_sentence(durations),
            "plan": plan,
            "ages": ages,
            "age_parts": figures.AGE_PARTS,
            "ages_sentence": _ages_sentence(ages),
            "progress": progress,
            "progress_parts": figures.PROGRESS_PARTS,
            "progress_sentence": _progress_sentence(progress),
            "sites": sites,
            "active_sites": active,
            "cuts": _cuts(request),
            "csv_url": csv_address(request),
            "now": clock.now(),
            "crumbs": (
                Link(label="My work", url=reverse("home")),
                Link(label=study.code, url=""),
            ),
        },
    )


SITE_COLUMNS = (
    "Site",
    "City",
    "Subjects",
    "Upload in time, %",
    "Right first time, %",
    "Open queries",
    "Oldest, business days",
)


def _site_line(row: figures.SiteRow) -> tuple[object, ...]:
    return (
        row.site.number,
        row.site.site.city,
        row.subjects,
        None if row.in_time is None else round(row.in_time),
        None if row.right_first_time is None else round(row.right_first_time),
        row.open_queries,
        row.oldest_days,
    )


def _cuts(request: StudyRequest) -> list[DataCut]:
    if not request.actor.may("cut.view"):
        return []
    return list(DataCut.objects.visible_to(request.actor)[:CUTS_SHOWN])


def _stages_sentence(stages: Sequence[FunnelStage]) -> str:
    return ", ".join(f"{number_words(s.count)} {s.label.lower()}" for s in stages) + "."


def _durations_sentence(rows: Sequence[TurnaroundRow]) -> str:
    return " ".join(
        f"{row.label}: median {row.median:g} business days, nine of ten within "
        f"{row.ninth_decile:g}, plan {row.plan:g}."
        for row in rows
    )


def _ages_sentence(rows: Sequence[StackRow]) -> str:
    return " ".join(
        f"{row.label} has {sum(row.values):g} open queries, {row.values[-1]:g} of them over "
        "10 business days."
        for row in rows
    )


def _progress_sentence(rows: Sequence[StackRow]) -> str:
    return " ".join(
        f"{row.label}: {sum(row.values):g} of {row.expected or 0:g} have arrived, "
        f"{row.values[0]:g} are read and locked."
        for row in rows
    )
