"""The query desk: what is open, how old it is, and at which site."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from audit import clock
from queries.ageing import ALL_BUCKETS
from queries.listing import Wanted, ageing, chosen, lines
from queries.models import Query
from studies.access import study_view
from studies.models import StudySite
from studies.services.configuration import plan_of
from ui.records import BarRow, Link, StackRow

PAGE_SIZE = 50


@study_view("query.view")
def query_list(request: Any) -> HttpResponse:
    """List the queries of a study, late first, with ageing by site."""
    plan = plan_of(request.study)
    wanted = Wanted.from_query(request.GET)
    counts = ageing(request.actor, plan)
    sites = list(StudySite.objects.visible_to(request.actor).select_related("site"))
    sites.sort(key=lambda site: site.number)
    page = Paginator(chosen(request.actor, wanted, plan), PAGE_SIZE).get_page(
        request.GET.get("page")
    )
    address = request.path
    rows = [
        StackRow(
            label=str(site), values=counts.by_site[site.pk], url=f"{address}?site={site.number}"
        )
        for site in sites
        if site.pk in counts.by_site
    ]
    total = sum(counts.buckets.values())
    return render(
        request,
        "queries/list.html",
        {
            "crumbs": _crumbs(request, _("Queries")),
            "wanted": wanted,
            "page": page,
            "lines": lines(page.object_list, plan),
            "now": clock.now(),
            "total": total,
            "with_site": counts.states.get("open", 0) + counts.states.get("reopened", 0),
            "answered": counts.states.get("answered", 0),
            "late": counts.late,
            "buckets": [(code, words, counts.buckets[code]) for code, words in ALL_BUCKETS],
            "age_rows": rows,
            "age_words": [words for _code, words in ALL_BUCKETS],
            "age_sentence": _age_sentence(total, counts.buckets[ALL_BUCKETS[-1][0]]),
            "cause_rows": [
                BarRow(
                    label=str(Query.Cause(cause).label), value=count, url=f"{address}?cause={cause}"
                )
                for cause, count in counts.causes.most_common()
            ],
            "sites": sites,
            "causes": Query.Cause.choices,
            "may_raise": request.actor.may("query.raise"),
            "csv_url": _csv_url(request),
        },
    )


def _age_sentence(total: int, oldest: int) -> str:
    return ngettext(
        "%(n)s query is open, %(old)s of them over 10 business days old.",
        "%(n)s queries are open, %(old)s of them over 10 business days old.",
        total,
    ) % {"n": total, "old": oldest}


def _csv_url(request: Any) -> str:
    query = request.GET.copy()
    query.pop("page", None)
    address = reverse("query-list-csv", args=[request.study.code])
    return f"{address}?{query.urlencode()}" if query else address


def _crumbs(request: Any, last: str) -> list[Link]:
    return [
        Link(label=request.study.code, url=reverse("study-entry", args=[request.study.code])),
        Link(label=last, url=""),
    ]
