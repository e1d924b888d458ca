"""The side menu of a study: groups that fold, remembered for each person."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.projects.lives import log_in
from tests.world import StudyWorld

pytestmark = pytest.mark.django_db


def menu(client: Client, name: str, *args: Any) -> dict[str, bool]:
    """Return the groups of the menu on a page of the study: whether each is open."""
    shell = client.get(reverse(name, args=["ALPHA", *args])).context["shell"]
    return {group.label: group.is_open for group in shell.menu}


def fold(client: Client, group: str, is_open: str) -> int:
    answer = client.post(reverse("menu-fold"), {"group": group, "open": is_open})
    return answer.status_code


def test_a_long_menu_starts_folded_but_for_the_group_of_the_page(world: StudyWorld) -> None:
    scientist = log_in(Client(), world.users["scientific"])
    assert menu(scientist, "qc-queue") == {
        "": True, "Images": True, "Reads": False, "Study": False, "Data": False
    }  # fmt: skip
    assert menu(scientist, "subject-list")["Study"]
    assert not menu(scientist, "subject-list")["Images"]


def test_a_short_menu_is_open(world: StudyWorld) -> None:
    assert all(menu(log_in(Client(), world.users["site_user"]), "query-list").values())


def test_what_a_person_opened_or_folded_is_remembered_for_that_person(world: StudyWorld) -> None:
    scientist = log_in(Client(), world.users["scientific"])
    operator = log_in(Client(), world.users["image_operations"])
    assert fold(scientist, "reads", "yes") == 204
    assert fold(scientist, "study", "no") == 204
    assert menu(scientist, "qc-queue")["Reads"]
    again = log_in(Client(), world.users["scientific"])
    assert menu(again, "qc-queue")["Reads"]
    assert not menu(operator, "qc-queue")["Reads"]
    assert menu(scientist, "subject-list")["Study"], "the group of the page stays open"


def test_only_groups_of_the_menu_can_be_folded(world: StudyWorld) -> None:
    client = log_in(Client(), world.users["scientific"])
    assert fold(client, "", "yes") == 400
    assert fold(client, "everything", "no") == 400
    assert client.get(reverse("menu-fold")).status_code == 405


def test_a_folded_group_tells_what_waits_in_it(world: StudyWorld) -> None:
    operator = log_in(Client(), world.users["image_operations"])
    text = operator.get(reverse("subject-list", args=["ALPHA"])).content.decode()
    heading = re.search(r'<button[^>]*data-menu-group="images">.*?</button>', text, re.DOTALL)
    assert heading
    assert 'aria-expanded="false"' in heading[0]
    assert '<span class="ic-count" data-tone="wait">2</span>' in heading[0]


def test_one_line_of_the_menu_is_the_page_s(world: StudyWorld) -> None:
    scientist = log_in(Client(), world.users["scientific"])
    for name in (
        "read-progress",
        "performance",
        "study-overview",
        "configuration-list",
        "subject-list",
    ):
        text = scientist.get(reverse(name, args=["ALPHA"]), follow=True).content.decode()
        side = text[text.index('id="side-menu"') : text.index('<main class="ic-page"')]
        assert side.count('aria-current="page"') == 1, name


def test_what_was_sent_lies_under_the_line_that_led_there(world: StudyWorld) -> None:
    for role, line in (("image_operations", "Uploads and QC"), ("site_user", "Uploads")):
        client = log_in(Client(), world.users[role])
        text = client.get(reverse("submission-list", args=["ALPHA"])).content.decode()
        side = text[text.index('id="side-menu"') : text.index('<main class="ic-page"')]
        here = re.search(r'<a[^>]*title="([^"]*)"[^>]*aria-current="page"', side)
        assert here, role
        assert here[1] == line
