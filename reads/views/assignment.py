"""Assignment: who waits for readers, how much each reader holds, who reads with whom; transfers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.models import User
from audit import clock
from audit.errors import Refused, RuleBroken
from reads.models import Reader, ReaderStream
from reads.services import distributing, drawing, qualifying, transferring
from reads.services.assigning import reader_codes, readers_of
from reads.views.readers import crumbs
from reads.visibility import OPEN
from studies.access import StudyRequest, study_view
from ui.records import BarRow

SHOWN = 50


@study_view("read.manage")
def reader_assignment(request: StudyRequest) -> HttpResponse:
    """Show what waits for readers, the load of each, and how pairs are balanced."""
    context: dict[str, Any] = {"trouble": ""}
    try:
        configuration, design = qualifying.effective_design(request.study)
        people = qualifying.qualified_readers(request.study, configuration)
        found, users = drawing.candidates(request.study, configuration)
        names = {str(user.pk): user.printed_name for user in people}
        context = {
            "configuration": configuration,
            "design": design,
            "waiting": distributing.waiting(request.study, design)[:SHOWN],
            "rows": [
                {
                    "user": user,
                    "name": names[one.key],
                    "load": one.load,
                    "room": None if one.room >= drawing.UNLIMITED else one.room,
                    "conflicts": len(one.conflicts),
                }
                for one, user in sorted(
                    zip(found, users, strict=True), key=lambda pair: names[pair[0].key]
                )
            ],
            "areas": sorted({area for one in found for area in one.areas}),
            "away": [user for user in people if user not in users],
            "warnings": drawing.ending_soon(request.study, configuration),
            "pairs": _pairs(request, names) if design.readers > 1 else [],
            "trouble": "",
        }
    except RuleBroken as missing:
        context["trouble"] = missing.message
    rule = request.GET.get("rule", "")
    leaving = _reader(request, request.GET.get("reader", ""))
    return render(
        request,
        "reads/readers/assignment.html",
        {
            **context,
            "holders": _holders(request),
            "rules": transferring.RULES.items(),
            "rule": rule,
            "leaving": leaving,
            "impact": _impact(request, leaving, rule),
            "crumbs": crumbs(request, "Assignment"),
        },
    )


def _pairs(request: StudyRequest, names: dict[str, str]) -> list[BarRow]:
    counted = drawing.pairs_so_far(request.study)
    codes = {str(pk): code for pk, code in reader_codes(request.study).items()}
    rows = []
    for pair, number in sorted(counted.items(), key=lambda one: -one[1]):
        label = " + ".join(sorted(names.get(key) or codes.get(key, "R") for key in pair))
        rows.append(BarRow(label=label, value=number, tone="part-1"))
    return rows


def _holders(request: StudyRequest) -> list[dict[str, Any]]:
    """Return everybody who holds subjects, with their open and late reads."""
    now = clock.now()
    rows = (
        ReaderStream.objects.in_study(request.study)
        .filter(purpose="efficacy", closed_reason="")
        .values("reader_id")
        .annotate(
            subjects=Count("pk", distinct=True),
            open=Count("tasks", filter=Q(tasks__state__in=OPEN)),
            late=Count("tasks", filter=Q(tasks__state__in=OPEN, tasks__due_at__lt=now)),
        )
    )
    held = {row["reader_id"]: row for row in rows}
    states = dict(Reader.objects.filter(user__in=held).values_list("user_id", "state"))
    return [
        {"user": user, "state": states.get(user.pk, ""), **held[user.pk]}
        for user in readers_of(request.study)
        if user.pk in held
    ]


def _reader(request: StudyRequest, key: str) -> User | None:
    return next((user for user in readers_of(request.study) if str(user.pk) == key), None)


def _impact(request: StudyRequest, leaving: User | None, rule: str) -> transferring.Transfer | None:
    if leaving is None or rule not in transferring.RULES:
        return None
    return transferring.plan_transfer(request.study, leaving, rule)


@study_view("read.manage", methods=("POST",))
def reader_assign_all(request: StudyRequest) -> HttpResponse:
    """Draw the readers of every subject that waits."""
    seed = request.POST.get("seed", "")
    try:
        area = request.POST.get("area", "")
        made = distributing.assign_all(request.study, actor=request.actor, seed=seed, area=area)
    except Refused as refused:
        messages.error(request, f"Nobody was assigned. {refused.message}")
        return redirect("reader-assignment", request.study.code)
    messages.success(
        request,
        f"{made.subjects} subjects have their readers, with {made.reads} reads. "
        f"Seed of the draw: {made.seed}.",
    )
    for code, why in list(made.refused.items())[:SHOWN]:
        messages.error(request, f"{code}: {why}")
    return redirect("reader-assignment", request.study.code)


@study_view("read.manage", methods=("POST",))
def reader_transfer(request: StudyRequest) -> HttpResponse:
    """Give a reader's subjects to others by a rule."""
    leaving = _reader(request, request.POST.get("reader", ""))
    if leaving is None:
        messages.error(request, "Nothing was changed. Choose the reader.")
        return redirect("reader-assignment", request.study.code)
    to = _reader(request, request.POST.get("to", ""))
    try:
        moved, stayed = transferring.transfer(
            request.study,
            leaving,
            request.POST.get("rule", ""),
            actor=request.actor,
            reason=request.POST.get("reason", ""),
            to=to,
        )
    except Refused as refused:
        messages.error(request, f"Nothing was changed. {refused.message}")
        return redirect("reader-assignment", request.study.code)
    messages.success(request, f"{moved} subjects of {leaving.printed_name} have other readers.")
    for why in stayed[:SHOWN]:
        messages.error(request, why)
    return redirect("reader-assignment", request.study.code)
