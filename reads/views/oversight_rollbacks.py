"""Roll-backs and recalls: request, list, two approvals, outcome; and the sponsor's notice."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import sentences
from accounts.signing import proven, shown_signatures, sign_request
from audit import jobs
from audit.errors import Refused, RuleBroken, SignatureRefused
from audit.models import Job
from audit.trail import entries
from reads.models import CheckFinding, ReadTask, Recall, RollBack
from reads.services import recalling, rollback
from reads.services.assigning import reader_codes, readers_of
from reads.services.impact import SIGNED, impact_of
from reads.services.rollback import CARRIED_OUT, WAITING
from reads.views.oversight_parts import (
    chosen_reader,
    crumbs,
    id_of,
)
from reads.views.oversight_reminders import draft_of, offered_pictures
from studies.access import StudyRequest, fetch, study_view

SIGNED_PER_PAGE = 50
CHIPS = (
    ("", "To approve", ("requested", "science_approved", "project_approved", "approved")),
    ("done", "Carried out", CARRIED_OUT),
    ("not", "Not carried out", ("refused", "withdrawn")),
)
SIDES = {"science": "for science", "project": "for project management"}
LINE_WORDS = {
    "read": "Signed reads, voided",
    "draft": "Reads under way, voided",
    "case": "Adjudications, voided",
    "accepted": "Acceptances, taken back",
    "answer": "Answers to sites that rested on it",
    "time_point": "Time points",
    "cut": "Data cuts that hold it, unchanged",
}


def _rows(request: StudyRequest) -> Any:
    return RollBack.objects.visible_to(request.actor).select_related(
        "task__stream__subject",
        "task__stream__reader",
        "task__time_point__subject",
        "task__package",
        "reminder",
        "recall",
        "late",
        "requested_by",
        "science_by",
        "project_by",
        "acknowledged_by",
    )


def _recalls(request: StudyRequest) -> Any:
    return Recall.objects.visible_to(request.actor).select_related(
        "reader", "requested_by", "science_by", "project_by", "acknowledged_by"
    )


def grouped(lines: list[dict[str, str]]) -> list[tuple[str, list[dict[str, str]]]]:
    """Return the list of an impact under its headings, in their order."""
    return [
        (words, found)
        for kind, words in LINE_WORDS.items()
        if (found := [one for one in lines if one["kind"] == kind])
    ]


@study_view("rollback.view")
def rollback_list(request: StudyRequest) -> HttpResponse:
    """List roll-backs and recalls by where they stand."""
    codes = reader_codes(request.study)
    chosen = request.GET.get("state", "")
    states = next((found for key, _, found in CHIPS if key == chosen), CHIPS[0][2])
    rows, recalls = _rows(request), _recalls(request)
    return render(
        request,
        "reads/oversight/rollbacks.html",
        {
            "rows": [
                (one, codes.get(one.task.stream.reader_id, "R"))
                for one in rows.filter(state__in=states, recall=None)
            ],
            "recalls": [
                (one, codes.get(one.reader_id, "R")) for one in recalls.filter(state__in=states)
            ],
            "chips": [
                (
                    key,
                    label,
                    rows.filter(state__in=found, recall=None).count()
                    + recalls.filter(state__in=found).count(),
                )
                for key, label, found in CHIPS
            ],
            "may_request": request.actor.may("rollback.request"),
            "readers": [(one, codes[one.pk]) for one in readers_of(request.study)],
            "crumbs": crumbs(request, area="rollback"),
        },
    )


@study_view("rollback.request", methods=("GET", "POST"))
def rollback_new(request: StudyRequest) -> HttpResponse:
    """Choose a read, see what falls with it, and request the roll-back."""
    given = request.POST if request.method == "POST" else request.GET
    finding = _finding(request, given.get("finding", ""))
    task = _task(request, given.get("task", ""), finding)
    if request.method == "POST" and task is not None:
        try:
            made = rollback.request(
                task,
                actor=request.actor,
                reason=request.POST.get("reason", ""),
                clause=request.POST.get("clause", ""),
                reminder=_draft(request, task),
                finding=finding,
            )
        except Refused as refused:
            return _new(request, task, finding, refused=refused.message)
        messages.success(request, f"{made} was requested. Two persons approve it.")
        return redirect("rollback-page", request.study.code, made.pk)
    return _new(request, task, finding)


def _finding(request: StudyRequest, text: str) -> CheckFinding | None:
    pk = id_of(text)
    rows = CheckFinding.objects.visible_to(request.actor).filter(state="open")
    found: CheckFinding | None = (
        rows.select_related("session__task").filter(pk=pk).first()
        if pk and request.actor.may("check.view")
        else None
    )
    return found


def _task(request: StudyRequest, text: str, finding: CheckFinding | None) -> ReadTask | None:
    pk = id_of(text) or (finding.session.task_id if finding else None)
    rows = ReadTask.objects.visible_to(request.actor).select_related(
        "stream__subject", "stream__reader", "time_point__subject", "package", "study"
    )
    found: ReadTask | None = rows.filter(pk=pk).first() if pk else None
    return found


def _draft(request: StudyRequest, task: ReadTask) -> Any:
    if not any(request.POST.get(name, "").strip() for name in ("rule", "text")):
        return None
    session = task.sessions.filter(state__in=SIGNED).select_related("task__package").first()
    return draft_of(request, session)


def _new(
    request: StudyRequest, task: ReadTask | None, finding: CheckFinding | None, *, refused: str = ""
) -> HttpResponse:
    codes = reader_codes(request.study)
    session = (
        task.sessions.filter(state__in=SIGNED)
        .select_related("task__package", "form_record")
        .first()
        if task
        else None
    )
    impact = impact_of(task) if task else None
    return render(
        request,
        "reads/oversight/rollback_new.html",
        {
            "task": task,
            "finding": finding,
            "code": codes.get(task.stream.reader_id, "R") if task else "",
            "groups": grouped(impact.lines()) if impact else [],
            "can_request": bool(impact and impact.signed),
            **(_signed_tasks(request, codes) if task is None else {}),
            "pictures": offered_pictures(session),
            "typed": request.POST or {"clause": finding.clause if finding else "", "gates": "yes"},
            "refused": refused,
            "crumbs": crumbs(request, "New roll-back", area="rollback"),
        },
        status=422 if refused else 200,
    )


def _signed_tasks(request: StudyRequest, codes: Mapping[Any, str]) -> dict[str, Any]:
    """Return one page of the signed reads, of the subjects that are searched for."""
    search = request.GET.get("q", "").strip()
    rows = (
        ReadTask.objects.visible_to(request.actor)
        .filter(sessions__state__in=SIGNED, stream__subject__code__icontains=search)
        .exclude(stream__purpose="training")
        .select_related("stream__subject", "time_point__subject")
        .order_by("stream__subject__code", "stream__role", "sequence")
        .distinct()
    )
    page = Paginator(rows, SIGNED_PER_PAGE).get_page(request.GET.get("page"))
    signed = [(one, codes.get(one.stream.reader_id, "R")) for one in page]
    return {"signed": signed, "page": page, "search": search}


def find_rollback(request: StudyRequest, pk: Any) -> RollBack:
    """Return a roll-back that the person may see."""
    found: RollBack = fetch(_rows(request), request.actor, pk)
    return found


def find_recall(request: StudyRequest, pk: Any) -> Recall:
    """Return a recall that the person may see."""
    found: Recall = fetch(_recalls(request), request.actor, pk)
    return found


def _open_side(request: StudyRequest, row: Any) -> str:
    """Return the side for which this person may approve now, or nothing."""
    for side, done in (("science", row.science_by_id), ("project", row.project_by_id)):
        other = row.project_by_id if side == "science" else row.science_by_id
        may = request.actor.may(f"rollback.approve_{side}")
        if may and done is None and other != request.actor.user_id and row.state in WAITING[:3]:
            return side
    return ""


@study_view("rollback.view")
def rollback_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a roll-back: what it touches, who approved, what was done."""
    return _page(request, find_rollback(request, pk))


def _page(request: StudyRequest, row: RollBack, *, errors: tuple[str, ...] = ()) -> HttpResponse:
    codes = reader_codes(request.study)
    is_current = row.state not in WAITING[:3] or rollback.is_current(row)
    side = _open_side(request, row) if is_current else ""
    point = row.task.time_point or row.task.stream.subject
    code = codes.get(row.task.stream.reader_id, "R")
    return render(
        request,
        "reads/oversight/rollback.html",
        {
            "row": row,
            "code": code,
            "point": point,
            "groups": grouped(row.impact),
            "settled": rollback.settled_before(row),
            "is_current": is_current,
            "sign": _approval(request, row, side, f"{point}, {code}", errors) if side else None,
            "errors": errors,
            "side": side,
            "may_end": row.state in WAITING[:3] and request.actor.may("rollback.refuse"),
            "may_renew": not is_current and request.actor.may("rollback.request"),
            "findings": row.findings.all(),
            "signatures": shown_signatures(row),
            "history": sentences(entries(row)),
            "crumbs": crumbs(request, str(row), area="rollback"),
        },
        status=422 if errors else 200,
    )


def _approval(
    request: StudyRequest, row: Any, side: str, what: str, errors: tuple[str, ...]
) -> Any:
    is_last = row.state != "requested"
    name = "recall-approve" if isinstance(row, Recall) else "rollback-approve"
    return sign_request(
        request,
        row,
        dialog_id="approve",
        title=f"Approve {row} {SIDES[side]}",
        url=reverse(name, args=[request.study.code, row.pk]),
        facts=(
            ("What", what),
            ("Reason", row.reason),
            ("It touches", f"{len(row.impact)} records"),
        ),
        statement=rollback.STATEMENT,
        consequence="It is carried out at once; nothing of it can be undone."
        if is_last
        else "It is carried out when the other side has approved too.",
        label="Sign and carry out" if is_last else "Sign approval",
        errors=errors,
        hidden=(("side", side),),
    )


def _posted_side(request: StudyRequest) -> rollback.Side:
    """Return the side that the dialog names.

    Raises:
        RuleBroken: RB-005 it names none.
        NotPermitted: the person may not approve for it.
    """
    side = request.POST.get("side", "")
    if side not in SIDES:
        raise RuleBroken("Say for which side you approve. Nothing was signed.", rule="RB-005")
    request.actor.require(f"rollback.approve_{side}")
    return cast("rollback.Side", side)


@study_view("rollback.refuse", methods=("POST",))
def rollback_approve(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Approve by signature; the second approval carries it out."""
    row = find_rollback(request, pk)
    try:
        side = _posted_side(request)
        assent = proven(request, row, meaning=rollback.MEANING, statement=rollback.STATEMENT)
        signed = rollback.approve(row, side, actor=request.actor, assent=assent)
    except SignatureRefused as refused:
        return _page(request, find_rollback(request, pk), errors=(refused.message,))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        messages.success(
            request,
            f"{row} is carried out." if signed.state == "carried_out" else f"{row} is approved.",
        )
    return redirect("rollback-page", request.study.code, row.pk)


@study_view("rollback.request", methods=("POST",))
def rollback_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Refuse, withdraw or renew a request."""
    row = find_rollback(request, pk)
    act = request.POST.get("act", "")
    try:
        made = _ACTS[act](request, row)
    except KeyError:
        messages.error(request, "Nothing was changed. Choose what to do.")
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    else:
        messages.success(request, f"{made} is {made.get_state_display().lower()}.")
        row = made
    return redirect("rollback-page", request.study.code, row.pk)


def _reason(request: StudyRequest) -> str:
    return str(request.POST.get("reason", ""))


_ACTS: Mapping[str, Callable[[StudyRequest, RollBack], RollBack]] = {
    "refuse": lambda r, row: rollback.refuse(row, actor=r.actor, reason=_reason(r)),
    "withdraw": lambda r, row: rollback.withdraw(row, actor=r.actor, reason=_reason(r)),
    "renew": lambda r, row: rollback.renew(row, actor=r.actor),
}


@study_view("rollback.request", methods=("GET", "POST"))
def recall_new(request: StudyRequest) -> HttpResponse:
    """Choose a reader, see what falls, and request the recall of every read."""
    given = request.POST if request.method == "POST" else request.GET
    reader = chosen_reader(request, given.get("reader", ""))
    refused = ""
    if request.method == "POST" and reader is not None:
        try:
            made = recalling.request(
                reader,
                request.study,
                actor=request.actor,
                reason=request.POST.get("reason", ""),
                clause=request.POST.get("clause", ""),
            )
        except Refused as problem:
            refused = problem.message
        else:
            messages.success(request, f"{made} was requested. Two persons approve it.")
            return redirect("recall-page", request.study.code, made.pk)
    codes = reader_codes(request.study)
    lines = recalling.lines_of(reader, request.study) if reader else []
    return render(
        request,
        "reads/oversight/recall_new.html",
        {
            "reader": reader,
            "code": codes.get(reader.pk, "R") if reader else "",
            "readers": [(one, codes[one.pk]) for one in readers_of(request.study)],
            "groups": grouped(lines),
            "typed": request.POST,
            "refused": refused,
            "crumbs": crumbs(request, "New recall", area="rollback"),
        },
        status=422 if refused else 200,
    )


@study_view("rollback.view")
def recall_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a recall with its progress."""
    return _recall_page(request, find_recall(request, pk))


def _recall_page(
    request: StudyRequest, row: Recall, *, errors: tuple[str, ...] = ()
) -> HttpResponse:
    codes = reader_codes(request.study)
    code = codes.get(row.reader_id, "R")
    is_current = row.state not in WAITING[:3] or recalling.is_current(row)
    side = _open_side(request, row) if is_current else ""
    return render(
        request,
        "reads/oversight/recall.html",
        {
            "row": row,
            "code": code,
            "groups": grouped(row.impact),
            "is_current": is_current,
            "side": side,
            "sign": _approval(request, row, side, f"Every read of {code}", errors)
            if side
            else None,
            "errors": errors,
            "may_end": row.state in WAITING[:3] and request.actor.may("rollback.refuse"),
            "roll_backs": row.roll_backs.select_related("task__stream__subject").order_by("number"),
            "job": next((one for one in jobs.of(row) if one.kind == recalling.JOB), None),
            "job_failed": (Job.State.FAILED, Job.State.QUARANTINED),
            "signatures": shown_signatures(row),
            "history": sentences(entries(row)),
            "crumbs": crumbs(request, str(row), area="rollback"),
        },
        status=422 if errors else 200,
    )


@study_view("rollback.refuse", methods=("POST",))
def recall_approve(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Approve a recall by signature; the second approval lets the job begin."""
    row = find_recall(request, pk)
    try:
        side = _posted_side(request)
        assent = proven(request, row, meaning=rollback.MEANING, statement=rollback.STATEMENT)
        signed = recalling.approve(row, side, actor=request.actor, assent=assent)
    except SignatureRefused as refused:
        return _recall_page(request, find_recall(request, pk), errors=(refused.message,))
    except Refused as refused:
        messages.error(request, refused.message)
    else:
        is_last = signed.state == "approved"
        messages.success(request, f"{row} begins now." if is_last else f"{row} is approved.")
    return redirect("recall-page", request.study.code, row.pk)


@study_view("rollback.request", methods=("POST",))
def recall_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Refuse or withdraw a recall."""
    row = find_recall(request, pk)
    step = request.POST.get("act", "")
    try:
        if step not in ("refuse", "withdraw"):
            raise RuleBroken("Choose what to do.", rule="RC-003")
        recalling.end(row, step, actor=request.actor, reason=_reason(request))
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    else:
        messages.success(request, f"{row} is {row.get_state_display().lower()}.")
    return redirect("recall-page", request.study.code, row.pk)


@study_view("rollback.acknowledge")
def correction_list(request: StudyRequest) -> HttpResponse:
    """List for the sponsor what was corrected in signed reads, the newest first."""
    codes = reader_codes(request.study)
    found: list[tuple[Any, str, str]] = [
        (one, "rollback", codes.get(one.task.stream.reader_id, "R"))
        for one in _rows(request).filter(state__in=CARRIED_OUT, recall=None)
    ]
    found += [
        (one, "recall", codes.get(one.reader_id, "R"))
        for one in _recalls(request).filter(state__in=CARRIED_OUT)
    ]
    return render(
        request,
        "reads/oversight/corrections.html",
        {
            "rows": sorted(found, key=lambda one: one[0].carried_out_at, reverse=True),
            "crumbs": crumbs(request, area="notice"),
        },
    )


def _notice(request: StudyRequest, pk: UUID, kind: str) -> Any:
    rows = {"rollback": _rows, "recall": _recalls}.get(kind)
    if rows is None:
        raise Http404
    row = fetch(rows(request), request.actor, pk)
    if row.state not in CARRIED_OUT:
        raise Http404
    return row


@study_view("rollback.acknowledge")
def correction_page(request: StudyRequest, kind: str, pk: UUID) -> HttpResponse:
    """Show the sponsor one correction: why, what was touched, what follows."""
    return _correction(request, kind, _notice(request, pk, kind))


def _correction(
    request: StudyRequest, kind: str, row: Any, *, errors: tuple[str, ...] = ()
) -> HttpResponse:
    codes = reader_codes(request.study)
    is_recall = kind == "recall"
    reader = row.reader_id if is_recall else row.task.stream.reader_id
    what = "Every read of this reader" if is_recall else str(row.task.time_point or row.task)
    sign = None
    if row.state == "carried_out":
        sign = sign_request(
            request,
            row,
            dialog_id="note",
            title=f"Acknowledge {row}",
            url=reverse("correction-acknowledge", args=[request.study.code, kind, row.pk]),
            facts=(("Correction", what), ("Reason", row.reason)),
            statement=rollback.TOLD_STATEMENT,
            consequence="The correction stays as it is.",
            label="Sign and acknowledge",
            errors=errors,
        )
    return render(
        request,
        "reads/oversight/correction.html",
        {
            "row": row,
            "kind": kind,
            "code": codes.get(reader, "R"),
            "what": what,
            "groups": grouped(row.impact),
            "sign": sign,
            "errors": errors,
            "signatures": [
                one for one in shown_signatures(row) if one["meaning"] == rollback.TOLD_STATEMENT
            ],
            "crumbs": crumbs(request, str(row), area="notice"),
        },
        status=422 if errors else 200,
    )


@study_view("rollback.acknowledge", methods=("POST",))
def correction_acknowledge(request: StudyRequest, kind: str, pk: UUID) -> HttpResponse:
    """Take note by signature."""
    row = _notice(request, pk, kind)
    if row.state == "carried_out":
        try:
            assent = proven(
                request, row, meaning=rollback.TOLD_MEANING, statement=rollback.TOLD_STATEMENT
            )
            rollback.acknowledge(row, actor=request.actor, assent=assent)
        except SignatureRefused as refused:
            return _correction(request, kind, row, errors=(refused.message,))
        messages.success(request, f"{row} is acknowledged.")
    return redirect("correction-page", request.study.code, kind, row.pk)
