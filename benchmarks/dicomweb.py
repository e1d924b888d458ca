"""The archive beside Orthanc, in one run on one machine: receipt, frames, metadata, searches.

usage: python benchmarks/dicomweb.py WORKDIR [--instances 1000] [--reads 300] [--rounds 2]
                                     [--skip receipt,whole] [--table docs/dicomweb.md]

Both servers listen on the loopback interface, get the same invented CT series and are asked by the
same client. Ours is a whole installation of its own in WORKDIR (database, broker, two web
processes, two workers); Orthanc is started with its DICOMweb plug-in, durable storage
(``SyncStorageArea``) and its own database. For each measurement the two are asked in turns; receipt
is measured in three turns, after each side has received a series before. What is
started is stopped. Needs the Debian packages orthanc and orthanc-dicomweb.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.dicomweb_parts import client, images, ours, peer, table  # noqa: E402


def main() -> None:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--instances", type=int, default=1000)
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--reads", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--skip", default="")
    parser.add_argument("--table", type=Path)
    options = parser.parse_args()
    work = options.work.absolute()
    work.mkdir(parents=True, exist_ok=True)
    skipped = set(options.skip.split(","))
    files = images.series(work / "series", count=options.instances)
    images.warm(files)
    many = [
        images.series(work / f"stream{n}", count=options.instances // 2, visit=n, person=name)
        for n, name in enumerate(("Anders", "Bergen", "Calder", "Dorset"), start=11)
    ]
    for visit in many:
        images.warm(visit)
    turns = [
        images.series(work / f"turn{n}", count=options.instances, visit=n, person=name)
        for n, name in enumerate(("Elster", "Farrow", "Grange"), start=21)
    ]
    results = table.Results(machine=_machine(), instances=len(files), studies=options.studies)
    with ours.installation(work / "ours") as installed, peer.running(work) as address:
        peer.by_rest(address, files)
        received = installed.receive(files)
        results.add("receipt", "ours", 1, [received.total], rate=len(files) / received.total)
        results.parts["ours"] = received.parts
        _receive_in_turns(results, installed, address, turns)
        _by_stow(results, address, many[:2])
        streamed = installed.receive_one_after_the_other(many)
        total = sum(len(visit) for visit in many)
        results.add("receipt", "ours_streamed", 1, [streamed.total], rate=total / streamed.total)
        results.parts["ours_streamed"], results.streamed = streamed.parts, total
        extra = images.small_studies(work / "small", files[0], count=300)
        peer.by_rest(address, extra)
        installed.load_studies(options.studies)
        _read(results, _sides(installed, address, files), options, skipped)
    print(results.text())
    (work / "results.json").write_text(json.dumps(results.document(), indent=1))
    if options.table:
        table.write_into(options.table, results)


def _receive_in_turns(
    results: table.Results, installed: ours.Installation, address: str, turns: list[list[Path]]
) -> None:
    """Let both sides receive the same series, one after the other; keep the parts of the middle."""
    at_once = []
    for number, files in enumerate(turns):
        images.warm(files)
        seconds, rate = peer.by_rest(address, files)
        results.add("receipt", "orthanc", 1, [seconds], rate=rate)
        subject = installed.world.turns[number]
        at_once.append(installed.receive(files, subject=subject, at_once=True))
        total = at_once[-1].total
        results.add("receipt", "ours_at_once", 1, [total], rate=len(files) / total)
    at_once.sort(key=lambda one: one.total)
    results.parts["ours_at_once"] = at_once[len(at_once) // 2].parts


def _by_stow(results: table.Results, address: str, visits: list[list[Path]]) -> None:
    """Let Orthanc receive new images by its DICOMweb door as well."""
    seconds, rate = peer.by_stow(address, [path for visit in visits for path in visit])
    results.add("receipt", "orthanc_stow", 1, [seconds], rate=rate)


def _sides(
    installed: ours.Installation, address: str, files: list[Path]
) -> dict[str, client.Target]:
    key = {"Authorization": f"Bearer {installed.key}"}
    return {
        "orthanc": client.Target(f"{address}/dicom-web", {}, images.uids_of(files)),
        "ours": client.Target(installed.address, key, installed.uids()),
    }


def _read(
    results: table.Results, sides: dict[str, client.Target], options: Any, skipped: set[str]
) -> None:
    for _ in range(options.rounds):
        for measure in client.MEASURES:
            if measure.name in skipped:
                continue
            for clients in measure.clients:
                for side, target in sides.items():
                    count = min(measure.most, options.reads)
                    latencies, seconds = client.run(target, measure, clients, count)
                    results.add(measure.name, side, clients, latencies, rate=count / seconds)


def _machine() -> str:
    with Path("/proc/cpuinfo").open() as info:
        names = [line.split(":", 1)[1].strip() for line in info if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    kind = names[0] if names else platform.machine()
    return f"{os.cpu_count()} × {kind}, {memory:.0f} GB, Linux {platform.release()}"


if __name__ == "__main__":
    main()
