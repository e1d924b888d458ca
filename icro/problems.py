"""Failures as answers: problem details (RFC 9457) for machines, a page for people.

A page says what happened, what was kept and what to do. The texts never contain an exception's
own words, except those of ``audit.errors.Refused``, which are written for people.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template import TemplateDoesNotExist, loader
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler as framework_handler

from audit.errors import Refused
from icro.logs import request_id

MEDIA_TYPE = "application/problem+json"
KEPT_HEADERS = ("WWW-Authenticate", "Retry-After", "Allow")
log = logging.getLogger(__name__)


def problem(status: int, detail: str, **extensions: Any) -> dict[str, Any]:
    """Return the members of a problem; ``extensions`` are members of ours (any JSON value)."""
    members = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status}
    extra = {name: value for name, value in extensions.items() if value not in ("", None)}
    return {**members, "detail": detail, "instance": f"urn:request:{request_id.get()}", **extra}


def exception_handler(error: Exception, context: dict[str, Any]) -> HttpResponse | None:
    """Answer a failure of the interface; unknown ones are left to Django (and its log).

    The answer is JSON whatever form of success the asker would have got.
    """
    if isinstance(error, Refused):
        return _problem_response(
            problem(
                error.status, error.message, code=error.code, rule=error.rule, details=error.details
            )
        )
    if isinstance(error, ValidationError):
        error = exceptions.ValidationError(detail=error.messages)
    response = framework_handler(error, context)
    if response is None:
        return None
    kept = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    return _problem_response(_from_framework(error, response), headers=kept)


def _problem_response(
    body: dict[str, Any], *, headers: dict[str, str] | None = None
) -> JsonResponse:
    return JsonResponse(body, status=body["status"], content_type=MEDIA_TYPE, headers=headers)


def _from_framework(error: Exception, response: Response) -> dict[str, Any]:
    status = response.status_code
    if isinstance(error, exceptions.ValidationError):
        return problem(status, _("Some values cannot be accepted."), errors=response.data)
    if status == HTTPStatus.NOT_FOUND:
        # One text for what does not exist and for what may not be seen.
        return problem(status, _("There is nothing at this address."))
    data = response.data
    detail = data.get("detail") if isinstance(data, dict) else None
    return problem(status, str(detail or HTTPStatus(status).phrase))


def wants_json(request: HttpRequest) -> bool:
    """Say whether the asker is a machine."""
    return request.path.startswith("/api/") or not request.accepts("text/html")


def answer(
    request: HttpRequest, status: int, detail: str, *, kept: str = "", next_step: str = ""
) -> HttpResponse:
    """Return a failure in the form the asker understands."""
    if wants_json(request):
        return _problem_response(problem(status, detail))
    context = {
        "status": status,
        "title": HTTPStatus(status).phrase,
        "detail": detail,
        "kept": kept,
        "next_step": next_step,
        "request_id": request_id.get(),
    }
    try:
        page = loader.get_template("errors/problem.html").render(context, request)
    except TemplateDoesNotExist:
        return HttpResponse(
            "\n".join(part for part in (detail, kept, next_step) if part),
            status=status,
            content_type="text/plain; charset=utf-8",
        )
    return HttpResponse(page, status=status)


class RefusedAct:
    """Turn a refusal that no view has answered into a page that keeps what was typed."""

    def __init__(self, get_response: Any) -> None:  # Any: Django's chain of middleware
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Pass the request on."""
        response: HttpResponse = self.get_response(request)
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Answer a refusal; leave everything else."""
        if not isinstance(error, Refused):
            return None
        return answer(
            request,
            error.status,
            error.message,
            kept=_("Nothing was changed."),
            next_step=_("Go back: what you typed is still in the form."),
        )


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that cannot be read."""
    return answer(request, 400, _("The request could not be read."), kept=_("Nothing was changed."))


def stale_page(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Answer a form of a page that is older than the last log-in (its token is not valid)."""
    log.warning("A form was refused: %s", reason)
    return answer(
        request,
        403,
        _("This page is older than your last log-in, so it cannot send anything."),
        kept=_("Nothing was changed."),
        next_step=_("Go back, copy what you typed, and open the page again."),
    )


def permission_denied(request: HttpRequest, exception: PermissionDenied) -> HttpResponse:
    """Answer an act the person has no right to."""
    return answer(
        request,
        403,
        _("You have no right to do this."),
        kept=_("Nothing was changed."),
        next_step=_("Ask the project manager of the study if you need the right."),
    )


def not_found(request: HttpRequest, exception: Http404) -> HttpResponse:
    """Answer an address at which this person finds nothing, whether it exists or not."""
    return answer(
        request,
        404,
        _("There is nothing at this address."),
        next_step=_("Check the address, or start again from your home page."),
    )


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a failure of the platform itself."""
    name = request_id.get()
    return answer(
        request,
        500,
        _("The platform failed to answer. The failure was logged under %(name)s.") % {"name": name},
        kept=_("Nothing that was not confirmed has been saved."),
        next_step=_("Try again. If it fails again, tell the help desk this number."),
    )
