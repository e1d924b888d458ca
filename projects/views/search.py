"""Search: subjects, queries and submissions that the person may see; readers find their labels."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse

from audit.actors import Actor
from imaging.models import Submission
from queries.models import Query
from reads.visibility import cases_of_adjudicator, tasks_of_reader
from studies.access import person_view
from studies.actors import actor_for, studies_of
from studies.models import Study, Subject
from studies.scoping import scope

FEW = 20
NUMBERED = re.compile(r"(?P<kind>[QT])-?0*(?P<number>\d{1,9})", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """Something found: its words, where it lies, its page."""

    what: str
    about: str
    study: str
    icon: str
    url: str


@person_view()
def search(request: Any) -> HttpResponse:
    """Show what was found over all studies of the person."""
    wanted = request.GET.get("q", "").strip()
    hits: list[Hit] = []
    if wanted:
        for study in studies_of(request.user):
            actor = actor_for(request.user, study)
            if actor is None:
                continue
            with scope(study):
                hits += _in_study(study, actor, wanted)
    return render(request, "projects/search.html", {"hits": hits, "search_text": wanted})


def _in_study(study: Study, actor: Actor, wanted: str) -> Iterable[Hit]:
    if actor.may("subject.view"):
        yield from _subjects(study, actor, wanted)
    if actor.may("read.inbox"):
        yield from _reads(study, actor, wanted)
    if actor.may("adjudication.inbox"):
        yield from _cases(study, actor, wanted)
    match = NUMBERED.fullmatch(wanted)
    if match is None:
        return
    number = int(match["number"])
    if match["kind"].upper() == "Q" and actor.may("query.view"):
        yield from _queries(study, actor, number)
    if match["kind"].upper() == "T" and actor.may("submission.view"):
        yield from _submissions(study, actor, number)


def _subjects(study: Study, actor: Actor, wanted: str) -> Iterable[Hit]:
    rows = Subject.objects.visible_to(actor).filter(code__icontains=wanted)
    for row in rows.select_related("study_site__site")[:FEW]:
        yield Hit(
            what=f"Subject {row.code}",
            about=f"Site {row.study_site} · {row.get_state_display()}",
            study=study.code,
            icon="users",
            url=reverse("subject", args=[study.code, row.pk]),
        )


def _queries(study: Study, actor: Actor, number: int) -> Iterable[Hit]:
    for row in Query.objects.visible_to(actor).filter(number=number):
        yield Hit(
            what=f"Query {row}",
            about=f"{row.title} · {row.get_state_display()}",
            study=study.code,
            icon="message-question",
            url=reverse("query-page", args=[study.code, row.pk]),
        )


def _submissions(study: Study, actor: Actor, number: int) -> Iterable[Hit]:
    rows = Submission.objects.visible_to(actor).filter(number=number)
    for row in rows.select_related("time_point__subject"):
        yield Hit(
            what=f"Submission {row}",
            about=f"{row.time_point} · {row.get_state_display()}",
            study=study.code,
            icon="file-upload",
            url=reverse("submission", args=[study.code, row.pk]),
        )


def _reads(study: Study, actor: Actor, wanted: str) -> Iterable[Hit]:
    rows = tasks_of_reader(actor).filter(stream__label__icontains=wanted)
    for row in rows.order_by("stream__label", "sequence")[:FEW]:
        yield Hit(
            what=f"{row.stream.label}, time point {row.sequence}",
            about=row.get_state_display(),
            study=study.code,
            icon="eye",
            url=reverse("read-page", args=[study.code, row.pk]),
        )


def _cases(study: Study, actor: Actor, wanted: str) -> Iterable[Hit]:
    for row in cases_of_adjudicator(actor).filter(label__icontains=wanted)[:FEW]:
        yield Hit(
            what=f"Case {row.label}",
            about=row.get_state_display(),
            study=study.code,
            icon="gavel",
            url=reverse("adjudication-case", args=[study.code, row.pk]),
        )
