"""The client that asks both servers, and what it asks."""

from __future__ import annotations

import http.client
import socket
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

JSON = "application/dicom+json"
OCTETS = 'multipart/related; type="application/octet-stream"'
OBJECT = 'multipart/related; type="application/dicom"'
GOOD = (200, 202, 204)


class Client:
    """One connection that is kept open."""

    def __init__(self, base: str, headers: dict[str, str]) -> None:
        parts = urllib.parse.urlsplit(base)
        if parts.hostname not in ("127.0.0.1", "localhost"):
            raise ValueError("the loopback interface only")
        self.path = parts.path.rstrip("/")
        self.headers = headers
        self.connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=300)
        self.connection.connect()
        self.connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, bytes]:
        """Ask and read the whole answer."""
        self.connection.request(method, self.path + path, body, {**self.headers, **headers})
        answer = self.connection.getresponse()
        return answer.status, answer.read()


def wait_for(address: str, process: subprocess.Popen[bytes], seconds: float = 60) -> None:
    """Wait until a server answers."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            Client(address, {}).ask("GET", "")
            return  # noqa: TRY300 - any answer will do
        except OSError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{address} does not answer") from None
            time.sleep(0.1)


@dataclass(frozen=True)
class Uids:
    """Identifiers of the series: study, series and instances."""

    study: str
    series: str
    instances: list[str]


@dataclass(frozen=True)
class Target:
    """A server, how to be let in, and the identifiers under which it holds the series."""

    base: str
    headers: dict[str, str]
    uids: Uids


Path = Callable[[Uids, int], str]


@dataclass(frozen=True)
class Measure:
    """One question. ``most`` limits how often it is asked in a round."""

    name: str
    title: str
    path: Path
    accept: str
    clients: tuple[int, ...] = (1, 8)
    most: int = 100_000


def _series(uids: Uids) -> str:
    return f"/studies/{uids.study}/series/{uids.series}"


def _instance(uids: Uids, number: int) -> str:
    return f"{_series(uids)}/instances/{uids.instances[number % len(uids.instances)]}"


def _week(uids: Uids, number: int) -> str:
    month = 1 + number % 12
    return f"/studies?StudyDate=2024{month:02d}01-2024{month:02d}07&limit=25"


MEASURES = (
    Measure("frame", "WADO-RS frame", lambda u, i: f"{_instance(u, i)}/frames/1", OCTETS),
    Measure("instance", "WADO-RS instance", _instance, OBJECT),
    Measure(
        "instance_metadata",
        "WADO-RS instance metadata",
        lambda u, i: f"{_instance(u, i)}/metadata",
        JSON,
    ),
    Measure(
        "series_metadata",
        "WADO-RS series metadata",
        lambda u, i: f"{_series(u)}/metadata",
        JSON,
        clients=(1,),
        most=5,
    ),
    Measure(
        "instances",
        "QIDO-RS instances, limit 100",
        lambda u, i: f"{_series(u)}/instances?limit=100",
        JSON,
        most=30,
    ),
    Measure("series", "QIDO-RS series of a study", lambda u, i: f"/studies/{u.study}/series", JSON),
    Measure("studies", "QIDO-RS studies by a range of dates, limit 25", _week, JSON),
    Measure("whole", "WADO-RS whole series", lambda u, i: _series(u), OBJECT, clients=(1,), most=2),
)


def run(target: Target, measure: Measure, clients: int, count: int) -> tuple[list[float], float]:
    """Ask a question ``count`` times from several threads; return latencies and wall time, s."""
    latencies: list[float] = []
    wrong: list[Any] = []
    lock, numbers = threading.Lock(), iter(range(count))
    ready = threading.Barrier(clients + 1)

    def work() -> None:
        asked = Client(target.base, target.headers)
        status, _ = asked.ask("GET", measure.path(target.uids, 0), Accept=measure.accept)
        ready.wait()
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            began = time.perf_counter()
            status, body = asked.ask(
                "GET", measure.path(target.uids, number), Accept=measure.accept
            )
            taken = time.perf_counter() - began
            with lock:
                latencies.append(taken)
                if status not in GOOD or not body:
                    wrong.append((status, body[:200]))

    threads = [threading.Thread(target=work) for _ in range(clients)]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"{measure.name} at {target.base}: {wrong[0]}")
    return latencies, time.perf_counter() - began
