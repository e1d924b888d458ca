"""Time the criteria engine: 1,200 subjects x 10 time points x 3 readers on one core.

Run `python -m benchmarks.criteria`; exits with 1 when a target is missed. The targets are those
of the issue: 10 s for the whole study, under a second for a stream of 500 time points, and a
cost that grows linearly with the number of time points.
"""

from __future__ import annotations

import sys
import time
from decimal import Decimal

from reads.criteria.base import Criterion
from reads.criteria.facts import (
    LesionState,
    MeasuredTimePoint,
    NonTargetFacts,
    NonTargetState,
    TargetFacts,
)
from reads.criteria.registry import get

SUBJECTS, TIME_POINTS, READERS = 1200, 10, 3
ORGANS = ("LIVER", "LUNG", "LYMPH NODE")
STUDY_SECONDS, STREAM_SECONDS, GROWTH = 10.0, 1.0, 3.0


def stream(subject: int, time_points: int) -> list[MeasuredTimePoint]:
    """Return a stream with three targets and a non-target, its sizes varied by the subject."""
    return [
        MeasuredTimePoint(
            id="BL" if visit == 0 else f"TP{visit}",
            day=56 * visit,
            baseline=visit == 0,
            target=tuple(
                TargetFacts(
                    id=f"T{lesion:02}",
                    organ=ORGANS[lesion],
                    nodal=lesion == len(ORGANS) - 1,
                    state=LesionState.MEASURED,
                    ld_mm=Decimal(400 + (subject * 7 + visit * 13 + lesion) % 150) / 10,
                    sa_mm=Decimal(200 + (subject * 5 + visit * 11 + lesion) % 90) / 10,
                )
                for lesion in range(len(ORGANS))
            ),
            non_target=(NonTargetFacts(id="NT01", organ="BONE", state=NonTargetState.PRESENT),),
        )
        for visit in range(time_points)
    ]


def seconds(criterion: Criterion, streams: list[list[MeasuredTimePoint]]) -> float:
    """Return the processor time for assessing all streams."""
    start = time.process_time()
    for history in streams:
        criterion.assess(history)
    return time.process_time() - start


def main() -> int:
    """Measure, print and compare with the targets."""
    failed = False
    for key in ("RECIST11", "iRECIST"):
        criterion = get(key)
        study = seconds(
            criterion,
            [stream(subject, TIME_POINTS) for subject in range(SUBJECTS) for _ in range(READERS)],
        )
        long = seconds(criterion, [stream(1, 501)])
        double = seconds(criterion, [stream(1, 1001)])
        print(
            f"{key}: study {study:.2f} s, 500 time points {long:.3f} s, "
            f"1000 time points {double:.3f} s"
        )
        failed = failed or study > STUDY_SECONDS or long > STREAM_SECONDS or double > GROWTH * long
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
