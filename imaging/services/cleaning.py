"""De-identification of an upload into the research store: each source exactly once per profile.

Files go in batches: clean, verify independently, name durably, then write the rows. A worker lost
at any moment leaves at most stored bytes without a row; the next run makes the same bytes again,
because the same plan and source give the same output.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import transaction
from pydicom.uid import ExplicitVRLittleEndian

from audit import clock
from audit.durable import fsync_files
from imaging.models import ImagingStudy, Instance, ReceivedFile, Series, SeriesTimePoint, Submission
from imaging.pipeline.deidentify import (
    DeidOutcome,
    DeidPlan,
    Mask,
    Status,
    deidentify_bytes,
)
from imaging.pipeline.deidentify.masking import apply_masks
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.held_pictures import check_masked
from imaging.pipeline.reasons import sentence
from imaging.pipeline.sandbox import Contained, Sandbox, chained
from imaging.pipeline.site_cleaning import CleanedAtSite, SecondVerifier
from imaging.pipeline.travel import travels
from imaging.pipeline.verifier import OutputVerifier, TokenSearch, Verdict
from imaging.pipeline.verify import load
from imaging.services.clean_reader import CleanReader
from imaging.services.holds import ANSWERED_BY_LOOKING
from imaging.services.intake import LIMITS, Examined, Intake, Left, Tick
from imaging.services.site_cleaning import plan_for
from imaging.storage import Staged, research
from imaging.storage.originals import Originals

BATCH = 256
PROCESSES = 2  # children that clean, and as many that verify
Failure = tuple[Examined, str, str]


@travels
@dataclass(frozen=True, slots=True)
class _Order:
    """What a child is told about one file: no row, no connection."""

    sha256: str
    source: str
    size: int
    target: str
    masked: str
    accepted: frozenset[str]
    masks: tuple[Mask, ...]


@dataclass(frozen=True, slots=True)
class _Work:
    """One file on its way: what came, where it goes, and what a person decided on it."""

    item: Examined
    path: Path
    accepted: frozenset[str]
    masks: tuple[Mask, ...]

    @property
    def order(self) -> _Order:
        """The masked copy lies beside the original, in the working folder that is removed."""
        sha256, source, size = self.item.order
        masked = f"{source}.masked"
        return _Order(sha256, source, size, str(self.path), masked, self.accepted, self.masks)


@dataclass(frozen=True, slots=True)
class Cleaned:
    """A file that passed cleaning and verification, with its staged output."""

    work: _Work
    outcome: DeidOutcome
    staged: Staged
    left: Left


@dataclass(frozen=True, slots=True)
class _Named:
    """A batch on its way to the disk; its rows may be written when ``durable`` is over."""

    durable: Future[None]
    passed: Sequence[Cleaned]
    failed: Sequence[Failure]


Batch = tuple[list[Cleaned], list[Failure]]


def plan_of(submission: Submission, intake: Intake) -> DeidPlan:
    """Return what the upload is cleaned with; equal for every run over the same upload."""
    return plan_for(submission, study_secret=intake.key, tokens=intake.tokens)


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
    work_for = _work(submission)
    work = [work_for(item, workspace / f"{item.row.pk}.part") for item in left]
    _store(submission, intake, _batches(_cleaned(plan, work)), finished=finished, tick=tick)
    store.clear_workspace(place)


def _store(
    submission: Submission, intake: Intake, batches: Iterable[Batch], *, finished: int, tick: Tick
) -> None:
    """Name what is cleaned, durably, and write its rows, batch by batch as it comes."""
    store = research()
    with ThreadPoolExecutor(1) as disk:
        waiting: _Named | None = None
        for passed, failed in batches:
            # The disk takes one batch while the next one is cleaned; rows follow the names.
            named = disk.submit(store.commit, [cleaned.staged for cleaned in passed])
            if waiting is not None:
                finished += _write_rows(submission, intake, waiting)
            tick(finished, "Removing identity and verifying")
            waiting = _Named(named, passed, failed)
        if waiting is not None:
            finished += _write_rows(submission, intake, waiting)
            tick(finished, "Removing identity and verifying")


@dataclass(frozen=True)
class Ahead:
    """Cleaning and verifying into a folder, naming nothing, until it is signed or all is done.

    ``done`` are the files that passed so far.
    """

    done: list[Cleaned]
    _left: Generator[Batch]

    def go_on(self, tick: Tick, is_signed: Callable[[], bool]) -> bool:
        """Work until all is done, or until it is signed: what is left is done as it is stored.

        Returns:
            Whether every file passed; when one did not, the work ends there.
        """
        with ThreadPoolExecutor(1) as disk:
            for passed, failed in self._left:
                if failed:
                    self.stop()
                    return False
                self.done.extend(passed)
                tick(0, "Removing identity ahead")
                if is_signed():
                    return True
                # On the disk before they are named: signing waits for names only.
                disk.submit(fsync_files, [one.staged.path for one in passed])
        return True

    def stop(self) -> None:
        """Leave undone what is left."""
        self._left.close()

    def batches(self) -> Iterator[Batch]:
        """Yield what is done, then what is left as it is cleaned."""
        for at in range(0, len(self.done), BATCH):
            yield self.done[at : at + BATCH], []
        yield from self._left


def begin_ahead(items: Sequence[Examined], plan: DeidPlan, *, folder: Path) -> Ahead:
    """Prepare to clean files into a folder; none is touched yet."""
    # The verifier searches names for numbers too: these are shorter than any that identifies.
    work = [
        _Work(item, folder / f"{number}.part", frozenset(), ()) for number, item in enumerate(items)
    ]
    return Ahead([], _batches(_cleaned(plan, work)))


def all_ahead(done: list[Cleaned]) -> Ahead:
    """Return what was all done ahead, in an earlier run."""
    return Ahead(done, _batches(()))


def cleaned_ahead(
    item: Examined, path: Path, outcome: DeidOutcome, left: Left, *, size: int
) -> Cleaned:
    """Return a file that was cleaned and verified ahead, as ``take_over`` wants it."""
    sha256 = outcome.sha256_after
    staged = Staged(sha256, size, path, research().name_of(sha256))
    return Cleaned(_Work(item, path, frozenset(), ()), outcome, staged, left)


def take_over(
    submission: Submission, intake: Intake, batches: Iterable[Batch], *, tick: Tick
) -> None:
    """Name files that were cleaned ahead, durably, and write their rows."""
    wanted = {item.row.pk for item in intake.examined}
    mine = (
        (
            [one for one in passed if one.work.item.row.pk in wanted],
            [one for one in failed if one[0].row.pk in wanted],
        )
        for passed, failed in batches
    )
    finished = submission.file_count - len(wanted)
    _store(submission, intake, mine, finished=finished, tick=tick)


def _batches(results: Iterable[Cleaned | Failure]) -> Generator[Batch]:
    """Gather results, as they come, into what is named and written together."""
    passed: list[Cleaned] = []
    failed: list[Failure] = []
    for result in results:
        if isinstance(result, Cleaned):
            passed.append(result)
        else:
            failed.append(result)
        if len(passed) + len(failed) >= BATCH:
            yield passed, failed
            passed, failed = [], []
    if passed or failed:
        yield passed, failed


def _work(submission: Submission) -> Callable[[Examined, Path], _Work]:
    """Return what tells, file by file, which holds a person answered and which masks apply."""
    lifted = frozenset(submission.lifted_holds)
    decided = submission.files.filter(decision__state="effective").select_related("decision")
    decisions = {row.pk: row.decision for row in decided}

    def work_for(item: Examined, path: Path) -> _Work:
        decision = decisions.get(item.row.pk)
        accepted = lifted | ANSWERED_BY_LOOKING if decision else lifted
        masks = tuple(Mask(**mask) for mask in decision.masks) if decision else ()
        return _Work(item, path, accepted, masks)

    return work_for


def _cleaner(plan: DeidPlan, originals: Originals) -> Callable[[], Callable[[_Order], DeidOutcome]]:
    def setup() -> Callable[[_Order], DeidOutcome]:
        def clean_one(order: _Order) -> DeidOutcome:
            data = originals.read(order.sha256, Path(order.source), order.size)
            if order.masks:
                try:
                    data = apply_masks(data, order.masks)
                except Malformed as problem:
                    return DeidOutcome(Status.HELD, problem.code)
                Path(order.masked).write_bytes(data)
            # The store forces the files of a batch to the disk together when it names them.
            return deidentify_bytes(
                data,
                Path(order.target),
                plan=plan,
                accepted=order.accepted,
                sha256_before="" if order.masks else order.sha256,
                durable=False,
            )

        return clean_one

    return setup


def _verifier(
    plan: DeidPlan, originals: Originals
) -> Callable[[], Callable[[_Order], tuple[Verdict, Left | None]]]:
    """Return the set-up of another process, which shares nothing with the one that cleaned.

    A masked file is judged twice: the masks against the file that came, and the output against
    the masked file. Of what passed, all that later stages need of the clean file is read here.
    """

    def setup() -> Callable[[_Order], tuple[Verdict, Left | None]]:
        second = isinstance(plan, CleanedAtSite)
        verifier = SecondVerifier(plan) if second else OutputVerifier(plan)
        reader = CleanReader()

        def verify(order: _Order) -> tuple[Verdict, Left | None]:
            place, target = Path(order.source), Path(order.target)
            if order.masks:
                received, masked = originals.file(order.sha256, place), Path(order.masked)
                code = check_masked(received, masked, order.masks)
                if code:
                    return Verdict(code, "pixel data"), None
                source = load(masked)
            else:
                source = originals.read(order.sha256, place, order.size)
            output = load(target)
            verdict = verifier.compare(source, output, target.name)
            return verdict, reader.read(output, target) if verdict.passed else None

        return verify

    return setup


def _cleaned(plan: DeidPlan, work: Sequence[_Work]) -> Iterator[Cleaned | Failure]:
    """Clean and verify files side by side; yield what became of each as it is known."""
    if not work:
        return
    originals = work[0].item.originals
    with (
        Sandbox(_cleaner(plan, originals), processes=PROCESSES, limits=LIMITS) as cleaners,
        Sandbox(_verifier(plan, originals), processes=PROCESSES, limits=LIMITS) as verifiers,
    ):
        orders = [one.order for one in work]
        for position, outcome, verdict in chained(cleaners, verifiers, orders, _is_written):
            one = work[position]
            if isinstance(outcome, Contained):
                yield one.item, ReceivedFile.Outcome.REFUSED, outcome.code
            elif verdict is None:
                yield one.item, outcome.status.value, outcome.code
            else:
                yield _judged(one, outcome, verdict)


def _is_written(outcome: DeidOutcome) -> bool:
    return outcome.status is Status.WRITTEN


def _judged(
    work: _Work, outcome: DeidOutcome, result: tuple[Verdict, Left | None] | Contained
) -> Cleaned | Failure:
    verdict, left = (Verdict(result.code), None) if isinstance(result, Contained) else result
    if work.masks:
        Path(work.order.masked).unlink(missing_ok=True)
    if left is None:
        work.path.unlink(missing_ok=True)
        return work.item, ReceivedFile.Outcome.HELD, verdict.code
    sha256 = outcome.sha256_after
    staged = Staged(sha256, work.path.stat().st_size, work.path, research().name_of(sha256))
    return Cleaned(work, outcome, staged, left)


def _write_rows(submission: Submission, intake: Intake, named: _Named) -> int:
    """Write the rows of a batch once its files are durable; return how many files it had."""
    named.durable.result()
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


def report_document(submission: Submission, plan: DeidPlan) -> dict[str, Any]:
    """Return the proof of de-identification: profile, counts, digests before and after.

    Nothing in it comes from a header; what people wrote as reasons stands with their decisions.
    """
    effects: Counter[str] = Counter()
    files = []
    seen = _seen_before(submission)
    rows = Instance.objects.filter(series__submission=submission).order_by("id")
    columns = ("series__uid", "source_sha256", "sha256", "pixel_sha256", "effects")
    for uid, before, after, pixels, counted in rows.values_list(*columns):
        effects.update(counted)
        masked = counted.get("places_masked", 0)
        files.append(
            {
                "series": uid,
                "before": before,
                "after": after,
                "pixels_before": seen.get(before, "") if masked else pixels,
                "pixels": pixels,
                "masked": masked,
            }
        )
    outcomes = Counter(submission.files.values_list("outcome", flat=True))
    with_pixels = [f for f in files if f["pixels"]]
    masked_files = [f for f in with_pixels if f["masked"]]
    return {
        "profile": {
            "name": plan.profile.name,
            "version": plan.profile.version,
            "digest": plan.profile.digest,
            "methods": [{"code": code, "meaning": text} for code, text in plan.profile.methods],
        },
        "outcomes": dict(outcomes),
        "effects": dict(effects),
        "withheld_reasons": _telling_reasons(submission, plan),
        "verified": {
            "files": len(files),
            "pixels_unchanged": len(with_pixels) - len(masked_files),
            "pixels_masked": len(masked_files),
        },
        "files": files,
    }


def _telling_reasons(submission: Submission, plan: DeidPlan) -> list[str]:
    """Return the decisions whose reason repeats identity of the upload: the proof leaves it out.

    Only while the files are worked on is it known what identifies.
    """
    search = TokenSearch(plan.safe_tokens)
    return [
        str(row.pk)
        for row in submission.hold_decisions.all()
        if search.in_text(row.reason) or search.in_text(row.second_reason)
    ]


def _seen_before(submission: Submission) -> dict[str, str]:
    """Return the pixel digest of every file as it came that a person was shown."""
    shown = submission.files.exclude(screening=None)
    return dict(shown.values_list("sha256", "screening__pixel_sha256"))
