"""Who asks: a key or a log-in, and the actor that it makes in a study.

A viewer asks for hundreds of frames a second with one key. What decides about a key (the key, its
person, the roles and sites held now) is read anew for every request, in one query; only when it
differs from what was read before is the actor built again.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from threading import Lock
from typing import Any, Final

from django.http import HttpRequest
from django.utils.translation import gettext as _
from rest_framework.exceptions import AuthenticationFailed

from accounts.models import ApiToken, User
from accounts.tokens import TokenAuthentication
from audit import clock
from audit.actors import Actor
from imaging.dicomweb.prepared import Statement
from imaging.dicomweb.problems import Problem, absent
from studies.actors import actor_for, studies_of
from studies.middleware import trace_of
from studies.models import Study

REALM: Final = 'Bearer realm="icro"'
MOST_REMEMBERED: Final = 1000
_BEARER: Final = re.compile(r"[Bb]earer ([\x21-\x7e]{1,200})")

# Everything that an actor is made of, and the conditions under which a key holds.
_FACTS: Final = Statement(
    """
SELECT t.id, t.label, u.id, u.email, u.printed_name, u.organisation_name, u.time_zone, s.id,
  (SELECT array_agg((m.id::text, m.role, m.duty)::text ORDER BY m.id)
     FROM studies_membership m
    WHERE m.user_id = u.id AND m.study_id = s.id AND m.period @> $2::timestamptz),
  (SELECT array_agg((l.membership_id::text, l.study_site_id::text)::text ORDER BY l.id)
     FROM studies_membershipsite l JOIN studies_membership m ON m.id = l.membership_id
    WHERE m.user_id = u.id AND m.study_id = s.id)
FROM accounts_apitoken t
JOIN accounts_user u ON u.id = t.user_id
JOIN studies_study s ON s.code = $3
WHERE t.digest = $1 AND t.revoked_at IS NULL AND t.expires_at > $2::timestamptz AND u.is_active
""",
    ("digest", "now", "code"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, in a study. ``token_label`` is empty for somebody who is logged in."""

    actor: Actor
    study: Study
    token_label: str = ""


Facts = tuple[Any, ...]
_known: OrderedDict[Facts, Person] = OrderedDict()
_lock = Lock()


def person_of(request: HttpRequest, code: str) -> Person:
    """Return who asks, in the study with a code, or in the person's only one.

    Raises:
        Problem: 401 nobody who is known, 404 no such study for this person, 400 several studies.
    """
    known = by_key(request, code) if code else None
    if known is not None:
        return known
    user, token = _user(request)
    study = _study(user, code)
    actor = actor_for(user, study, **trace_of(request)) if study else None
    if study is None or actor is None:
        raise absent()
    return Person(actor, study, token.label if token else "")


def by_key(request: HttpRequest, code: str) -> Person | None:
    """Return whose key a request shows, with a role in a study now; ``None`` for all others."""
    facts = _facts(request, code)
    if facts is None:
        return None
    with _lock:
        found = _known.get(facts)
    if found is not None:
        return _now(request, found)
    user, token = _user(request)
    study = _study(user, code)
    actor = actor_for(user, study, **trace_of(request)) if study else None
    if study is None or actor is None:
        return None
    made = Person(actor, study, token.label if token else "")
    with _lock:
        _known[facts] = made
        while len(_known) > MOST_REMEMBERED:
            _known.popitem(last=False)
    return made


def _now(request: HttpRequest, person: Person) -> Person:
    trace = trace_of(request)
    actor = replace(person.actor, address=trace["address"], request_id=trace["request_id"])
    return replace(person, actor=actor)


def _facts(request: HttpRequest, code: str) -> Facts | None:
    """Return what decides about a key now, ``None`` where there is no key that holds."""
    given = _BEARER.fullmatch(request.headers.get("Authorization", ""))
    if given is None:
        return None
    rows = _FACTS.rows(digest=ApiToken.digest_of(given[1]), now=clock.now(), code=code)
    if not rows:
        return None
    *single, roles, sites = rows[0]
    return (*single, tuple(roles or ()), tuple(sites or ()))


def _user(request: HttpRequest) -> tuple[User, ApiToken | None]:
    if "Authorization" in request.headers:
        try:
            found = TokenAuthentication().authenticate(request)  # type: ignore[arg-type]
        except AuthenticationFailed as failed:
            raise Problem(401, str(failed.detail), headers={"WWW-Authenticate": REALM}) from None
        if found:
            return found
    user = request.user
    if not isinstance(user, User) or not user.is_authenticated:
        raise Problem(
            401,
            _("Sign in, or send a key: Authorization: Bearer …"),
            headers={"WWW-Authenticate": REALM},
        )
    return user, None


def _study(user: User, code: str) -> Study | None:
    if code:
        return Study.objects.filter(code=code).first()
    held = studies_of(user)
    if len(held) > 1:
        raise Problem(
            400,
            _("You work in several studies. Name one in the address: /dicomweb/CODE/…"),
        )
    if not held:
        raise Problem(403, _("You hold no role in a study."))
    return held[0]
