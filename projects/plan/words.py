"""A project plan in words, and what differs between two versions of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from imaging.services.consent import IN_WORDS, RULE
from projects.plan.fields import FIVE_DAYS, HOURS, WEEKDAYS, clock_of, clocks_of

CALENDAR, TIMES, QUALITY, CONSENT, SERVICES = (
    "Business calendar",
    "Turnarounds",
    "Quality control",
    "After withdrawn consent",
    "Services and deliverables",
)
CONSENT_WORDS = {"data": "Reads and results", "originals": "Originals", "images": "Clean images"}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a plan says; ``key`` is the same for the same thing in two versions."""

    key: tuple[str, str]
    part: str
    what: str
    says: str


@dataclass(frozen=True, slots=True)
class Change:
    """One line that differs; ``old`` or ``new`` is empty when it came or went."""

    verb: str
    part: str
    what: str
    old: str
    new: str


def amount_in_words(turnaround: Mapping[str, Any]) -> str:
    """Return a turnaround in words, such as “2 business days”."""
    amount = turnaround["amount"]
    word = "hour" if turnaround["unit"] == HOURS else "business day"
    return f"{amount} {word}{'' if amount == 1 else 's'}"


def day_in_words(text: str) -> str:
    """Return a holiday with its weekday, such as “25 Dec 2026, Friday”."""
    day = date.fromisoformat(text)
    return f"{day:%d %b %Y}, {WEEKDAYS[day.weekday()]}"


def lines(document: Mapping[str, Any]) -> list[Line]:
    """Return everything that a plan without problems says, part by part."""
    return [
        *_calendar(document["calendar"]),
        *_times(document),
        *_quality(document),
        *_consent(document),
        *_services(document),
    ]


def _calendar(calendar: Mapping[str, Any]) -> Iterator[Line]:
    yield Line(("calendar", "key"), CALENDAR, "Calendar", str(calendar["key"]))
    zone = str(calendar["zone"]).replace("_", " ")
    yield Line(("calendar", "zone"), CALENDAR, "Time zone", f"{zone}; a day ends at 18:00 there")
    days = sorted(calendar.get("working_weekdays", FIVE_DAYS))
    said = "Monday to Friday" if days == FIVE_DAYS else ", ".join(WEEKDAYS[day] for day in days)
    yield Line(("calendar", "weekdays"), CALENDAR, "Working days", said)
    for day in sorted(calendar.get("holidays", ())):
        yield Line(("holiday", day), CALENDAR, "Holiday", day_in_words(day))


def _times(document: Mapping[str, Any]) -> Iterator[Line]:
    for clock in clocks_of(document):
        turnaround = document["turnarounds"].get(clock.name)
        if turnaround is not None:
            said = amount_in_words(turnaround)
            yield Line(("clock", clock.name), TIMES, clock.label, said)


def _quality(document: Mapping[str, Any]) -> Iterator[Line]:
    share = document.get("quality_control", {}).get("second_level_percent", 0)
    said = f"{share} % of decisions, drawn" if share else "None"
    yield Line(("quality", "second"), QUALITY, "Second-level QC", said)


def _consent(document: Mapping[str, Any]) -> Iterator[Line]:
    asked = {**RULE, **document.get("consent", {})}
    for name in RULE:
        yield Line(
            ("consent", name), CONSENT, CONSENT_WORDS[name], IN_WORDS[name, str(asked[name])]
        )


def _services(document: Mapping[str, Any]) -> Iterator[Line]:
    seen: dict[str, int] = {}
    for service in document.get("services", ()):
        name = service["activity"]
        seen[name] = seen.get(name, 0) + 1
        yield Line(
            ("service", f"{name}#{seen[name]}"),
            SERVICES,
            name,
            "; ".join(_service_facts(service, document)),
        )


def _service_facts(service: Mapping[str, str], document: Mapping[str, Any]) -> Iterator[str]:
    yield service["responsible"]
    if service.get("clock"):
        time = amount_in_words(document["turnarounds"][service["clock"]])
        yield f"{clock_of(service['clock']).label}: {time}"
    yield from (service[name] for name in ("deliverable", "frequency") if service.get(name))


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[Change]:
    """Return what changed from one plan to another, in words, in the order of the new one."""
    before = {line.key: line for line in lines(old)}
    after = {line.key: line for line in lines(new)}
    found = []
    for key, line in after.items():
        was = before.get(key)
        if was is None:
            found.append(Change("added", line.part, line.what, "", line.says))
        elif was.says != line.says:
            found.append(Change("changed", line.part, line.what, was.says, line.says))
    gone = (line for key, line in before.items() if key not in after)
    found += [Change("removed", line.part, line.what, line.says, "") for line in gone]
    return found
