"""Writing items of a dossier: one by hand, or all that a file brings in one go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction

from audit import bulk, clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from clinical.definition import Checked, Entered, Item, checked
from clinical.models import Dossier, DossierDocument, DossierImport, DossierItem
from clinical.services import asked, blinding, standing
from clinical.services.dossiers import locked_row


@dataclass(frozen=True, slots=True)
class Kept:
    """How an answer is kept beside its value."""

    source: str = ""
    document: DossierDocument | None = None
    batch: DossierImport | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as it is to be written."""

    code: str
    entered: Entered
    kept: Kept = Kept()


def enter(
    dossier: Dossier, code: str, entered: Entered, *, actor: Actor, kept: Kept | None = None
) -> DossierItem:
    """Write one item of a dossier that is asked for; what was there stays in the history.

    Raises:
        RuleBroken: CLD-020 the definition does not ask for it; CLD-021 the value is not as agreed;
            CLD-022 a text names the subject, a person, a place or a day.
        Conflict: CLD-023 the dossier was received already.
    """
    return enter_all(dossier, [Entry(code, entered, kept or Kept())], actor=actor)[0]


def enter_all(
    dossier: Dossier,
    entries: Sequence[Entry],
    *,
    actor: Actor,
    known: blinding.Known | None = None,
    work: str = "",
) -> list[DossierItem]:
    """Write several items of one dossier in one transaction, as ``enter`` writes one.

    Args:
        known: the words of the subject's life, when the caller has found them already.
        work: key of the job that writes; kept in the event, by which a repeated job finds it done.
    """
    actor.require("dossier.enter")
    with transaction.atomic(), acting(actor.acting_as("dossier.enter")):
        row = locked_row(dossier)
        if row.state != "requested":
            raise Conflict(
                "This dossier was received already. Send it back, or open its next version.",
                rule="CLD-023",
            )
        items = {one.code: one for one in standing.items_of(row)}
        held = {one.code: one for one in row.items.all()}
        words = known if known is not None else blinding.known_words(row.subject)
        today = clock.today(row.study.time_zone)
        written = []
        for entry in entries:
            item = items.get(entry.code)
            if item is None:
                raise RuleBroken(
                    f"The definition does not ask for “{entry.code}” at {row.time_point.label}.",
                    rule="CLD-020",
                )
            found = checked(item, entry.entered, today=today)
            _refuse_faults(item, entry.entered, found, words)
            made = held.get(item.code) or DossierItem(
                study_id=row.study_id, dossier=row, code=item.code
            )
            _fill(made, item, found, entry)
            made.entered_by_id = actor.user_id
            written.append(made)
        new = [one for one in written if one.code not in held]
        alone = new if len(new) == 1 else []
        bulk.insert([] if alone else new)
        for one in [*alone, *(one for one in written if one.code in held)]:
            one.save()
        codes = [entry.code for entry in entries]
        by = {"work": work} if work else {}
        record("dossier.enter", row, details={"item": ", ".join(codes), **by})
        asked.corrected(row, codes)
        return written


def _refuse_faults(item: Item, entered: Entered, found: Checked, known: blinding.Known) -> None:
    if found.problems:
        text = " ".join(f"{item.label}: {one}" for one in found.problems)
        raise RuleBroken(f"{text} Nothing was changed.", rule="CLD-021",
                         details=list(found.problems))  # fmt: skip
    texts = blinding.texts_of(item, found.value, found.rows)
    told = blinding.sentences(item, [*texts, entered.missing_reason], known)
    if told:
        raise RuleBroken(f"{' '.join(told)} Nothing was changed.", rule="CLD-022", details=told)


def _fill(row: DossierItem, item: Item, found: Checked, entry: Entry) -> None:
    row.value, row.unit, row.observed_on = found.value, found.unit, found.on
    row.rows = list(found.rows)
    row.source = entry.kept.source or item.source
    row.missing_reason = entry.entered.missing_reason.strip()[:200]
    row.batch = entry.kept.batch
    if entry.kept.document is not None:
        row.document = entry.kept.document
    elif item.kind != "document" or row.missing_reason or not entry.entered.has_document:
        row.document = None
