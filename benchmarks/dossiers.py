"""Dossier sheets at 1,200 subjects x 30 items: read in, dry run, import, second source, desk.

usage: python benchmarks/dossiers.py WORKDIR [--subjects 300 600 1200] [--again] [--write PAGE]

A database of its own is started in WORKDIR and stopped afterwards; with --again the one that an
earlier run left there gets further studies. Subjects and time points are loaded by COPY; dossiers
and their items are written by the services. Three sizes show how the times grow: what takes four
times as long for four times the rows is not quadratic.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

BEGIN, END = "<!-- benchmark: begin -->", "<!-- benchmark: end -->"
NUMBERS, TEXTS, CHOICES = 20, 5, 4
SITES = 40
WORDS = ("stable", "invasive", "ductal", "grade", "two", "left", "breast", "without", "necrosis")
STEPS = ("Read in (page)", "Dry run, all new (background)", "Page of the dry run",
         "Import asked for (page)", "Import (background)", "Dry run, all held",
         "Second source, dry run", "Second source, listed", "Desk")  # fmt: skip


def items() -> list[dict[str, Any]]:
    """Return 30 items: numbers, texts, choices, and a table of two columns."""
    kept: list[dict[str, Any]] = [
        {"code": f"n{number}", "label": f"Marker {number}", "kind": "number", "unit": "ng/mL"}
        for number in range(NUMBERS)
    ]
    kept += [
        {"code": f"t{number}", "label": f"Finding {number}", "kind": "text"}
        for number in range(TEXTS)
    ]
    choices = [{"value": "Y", "label": "Yes"}, {"value": "N", "label": "No"}]
    kept += [
        {"code": f"c{number}", "label": f"Question {number}", "kind": "choice", "choices": choices}
        for number in range(CHOICES)
    ]
    columns = [{"code": "agent", "label": "Agent", "kind": "text", "required": True},
               {"code": "end", "label": "End", "kind": "date"}]  # fmt: skip
    kept.append({"code": "therapy", "label": "Therapy", "kind": "table", "columns": columns})
    return [{**item, "required": True, "when": "baseline", "source": "cro"} for item in kept]


def build(code: str, subjects: int) -> Any:
    """Make a study of many sites that asks for 30 items, with a baseline of each subject."""
    from audit import clock
    from audit.actors import acting
    from benchmarks.read_rows import copy
    from studies.models import (
        Configuration,
        Site,
        StudySite,
        Subject,
        TimePoint,
        TimePointDefinition,
    )
    from studies.scoping import scope
    from tests.world import BUILDER, _configure, make_study

    world = make_study(code, sponsor=f"Sponsor of {code}")
    with scope(world.study), acting(BUILDER):
        document = {"schema": "dossier-definition/1", "items": items()}
        _configure(world, Configuration.Kind.DOSSIER, "dossier", "Dossiers", document)
        sites = list(StudySite.objects.in_study(world.study))
        like = Site.objects.get(pk=sites[0].site_id)
        for number in range(SITES - len(sites)):
            site = Site(
                organisation=like.organisation,
                name=f"Clinic Number {number}",
                city=f"Town{number}",
                country=like.country,
                time_zone=like.time_zone,
            )
            site.save()
            made = StudySite(study=world.study, site=site, number=f"7{number:02d}",
                             investigator=f"Dr Name{number} Surname{number}")  # fmt: skip
            made.save()
            sites.append(made)
        definition = TimePointDefinition.objects.in_study(world.study).get(is_baseline=True)
        day = clock.today() - timedelta(days=30)
        rows = [
            Subject(
                study=world.study,
                study_site=sites[n % len(sites)],
                code=f"B{n:05d}",
                reading_code=f"RD-{n:06d}",
                state="enrolled",
            )
            for n in range(subjects)
        ]
        copy(rows)
        copy(
            TimePoint(study=world.study, subject=row, definition=definition, label="Baseline",
                      planned_date=day, assessment_date=day, state="accepted")
            for row in rows
        )  # fmt: skip
    return world


def sheet(subjects: int, *, differing: int = 0) -> bytes:
    """Return one row for each value, as the clinical CRO sends them; the same for the same size."""
    draw = random.Random(subjects)  # noqa: S311 - invented values
    lines = ["Subject,Time point,Item,Row,Value,Unit,Date"]
    for subject in range(subjects):
        head = f"B{subject:05d},Baseline"
        for number in range(NUMBERS):
            value = draw.randint(1, 900) + (1000 if subject < differing and number == 0 else 0)
            lines.append(f"{head},n{number},,{value},ng/mL,2026-01-05")
        lines += [f"{head},t{n},,{' '.join(draw.choices(WORDS, k=12))},," for n in range(TEXTS)]
        lines += [f"{head},c{n},,{draw.choice('YN')},," for n in range(CHOICES)]
        lines.append(f"{head},therapy.agent,1,agent {draw.randint(1, 99)},,")
    return "\n".join(lines).encode()


def measure(code: str, subjects: int) -> tuple[int, list[float]]:
    """Return how many rows the sheet has, and the seconds of each step."""
    from clinical.services import importing, imports, reconciling, secondsource
    from clinical.services.desk import desk
    from studies.scoping import scope

    world = build(code, subjects)
    content, other = sheet(subjects), sheet(subjects, differing=subjects // 20)
    found: list[float] = []

    def timed(act: Callable[[], Any]) -> Any:
        began = time.perf_counter()
        made = act()
        found.append(time.perf_counter() - began)
        print(f"{code}: {STEPS[len(found) - 1]}: {found[-1]:.2f} s", flush=True)
        return made

    with scope(world.study):
        partner, manager = world.actor("clinical_data_partner"), world.actor("data_manager")
        row = timed(lambda: importing.read_in(world.study, content, name="cro.csv",
                                              reason="first delivery", actor=partner))  # fmt: skip
        timed(lambda: work(importing.CHECK, row))
        run = importing.last_dry_run(row)
        if run is None or run.problems or run.changes != subjects * 30:
            raise SystemExit("the dry run went wrong")
        timed(lambda: importing.lines_of(run))
        timed(lambda: importing.take_over(row, actor=partner))
        timed(lambda: work(importing.IMPORT, row))
        row.refresh_from_db()
        if row.state != "imported":
            raise SystemExit(f"the import went wrong: {row.state}")
        timed(lambda: imports.try_out(row))
        run = secondsource.read_in(world.study, other, name="edc.csv", source="EDC",
                                   extracted_on=None, actor=manager)  # fmt: skip
        timed(lambda: secondsource.try_out(run))
        timed(lambda: reconciling.compare(run, actor=manager))
        if run.discrepancies.count() != subjects // 20:
            raise SystemExit(f"{run.discrepancies.count()} differences were listed")
        timed(lambda: desk(world.study, manager))
    return subjects * 30, found


def work(kind: str, row: Any) -> None:
    """Do what a worker does with the job of a kind about a file."""
    from audit import jobs

    (job,) = [one for one in jobs.of(row) if one.kind == kind]
    if jobs.run(str(job.pk)) != "done":
        job.refresh_from_db()
        raise SystemExit(f"{kind} did not end: {job.error}")


def page(sizes: list[int], results: list[tuple[int, list[float]]]) -> str:
    """Return the table for the documentation."""
    from benchmarks.reads import _machine

    head = [
        f"{size:,} subjects, {rows:,} rows" for size, (rows, _) in zip(sizes, results, strict=True)
    ]
    kinds = "20 numbers, 5 texts, 4 choices, a table"
    lines = [
        BEGIN,
        f"30 items of each subject at baseline ({kinds}), {SITES} sites; seconds, one run.",
        f"Machine: {_machine()}; load average {os.getloadavg()[0]:.1f}.",
        "",
        f"| Step | {' | '.join(head)} |",
        "|---|" + "---|" * len(sizes),
    ]
    for number, name in enumerate(STEPS):
        cells = " | ".join(f"{times[number]:.2f}" for _, times in results)
        lines.append(f"| {name} | {cells} |")
    return "\n".join([*lines, END])


def main() -> None:
    """Load, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path)
    parser.add_argument("--subjects", type=int, nargs="+", default=[300, 600, 1200])
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    from benchmarks.reads import database

    with database(options.work.absolute(), again=options.again):
        import django

        django.setup()
        from studies.models import Study

        run = Study.objects.count() + 1
        results = [measure(f"D{run}S{size}", size) for size in options.subjects]
        text = page(options.subjects, results)
    print(text)
    if options.write:
        before = options.write.read_text(encoding="utf-8")
        head, _, rest = before.partition(BEGIN)
        _, _, tail = rest.partition(END)
        options.write.write_text(head + text + tail, encoding="utf-8")


if __name__ == "__main__":
    main()
