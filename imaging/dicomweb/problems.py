"""Refusals of DICOMweb as problem details (RFC 9457), one text for what is absent or hidden."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An answer that is not a success.

    Args:
        headers: further headers of the answer.
        members: further members of the problem (any JSON value).
    """

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: dict[str, str] | None = None,
        **members: Any,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        self.members = members


def absent() -> Problem:
    """Return the answer for what does not exist and for what may not be seen."""
    return Problem(404, _("There is nothing at this address."))


def answer(request: HttpRequest, problem: Problem) -> JsonResponse:
    """Return a problem as an answer."""
    name = getattr(request, "request_id", "")
    body = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": f"urn:request:{name}",
        **problem.members,
    }
    return JsonResponse(
        body, status=problem.status, content_type=MEDIA_TYPE, headers=problem.headers
    )
