"""Time the draw of readers: 1,200 subjects x 8 time points x 2 readers over a pool of twenty.

Run `python -m benchmarks.assignment`; exits with 1 when it takes longer than ten seconds or when a
subject stays without readers. The draw alone is timed, without writing rows.
"""

from __future__ import annotations

import sys
import time
from collections import Counter

from reads.staffing.assignment import Candidate, Case, draw

SUBJECTS, TIME_POINTS, READERS, POOL, SITES = 1200, 8, 2, 20, 60
SECONDS = 10.0


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


if __name__ == "__main__":
    sys.exit(main())
