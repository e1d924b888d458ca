"""Watching signed reads: findings of the check library, decisions on them, counts by reader."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, IntegerField, When
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.sentences import sentences
from audit import jobs
from audit.errors import Refused
from audit.models import Job
from audit.trail import entries
from reads.models import CheckFinding, CheckRun
from reads.oversight import LIBRARY
from reads.oversight.library import BY_ID, LEVELS
from reads.services import checking
from reads.services.assigning import reader_codes
from reads.services.lesions import lesion_table
from reads.views.oversight_parts import crumbs, id_of
from studies.access import StudyRequest, fetch, study_view
from ui.sheets import csv_response

PAGE = 50
STATES = (("", "Open", "open"), ("disposed", "Decided", "disposed"), ("gone", "Gone", "gone"))
SORTS: Mapping[str, tuple[str, ...]] = {
    "level": ("weight", "-found_at"),
    "-level": ("-weight", "-found_at"),
    "found": ("found_at",),
    "-found": ("-found_at",),
    "check": ("check_id", "-found_at"),
    "-check": ("-check_id", "-found_at"),
}
FILTERS = {
    "level": "level",
    "kind": "kind",
    "scope": "scope",
    "check": "check_id",
    "decision": "disposition",
}
COLUMNS = (
    "check", "title", "level", "scope", "kind", "subject", "time_point", "reader", "lesion",
    "finding", "clause", "found", "state", "decision", "reason", "decided_by", "decided",
)  # fmt: skip


def _rows(request: StudyRequest) -> Any:
    rows = CheckFinding.objects.visible_to(request.actor).select_related(
        "stream__subject",
        "session__task__time_point",
        "disposed_by",
        "query",
        "reminder",
        "roll_back",
    )
    worst_first = (When(level=level, then=weight) for weight, level in enumerate(LEVELS))
    return rows.annotate(
        weight=Case(*worst_first, default=len(LEVELS), output_field=IntegerField())
    )


def _filtered(request: StudyRequest, codes: Mapping[Any, str]) -> Any:
    rows = _rows(request)
    for name, column in FILTERS.items():
        if value := request.GET.get(name):
            rows = rows.filter(**{column: value})
    if reader := request.GET.get("reader"):
        chosen = [pk for pk, code in codes.items() if code == reader]
        rows = rows.filter(stream__reader__in=chosen)
    return rows


@study_view("check.view")
def check_findings(request: StudyRequest) -> HttpResponse:
    """List what the checks found, the open ones first."""
    codes = reader_codes(request.study)
    matching = _filtered(request, codes)
    chosen = request.GET.get("state", "")
    state = next((value for key, _, value in STATES if key == chosen), "open")
    rows = matching.filter(state=state).order_by(
        *SORTS.get(request.GET.get("sort", ""), ("weight", "-found_at"))
    )
    if request.GET.get("format") == "csv":
        return _as_csv(request, matching.order_by("found_at"), codes)
    page = Paginator(rows, PAGE).get_page(request.GET.get("page"))
    by_state = checking.counts_by(matching, "state")
    return render(
        request,
        "reads/oversight/findings.html",
        {
            "page": page,
            "rows": [_shown(one, codes) for one in page],
            "chips": [(key, label, by_state[value]) for key, label, value in STATES],
            "selects": _selects(request, matching.filter(state=state)),
            "kept": [
                (name, request.GET[name])
                for name in ("state", "check", "reader", "sort")
                if request.GET.get(name)
            ],
            "filter_names": _filter_names(request),
            "state": state,
            "can_decide": state == "open" and request.actor.may("check.dispose"),
            "may_run": request.actor.may("check.run"),
            "run": CheckRun.objects.filter(study=request.study).first(),
            "running": _running(request),
            "crumbs": crumbs(request),
            "tab": "findings",
        },
    )


CHOICES: Sequence[tuple[str, str, str, Sequence[tuple[str, str]]]] = (
    (
        "level",
        "Level",
        "Every level",
        (("error", "Errors"), ("warning", "Warnings"), ("info", "Infos")),
    ),
    (
        "kind",
        "Kind",
        "Every kind",
        (("judgement", "Judgement"), ("measurement", "Measurement"), ("response", "Response")),
    ),
    ("scope", "Scope", "Every scope", (("time_point", "Time point"), ("global", "Whole course"))),
)


def _selects(request: StudyRequest, rows: Any) -> list[dict[str, Any]]:
    """Return the filters of the list with their counts."""
    found = []
    for name, label, every, options in CHOICES:
        counts = checking.counts_by(rows, name)
        found.append(
            {
                "name": name,
                "label": label,
                "any": every,
                "chosen": request.GET.get(name, ""),
                "options": [(value, words, counts[value]) for value, words in options],
            }
        )
    return found


def _filter_names(request: StudyRequest) -> list[tuple[str, str]]:
    """Return the filters by check and reader that are on, in words, to take off again."""
    found = []
    if (check := request.GET.get("check", "")) in BY_ID:
        found.append(("check", BY_ID[check].title))
    if reader := request.GET.get("reader"):
        found.append(("reader", reader))
    return found


def _running(request: StudyRequest) -> bool:
    waiting = (Job.State.PENDING, Job.State.RUNNING)
    return any(one.kind == checking.JOB and one.state in waiting for one in jobs.of(request.study))


def _shown(row: CheckFinding, codes: Mapping[Any, str]) -> dict[str, Any]:
    check = BY_ID.get(row.check_id)
    return {
        "row": row,
        "title": check.title if check else row.check_id,
        "reader": codes.get(row.stream.reader_id, "R"),
        "where": row.session.task.time_point or row.stream.subject,
    }


def _as_csv(request: StudyRequest, rows: Any, codes: Mapping[Any, str]) -> HttpResponse:
    lines: list[tuple[Any, ...]] = []
    for row in rows:
        shown = _shown(row, codes)
        point = row.session.task.time_point
        lines.append(
            (
                row.check_id,
                shown["title"],
                row.level,
                row.scope,
                row.kind,
                row.stream.subject.code,
                point.label if point else "",
                shown["reader"],
                row.place,
                row.text,
                row.clause,
                row.found_at.isoformat(),
                row.state,
                row.disposition,
                row.reason,
                row.disposed_by.printed_name if row.disposed_by else "",
                row.disposed_at.isoformat() if row.disposed_at else "",
            )
        )
    return csv_response(f"{request.study.code}_findings", COLUMNS, lines)


@study_view("check.run", methods=("POST",))
def check_run(request: StudyRequest) -> HttpResponse:
    """Ask for a run of every check now."""
    checking.ask(request.study, actor=request.actor)
    messages.success(request, "The checks run now. New findings appear here.")
    return redirect("check-findings", request.study.code)


@study_view("check.dispose", methods=("POST",))
def check_findings_decide(request: StudyRequest) -> HttpResponse:
    """Leave several findings without action, with one reason."""
    chosen = [one for one in request.POST.getlist("finding") if id_of(one)]
    rows = list(CheckFinding.objects.visible_to(request.actor).filter(pk__in=chosen, state="open"))
    if not rows:
        messages.error(request, "Nothing was decided. Choose at least one open finding.")
        return redirect("check-findings", request.study.code)
    try:
        number = checking.no_action_for_many(
            rows, actor=request.actor, reason=request.POST.get("reason", "")
        )
    except Refused as refused:
        messages.error(request, f"Nothing was decided. {refused.message}")
    else:
        messages.success(request, f"{number} findings were left without action.")
    return redirect("check-findings", request.study.code)


def find_finding(request: StudyRequest, pk: Any) -> CheckFinding:
    """Return a finding that the person may see."""
    found: CheckFinding = fetch(_rows(request), request.actor, pk)
    return found


@study_view("check.view")
def check_finding(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a finding with the read that it is about, and what can be done."""
    return _page(request, find_finding(request, pk))


def _page(request: StudyRequest, row: CheckFinding, *, refused: str = "") -> HttpResponse:
    codes = reader_codes(request.study)
    sees_answers = request.actor.may("read.results")
    return render(
        request,
        "reads/oversight/finding.html",
        {
            **_shown(row, codes),
            "check": BY_ID.get(row.check_id),
            "lesions": lesion_table(row.session),
            "assessments": row.session.assessments.order_by("criterion"),
            "sees_answers": sees_answers,
            "may_dispose": row.state == "open" and request.actor.may("check.dispose"),
            "may_remind": row.state == "open" and request.actor.may("reminder.issue"),
            "may_roll_back": row.state == "open" and request.actor.may("rollback.request"),
            "others": _others(request, row),
            "refused": refused,
            "typed": request.POST,
            "history": sentences(entries(row)),
            "crumbs": crumbs(request, row.place or row.check_id),
        },
        status=422 if refused else 200,
    )


def _others(request: StudyRequest, row: CheckFinding) -> Any:
    """Return other open findings of the same stream, which one act may settle too."""
    rows = _rows(request).filter(stream=row.stream, state="open").exclude(pk=row.pk)
    return rows.order_by("weight", "check_id")[:10]


@study_view("check.dispose", methods=("POST",))
def check_finding_decide(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Leave a finding without action, or ask the site."""
    row = find_finding(request, pk)
    try:
        done = _DECISIONS[request.POST.get("act", "")](request, row)
    except KeyError:
        return _page(request, row, refused="Choose what to do. Nothing was decided.")
    except Refused as refused:
        return _page(request, row, refused=refused.message)
    messages.success(request, done)
    return redirect("check-finding", request.study.code, row.pk)


def _no_action(request: StudyRequest, row: CheckFinding) -> str:
    checking.no_action(row, actor=request.actor, reason=request.POST.get("reason", ""))
    return "The finding is decided: no action."


def _query(request: StudyRequest, row: CheckFinding) -> str:
    asked = checking.ask_site(row, actor=request.actor, text=request.POST.get("text", ""))
    return f"Query {asked.query} was sent to the site."


_DECISIONS: Mapping[str, Callable[[StudyRequest, CheckFinding], str]] = {
    "no_action": _no_action,
    "query": _query,
}


@study_view("check.view")
def check_library(request: StudyRequest) -> HttpResponse:
    """List every check with its clause and what it found so far."""
    rows = CheckFinding.objects.visible_to(request.actor)
    states = _by(rows.values_list("check_id", "state"))
    decided = _by(rows.exclude(disposition="").values_list("check_id", "disposition"))
    return render(
        request,
        "reads/oversight/library.html",
        {
            "rows": [(check, states[check.id], decided[check.id]) for check in LIBRARY],
            "runs": CheckRun.objects.filter(study=request.study)[:10],
            "crumbs": crumbs(request, "Checks"),
            "tab": "library",
        },
    )


def _by(pairs: Iterable[tuple[Any, str]]) -> defaultdict[Any, Counter[str]]:
    found: defaultdict[Any, Counter[str]] = defaultdict(Counter)
    for key, word in pairs:
        found[key][word] += 1
    return found


@study_view("check.view")
def check_readers(request: StudyRequest) -> HttpResponse:
    """Count findings by reader, in codes: open, by level, and what became of them."""
    rows = CheckFinding.objects.visible_to(request.actor)
    codes = reader_codes(request.study)
    states = _by(rows.values_list("stream__reader_id", "state"))
    levels = _by(rows.filter(state="open").values_list("stream__reader_id", "level"))
    decided = _by(rows.exclude(disposition="").values_list("stream__reader_id", "disposition"))
    sessions = Counter(
        rows.order_by().values_list("stream__reader_id", "session_id").distinct()
        .values_list("stream__reader_id", flat=True)
    )  # fmt: skip
    return render(
        request,
        "reads/oversight/readers.html",
        {
            "rows": [
                {
                    "code": code,
                    "states": states[pk],
                    "levels": levels[pk],
                    "decided": decided[pk],
                    "sessions": sessions[pk],
                }
                for pk, code in sorted(codes.items(), key=lambda pair: pair[1])
            ],
            "crumbs": crumbs(request, "Readers"),
            "tab": "readers",
        },
    )
