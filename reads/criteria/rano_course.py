"""The course of RANO responses over a stream: which count, when progression dates, best response.

Sources: Wen 2010 (responses hold on a scan at least four weeks later, otherwise SD); Wen 2023
(date of a progression that began with a steroid rise; confirmation early after radiotherapy).
"""

from __future__ import annotations

from typing import NamedTuple

from reads.criteria.base import BestResponse, Options
from reads.criteria.bestresponse import best_response
from reads.criteria.course import best_rules
from reads.criteria.trace import Inputs, Rule, TraceStep, Value

RANKING = ("CR", "PR", "MR", "SD", "PD", "NE")


class Read(NamedTuple):
    """One follow-up time point: open_dose when a steroid rise alone left the response open."""

    day: int
    response: str
    open_dose: bool
    early: bool


class CourseRules(NamedTuple):
    """The rules of a course: what counts, the day of progression, and those of best response."""

    counted: Rule
    progression: Rule
    best: tuple[Rule, Rule, Rule, Rule]

    def all(self) -> tuple[Rule, ...]:
        """Return the rules for registration; progression is dated in one way only."""
        response, response_day, _progression, duration = self.best
        return (response, response_day, self.progression, duration, self.counted)


def _counted(inputs: Inputs) -> Value:
    """Return (day, response) pairs; an early PD without confirmation counts as SD."""
    reads = [Read(*read) for read in inputs["reads"]]
    return tuple(
        (read.day, "SD" if _unconfirmed(reads, place, inputs) else read.response)
        for place, read in enumerate(reads)
    )


def _unconfirmed(reads: list[Read], place: int, inputs: Inputs) -> bool:
    read = reads[place]
    if not (inputs["confirm_early_pd"] and read.early and read.response == "PD"):
        return False
    waited = [r for r in reads[place + 1 :] if r.day - read.day >= inputs["confirm_min_days"]]
    following = next((r for r in waited if r.response != "NE"), None)
    return following is None or following.response != "PD"


def _say_counted(_inputs: Inputs, value: Value) -> str:
    seen = ", ".join(f"{response} day {day}" for day, response in value)
    return f"Responses that count: {seen or 'none'}"


def _progression_day(inputs: Inputs) -> Value:
    reads = [Read(*read) for read in inputs["reads"]]
    place = next((i for i, (_, response) in enumerate(inputs["counted"]) if response == "PD"), None)
    if place is None:
        return None
    while inputs["steroid_rise_dates_pd"] and place > 0 and reads[place - 1].open_dose:
        place -= 1
    return reads[place].day


def _say_progression(inputs: Inputs, value: Value) -> str:
    if value is None:
        return "No progression"
    first = next(day for day, response in inputs["counted"] if response == "PD")
    if value != first:
        return f"Progression on day {first} dates from the first steroid rise, day {value}"
    return f"First progression on day {value}"


def course_rules(*, key: str, clause: str) -> CourseRules:
    """Return the rules of a course with the citation of a criterion."""
    counted = Rule(
        key=f"{key}.counted_responses",
        clause=clause,
        statement="A progression early after radiotherapy counts once confirmed, where required.",
        compute=_counted,
        say=_say_counted,
    )
    progression = Rule(
        key=f"{key}.progression_day",
        clause=clause,
        statement="Progression dates from the first PD, or from the steroid rise that led to it.",
        compute=_progression_day,
        say=_say_progression,
    )
    best = best_rules(
        key=key,
        clause=clause,
        statement="CR, PR and MR hold on a scan four weeks later; otherwise the best is SD.",
    )
    return CourseRules(counted, progression, best)


def course(
    reads: tuple[Read, ...], options: Options, rules: CourseRules
) -> tuple[tuple[TraceStep, ...], tuple[BestResponse, ...]]:
    """Return the steps of the stream and the best response, confirmed first.

    `reads` stand in chronological order, without the baseline.
    """
    inputs: dict[str, Value] = {
        "reads": tuple(tuple(read) for read in reads),
        "confirm_min_days": options["confirm_min_days"],
        "confirm_early_pd": options["pd_confirmation_weeks"] != 0,
        "steroid_rise_dates_pd": options["steroid_rise_dates_pd"],
    }
    counted = rules.counted.derive("counted_responses", inputs)
    progression = rules.progression.derive("progression_day", {**inputs, "counted": counted.value})
    best = tuple(
        best_response(
            counted.value,
            options,
            confirmation_required=required,
            ranking=RANKING,
            rules=rules.best,
            progression=progression,
        )
        for required in (True, False)
    )
    return (counted, progression), best
