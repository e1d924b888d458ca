"""De-identification beside the disk's own limit and other tools, in one run on one machine.

    python benchmarks/deidentify.py SERIES WORK [--rounds 5] [--files 200] [--peers PYTHON]
    python benchmarks/deidentify.py SERIES WORK --memory

SERIES is a folder of one series.  `--peers` names the interpreter of an environment in which other
tools are installed (they are no part of the project).  Every tool works in processes of its own
that are started and warmed before the clock starts; the tools take turns, round by round, over the
same warm files; every output of every tool is synced to the disk.  `ours` is what the platform does
per file: judge the header, collect identity, clean, digests of the output and of its pixels (two
passes; that of the source comes with the receipt), sync in a group, and the independent verifier
reading both files again.  `ours, no report` is the command without `--report`: nobody reads a
digest, so none is made.  A tool that cannot run is shown as "not measured".
Ratios are made within a round, then the median is taken: compare only lines of one run.

`--memory` shows the peak memory of the command for 1,000 and 10,000 small files.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import json
import os
import platform
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import IO, Any, Final

ROOT: Final = Path(__file__).resolve().parents[1]
KEY: Final = b"a key for measurements only, 32b"
RECEIPT: Final = "0" * 64  # in production the digest of the source is that of the receipt
OURS: Final = ("physical", "physical, grouped sync", "ours", "ours, no report")
PEERS: Final = ("dcmanon", "dicom-anonymizer", "dicognito", "deid", "pydicom copy")

Batch = Callable[[list[tuple[Path, Path]]], None]


def synced(path: Path) -> None:
    """Sync one file, as a caller that needs durability must."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def each(work: Callable[[Path, Path], None]) -> Batch:
    """A batch of a tool that knows single files only: work, then sync, file by file."""

    def batch(pairs: list[tuple[Path, Path]]) -> None:
        for source, target in pairs:
            work(source, target)
            synced(target)

    return batch


def physical(source: Path, target: Path) -> None:
    """Read, SHA-256, write: with the sync, what a tool that goes file by file cannot beat."""
    data = source.read_bytes()
    hashlib.sha256(data).digest()
    target.write_bytes(data)


def start_grouped() -> Batch:
    sys.path.insert(0, str(ROOT))
    from imaging.pipeline.durable import SyncGroup

    def batch(pairs: list[tuple[Path, Path]]) -> None:
        with SyncGroup() as disk:
            for source, target in pairs:
                physical(source, target)
                disk.add(target)

    return batch


def start_ours(*, digests: bool = True) -> Batch:
    """The stages of the command, by its own functions, in one process."""
    sys.path.insert(0, str(ROOT))
    from imaging.pipeline.deidentify import (
        DeidPlan,
        Status,
        Subject,
        TrialValues,
        deidentify_file,
        load_profile,
    )
    from imaging.pipeline.durable import SyncGroup
    from imaging.pipeline.scanning import Scanner
    from imaging.pipeline.verifier import OutputVerifier

    profile = load_profile("trial")
    scan = Scanner(profile)
    ready: list[tuple[DeidPlan, OutputVerifier]] = []

    def batch(pairs: list[tuple[Path, Path]]) -> None:
        found = [scan(source) for source, _ in pairs]
        if not ready:
            trial = TrialValues("SPONSOR", "PROTOCOL")
            plan = DeidPlan(KEY, profile, Subject("S-001"), trial, found[0][1])
            ready.append((plan, OutputVerifier(plan)))
        plan, verifier = ready[0]
        with SyncGroup() as disk:
            for source, target in pairs:
                outcome = deidentify_file(
                    source,
                    target,
                    plan=plan,
                    sha256_before=RECEIPT,
                    digests=digests,
                    durable=False,
                )
                if outcome.status is not Status.WRITTEN:
                    raise RuntimeError(outcome.code)
                disk.add(target)
            for source, target in pairs:
                verdict = verifier.check(source, target)
                if not verdict.passed:
                    raise RuntimeError(verdict.code)

    return batch


def start_dcmanon() -> Batch:
    clean = importlib.import_module("dcmanon").Anonymizer().anonymize
    return each(lambda source, target: _put(target, clean(str(source))))


def _put(target: Path, data: bytes) -> None:
    target.write_bytes(data)


def start_dicom_anonymizer() -> Batch:
    clean = importlib.import_module("dicomanonymizer").anonymize_dicom_file
    return each(lambda source, target: clean(str(source), str(target)))


def start_dicognito() -> Batch:
    pydicom = importlib.import_module("pydicom")
    anonymizer = importlib.import_module("dicognito.anonymizer").Anonymizer(seed="measure")

    def work(source: Path, target: Path) -> None:
        with pydicom.dcmread(source) as dataset:
            anonymizer.anonymize(dataset)
            dataset.save_as(target)

    return each(work)


def start_deid() -> Batch:
    recipe = importlib.import_module("deid.config").DeidRecipe()
    dicom = importlib.import_module("deid.dicom")

    def work(source: Path, target: Path) -> None:
        found = dicom.get_identifiers([str(source)])
        cleaned = dicom.replace_identifiers(
            dicom_files=[str(source)], deid=recipe, ids=found, save=False, remove_private=True
        )
        cleaned[0].save_as(str(target))

    return each(work)


def start_pydicom() -> Batch:
    pydicom = importlib.import_module("pydicom")
    return each(lambda source, target: pydicom.dcmread(source).save_as(target))


STARTS: Final[dict[str, Callable[[], Batch]]] = {
    "physical": lambda: each(physical),
    "physical, grouped sync": start_grouped,
    "ours": start_ours,
    "ours, no report": lambda: start_ours(digests=False),
    "dcmanon": start_dcmanon,
    "dicom-anonymizer": start_dicom_anonymizer,
    "dicognito": start_dicognito,
    "deid": start_deid,
    "pydicom copy": start_pydicom,
}


def serve(tool: str) -> None:
    """Work for a parent that sends lists of files as lines of JSON, in a process of the tool."""
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a tool prints must not reach the parent
    batch = STARTS[tool]()
    for line in sys.stdin:
        pairs = [(Path(source), Path(target)) for source, target in json.loads(line)]
        started = time.process_time()
        error = ""
        try:
            batch(pairs)
        except Exception as problem:  # a tool may fail in any way; the table then says so
            error = f"{type(problem).__name__}: {problem}"[:120]
        cpu = time.process_time() - started
        out.write(json.dumps({"cpu": cpu, "error": error}) + "\n")
        out.flush()


class Worker:
    """One process of a tool."""

    def __init__(self, python: str, tool: str) -> None:
        self._process = subprocess.Popen(
            [python, __file__, "--serve", tool],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def give(self, pairs: list[tuple[Path, Path]]) -> None:
        lines: IO[str] = self._process.stdin  # type: ignore[assignment]
        lines.write(json.dumps([[str(one) for one in pair] for pair in pairs]) + "\n")
        lines.flush()

    def take(self) -> dict[str, Any]:
        answers: IO[str] = self._process.stdout  # type: ignore[assignment]
        line = answers.readline()
        if not line:
            return {"cpu": 0.0, "error": "the tool did not start"}
        answer: dict[str, Any] = json.loads(line)
        return answer

    def stop(self) -> None:
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait(timeout=30)


def _letters(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in f"{number:06d}")


def measure(workers: list[Worker], files: list[Path], folder: Path) -> tuple[float, float, str]:
    """Files per second, CPU milliseconds per file, and the error if any."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.sync()
    # Names of letters: digits could be part of a serial number, which is sought in names too.
    pairs = [(path, folder / f"{_letters(number)}.dcm") for number, path in enumerate(files)]
    started = time.perf_counter()
    for number, worker in enumerate(workers):
        worker.give(pairs[number :: len(workers)])
    answers = [worker.take() for worker in workers]
    seconds = time.perf_counter() - started
    error = next((answer["error"] for answer in answers if answer["error"]), "")
    return len(files) / seconds, sum(a["cpu"] for a in answers) / len(files) * 1000, error


class Board:
    """What was measured: per tool and number of processes, one figure a round."""

    def __init__(self) -> None:
        self.rates: dict[tuple[str, int], list[float]] = {}
        self.shares: dict[tuple[str, int], list[float]] = {}
        self.cpus: dict[tuple[str, int], list[float]] = {}
        self.failed: dict[str, str] = {}

    def round(self, crew: dict[str, list[Worker]], files: list[Path], folder: Path) -> None:
        """Let every tool run once with one process and once with two."""
        base: dict[int, float] = {}
        for tool, workers in crew.items():
            # Slow tools get a part of the files: a rate needs no more.
            fast = tool in OURS or tool == "dcmanon"
            part = files if fast else files[: max(len(files) // 4, 20)]
            for processes in (1, 2):
                if tool in self.failed:
                    break
                rate, cpu, error = measure(workers[:processes], part, folder)
                if error:
                    self.failed[tool] = error
                    break
                base.setdefault(processes, rate)
                key = (tool, processes)
                self.rates.setdefault(key, []).append(rate)
                self.cpus.setdefault(key, []).append(cpu)
                self.shares.setdefault(key, []).append(rate / base[processes])

    def line(self, tool: str) -> str:
        """One row of the table: medians of the rounds."""
        if tool in self.failed:
            return f"| {tool} | not measured: {self.failed[tool]} | | | | | |"
        one, two = (tool, 1), (tool, 2)
        scale = median(b / a for a, b in zip(self.rates[one], self.rates[two], strict=True))
        return (
            f"| {tool} | {median(self.rates[one]):.0f} | {median(self.shares[one]):.2f} "
            f"| {median(self.cpus[one]):.2f} | {median(self.rates[two]):.0f} "
            f"| {median(self.shares[two]):.2f} | {scale:.2f} |"
        )


def run(options: argparse.Namespace) -> None:
    """Measure in turns and print the table."""
    files = sorted(path for path in options.series.rglob("*") if path.is_file())[: options.files]
    size = sum(len(path.read_bytes()) for path in files)
    python = {tool: sys.executable for tool in OURS}
    if options.peers:
        python |= {tool: options.peers for tool in PEERS}
    crew = {tool: [Worker(path, tool) for _ in range(2)] for tool, path in python.items()}
    board = Board()
    board.failed = {tool: "not installed" for tool in PEERS if tool not in python}
    for tool, workers in crew.items():  # start and warm
        error = measure(workers, files[:8], options.work / "warm")[2]
        if error:
            board.failed[tool] = error
    for _ in range(options.rounds):
        board.round(crew, files, options.work / "out")
    for workers in crew.values():
        for worker in workers:
            worker.stop()
    shutil.rmtree(options.work / "out", ignore_errors=True)
    shutil.rmtree(options.work / "warm", ignore_errors=True)
    print(machine())
    print(f"{len(files)} files, {size / 1e6:.0f} MB, {options.rounds} rounds, medians.\n")
    print(
        "| tool | files/s, 1 process | of physical | CPU ms/file | files/s, 2 processes "
        "| of physical | 2 : 1 |"
    )
    print("|---|---|---|---|---|---|---|")
    for tool in (*OURS, *PEERS):
        print(board.line(tool))


def machine() -> str:
    """One line that names the machine and the software."""
    model = platform.processor() or platform.machine()
    with suppress(OSError):
        text = Path("/proc/cpuinfo").read_text("utf-8")
        model = next(line.split(":", 1)[1].strip() for line in text.splitlines()
                     if line.startswith("model name"))  # fmt: skip
    load = os.getloadavg()[0]
    return (
        f"{model}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}, load before and during: {load:.1f}"
    )


def memory(options: argparse.Namespace) -> None:
    """Peak memory of the command over 1,000 and 10,000 files of one series."""
    first = next(path for path in sorted(options.series.rglob("*")) if path.is_file())
    sys.path.insert(0, str(ROOT))
    import pydicom

    sizes: list[int] = []
    for count in (1_000, 10_000):
        place = options.work / f"memory{count}"
        shutil.rmtree(place, ignore_errors=True)
        (place / "in").mkdir(parents=True)
        dataset = pydicom.dcmread(first)
        dataset.Rows = dataset.Columns = 64
        dataset.PixelData = b"\0" * (64 * 64 * 2)
        uid = f"1.2.3.4.{count}.{{}}"
        for number in range(count):
            dataset.SOPInstanceUID = uid.format(number + 1)
            dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
            dataset.InstanceNumber = number + 1
            dataset.save_as(place / "in" / f"{number:06d}")
        (place / "map.csv").write_text(f"PatientID,subject_id\n{dataset.PatientID},S-001\n")
        process = subprocess.Popen(
            [sys.executable, "manage.py", "deidentify", place / "in", place / "out",
             "--subjects", place / "map.csv", "--key-file", place / "key",
             "--report", place / "report.json"],
            cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        _, status, usage = os.wait4(process.pid, 0)
        sizes.append(usage.ru_maxrss)
        print(f"{count} files: exit {os.waitstatus_to_exitcode(status)}, "
              f"peak {usage.ru_maxrss / 1024:.0f} MB")  # fmt: skip
        shutil.rmtree(place)
    print(f"ratio {sizes[1] / sizes[0]:.2f}")


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2])
        return
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("series", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--peers", default="", help="interpreter with the other tools")
    parser.add_argument("--memory", action="store_true")
    options = parser.parse_args()
    options.work.mkdir(parents=True, exist_ok=True)
    if options.memory:
        memory(options)
    else:
        run(options)


if __name__ == "__main__":
    main()
