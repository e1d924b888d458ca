"""Training cases: the scientist's key, the reader's way and marks, and who stands where."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import sentences
from accounts.signatures import signatures_of
from audit.errors import Refused, RuleBroken, SignatureRefused
from audit.trail import entries
from imaging.services import package
from reads import signing
from reads.models import (
    Onboarding,
    ReaderCommitment,
    ReadSession,
    TrainingAttempt,
    TrainingCase,
)
from reads.services import attempts, committing, onboarding, schooling, training
from reads.services.planning import time_points_to_read
from reads.services.qualifying import effective_design, is_qualified
from reads.staffing.scoring import KeyItem, key_from
from reads.views.inbox import BAND
from studies.access import StudyRequest, fetch, study_view
from studies.actors import actor_for
from studies.models import Study, Subject
from ui.records import Link, SignRequest

HISTORY = 20
STAGES = onboarding.NEXT


def _crumbs(request: StudyRequest, *more: str) -> tuple[Link, ...]:
    here = reverse("training", args=[request.study.code]) if more else ""
    return (
        Link(label=request.study.code, url=reverse("study-entry", args=[request.study.code])),
        Link(label="Training cases", url=here),
        *(Link(label=one, url="") for one in more),
    )


# --- who stands where, and the cases --------------------------------------------------------------


@study_view("training.view")
def training_page(request: StudyRequest) -> HttpResponse:
    """Show the cases of a training study, or how the readers of a study do with theirs."""
    trained = training.trained_for(request.study)
    if trained is not None:
        return _school(request, trained)
    held = training.training_study_of(request.study)
    rows, trouble, found = [], "", []
    try:
        _, design = effective_design(request.study)
        found = training.matches(request.study, held) if held else []
        rows = [_standing(row) for row in _in_training(request)] if held else []
        asked = design.training
    except RuleBroken as missing:
        trouble, asked = missing.message, None
    return render(
        request,
        "reads/training/page.html",
        {
            "held": held,
            "opens": held is not None and _opens(request, held),
            "asked": asked,
            "matches": found,
            "cases": training.cases_for(request.study) if held and not trouble else [],
            "rows": rows,
            "trouble": trouble,
            "manages": request.actor.may("reader.manage"),
            "makes": request.actor.may("training.make") and not trouble,
            "crumbs": _crumbs(request),
        },
    )


def _opens(request: Any, held: Study) -> bool:
    """Tell whether this person may open the cases where they are held."""
    actor = actor_for(request.user, held)
    return actor is not None and actor.may("training.view")


def _in_training(request: StudyRequest) -> list[Onboarding]:
    rows = Onboarding.objects.visible_to(request.actor).filter(state="test_cases")
    return list(rows.select_related("reader__user", "study").order_by("stage_since"))


def _standing(row: Onboarding) -> dict[str, Any]:
    last: dict[Any, TrainingAttempt] = {}
    for attempt in attempts.round_of(row):
        last[attempt.case_id] = attempt
    return {
        "row": row,
        "result": attempts.result_of(row),
        "attempts": list(last.values()),
        "commitment": committing.commitment_of(row),
    }


def _school(request: StudyRequest, trained: Any) -> HttpResponse:
    cases = TrainingCase.objects.visible_to(request.actor).select_related("subject", "design")
    configuration, _ = effective_design(request.study)
    taken = {one.subject_id for one in cases if one.design_id == configuration.pk}
    subjects = Subject.objects.visible_to(request.actor).order_by("code")
    return render(
        request,
        "reads/training/school.html",
        {
            "trained": trained,
            "cases": [(one, one.design_id == configuration.pk) for one in cases],
            "subjects": subjects.exclude(pk__in=taken),
            "writes": request.actor.may("training.key"),
            "crumbs": _crumbs(request),
        },
    )


@study_view("reader.manage", methods=("POST",))
def training_act(request: StudyRequest) -> HttpResponse:
    """Name the training study, or give a reader a case once more."""
    try:
        act = request.POST.get("act", "")
        if act == "name":
            made = training.name_training_study(
                request.study, request.POST.get("code", ""), actor=request.actor
            )
            messages.success(request, f"Readers are trained in {made.held_in.code}.")
        elif act == "again":
            attempt = _again(request)
            messages.success(request, f"{attempt} is given; the attempts before are kept.")
        else:
            messages.error(request, "Nothing was changed. Choose what to do.")
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
    return redirect("training", request.study.code)


def _again(request: StudyRequest) -> TrainingAttempt:
    row = fetch(Onboarding, request.actor, request.POST.get("onboarding", ""))
    cases = {str(case.pk): case for case in training.cases_for(request.study)}
    case = cases.get(request.POST.get("case", ""))
    if case is None:
        raise Http404
    return attempts.give_again(
        case, row.reader.user, actor=request.actor, reason=request.POST.get("reason", "")
    )


# --- the key --------------------------------------------------------------------------------------


@study_view("training.key", methods=("POST",))
def training_case_add(request: StudyRequest) -> HttpResponse:
    """Make a subject a training case."""
    chosen = request.POST.get("subject", "")
    if not chosen:
        messages.error(request, "No case was made. Choose the subject.")
        return redirect("training", request.study.code)
    subject = fetch(Subject, request.actor, chosen)
    try:
        made = training.add_case(subject, request.POST.get("title", ""), actor=request.actor)
    except Refused as refused:
        messages.error(request, f"No case was made. {refused.message}")
        return redirect("training", request.study.code)
    return redirect("training-case", request.study.code, made.pk)


def _case(request: StudyRequest, pk: UUID) -> TrainingCase:
    rows = TrainingCase.objects.select_related("subject", "design", "study")
    found: TrainingCase = fetch(rows, request.actor, pk)
    return found


@study_view("training.view")
def training_case(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a case with its key, time point by time point."""
    return _case_page(request, _case(request, pk))


def _case_page(
    request: StudyRequest,
    case: TrainingCase,
    *,
    number: int = 0,
    typed: Mapping[str, KeyItem] | None = None,
    errors: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    points = time_points_to_read(case.subject)
    shown = number or _shown(request, len(points))
    kept = {item.place: item for item in key_from(case.key.get(str(shown), ()))}
    values = kept if typed is None else typed
    places = training.key_places(case)
    writes = request.actor.may("training.key") and case.state == "draft"
    references = [s for s in training.references(case) if s.task.sequence == shown]
    return render(
        request,
        "reads/training/case.html",
        {
            "case": case,
            "numbers": [
                (n, len(case.key.get(str(n), ())), n == shown) for n in range(1, len(points) + 1)
            ],
            "shown": shown,
            "package": package.released(points[shown - 1]) if points else None,
            "sees_images": request.actor.may("package.view"),
            "rows": [
                (one, values.get(one.place)) for one in places if writes or one.place in values
            ],
            "writes": writes,
            "references": references,
            "attempts": case.attempts.select_related("reader").order_by("given_at"),
            "may_withdraw": request.actor.may("training.key") and case.state != "withdrawn",
            "sign": _key_sign(request, case, errors) if writes else None,
            "signatures": signatures_of(case),
            "sentences": sentences(entries(case, limit=HISTORY), brief=True),
            "crumbs": _crumbs(request, str(case)),
        },
        status=status,
    )


def _shown(request: StudyRequest, last: int) -> int:
    text = request.GET.get("point", "1")
    return int(text) if text.isdecimal() and 1 <= int(text) <= last else 1


def _key_sign(request: StudyRequest, case: TrainingCase, errors: tuple[str, ...]) -> SignRequest:
    return signing.request_for(
        request,
        case,
        meaning=signing.KEY_MEANING,
        title=f"Approve the key of {case}",
        url=reverse("training-case-sign", args=[request.study.code, case.pk]),
        facts=(
            ("Case", str(case)),
            ("Charter", str(case.design)),
            ("Items", str(sum(len(held) for held in case.key.values()))),
        ),
        errors=errors,
    )


@study_view("training.key", methods=("POST",))
def training_case_act(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Keep the key of a time point, take it from a signed read, or withdraw the case."""
    case = _case(request, pk)
    act = request.POST.get("act", "")
    text = request.POST.get("point", "1")
    number = int(text) if text.isdecimal() else 1
    back = reverse("training-case", args=[request.study.code, case.pk]) + f"?point={number}"
    if act == "take":
        session = fetch(ReadSession, request.actor, request.POST.get("session", ""))
        return _case_page(request, case, number=number, typed=_taken(case, session))
    try:
        if act == "withdraw":
            training.withdraw_case(case, actor=request.actor, reason=request.POST.get("reason", ""))
            messages.success(request, "The case is withdrawn; attempts at it are kept.")
            return redirect("training", request.study.code)
        key = _posted_key(request, case)
        training.keep_key(case, number, list(key.values()), actor=request.actor)
    except RuleBroken as refused:
        messages.error(request, f"The key was not kept. {refused.message}")
        if act == "withdraw":
            return redirect(back)
        typed = _posted_key(request, case)
        return _case_page(request, case, number=number, typed=typed, status=422)
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
        return redirect(back)
    messages.success(request, f"The key of time point {number} is kept.")
    return redirect(back)


def _posted_key(request: StudyRequest, case: TrainingCase) -> dict[str, KeyItem]:
    found = {}
    for one in training.key_places(case):
        parts = {
            name: request.POST.get(f"{name}.{one.place}", "").strip()
            for name in ("value", "tolerance", "clause", "why")
        }
        if parts["value"]:
            found[one.place] = KeyItem(place=one.place, label=one.label, **parts)
    return found


def _taken(case: TrainingCase, session: ReadSession) -> dict[str, KeyItem]:
    answers = training.answers_of(session)
    kept = {item.place: item for item in key_from(case.key.get(str(session.task.sequence), ()))}
    found = {}
    for one in training.key_places(case):
        if one.place in answers:
            before = kept.get(one.place)
            found[one.place] = KeyItem(
                place=one.place,
                label=one.label,
                value=answers[one.place],
                clause=before.clause if before else "",
                why=before.why if before else "",
            )
    return found


@study_view("training.key", methods=("POST",))
def training_case_sign(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Sign the key; from here readers are given the case."""
    case = _case(request, pk)
    try:
        assent = signing.proven(request, case, meaning=signing.KEY_MEANING)
    except SignatureRefused as refused:
        return _case_page(request, case, errors=(refused.message,), status=422)
    try:
        approved = training.approve_case(case, actor=request.actor, assent=assent)
        schooling.give_to_waiting(approved)
    except Refused as refused:
        messages.error(request, f"Nothing was signed. {refused.message}")
    else:
        messages.success(request, "The key is approved.")
    return redirect("training-case", request.study.code, case.pk)


# --- marks ----------------------------------------------------------------------------------------


@study_view("training.view")
def training_attempt(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show staff how a reader did."""
    rows = TrainingAttempt.objects.select_related("case", "reader", "stream")
    attempt = fetch(rows, request.actor, pk)
    return _marks(request, attempt, crumbs=_crumbs(request, str(attempt)))


@study_view("read.inbox")
def training_feedback(request: StudyRequest, pk: UUID) -> HttpResponse:
    """Show a reader the marks of what is signed: item, right or wrong, clause and explanation."""
    rows = TrainingAttempt.objects.select_related("case", "reader", "stream")
    return _marks(request, fetch(rows, request.actor, pk), band=BAND)


def _marks(request: StudyRequest, attempt: TrainingAttempt, **context: Any) -> HttpResponse:
    trained = training.trained_for(request.study)
    return render(
        request,
        "reads/training/marks.html",
        {
            "attempt": attempt,
            "points": attempts.marks_of(attempt),
            "asked": len(attempt.case.key),
            "own": attempt.reader_id == request.user.pk,
            "home": trained.code if trained else "",
            **context,
        },
    )


# --- the reader's own page ------------------------------------------------------------------------


@study_view("read.inbox")
def reader_home(request: StudyRequest) -> HttpResponse:
    """Show a reader the own way into the study: stages, cases, marks, what there is to sign."""
    return _home(request)


def _own(request: StudyRequest) -> Onboarding | None:
    rows = Onboarding.objects.in_study(request.study).filter(reader__user=request.user)
    found: Onboarding | None = (
        rows.exclude(state="stopped").select_related("reader__user", "study").first()
    )
    return found


def _home(request: StudyRequest, *, errors: tuple[str, ...] = ()) -> HttpResponse:
    row, trouble = _own(request), ""
    context: dict[str, Any] = {}
    try:
        configuration, design = effective_design(request.study)
        context = {
            "configuration": configuration,
            "is_qualified": is_qualified(request.user.pk, configuration),
            "asked": design.training,
        }
        if row is not None and row.state in {"test_cases", "qualified"}:
            held = committing.commitment_of(row)
            context |= {
                "commitment": held,
                "result": attempts.result_of(row) if row.state == "test_cases" else None,
                "attempts": attempts.round_of(row) if row.state == "test_cases" else [],
                "training_study": training.training_study_of(request.study),
                "sign": _commit_sign(request, held, errors)
                if held and held.state == "open"
                else None,
                "signatures": signatures_of(held) if held else [],
            }
    except RuleBroken as missing:
        trouble = missing.message
    labels = dict(Onboarding._meta.get_field("state").choices or ())
    order = [*STAGES, "qualified"]
    place = order.index(row.state) if row and row.state in order else -1
    return render(
        request,
        "reads/training/home.html",
        {
            "row": row,
            "need": onboarding.need(row) if row and not trouble else None,
            "stages": [(labels[one], n < place, n == place) for n, one in enumerate(order)],
            "trouble": trouble,
            "band": BAND,
            **context,
        },
        status=422 if errors else 200,
    )


def _commit_sign(
    request: StudyRequest, held: ReaderCommitment, errors: tuple[str, ...]
) -> SignRequest:
    return signing.request_for(
        request,
        held,
        meaning=signing.COMMITMENT_MEANING,
        title="Sign responsibilities and turnaround",
        url=reverse("reader-commit", args=[request.study.code]),
        facts=(
            ("Charter", str(held.design)),
            ("Contract", held.contract_number or "none"),
            ("Points", str(len(held.paragraphs))),
        ),
        errors=errors,
    )


@study_view("read.perform", methods=("POST",))
def reader_commit(request: StudyRequest) -> HttpResponse:
    """Sign responsibilities and turnaround."""
    row = _own(request)
    held = committing.commitment_of(row) if row else None
    if held is None:
        messages.error(request, "There is nothing to sign yet.")
    elif held.state == "open":
        try:
            assent = signing.proven(request, held, meaning=signing.COMMITMENT_MEANING)
        except SignatureRefused as refused:
            return _home(request, errors=(refused.message,))
        try:
            committing.sign(held, actor=request.actor, assent=assent)
        except Refused as refused:
            messages.error(request, f"Nothing was signed. {refused.message}")
    return redirect("reader-home", request.study.code)
