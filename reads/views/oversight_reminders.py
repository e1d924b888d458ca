"""Training point reminders: written and followed by staff, acknowledged by their reader."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import sentences
from accounts.signing import proven, shown_signatures, sign_request
from audit import clock
from audit.errors import NotPermitted, Refused, RuleBroken, SignatureRefused
from audit.models import record
from audit.trail import entries
from imaging.storage import previews
from reads.models import CheckFinding, ReadSession, TrainingReminder
from reads.oversight.library import BY_ID
from reads.services import checking, reminders
from reads.services.assigning import reader_codes, readers_of
from reads.views.oversight_parts import (
    chosen_reader,
    crumbs,
    id_of,
)
from studies.access import StudyRequest, fetch, study_view
from ui.sheets import csv_response

CHIPS = (
    ("", "To acknowledge", "issued"),
    ("draft", "Drafts", "draft"),
    ("acknowledged", "Acknowledged", "acknowledged"),
    ("withdrawn", "Withdrawn", "withdrawn"),
)
#: pictures offered for a reminder: the slices around those that the reader marked, and the middle
OFFERED = 8
COLUMNS = (
    "number", "reader", "rule", "clause", "text", "gates", "issued", "due", "acknowledged", "state",
    "days_open",
)  # fmt: skip


def _rows(request: StudyRequest) -> Any:
    return TrainingReminder.objects.visible_to(request.actor).select_related(
        "reader", "session__task__time_point__subject", "written_by"
    )


@study_view("reminder.view")
def reminder_list(request: StudyRequest) -> HttpResponse:
    """List reminders; those past their due date are marked."""
    codes = reader_codes(request.study)
    rows = _rows(request)
    if request.GET.get("format") == "csv":
        return _as_csv(request, rows.order_by("number"), codes)
    chosen = request.GET.get("state", "")
    now = clock.now()
    if chosen == "overdue":
        shown = rows.filter(state="issued", due_at__lt=now).order_by("due_at")
    else:
        state = next((value for key, _, value in CHIPS if key == chosen), "issued")
        shown = rows.filter(state=state).order_by("due_at", "-number")
    counts = checking.counts_by(rows, "state")
    return render(
        request,
        "reads/oversight/reminders.html",
        {
            "rows": [(one, codes.get(one.reader_id, "R")) for one in shown],
            "chips": [(key, label, counts[value]) for key, label, value in CHIPS],
            "overdue": rows.filter(state="issued", due_at__lt=now).count(),
            "by_reader": _by_reader(rows, codes, now),
            "may_write": request.actor.may("reminder.issue"),
            "now": now,
            "crumbs": crumbs(request, area="reminder"),
        },
    )


def _by_reader(rows: Any, codes: Any, now: Any) -> list[dict[str, Any]]:
    """Return the report: per reader how many were issued, acknowledged in time, late, open."""
    found: dict[str, dict[str, Any]] = {}
    for one in rows.exclude(state__in=("draft", "withdrawn")):
        code = codes.get(one.reader_id, "R")
        row = found.setdefault(
            code, {"code": code, "issued": 0, "in_time": 0, "late": 0, "open": 0, "overdue": 0}
        )
        row["issued"] += 1
        if one.acknowledged_at is not None:
            row["late" if one.due_at and one.acknowledged_at > one.due_at else "in_time"] += 1
        else:
            row["open"] += 1
            row["overdue"] += bool(one.due_at and one.due_at < now)
    return [found[code] for code in sorted(found)]


def _as_csv(request: StudyRequest, rows: Any, codes: Any) -> HttpResponse:
    lines: list[tuple[Any, ...]] = []
    for one in rows:
        until = one.acknowledged_at or (clock.now() if one.state == "issued" else None)
        lines.append(
            (
                str(one),
                codes.get(one.reader_id, "R"),
                one.rule,
                one.clause,
                one.text,
                "yes" if one.gates else "no",
                one.issued_at.isoformat() if one.issued_at else "",
                one.due_at.isoformat() if one.due_at else "",
                one.acknowledged_at.isoformat() if one.acknowledged_at else "",
                one.state,
                (until - one.issued_at).days if until and one.issued_at else "",
            )
        )
    return csv_response(f"{request.study.code}_reminders", COLUMNS, lines)


@study_view("reminder.issue", methods=("GET", "POST"))
def reminder_new(request: StudyRequest) -> HttpResponse:
    """Write a reminder, of a finding or by itself, and issue it."""
    finding = _finding(request)
    given = request.POST if request.method == "POST" else request.GET
    session = finding.session if finding else _session(request, given.get("session", ""))
    reader = (
        session.task.stream.reader if session else chosen_reader(request, given.get("reader", ""))
    )
    if request.method == "POST" and request.POST.get("act") == "issue":
        try:
            made = _issue(request, finding, session, reader)
        except Refused as refused:
            return _form(request, finding, session, reader, refused=refused.message)
        messages.success(request, f"{made} was issued to the reader.")
        return redirect("reminder-page", request.study.code, made.pk)
    return _form(request, finding, session, reader)


def _finding(request: StudyRequest) -> CheckFinding | None:
    pk = id_of((request.POST if request.method == "POST" else request.GET).get("finding", ""))
    rows = CheckFinding.objects.visible_to(request.actor).filter(state="open")
    found: CheckFinding | None = (
        rows.select_related("session__task__stream__reader", "session__task__package")
        .filter(pk=pk)
        .first()
        if pk
        else None
    )
    return found


def _session(request: StudyRequest, text: str) -> ReadSession | None:
    pk = id_of(text)
    rows = ReadSession.objects.visible_to(request.actor).exclude(state="open")
    found: ReadSession | None = (
        rows.select_related("task__stream__reader", "task__package").filter(pk=pk).first()
        if pk
        else None
    )
    return found


def _issue(
    request: StudyRequest, finding: CheckFinding | None, session: ReadSession | None, reader: Any
) -> TrainingReminder:
    if reader is None:
        raise RuleBroken("Choose the reader. Nothing was issued.", rule="TPR-005")
    draft = draft_of(request, session)
    with transaction.atomic():
        row = reminders.write(reader, request.study, draft, actor=request.actor)
        row = reminders.issue(row, actor=request.actor)
        if finding is not None:
            checking.dispose_with(finding, actor=request.actor, reason=draft.rule, reminder=row)
    return row


def draft_of(request: StudyRequest, session: ReadSession | None) -> reminders.Draft:
    """Return the reminder that a form holds."""
    series, _, sha256 = request.POST.get("picture", "").partition(":")
    picture = (id_of(series), sha256) if sha256 and id_of(series) else None
    return reminders.Draft(
        rule=request.POST.get("rule", ""),
        clause=request.POST.get("clause", ""),
        text=request.POST.get("text", ""),
        session=session,
        picture=picture,
        gates=request.POST.get("gates") == "yes",
    )


def offered_pictures(session: ReadSession | None) -> list[tuple[str, str]]:
    """Return value and words of the pictures that a reminder may show: marked slices first."""
    if session is None:
        return []
    every = list(reminders.pictures_of(session))
    marked = _marked(session)
    first = [one for one in every if one[2] in marked]
    step = max(1, len(every) // OFFERED)
    others = [one for one in every[step // 2 :: step] if one not in first]
    return [
        (f"{series}:{sha256}", f"{label}, slice {number}")
        for series, label, number, sha256 in [*first, *others][:OFFERED]
    ]


def _marked(session: ReadSession) -> set[int]:
    found = set()
    for section in ("target", "non_target", "new"):
        held = session.form_record.answers.get(section)
        for row in (held.get("lesions") or []) if isinstance(held, dict) else []:
            if isinstance(row, dict) and str(row.get("slice") or "").isdecimal():
                found.add(int(row["slice"]))
    return found


def _form(
    request: StudyRequest,
    finding: CheckFinding | None,
    session: ReadSession | None,
    reader: Any,
    *,
    refused: str = "",
) -> HttpResponse:
    codes = reader_codes(request.study)
    check = BY_ID.get(finding.check_id) if finding else None
    typed = request.POST if request.method == "POST" else {}
    return render(
        request,
        "reads/oversight/reminder_new.html",
        {
            "finding": finding,
            "session": session,
            "reader": reader,
            "code": codes.get(reader.pk, "R") if reader else "",
            "readers": [(one, codes[one.pk]) for one in readers_of(request.study)],
            "typed": {
                "rule": typed.get("rule", check.title if check else ""),
                "clause": typed.get("clause", finding.clause if finding else ""),
                "text": typed.get("text", ""),
                "picture": typed.get("picture", ""),
                "gates": typed.get("gates", ""),
            },
            "pictures": offered_pictures(session),
            "refused": refused,
            "crumbs": crumbs(request, "New reminder", area="reminder"),
        },
        status=422 if refused else 200,
    )


def find_reminder(request: StudyRequest, pk: Any) -> TrainingReminder:
    """Return a reminder that the person may see; a reader's own only."""
    found: TrainingReminder = fetch(_rows(request), request.actor, pk)
    return found


@study_view("reminder.view")
def reminder_page(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a reminder with what came before and after it."""
    row = find_reminder(request, pk)
    codes = reader_codes(request.study)
    return render(
        request,
        "reads/oversight/reminder.html",
        {
            "row": row,
            "code": codes.get(row.reader_id, "R"),
            "may_withdraw": row.state in ("draft", "issued")
            and request.actor.may("reminder.issue"),
            "may_issue": row.state == "draft" and request.actor.may("reminder.issue"),
            "findings": row.findings.select_related("stream__subject"),
            "roll_backs": row.roll_backs.all(),
            "signatures": shown_signatures(row),
            "history": sentences(entries(row)),
            "now": clock.now(),
            "crumbs": crumbs(request, str(row), area="reminder"),
        },
    )


@study_view("reminder.issue", methods=("POST",))
def reminder_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Issue a draft, or withdraw a reminder with a reason."""
    row = find_reminder(request, pk)
    try:
        if request.POST.get("act") == "issue":
            reminders.issue(row, actor=request.actor)
            done = f"{row} was issued."
        else:
            reminders.withdraw(row, actor=request.actor, reason=request.POST.get("reason", ""))
            done = f"{row} was withdrawn."
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    else:
        messages.success(request, done)
    return redirect("reminder-page", request.study.code, row.pk)


def _mine(request: StudyRequest, pk: UUID) -> TrainingReminder:
    row = find_reminder(request, pk)
    if row.reader_id != request.actor.user_id or row.state not in ("issued", "acknowledged"):
        raise Http404
    return row


@study_view("reminder.acknowledge")
def my_reminder(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show the reader a reminder, and take the signature."""
    return _my_page(request, _mine(request, pk))


def _my_page(
    request: StudyRequest, row: TrainingReminder, *, errors: tuple[str, ...] = ()
) -> HttpResponse:
    sign = None
    if row.state == "issued":
        sign = sign_request(
            request,
            row,
            dialog_id="acknowledge",
            title=f"Acknowledge {row}",
            url=reverse("my-reminder-sign", args=[request.study.code, row.pk]),
            facts=(("Rule", row.rule), ("Clause", row.clause)),
            statement=reminders.STATEMENT,
            consequence="It stays on record. Your reads go on.",
            label="Sign and acknowledge",
            errors=errors,
        )
    return render(
        request,
        "reads/oversight/my_reminder.html",
        {
            "row": row,
            "sign": sign,
            "errors": errors,
            "signatures": shown_signatures(row),
            "now": clock.now(),
        },
        status=422 if errors else 200,
    )


@study_view("reminder.acknowledge", methods=("POST",))
def my_reminder_sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Acknowledge by signature."""
    row = _mine(request, pk)
    if row.state == "issued":
        try:
            assent = proven(request, row, meaning=reminders.MEANING, statement=reminders.STATEMENT)
            reminders.acknowledge(row, actor=request.actor, assent=assent)
        except SignatureRefused as refused:
            return _my_page(request, row, errors=(refused.message,))
        messages.success(request, f"{row} is acknowledged.")
    return redirect("read-inbox")


@study_view("account.self")
def reminder_picture(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Answer the picture of a reminder: to its reader, and to staff who see reminders.

    Raises:
        Http404: there is none, or it is not for this person.
    """
    actor = request.actor
    if not (actor.may("reminder.view") or actor.may("reminder.acknowledge")):
        raise NotPermitted("Your role does not include reminders.", rule="reminder.view")
    row = find_reminder(request, pk)
    is_own = row.reader_id == actor.user_id and row.state in ("issued", "acknowledged")
    if not row.picture_sha256 or not (is_own or actor.may("reminder.view")):
        record("access.denied", details={"kind": "reads.trainingreminder", "id": str(pk)})
        raise Http404
    answer = HttpResponse(previews().read(row.picture_sha256), content_type="image/jpeg")
    answer["Cache-Control"] = "private, max-age=86400, immutable"
    return answer
