"""The servers out of packages: started, stopped, killed, started again with their data."""

from __future__ import annotations

import contextlib
import os
import signal
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg2
import pytest
import redis

from icro.devstack import LONGEST_SOCKET_DIR, Stack


@pytest.fixture(scope="module")
def own_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    stack = Stack(tmp_path_factory.mktemp("stack"))
    stack.start()
    yield stack
    stack.stop()
    assert not stack.runs()


def ask(stack: Stack, role: str, statement: str) -> list[tuple[object, ...]]:
    with contextlib.closing(stack.connect(role=role)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def test_only_the_owner_of_the_files_can_reach_the_servers(own_stack: Stack) -> None:
    assert stat.S_IMODE(own_stack.socket_dir.stat().st_mode) == 0o700
    assert ask(own_stack, "icro_app", "SHOW listen_addresses") == [("",)]
    client = redis.Redis.from_url(own_stack.redis_url())
    assert client.config_get("port") == {"port": "0"}


def test_the_three_roles_have_the_rights_that_their_names_say(own_stack: Stack) -> None:
    ask(own_stack, "icro_owner", "CREATE TABLE thing (id int)")
    ask(own_stack, "icro_app", "INSERT INTO thing VALUES (1)")
    assert ask(own_stack, "icro_read", "SELECT id FROM thing") == [(1,)]
    for role, statement in (
        ("icro_app", "CREATE TABLE other (id int)"),
        ("icro_app", "TRUNCATE thing"),
        ("icro_app", "DROP TABLE thing"),
        ("icro_app", "ALTER TABLE thing OWNER TO icro_app"),
    ):
        with pytest.raises(psycopg2.errors.InsufficientPrivilege):
            ask(own_stack, role, statement)
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        ask(own_stack, "icro_read", "DELETE FROM thing")
    ask(own_stack, "icro_owner", "DROP TABLE thing")


def test_a_kill_of_both_servers_costs_nothing_that_was_committed(own_stack: Stack) -> None:
    client = redis.Redis.from_url(own_stack.redis_url())
    ask(own_stack, "icro_owner", "CREATE TABLE kept AS SELECT 42 AS answer")
    postmaster = int((own_stack.folder / "pg" / "postmaster.pid").read_text().split()[0])
    os.kill(client.info()["process_id"], signal.SIGKILL)
    os.kill(postmaster, signal.SIGKILL)

    own_stack.start()

    assert own_stack.runs()
    assert ask(own_stack, "icro_owner", "SELECT answer FROM kept") == [(42,)]


def test_a_second_start_changes_nothing(own_stack: Stack) -> None:
    before = (own_stack.folder / "pg" / "postmaster.pid").read_text()
    own_stack.start()
    assert (own_stack.folder / "pg" / "postmaster.pid").read_text() == before


def test_a_deep_folder_gets_its_sockets_somewhere_shorter() -> None:
    deep = Path("/") / "/".join(["folder"] * 30)
    assert Stack(Path("/srv/icro")).socket_dir == Path("/srv/icro/s")
    assert len(os.fsencode(Stack(deep).socket_dir)) <= LONGEST_SOCKET_DIR
    assert Stack(deep).socket_dir != Stack(deep / "other").socket_dir
