"""The fields of a project plan: what each clock is for, and what a person typed as a document.

The table ``CLOCKS`` names every clock that some part of the platform reads. A clock that a document
has besides them is kept and can be edited under its own name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import available_timezones

from imaging.services.consent import CHOICES as CONSENT_CHOICES
from imaging.services.consent import RULE as CONSENT_DEFAULT
from studies.calendars import UNITS

DAYS, HOURS = UNITS
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
FIVE_DAYS = [0, 1, 2, 3, 4]
#: rows for services that a form offers beyond those that are filled
SPARE_ROWS = 2
LONGEST_TEXT = 200
EVERYTHING = 100
MOST_DIGITS = 5
PARTS = ("calendar", "turnarounds", "quality_control", "consent", "services")
SERVICE_FIELDS = ("activity", "responsible", "clock", "deliverable", "frequency")


@dataclass(frozen=True, slots=True)
class Clock:
    """One turnaround of the plan.

    Attributes:
        starts: from when it counts and for whom.
        otherwise: what holds where the plan leaves it out; empty when the plan must set it.
    """

    name: str
    label: str
    starts: str
    otherwise: str = ""

    @property
    def needed(self) -> bool:
        """Whether work could not begin without it."""
        return not self.otherwise


CLOCKS: tuple[Clock, ...] = (
    Clock("upload", "Sending of scans", "for the site, from the day of the scan"),
    Clock("qc", "QC answer", "for image operations, from receipt"),
    Clock("query", "Answer to a query", "for the site, from the day it is asked"),
    Clock("query_escalation", "Escalation of a query", "from the due date of the query",
          "the time of a query once more"),
    Clock("dossier", "Clinical dossier", "for whoever delivers it, from the request",
          "the time of a query"),
    Clock("late_images", "Decision on late images", "for science, from their QC",
          "the time of a QC answer"),
    Clock("read", "Read of a time point", "for the reader, from assignment"),
    Clock("read_reminder", "Reminder before a read is due", "before the due date of the read",
          "2 business days"),
    Clock("read_escalation", "Escalation of a late read", "from the due date of the read",
          "the time of a read once more"),
    Clock("global_review", "Global review", "for the reader, from assignment",
          "10 business days"),
    Clock("eligibility", "Eligibility read", "for the reader, from assignment", "48 hours"),
    Clock("confirmation", "Confirmation of progression", "from the request of the site",
          "48 hours"),
    Clock("oncology_review", "Oncology review", "from the end of the reads",
          "10 business days"),
    Clock("adjudication", "Adjudication", "for the adjudicator, from the second signature"),
    Clock("reminder", "Acknowledgement of a reminder", "for the reader, from the reminder",
          "the time of a query"),
)  # fmt: skip
KNOWN = {clock.name: clock for clock in CLOCKS}


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with what was typed: a sentence and the field it belongs to."""

    text: str
    anchor: str = ""


def clock_of(name: str) -> Clock:
    """Return the clock of a name; one that only this study's plan knows carries its name."""
    words = name.replace("_", " ").capitalize()
    return KNOWN.get(name) or Clock(name, words, "a clock of this study", "no such clock")


def part_of(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return a part of a document that a draft may hold in any form; what is no part is empty."""
    found = document.get(name)
    return found if isinstance(found, Mapping) else {}


def clocks_of(document: Mapping[str, Any]) -> list[Clock]:
    """Return the clocks of a form: every known one, then the document's own."""
    own = [name for name in part_of(document, "turnarounds") if name not in KNOWN]
    return [*CLOCKS, *(clock_of(name) for name in own)]


# --- what else keeps a plan from holding ----------------------------------------------------------


def further_problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong beyond calendar and amounts: parts, needed clocks, services."""
    found = [f"“{name}” is no part of a project plan" for name in document if name not in PARTS]
    turnarounds = document.get("turnarounds")
    if isinstance(turnarounds, Mapping) and turnarounds:
        found += [
            f"the turnaround “{clock.name}” is missing: {clock.label.lower()}, {clock.starts}"
            for clock in CLOCKS
            if clock.needed and clock.name not in turnarounds
        ]
    return [*found, *_service_problems(document)]


def _service_problems(document: Mapping[str, Any]) -> Iterator[str]:
    services = document.get("services", [])
    if not isinstance(services, list):
        yield "“services” is not a list"
        return
    turnarounds = document.get("turnarounds")
    clocks = set(turnarounds) if isinstance(turnarounds, Mapping) else set()
    for number, service in enumerate(services, start=1):
        if not isinstance(service, Mapping) or set(service) - set(SERVICE_FIELDS):
            yield f"service {number} has {', '.join(SERVICE_FIELDS)} and nothing else"
            continue
        if any(not isinstance(value, str) or len(value) > LONGEST_TEXT
               for value in service.values()):  # fmt: skip
            yield f"service {number} holds something else than texts of {LONGEST_TEXT} characters"
            continue
        if not service.get("activity") or not service.get("responsible"):
            yield f"service {number} needs an activity and who is responsible"
        clock = service.get("clock", "")
        if clock and clock not in clocks:
            yield f"service {number} names the turnaround “{clock}”, which the plan does not set"


# --- from the document to the fields and back -----------------------------------------------------


def typed_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values of the form's fields for a document: names to texts or lists of texts."""
    calendar = part_of(document, "calendar")
    typed: dict[str, Any] = {
        "calendar": str(calendar.get("key", "")),
        "zone": str(calendar.get("zone", "")),
        "weekday": _texts(calendar.get("working_weekdays", FIVE_DAYS)),
        "holidays": "\n".join(_texts(calendar.get("holidays", []))),
        "second_level_percent": str(
            part_of(document, "quality_control").get("second_level_percent", 0)
        ),
    }
    for clock in clocks_of(document):
        turnaround = part_of(part_of(document, "turnarounds"), clock.name)
        typed[f"{clock.name}-amount"] = str(turnaround.get("amount", ""))
        typed[f"{clock.name}-unit"] = str(turnaround.get("unit", DAYS))
    asked = part_of(document, "consent")
    for name, default in CONSENT_DEFAULT.items():
        typed[f"consent-{name}"] = str(asked.get(name, default))
    listed = document.get("services")
    rows = [row for row in listed if isinstance(row, Mapping)] if isinstance(listed, list) else []
    for number, service in enumerate(rows):
        for name in SERVICE_FIELDS:
            typed[f"service-{number}-{name}"] = str(service.get(name, ""))
    return typed


def _texts(listed: Any) -> list[str]:
    return [str(one) for one in listed] if isinstance(listed, list) else []


def document_from(
    posted: Mapping[str, Any], weekdays: Sequence[str], *, base: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """Return the document that was typed over ``base``, and every fault with its field.

    What stays at its default and was not written out before stays unwritten, so that two versions
    differ only where a person changed something.
    """
    faults: list[Fault] = []
    document = {
        **base,
        "calendar": _calendar(posted, weekdays, base=part_of(base, "calendar"), faults=faults),
        "turnarounds": _turnarounds(posted, base, faults),
    }
    share = _whole(posted.get("second_level_percent"))
    if share is None or share > EVERYTHING:
        text = "Second-level QC: a whole number from 0 to 100 per cent."
        faults.append(Fault(text, "second_level_percent"))
    elif share or "quality_control" in base:
        document["quality_control"] = {
            **part_of(base, "quality_control"),
            "second_level_percent": share,
        }
    consent = _consent(posted, faults)
    if consent != dict(CONSENT_DEFAULT) or "consent" in base:
        document["consent"] = consent
    services = list(_services(posted, faults))
    if services or "services" in base:
        document["services"] = services
    return document, faults


def _calendar(
    posted: Mapping[str, Any],
    weekdays: Sequence[str],
    *,
    base: Mapping[str, Any],
    faults: list[Fault],
) -> dict[str, Any]:
    key = _line(posted.get("calendar"))
    if not key or len(key) > LONGEST_TEXT:
        faults.append(Fault("Name of the calendar: give one, as due dates will name it.",
                            "calendar"))  # fmt: skip
    zone = str(posted.get("zone", "")).strip()
    if zone not in available_timezones():
        faults.append(Fault("Time zone: choose one of the list.", "zone"))
    days = sorted({int(day) for day in weekdays if day in set("0123456")})
    if not days:
        faults.append(Fault("Working days: choose at least one.", "weekday-0"))
    holidays: set[date] = set()
    for line in str(posted.get("holidays", "")).replace(",", "\n").splitlines():
        found = _day(line.strip())
        if found is not None:
            holidays.add(found)
        elif line.strip():
            text = f"Holidays: “{line.strip()[:40]}” is no date. Write 25 Dec 2026 or 2026-12-25."
            faults.append(Fault(text, "holidays"))
    calendar = {**base, "key": key, "zone": zone}
    if days != FIVE_DAYS or "working_weekdays" in base:
        calendar["working_weekdays"] = days
    if holidays or "holidays" in base:
        calendar["holidays"] = [day.isoformat() for day in sorted(holidays)]
    return calendar


def _day(text: str) -> date | None:
    for form in ("%Y-%m-%d", "%d %b %Y", "%d %B %Y"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC).date()
        except ValueError:
            continue
    return None


def _line(text: Any) -> str:
    """Return a text on one line; what no text can hold (NUL) is left out."""
    return " ".join(str(text or "").replace("\0", "").split())


def _whole(text: Any) -> int | None:
    words = str(text or "").strip()
    return int(words) if words.isascii() and words.isdigit() and len(words) <= MOST_DIGITS else None


def _turnarounds(
    posted: Mapping[str, Any], base: Mapping[str, Any], faults: list[Fault]
) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for clock in clocks_of(base):
        text = str(posted.get(f"{clock.name}-amount", "")).strip()
        unit = str(posted.get(f"{clock.name}-unit", DAYS))
        amount = _whole(text)
        anchor = f"{clock.name}-amount"
        if not text:
            if clock.needed:
                faults.append(Fault(f"{clock.label}: the plan must set this time.", anchor))
            continue
        if not amount or unit not in UNITS:
            faults.append(Fault(f"{clock.label}: a whole number of 1 or more.", anchor))
            continue
        found[clock.name] = {"amount": amount, "unit": unit}
    return _in_order_of(part_of(base, "turnarounds"), found)


def _in_order_of(
    before: Iterable[str], found: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    names = [name for name in before if name in found]
    return {name: found[name] for name in [*names, *(n for n in found if n not in names)]}


def _consent(posted: Mapping[str, Any], faults: list[Fault]) -> dict[str, str]:
    found = {}
    for name, default in CONSENT_DEFAULT.items():
        value = str(posted.get(f"consent-{name}", default))
        if value not in CONSENT_CHOICES[name]:
            faults.append(Fault("After withdrawn consent: choose one of the list.",
                                f"consent-{name}"))  # fmt: skip
        found[name] = value
    return found


def _services(posted: Mapping[str, Any], faults: list[Fault]) -> Iterator[dict[str, str]]:
    for number in service_numbers(posted):
        row = {name: _line(posted.get(f"service-{number}-{name}")) for name in SERVICE_FIELDS}
        if not any(row.values()):
            continue
        for name in ("activity", "responsible"):
            if not row[name]:
                text = f"Service {number + 1}: say the {_FIELD_WORDS[name]}, or clear the row."
                faults.append(Fault(text, f"service-{number}-{name}"))
        if any(len(value) > LONGEST_TEXT for value in row.values()):
            text = f"Service {number + 1}: {LONGEST_TEXT} characters a field at most."
            faults.append(Fault(text, f"service-{number}-activity"))
        if row["clock"] and not str(posted.get(f"{row['clock']}-amount", "")).strip():
            text = f"Service {number + 1}: the plan sets no time for this turnaround."
            faults.append(Fault(text, f"service-{number}-clock"))
        yield {name: value for name, value in row.items() if value}


_FIELD_WORDS = {"activity": "activity", "responsible": "responsible party"}


def service_numbers(posted: Mapping[str, Any]) -> list[int]:
    """Return the numbers of the service rows that a form carried."""
    found = {
        int(parts[1])
        for parts in (name.split("-") for name in posted if name.startswith("service-"))
        if len(parts) == len(("service", "number", "field")) and parts[1].isdigit()
    }
    return sorted(found)
