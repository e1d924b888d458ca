"""Clean files become part of the research store: named durably, then their rows are written.

A worker lost at any moment leaves at most stored bytes without a row; the next run makes the same
bytes again, because the same plan and source give the same output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from django.db import transaction
from pydicom.uid import ExplicitVRLittleEndian

from audit import clock
from imaging.models import ImagingStudy, Instance, ReceivedFile, Series, SeriesTimePoint, Submission
from imaging.pipeline.deidentify import DeidOutcome, Mask
from imaging.pipeline.reasons import sentence
from imaging.pipeline.travel import travels
from imaging.services.intake import Examined, Intake, Left, Tick
from imaging.storage import Staged, research

Failure = tuple[Examined, str, str]


@travels
@dataclass(frozen=True, slots=True)
class Order:
    """What a child is told about one file: no row, no connection."""

    sha256: str
    source: str
    size: int
    target: str
    masked: str
    accepted: frozenset[str]
    masks: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class Work:
    """One file on its way: what came, where it goes, and what a person decided on it."""

    item: Examined
    path: Path
    accepted: frozenset[str]
    masks: tuple[Mask, ...]

    @property
    def order(self) -> Order:
        """The masked copy lies beside the original, in the working folder that is removed."""
        sha256, source, size = self.item.order
        masked = f"{source}.masked"
        return Order(sha256, source, size, str(self.path), masked, self.accepted, self.masks)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A file that passed cleaning and verification, with its staged output."""

    work: Work
    outcome: DeidOutcome
    staged: Staged
    left: Left


@dataclass(frozen=True, slots=True)
class _Named:
    """A batch on its way to the disk; its rows may be committed when ``durable`` is over."""

    durable: Future[None]
    passed: Sequence[Cleaned]
    failed: Sequence[Failure]


Batch = tuple[list[Cleaned], list[Failure]]


def keep_clean(
    submission: Submission, intake: Intake, batches: Iterable[Batch], *, finished: int, tick: Tick
) -> None:
    """Name what is cleaned, durably, and write its rows, batch by batch as it comes."""
    store = research()
    with ThreadPoolExecutor(1) as disk:
        waiting: _Named | None = None
        for passed, failed in batches:
            # The disk takes one batch while the next one is cleaned and rows of the last are made.
            named = disk.submit(store.commit, [cleaned.staged for cleaned in passed])
            if waiting is not None:
                finished += _write_rows(submission, intake, waiting)
            tick(finished, "Removing identity and verifying")
            waiting = _Named(named, passed, failed)
        if waiting is not None:
            finished += _write_rows(submission, intake, waiting)
            tick(finished, "Removing identity and verifying")


def _write_rows(submission: Submission, intake: Intake, named: _Named) -> int:
    """Write the rows of a batch; they hold once its files are durable. Return how many it had."""
    passed, failed = named.passed, named.failed
    with transaction.atomic():
        # A stored batch without rows is found here again: the same bytes, the same rows.
        series: dict[str, Series] = {}
        for cleaned in passed:
            uid = cleaned.outcome.series_uid
            if uid not in series:
                series[uid] = series_of(submission, cleaned.work.item, cleaned.outcome)
        instances = [_instance(submission, c, series[c.outcome.series_uid]) for c in passed]
        Instance.objects.bulk_create(instances, ignore_conflicts=True)
        submission.files.filter(pk__in=[c.work.item.row.pk for c in passed]).update(
            outcome=ReceivedFile.Outcome.CLEANED, code="", reason=""
        )
        for item, outcome, code in failed:
            row = submission.files.filter(pk=item.row.pk)
            row.update(outcome=outcome, code=code, reason=sentence(code)[:300])
            if outcome == ReceivedFile.Outcome.HELD:
                row.filter(held_at=None).update(held_at=clock.now())
        named.durable.result()
    intake.left.update((cleaned.staged.sha256, cleaned.left) for cleaned in passed)
    return len(passed) + len(failed)


def _instance(submission: Submission, cleaned: Cleaned, series: Series) -> Instance:
    item, outcome = cleaned.work.item, cleaned.outcome
    verified, masks = item.verified, cleaned.work.masks
    number = verified.image.instance_number.strip()
    return Instance(
        study_id=submission.study_id,
        series=series,
        sop_class_uid=verified.image.sop_class,
        sop_instance_uid=outcome.sop_uid,
        original_key=verified.sealed.sop_uid_hash,
        number=int(number) if number.lstrip("-").isdigit() and len(number) < 10 else None,  # noqa: PLR2004
        position_mm=cleaned.left.height_mm,
        rows=verified.image.rows,
        columns=verified.image.columns,
        transfer_syntax=ExplicitVRLittleEndian if masks else verified.image.transfer_syntax,
        sha256=outcome.sha256_after,
        size=cleaned.staged.size,
        source_sha256=item.row.sha256,
        pixel_sha256=outcome.pixel_sha256,
        profile_digest=submission.profile.digest,
        effects=dict(outcome.counts) | ({"places_masked": len(masks)} if masks else {}),
    )


def series_of(submission: Submission, item: Examined, outcome: DeidOutcome) -> Series:
    """Return the row of a cleaned series, made with its study and its link to the visit."""
    found = Series.objects.in_study(submission.study_id).filter(
        submission=submission, uid=outcome.series_uid
    )
    row: Series | None = found.first()
    if row is not None:
        return row
    sealed = item.verified.sealed
    study = ImagingStudy.objects.in_study(submission.study_id).filter(uid=outcome.study_uid).first()
    if study is None:
        study = ImagingStudy(
            study_id=submission.study_id,
            subject=submission.subject,
            uid=outcome.study_uid,
            original_key=sealed.study_uid_hash,
        )
        study.save()
    row = Series(
        study_id=submission.study_id,
        imaging_study=study,
        submission=submission,
        uid=outcome.series_uid,
        original_key=sealed.series_uid_hash,
        modality=item.verified.image.modality,
    )
    row.save()
    SeriesTimePoint(
        study_id=submission.study_id, series=row, time_point=submission.time_point
    ).save()
    return row
