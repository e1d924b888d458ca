"""De-identification of an upload into the research store: each source exactly once per profile.

Files go in batches: clean, verify independently, name durably, then write the rows. A worker lost
at any moment leaves at most stored bytes without a row; the next run makes the same bytes again,
because the same plan and source give the same output.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from pydicom import dcmread

from imaging.models import ImagingStudy, Instance, ReceivedFile, Series, SeriesTimePoint, Submission
from imaging.pipeline.deidentify import (
    DeidOutcome,
    DeidPlan,
    Status,
    Subject,
    TrialValues,
    deidentify_file,
)
from imaging.pipeline.reasons import sentence
from imaging.pipeline.sandbox import Contained, Sandbox
from imaging.pipeline.verifier import OutputVerifier, Verdict
from imaging.services.intake import LIMITS, Examined, Intake, Tick
from imaging.storage import Staged, research

BATCH = 16
Pair = tuple[str, str]
Failure = tuple[Examined, str, str]


@dataclass(frozen=True, slots=True)
class _Cleaned:
    """A file that passed cleaning and verification, with its staged output."""

    item: Examined
    outcome: DeidOutcome
    staged: Staged
    height_mm: float | None


def plan_of(submission: Submission, intake: Intake) -> DeidPlan:
    """Return what the upload is cleaned with; equal for every run over the same upload."""
    study = submission.study
    return DeidPlan(
        key=intake.key,
        profile=intake.profile,
        subject=Subject(
            subject_id=submission.subject.code,
            site_id=submission.study_site.number,
            time_point_id=submission.time_point.label,
        ),
        trial=TrialValues(
            sponsor_name=study.sponsor.name,
            protocol_id=study.protocol_number,
            protocol_name=study.title,
        ),
        tokens=intake.tokens,
    )


def clean(
    submission: Submission, intake: Intake, plan: DeidPlan, *, held: Collection[int], tick: Tick
) -> None:
    """Clean every examined file that was not cleaned before by this profile and is not held."""
    done = set(
        Instance.objects.filter(
            series__submission=submission, profile_digest=plan.profile.digest
        ).values_list("source_sha256", flat=True)
    )
    left = [
        item for item in intake.examined if item.row.sha256 not in done and item.row.pk not in held
    ]
    finished = submission.file_count - len(left)
    store, place = research(), submission.pk.hex
    store.clear_workspace(place)
    workspace = store.workspace(place)
    accepted = frozenset(submission.lifted_holds)
    with (
        Sandbox(_cleaner(plan, accepted), limits=LIMITS) as cleaners,
        Sandbox(_verifier(plan), limits=LIMITS) as verifiers,
    ):
        for batch in _batches(left):
            pairs = [(item, workspace / f"{item.row.pk}.part") for item in batch]
            _clean_batch(submission, cleaners, verifiers, pairs)
            finished += len(batch)
            tick(finished, "Removing identity and verifying")
    store.clear_workspace(place)


def _batches(items: Sequence[Examined]) -> Iterable[Sequence[Examined]]:
    return (items[start : start + BATCH] for start in range(0, len(items), BATCH))


def _cleaner(
    plan: DeidPlan, accepted: frozenset[str]
) -> Callable[[], Callable[[Pair], DeidOutcome]]:
    def setup() -> Callable[[Pair], DeidOutcome]:
        return lambda pair: deidentify_file(
            Path(pair[0]), Path(pair[1]), plan=plan, accepted=accepted
        )

    return setup


def _verifier(plan: DeidPlan) -> Callable[[], Callable[[Pair], tuple[Verdict, float | None]]]:
    """Return the set-up of another process, which shares nothing with the one that cleaned."""

    def setup() -> Callable[[Pair], tuple[Verdict, float | None]]:
        verifier = OutputVerifier(plan)

        def verify(pair: Pair) -> tuple[Verdict, float | None]:
            source, target = Path(pair[0]), Path(pair[1])
            verdict = verifier.check(source, target)
            return verdict, height_of(target) if verdict.passed else None

        return verify

    return setup


def height_of(path: Path) -> float | None:
    """Return where a slice lies along its normal, mm (PS3.3 C.7.6.2.1.1), if its header says so."""
    header = dcmread(path, specific_tags=["ImagePositionPatient", "ImageOrientationPatient"])
    position, axes = header.get("ImagePositionPatient"), header.get("ImageOrientationPatient")
    if not position or not axes or len(axes) != 6:  # noqa: PLR2004 - two direction cosines
        return None
    a, b = [float(v) for v in axes[:3]], [float(v) for v in axes[3:]]
    normal = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return round(sum(float(p) * n for p, n in zip(position, normal, strict=True)), 3)


def _clean_batch(
    submission: Submission,
    cleaners: Sandbox[Pair, DeidOutcome],
    verifiers: Sandbox[Pair, tuple[Verdict, float | None]],
    pairs: Sequence[tuple[Examined, Path]],
) -> None:
    failed: list[Failure] = []
    written: list[tuple[Examined, Path, DeidOutcome]] = []
    for position, outcome in cleaners.map([(str(item.path), str(path)) for item, path in pairs]):
        item, path = pairs[position]
        if isinstance(outcome, Contained):
            failed.append((item, ReceivedFile.Outcome.REFUSED, outcome.code))
        elif outcome.status is not Status.WRITTEN:
            failed.append((item, outcome.status.value, outcome.code))
        else:
            written.append((item, path, outcome))
    passed = _verified(verifiers, written, failed)
    research().commit([cleaned.staged for cleaned in passed])
    _write_rows(submission, passed, failed)


def _verified(
    verifiers: Sandbox[Pair, tuple[Verdict, float | None]],
    written: Sequence[tuple[Examined, Path, DeidOutcome]],
    failed: list[Failure],
) -> list[_Cleaned]:
    store = research()
    passed: list[_Cleaned] = []
    work = [(str(item.path), str(path)) for item, path, _ in written]
    for position, result in verifiers.map(work):
        item, path, outcome = written[position]
        verdict, height_mm = (
            (Verdict(result.code), None) if isinstance(result, Contained) else result
        )
        if not verdict.passed:
            path.unlink(missing_ok=True)
            failed.append((item, ReceivedFile.Outcome.HELD, verdict.code))
            continue
        sha256 = outcome.sha256_after
        staged = Staged(sha256, path.stat().st_size, path, store.name_of(sha256))
        passed.append(_Cleaned(item, outcome, staged, height_mm))
    return passed


def _write_rows(
    submission: Submission,
    passed: Sequence[_Cleaned],
    failed: Sequence[Failure],
) -> None:
    with transaction.atomic():
        # A stored batch without rows is found here again: the same bytes, the same rows.
        instances = [_instance(submission, cleaned) for cleaned in passed]
        Instance.objects.bulk_create(instances, ignore_conflicts=True)
        submission.files.filter(pk__in=[c.item.row.pk for c in passed]).update(
            outcome=ReceivedFile.Outcome.CLEANED, code="", reason=""
        )
        for item, outcome, code in failed:
            submission.files.filter(pk=item.row.pk).update(
                outcome=outcome, code=code, reason=sentence(code)[:300]
            )


def _instance(submission: Submission, cleaned: _Cleaned) -> Instance:
    verified, outcome = cleaned.item.verified, cleaned.outcome
    number = verified.image.instance_number.strip()
    return Instance(
        study_id=submission.study_id,
        series=series_of(submission, cleaned.item, outcome),
        sop_class_uid=verified.image.sop_class,
        sop_instance_uid=outcome.sop_uid,
        original_key=verified.sealed.sop_uid_hash,
        number=int(number) if number.lstrip("-").isdigit() and len(number) < 10 else None,  # noqa: PLR2004
        position_mm=cleaned.height_mm,
        rows=verified.image.rows,
        columns=verified.image.columns,
        transfer_syntax=verified.image.transfer_syntax,
        sha256=outcome.sha256_after,
        size=cleaned.staged.size,
        source_sha256=cleaned.item.row.sha256,
        pixel_sha256=outcome.pixel_sha256,
        profile_digest=submission.profile.digest,
        effects=dict(outcome.counts),
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


def report_document(submission: Submission, plan: DeidPlan) -> dict[str, Any]:
    """Return the proof of de-identification: profile, counts, digests before and after."""
    effects: Counter[str] = Counter()
    files = []
    rows = Instance.objects.filter(series__submission=submission).order_by("id")
    for row in rows.select_related("series"):
        effects.update(row.effects)
        files.append(
            {
                "series": row.series.uid,
                "before": row.source_sha256,
                "after": row.sha256,
                "pixels": row.pixel_sha256,
            }
        )
    outcomes = Counter(submission.files.values_list("outcome", flat=True))
    return {
        "profile": {
            "name": plan.profile.name,
            "version": plan.profile.version,
            "digest": plan.profile.digest,
            "methods": [{"code": code, "meaning": text} for code, text in plan.profile.methods],
        },
        "outcomes": dict(outcomes),
        "effects": dict(effects),
        "verified": {
            "files": len(files),
            "pixels_unchanged": sum(bool(f["pixels"]) for f in files),
        },
        "files": files,
    }
