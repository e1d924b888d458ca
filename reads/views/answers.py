"""What imaging answers to sites: eligibility, confirmation of progression; and what sites report.

No page here is a reader's, and nothing of a read but its answer is on them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import sentences
from audit import clock
from audit.errors import Conflict, RuleBroken
from audit.trail import entries
from reads.models import (
    ConfirmationRequest,
    EligibilityAnswer,
    LocalResult,
    ReadTask,
    SampleEscalation,
)
from reads.services import confirmation, eligibility, sampling, sessionforms
from reads.services.planning import time_points_to_read
from reads.services.qualifying import effective_design
from reads.services.stopping import has_died
from studies.access import StudyRequest, fetch, study_view
from studies.models import Configuration, Subject, TimePoint
from studies.services import subjects
from ui import moments, paper
from ui.moments import typed_day
from ui.records import Link

#: answers and the tone in which they are shown
TONES = {
    "eligible": ("good", "circle-check"),
    "not_eligible": ("stop", "circle-x"),
    "more_images": ("wait", "alert-triangle"),
    "confirmed": ("stop", "circle-check"),
    "not_confirmed": ("good", "circle-check"),
    "not_evaluable": ("wait", "alert-triangle"),
}
BASES = {
    "single": "One reader",
    "agreement": "Readers agree",
    "adjudication": "Adjudication",
    "difference": "Readers differ; the charter has no adjudication",
}


@dataclass(frozen=True, slots=True)
class VisitRow:
    """A visit of the subject with what a site may do about it."""

    time_point: TimePoint
    why_not: str
    local: LocalResult | None


@dataclass(frozen=True, slots=True)
class RequestRow:
    """A question of the site with its answer."""

    asked: ConfirmationRequest
    tone: str
    icon: str
    basis: str
    is_late: bool
    may_withdraw: bool


def _subject(request: StudyRequest, pk: UUID) -> Subject:
    rows = Subject.objects.select_related("study_site__site", "study__sponsor")
    found: Subject = fetch(rows, request.actor, pk)
    return found


def _time_point(request: StudyRequest, pk: UUID) -> TimePoint:
    found: TimePoint = fetch(TimePoint.objects.select_related("subject"), request.actor, pk)
    return found


def _rows(request: StudyRequest, requests: Any) -> list[RequestRow]:
    now = clock.now()
    found = []
    for asked in requests:
        tone, icon = TONES.get(asked.outcome, ("work", "clock"))
        closed = asked.answered_at or (None if asked.state == "asked" else asked.due_at)
        found.append(
            RequestRow(
                asked,
                tone,
                icon,
                BASES.get(asked.basis, ""),
                is_late=(closed or now) > asked.due_at,
                may_withdraw=asked.state == "asked" and request.actor.may("confirmation.ask"),
            )
        )
    return found


@study_view("eligibility.view")
def subject_imaging(request: StudyRequest, pk: UUID) -> HttpResponse:
    """What imaging has answered for a subject, and what its site can ask and report."""
    subject = _subject(request, pk)
    return _page(request, subject)


def _page(
    request: StudyRequest, subject: Subject, *, refused: str = "", status: int = 200
) -> HttpResponse:
    try:
        _, design = effective_design(request.study)
    except RuleBroken:
        design = None
    points = time_points_to_read(subject)
    requests = (
        ConfirmationRequest.objects.in_study(request.study)
        .filter(subject=subject)
        .select_related("time_point", "asked_by")
        .order_by("-asked_at")
    )
    answer = eligibility.current_answer(subject)
    visits = [
        VisitRow(point, confirmation.may_ask(point), sampling.local_result(point))
        for point in points[1:]
    ]
    return render(
        request,
        "reads/answers/subject.html",
        {
            "subject": subject,
            "design": design,
            "answer": answer,
            "answer_tone": TONES.get(answer.answer, ("", "")) if answer else ("", ""),
            "waiting": eligibility.open_task(subject),
            "gate": eligibility.may_enrol(subject),
            "requests": _rows(request, requests),
            "askable": [v.time_point for v in visits if not v.why_not],
            "visits": visits,
            "opinions": tuple(confirmation.OPINIONS.items()),
            "died": has_died(subject),
            "reports": design is not None and design.sampling.escalate_above_percent is not None,
            "refused": refused,
            "history": sentences(entries(subject, *requests, limit=30)),
            "now": clock.now(),
            "crumbs": (
                Link(label=request.study.code, url=""),
                Link(label=subject.code, url=_subject_url(request, subject)),
                Link(label="Imaging answers", url=""),
            ),
        },
        status=status,
    )


def _subject_url(request: StudyRequest, subject: Subject) -> str:
    if not request.actor.may("subject.view"):
        return ""
    return reverse("subject", args=[request.study.code, subject.pk])


def _back(request: StudyRequest, subject: Subject) -> HttpResponse:
    return redirect("subject-imaging", request.study.code, subject.pk)


@study_view("confirmation.ask", methods=("POST",))
def confirmation_ask(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Ask whether progression is confirmed at a visit."""
    point = _time_point(request, pk)
    try:
        asked = confirmation.ask(
            point,
            opinion=request.POST.get("opinion", ""),
            why=request.POST.get("why", ""),
            actor=request.actor,
        )
    except RuleBroken as error:
        return _page(request, point.subject, refused=error.message, status=error.status)
    due = moments.moment_words(asked.due_at, request.actor.zone)
    messages.success(request, f"Asked for {point.label}. The answer is due {due}.")
    return _back(request, point.subject)


@study_view("confirmation.ask", methods=("POST",))
def confirmation_withdraw(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Take a question back."""
    asked: ConfirmationRequest = fetch(ConfirmationRequest, request.actor, pk)
    confirmation.withdraw(asked, actor=request.actor, reason=request.POST.get("reason", ""))
    messages.success(request, "The question was withdrawn.")
    return _back(request, asked.subject)


@study_view("read.manage", methods=("POST",))
def eligibility_again(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Have eligibility read again."""
    subject = _subject(request, pk)
    eligibility.ask_again(subject, actor=request.actor, reason=request.POST.get("reason", ""))
    messages.success(request, "Eligibility is read again.")
    return _back(request, subject)


@study_view("local.record", methods=("POST",))
def local_result(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Report the site's own overall response of a visit."""
    point = _time_point(request, pk)
    sampling.record_local(
        point,
        request.POST.get("response", ""),
        actor=request.actor,
        reason=request.POST.get("reason", ""),
    )
    messages.success(request, f"Your result for {point.label} is kept.")
    return _back(request, point.subject)


@study_view("death.record", methods=("POST",))
def death_record(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Record the date of death."""
    subject = _subject(request, pk)
    try:
        day = typed_day(request.POST.get("day", ""))
    except ValueError:
        return _page(request, subject, refused="Give the date as day, month, year.", status=422)
    subjects.record_death(
        subject, day=day, actor=request.actor, reason=request.POST.get("reason", "")
    )
    messages.success(request, "The date of death is kept.")
    return _back(request, subject)


@study_view("eligibility.view")
def eligibility_letter(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Give the answer on eligibility as a letter; the same answer gives the same bytes."""
    subject = _subject(request, pk)
    answer = eligibility.current_answer(subject)
    if answer is None:
        raise Conflict("Imaging has not answered yet. The letter is here as soon as it has.")
    sentence = {
        "eligible": "Imaging finds measurable disease. The subject is eligible by imaging.",
        "not_eligible": "Imaging finds no measurable disease. The subject is not eligible.",
        "more_images": "The images do not allow an answer. Please send more images.",
    }[answer.answer]
    return _letter(
        subject,
        title="Eligibility by imaging",
        number=f"EL-{answer.pk:06d}",
        answer=answer.get_answer_display(),
        sentence=sentence,
        times=(answer.asked_at, answer.due_at, answer.at),
        visit=answer.session.task.time_point.label if answer.session.task.time_point else "",
    )


@study_view("confirmation.view")
def confirmation_letter(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Give the answer on progression as a letter; the same answer gives the same bytes."""
    rows = ConfirmationRequest.objects.select_related("time_point", "subject__study_site__site")
    asked: ConfirmationRequest = fetch(rows, request.actor, pk)
    if asked.answered_at is None:
        raise Conflict("Imaging has not answered yet. The letter is here as soon as it has.")
    sentence = {
        "confirmed": "Independent central review confirms progression at this visit.",
        "not_confirmed": "Independent central review does not confirm progression at this visit.",
        "not_evaluable": "The images of this visit cannot be evaluated for progression.",
    }[asked.outcome]
    return _letter(
        asked.subject,
        title="Confirmation of progression",
        number=f"CP-{str(asked.pk)[:8].upper()}",
        answer=asked.get_outcome_display(),
        sentence=sentence,
        times=(asked.asked_at, asked.due_at, asked.answered_at),
        visit=asked.time_point.label,
    )


def _letter(
    subject: Subject,
    *,
    title: str,
    number: str,
    answer: str,
    sentence: str,
    times: tuple[datetime, datetime, datetime],
    visit: str,
) -> HttpResponse:
    # The zone of the site, not of whoever prints: two people hold the same paper.
    zone = subject.study_site.site.time_zone
    asked, due, answered = (moments.moment_words(time, zone) for time in times)
    facts = {
        "title": title,
        "number": number,
        "study": subject.study.code,
        "answered": answered,
        "answer": answer,
        "sentence": sentence,
        "facts": [
            ("Study", f"{subject.study.code}, {subject.study.sponsor}"),
            ("Site", f"{subject.study_site.number}, {subject.study_site.site.name}"),
            ("Subject", subject.code),
            ("Visit", visit),
            ("Asked", asked),
            ("Promised by", due),
            ("Answered", answered),
        ],
    }
    made = paper.pdf("reads/paper/answer.typ", facts, made_at=times[-1])
    given = HttpResponse(made, content_type="application/pdf")
    given["Content-Disposition"] = f'attachment; filename="{number}-{subject.code}.pdf"'
    return given


@study_view("confirmation.view")
def site_answers(request: StudyRequest) -> HttpResponse:
    """Every question of sites and every eligibility read, the latest due first."""
    requests = ConfirmationRequest.objects.visible_to(request.actor).select_related(
        "subject__study_site__site", "time_point"
    )
    waiting = (
        ReadTask.objects.in_study(request.study)
        .filter(kind=ReadTask.Kind.ELIGIBILITY, state__in=("assigned", "accepted", "in_progress"))
        .select_related("stream__subject__study_site__site")
        .order_by("due_at")
    )
    answers = EligibilityAnswer.objects.filter(study_id=request.study.pk).select_related(
        "subject__study_site__site"
    )
    if request.actor.sites is not None:
        waiting = waiting.filter(stream__subject__study_site__in=request.actor.sites)
        answers = answers.filter(subject__study_site__in=request.actor.sites)
    rows = _rows(request, requests.order_by("due_at"))
    open_rows = [row for row in rows if row.asked.state == "asked"]
    return render(
        request,
        "reads/answers/list.html",
        {
            "open_rows": open_rows,
            "closed_rows": [row for row in reversed(rows) if row.asked.state != "asked"],
            "waiting": waiting,
            "answers": [(row, *TONES[row.answer], row.at > row.due_at) for row in answers],
            "late": sum(row.is_late for row in open_rows)
            + sum(task.due_at < clock.now() for task in waiting),
            "sample": _sample(request),
            # One site knows its own name; the column would only make the table wide.
            "shows_site": request.actor.sites is None or len(request.actor.sites) > 1,
            "now": clock.now(),
        },
    )


@dataclass(frozen=True, slots=True)
class SampleView:
    """How far the sample is from full review, for those who are not a site."""

    percent: int
    limit: int
    found: sampling.Comparison
    escalated: SampleEscalation | None


def _sample(request: StudyRequest) -> SampleView | None:
    if request.actor.sites is not None:
        return None
    try:
        _, design = effective_design(request.study)
    except RuleBroken:
        return None
    limit = design.sampling.escalate_above_percent
    if limit is None:
        return None
    return SampleView(
        design.sampling.percent,
        limit,
        sampling.compare(request.study, design),
        SampleEscalation.objects.filter(study_id=request.study.pk).first(),
    )


@study_view("configuration.edit", methods=("POST",))
def session_forms(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Draft the forms that a charter's sessions need."""
    design: Configuration = fetch(
        Configuration.objects.filter(kind=Configuration.Kind.READ_DESIGN), request.actor, pk
    )
    made = sessionforms.draft(request.study, design, actor=request.actor)
    if made:
        names = ", ".join(f"“{one.title}”" for one in made)
        messages.success(request, f"Drafted {names}. Approve them before the sessions can open.")
    else:
        messages.info(request, "Every form of the sessions is there already.")
    return redirect("charter-version", request.study.code, design.pk)
