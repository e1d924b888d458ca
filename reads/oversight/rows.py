"""What a check looks at: every lesion, time point, response or course, as named facts.

Names are what the conditions and messages of the library use. Changes are in percent, sizes and
sums in millimetres, days counted from the baseline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any

from reads.oversight.facts import CourseFacts, LesionFact, PointFacts, ResponseFact, StreamFacts

MEASURED = ("MEASURED", "SPLIT")
NODE_NORMAL = Decimal(10)
ROUND = Decimal(5)
PROGRESSIVE = ("PD", "iUPD", "iCPD")
RESPONDED = ("CR", "PR")
CONFIRMATION_DAYS = 28


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that a check is asked about.

    Attributes:
        number: the time point by its place; nothing for a whole stream.
        place: the lesion or the criterion.
    """

    number: int | None
    place: str
    known: Mapping[str, Any]


def rows_over(over: str, stream: StreamFacts) -> Iterator[Row]:
    """Yield the rows of a kind: lesion, point, response or course."""
    return {"lesion": _lesions, "point": _points, "response": _responses, "course": _courses}[over](
        stream
    )


def _change(before: Decimal | None, now: Decimal | None) -> Decimal | None:
    if before is None or now is None or before == 0:
        return None
    return ((now - before) / before * 100).quantize(Decimal("0.1"))


def _lesions(stream: StreamFacts) -> Iterator[Row]:
    for at, point in enumerate(stream.points):
        earlier = stream.points[:at]
        for lesion in point.lesions:
            yield Row(point.number, lesion.label, _lesion(lesion, point, earlier))


def _lesion(lesion: LesionFact, point: PointFacts, earlier: Sequence[PointFacts]) -> dict[str, Any]:
    course = [found for one in earlier if (found := one.lesion(lesion.label))]
    before = earlier[-1].lesion(lesion.label) if earlier else None
    change = _change(before.size if before else None, lesion.size)
    known: dict[str, Any] = {
        f"lesion.{name}": getattr(lesion, name) for name in LesionFact.__dataclass_fields__
    }
    known |= {
        "point.baseline": point.baseline,
        "point.number": point.number,
        "previous.size": before.size if before else None,
        "previous.state": before.state if before else None,
        "previous.method": before.method if before else None,
        "change_percent": change,
        "change_size": None if change is None else abs(change),
        "was_absent": any(one.state == "ABSENT" for one in course),
        "same_size_points": _same_in_a_row(lesion, course),
        "points_before": len(course),
    }
    return known


def _same_in_a_row(lesion: LesionFact, course: Sequence[LesionFact]) -> int:
    if lesion.size is None:
        return 0
    count = 1
    for one in reversed(course):
        if one.size != lesion.size:
            break
        count += 1
    return count


def _sum(point: PointFacts) -> Decimal | None:
    sizes = [one.size for one in point.lesions if one.category == "target"]
    known = [size for size in sizes if size is not None]
    return sum(known, Decimal(0)) if known else None


def _points(stream: StreamFacts) -> Iterator[Row]:
    for at, point in enumerate(stream.points):
        yield Row(point.number, "", _point(point, stream.points[:at]))


def _point(point: PointFacts, earlier: Sequence[PointFacts]) -> dict[str, Any]:
    targets = [one for one in point.lesions if one.category == "target"]
    new = [one for one in point.lesions if one.category == "new"]
    others = [one for one in point.lesions if one.category == "non_target"]
    sums = [value for one in earlier if (value := _sum(one)) is not None]
    now = _sum(point)
    baseline = earlier[0] if earlier else None
    before = earlier[-1] if earlier else None
    measured = [one for one in targets if one.size is not None and one.state in MEASURED]
    organs = Counter(one.organ for one in targets if one.organ)
    return {
        "point.baseline": point.baseline,
        "point.number": point.number,
        "point.quality": point.quality,
        "point.minutes_active": point.minutes_active,
        "days_since_previous": point.day - before.day if before else None,
        "targets": len(targets),
        "targets_per_organ": max(organs.values(), default=0),
        "targets_missing": _missing(baseline, point, "target"),
        "non_targets_missing": _missing(baseline, point, "non_target"),
        "targets_left": sum(_is_left(one) for one in targets),
        "non_targets_left": sum(
            one.state in ("PRESENT", "UNEQUIVOCAL PROGRESSION") for one in others
        ),
        "non_target_progression": any(one.state == "UNEQUIVOCAL PROGRESSION" for one in others),
        "new_unequivocal": sum(one.state == "UNEQUIVOCAL" for one in new),
        "measured": len(measured),
        "all_round": bool(measured) and all(one.size and one.size % ROUND == 0 for one in measured),
        "same_places": _same_places(measured),
        "lesions": len(point.lesions),
        "sum": now,
        "previous_sum": sums[-1] if sums else None,
        "nadir": min(sums, default=None),
        "since_baseline": _change(sums[0] if sums else None, now),
        "since_nadir": _change(min(sums, default=None), now),
        "above_nadir": None if now is None or not sums else now - min(sums),
        "sum_change": _change(sums[-1] if sums else None, now),
    }


def _is_left(lesion: LesionFact) -> bool:
    if lesion.state not in MEASURED:
        return False
    return not (lesion.nodal and lesion.size is not None and lesion.size < NODE_NORMAL)


def _missing(baseline: PointFacts | None, point: PointFacts, category: str) -> int:
    if baseline is None:
        return 0
    known = {one.label for one in point.lesions if one.state}
    return sum(
        one.label not in known for one in baseline.lesions if one.category == category
    )  # fmt: skip


def _same_places(measured: Sequence[LesionFact]) -> int:
    """Count pairs of targets with one organ, slice and size: perhaps one lesion measured twice."""
    places = Counter(
        (one.organ, one.slice, one.size) for one in measured if one.slice is not None
    )  # fmt: skip
    return sum(count - 1 for count in places.values())


def _responses(stream: StreamFacts) -> Iterator[Row]:
    for at, point in enumerate(stream.points):
        shared = _point(point, stream.points[:at])
        for response in point.responses:
            earlier = [
                found for one in stream.points[:at] if (found := one.response(response.criterion))
            ]
            yield Row(point.number, response.criterion, shared | _response(response, earlier))


_VARIABLES = ("target_response", "non_target_response", "overall_response")


def _response(response: ResponseFact, earlier: Sequence[ResponseFact]) -> dict[str, Any]:
    course = [one.counts("overall_response") for one in earlier]
    known: dict[str, Any] = {"criterion": response.criterion}
    for variable in _VARIABLES:
        short = variable.removesuffix("_response")
        known[short] = response.counts(variable)
        known[f"derived.{short}"] = response.derived.get(variable, "").replace("_", " ") or None
        known[f"entered.{short}"] = response.entered.get(variable) or None
    return known | {
        "overridden": _is_overridden(response),
        "override.class": response.override_class or None,
        "override.words": len(response.override_reason.split()),
        "previous.overall": course[-1] if course else None,
        "progressed_before": any(one in PROGRESSIVE for one in course),
    }


def _is_overridden(response: ResponseFact) -> bool:
    return any(
        value and (derived := response.derived.get(name, "").replace("_", " ")) and derived != value
        for name, value in response.entered.items()
    )


def _courses(stream: StreamFacts) -> Iterator[Row]:
    criteria = dict.fromkeys(one.criterion for point in stream.points for one in point.responses)
    for criterion in criteria:
        found = next((one for one in stream.courses if one.criterion == criterion), None)
        yield Row(None, criterion, _course(stream, criterion, found))


def _course(stream: StreamFacts, criterion: str, found: CourseFacts | None) -> dict[str, Any]:
    read = [(p, r) for p in stream.points[1:] if (r := p.response(criterion))]
    course = [(p.day, r.counts("overall_response") or "") for p, r in read]
    words = [word for _, word in course]
    sums = [_sum(point) for point in stream.points]
    first = next((at for at, word in enumerate(words) if word in PROGRESSIVE), None)
    overrides = sum(_is_overridden(response) for _, response in read)
    count = len(words)
    return {
        "criterion": criterion,
        "follow_ups": count,
        "after_progression": 0 if first is None else count - first - 1,
        "turns": _turns(words),
        "overrides": overrides,
        "override_percent": Decimal(100 * overrides) / count if count else None,
        "not_evaluable": words.count("NE"),
        "not_evaluable_percent": Decimal(100 * words.count("NE")) / count if count else None,
        "flat_points": _flat(sums),
        "unconfirmed_response": _unconfirmed(course),
        "last_progression": bool(words) and words[-1] in PROGRESSIVE,
        "derived_best": found.derived_best if found else None,
        "entered_best": found.entered_best if found else None,
    }


def _turns(words: Sequence[str]) -> int:
    """Count how often a course turns from progression to something else that was evaluable."""
    told = [word for word in words if word and word != "NE"]
    return sum(a in PROGRESSIVE and b not in PROGRESSIVE for a, b in pairwise(told))


def _flat(sums: Sequence[Decimal | None]) -> int:
    """Return how many time points in a row, up to the last, have exactly the same sum."""
    if not sums or sums[-1] is None:
        return 0
    count = 0
    for value in reversed(sums):
        if value != sums[-1]:
            break
        count += 1
    return count


def _unconfirmed(course: Sequence[tuple[int, str]]) -> bool:
    """Tell whether a response was seen and never again at least 28 days later."""
    days = [day for day, word in course if word in RESPONDED]
    if not days:
        return False
    return max(days) - min(days) < CONFIRMATION_DAYS
