"""Pages of the sessions besides time points: global review, eligibility, oncologist's review.

Addresses, saving and signing are those of every read (``room``, ``signing``); here is what these
sessions show.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.sentences import role_words
from accounts.signatures import signatures_of
from audit import clock
from reads import pictures, signing, tables
from reads.criteria import registry
from reads.criteria.base import CriteriaError
from reads.models import ReadSession, ReadTask
from reads.services import globalreview, oncology, reading
from studies.forms.presentation import FormView, present
from ui.moments import offset_minutes
from ui.shell import Band

GLOBAL, ELIGIBILITY, ONCOLOGY = (
    ReadTask.Kind.GLOBAL,
    ReadTask.Kind.ELIGIBILITY,
    ReadTask.Kind.ONCOLOGY,
)
KINDS = (GLOBAL, ELIGIBILITY, ONCOLOGY)


def is_session(task: ReadTask) -> bool:
    """Tell whether a read is one of the sessions besides time points."""
    return task.kind in KINDS


def name_of(task: ReadTask) -> str:
    """Return how a reader knows a session: what is read, never whose or when."""
    if task.kind == GLOBAL:
        return "Global review, all time points"
    if task.kind == ELIGIBILITY:
        return "Eligibility"
    if task.time_point_id is None:
        return "Oncology review, all time points"
    return f"Oncology review, time point {task.sequence}"


def short_name(task: ReadTask) -> str:
    """Return a session's name for a heading."""
    return name_of(task).partition(",")[0]


def band_of(task: ReadTask) -> Band:
    """Return the violet band of a session."""
    criteria = " + ".join(registry.get(key).title for key in task.criteria)
    return Band(
        kind="blinded",
        title="Blinded reading",
        text=f"Case {task.stream.label} · {name_of(task)} · {criteria}",
        note=f"Read design version {task.design.version}",
    )


@dataclass(frozen=True, slots=True)
class Result:
    """What one criterion makes of the subject."""

    criterion: str
    best: str
    words: str
    progression: str
    changes: tuple[dict[str, str], ...]


def _results(seen: reading.Reading) -> list[Result]:
    if seen.session.task.kind != GLOBAL:
        return []
    try:
        found = globalreview.results(seen)
    except CriteriaError:
        return []
    return [
        Result(
            registry.get(key).title,
            result.best_overall_response,
            tables.RESPONSES.get(result.best_overall_response, ""),
            result.progression,
            tuple(globalreview.changes(seen.evaluation, key)),
        )
        for key, result in found.items()
    ]


def _form(seen: reading.Reading, *, read_only: bool) -> FormView:
    return present(
        seen.evaluation,
        seen.session.form_record.answers,
        context=seen.context,
        read_only=read_only,
    )


def _shown(task: ReadTask, seen: reading.Reading) -> dict[str, Any]:
    """Return what stands beside the form: the course, or the locked radiology result."""
    shown: dict[str, Any] = {
        "kind": task.kind,
        "session_name": name_of(task),
        "short_name": short_name(task),
        "results": _results(seen),
    }
    if task.kind == GLOBAL and seen.points:
        shown |= {"table": tables.lesions(seen.points), "sums": tables.sums(seen.points)}
    if task.kind == ONCOLOGY:
        found = oncology.radiology_of(task)
        shown |= {
            "radiology": found,
            "criteria_shown": [
                (
                    registry.get(key).title,
                    [(row.point, row.responses.get(key, "")) for row in found.rows],
                    found.best.get(key, ""),
                    found.progression.get(key, ""),
                )
                for key in task.criteria
            ],
        }
    return shown


def panel_context(
    request: Any, task: ReadTask, session: ReadSession, *, insists: bool
) -> dict[str, Any]:
    """Return everything of a session's room that changes with the answers."""
    from reads.views.room import checks_of, counts_of

    seen = reading.look(session)
    final = reading.look(session, final=True)
    checks = checks_of(final, insists=insists)
    return {
        **_shown(task, seen),
        "task": task,
        "session": session,
        "version": session.form_record.version,
        "saved_at": session.form_record.saved_at,
        "zone": request.user.time_zone,
        "form": _form(seen, read_only=session.state != "open"),
        "trouble": seen.trouble,
        "checks": checks,
        **counts_of(checks),
        "insists": insists,
        "can_review": final.evaluation.can_sign and not final.trouble,
        "now": clock.now(),
    }


def room(
    request: Any,
    task: ReadTask,
    session: ReadSession,
    *,
    status: int = 200,
    insists: bool = False,
) -> HttpResponse:
    """Show a session: what it rests on beside its form."""
    shown = _tasks_shown(task)
    current, compared = _pair(request, shown)
    series = pictures.series_of(current.package if current else None)
    query = request.GET.urlencode()
    stacks = reverse("read-stacks", args=[request.study.code, task.pk])
    return render(
        request,
        "reads/session.html",
        {
            **panel_context(request, task, session, insists=insists),
            "band": band_of(task),
            "points_shown": [t.sequence for t in shown],
            "current": current.sequence if current else None,
            "compared": compared.sequence if compared else None,
            "series": series,
            "series_shown": pictures.chosen(series, request.GET.get("series")),
            "viewer_url": f"{stacks}?{query}" if query else stacks,
            "offset": offset_minutes(clock.now(), request.user.time_zone),
        },
        status=status,
    )


def panel(request: Any, task: ReadTask, session: ReadSession, *, insists: bool) -> HttpResponse:
    """Answer the changing parts of a session's room after a save."""
    shown = panel_context(request, task, session, insists=insists)
    return render(request, "reads/session_panel.html", shown)


def _tasks_shown(task: ReadTask) -> list[ReadTask]:
    """Return the reads whose images a session shows: its own, or the course's; an oncologist none.

    The oncologist reviews values and dossier, not images.
    """
    if task.kind == ELIGIBILITY:
        return [task]
    if task.kind == ONCOLOGY:
        return []
    rows = ReadTask.objects.in_study(task.study_id).filter(
        stream=task.stream,
        kind=ReadTask.Kind.TIME_POINT,
        sequence__lt=task.sequence,
        state="signed",
    )
    return list(rows.select_related("package", "stream").order_by("sequence"))


def _pair(request: Any, shown: list[ReadTask]) -> tuple[ReadTask | None, ReadTask | None]:
    """Return the time point on the right and the one beside it."""
    if not shown:
        return None, None
    by_number = {str(t.sequence): t for t in shown}
    current = by_number.get(request.GET.get("at", ""), shown[-1])
    compared = by_number.get(request.GET.get("with", ""), shown[0])
    return current, (compared if compared is not current else None)


def stacks(request: Any, task: ReadTask) -> JsonResponse:
    """Answer the panes of the viewer: two time points of the course, or the one that is asked."""
    current, compared = _pair(request, _tasks_shown(task))
    panes = []
    for one in (compared, current):
        series = pictures.chosen(
            pictures.series_of(one.package if one else None), request.GET.get("series")
        )
        if one is not None and series is not None:
            number = "" if task.kind == ELIGIBILITY else f"TP{one.sequence}"
            panes.append(
                pictures.pane(
                    series,
                    title=number or "Baseline images",
                    corner=task.stream.label,
                    study_code=request.study.code,
                )
            )
    return JsonResponse({"panes": panes})


def review(
    request: Any, task: ReadTask, session: ReadSession, *, errors: tuple[str, ...] = ()
) -> HttpResponse:
    """Show what a signature on a session will cover."""
    from reads.views.signing import changes_before_signature, dossier_facts

    seen = reading.look(session, final=True)
    changes = changes_before_signature(session)
    sign = signing.request_for(
        request,
        session,
        meaning=signing.READ_MEANING,
        title=f"Sign {short_name(task).lower()} of case {task.stream.label}",
        url=reverse("read-sign", args=[request.study.code, task.pk]),
        facts=(*_facts(task, seen, len(changes)), *dossier_facts(request, task)),
        errors=errors,
    )
    return render(
        request,
        "reads/session_review.html",
        {
            **_shown(task, seen),
            "task": task,
            "session": session,
            "form": _form(seen, read_only=True),
            "accepted": [m for m in seen.evaluation.messages if m.is_accepted],
            "changes": changes,
            "zone": request.user.time_zone,
            "sign": sign,
            "band": band_of(task),
        },
        status=422 if errors else 200,
    )


def _facts(task: ReadTask, seen: reading.Reading, changed: int) -> tuple[tuple[str, str], ...]:
    form = seen.session.form_record.form
    results = ", ".join(
        f"{one.criterion}: {one.best}, progression {one.progression or 'none'}"
        for one in _results(seen)
    )
    facts = [
        ("You sign", f"{form.title} version {form.version}"),
        ("Case", f"{task.stream.label}, {name_of(task).lower()}"),
    ]
    if results:
        facts.append(("Result", results))
    facts.append(("Changed", f"{changed} items since your first review" if changed else "Nothing"))
    return tuple(facts)


def signed(request: Any, task: ReadTask, session: ReadSession, code: str) -> HttpResponse:
    """The signed form of a session, to look at and to print."""
    seen = reading.look(session, final=True)
    return render(
        request,
        "reads/session_signed.html",
        {
            **_shown(task, seen),
            "task": task,
            "session": session,
            "study": request.study,
            "form": _form(seen, read_only=True),
            "code": code,
            "zone": request.user.time_zone,
            "signatures": [
                {"row": s.signature, "valid": s.valid, "role": role_words(s.signature.role)}
                for s in signatures_of(session)
            ],
        },
    )
