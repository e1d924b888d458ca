"""The addresses of DICOMweb: ``/dicomweb/<study code>/…``, or ``/dicomweb/…`` for one's only study.

A key (``Authorization: Bearer``) or a log-in says who asks. Reading needs ``archive.retrieve``;
storing needs a key and ``submission.upload``. Every answer that is not a success is a problem
(RFC 9457), and what may not be seen answers exactly like what does not exist.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from accounts.permissions import right
from audit.actors import Actor, acting
from audit.errors import Refused
from imaging.dicomweb import accepting, matching, problems, rendering, retrieve, search, store
from imaging.dicomweb.accesses import note
from imaging.dicomweb.persons import Person, person_of
from imaging.dicomweb.problems import Problem, absent
from imaging.dicomweb.retrieve import Place
from imaging.dicomweb.scopes import Scope, scope_of
from studies.models import Study
from studies.scoping import scope

RIGHT: Final = right("archive.retrieve")
_CACHE: Final = "private, no-cache"

_UID: Final = r"[0-9.]{1,64}"
_STUDY: Final = rf"studies/(?P<study>{_UID})"
_SERIES: Final = rf"{_STUDY}/series/(?P<series>{_UID})"
_INSTANCE: Final = rf"{_SERIES}/instances/(?P<instance>{_UID})"
_FRAMES: Final = rf"{_INSTANCE}/frames/(?P<frames>[0-9,%a-fA-F]{{1,9999}})"
_BULK: Final = r"[0-9A-Fa-f]{8}(?:/\d{1,6}/[0-9A-Fa-f]{8}){0,16}"


class Asked:
    """One request inside a study: who asks, what exists for them, and for what."""

    def __init__(
        self, request: HttpRequest, study: Study, actor: Actor, parts: Mapping[str, str | None]
    ) -> None:
        self.request = request
        self.study = study
        self.actor = actor
        self.parts = {name: value for name, value in parts.items() if value}
        self.scope: Scope = scope_of(actor)

    @property
    def base(self) -> str:
        """Address of the service, as it was asked."""
        path = self.request.path
        at = re.search(r"/(?:studies|series|instances)(?:/|$)", path)
        return self.request.build_absolute_uri(path[: at.start()] if at else path)

    @property
    def place(self) -> Place:
        """Where the resource lies."""
        parts = self.parts
        return Place(self.base, parts["study"], parts.get("series", ""), parts.get("instance", ""))


Handler = Callable[[Asked], HttpResponseBase]


def _found(asked: Asked, found: search.Found) -> HttpResponseBase:
    offer = accepting.choose(asked.request, accepting.json_offers())
    answer = JsonResponse(found.results, safe=False, content_type=offer.media)
    if found.warnings:
        host = asked.request.get_host()
        answer["Warning"] = ", ".join(f'299 {host} "{text}"' for text in found.warnings)
    return answer


def _studies(asked: Asked) -> HttpResponseBase:
    query = matching.read(asked.request.GET)
    return _found(asked, search.studies(asked.scope, query, asked.base))


def _series(asked: Asked) -> HttpResponseBase:
    query = matching.read(asked.request.GET)
    uid = asked.parts.get("study", "")
    return _found(asked, search.series(asked.scope, query, asked.base, uid))


def _instances(asked: Asked) -> HttpResponseBase:
    query = matching.read(asked.request.GET)
    place = (asked.parts.get("study", ""), asked.parts.get("series", ""))
    return _found(asked, search.instances(asked.scope, query, asked.base, *place))


def _noted(answer: Callable[..., HttpResponseBase], *names: str) -> Handler:
    """Let a retrieval be known: which series, by whom."""

    def handler(asked: Asked) -> HttpResponseBase:
        place = asked.place
        given = [asked.parts.get(name, "") for name in names]
        response = answer(asked.request, asked.scope, place, *given)
        for series_id in asked.scope.retrieved:
            note(asked.actor, series_id)
        return response

    return handler


_ROUTES: Final[tuple[tuple[str, Handler], ...]] = (
    (rf"{_FRAMES}", _noted(retrieve.frames, "frames")),
    (rf"{_STUDY}/series", _series),
    (rf"{_SERIES}/instances", _instances),
    (rf"{_SERIES}/metadata", _noted(retrieve.metadata)),
    (rf"{_INSTANCE}", _noted(retrieve.one_object)),
    (rf"{_INSTANCE}/metadata", _noted(retrieve.instance_metadata)),
    (rf"{_INSTANCE}/bulkdata(?:/(?P<bulk>{_BULK}))?", _noted(retrieve.bulk_data, "bulk")),
    (rf"{_INSTANCE}/rendered", _noted(rendering.rendered)),
    (rf"{_INSTANCE}/thumbnail", _noted(rendering.thumbnail)),
    (rf"{_FRAMES}/rendered", _noted(rendering.rendered, "frames")),
    (rf"{_FRAMES}/thumbnail", _noted(rendering.thumbnail, "frames")),
    (rf"{_SERIES}", _noted(retrieve.objects)),
    (rf"{_SERIES}/rendered", _noted(rendering.rendered_all)),
    (rf"{_SERIES}/thumbnail", _noted(rendering.thumbnail)),
    (rf"{_STUDY}", _noted(retrieve.objects)),
    (rf"{_STUDY}/metadata", _noted(retrieve.metadata)),
    (rf"{_STUDY}/rendered", _noted(rendering.rendered_all)),
    (rf"{_STUDY}/thumbnail", _noted(rendering.thumbnail)),
    (rf"{_STUDY}/instances", _instances),
    (r"studies", _studies),
    (r"series", _series),
    (r"instances", _instances),
)
_COMPILED: Final = tuple((re.compile(pattern), handler) for pattern, handler in _ROUTES)


@csrf_exempt  # storing needs a key, which no other site's page can send
def dicomweb(request: HttpRequest, rest: str, study_code: str = "") -> HttpResponseBase:
    """Answer one request."""
    try:
        answer = _answer(request, rest.strip("/"), study_code)
    except Problem as problem:
        answer = problems.answer(request, problem)
    except Refused as refused:
        told = Problem(refused.status, refused.message, code=refused.code, rule=refused.rule)
        answer = problems.answer(request, told)
    except Http404:
        answer = problems.answer(request, absent())
    answer.headers.setdefault("Cache-Control", _CACHE)
    answer["Vary"] = "Accept, Authorization, Cookie"
    answer["X-Content-Type-Options"] = "nosniff"
    if request.method == "HEAD" and isinstance(answer, HttpResponse):
        answer.headers.setdefault("Content-Length", str(len(answer.content)))
    return answer


def _answer(request: HttpRequest, rest: str, study_code: str) -> HttpResponseBase:
    person = person_of(request, study_code)
    study, actor = person.study, person.actor
    with scope(study), acting(actor):
        if request.method == "POST":
            return _stored(request, person, rest)
        if request.method not in {"GET", "HEAD"}:
            raise Problem(
                405, _("This method is not known here."), headers={"Allow": "GET, HEAD, POST"}
            )
        actor.require(RIGHT)
        acted = actor.acting_as(RIGHT)
        with acting(acted):
            for pattern, handler in _COMPILED:
                found = pattern.fullmatch(rest)
                if found:
                    return handler(Asked(request, study, acted, found.groupdict()))
    raise absent()


def _stored(request: HttpRequest, person: Person, rest: str) -> HttpResponseBase:
    if not person.token_label:
        raise Problem(403, _("Storing needs a key (Authorization: Bearer …)."))
    if re.fullmatch(_STUDY, rest):
        person.actor.require(store.RIGHT)
        raise Problem(501, _("Send to /studies: objects are sorted by what they hold."))
    if rest != "studies":
        raise Problem(405, _("This method is not known here."), headers={"Allow": "GET, HEAD"})
    return store.store(request, person.study, person.actor, source=person.token_label)
