"""A whole installation of ours for the benchmark: stack, web, workers, a study and its people."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import uuid4

from benchmarks.dicomweb_parts.client import Client, Uids, wait_for
from benchmarks.dicomweb_parts.images import day_of
from benchmarks.dicomweb_parts.processor import seconds

ROOT = Path(__file__).resolve().parents[2]
CODE = "BENCH"
LANES = 3  # connections of the sending program
FILES_AT_ONCE = 24  # in one message
ON_THE_WAY = {"received", "deidentified"}
STREAMED = 4  # subjects whose visits are sent one after the other
TURNS = 3  # subjects whose visits are sent in turns with the other server
PATIENCE_S = 600
START_S = 90


@dataclass
class Received:
    """How long a receipt took, from the first request to "in QC", and its parts, s."""

    total: float
    parts: dict[str, float] = field(default_factory=dict)


@dataclass
class Installation:
    """The running installation."""

    origin: str
    key: str
    site_key: str
    world: Any
    processes: tuple[int, ...] = ()

    @property
    def address(self) -> str:
        """Where DICOMweb is."""
        return f"{self.origin}/dicomweb/{CODE}"

    def receive(self, files: list[Path], *, subject: Any = None, at_once: bool = False) -> Received:
        """Send files as a program of the site does, sign, and wait until the visit is in QC.

        Args:
            subject: whose first visit it is; the first subject's without it.
            at_once: sign as soon as the form can be filled in, and count all of the workers' time;
                else sign when they are done with what they do while a person fills it in.
        """
        from audit import jobs
        from imaging.services import submission
        from studies.scoping import scope
        from tests.imaging import upload_world

        world = self.world
        with scope(world.study):
            point = world.time_points(subject or world.subjects[0])[0]
            row = submission.start(point, actor=world.actor("site_user"))
            announced = {p: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}
            base = f"{self.origin}/api/v1/studies/{CODE}/submissions/{row.pk}"
            spent, began = seconds(self.processes), time.perf_counter()
            self._send(base, announced)
            uploaded = time.perf_counter()
            # The checks fill in the form as well: until they have, it is not ours.
            self._wait(lambda: self._fresh(row).form_record.answers)
            checked = time.perf_counter()
            if not at_once:
                self._wait(lambda: all(job.is_over for job in jobs.of(row)))
            ready = time.perf_counter()
            upload_world.fill_form(world, row)
            signing = time.perf_counter()
            sent = upload_world.send(world, row)
            self._wait(lambda: self._fresh(sent).state not in ON_THE_WAY)
            done, spent = time.perf_counter(), seconds(self.processes) - spent
            found = self._fresh(sent)
            if found.state != "in_qc":
                raise SystemExit(f"the submission is {found.state}: {found.hold_reason}")
            self._wait(lambda: found.series.filter(previews__isnull=False).exists())
            drawn = time.perf_counter()
        upload, checks, signed = uploaded - began, checked - uploaded, done - signing
        if at_once:
            parts = {
                "upload": upload,
                "checks before sending": checks,
                "de-identification, verification, index and automatic QC": signed,
                "processor time of web, workers and database": spent,
            }
            return Received(upload + checks + signed, parts)
        parts = {
            "upload": upload,
            "checks before sending (not counted)": checks,
            "de-identification and verification ahead (not counted)": ready - checked,
            "signature, rows, index and automatic QC": signed,
            "pictures (after QC is open; not counted)": drawn - done,
            "processor time of web, workers and database, without pictures": spent,
        }
        return Received(upload + signed, parts)

    def receive_one_after_the_other(self, visits: list[list[Path]]) -> Received:
        """Send visits of several subjects without a pause, as a program does that has many.

        Each is signed as soon as its form can be filled in, while the next one is sent.
        """
        from imaging.services import submission
        from studies.scoping import scope

        world, waiting = self.world, []
        announced = [
            {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
            for files in visits
        ]
        spent, began = seconds(self.processes), time.perf_counter()
        with ThreadPoolExecutor(1) as signer, scope(world.study):
            for subject, files in zip(world.streamed, announced, strict=True):
                point = world.time_points(subject)[0]
                row = submission.start(point, actor=world.actor("site_user"))
                self._send(f"{self.origin}/api/v1/studies/{CODE}/submissions/{row.pk}", files)
                waiting.append(signer.submit(self._sign, row))
            for one in waiting:
                sent = one.result()
                self._wait(lambda sent=sent: self._fresh(sent).state not in ON_THE_WAY)
                if self._fresh(sent).state != "in_qc":
                    raise SystemExit(f"a submission is held: {self._fresh(sent).hold_reason}")
        total = time.perf_counter() - began
        used = seconds(self.processes) - spent
        return Received(total, {"processor time of web, workers and database": used})

    def _sign(self, row: Any) -> Any:
        from studies.scoping import scope
        from tests.imaging import upload_world

        with scope(self.world.study):
            self._wait(lambda: self._fresh(row).form_record.answers)
            upload_world.fill_form(self.world, row)
            return upload_world.send(self.world, row)

    def _fresh(self, row: Any) -> Any:
        from imaging.models import Submission

        return Submission.objects.in_study(row.study_id).get(pk=row.pk)

    def _wait(self, over: Any) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not over():
            if time.monotonic() > deadline:
                raise SystemExit("the workers do not finish")
            time.sleep(0.05)

    def _send(self, base: str, announced: dict[Path, str]) -> None:
        headers = {"Authorization": f"Bearer {self.site_key}"}
        first = Client(base, headers)
        manifest = {
            "files": [{"sha256": d, "size": p.stat().st_size} for p, d in announced.items()]
        }
        kind = {"Content-Type": "application/json"}
        status, body = first.ask("POST", "/manifest/", json.dumps(manifest), **kind)
        if status != 200:  # noqa: PLR2004
            raise SystemExit(f"manifest: {status} {body[:300]!r}")
        waiting, wrong = iter(_batches(list(announced.items()))), []
        lock = threading.Lock()

        def lane() -> None:
            asked = Client(base, headers)
            while True:
                with lock:
                    batch = next(waiting, None)
                if batch is None:
                    return
                line = " ".join(digest for _, digest in batch).encode() + b"\n"
                content = chain([line], (path.read_bytes() for path, _ in batch))
                length = len(line) + sum(path.stat().st_size for path, _ in batch)
                kind = {"Content-Type": "application/octet-stream", "Content-Length": str(length)}
                status, body = asked.ask("POST", "/files/", content, **kind)
                if status != 204:  # noqa: PLR2004
                    wrong.append((status, body[:300]))

        lanes = [threading.Thread(target=lane) for _ in range(LANES)]
        for one in lanes:
            one.start()
        for one in lanes:
            one.join()
        status, body = first.ask("POST", "/finish/", "{}", **kind)
        if wrong or status != 200:  # noqa: PLR2004
            raise SystemExit(f"upload: {wrong[:1]} {status} {body[:300]!r}")

    def uids(self) -> Uids:
        """Return the new identifiers of the received series."""
        from imaging.models import InstanceIndex, SeriesIndex

        row = SeriesIndex.objects.order_by("-instance_count").first()
        if row is None:
            raise SystemExit("nothing was indexed")
        found = InstanceIndex.objects.filter(series_id=row.series_id).order_by("number")
        return Uids(row.study_uid, row.uid, list(found.values_list("sop_instance_uid", flat=True)))

    def load_studies(self, count: int) -> None:
        """Put studies into the index by COPY: one series of one image each (benchmarks only)."""
        from imaging.models import ImagingStudy, Series, SeriesIndex, StudyIndex

        template = SeriesIndex.objects.order_by("-instance_count").first()
        if template is None:
            raise SystemExit("nothing was indexed")
        series = Series.objects.in_study(template.study_id).get(pk=template.series_id)
        study = ImagingStudy.objects.in_study(template.study_id).get(pk=template.imaging_study_id)
        like = StudyIndex.objects.get(pk=study.pk)
        made = [(uuid4(), uuid4(), number) for number in range(count)]
        _copy(
            study,
            [{"id": a, "uid": f"2.25.80{n:07d}", "original_key": f"{n:064d}"} for a, _, n in made],
        )
        _copy(
            series,
            [
                {
                    "id": b,
                    "imaging_study_id": a,
                    "uid": f"2.25.81{n:07d}",
                    "original_key": f"{n:064d}",
                }
                for a, b, n in made
            ],
        )
        _copy(
            like,
            [
                {
                    "imaging_study_id": a,
                    "uid": f"2.25.80{n:07d}",
                    "study_date": day_of(n),
                    "patient_id": f"EX{n:05d}",
                    "attributes": json.dumps(
                        {
                            **like.attributes,
                            "00080020": {"vr": "DA", "Value": [day_of(n)]},
                            "00100020": {"vr": "LO", "Value": [f"EX{n:05d}"]},
                            "0020000D": {"vr": "UI", "Value": [f"2.25.80{n:07d}"]},
                        }
                    ),
                }
                for a, _, n in made
            ],
        )
        _copy(
            template,
            [
                {
                    "series_id": b,
                    "imaging_study_id": a,
                    "study_uid": f"2.25.80{n:07d}",
                    "uid": f"2.25.81{n:07d}",
                    "instance_count": 1,
                }
                for a, b, n in made
            ],
        )
        from django.db import connections

        with connections["owner"].cursor() as cursor:
            for model in (ImagingStudy, Series, SeriesIndex, StudyIndex):
                cursor.execute(f'ANALYZE "{model._meta.db_table}"')


def _batches(files: list[tuple[Path, str]]) -> list[list[tuple[Path, str]]]:
    return [files[at : at + FILES_AT_ONCE] for at in range(0, len(files), FILES_AT_ONCE)]


def _copy(like: Any, rows: list[dict[str, Any]]) -> None:
    """Add rows that equal one but for some columns, by COPY."""
    from django.db import connection

    fields = like._meta.concrete_fields
    names = ", ".join(f'"{field.column}"' for field in fields)
    out = io.StringIO()
    for row in rows:
        values = []
        for one in fields:
            value = row.get(one.attname, row.get(one.column, getattr(like, one.attname)))
            if isinstance(value, (dict, list)):
                value = json.dumps(value)
            elif isinstance(value, datetime):
                value = value.isoformat()
            text = r"\N" if value is None else str(value).replace("\\", "\\\\")
            values.append(text.replace("\t", "\\t").replace("\n", "\\n"))
        out.write("\t".join(values) + "\n")
    out.seek(0)
    with connection.cursor() as cursor:
        cursor.copy_expert(f'COPY "{like._meta.db_table}" ({names}) FROM STDIN', out)


@contextmanager
def installation(work: Path) -> Iterator[Installation]:
    """Start an installation in an empty folder; stop it afterwards."""
    from icro.devstack import Stack

    shutil.rmtree(work / "data", ignore_errors=True)
    stack = Stack(work / "stack")
    stack.stop()
    shutil.rmtree(work / "stack", ignore_errors=True)
    work.mkdir(parents=True, exist_ok=True)
    stack.start()
    environment = {
        "ICRO_ENV": "demo",
        "DATA_DIR": str(work / "data"),
        "DJANGO_SETTINGS_MODULE": "icro.settings",
        "LOG_LEVEL": "WARNING",
        "DATABASE_URL": stack.database_url("icro_app"),
        "MIGRATE_DATABASE_URL": stack.database_url("icro_owner"),
        "REDIS_URL": stack.redis_url(),
        "WEB_WORKERS": "2",
        "WORKER_PROCESSES": "2",
    }
    os.environ.update(environment)
    children: list[subprocess.Popen[bytes]] = []
    try:
        subprocess.run([*_processes("migrate")], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
        made = _world()
        port = _free_port()
        os.environ["PORT"] = str(port)
        children.append(_start("web", work / "web.log"))
        children.append(_start("worker", work / "worker.log"))
        origin = f"http://127.0.0.1:{port}"
        wait_for(f"{origin}/healthz", children[0])
        _wait_for_worker(work / "worker.log", children[1])
        mark = next((work / "stack").rglob("postmaster.pid"))
        database = int(mark.read_text().split()[0])
        processes = (database, *(child.pid for child in children))
        yield Installation(origin, made["key"], made["site_key"], made["world"], processes)
    finally:
        for child in children:
            _end(child)
        stack.stop()


def _processes(name: str) -> list[str]:
    return [sys.executable, "-m", "icro.processes", name]


def _start(name: str, log: Path) -> subprocess.Popen[bytes]:
    with log.open("wb") as out:
        return subprocess.Popen(
            _processes(name),
            cwd=ROOT,
            env={**os.environ, "LOG_LEVEL": "INFO" if name == "worker" else "WARNING"},
            stdout=out,
            stderr=out,
            start_new_session=True,
        )


def _wait_for_worker(log: Path, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while b" ready." not in log.read_bytes():
        if child.poll() is not None or time.monotonic() > deadline:
            raise SystemExit(f"the worker does not start, see {log}")
        time.sleep(0.2)


def _end(child: subprocess.Popen[bytes]) -> None:
    if child.poll() is None:
        child.terminate()
    try:
        child.wait(timeout=40)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _more_subjects(world: Any) -> list[Any]:
    """Register subjects at the first site, beside those of the study's world."""
    from audit import clock
    from studies.services import subjects
    from tests.world import BUILDER

    made = []
    for number in range(STREAMED + TURNS):
        subject = subjects.register_subject(
            world.sites[0],
            code=f"{world.sites[0].number}-{900 + number}",
            anchors={"enrolment": clock.today()},
            actor=BUILDER,
            source="site",
        )
        subjects.enrol(subject, actor=BUILDER)
        made.append(subject)
    return made


def _world() -> dict[str, Any]:
    import django

    django.setup()
    from accounts import tokens
    from studies.actors import home_actor
    from tests.imaging.upload_world import make_imaging_study

    world = make_imaging_study(CODE, "Bench")
    more = _more_subjects(world)
    world.streamed, world.turns = more[:STREAMED], more[STREAMED:]
    keys = {}
    for name, who in (("key", "image_operations"), ("site_key", "site_user")):
        user = world.users[who]
        _, keys[name] = tokens.issue(user, label="benchmark", days=1, actor=home_actor(user))
    return {"world": world, **keys}
