"""De-identification beside the disk's own limit and other tools, in one run on one machine.

    python benchmarks/deidentify.py SERIES WORK [--rounds 2] [--peers dicomanonymizer,...]

SERIES is a folder of one series.  Every tool gets the same warm files and writes into its own
folder.  `ours` is what production does per file: verify, clean, fsync, and the independent verifier
reading the output again.  A tool that is not installed is shown as "not measured".  Compare only
lines of one run.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import importlib.util
import json
import os
import shutil
import sys
import time
from collections.abc import Callable
from multiprocessing import get_context
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

Work = Callable[[Path, Path], None]
WARMING: Final = -1
KEY: Final = b"a key for measurements only, 32b"


def physical(source: Path, target: Path) -> None:
    """Read, SHA-256, write, fsync: what no de-identifier can beat."""
    data = source.read_bytes()
    hashlib.sha256(data).digest()
    with target.open("wb") as stream:
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())


def start_physical(files: list[Path]) -> Work:
    return physical


def start_ours(files: list[Path]) -> Work:
    from imaging.pipeline.deidentify import (  # started inside the measuring process
        DeidPlan,
        Status,
        Subject,
        TrialValues,
        deidentify_file,
        load_profile,
        merge_tokens,
    )
    from imaging.pipeline.deidentify.tokens import TokenCollector
    from imaging.pipeline.verifier import OutputVerifier
    from imaging.pipeline.verify import load, read_header, verify_header

    profile = load_profile("trial")
    collector = TokenCollector(profile)
    tokens = merge_tokens([collector.add(read_header(load(path))) for path in files[:1]])
    plan = DeidPlan(KEY, profile, Subject("S-001"), TrialValues("SPONSOR", "PROTOCOL"), tokens)
    verifier = OutputVerifier(plan)

    def work(source: Path, target: Path) -> None:
        header = read_header(load(source, whole=False))
        verify_header(header, key=KEY)
        collector.add(header)
        outcome = deidentify_file(source, target, plan=plan)
        if outcome.status is not Status.WRITTEN or not verifier.check(source, target).passed:
            raise RuntimeError(f"{source.name}: {outcome.code}")

    return work


def start_dicomanonymizer(files: list[Path]) -> Work:
    clean = importlib.import_module("dicomanonymizer").anonymize_dicom_file
    return lambda source, target: clean(str(source), str(target))


def start_dicognito(files: list[Path]) -> Work:
    import pydicom

    anonymizer = importlib.import_module("dicognito.anonymizer").Anonymizer(seed="measure")

    def work(source: Path, target: Path) -> None:
        with pydicom.dcmread(source) as dataset:
            anonymizer.anonymize(dataset)
            dataset.save_as(target)

    return work


def start_pydicom(files: list[Path]) -> Work:
    import pydicom

    return lambda source, target: pydicom.dcmread(source).save_as(target)


TOOLS: Final[dict[str, tuple[str, Callable[[list[Path]], Work]]]] = {
    "physical": ("hashlib", start_physical),
    "ours": ("imaging", start_ours),
    "pydicom": ("pydicom", start_pydicom),
    "dicomanonymizer": ("dicomanonymizer", start_dicomanonymizer),
    "dicognito": ("dicognito", start_dicognito),
}


def share(job: tuple[str, list[str], str, int]) -> float:
    """Run one tool over its share of the files; return the CPU seconds used."""
    name, paths, folder, first = job
    files = [Path(path) for path in paths]
    work = TOOLS[name][1](files)
    warming = f"w{os.getpid()}_" if first < 0 else ""
    started = time.process_time()
    for number, path in enumerate(files):
        work(path, Path(folder) / f"{warming}{first + number:06d}.dcm")
    return time.process_time() - started


def measure(name: str, files: list[Path], folder: Path, processes: int) -> dict[str, object]:
    """Time one tool; start-up of interpreters is outside the clock, of rule tables inside."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    size = -(-len(files) // processes)
    jobs = [
        (name, [str(path) for path in files[at : at + size]], str(folder), at)
        for at in range(0, len(files), size)
    ]
    with get_context("spawn").Pool(processes) as pool:
        pool.map(share, [(name, jobs[0][1][:2], str(folder), WARMING)] * processes)
        started = time.perf_counter()
        cpu = sum(pool.map(share, jobs, chunksize=1))
        seconds = time.perf_counter() - started
    return {
        "tool": name,
        "processes": processes,
        "files_per_second": round(len(files) / seconds, 1),
        "cpu_ms_per_file": round(1000 * cpu / len(files), 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("series", type=Path)
    parser.add_argument("work", type=Path)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--tools", default=",".join(TOOLS))
    options = parser.parse_args()
    files = sorted(path for path in options.series.rglob("*") if path.is_file())
    for path in files:
        path.read_bytes()
    base: dict[int, float] = {}
    for _ in range(options.rounds):
        for name in options.tools.split(","):
            if importlib.util.find_spec(TOOLS[name][0]) is None:
                print(json.dumps({"tool": name, "result": "not measured: not installed"}))
                continue
            for processes in (1, 2):
                line = measure(name, files, options.work / name, processes)
                rate = float(str(line["files_per_second"]))
                if name == "physical":
                    base[processes] = rate
                if processes in base:
                    line["share_of_physical"] = round(rate / base[processes], 2)
                print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
