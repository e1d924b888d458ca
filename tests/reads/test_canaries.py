"""Every address of the platform, asked by every blinded person: no hidden word comes back (T12).

A canary is written into every free text column of every record that blinded people must not see,
past services and guards as the superuser. Then every named address is asked with every method it
knows, with the keys of records of their own study, by a reader, the other reader, an adjudicator
and an oncologist, and all that comes back is searched: bodies, PDFs as text, headers, cookies,
errors, and what was mailed. The links of pages are followed in ``test_blinding.py``, DICOMweb
objects in ``tests/imaging/dicomweb/test_blinded.py``.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pypdfium2
import pytest
from django.apps import apps
from django.core import mail
from django.db import DatabaseError, connection, models, transaction
from django.test import Client
from django.urls import NoReverseMatch, reverse

from accounts.models import Notice, User
from accounts.permissions import BLINDED_ROLES
from audit import clock
from reads.models import ReadTask
from reads.services import reading
from studies.scoping import StudyScoped, scope
from studies.services import subjects
from tests.architecture.test_routes import POLICY
from tests.reads.dossier_world import apply_dossier, make_dossier_study
from tests.reads.read_world import (
    READERS,
    logged_in,
    make_read_study,
    read_baseline,
    read_follow_up,
    reader,
    ready,
    run_jobs,
    sign,
    task_of,
)
from tests.reads.session_world import PARTIAL, begin, make_session_study, open_of_kind, save
from tests.reads.test_blinding import canary, leaks, plant
from tests.reads.test_oncology_review import AGREE, with_oncologists
from tests.rolled_back import rolled_back
from tests.routes_world import own_objects
from tests.world import BUILDER, StudyWorld
from ui.moments import day_words

pytestmark = pytest.mark.django_db

#: everybody who is blinded in the world of tests
BLINDED = (*READERS, "adjudicator")
#: apps and models whose every row is hidden from blinded people
HIDDEN_APPS = ("queries", "exports", "imaging", "clinical")
HIDDEN = {
    "studies.Organisation",
    "studies.Site",
    "studies.StudySite",
    "studies.Scanner",
    "studies.Subject",
    "studies.TimePoint",
    "studies.TimePointDefinition",
    "studies.ProtocolVersion",
    "studies.Anchor",
}
#: what is not text of people: states, digests, identifiers, addresses of the machine
SHORTEST = 12
SKIPPED = ("sha256", "digest", "uid", "_key", "key", "state", "kind", "seed", "zone")
#: what readers are meant to see: modality, windows of pictures, and what a training case is called
SHOWN = {"imaging.Series.modality", "imaging.Preview.window", "reads.TrainingCase.title"}
#: addresses that cannot be written with the keys of a study; more of them would go unasked
NOT_BUILT: set[str] = set()
#: what only a mail or the person's own page holds leads there
NEEDS_A_SECRET = {
    "account_confirm_email",
    "account_reset_password_from_key",
    "invitation-accept",
    "token-revoke",
}
#: so many columns of the world hold something to write over
PLANTED_AT_LEAST = 40


def hidden_models() -> Iterator[type[models.Model]]:
    """Yield every model whose rows exist for no blinded person."""
    for model in apps.get_models():
        label = model._meta.label
        if label.rpartition(".")[2].startswith("Historical"):
            continue
        of_reads = model._meta.app_label == "reads" and belongs_to_no_reader(model)
        if model._meta.app_label in HIDDEN_APPS or label in HIDDEN or of_reads:
            yield model


def belongs_to_no_reader(model: type[models.Model]) -> bool:
    """Tell whether rows of a reads model are of a study and of no reader."""
    return issubclass(model, StudyScoped) and not getattr(model, "reader_path", "")


def text_columns(model: type[models.Model]) -> Iterator[models.Field[Any, Any]]:
    """Yield the free text columns of a model."""
    for field in model._meta.concrete_fields:
        is_text = isinstance(field, models.CharField | models.TextField) and not field.choices
        is_long = field.max_length is None or field.max_length >= SHORTEST
        named = any(field.name.endswith(word) for word in SKIPPED)
        if is_text and is_long and not named and not field.primary_key:
            yield field


def plant_everywhere(as_owner: Callable[[], Any]) -> dict[str, str]:
    """Write a canary into every hidden column; return column -> canary of what was written."""
    words: dict[str, str] = {}
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        cursor.execute("SET session_replication_role = replica")
        try:
            for model in hidden_models():
                for field in text_columns(model):
                    if f"{model._meta.label}.{field.name}" in SHOWN:
                        continue
                    word = canary()
                    if _write(cursor, model, field, word):
                        words[f"{model._meta.label}.{field.name}"] = word
        finally:
            cursor.execute("SET session_replication_role = DEFAULT")
    return words


def _write(cursor: Any, model: type[models.Model], field: Any, word: str) -> bool:
    """Write a canary into the rows that hold something; each row stays different from the next."""
    table, column = model._meta.db_table, field.column
    key = model._meta.pk.column
    statement = (
        f'UPDATE "{table}" SET "{column}" = left(%s || substr("{key}"::text, 1, 4), %s) '
        f'WHERE "{column}" <> %s'
    )
    try:
        with transaction.atomic():
            cursor.execute(statement, [word, field.max_length or 200, ""])
            return bool(cursor.rowcount)
    except DatabaseError:
        return False


def addresses(own: dict[str, Any], user: User) -> Iterator[tuple[str, str, str]]:
    """Yield name, method and address of everything that has a name, with keys of this study."""
    for section in ("person", "study", "open", "api"):
        for name, row in POLICY[section].items():
            arguments = [own.get(argument, "1") for argument in row.get("args", [])]
            if "notice" in row.get("args", []):
                arguments = [Notice.objects.create(user=user, kind="test", text="x", key="test").pk]
            if section == "study" or (section == "api" and not row.get("outside")):
                arguments = ["ALPHA", *arguments]
            try:
                url = reverse(name, args=arguments)
            except NoReverseMatch:
                NOT_BUILT.add(name)
                continue
            for method in row.get("methods", ["GET"]):
                yield name, method, url


def text_of(answer: Any) -> bytes:
    """Return everything of an answer that a person could read."""
    body = b"".join(answer) if answer.streaming else answer.content
    if body.startswith(b"%PDF"):
        pages = pypdfium2.PdfDocument(body)
        body += "\n".join(page.get_textpage().get_text_range() for page in pages).encode()
    head = "\n".join(f"{name}: {value}" for name, value in answer.items())
    cookies = answer.cookies.output()
    return f"{head}\n{cookies}\n".encode() + body


def asked_of_everything(world: StudyWorld, name: str, own: dict[str, Any]) -> dict[str, Any]:
    """Ask every address as a person; return address -> status and everything that came back."""
    user = world.users[name]
    client = Client(raise_request_exception=False)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    seen: dict[str, tuple[int, bytes]] = {}
    for _, method, url in addresses(own, user):
        if "logout" in url:
            continue
        with rolled_back():
            body = json.dumps({"values": {"x": "y"}}) if url.startswith("/api/") else ""
            answer = client.generic(method, url, body, content_type="application/json")
            seen[f"{method} {url}"] = (answer.status_code, text_of(answer))
    return seen


def test_no_address_gives_a_blinded_person_a_hidden_word(
    as_owner: Callable[[], Any],
) -> None:
    world = make_read_study()
    with scope(world.study):
        words = plant(world)
        own = own_objects(world)
        last = world.time_points(world.subjects[0])[2]
        ready(world, last, description="AXIAL")
        run_jobs()
        task = task_of(world, READERS[0], 3)
        reading.open_session(task, actor=reader(world, READERS[0]))
        # The baseline is today's in this world, and today stands on many pages.
        second = world.time_points(world.subjects[0])[1].assessment_date
        assert second is not None
        days = {"day": str(second), "day in words": day_words(second)}
        own["task"] = task.pk
    for person in world.users.values():
        person.refresh_from_db()
    planted = plant_everywhere(as_owner)
    assert len(planted) >= PLANTED_AT_LEAST, sorted(planted)
    for essential in (
        "studies.Site.name",
        "studies.Subject.code",
        "studies.TimePoint.label",
        "studies.StudySite.investigator",
        "queries.Query.text",
        "imaging.Series.description",
    ):
        assert essential in planted
    statuses: set[int] = set()
    for name in BLINDED:
        others = {
            f"name of {one}": world.users[one].printed_name for one in world.users if one != name
        }
        seen = asked_of_everything(world, name, own)
        statuses |= {status for status, _ in seen.values()}
        # The first reader's other reader is somebody who may read the own name.
        known = words if name == READERS[0] else words | {"other reader": canary()}
        found = leaks(seen, planted | known | others | days)
        assert found == [], "\n".join(found)
        assert [a for a, (status, _) in seen.items() if status >= 500] == []
    assert {200, 403, 404} <= statuses
    assert NOT_BUILT <= NEEDS_A_SECRET, sorted(NOT_BUILT)
    mailed = "\n".join(f"{m.subject}\n{m.body}" for m in mail.outbox)
    assert [word for word in planted.values() if word in mailed] == []


def test_no_address_gives_an_oncologist_a_hidden_word(as_owner: Callable[[], Any]) -> None:
    """The oncologist sees the locked radiology values of a subject, and nothing else of it."""
    world = make_session_study(oncology_review={"form": "oncology", "readers": 1})
    with scope(world.study):
        with_oncologists(world, "oncologist")
        words = plant(world)
        own = own_objects(world)
        points = read_by_both(world)
        task = open_of_kind(world, "oncologist", "oncology", subject=2)
        session = begin(world, "oncologist", task)
        day = points[1].assessment_date
        assert day is not None
        own["task"] = task.pk
    for person in world.users.values():
        person.refresh_from_db()
    planted = plant_everywhere(as_owner)
    hidden = planted | words | {"day": str(day), "day in words": day_words(day)}
    others = {
        f"name of {one}": world.users[one].printed_name
        for one in world.users
        if one != "oncologist"
    }
    seen = asked_of_everything(world, "oncologist", own)
    with scope(world.study):
        save(world, "oncologist", session, AGREE)
        sign(world, "oncologist", session)
    client = logged_in(world, "oncologist")
    for address in (f"/s/ALPHA/reads/{task.pk}/signed/", "/reads/?view=signed", "/notices/"):
        answer = client.get(address)
        seen[f"after signing: {address}"] = (answer.status_code, text_of(answer))
        assert answer.status_code == 200, address
    found = leaks(seen, hidden | others)
    assert found == [], "\n".join(found)
    assert {200, 403, 404} <= {status for status, _ in seen.values()}
    assert [a for a, (status, _) in seen.items() if status >= 500] == []
    # The page of the review itself was among them, with the values that the oncologist may see.
    status, page = seen[f"GET /s/ALPHA/reads/{task.pk}/"]
    assert status == 200
    assert b"TP2" in page
    mailed = "\n".join(f"{m.subject}\n{m.body}" for m in mail.outbox)
    assert [word for word in hidden.values() if word in mailed] == []


#: what an opened dossier shows: values and units, under the code of the study's own definition
OPENED = {f"clinical.DossierItem.{column}" for column in ("code", "value", "unit")}


def test_an_opened_dossier_tells_its_values_and_nothing_else_of_the_subject(
    as_owner: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The panel, the API and every other address, before and after the dossier was opened."""
    world = make_dossier_study()
    with scope(world.study):
        words = plant(world)
        own = own_objects_of_a_read(world)
        for person in world.users.values():
            person.refresh_from_db()
    monkeypatch.setattr(sys.modules[__name__], "SHOWN", SHOWN | OPENED)
    planted = plant_everywhere(as_owner)
    assert {"clinical.Dossier.reason", "clinical.Dossier.due_by"} <= set(planted)
    first, others = READERS[0], {name: world.users[name].printed_name for name in world.users}
    others = {f"name of {name}": word for name, word in others.items() if name != READERS[0]}
    hidden = planted | words | others
    # Nothing of a dossier is on any page before somebody opens it.
    seen = asked_of_everything(world, first, own)
    assert leaks(seen, hidden | {"value": VALUE}) == []
    client = logged_in(world, first)
    base = f"/s/ALPHA/reads/{own['task']}"
    api = f"/api/v1/studies/ALPHA/reads/{own['task']}/dossier/"
    asked = {
        "panel": client.post(f"{base}/dossier/", {"place": 1}),
        "part": client.post(f"{base}/dossier/", {"place": 1}, HTTP_HX_REQUEST="true"),
        "api": client.post(api, {"time_point": 1}, content_type="application/json"),
    }
    for name, answer in asked.items():
        assert (answer.status_code, VALUE in answer.content.decode()) == (200, True), name
    asked |= {
        "later": client.post(f"{base}/dossier/", {"place": 2}),
        "later by api": client.post(api, {"time_point": 2}, content_type="application/json"),
        "nothing": client.post(f"{base}/dossier/", {"place": "x"}),
        "room": client.get(f"{base}/"),
    }
    told = {name: (answer.status_code, text_of(answer)) for name, answer in asked.items()}
    assert leaks(told, hidden) == []
    assert [told[name][0] for name in ("later", "later by api", "nothing")] == [403, 403, 403]
    # The other reader, who has not started, is told nothing of it, nor that it was opened.
    assert leaks(asked_of_everything(world, READERS[1], own), {"value": VALUE}) == []


VALUE = "Mediastinal radiotherapy, 50 Gy"


def own_objects_of_a_read(world: StudyWorld) -> dict[str, Any]:
    """Start the first reader's baseline with its dossier; the second time point has one as well."""
    for sequence in (1, 2):
        apply_dossier(world, sequence, VALUE if sequence == 1 else "Later words")
    for point in world.time_points(world.subjects[0])[:2]:
        ready(world, point, description="AXIAL")
    run_jobs()
    task = task_of(world, READERS[0])
    reading.open_session(task, actor=reader(world, READERS[0]))
    return {
        "task": task.pk,
        "time_point": task.time_point_id,
        "subject": world.subjects[0].pk,
        "dossier": task.time_point_id,
    }


def read_by_both(world: StudyWorld) -> list[Any]:
    """Enrol a third subject and let both readers sign the same two reads of it."""
    subject = subjects.register_subject(
        world.sites[0],
        code="101-777",
        anchors={"enrolment": clock.today()},
        actor=BUILDER,
        source="site",
    )
    subjects.enrol(subject, actor=BUILDER)
    world.subjects.append(subject)
    for time_point in world.time_points(subject)[:2]:
        ready(world, time_point)
    run_jobs()
    for name in READERS:
        read_baseline(world, name, "40.0", "20.0", subject=2)
        read_follow_up(world, name, 2, ("25.0", "12.0"), PARTIAL, subject=2)
    run_jobs()
    points: list[Any] = world.time_points(subject)
    return points


def test_every_blinded_role_is_asked() -> None:
    asked = {"central_reader", "adjudicator"}
    assert {str(role) for role in BLINDED_ROLES} <= asked | {"oncologist"}


def test_the_trail_of_the_study_and_of_every_record_is_closed_to_blinded_people() -> None:
    """T14: a trail would tell who read what and when; blinded people have no page of it."""
    world = make_read_study()
    with scope(world.study):
        own = own_objects(world)
    trails = ["/s/ALPHA/trail/", f"/s/ALPHA/time-points/{own['time_point']}/"]
    for name in BLINDED:
        client = logged_in(world, name)
        assert {client.get(address).status_code for address in trails} <= {403, 404}


ORACLES = (
    "ordering=stream__subject__code",
    "ordering=-time_point__assessment_date",
    "stream__subject__code__startswith=1",
    "time_point__subject__study_site__number=101",
    "search=101",
    "stream__role=reader_1",
    "page_size=1&ordering=created_at",
)


@pytest.mark.parametrize("query", ORACLES)
def test_hidden_fields_neither_filter_nor_order_what_a_reader_lists(query: str) -> None:
    """T15: an answer that changes with a hidden value tells that value."""
    world = make_read_study()
    with scope(world.study):
        for subject in world.subjects:
            ready(world, world.time_points(subject)[0])
        run_jobs()
    client = logged_in(world, READERS[0])
    plain = client.get("/api/v1/studies/ALPHA/reads/")
    asked = client.get(f"/api/v1/studies/ALPHA/reads/?{query}")
    assert asked.status_code in {200, 400}
    if asked.status_code == 200:
        rows = [answer.json()["results"] for answer in (plain, asked)]
        ids = [[row["id"] for row in found] for found in rows]
        assert ids[1] in (ids[0], ids[0][:1])
    inbox = client.get(f"/reads/?{query}")
    assert [row.task.pk for row in inbox.context["rows"]] == [
        row.task.pk for row in client.get("/reads/").context["rows"]
    ]


def test_nothing_tells_a_reader_whether_the_other_has_read() -> None:
    """T13: the same bytes before and after the other reader signs, and while a case is open."""
    world = make_read_study()
    with scope(world.study):
        for time_point in world.time_points(world.subjects[0])[:2]:
            ready(world, time_point)
        run_jobs()
        for name in READERS:
            read_baseline(world, name, "40.0", "20.0")
        read_follow_up(world, READERS[0], 2, ("30.0", "15.0"), ("SD", "NON-CR/NON-PD", "SD"))
        run_jobs()
        task = ReadTask.objects.get(
            stream__reader=world.users[READERS[0]], stream__subject=world.subjects[0], sequence=2
        )
    watched = (
        "/reads/", "/reads/?view=signed", f"/s/ALPHA/reads/{task.pk}/signed/",
        "/api/v1/studies/ALPHA/reads/", f"/api/v1/studies/ALPHA/reads/{task.pk}/", "/notices/",
    )  # fmt: skip

    def shown() -> list[str]:
        client = logged_in(world, READERS[0])
        return [stable(client.get(address).content.decode()) for address in watched]

    before = shown()
    with scope(world.study):
        read_follow_up(world, READERS[1], 2, ("25.0", "12.0"), ("PR", "NON-CR/NON-PD", "PR"))
        run_jobs()
        assert task.time_point.adjudications.count() == 1
    assert shown() == before


def stable(page: str) -> str:
    """Return a page without what differs between any two requests: tokens and the clock."""
    import re

    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)
    page = re.sub(r'"X-CSRFToken": ?"[^"]+"', "", page)
    page = re.sub(r'(csrf[^=]*=)"[^"]+"', r"\1", page)
    page = re.sub(r'nonce="[^"]+"', "", page)
    return re.sub(r"\d+ (second|minute)s?", "", page)
