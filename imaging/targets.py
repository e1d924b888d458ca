"""What a query can be about here: a submission."""

from __future__ import annotations

from django.urls import reverse

from imaging.models import Submission
from queries.models import Query
from queries.targets import Target


def _label(pk: str) -> str:
    row = Submission._base_manager.select_related("time_point", "subject").filter(pk=pk).first()
    return f"{row}, {row.time_point}" if row is not None else "a submission"


def _url(query: Query) -> str:
    return reverse("submission", args=[query.study.code, query.target_id])


def _closed(query: Query) -> None:
    from imaging.services.qc import on_query_closed

    on_query_closed(query)


SUBMISSION = Target("imaging.submission", label=_label, url=_url, on_close=_closed)
