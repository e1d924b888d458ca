"""Every edit check of the RECIST family, run over one history."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from reads.criteria.base import Finding, Options, TimePointFacts
from reads.criteria.facts import (
    MeasuredTimePoint,
)
from reads.criteria.history import points_as
from reads.criteria.recist_baseline_checks import (
    baseline_counts,
    baseline_form,
    baseline_non_targets,
    baseline_targets,
)
from reads.criteria.recist_catalogue import CATALOGUE, finding_of
from reads.criteria.recist_course_checks import course, dates, entered_responses
from reads.criteria.recist_lesion_checks import (
    completeness,
    identity,
    measurements,
    new_lesions,
    reasons,
    technique,
)
from reads.criteria.recist_reading import (
    AssessFunction,
    Reading,
    derived_or_none,
)

__all__ = ["CATALOGUE", "AssessFunction", "derived_or_none", "finding_of", "run"]


GROUPS: tuple[Callable[[Reading], Iterator[Finding]], ...] = (
    baseline_counts,
    baseline_targets,
    baseline_non_targets,
    baseline_form,
    measurements,
    reasons,
    completeness,
    new_lesions,
    technique,
    identity,
    dates,
    entered_responses,
    course,
)


def run(
    history: Sequence[TimePointFacts],
    options: Options,
    assess: AssessFunction,
) -> tuple[Finding, ...]:
    """Return every check of the catalogue that fires, in the order of the form."""
    points = points_as(history, MeasuredTimePoint)
    reading = Reading(points, options, derived_or_none(points, options, assess))
    findings: list[Finding] = []
    for group in GROUPS:
        findings.extend(group(reading))
    return tuple(findings)
