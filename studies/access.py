"""The doors of study pages: one decorator, one way to fetch.

``study_view`` resolves the study by its code for this person, checks the right and opens the scope;
``fetch`` finds a record among those the actor may see. What may not be seen answers 404, exactly
like what does not exist, and the attempt is kept in the trail.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from accounts.models import User
from accounts.permissions import right
from accounts.sessions import way_back
from audit.actors import Actor, acting
from audit.models import record
from studies.actors import actor_for
from studies.middleware import trace_of
from studies.models import Study
from studies.scoping import scope

View = Callable[..., HttpResponse]


class StudyRequest(HttpRequest):
    """A request inside a study, as ``study_view`` hands it to a page (for type checking)."""

    study: Study
    actor: Actor


def signed_in(view: View) -> View:
    """Lead whoever is not logged in to the log-in and back to the page that they were at."""

    @wraps(view)
    def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, *args, **kwargs)
        return redirect_to_login(way_back(request), settings.LOGIN_URL)

    return guarded


def study_view(name: str, *, methods: tuple[str, ...] = ("GET",)) -> Callable[[View], View]:
    """Guard a page of a study; the view gets ``request.study`` and ``request.actor``.

    Args:
        name: the right that the page needs (``accounts.permissions``).
        methods: allowed HTTP methods; HEAD follows GET.
    """
    right(name)

    def decorate(view: View) -> View:
        @wraps(view)
        @signed_in
        def guarded(request: Any, study_code: str, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods and not (
                request.method == "HEAD" and "GET" in methods
            ):
                return HttpResponseNotAllowed(methods)
            study = Study.objects.filter(code=study_code).select_related("sponsor").first()
            actor = actor_for(request.user, study, **trace_of(request)) if study else None
            if study is None or actor is None:
                raise Http404
            request.study, request.actor = study, actor
            with scope(study), acting(actor):
                actor.require(name)
                request.actor = actor.acting_as(name)
                with acting(request.actor):
                    return view(request, *args, **kwargs)

        guarded.right = name  # type: ignore[attr-defined]
        return guarded

    return decorate


def person(request: HttpRequest) -> User:
    """Return the signed-in person."""
    user = request.user
    if not isinstance(user, User):
        raise TypeError("a page was opened without a person")
    return user


def person_view(
    name: str = "account.self", *, methods: tuple[str, ...] = ("GET",)
) -> Callable[[View], View]:
    """Guard a page outside any study: home pages, inboxes, administration."""
    right(name)

    def decorate(view: View) -> View:
        @wraps(view)
        @signed_in
        def guarded(request: Any, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method not in methods and not (
                request.method == "HEAD" and "GET" in methods
            ):
                return HttpResponseNotAllowed(methods)
            request.actor.require(name)
            return view(request, *args, **kwargs)

        guarded.right = name  # type: ignore[attr-defined]
        return guarded

    return decorate


def fetch(rows: Any, actor: Actor, pk: UUID | str, **lookup: Any) -> Any:
    """Return one row of a scoped model or queryset among those the actor may see.

    Args:
        rows: a study-scoped model, or a queryset of one (joins prepared by the caller).

    Raises:
        Http404: there is none, or it may not be seen; the latter is kept as ``access.denied``.
    """
    is_model = isinstance(rows, type)
    model = rows if is_model else rows.model
    queryset = rows.objects.all() if is_model else rows
    try:
        found = queryset.visible_to(actor).filter(pk=pk, **lookup).first()
    except (ValidationError, ValueError):  # the address holds no id at all
        raise Http404 from None
    if found is not None:
        return found
    seen = model._default_manager.in_study(actor.study_id).visible_to(actor).filter(pk=pk)
    if model._base_manager.filter(pk=pk).exists() and not seen.exists():
        with acting(actor):
            record("access.denied", details={"kind": model._meta.label_lower, "id": str(pk)})
    raise Http404
