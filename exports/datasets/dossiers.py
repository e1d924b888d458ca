"""Clinical dossiers: versions, items, who opened them while reading, and the second source."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from clinical.definition import Definition, Item, read
from clinical.models import Discrepancy, Dossier, DossierDocument, DossierItem, Reconciliation
from exports.datasets.base import EVALUATORS, Dataset, builder, usubjid, words
from exports.snapshot import Snapshot
from queries.models import Query
from reads.models import AdjudicationCase, DossierOpening, ReaderStream, ReadTask
from studies.models import Configuration, Subject, TimePoint


def _instant(at: datetime | None) -> str | None:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None


def _place(snapshot: Snapshot, dossier: Any) -> tuple[str, str, str, int]:
    """Return study, subject, visit and version, which name a dossier in every cut."""
    subject = snapshot.one(Subject, dossier.subject_id)
    point = snapshot.one(TimePoint, dossier.time_point_id)
    return (snapshot.study.protocol, usubjid(snapshot, subject), point.label, dossier.version)


@builder
def dossiers(snapshot: Snapshot) -> Dataset:
    """One row per version of a dossier that was reconciled up to the cut-off."""
    rows: list[tuple[Any, ...]] = [
        (
            *_place(snapshot, one),
            one.state.upper(),
            one.reason or None,
            *(
                _instant(at)
                for at in (one.requested_at, one.received_at, one.reconciled_at, one.approved_at,
                           one.applied_at)
            ),
        )
        for one in snapshot.all(Dossier)
    ]  # fmt: skip
    columns = words(
        "STUDYID USUBJID VISIT DOSSVER STATUS REASON REQUESTED RECEIVED RECONCILED APPROVED APPLIED"
    )
    return Dataset(
        "dossiers", "Clinical dossiers", columns, sorted(rows, key=lambda r: tuple(r[:4]))
    )


@builder
def dossier_items(snapshot: Snapshot) -> Dataset:
    """One row per value of a dossier; a table has one for each cell that is filled."""
    held = {str(one.id): one for one in snapshot.all(Dossier)}
    asked: dict[Any, Definition] = {}
    rows: list[tuple[Any, ...]] = []
    for kept in snapshot.all(DossierItem):
        dossier = held[str(kept.dossier_id)]
        if dossier.definition_id not in asked:
            made = snapshot.one(Configuration, dossier.definition_id)
            asked[dossier.definition_id] = read(made.document)
        item = asked[dossier.definition_id].item(kept.code)
        if item is None:
            continue
        for number, column, value, unit in _values(snapshot, item, kept):
            rows.append(
                (
                    *_place(snapshot, dossier),
                    kept.code.upper(),
                    item.label,
                    number,
                    column,
                    value,
                    unit or None,
                    kept.observed_on or None,
                    kept.source.upper(),
                    kept.missing_reason or None,
                )
            )
    columns = words(
        "STUDYID USUBJID VISIT DOSSVER ITEM ITEMLBL ITEMROW COLUMN VALUE UNIT OBSDTC SOURCE REASNA"
    )
    ordered = sorted(rows, key=lambda r: (*r[:5], r[6] or 0, r[7] or ""))
    return Dataset("dossier_items", "Items of dossiers", columns, ordered)


def _values(
    snapshot: Snapshot, item: Item, kept: Any
) -> Iterator[tuple[int | None, str | None, str | None, str]]:
    """Yield row and column of a table (nothing of a single value), value and unit."""
    if item.kind == "table" and not kept.missing_reason:
        for number, row in enumerate(kept.rows, start=1):
            for column in item.columns:
                if row.get(column.code):
                    yield number, column.code.upper(), str(row[column.code]), column.unit
    elif item.kind == "document" and kept.document_id is not None:
        paper = snapshot.one(DossierDocument, kept.document_id)
        # The flat copy that readers see; the sealed original stays where it is.
        yield None, None, f"dossier-document-{paper.number}.pdf {paper.released_sha256}".strip(), ""
    else:
        yield None, None, kept.value or None, kept.unit


@builder
def dossier_openings(snapshot: Snapshot) -> Dataset:
    """One row per look of a reader at a dossier, in reads that count and decided cases."""
    rows: list[tuple[Any, ...]] = []
    for one in snapshot.all(DossierOpening):
        point = snapshot.one(TimePoint, one.time_point_id)
        subject = snapshot.one(Subject, point.subject_id)
        if one.task_id is not None:
            task = snapshot.one(ReadTask, one.task_id)
            stream = snapshot.one(ReaderStream, task.stream_id)
            who = EVALUATORS.get(stream.role, stream.role.upper())
            purpose, kind = stream.purpose.upper(), task.kind.upper()
            read_at = snapshot.one(TimePoint, task.time_point_id) if task.time_point_id else None
        else:
            case = snapshot.one(AdjudicationCase, one.case_id)
            who, purpose, kind = EVALUATORS["adjudicator"], "EFFICACY", "ADJUDICATION"
            read_at = snapshot.one(TimePoint, case.time_point_id) if case.time_point_id else None
        rows.append(
            (
                snapshot.study.protocol,
                usubjid(snapshot, subject),
                who,
                purpose,
                kind,
                read_at.label if read_at is not None else None,
                point.label,
                one.version,
                _instant(one.at),
                "Y" if one.after_signature else "N",
                one.pk,
            )
        )
    columns = words(
        "STUDYID USUBJID EVALID PURPOSE READKIND READVISIT VISIT DOSSVER OPENED AFTERSIG"
    )
    ordered = sorted(rows, key=lambda r: (r[1], r[8], r[10]))
    return Dataset(
        "dossier_openings", "Openings of dossiers", columns, [row[:10] for row in ordered]
    )


@builder
def reconciliation(snapshot: Snapshot) -> Dataset:
    """One row per difference from a second source, with how it was disposed of."""
    queries = {str(query.id): query.number for query in snapshot.all(Query)}
    rows: list[tuple[Any, ...]] = []
    for one in snapshot.all(Discrepancy):
        run = snapshot.one(Reconciliation, one.reconciliation_id)
        subject = snapshot.one(Subject, one.subject_id) if one.subject_id else None
        point = snapshot.one(TimePoint, one.time_point_id) if one.time_point_id else None
        number = queries.get(str(one.query_id)) if one.query_id else None
        rows.append(
            (
                snapshot.study.protocol,
                run.number,
                run.source,
                usubjid(snapshot, subject) if subject else None,
                point.label if point else None,
                one.place,
                one.item.upper(),
                one.kind.upper(),
                one.ours or None,
                one.theirs or None,
                one.note or None,
                one.state.upper(),
                one.disposition.upper() or None,
                one.reason or None,
                _instant(one.settled_at),
                f"Q-{number:04d}" if number else None,
            )
        )
    columns = words(
        "STUDYID RECON SOURCE USUBJID VISIT PLACE ITEM KIND OURS THEIRS NOTE STATUS DISPOSITION "
        "REASON DISPOSED QUERY"
    )
    ordered = sorted(rows, key=lambda r: (r[1], r[5], r[6], r[8] or "", r[9] or "", r[10] or ""))
    return Dataset("reconciliation", "Differences from a second source", columns, ordered)
