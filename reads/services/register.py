"""The register of readers: who they are, what keeps them from a subject, when they can read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import ReasonRequired, RuleBroken
from audit.models import record
from imaging.storage import deliveries
from reads.models import Reader, ReaderAbsence, ReaderConflict, ReaderContract
from reads.workflows import READER, READER_CONTRACT
from studies.models import Organisation, Site, Study

#: kinds of work that a contract gives a rate for
WORK = (
    *("time_point", "global_review", "adjudication", "eligibility", "oncology"),
    *("training", "meeting"),
)
LARGEST_CV = 10 * 1024 * 1024
_EDITABLE = (
    "specialty",
    "therapeutic_areas",
    "languages",
    "country",
    "licence_number",
    "licence_authority",
    "licence_until",
    "employer",
    "per_day",
    "per_week",
    "pools",
)
COUNTRY_LENGTH = 2


def enter(user: User, values: Mapping[str, Any], *, actor: Actor) -> Reader:
    """Enter somebody in the register.

    Raises:
        RuleBroken: RR-001 the person stands there already; RR-002 a value is missing or wrong.
    """
    actor.require("reader.manage")
    reader = Reader(user=user)
    _set(reader, values)
    try:
        with transaction.atomic(), acting(actor.acting_as("reader.manage")):
            reader.save()
            record("reader.enter", reader)
    except IntegrityError as error:
        raise RuleBroken(f"{user.printed_name} is in the register.", rule="RR-001") from error
    return reader


def change(reader: Reader, values: Mapping[str, Any], *, actor: Actor, reason: str) -> Reader:
    """Change what the register says of a reader.

    Raises:
        ReasonRequired: no reason.
        RuleBroken: RR-002 a value is missing or wrong.
    """
    actor.require("reader.manage")
    if not reason.strip():
        raise ReasonRequired("Say why the entry changes.", rule="reader.change")
    with transaction.atomic(), acting(actor.acting_as("reader.manage"), reason):
        row: Reader = Reader.objects.select_for_update().get(pk=reader.pk)
        _set(row, values)
        row.save()
        record("reader.change", row, reason=reason)
    return row


def _set(reader: Reader, values: Mapping[str, Any]) -> None:
    for name in _EDITABLE:
        if name in values:
            setattr(reader, name, values[name])
    if not str(reader.specialty).strip():
        raise RuleBroken("Enter the specialty.", rule="RR-002")
    if len(reader.country) != COUNTRY_LENGTH or not reader.country.isalpha():
        raise RuleBroken("Enter the country as two letters, such as SE.", rule="RR-002")
    reader.country = reader.country.upper()
    if not 1 <= int(reader.per_day) <= int(reader.per_week):
        raise RuleBroken(
            "Reads a day must be at least 1 and not more than reads a week.", rule="RR-002"
        )


def check_entry(values: Mapping[str, Any]) -> None:
    """Refuse values that the register would refuse.

    Raises:
        RuleBroken: RR-002 a value is missing or wrong.
    """
    _set(Reader(), values)


def file_cv(reader: Reader, name: str, content: bytes, dated: date, *, actor: Actor) -> Reader:
    """Keep a CV; the one before stays in the history.

    Raises:
        RuleBroken: RR-003 empty, larger than 10 MB, or no PDF.
    """
    actor.require("reader.manage")
    if not content.startswith(b"%PDF-") or len(content) > LARGEST_CV:
        raise RuleBroken("The CV must be a PDF of at most 10 MB.", rule="RR-003")
    digest = deliveries().put_bytes(content)
    with transaction.atomic(), acting(actor.acting_as("reader.manage")):
        row: Reader = Reader.objects.select_for_update().get(pk=reader.pk)
        row.cv_sha256, row.cv_name, row.cv_dated = digest, name[:120], dated
        row.save()
        record("reader.file_cv", row, details={"sha256": digest})
    return row


def declare_conflict(
    reader: Reader,
    kind: str,
    *,
    actor: Actor,
    site: Site | None = None,
    organisation: Organisation | None = None,
    note: str = "",
    since: date | None = None,
) -> ReaderConflict:
    """Keep a tie that bars a reader from subjects of a site or of an organisation's sites.

    Raises:
        RuleBroken: RR-004 neither or both of site and organisation; RR-005 no such kind.
    """
    actor.require("reader.manage")
    if (site is None) == (organisation is None):
        raise RuleBroken("Name either a site or an organisation.", rule="RR-004")
    if kind not in ReaderConflict.Kind.values:
        raise RuleBroken("Choose the kind of the conflict.", rule="RR-005")
    with transaction.atomic(), acting(actor.acting_as("reader.manage")):
        made = ReaderConflict(
            reader=reader, kind=kind, site=site, organisation=organisation, note=note, since=since
        )
        made.save()
        record("reader.declare_conflict", reader, details={"conflict": str(made.pk)})
    return made


def end_conflict(conflict: ReaderConflict, *, actor: Actor, reason: str) -> ReaderConflict:
    """Let a conflict end today; what it barred until now stays as it was."""
    actor.require("reader.manage")
    if not reason.strip():
        raise ReasonRequired("Say why the conflict ends.", rule="reader.end_conflict")
    with transaction.atomic(), acting(actor.acting_as("reader.manage"), reason):
        conflict.ended_on = clock.today()
        conflict.save()
        record("reader.end_conflict", conflict.reader, reason=reason)
    return conflict


def conflicting_sites(reader: Reader, study: Study) -> set[Any]:
    """Return the ids of the study's sites whose subjects the reader must not read.

    An employer or an organisation bars all of its sites.
    """
    held = reader.conflicts.filter(Q(ended_on=None) | Q(ended_on__gt=clock.today()))
    sites = {one.site_id for one in held if one.site_id}
    organisations = {one.organisation_id for one in held if one.organisation_id}
    if reader.employer_id:
        organisations.add(reader.employer_id)
    rows = Site.objects.filter(study_sites__study=study).filter(
        Q(pk__in=sites) | Q(organisation_id__in=organisations)
    )
    return set(rows.values_list("pk", flat=True))


def plan_absence(
    reader: Reader, first: date, last: date, *, actor: Actor, note: str = ""
) -> ReaderAbsence:
    """Keep days on which a reader does not read.

    Raises:
        RuleBroken: RR-006 the last day lies before the first.
    """
    actor.require("reader.manage")
    if last < first:
        raise RuleBroken("The last day lies before the first.", rule="RR-006")
    with transaction.atomic(), acting(actor.acting_as("reader.manage")):
        made = ReaderAbsence(reader=reader, first_day=first, last_day=last, note=note)
        made.save()
        record("reader.plan_absence", reader, details={"from": str(first), "to": str(last)})
    return made


def cancel_absence(absence: ReaderAbsence, *, actor: Actor, reason: str) -> ReaderAbsence:
    """Take an absence back."""
    actor.require("reader.manage")
    if not reason.strip():
        raise ReasonRequired("Say why the absence is cancelled.", rule="reader.cancel_absence")
    with transaction.atomic(), acting(actor.acting_as("reader.manage"), reason):
        absence.cancelled_on = clock.today()
        absence.save()
        record("reader.cancel_absence", absence.reader, reason=reason)
    return absence


def draft_contract(
    reader: Reader,
    *,
    number: str,
    valid_from: date,
    valid_until: date,
    currency: str,
    rates: Mapping[str, str],
    actor: Actor,
) -> ReaderContract:
    """Write a contract with its rates.

    Raises:
        RuleBroken: RR-007 dates, currency or a rate make no sense; RR-008 the number is taken.
    """
    actor.require("reader.manage")
    if valid_until < valid_from:
        raise RuleBroken("The contract ends before it begins.", rule="RR-007")
    if len(currency) != len("EUR") or not currency.isalpha():
        raise RuleBroken("Enter the currency as three letters, such as EUR.", rule="RR-007")
    made = ReaderContract(
        reader=reader,
        number=number.strip(),
        valid_from=valid_from,
        valid_until=valid_until,
        currency=currency.upper(),
        rates={kind: _amount(kind, text) for kind, text in rates.items() if str(text).strip()},
    )
    if not made.number or not made.rates:
        raise RuleBroken("A contract needs a number and at least one rate.", rule="RR-007")
    try:
        with transaction.atomic(), acting(actor.acting_as("reader.manage")):
            made.save()
            record("reader.draft_contract", reader, details={"number": made.number})
    except IntegrityError as error:
        raise RuleBroken(f"Contract {made.number} exists already.", rule="RR-008") from error
    return made


def _amount(kind: str, text: str) -> str:
    try:
        amount = Decimal(str(text).strip())
    except InvalidOperation:
        words = kind.replace("_", " ")
        raise RuleBroken(f"The rate for {words} is no number.", rule="RR-007") from None
    if kind not in WORK or not amount.is_finite() or amount < 0:
        raise RuleBroken(f"The rate for {kind.replace('_', ' ')} makes no sense.", rule="RR-007")
    return f"{amount:.2f}"


def move_contract(
    contract: ReaderContract, step: str, *, actor: Actor, reason: str = ""
) -> ReaderContract:
    """Send, recall, sign or end a contract."""
    return READER_CONTRACT.move(contract, step, actor=actor, reason=reason)


def move_reader(reader: Reader, step: str, *, actor: Actor, reason: str) -> Reader:
    """Suspend, resume or release a reader; a suspended reader opens and signs nothing."""
    return READER.move(reader, step, actor=actor, reason=reason)


def holding_contract(reader: Reader, day: date | None = None) -> ReaderContract | None:
    """Return the signed contract that holds on a day."""
    when = day or clock.today()
    rows = reader.contracts.filter(state="signed", valid_from__lte=when, valid_until__gte=when)
    return rows.order_by("-valid_until").first()


def active_absences(reader: Reader) -> QuerySet[ReaderAbsence]:
    """Return absences that were not cancelled."""
    return reader.absences.filter(cancelled_on=None)


def is_there(reader: Reader, day: date | None = None) -> bool:
    """Tell whether a reader reads on a day: active, and not absent."""
    when = day or clock.today()
    return (
        reader.state == "active"
        and not active_absences(reader).filter(first_day__lte=when, last_day__gte=when).exists()
    )
