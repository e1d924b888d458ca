"""Pages of reads at 1,200 subjects x 8 time points x 2 readers: time and questions to the database.

usage: python benchmarks/reads.py WORKDIR [--subjects 1200] [--rounds 20] [--again] [--write PAGE]

A database of its own is started in WORKDIR and stopped afterwards; with --again the one that an
earlier run left there gets two more studies, which saves its migration. Rows are loaded by COPY.
Each page is asked by the Django test client in this process, so the numbers hold the view, the
database and the template, and no network. The small study beside it (60 subjects) shows that the
number of questions does not grow.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

READERS = 20
FEW = 60
BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"
#: page -> who opens it; {code} is the study
PAGES = (
    ("My reads", "/reads/", "central_reader"),
    ("My reads, signed, page 5", "/reads/?view=signed&page=5", "central_reader"),
    ("My cases, signed", "/adjudication/?view=signed", "adjudicator"),
    ("Progress of reads", "/s/{code}/reads/", "reviewer_operations"),
    ("Progress of reads, page 100", "/s/{code}/reads/?view=signed&page=100", "project_manager"),
    ("Time points (matrix)", "/s/{code}/time-points/", "project_manager"),
    ("Time points, page 20", "/s/{code}/time-points/?page=20", "image_operations"),
    ("Reader performance", "/s/{code}/performance/", "scientific"),
    ("Performance of one reader", "/s/{code}/performance/readers/1/", "scientific"),
    ("Variability studies", "/s/{code}/performance/variability/", "scientific"),
)


@contextmanager
def database(work: Path, *, again: bool) -> Iterator[None]:
    """Start PostgreSQL and the broker, migrate, and stop them afterwards.

    Args:
        again: use the folder as an earlier run left it, not an empty one.
    """
    from icro.devstack import Stack

    stack = Stack(work / "stack")
    stack.stop()
    if not again:
        shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    stack.start()
    os.environ.update(
        {
            "ICRO_ENV": "demo",
            "DATA_DIR": str(work / "data"),
            "DJANGO_SETTINGS_MODULE": "icro.settings",
            "LOG_LEVEL": "WARNING",
            "DATABASE_URL": stack.database_url("icro_app"),
            "MIGRATE_DATABASE_URL": stack.database_url("icro_owner"),
            "REDIS_URL": stack.redis_url(),
        }
    )
    try:
        command = [sys.executable, "-m", "icro.processes", "migrate"]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        yield
    finally:
        stack.stop()


def build(code: str, subjects: int) -> Any:
    """Make a study with twenty readers and load its reads."""
    from django.db import connections

    from accounts.permissions import Role
    from benchmarks.read_rows import analyse, seed
    from reads.services import qualifying
    from studies.scoping import scope
    from studies.services import people
    from tests.reads.read_world import make_read_study
    from tests.world import BUILDER, make_user

    world = make_read_study(code, f"Sponsor of {code}")
    readers = [world.users["central_reader"], world.users["central_reader_2"]]
    with scope(world.study):
        for number in range(3, READERS + 1):
            user = make_user(f"{code}_reader_{number}".lower())
            people.grant_role(user, Role.CENTRAL_READER, study=world.study, sites=[], actor=BUILDER)
            qualifying.qualify(user, world.study, actor=world.actor("project_manager"))
            readers.append(user)
        seed(world, subjects=subjects, readers=readers)
    with connections["owner"].cursor() as cursor:
        analyse(cursor)
    return world


def measure(world: Any, rounds: int) -> list[tuple[str, int, float, float, float]]:
    """Return name, questions, median, 95th percentile and processor time (ms) of every page.

    The processor time is the median of this process: other work on the machine does not lengthen
    it as it lengthens the others; what the database does is not in it.
    """
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    found = []
    for name, address, who in PAGES:
        client = Client()
        client.force_login(
            world.users[who], backend="allauth.account.auth_backends.AuthenticationBackend"
        )
        url = address.format(code=world.study.code)
        for _ in range(2):
            if client.get(url).status_code != 200:  # noqa: PLR2004
                raise SystemExit(f"{url} does not open")
        with CaptureQueriesContext(connection) as asked:
            client.get(url)
        count = len(asked)  # the next request empties the log
        times, worked = [], []
        for _ in range(rounds):
            began, spent = time.perf_counter(), time.process_time()
            client.get(url)
            times.append((time.perf_counter() - began) * 1000)
            worked.append((time.process_time() - spent) * 1000)
        p95, processor = statistics.quantiles(times, n=20)[-1], statistics.median(worked)
        found.append((name, count, statistics.median(times), p95, processor))
        print(f"{name}: {count} questions, p95 {p95:.0f} ms, {processor:.0f} ms worked", flush=True)
    return found


def page(big: list[Any], small: list[Any], subjects: int, reads: int, rounds: int) -> str:
    """Return the table for the documentation."""
    lines = [
        BEGIN,
        f"{subjects:,} subjects × 8 time points × 2 readers ({reads:,} reads), {READERS} readers;",
        f"{rounds} requests of each page after two to warm up.",
        f"Machine: {_machine()}; load average while measuring {os.getloadavg()[0]:.1f}.",
        "",
        f"| Page | Questions | At {FEW} subjects | Median, ms | p95, ms | Processor, ms |",
        "|---|---|---|---|---|---|",
    ]
    for (name, asked, median, p95, processor), (_, few, *_) in zip(big, small, strict=True):
        times = f"{median:.0f} | {p95:.0f} | {processor:.0f}"
        lines.append(f"| {name} | {asked} | {few} | {times} |")
    return "\n".join([*lines, END])


def _machine() -> str:
    with Path("/proc/cpuinfo").open() as info:
        names = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    kind = names[0] if names else platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return f"{os.cpu_count()} × {kind}, {memory:.0f} GB, Python {platform.python_version()}"


def main() -> None:
    """Load, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--subjects", type=int, default=1200)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with database(options.work.absolute(), again=options.again):
        import django

        django.setup()
        from django.conf import settings

        settings.ALLOWED_HOSTS = ["*"]
        # Files of the pages are not part of what is measured, so they need not be collected.
        plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
        settings.STORAGES = {**settings.STORAGES, "staticfiles": plain}
        from reads.models import ReadTask
        from studies.models import Study

        run = Study.objects.count() // 2 + 1
        small = measure(build(f"SMALL{run}", FEW), 1 + 1)
        world = build(f"LARGE{run}", options.subjects)
        reads = ReadTask._base_manager.filter(study_id=world.study.pk).count()
        text = page(measure(world, options.rounds), small, options.subjects, reads, options.rounds)
    print(text)
    if options.write:
        before = options.write.read_text(encoding="utf-8")
        head, _, rest = before.partition(BEGIN)
        _, _, tail = rest.partition(END)
        options.write.write_text(head + text + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
