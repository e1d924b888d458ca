"""Variability studies: plan, sample, progress, results; report as PDF and CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import sentences
from audit import clock
from audit.actors import service
from audit.errors import Refused, RuleBroken
from audit.trail import entries
from reads.criteria.statistics import BlandAltman
from reads.models import ReRead, VariabilityPlan
from reads.performance.variability import Repeated
from reads.services import performance, variability
from reads.views.performance import FEW_PAIRS, number
from studies.access import StudyRequest, fetch, study_view
from ui import charts, paper
from ui.figures import with_minus
from ui.moments import day_words
from ui.records import Link
from ui.sheets import csv_response

NAMES = {
    "percent_agreement": "Agreement of responses, %",
    "cohen_kappa": "Cohen's kappa",
    "gwet_ac1": "Gwet's AC1",
    "weighted_kappa_linear": "Weighted kappa (linear)",
    "icc_2_1": "ICC(2,1) of the sum of diameters",
    "icc_3_1": "ICC(3,1) of the sum of diameters",
    "repeatability_coefficient": "Repeatability coefficient, mm",
    "within_subject_cv": "Within-subject coefficient of variation",
}
PERCENT = "percent_agreement"
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 900.0, 320.0, 58.0, 140.0, 14.0, 46.0


class PlanForm(forms.Form):
    """What a study of variability asks for."""

    title = forms.CharField(label="Title", max_length=80)
    intra_percent = forms.IntegerField(
        label="Same reader, % of finished courses", min_value=0, max_value=100
    )
    inter_percent = forms.IntegerField(
        label="Another reader, % of finished courses", min_value=0, max_value=100
    )
    washout_days = forms.IntegerField(label="Wash-out, days", min_value=0, max_value=1000)
    seed = forms.CharField(
        label="Seed", max_length=64, required=False, help_text="Left empty, one is drawn and kept."
    )


@study_view("variability.view")
def variability_list(request: StudyRequest) -> HttpResponse:
    """List the study's plans of variability, and plan another."""
    rows = VariabilityPlan.objects.visible_to(request.actor).order_by("-created_at")
    trouble, form = "", None
    if request.actor.may("variability.manage"):
        try:
            usual = variability.usual(request.study)
            form = PlanForm(
                initial={
                    "title": usual.title,
                    "intra_percent": usual.intra_percent,
                    "inter_percent": usual.inter_percent,
                    "washout_days": usual.washout_days,
                }
            )
        except RuleBroken as missing:
            trouble = missing.message
    return render(
        request,
        "reads/performance/variability_list.html",
        {
            "rows": rows,
            "form": form,
            "trouble": trouble,
            "crumbs": _crumbs(request),
        },
    )


@study_view("variability.manage", methods=("POST",))
def variability_plan(request: StudyRequest) -> HttpResponse:
    """Plan a study of variability."""
    form = PlanForm(request.POST)
    if not form.is_valid():
        for field, errors in form.errors.items():
            messages.error(request, f"{form.fields[field].label}: {' '.join(map(str, errors))}")
        return redirect("variability", request.study.code)
    try:
        made = variability.plan(
            request.study, variability.Wanted(**form.cleaned_data), actor=request.actor
        )
    except Refused as refused:
        messages.error(request, f"Nothing was planned. {refused.message}")
        return redirect("variability", request.study.code)
    messages.success(request, "The study of variability is planned. Draw its sample next.")
    return redirect("variability-plan-page", request.study.code, made.pk)


@dataclass(frozen=True, slots=True)
class Member:
    """A course of the sample as staff see it."""

    row: ReRead
    reader: str
    read: int
    of: int


@study_view("variability.view")
def variability_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a plan: its sample, how far it was read, and what it shows."""
    row = fetch(VariabilityPlan, request.actor, pk)
    found = variability.results(row)
    if request.GET.get("format") == "csv":
        return _csv(row, found)
    members = _members(request, row)
    return render(
        request,
        "reads/performance/variability.html",
        {
            "row": row,
            "members": members,
            "results": [(one, _lines(one.repeated), _plot(one.repeated)) for one in found],
            "today": clock.today(request.study.time_zone),
            "population": len(row.population),
            "can_manage": request.actor.may("variability.manage"),
            "may_cancel": not any(one.of for one in members),
            "few": any(0 < one.repeated.time_points < FEW_PAIRS for one in found),
            "entries": sentences(entries(row)),
            "crumbs": _crumbs(request, row.title),
        },
    )


def _members(request: StudyRequest, row: VariabilityPlan) -> list[Member]:
    names = {one.user_id: one.name for one in performance.names_for(request.study, request.actor)}
    rows = row.rereads.select_related("original__subject", "stream").prefetch_related(
        "stream__tasks"
    )
    made = []
    for one in rows:
        states = [task.state for task in one.stream.tasks.all()] if one.stream else []
        made.append(Member(one, names.get(one.reader_id, "R"), states.count("signed"), len(states)))
    return made


@study_view("variability.manage", methods=("POST",))
def variability_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Draw the sample, give out what is due, close or cancel."""
    row = fetch(VariabilityPlan, request.actor, pk)
    act, reason = request.POST.get("act", ""), request.POST.get("reason", "")
    done = ""
    try:
        if act == "draw":
            drawn = variability.draw(row, actor=request.actor)
            done = f"{drawn.rereads.count()} courses were drawn."
        elif act == "give_out":
            desk = service(variability.DESK, study_id=request.study.pk)
            made = variability.give_out(request.study, actor=desk)
            done = f"{made} courses were given to their readers."
        elif act == "close":
            variability.close(row, actor=request.actor, reason=reason)
            done = "The study is closed."
        elif act == "cancel":
            variability.cancel(row, actor=request.actor, reason=reason)
            done = "The study is cancelled."
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    if done:
        messages.success(request, done)
    return redirect("variability-plan-page", request.study.code, row.pk)


def _lines(seen: Repeated) -> list[tuple[str, str, str, int, str]]:
    """Return name, value, interval, cases and source of every statistic."""
    lines = []
    for one in seen.statistics:
        digits = 1 if one.key == PERCENT else 3
        at = one.interval
        bounds = "–" if at is None else f"{number(at.low, digits)} to {number(at.high, digits)}"
        value = number(one.value, digits) if one.value is not None else one.reason or "–"
        lines.append((NAMES[one.key], value, bounds, one.n, one.citation))
    limits = seen.limits
    if limits is not None:
        rows = (
            ("Bias of the sum, mm", limits.bias, limits.bias_interval),
            ("Lower limit of agreement, mm", limits.lower_limit, limits.lower_interval),
            ("Upper limit of agreement, mm", limits.upper_limit, limits.upper_interval),
        )
        source = limits.bias_interval.method
        lines += [
            (name, number(value, 2), f"{number(b.low, 2)} to {number(b.high, 2)}", limits.n, source)
            for name, value, b in rows
        ]
    return lines


@dataclass(frozen=True, slots=True)
class Plot:
    """A Bland-Altman plot ready to draw: differences over means."""

    points: tuple[tuple[float, float], ...]
    across: tuple[charts.Tick, ...]
    up: tuple[charts.Tick, ...]
    limits: tuple[tuple[str, float], ...]
    left: float = LEFT
    right: float = WIDTH - RIGHT
    bottom: float = HEIGHT - BOTTOM
    width: float = WIDTH
    height: float = HEIGHT

    @property
    def middle(self) -> float:
        """Where the words of the axis across stand."""
        return (self.left + self.right) / 2

    @property
    def centre(self) -> float:
        """Where the words of the axis up stand."""
        return (TOP + self.bottom) / 2


def _plot(seen: Repeated) -> Plot | None:
    at = seen.limits
    if at is None:
        return None
    across, up = _axes(seen.points, at)

    def x(value: float) -> float:
        share = (value - across[0]) / (across[-1] - across[0])
        return round(LEFT + share * (WIDTH - RIGHT - LEFT), 1)

    def y(value: float) -> float:
        share = (value - up[0]) / (up[-1] - up[0])
        return round(HEIGHT - BOTTOM - share * (HEIGHT - BOTTOM - TOP), 1)

    return Plot(
        points=tuple((x(mean), y(diff)) for mean, diff in seen.points),
        across=tuple(charts.Tick(x(value), value) for value in across),
        up=tuple(charts.Tick(y(value), value) for value in up),
        limits=tuple((words, y(value)) for words, value, _ in _limits(at)),
    )


def _axes(
    points: Sequence[tuple[float, float]], at: BlandAltman
) -> tuple[list[float], list[float]]:
    """Return the ticks across (means) and up (differences); zero is always on the axis up."""
    means = [mean for mean, _ in points]
    heights = [diff for _, diff in points] + [at.lower_limit, at.upper_limit, 0.0]
    return charts.ticks(min(means), max(means)), charts.ticks(min(heights), max(heights))


def _limits(at: BlandAltman) -> tuple[tuple[str, float, bool], ...]:
    """Return the lines across the plot: words with the value, its height, and whether dashed."""
    named = (
        ("upper limit", at.upper_limit, True),
        ("bias", at.bias, False),
        ("lower limit", at.lower_limit, True),
    )
    return tuple((f"{name} {_signed(value)} mm", value, dashed) for name, value, dashed in named)


def _signed(value: float) -> str:
    return with_minus(number(value))


def _printed(seen: Repeated) -> dict[str, Any] | None:
    """Return the plot for paper, in mm of the patient; the sheet places it."""
    at = seen.limits
    if at is None:
        return None
    across, up = _axes(seen.points, at)
    return {
        "points": [list(point) for point in seen.points],
        "across": across,
        "up": up,
        "limits": [list(line) for line in _limits(at)],
    }


@study_view("variability.view")
def variability_pdf(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Print the report of a study of variability."""
    row = fetch(VariabilityPlan, request.actor, pk)
    now = clock.now()
    members = _members(request, row)
    facts = {
        "title": row.title,
        "study": request.study.code,
        "number": "Reader variability",
        "made": f"Made {day_words(now.date())} by {request.actor.name}",
        "facts": [
            ["State", row.get_state_display()],
            ["Read design", str(row.design)],
            ["Read again by the same reader", f"{row.intra_percent} %"],
            ["Read by another reader", f"{row.inter_percent} %"],
            ["Wash-out", f"{row.washout_days} days"],
            ["Seed", row.seed],
            ["Finished courses drawn from", str(len(row.population))],
            ["Courses drawn", str(len(members))],
            ["Given to readers", str(sum(one.of > 0 for one in members))],
        ],
        "results": [
            {
                "title": one.title,
                "lines": [[name, value, at, str(n)] for name, value, at, n, _ in lines],
                "sources": sorted({source for *_, source in lines}),
                "plot": _printed(one.repeated),
                "time_points": one.repeated.time_points,
                "left_out": list(one.left_out),
            }
            for one in variability.results(row)
            for lines in [_lines(one.repeated)]
        ],
    }
    content = paper.pdf("reads/paper/variability.typ", facts, made_at=now)
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{request.study.code}_variability.pdf"'
    return response


def _csv(row: VariabilityPlan, found: list[variability.Result]) -> HttpResponse:
    lines: list[tuple[Any, ...]] = []
    for one in found:
        for statistic in one.repeated.statistics:
            at = statistic.interval
            bounds = ("", "") if at is None else (at.low, at.high)
            value = "" if statistic.value is None else statistic.value
            lines.append((one.kind, statistic.key, value, *bounds, statistic.n, statistic.citation))
        limits = one.repeated.limits
        if limits is not None:
            for key, number_, span in (
                ("bias", limits.bias, limits.bias_interval),
                ("lower_limit", limits.lower_limit, limits.lower_interval),
                ("upper_limit", limits.upper_limit, limits.upper_interval),
            ):
                lines.append((one.kind, key, number_, span.low, span.high, limits.n, span.method))
    return csv_response(
        "variability", ("kind", "statistic", "value", "low", "high", "cases", "source"), lines
    )


def _crumbs(request: Any, *last: str) -> tuple[Link, ...]:
    code = request.study.code
    base = reverse("variability", args=[code]) if last else ""
    return (
        Link(label="Reader performance", url=reverse("performance", args=[code])),
        Link(label="Variability studies", url=base),
        *(Link(label=word, url="") for word in last),
    )
