"""Performance of readers: agreement, adjudication, drift and time; page, CSV and PDF."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from audit import clock
from audit.models import record
from reads.criteria.statistics import Statistic, strength_of_agreement
from reads.performance.measures import Drift, Measured
from reads.services import performance
from reads.services.performance import Evidence, ReaderName
from studies.access import StudyRequest, study_view
from ui import charts, paper
from ui.moments import day_words, typed_day
from ui.records import BarRow, Link
from ui.sheets import csv_response

NONE = "–"
SECONDS_PER_MINUTE = 60
#: below so many pairs an interval says little; the page says so
FEW_PAIRS = 20


def number(value: float | None, digits: int = 1) -> str:
    """Return a number in words of the page, or a dash."""
    return NONE if value is None else f"{value:.{digits}f}"


def with_unit(statistic: Statistic | None, unit: str = " %") -> str:
    """Return the value of a statistic alone."""
    if statistic is None or statistic.value is None:
        return NONE
    return number(statistic.value) + unit


def between(statistic: Statistic | None, digits: int = 1) -> str:
    """Return the 95 % interval of a statistic in words."""
    if statistic is None or statistic.value is None or statistic.interval is None:
        return ""
    low, high = statistic.interval.low, statistic.interval.high
    return f"{number(low, digits)} to {number(high, digits)}"


def with_interval(statistic: Statistic | None, digits: int = 1, unit: str = "") -> str:
    """Return a statistic with its 95 % interval."""
    if statistic is None or statistic.value is None:
        return NONE
    text = number(statistic.value, digits) + unit
    span = between(statistic, digits)
    return f"{text} ({span})" if span else text


@dataclass(frozen=True, slots=True)
class Row:
    """A reader in the table."""

    reader: ReaderName
    seen: Measured
    drift: Drift
    reminders: int
    url: str

    @property
    def shown(self) -> tuple[tuple[str, str], ...]:
        """Return each cell as its value and its interval, which stands below it."""
        parted = (cell.partition(" (") for cell in self.cells)
        return tuple((value, span.removesuffix(")")) for value, _, span in parted)

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the row as text: the same on the page and on paper."""
        seen = self.seen
        minutes = None if seen.median_seconds is None else seen.median_seconds / SECONDS_PER_MINUTE
        return (
            str(seen.reads),
            str(seen.pairs),
            with_interval(seen.agreement),
            with_interval(seen.kappa, 2),
            number(seen.adjudication.value),
            with_interval(seen.disagreement_index),
            with_interval(seen.acceptance),
            number(seen.overrides.value),
            number(minutes),
            str(self.reminders),
            ", ".join(self.drift.outside) or "none",
        )


HEAD = (
    "Reads signed",
    "Read by two",
    "Agreement, %",
    "Kappa",
    "Adjudicated, %",
    "Disagreement index",
    "Adjudicator agreed, %",
    "Overrides, %",
    "Minutes a read",
    "Reminders",
    "Outside limits",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What of the study is asked for."""

    criterion: str
    first: date | None
    last: date | None

    @property
    def words(self) -> str:
        """The stretch of time in words."""
        if self.first and self.last:
            return f"{day_words(self.first)} to {day_words(self.last)}"
        if self.first:
            return f"since {day_words(self.first)}"
        return f"until {day_words(self.last)}" if self.last else "since the first read"


def _asked(request: StudyRequest) -> Asked:
    known = [key for key, _ in performance.criteria_of(request.study)]
    wanted = request.GET.get("criterion", "")
    chosen = wanted if wanted in known else (known[0] if known else "")
    return Asked(chosen, _day(request, "from"), _day(request, "to"))


def _day(request: StudyRequest, name: str) -> date | None:
    try:
        return typed_day(request.GET.get(name, ""))
    except ValueError:
        return None


def _gathered(request: StudyRequest, asked: Asked) -> Evidence:
    return performance.gather(
        request.study, criterion=asked.criterion, first=asked.first, last=asked.last
    )


def _rows(request: StudyRequest, found: Evidence) -> list[Row]:
    names = performance.names_for(request.study, request.actor)
    query = request.GET.urlencode()
    return [
        Row(
            reader=one,
            seen=found.of(one.user_id),
            drift=found.drift_of(one.user_id),
            reminders=found.reminders.get(one.user_id, 0),
            url=reverse("performance-reader", args=[request.study.code, one.number])
            + (f"?{query}" if query else ""),
        )
        for one in names
    ]


def _words_of(variable: str) -> str:
    return variable.replace("_", " ").capitalize()


def _frame(request: StudyRequest, asked: Asked, seen: Measured, watched: Drift) -> dict[str, Any]:
    """Return what the pages of the study and of one reader share."""
    mean = watched.overall
    return {
        "asked": asked,
        "criteria": performance.criteria_of(request.study),
        "seen": seen,
        "agreement": with_unit(seen.agreement),
        "agreement_span": between(seen.agreement),
        "kappa": number(seen.kappa.value, 2),
        "kappa_span": between(seen.kappa, 2),
        "strength": (
            strength_of_agreement(seen.kappa.value) if seen.kappa.value is not None else ""
        ),
        "ac1": number(seen.ac1.value, 2),
        "adjudication": with_unit(seen.adjudication),
        "adjudication_span": between(seen.adjudication),
        "few": 0 < seen.pairs < FEW_PAIRS,
        "watched": watched,
        "discordance": [(p.label, round(share, 1)) for p, share, _, _ in watched.rows],
        "limits": [] if mean is None else [("all periods", round(mean, 1), "idle")],
        "reasons": [BarRow(label=_words_of(name), value=n) for name, n in seen.reasons],
        "most_reasons": max((n for _, n in seen.reasons), default=1),
        "query": request.GET.urlencode(),
    }


@study_view("performance.view")
def performance_page(request: StudyRequest) -> HttpResponse:
    """Show how readers of the study agree, over time and beside each other."""
    asked = _asked(request)
    found = _gathered(request, asked)
    rows = _rows(request, found)
    if request.GET.get("format") == "csv":
        return _csv(request, rows)
    indices = [(row, row.seen.disagreement_index) for row in rows]
    known = [(row, one.value) for row, one in indices if one is not None and one.value is not None]
    return render(
        request,
        "reads/performance/study.html",
        {
            **_frame(request, asked, found.of(), found.drift_of()),
            "rows": rows,
            "head": HEAD,
            "indices": [
                BarRow(
                    label=row.reader.name,
                    value=round(value, 1),
                    note=f"{row.seen.pairs} read by two",
                    url=row.url,
                )
                for row, value in sorted(known, key=lambda pair: -pair[1])
            ],
            "most_index": max((value for _, value in known), default=1) or 1,
            "crumbs": _crumbs(request),
        },
    )


@study_view("performance.view")
def performance_reader(request: StudyRequest, number: int) -> HttpResponse:
    """Show one reader over time."""
    named = {one.number: one for one in performance.names_for(request.study, request.actor)}
    reader = named.get(number)
    if reader is None:
        raise Http404
    asked = _asked(request)
    found = _gathered(request, asked)
    seen = found.of(reader.user_id)
    return render(
        request,
        "reads/performance/reader.html",
        {
            **_frame(request, asked, seen, found.drift_of(reader.user_id)),
            "reader": reader,
            "index": with_unit(seen.disagreement_index, unit=""),
            "index_span": between(seen.disagreement_index),
            "acceptance": with_unit(seen.acceptance),
            "acceptance_span": between(seen.acceptance),
            "overrides": with_interval(seen.overrides, unit=" %"),
            "minutes": found.minutes_by_period(reader.user_id),
            "reminders": found.reminders.get(reader.user_id, 0),
            "crumbs": _crumbs(request, reader.name),
        },
    )


@study_view("performance.view")
def performance_pdf(request: StudyRequest) -> HttpResponse:
    """Print the report: the same numbers as the page, under the names that this person may see."""
    asked = _asked(request)
    found = _gathered(request, asked)
    seen, watched = found.of(), found.drift_of()
    now = clock.now()
    titles = dict(performance.criteria_of(request.study))
    facts = {
        "title": "Reader performance",
        "study": request.study.code,
        "number": titles.get(asked.criterion, "no criterion"),
        "made": f"Made {day_words(now.date())} by {request.actor.name}",
        "period": asked.words,
        "kpis": [
            ["Reads signed", str(seen.reads)],
            ["Time points read by two readers", str(seen.pairs)],
            ["Agreement, 95 % interval", with_interval(seen.agreement, unit=" %")],
            ["Cohen's kappa, 95 % interval", with_interval(seen.kappa, 2)],
            ["Gwet's AC1", number(seen.ac1.value, 2)],
            ["Adjudication rate, 95 % interval", with_interval(seen.adjudication, unit=" %")],
            ["Overridden responses", with_interval(seen.overrides, unit=" %")],
        ],
        "head": ["Reader", *HEAD],
        "rows": [[row.reader.name, *row.cells] for row in _rows(request, found)],
        "reasons": [[_words_of(name), str(n)] for name, n in seen.reasons],
        "periods": [
            [p.label, str(n), number(share), f"{number(at.low)} to {number(at.high)}"]
            for p, share, n, at in watched.rows
        ],
        "chart": _printed(watched),
        "sources": sorted(
            {s.citation for s in (seen.agreement, seen.kappa, seen.ac1, seen.adjudication)}
        ),
    }
    content = paper.pdf("reads/paper/performance.typ", facts, made_at=now)
    record("performance.print", request.study, details={"criterion": asked.criterion})
    response = HttpResponse(content, content_type="application/pdf")
    name = f"{request.study.code}_reader_performance.pdf"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _printed(watched: Drift) -> dict[str, Any] | None:
    """Return the discordance over time for paper: periods, ticks of the axis, share of all."""
    if watched.overall is None:
        return None
    heights = [watched.overall, 1.0]
    rows = []
    for period, share, _, at in watched.rows:
        rows.append([period.label, share, max(0.0, at.low), at.high])
        heights += [share, at.high]
    return {
        "rows": rows,
        "up": charts.ticks(0.0, max(heights)),
        "mean": watched.overall,
        "words": f"all {number(watched.overall)} %",
    }


def _csv(request: StudyRequest, rows: list[Row]) -> HttpResponse:
    lines: list[tuple[Any, ...]] = []
    for row in rows:
        seen = row.seen
        measured = (
            seen.agreement,
            seen.kappa,
            seen.ac1,
            seen.adjudication,
            seen.disagreement_index,
            seen.acceptance,
        )
        for one in measured:
            if one is not None:
                at = one.interval
                bounds = ("", "") if at is None else (at.low, at.high)
                value = "" if one.value is None else one.value
                lines.append((row.reader.name, one.key, value, *bounds, one.n, one.citation))
        share = seen.overrides.value
        plain = (
            ("reads_signed", seen.reads),
            ("overrides_pct", "" if share is None else share),
            ("median_active_seconds", seen.median_seconds or ""),
            ("reminders", row.reminders),
            ("periods_outside_limits", " ".join(row.drift.outside)),
        )
        for key, value in plain:
            lines.append((row.reader.name, key, value, "", "", seen.reads, ""))
    return csv_response(
        f"{request.study.code}_reader_performance",
        ("reader", "statistic", "value", "low", "high", "cases", "source"),
        lines,
    )


def _crumbs(request: StudyRequest, *last: str) -> tuple[Link, ...]:
    base = reverse("performance", args=[request.study.code])
    first = Link(label="Reader performance", url=base if last else "")
    return (first, *(Link(label=word, url="") for word in last))
