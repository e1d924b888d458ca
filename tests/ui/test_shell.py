"""The frame is built by one upper application, when a template asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.http import HttpRequest
from django.test import RequestFactory

from ui import context, shell


@pytest.fixture
def no_builder(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(shell, "_builders", [])
    yield


def test_without_a_builder_the_page_is_for_somebody_signed_out(no_builder: None) -> None:
    assert shell.shell_for(RequestFactory().get("/")) == shell.Shell()


def test_the_registered_builder_builds_the_frame(no_builder: None) -> None:
    shell.register_shell(lambda request: shell.Shell(printed_name=request.path))
    assert shell.shell_for(RequestFactory().get("/x/")).printed_name == "/x/"


def test_a_second_builder_is_refused(no_builder: None) -> None:
    shell.register_shell(lambda request: shell.Shell())
    with pytest.raises(shell.ShellAlreadyRegistered):
        shell.register_shell(lambda request: shell.Shell(role="other"))


def test_answers_that_show_no_frame_do_not_build_one(no_builder: None) -> None:
    asked: list[HttpRequest] = []

    def build(request: HttpRequest) -> shell.Shell:
        asked.append(request)
        return shell.Shell(printed_name="Marta Lindqvist")

    shell.register_shell(build)
    given = context.shell(RequestFactory().get("/"))
    assert asked == []
    assert given["shell"].printed_name == "Marta Lindqvist"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("cookie", "theme"), [("dark", "dark"), ("", "light"), ("pink", "light")])
def test_the_chosen_colours_come_from_the_cookie(cookie: str, theme: str) -> None:
    request = RequestFactory().get("/")
    request.COOKIES["icro_theme"] = cookie
    assert context.shell(request)["theme"] == theme
