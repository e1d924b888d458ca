"""Canaries: random words planted in everything that is hidden, looked for in everything shown."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Iterable

import pytest
from django.test import Client

from audit.actors import acting
from queries import services as queries
from reads.services import reading, settling
from reads.visibility import packages_of_reader
from studies.scoping import scope
from tests.queries.query_world import CONFIRM
from tests.reads.read_world import (
    READERS,
    disagreement,
    logged_in,
    make_read_study,
    read_baseline,
    reader,
    ready,
    run_jobs,
    task_of,
)
from tests.world import BUILDER, StudyWorld
from ui.moments import day_words

pytestmark = pytest.mark.django_db

LINK = re.compile(r"(?:href|src|action|data-[a-z-]+|hx-get)=\"(/[^\"#]*)|\"(/s/[^\"]+)\"")
MOST_PAGES = 150
MOST_PICTURES = 4


def canary() -> str:
    """Return a word that nothing else contains."""
    return "zq" + "".join(secrets.choice("bcdfghjklmnpqrstvwxz") for _ in range(10))


def plant(world: StudyWorld) -> dict[str, str]:
    """Put a canary into every hidden thing of the first subject's life, before it is read."""
    words = {
        name: canary()
        for name in (
            "site name", "site number", "subject code", "visit label", "investigator",
            "uploader", "other reader", "query text", "series description", "comment",
        )
    }  # fmt: skip
    subject = world.subjects[0]
    study_site = subject.study_site
    with acting(BUILDER, "canaries"):
        study_site.site.name = f"Hospital {words['site name']}"
        study_site.site.save()
        study_site.number = words["site number"]
        study_site.investigator = words["investigator"]
        study_site.save()
        subject.code = words["subject code"]
        subject.save()
        for time_point in subject.time_points.all():
            time_point.label = f"{words['visit label']} {time_point.label}"
            time_point.save()
        for user, word in (("site_user", "uploader"), (READERS[1], "other reader")):
            world.users[user].printed_name = words[word].title()
            world.users[user].save()
    return words


def ask_the_site(world: StudyWorld, text: str) -> None:
    """Raise a query about the first visit."""
    subject = world.subjects[0]
    time_point = world.time_points(subject)[0]
    queries.raise_query(
        about=time_point,
        study_site=subject.study_site,
        subject=subject,
        time_point=time_point,
        cause="quality",
        title=text,
        text=text,
        requests=[CONFIRM],
        actor=world.actor("image_operations"),
        blocking=False,
    )


def spellings(word: str) -> list[bytes]:
    """Return a word as text, hex and base64 at each of the three alignments."""
    raw = word.encode()
    found = [raw, raw.hex().encode()]
    for pad in range(3):
        encoded = base64.b64encode(b"x" * pad + raw)
        # Characters that mix with neighbours are cut: 2 or 3 at the front, up to 3 at the end.
        found.append(encoded[(0, 2, 3)[pad] : -4])
    return found


def crawl(client: Client, start: Iterable[str]) -> dict[str, tuple[int, bytes]]:
    """Fetch everything that pages lead to; return address -> status and headers with content."""
    waiting, seen, pictures = list(start), {}, 0
    while waiting and len(seen) < MOST_PAGES:
        address = waiting.pop(0)
        path = address.split("?")[0]
        skipped = path.startswith(("/static/", "/style-guide/")) or "logout" in path
        if address in seen or skipped:
            continue
        if path.endswith(".jpg"):
            pictures += 1
            if pictures > MOST_PICTURES:
                continue
        answer = client.get(address)
        body = b"".join(answer) if answer.streaming else answer.content
        head = "\n".join(f"{name}: {value}" for name, value in answer.items()).encode()
        seen[address] = (answer.status_code, address.encode() + b"\n" + head + b"\n" + body)
        if answer.headers.get("Location", "").startswith("/"):
            waiting.append(answer["Location"])
        if answer["Content-Type"].startswith(("text/html", "application/json")):
            found = LINK.finditer(body.decode())
            waiting += [(m[1] or m[2]).replace("&amp;", "&") for m in found]
    return seen


def leaks(seen: dict[str, tuple[int, bytes]], words: dict[str, str]) -> list[str]:
    """Name every canary that came out, and where."""
    return [
        f"{name} at {address}"
        for name, word in words.items()
        for address, (_, content) in seen.items()
        for spelling in spellings(word)
        if spelling in content or spelling.lower() in content.lower()
    ]


def test_nothing_that_is_hidden_reaches_a_reader_or_an_adjudicator() -> None:
    world = make_read_study()
    with scope(world.study):
        words = plant(world)
        last = world.time_points(world.subjects[0])[2]
        # Both readers sign two time points; the third is ready and open to reader 1.
        case = disagreement(world, comment=words["comment"])
        ask_the_site(world, words["query text"])
        ready(world, last, description=words["series description"])
        run_jobs()
        task = task_of(world, READERS[0], 3)
        reading.open_session(task, actor=reader(world, READERS[0]))
        hidden_day = world.time_points(world.subjects[0])[1].assessment_date
        assert hidden_day is not None
        settling.claim(case, actor=world.actor("adjudicator"))
        others = task_of(world, READERS[1], 3)
    api = "/api/v1/studies/ALPHA/reads/"
    room = f"/s/ALPHA/reads/{task.pk}/"
    forbidden = [
        f"/s/ALPHA/reads/{others.pk}/",
        "/s/ALPHA/reads/",
        f"/s/ALPHA/time-points/{last.pk}/",
        "/api/v1/studies/ALPHA/subjects/",
        "/api/v1/studies/ALPHA/time-points/",
        f"{api}{others.pk}/",
    ]
    client = logged_in(world, READERS[0])
    seen = crawl(
        client,
        ["/reads/", "/reads/?view=signed", room, f"{room}panel/", f"{room}stacks/",
         f"{room}review/", "/adjudication/", "/", api, f"{api}{task.pk}/",
         f"{api}{task.pk}/answers/", *forbidden],
    )  # fmt: skip
    assert seen[room][0] == 200
    assert sum(path.endswith(".jpg") for path in seen) == MOST_PICTURES
    assert seen[f"{api}{task.pk}/answers/"][0] == 200
    for address in forbidden:
        assert seen[address][0] in {403, 404}, address
    conflict = client.post(
        f"{room}save/",
        {"values": {"answers[quality.overall]": "ADEQUATE"}},
        content_type="application/json",
        headers={"If-Match": '"999"'},
    )
    assert conflict.status_code == 409
    seen["conflict"] = (409, conflict.content)
    days = {"day": hidden_day.isoformat(), "day in words": day_words(hidden_day)}
    assert leaks(seen, words | days) == []

    cases = crawl(
        logged_in(world, "adjudicator"),
        ["/adjudication/", f"/s/ALPHA/adjudication/{case.pk}/",
         f"/s/ALPHA/adjudication/{case.pk}/stacks/", "/reads/", "/", room, *forbidden],
    )  # fmt: skip
    assert cases[f"/s/ALPHA/adjudication/{case.pk}/"][0] == 200
    assert sum(path.endswith(".jpg") for path in cases) == MOST_PICTURES
    names = {name: world.users[name].printed_name for name in READERS}
    labels = {"case of a reader": task.stream.label}
    assert leaks(cases, words | days | names | labels) == []
    assert all(b"TP3" not in content for _, content in cases.values())


def test_a_locked_time_point_is_absent_from_list_page_json_and_pictures() -> None:
    world = make_read_study()
    with scope(world.study):
        for time_point in world.time_points(world.subjects[0])[:2]:
            ready(world, time_point)
        run_jobs()
        first, second = (task_of(world, READERS[0], n) for n in (1, 2))
        reading.open_session(first, actor=reader(world, READERS[0]))
        entry = second.package.entries.get()
        picture = entry.series.previews.first().objects_sha256[0]
    client = logged_in(world, READERS[0])
    image = f"/s/ALPHA/reads/pictures/{entry.series_id}/{picture}.jpg"
    locked = [
        f"/s/ALPHA/reads/{second.pk}/",
        f"/s/ALPHA/reads/{second.pk}/panel/",
        f"/s/ALPHA/reads/{second.pk}/stacks/",
        f"/s/ALPHA/reads/{second.pk}/review/",
        f"/s/ALPHA/reads/{second.pk}/signed/",
        f"/api/v1/studies/ALPHA/reads/{second.pk}/",
        image,
    ]
    assert [client.get(address).status_code for address in locked] == [404] * len(locked)
    absent = client.get("/s/ALPHA/reads/00000000-0000-4000-8000-000000000000/")
    assert absent.status_code == 404
    for address in ("/reads/", f"/s/ALPHA/reads/{first.pk}/", f"/s/ALPHA/reads/{first.pk}/stacks/"):
        shown = client.get(address).content.decode()
        assert str(second.pk) not in shown
        assert str(entry.series_id) not in shown
        assert "Time point 2" not in shown
        assert "TP2" not in shown
    listed = client.get("/api/v1/studies/ALPHA/reads/").json()
    rows = listed["results"] if isinstance(listed, dict) else listed
    assert [row["time_point"] for row in rows] == [1]
    with scope(world.study):
        read_baseline(world, READERS[0], "40.0")
        actor = reader(world, READERS[0])
        assert second.package_id in packages_of_reader(actor).values_list("pk", flat=True)
    assert client.get(image).status_code == 200
    assert client.get(image)["Content-Type"] == "image/jpeg"
