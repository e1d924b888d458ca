"""From the responses that count over a course to the result of a subject. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reads.criteria import registry
from reads.criteria.base import CriteriaError, Criterion, Options
from reads.criteria.bestresponse import BEST_RESPONSE_PARAMETERS, best_response
from reads.criteria.records import Record
from reads.design.response_items import BRAIN, items_of

#: responses that are progression; in iRECIST an unconfirmed one counts once it is confirmed
PROGRESSION = ("PD", "iCPD", "PMD")
_UNCONFIRMED, _CONFIRMED = "iUPD", "iCPD"
_BEST = ("ibor", "bor_confirmed", "bor_unconfirmed")


@dataclass(frozen=True, slots=True)
class Counted:
    """The overall response of a follow-up time point as it counts.

    ``point`` is the blinded name (TP2); ``day`` counts from the baseline.
    """

    point: str
    day: int
    response: str


@dataclass(frozen=True, slots=True)
class SubjectResult:
    """Best overall response, and the time point of progression, "" when there is none."""

    best_overall_response: str
    progression: str


def result_of(
    criterion: str, course: Sequence[Counted], parameters: Mapping[str, object] | None = None
) -> SubjectResult:
    """Return the result of a subject by one criterion.

    The best response follows the criterion's own rule on sequences; confirmation is asked for where
    the charter's parameters ask for it. Progression is the first one; in iRECIST it is the first
    unconfirmed one of the run that was confirmed (Seymour 2017).

    Raises:
        CriteriaError: a response that the criterion does not know.
    """
    return SubjectResult(_best(criterion, course, parameters), _progression(course))


def _best(
    criterion: str, course: Sequence[Counted], parameters: Mapping[str, object] | None
) -> str:
    known = registry.get(criterion)
    if not course:
        return "NE"
    options = known.options(parameters)
    if known.files.sequence is None:
        return _ranked(known, course, options)
    rows = [{"day": one.day, "response": one.response} for one in course]
    answer = known.files.sequence(Record({"sequence": rows}), options)
    named = {name: str(answer[name]) for name in _BEST if name in answer}
    if "ibor" in named:
        return named["ibor"]
    try:
        confirmed = options.flag("confirmation_required")
    except (CriteriaError, KeyError):
        confirmed = False
    return named.get("bor_confirmed" if confirmed else "bor_unconfirmed", "")


def _ranked(criterion: Criterion, course: Sequence[Counted], options: Options) -> str:
    """The best response up to the first progression, for criteria without published sequences.

    RANO keeps a response only where it holds four weeks later (Wen 2010); the parameters of the
    best response say how long, where a criterion has them.
    """
    ordered = sorted(course, key=lambda one: one.day)
    ranking = _ranking(criterion.key)
    unknown = [one.response for one in ordered if one.response not in ranking]
    if unknown:
        raise CriteriaError("response", f"{unknown[0]} is no response of {criterion.title}")
    if all(parameter.name in options for parameter in BEST_RESPONSE_PARAMETERS):
        found = best_response(
            [(one.day, one.response) for one in ordered],
            options,
            confirmation_required=criterion.key in BRAIN,
            ranking=ranking,
        )
        return found.response
    counted = []
    for one in ordered:
        counted.append(one.response)
        if one.response in PROGRESSION:
            break
    return min(counted, key=ranking.index)


def _ranking(key: str) -> tuple[str, ...]:
    """The overall responses of a criterion, best first, as its form lists them."""
    return next(item.choices for item in items_of(key) if item.key == "overall")


def _progression(course: Sequence[Counted]) -> str:
    ordered = sorted(course, key=lambda one: one.day)
    for position, one in enumerate(ordered):
        if one.response not in PROGRESSION:
            continue
        if one.response != _CONFIRMED:
            return one.point
        first = one.point
        for before in reversed(ordered[:position]):
            if before.response == _UNCONFIRMED:
                first = before.point
            elif before.response != "NE":
                break
        return first
    return ""
