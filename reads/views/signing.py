"""Review of a read, its signature, and the signed form."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from accounts.sentences import role_words
from accounts.signatures import signatures_of
from audit.errors import SignatureRefused
from reads import pictures, signing, tables
from reads.criteria import registry
from reads.models import ReadSession, ReadTask
from reads.services import assigning, dossiers, reading
from reads.views import sessions
from reads.views.room import band_of, find_task
from studies.access import study_view
from studies.forms.difference import AnswerChange, answer_changes
from studies.forms.presentation import FormView, SectionView, present
from studies.services import forms


def changes_before_signature(session: ReadSession) -> list[tuple[AnswerChange, Any]]:
    """Return values that were complete once and then changed, with the instant of the change.

    Every completed version is compared with the next completed one; work in progress between two
    reviews is not a change of a record (EMA 2023, §6.2.1), its versions stay in the history.
    """
    versions = session.form_record.history.filter(completed_at__isnull=False, locked=False)
    completed = list(versions.order_by("history_date", "history_id"))
    form = forms.form_of(session.form_record.form)
    found: list[tuple[AnswerChange, Any]] = []
    for before, after in pairwise(completed):
        if before.answers != after.answers:
            old, new = (_evaluated(session, form, v.answers) for v in (before, after))
            found += [(change, after.completed_at) for change in answer_changes(old, new)]
    return found


def _evaluated(session: ReadSession, form: Any, answers: Mapping[str, Any]) -> Any:
    from studies.forms.evaluate import evaluate

    seen = reading.look(session)
    return evaluate(form, answers, previous=seen.previous, context=seen.context)


def _pages(request: Any, task: ReadTask, session: ReadSession) -> dict[str, Any]:
    seen = reading.look(session, final=True)
    points = [*seen.earlier, seen.point]
    return {
        "task": task,
        "session": session,
        "seen": seen,
        "form": present(
            seen.evaluation,
            session.form_record.answers,
            previous=seen.previous,
            context=seen.context,
            read_only=True,
        ),
        "is_baseline": not seen.earlier,
        "table": tables.lesions(points),
        "sums": tables.sums(points),
        "since_last": tables.since_last(points, list(seen.derived)),
        "last_point": points[-2].id if len(points) > 1 else "",
        "responses": [
            tables.response(key, derived, seen.evaluation) for key, derived in seen.derived.items()
        ],
        "accepted": [m for m in seen.evaluation.messages if m.is_accepted],
        "changes": changes_before_signature(session),
        "zone": request.user.time_zone,
        "criteria": " + ".join(registry.get(key).title for key in task.criteria),
    }


def _facts(pages: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    task, session = pages["task"], pages["session"]
    answered = sum(bool(a.entered or a.value is not None) for a in _answers(pages))
    marks = sum(row.slice is not None for row in pages["table"].rows)
    form = session.form_record.form
    result = ", ".join(
        f"{view.overall or 'Baseline'} ({view.criterion})" for view in pages["responses"]
    )
    changed = len(pages["changes"])
    return (
        ("You sign", f"{form.title} version {form.version}, {answered} items, {marks} slices"),
        ("Case", f"{task.stream.label}, time point {task.sequence}"),
        ("Result", result or "Baseline"),
        ("Changed", f"{changed} items since your first review" if changed else "Nothing"),
    )


def dossier_facts(request: Any, task: ReadTask) -> tuple[tuple[str, str], ...]:
    """Return what the signer is told of the dossiers of a read; nothing where none is shown."""
    text = dossiers.summary(task, actor=request.actor)
    return (("Dossier", text),) if text else ()


def _answers(pages: Mapping[str, Any]) -> list[Any]:
    evaluation = pages["seen"].evaluation
    return [
        evaluation.answers[place] for place in evaluation.visible if place in evaluation.answers
    ]


def _review(request: Any, task: ReadTask, *, errors: tuple[str, ...] = ()) -> HttpResponse:
    session = reading.active_session(task)
    if session is None or session.form_record.completed_at is None:
        for error in errors:
            messages.error(request, error)
        return redirect("read-page", request.study.code, task.pk)
    if sessions.is_session(task):
        return sessions.review(request, task, session, errors=errors)
    pages = _pages(request, task, session)
    sign = signing.request_for(
        request,
        session,
        meaning=signing.READ_MEANING,
        title=f"Sign time point {task.sequence} of case {task.stream.label}",
        url=reverse("read-sign", args=[request.study.code, task.pk]),
        facts=(*_facts(pages), *dossier_facts(request, task)),
        errors=errors,
    )
    context = {**pages, "sign": sign, "band": band_of(task)}
    return render(request, "reads/review.html", context, status=422 if errors else 200)


@study_view("read.perform")
def read_review(request: Any, pk: Any) -> HttpResponse:
    """Show what will be signed, and what changed since the first review."""
    task = find_task(request, pk)
    if task.state == "signed":
        return redirect("signed-read", request.study.code, task.pk)
    return _review(request, task)


@study_view("read.perform", methods=("POST",))
def read_sign(request: Any, pk: Any) -> HttpResponse:
    """Sign the reviewed read; a refused password comes back with the same dialog."""
    task = find_task(request, pk)
    session = reading.active_session(task)
    if session is None:
        raise Http404
    if session.state == "open":
        try:
            assent = signing.proven(request, session, meaning=signing.READ_MEANING)
        except SignatureRefused as refused:
            return _review(request, task, errors=(refused.message,))
        reading.sign(session, actor=request.actor, assent=assent)
    return redirect("signed-read", request.study.code, task.pk)


#: sections that the sheet prints in a way of its own
_PRINTED = ("quality", "target", "non_target", "new", "remarks")


def _other_sections(form: FormView) -> list[SectionView]:
    """What else a form asks: spleen and marrow, PET, bone scan, steroids and clinical status."""
    return [
        each
        for each in form.sections
        if each.key not in _PRINTED and not each.key.startswith("response")
    ]


@study_view("read.perform")
def signed_read(request: Any, pk: Any) -> HttpResponse:
    """The signed form of the reader's own read, to look at and to print."""
    task = find_task(request, pk)
    session = reading.active_session(task)
    if session is None or session.state == "open":
        raise Http404
    code = assigning.reader_codes(request.study).get(request.user.pk, "")
    if sessions.is_session(task):
        return sessions.signed(request, task, session, code)
    pages = _pages(request, task, session)
    return render(
        request,
        "reads/signed.html",
        {
            **pages,
            "study": request.study,
            "others": _other_sections(pages["form"]),
            "series": pictures.series_of(task.package),
            "code": code,
            "signatures": [
                {"row": s.signature, "valid": s.valid, "role": role_words(s.signature.role)}
                for s in signatures_of(session)
            ],
        },
    )
