"""Tables that leave the page: the same filters, the same rows, as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from exports.datasets import Dataset
from exports.formats.csvfile import to_csv


def wants_csv(request: HttpRequest) -> bool:
    """Tell whether a page is asked for as CSV (``?format=csv``)."""
    return request.GET.get("format") == "csv"


def csv_address(request: HttpRequest) -> str:
    """Return the address of exactly what is seen, as CSV: every filter, no page number."""
    query = request.GET.copy()
    query.pop("page", None)
    query["format"] = "csv"
    return f"{request.path}?{query.urlencode()}"


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponse:
    """Answer with a table as CSV; instants and dates are ISO 8601, instants in UTC."""
    table = Dataset(name=name, title=name, columns=tuple(columns), rows=list(rows))
    response = HttpResponse(to_csv(table), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
