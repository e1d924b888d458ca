"""De-identification of an upload into the research store: each source exactly once per profile.

Children clean and verify independently; what passed goes on, batch by batch, to be named and
written down (``imaging.services.storing``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from audit.durable import fsync_files
from imaging.models import Instance, ReceivedFile, Submission
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
from imaging.pipeline.sandbox import Contained, Sandbox, chained
from imaging.pipeline.site_cleaning import CleanedAtSite, SecondVerifier
from imaging.pipeline.verifier import OutputVerifier, Verdict
from imaging.pipeline.verify import load
from imaging.services.clean_reader import CleanReader
from imaging.services.holds import ANSWERED_BY_LOOKING
from imaging.services.intake import LIMITS, Examined, Intake, Left, Tick
from imaging.services.site_cleaning import plan_for
from imaging.services.storing import Batch, Cleaned, Failure, Order, Work, keep_clean
from imaging.storage import Staged, research
from imaging.storage.originals import Originals

BATCH = 256
LAST_BATCH = 32
PROCESSES = 2  # children that clean, and as many that verify


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
    keep_clean(
        submission,
        intake,
        _batches(_cleaned(plan, work), expected=len(work)),
        finished=finished,
        tick=tick,
    )
    store.clear_workspace(place)


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
        Work(item, folder / f"{number}.part", frozenset(), ()) for number, item in enumerate(items)
    ]
    return Ahead([], _batches(_cleaned(plan, work), expected=len(work)))


def all_ahead(done: list[Cleaned]) -> Ahead:
    """Return what was all done ahead, in an earlier run."""
    return Ahead(done, _batches((), expected=0))


def cleaned_ahead(
    item: Examined, path: Path, outcome: DeidOutcome, left: Left, *, size: int
) -> Cleaned:
    """Return a file that was cleaned and verified ahead, as ``take_over`` wants it."""
    sha256 = outcome.sha256_after
    staged = Staged(sha256, size, path, research().name_of(sha256))
    return Cleaned(Work(item, path, frozenset(), ()), outcome, staged, left)


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
    keep_clean(submission, intake, mine, finished=finished, tick=tick)


def _batches(results: Iterable[Cleaned | Failure], *, expected: int) -> Generator[Batch]:
    """Gather results, as they come, into what is named and written together.

    Towards the end of what is expected batches become smaller: while a batch is written the next
    is cleaned, and after the last nothing is left to do beside it.
    """
    passed: list[Cleaned] = []
    failed: list[Failure] = []
    wanted = _next_batch(expected)
    for result in results:
        if isinstance(result, Cleaned):
            passed.append(result)
        else:
            failed.append(result)
        if len(passed) + len(failed) >= wanted:
            expected -= len(passed) + len(failed)
            yield passed, failed
            passed, failed = [], []
            wanted = _next_batch(expected)
    if passed or failed:
        yield passed, failed


def _next_batch(left: int) -> int:
    return min(BATCH, max(LAST_BATCH, left // 2))


def _work(submission: Submission) -> Callable[[Examined, Path], Work]:
    """Return what tells, file by file, which holds a person answered and which masks apply."""
    lifted = frozenset(submission.lifted_holds)
    decided = submission.files.filter(decision__state="effective").select_related("decision")
    decisions = {row.pk: row.decision for row in decided}

    def work_for(item: Examined, path: Path) -> Work:
        decision = decisions.get(item.row.pk)
        accepted = lifted | ANSWERED_BY_LOOKING if decision else lifted
        masks = tuple(Mask(**mask) for mask in decision.masks) if decision else ()
        return Work(item, path, accepted, masks)

    return work_for


def _cleaner(plan: DeidPlan, originals: Originals) -> Callable[[], Callable[[Order], DeidOutcome]]:
    def setup() -> Callable[[Order], DeidOutcome]:
        def clean_one(order: Order) -> DeidOutcome:
            data = originals.read(order.sha256, order.source, order.size)
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
) -> Callable[[], Callable[[Order], tuple[Verdict, Left | None]]]:
    """Return the set-up of another process, which shares nothing with the one that cleaned.

    A masked file is judged twice: the masks against the file that came, and the output against
    the masked file. Of what passed, all that later stages need of the clean file is read here.
    """

    def setup() -> Callable[[Order], tuple[Verdict, Left | None]]:
        second = isinstance(plan, CleanedAtSite)
        verifier = SecondVerifier(plan) if second else OutputVerifier(plan)
        reader = CleanReader()

        def verify(order: Order) -> tuple[Verdict, Left | None]:
            target = Path(order.target)
            if order.masks:
                received = originals.file(order.sha256, Path(order.source))
                masked = Path(order.masked)
                code = check_masked(received, masked, order.masks)
                if code:
                    return Verdict(code, "pixel data"), None
                source = load(masked)
            else:
                source = originals.read(order.sha256, order.source, order.size)
            output = load(target)
            verdict = verifier.compare(source, output, target.name)
            return verdict, reader.read(output, target) if verdict.passed else None

        return verify

    return setup


def _cleaned(plan: DeidPlan, work: Sequence[Work]) -> Iterator[Cleaned | Failure]:
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
    work: Work, outcome: DeidOutcome, result: tuple[Verdict, Left | None] | Contained
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
