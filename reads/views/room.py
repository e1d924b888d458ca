"""The reading room: images beside the form, saved as one types, derived as one saves."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from audit import clock
from audit.errors import Conflict, Refused, RuleBroken
from audit.models import record
from reads import pictures, tables
from reads.criteria import registry
from reads.design import design_from
from reads.entry import controls_at, merged
from reads.models import ReadSession, ReadTask
from reads.newrows import begun, has_empty_rows
from reads.services import reading
from reads.services.qualifying import is_qualified
from reads.services.reading import Reading
from reads.views import sessions
from reads.visibility import held_by
from studies.access import study_view
from studies.forms.definition import Form
from studies.forms.evaluation import Message
from studies.forms.names import element_id
from studies.forms.posted import parse_posted
from studies.forms.presentation import present
from studies.models import FormRecord
from studies.services import forms
from ui.figures import whole
from ui.moments import offset_minutes
from ui.records import Finding
from ui.shell import Band

_MAX_BODY_BYTES = 1_000_000


def find_task(request: Any, pk: Any) -> ReadTask:
    """Return one of the reader's own reads; a locked later one is as absent as a foreign one.

    Raises:
        Http404: there is none for this person now; the attempt is kept.
    """
    task: ReadTask | None = held_by(request.actor).filter(pk=pk).first()
    if task is not None:
        return task
    if ReadTask._base_manager.filter(pk=pk).exists():
        record("access.denied", details={"kind": "reads.readtask", "id": str(pk)})
    raise Http404


def band_of(task: ReadTask) -> Band:
    """Return the violet band of a case."""
    if sessions.is_session(task):
        return sessions.band_of(task)
    kind = "baseline" if task.sequence == 1 else "follow-up"
    ordered = [key for key in design_from(task.design.document).criteria if key in task.criteria]
    criteria = " + ".join(registry.get(key).title for key in ordered or task.criteria)
    return Band(
        kind="blinded",
        title="Blinded reading",
        text=f"Case {task.stream.label} · Time point {task.sequence}, {kind} · {criteria}",
        note=f"Read design version {task.design.version}",
    )


@dataclass(frozen=True, slots=True)
class Check:
    """One point of "before you sign" with the field it leads to."""

    finding: Finding
    target: str
    clause: str = ""
    reason: str = ""


def checks_of(seen: Reading, *, insists: bool = False) -> list[Check]:
    """Return what a signature would ask for now: what blocks first, then what is known.

    Args:
        insists: a review was asked for, so that an answer that nobody gave is a fault; before, it
            is only open.
    """
    titles = {section.key: section.title for section in seen.evaluation.form.sections}
    waiting = () if insists else seen.evaluation.missing
    found = [
        _check(message, titles, is_open=message.place in waiting and message.check in _NOT_GIVEN)
        for message in seen.evaluation.messages
    ]
    if seen.trouble and seen.evaluation.can_sign:
        text = "The facts recorded so far cannot be assessed: " + seen.trouble + "."
        found.insert(0, Check(Finding(level="ERROR", title="No response yet.", text=text), ""))
    order = {"ERROR": 0, "WARNING": 1, "OPEN": 2, "INFO": 3, "PASSED": 4}
    return sorted(found, key=lambda check: order[check.finding.level])


#: what the form says of a needed answer that nobody gave
_NOT_GIVEN = ("required", "required_answer")


def counts_of(checks: Sequence[Check]) -> dict[str, int]:
    """Return how many points are to be fixed, explained and answered."""
    levels = Counter(check.finding.level for check in checks)
    return {
        "to_fix": levels["ERROR"],
        "to_explain": levels["WARNING"],
        "to_answer": levels["OPEN"],
    }


def _stops(check: Check) -> bool:
    return check.finding.level in {"ERROR", "WARNING", "OPEN"}


def _check(message: Message, titles: Mapping[str, str], *, is_open: bool) -> Check:
    level = "PASSED" if message.is_accepted else message.level.value.upper()
    level = "OPEN" if is_open else level
    section = titles.get(message.place.partition(".")[0], "")
    title = section if section in {"", message.label} else f"{section}: {message.label}"
    finding = Finding(level=level, title=title or message.label, text=message.text)
    return Check(
        finding,
        element_id(message.place) if message.place else "",
        message.clause,
        message.reason,
    )


def _panel(request: Any, task: ReadTask, session: ReadSession, *, insists: bool) -> dict[str, Any]:
    """Return everything of the room that changes with the answers."""
    seen = reading.look(session)
    final = reading.look(session, final=True, after=seen)
    points = [*seen.earlier, seen.point]
    checks = checks_of(final, insists=insists)
    return {
        "task": task,
        "session": session,
        "version": session.form_record.version,
        "saved_at": session.form_record.saved_at,
        "zone": request.user.time_zone,
        "form": present(
            seen.evaluation,
            session.form_record.answers,
            previous=seen.previous,
            context=seen.context,
            read_only=session.state != "open",
            fixed=session.form_record.fixed,
        ),
        "is_baseline": not seen.earlier,
        "responses": [
            tables.response(key, derived, seen.evaluation) for key, derived in seen.derived.items()
        ],
        "waits": bool(seen.trouble) and not final.evaluation.can_sign,
        "trouble": seen.trouble,
        "table": tables.lesions(points),
        "sums": tables.sums(points),
        "checks": checks,
        "first": next((c for c in checks if _stops(c)), None),
        **counts_of(checks),
        "insists": insists,
        "can_review": final.evaluation.can_sign and not final.trouble,
        "now": clock.now(),
    }


@study_view("read.perform", methods=("GET", "POST"))
def read_page(request: Any, pk: Any) -> HttpResponse:
    """Show the start check, the reading room, or, once signed, the signed form."""
    task = find_task(request, pk)
    if request.method == "POST":
        return _act(request, task)
    if task.state == "signed":
        return redirect("signed-read", request.study.code, task.pk)
    if task.state in {"assigned", "accepted", "on_hold"}:
        return _start_page(request, task)
    session = reading.open_session(task, actor=request.actor)
    return _room(request, task, session)


def _start_page(request: Any, task: ReadTask) -> HttpResponse:
    held = reading.active_session(task)
    return render(
        request,
        "reads/start.html",
        {
            "task": task,
            "band": band_of(task),
            "criteria": [registry.get(key) for key in task.criteria],
            "series": pictures.series_of(task.package),
            "is_qualified": is_qualified(request.user.pk, task.design),
            "is_on_hold": task.state == "on_hold",
            "has_answers": held is not None,
            "session_name": sessions.name_of(task) if sessions.is_session(task) else "",
            "now": clock.now(),
        },
    )


def _room(
    request: Any, task: ReadTask, session: ReadSession, *, refused: Refused | None = None
) -> HttpResponse:
    """Show the room; why a review was refused stands there until the next save."""
    status = refused.status if refused else 200
    if sessions.is_session(task):
        if refused:
            messages.error(request, refused.message)
        return sessions.room(request, task, session, status=status, insists=refused is not None)
    code = request.study.code
    shown = pictures.series_of(task.package)
    series = pictures.chosen(shown, request.GET.get("series"))
    earlier = _earlier_tasks(task)
    compared = next((t for t in earlier if str(t.sequence) == request.GET.get("with")), None)
    query = request.GET.urlencode()
    stacks = reverse("read-stacks", args=[code, task.pk])
    return render(
        request,
        "reads/room.html",
        {
            **_panel(request, task, session, insists=refused is not None),
            "band": band_of(task),
            "series": shown,
            "series_shown": series,
            "earlier": earlier,
            "compared": compared or (earlier[-1] if earlier else None),
            "viewer_url": f"{stacks}?{query}" if query else stacks,
            "offset": offset_minutes(clock.now(), request.user.time_zone),
            "refused": refused.message if refused else "",
        },
        status=status,
    )


def _earlier_tasks(task: ReadTask) -> list[ReadTask]:
    rows = ReadTask.objects.in_study(task.study_id).filter(
        stream=task.stream, sequence__lt=task.sequence, state="signed"
    )
    return list(rows.select_related("package").order_by("sequence"))


@study_view("read.perform")
def read_panel(request: Any, pk: Any) -> HttpResponse:
    """Answer the changing parts of the room after a save."""
    task = find_task(request, pk)
    session = _session(task)
    insists = "insists" in request.GET
    if sessions.is_session(task):
        return sessions.panel(request, task, session, insists=insists)
    return render(request, "reads/panel.html", _panel(request, task, session, insists=insists))


def _session(task: ReadTask) -> ReadSession:
    session = reading.active_session(task)
    if session is None:
        raise Http404
    return session


@study_view("read.perform", methods=("POST",))
def read_save(request: Any, pk: Any) -> HttpResponse:
    """Autosave: some controls with the version they are based on, by the contract of docs/ui.md."""
    task = find_task(request, pk)
    session = _session(task)
    if len(request.body) > _MAX_BODY_BYTES:
        return JsonResponse({"detail": "The form holds more text than can be kept."}, status=413)
    try:
        changed = json.loads(request.body)["values"]
        version = int(request.headers.get("If-Match", "").strip('"'))
        names = [str(name) for name in changed]
    except (ValueError, KeyError, TypeError):
        return JsonResponse({"detail": "Not saved. Reload the page."}, status=400)
    form = forms.form_of(session.form_record.form)
    stored = session.form_record.answers
    answers = _begun(task, form, merged(form, stored, changed))
    try:
        saved = reading.save(session, answers, seen_version=version, actor=request.actor)
    except Conflict as conflict:
        return _conflict(session, names, conflict)
    except Refused as refused:
        return JsonResponse({"detail": refused.message}, status=refused.status)
    row = saved.form_record
    return JsonResponse(
        {"version": str(row.version), "saved_at": (row.saved_at or clock.now()).isoformat()}
    )


def _begun(task: ReadTask, form: Form, answers: Mapping[str, Any]) -> dict[str, Any]:
    """Name the lesion rows that were just added; a name of the stream is never given twice."""
    if not has_empty_rows(answers):
        return dict(answers)
    modalities = {one.modality for one in pictures.series_of(task.package)}
    return begun(
        form,
        answers,
        labels=list(task.stream.lesions.values_list("label", flat=True)),
        sequence=task.sequence,
        modality=modalities.pop() if len(modalities) == 1 else "",
    )


def _conflict(session: ReadSession, names: list[str], conflict: Conflict) -> JsonResponse:
    """Answer a lost race, or a change of what is fixed, with what is stored.

    Both contents can then be shown; of a fixed answer only the stored one can be taken.
    """
    if conflict.rule not in ("FRM-003", "FRM-005"):
        return JsonResponse({"detail": conflict.message}, status=423)
    fresh = FormRecord.objects.in_study(session.study_id).get(pk=session.form_record_id)
    form = forms.form_of(session.form_record.form)
    values = controls_at(form, fresh.answers, names)
    return JsonResponse(
        {
            "version": str(fresh.version),
            "values": values,
            "detail": conflict.message,
            "fixed": conflict.rule == "FRM-005",
        },
        status=409,
    )


def _act(request: Any, task: ReadTask) -> HttpResponse:
    """Take the posted act: start, decline, review, or a whole form without a script."""
    code, act = request.study.code, request.POST.get("act", "")
    if act == "decline":
        reading.decline(task, actor=request.actor, reason=request.POST.get("reason", ""))
        messages.success(request, f"Read {task.stream.label} was declined.")
        return redirect("read-inbox")
    session = reading.open_session(task, actor=request.actor)
    if act == "start":
        return redirect("read-page", code, task.pk)
    form = forms.form_of(session.form_record.form)
    posted = dict(request.POST.lists())
    answers = _begun(task, form, parse_posted(form, posted, stored=session.form_record.answers))
    if answers != session.form_record.answers:
        version = whole(request.POST.get("version", ""), -1)
        session = reading.save(session, answers, seen_version=version, actor=request.actor)
    if act == "review":
        try:
            reading.review(session, actor=request.actor)
        except RuleBroken as refused:
            return _room(request, task, session, refused=refused)
        return redirect("read-review", code, task.pk)
    return redirect("read-page", code, task.pk)


@study_view("read.perform")
def read_stacks(request: Any, pk: Any) -> HttpResponse:
    """Answer the panes of the viewer: the time point compared with, and this one."""
    task = find_task(request, pk)
    if sessions.is_session(task):
        return sessions.stacks(request, task)
    code = request.study.code
    current = pictures.chosen(pictures.series_of(task.package), request.GET.get("series"))
    panes = []
    earlier = _earlier_tasks(task)
    if earlier:
        with_ = next(
            (t for t in earlier if str(t.sequence) == request.GET.get("with")), earlier[-1]
        )
        number = current.number if current else 1
        prior = pictures.chosen(pictures.series_of(with_.package), number)
        if prior:
            panes.append(
                pictures.pane(
                    prior,
                    title=f"TP{with_.sequence} {'Baseline' if with_.sequence == 1 else 'Prior'}",
                    corner=f"{task.stream.label} · signed, read only",
                    study_code=code,
                )
            )
    if current:
        panes.append(
            pictures.pane(
                current,
                title=f"TP{task.sequence} {'Current' if earlier else 'Baseline'}",
                corner=task.stream.label,
                study_code=code,
            )
        )
    return JsonResponse({"panes": panes})
