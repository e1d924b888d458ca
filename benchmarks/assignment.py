"""Time the assignment of readers: 1,200 subjects x 8 time points x 2 readers over a pool of twenty.

Run `python -m benchmarks.assignment`: draws in memory and prints time, spread of work and of pairs.
`load` and `written` do it in a database: subjects, time points and packages come by COPY, then the
real service draws and writes 2,400 streams and 19,200 reads with their versions and events;
`tests/reads/test_assignment_at_scale.py` runs them. Exits with 1 when the draw takes longer than
ten seconds or a subject stays without readers.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from datetime import timedelta
from typing import Any

from reads.staffing.assignment import Candidate, Case, draw

SUBJECTS, TIME_POINTS, READERS, POOL, SITES = 1200, 8, 2, 20, 60
SECONDS = 10.0
WEEKS = 8


def main() -> int:
    """Draw once and print time, spread of work and spread of pairs."""
    cases = [
        Case(key=f"s{n:05d}", site=f"site{n % SITES}", reads=TIME_POINTS) for n in range(SUBJECTS)
    ]
    room = 2 * READERS * SUBJECTS * TIME_POINTS // POOL
    pool = [
        Candidate(key=f"r{n:02d}", room=room, conflicts=frozenset({f"site{n}"}))
        for n in range(POOL)
    ]
    started = time.perf_counter()
    made = draw(cases, pool, per_subject=READERS, seed="benchmark")
    seconds = time.perf_counter() - started
    work = Counter(key for team in made.readers.values() for key in team)
    pairs = Counter(frozenset(team) for team in made.readers.values())
    print(f"{SUBJECTS * TIME_POINTS * READERS} reads drawn in {seconds:.2f} s")
    print(f"subjects per reader: {min(work.values())} to {max(work.values())}")
    print(
        f"subjects per pair: {min(pairs.values())} to {max(pairs.values())} of {len(pairs)} pairs"
    )
    return int(seconds > SECONDS or bool(made.refused))


def load(world: Any, *, subjects: int = SUBJECTS, time_points: int = TIME_POINTS) -> None:
    """Load subjects whose time points all have released images, by COPY.

    Args:
        world: a study with its sites, as the tests build it.
    """
    from audit import clock
    from benchmarks.read_rows import copy
    from imaging.models import ReadPackage
    from studies.models import Subject, TimePoint

    start = clock.today() - timedelta(weeks=WEEKS * time_points)
    people, points, packages = [], [], []
    for number in range(subjects):
        site = world.sites[number % len(world.sites)]
        subject = Subject(
            study=world.study,
            study_site=site,
            code=f"{site.number}-{number:05d}",
            reading_code=f"B{number:06d}",
            state="enrolled",
        )
        people.append(subject)
        for place in range(time_points):
            day = start + timedelta(weeks=WEEKS * place)
            point = TimePoint(
                study=world.study,
                subject=subject,
                label=f"Week {WEEKS * place}",
                unscheduled_reason="loaded",
                planned_date=day,
                assessment_date=day,
                state="ready",
            )
            points.append(point)
            packages.append(
                ReadPackage(
                    study=world.study, time_point=point, digest=f"{number:064d}", state="released"
                )
            )
    for rows in (people, points, packages):
        copy(rows)


def written(world: Any, actor: Any) -> tuple[float, Any]:
    """Assign every loaded subject by the real service; return the seconds and what was done."""
    from reads.services.distributing import assign_all

    started = time.perf_counter()
    made = assign_all(world.study, actor=actor, seed="benchmark")
    return time.perf_counter() - started, made


if __name__ == "__main__":
    sys.exit(main())
