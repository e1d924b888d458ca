"""Pages that change whose images they are, or whether they may be used: moves and consent."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.sentences import sentences
from accounts.signing import proven, shown_signatures, sign_request
from audit import clock, trail
from audit.errors import Refused
from imaging.models import ConsentWithdrawal, Destruction, Move, Submission
from imaging.services import consent, moving
from imaging.services.effects import Effect
from imaging.views.submissions import fetched
from studies.access import StudyRequest, fetch, study_view
from studies.models import Subject
from ui import paper
from ui.moments import typed_day
from ui.records import Link

ICONS = {
    "stop": ("alert-octagon", "stop"),
    "read": ("eye", "wait"),
    "cut": ("package-export", "wait"),
    "package": ("package", "wait"),
    "query": ("message-question", "idle"),
    "visit": ("calendar", "idle"),
    "submission": ("stack-2", "idle"),
}


def lines(found: list[dict[str, Any]] | list[Effect]) -> list[tuple[str, str, str, str]]:
    """Return effects as a page lists them: icon, tone, text, address."""
    plain = [one.plain() if isinstance(one, Effect) else one for one in found]
    return [
        (
            ICONS.get(one["kind"], ICONS["visit"])[0],
            "stop" if one["blocks"] else ICONS.get(one["kind"], ICONS["visit"])[1],
            one["text"],
            one["url"],
        )
        for one in plain
    ]


def _crumbs(request: StudyRequest, row: Submission, last: str) -> list[Link]:
    code = request.study.code
    return [
        Link(label=code, url=reverse("study-entry", args=[code])),
        Link(label=_("Submissions"), url=reverse("submission-list", args=[code])),
        Link(label=str(row), url=reverse("submission", args=[code, row.pk])),
        Link(label=last, url=""),
    ]


# --- moves ------------------------------------------------------------------------------------


@study_view("submission.move", methods=("GET", "POST"))
def plan_move(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Choose what moves where, look at what that affects, and write the plan down."""
    row = fetched(request, pk)
    given = request.POST if request.method == "POST" else request.GET
    targets = moving.targets(row)
    target = next((t for t in targets if str(t.pk) == given.get("target", "")), None)
    series = [s for s in moving.movable_series(row) if str(s.pk) in given.getlist("series")]
    errors: tuple[str, ...] = ()
    if request.method == "POST" and target is not None:
        try:
            move = moving.plan(
                row,
                target,
                actor=request.actor,
                reason=request.POST.get("reason", ""),
                series=series,
            )
        except Refused as refused:
            errors = (refused.message,)
        else:
            return redirect("move", request.study.code, move.pk)
    elif request.method == "POST":
        errors = (_("Choose where the images belong."),)
    found = moving.effects_of(row, target, series) if target is not None else []
    return render(
        request,
        "imaging/move_plan.html",
        {
            "row": row,
            "targets": targets,
            "target": target,
            "series": moving.movable_series(row),
            "chosen": {s.pk for s in series},
            "effects": lines(found),
            "stopped": any(effect.blocks for effect in found),
            "typed": given,
            "errors": errors,
            "moves": row.moves.select_related("target__subject", "planned_by"),
            "crumbs": _crumbs(request, row, _("Move images")),
        },
        status=422 if errors else 200,
    )


def _move(request: StudyRequest, pk: UUID) -> Move:
    rows = Move.objects.select_related(
        "submission__time_point__subject",
        "submission__subject",
        "target__subject__study_site",
        "result",
        "planned_by",
    )
    found: Move = fetch(rows, request.actor, pk)
    return found


@study_view("submission.view")
def move(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a move: what goes where, what it affects, its signature and what became of it."""
    return _move_page(request, _move(request, pk))


def _move_page(request: StudyRequest, row: Move, *, errors: tuple[str, ...] = ()) -> HttpResponse:
    sign: Any = None
    code = request.study.code
    if row.state == "planned" and request.actor.may("submission.move"):
        sign = sign_request(
            request,
            row,
            dialog_id="sign-move",
            title=_("Move images of %s") % row.submission,
            url=reverse("move-sign", args=[code, row.pk]),
            facts=(
                (_("From"), str(row.submission.time_point)),
                (_("To"), str(row.target)),
                (_("Reason"), row.reason),
            ),
            statement=_(moving.STATEMENT),
            consequence=_("Identity is removed anew; what the first subject had is destroyed."),
            label=_("Move images"),
            errors=errors,
        )
    return render(
        request,
        "imaging/move.html",
        {
            "row": row,
            "series": moving.series_of(row),
            "effects": lines(row.effects),
            "sign": sign,
            "may_move": request.actor.may("submission.move"),
            "signatures": shown_signatures(row),
            "proofs": Destruction.objects.filter(move=row),
            "history": sentences(trail.entries(row)),
            "crumbs": _crumbs(request, row.submission, _("Move")),
        },
        status=422 if errors else 200,
    )


@study_view("submission.move", methods=("POST",))
def sign_move(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Carry a move out by signature."""
    row = _move(request, pk)
    try:
        assent = proven(request, row, meaning=moving.MEANING, statement=moving.STATEMENT)
        made = moving.carry_out(row, actor=request.actor, assent=assent)
    except Refused as refused:
        return _move_page(request, _move(request, pk), errors=(refused.message,))
    messages.success(request, _("The images go to %s as %s.") % (row.target, made))
    return redirect("move", request.study.code, row.pk)


@study_view("submission.move", methods=("POST",))
def cancel_move(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Give a planned move up."""
    row = _move(request, pk)
    moving.cancel(row, actor=request.actor)
    messages.success(request, _("The move was given up. Nothing was changed."))
    return redirect("submission", request.study.code, row.submission_id)


# --- withdrawal of consent --------------------------------------------------------------------


def _subject(request: StudyRequest, pk: UUID) -> Subject:
    found: Subject = fetch(Subject.objects.select_related("study_site__site"), request.actor, pk)
    return found


@study_view("consent.view", methods=("GET", "POST"))
def subject_consent(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show what is recorded of a subject's consent; record a withdrawal."""
    subject = _subject(request, pk)
    errors: tuple[str, ...] = ()
    if request.method == "POST":
        try:
            consent.record_withdrawal(
                subject,
                withdrawn_on=_day(request.POST.get("withdrawn_on", "")),
                scope=request.POST.get("scope", ""),
                source=request.POST.get("source", ""),
                reason=request.POST.get("reason", ""),
                actor=request.actor,
            )
        except Refused as refused:
            errors = (refused.message,)
        else:
            messages.success(request, _("The withdrawal is recorded; what it covers has stopped."))
            return redirect("subject-consent", request.study.code, subject.pk)
    return _consent_page(request, subject, errors=errors)


def _day(text: str) -> date:
    from audit.errors import RuleBroken

    try:
        return typed_day(text)
    except ValueError:
        raise RuleBroken("Give the day of the withdrawal.", rule="CON-002") from None


def _consent_page(
    request: StudyRequest,
    subject: Subject,
    *,
    errors: tuple[str, ...] = (),
    sign_errors: tuple[str, ...] = (),
) -> HttpResponse:
    code = request.study.code
    rows = ConsentWithdrawal.objects.filter(subject=subject).select_related("recorded_by")
    effective = consent.effective(subject)
    rule = effective.policy if effective else consent.rule_of(request.study)
    sign: Any = None
    if effective is not None and request.actor.may("consent.correct"):
        sign = sign_request(
            request,
            effective,
            dialog_id="correct",
            title=_("Correct the record"),
            url=reverse("consent-correct", args=[code, effective.pk]),
            facts=((_("Subject"), subject.code),),
            statement=_(consent.STATEMENT),
            consequence=_("What was destroyed cannot be brought back."),
            label=_("Sign correction"),
            errors=sign_errors,
        )
    return render(
        request,
        "imaging/consent.html",
        {
            "subject": subject,
            "effective": effective,
            "rows": [(row, consent.proofs(row), shown_signatures(row)) for row in rows],
            "rule": rule,
            "scopes": [
                (value, label, consent.rule_in_words(rule, value))
                for value, label in ConsentWithdrawal.Scope.choices
            ],
            "effects": lines(consent.affected(subject)) if effective is None else [],
            "may_record": effective is None and request.actor.may("consent.record"),
            "sign": sign,
            "typed": request.POST,
            "errors": errors,
            "today": clock.today(subject.study_site.site.time_zone),
            "history": sentences(trail.entries(*rows)) if rows else [],
            "crumbs": [
                Link(label=code, url=reverse("study-entry", args=[code])),
                Link(label=_("Subjects"), url=reverse("subject-list", args=[code])),
                Link(label=subject.code, url=reverse("subject", args=[code, subject.pk])),
                Link(label=_("Consent"), url=""),
            ],
        },
        status=422 if errors or sign_errors else 200,
    )


@study_view("consent.correct", methods=("POST",))
def correct_consent(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Say by signature that a withdrawal was recorded in error."""
    row: ConsentWithdrawal = fetch(
        ConsentWithdrawal.objects.select_related("subject__study_site__site"), request.actor, pk
    )
    try:
        assent = proven(request, row, meaning=consent.MEANING, statement=consent.STATEMENT)
        consent.correct(
            row, actor=request.actor, reason=request.POST.get("reason", ""), assent=assent
        )
    except Refused as refused:
        return _consent_page(request, row.subject, sign_errors=(refused.message,))
    messages.success(request, _("The record was corrected. The subject takes part again."))
    return redirect("subject-consent", request.study.code, row.subject_id)


@study_view("consent.view")
def consent_record(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Print the record of a withdrawal with its proofs."""
    rows = ConsentWithdrawal.objects.select_related(
        "study__sponsor", "subject__study_site__site", "recorded_by"
    )
    row: ConsentWithdrawal = fetch(rows, request.actor, pk)
    made = paper.pdf(
        "imaging/paper/withdrawal.typ", consent.record_facts(row), made_at=row.recorded_at
    )
    response = HttpResponse(made, content_type="application/pdf")
    name = f"withdrawal-of-consent-{row.subject.code}.pdf"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
