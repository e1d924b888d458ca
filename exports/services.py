"""Acts on data cuts: plan, clean, freeze, generate, release, acknowledge, download, prove."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date
from zoneinfo import ZoneInfo

from django.db import OperationalError, connection, transaction
from django.db.models import Max

from accounts.signatures import Assent
from audit import chain, clock
from audit.actors import Actor, acting
from audit.errors import Conflict, NotPermitted, ReasonRequired, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from exports import manifest, snapshot
from exports.datasets import BUILDERS
from exports.formats.csvfile import to_csv
from exports.models import CutFile, DataCut
from exports.workflows import DATA_CUT
from imaging.storage import deliveries
from queries.models import Query
from reads.models import AdjudicationCase, ReadTask
from reads.services.training import trained_for
from studies.models import Configuration, Study, TimePoint
from studies.services.configuration import effective
from ui.figures import counted

#: states in which the recipients may take the files
RELEASED = ("released", "acknowledged", "superseded")
#: manifest, checksums and archive, which every cut has beside its datasets
PROOFS = 3
SERIALIZATION_FAILURE = "40001"
Told = Callable[[int, str], None]


@dataclass(frozen=True, slots=True)
class OpenItem:
    """Something unfinished that a cut would contain or miss.

    Attributes:
        page: name of the page where it is finished; ``pk`` is the record that it shows.
    """

    kind: str
    label: str
    why: str
    page: str
    pk: str


def plan_cut(
    study: Study, *, title: str, cut_off: date, planned_for: date, actor: Actor
) -> DataCut:
    """Plan a cut under the effective transfer specification.

    Raises:
        RuleBroken: CUT-001 the delivery would lie before the cut-off; CUT-003 no title;
            UAT-001 the study is a UAT twin; TR-015 it trains readers.
    """
    actor.require("cut.make")
    if study.uat_twin_of_id:
        raise RuleBroken("This is a UAT twin: no data leave it, so it has no cuts.", rule="UAT-001")
    if trained_for(study) is not None:
        raise RuleBroken("Readers are trained in this study, so it has no cuts.", rule="TR-015")
    if not title.strip():
        raise RuleBroken("A cut needs a title.", rule="CUT-003")
    if planned_for < cut_off:
        raise RuleBroken("The delivery cannot lie before the cut-off date.", rule="CUT-001")
    with transaction.atomic(), acting(actor):
        Study.objects.select_for_update().get(pk=study.pk)
        latest = DataCut.objects.in_study(study).aggregate(n=Max("number"))["n"] or 0
        cut = DataCut(
            study=study,
            number=latest + 1,
            title=title,
            cut_off=cut_off,
            planned_for=planned_for,
            specification=effective(study, Configuration.Kind.TRANSFER),
        )
        cut.save()
        record("datacut.plan", cut, details={"cut_off": cut_off.isoformat()})
        return cut


def start_cleaning(cut: DataCut, *, actor: Actor) -> DataCut:
    """Open the clean-up list of a cut."""
    return DATA_CUT.move(cut, "start_cleaning", actor=actor)


def open_items(cut: DataCut) -> list[OpenItem]:
    """Return what is unfinished up to the cut-off, the worst first."""
    return [item for day, item in unfinished(cut.study) if day <= cut.cut_off]


def unfinished(study: Study) -> list[tuple[date, OpenItem]]:
    """Return everything unfinished in a study with the day from which a cut is concerned.

    The day is the assessment's, or in the study's zone that on which a query was opened. The number
    of database queries does not depend on how many cuts are looked at.
    """
    return [
        *_open_adjudications(study),
        *_open_reads(study),
        *_open_queries(study),
        *_open_scans(study),
    ]


Unfinished = Iterable[tuple[date, OpenItem]]


def _open_adjudications(study: Study) -> Unfinished:
    cases = AdjudicationCase.objects.in_study(study).filter(
        state__in=["pending", "claimed"], time_point__assessment_date__isnull=False
    )
    for case in cases.select_related("time_point__subject").order_by("due_at", "pk"):
        point = case.time_point
        yield (
            point.assessment_date,
            OpenItem(
                "Adjudication",
                str(point),
                "readers differ, not decided",
                "time-point",
                str(point.pk),
            ),
        )


def _open_reads(study: Study) -> Unfinished:
    tasks = ReadTask.objects.in_study(study).filter(
        state__in=["planned", "assigned", "accepted", "in_progress", "on_hold"],
        time_point__assessment_date__isnull=False,
    )
    rows = tasks.select_related("time_point__subject", "stream").order_by("due_at", "pk")
    for task in rows:
        point, role = task.time_point, task.stream.get_role_display()
        why = task.get_state_display().lower()
        yield (
            point.assessment_date,
            OpenItem("Read", f"{point}, {role}", why, "time-point", str(point.pk)),
        )


def _open_queries(study: Study) -> Unfinished:
    rows = Query.objects.in_study(study).filter(state__in=["open", "answered", "reopened"])
    for query in rows.select_related("time_point__subject").order_by("due_at", "number"):
        where = f" ({query.time_point})" if query.time_point else ""
        why = query.get_state_display().lower()
        yield (
            query.opened_at.astimezone(ZoneInfo(study.time_zone)).date(),
            OpenItem("Query", f"{query}{where}", why, "query-page", str(query.pk)),
        )


def _open_scans(study: Study) -> Unfinished:
    rows = TimePoint.objects.in_study(study).filter(
        state__in=["received", "in_qc", "accepted"], assessment_date__isnull=False
    )
    for point in rows.select_related("subject").order_by("assessment_date", "pk"):
        why = point.get_state_display().lower()
        yield (
            point.assessment_date,
            OpenItem("Time point", str(point), why, "time-point", str(point.pk)),
        )


def freeze(cut: DataCut, *, actor: Actor, reason: str = "") -> DataCut:
    """Freeze the versions that the cut holds and ask for its files.

    Raises:
        ReasonRequired: CUT-002 items are open and no reason says why it is frozen all the same.
        Conflict: CUT-005 somebody else changed the cut meanwhile.
    """
    actor.require("cut.make")
    try:
        return _freeze(cut, actor=actor, reason=reason)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") != SERIALIZATION_FAILURE:
            raise
        raise Conflict(
            "Somebody else changed this cut at the same moment. Nothing of yours was kept; "
            "look at it again.",
            rule="CUT-005",
        ) from error


def _freeze(cut: DataCut, *, actor: Actor, reason: str) -> DataCut:
    with transaction.atomic(), acting(actor, reason):
        if len(connection.atomic_blocks) == 1:
            # One moment for every table: later commits are not seen.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        waiting = open_items(cut)
        if waiting and not reason.strip():
            raise ReasonRequired(
                f"{counted(len(waiting), 'open item')}. Say why the cut is frozen all the same.",
                rule="CUT-002",
            )
        frozen = DATA_CUT.move(
            cut,
            "freeze",
            actor=actor,
            reason=reason,
            changes={
                "frozen_at": clock.now(),
                "open_items": [asdict(item) for item in waiting],
                "open_items_reason": reason if waiting else "",
                "chain_head": chain.head(),
            },
        )
        frozen.item_count = snapshot.freeze(frozen)
        frozen.save()
        cut.refresh_from_db()
        enqueue(
            "exports.generate",
            key=f"exports.generate:{cut.pk}",
            row=cut,
            total=len(cut.specification.document["datasets"]) + PROOFS,
            cut_id=str(cut.pk),
        )
        return frozen


def build(cut: DataCut, *, told: Told | None = None) -> list[manifest.Made]:
    """Make every file of a frozen cut in memory from its frozen versions alone.

    Args:
        told: called with how many files are made and the name of the latest.
    """
    frozen = snapshot.load(cut)
    made: list[manifest.Made] = []

    def add(one: manifest.Made) -> None:
        made.append(one)
        if told is not None:
            told(len(made), one.name)

    for name in cut.specification.document["datasets"]:
        dataset = BUILDERS[name](frozen)
        add(manifest.Made(f"{dataset.name}.csv", to_csv(dataset), len(dataset.rows)))
    add(manifest.manifest(cut, frozen.study, made))
    add(manifest.checksums(made))
    add(manifest.archive(f"{frozen.study.code}_cut{cut.number:02d}.zip", made))
    return made


def generate(cut: DataCut, *, actor: Actor, told: Told | None = None) -> DataCut:
    """Store the files of a frozen cut; repeating it changes nothing."""
    if cut.state != "frozen":
        return cut
    made = build(cut, told=told)
    store = deliveries()
    for item in made:
        store.put_bytes(item.content)
    digest = next(item.sha256 for item in made if item.name == "manifest.json")
    with transaction.atomic(), acting(actor):
        locked = DataCut.objects.in_study(cut.study_id).select_for_update().get(pk=cut.pk)
        if locked.state != "frozen":
            return locked
        for item in made:
            CutFile.objects.get_or_create(
                study_id=cut.study_id,
                cut=cut,
                name=item.name,
                defaults={
                    "sha256": item.sha256,
                    "size": len(item.content),
                    "row_count": item.row_count,
                },
            )
        return DATA_CUT.move(cut, "generate", actor=actor, changes={"manifest_digest": digest})


def release(cut: DataCut, *, actor: Actor, assent: Assent) -> DataCut:
    """Release a generated cut by signature."""
    return DATA_CUT.move(cut, "release", actor=actor, assent=assent)


def acknowledge(cut: DataCut, *, actor: Actor, assent: Assent) -> DataCut:
    """Confirm receipt of a released cut by signature."""
    return DATA_CUT.move(cut, "acknowledge", actor=actor, assent=assent)


def may_take(cut: DataCut, actor: Actor) -> bool:
    """Tell whether the actor may take the cut's files: recipients only once it is released."""
    if not actor.may("cut.download"):
        return False
    return actor.may("cut.make") or cut.state in RELEASED


def may_see_files(cut: DataCut, actor: Actor) -> bool:
    """Tell whether the files are named to the actor: to recipients only once it is released."""
    return cut.state in RELEASED or not actor.may("cut.acknowledge")


def note_download(file: CutFile, *, actor: Actor) -> None:
    """Keep who took which file of a cut.

    Raises:
        NotPermitted: the role takes no files, or CUT-004 the cut is not released.
    """
    actor.require("cut.download")
    if not may_take(file.cut, actor):
        raise NotPermitted("This cut has not been released yet.", rule="CUT-004")
    with acting(actor.acting_as("cut.download")):
        record("datacut.download", file.cut, details={"file": file.name, "sha256": file.sha256})


def verify(cut: DataCut, *, actor: Actor) -> list[str]:
    """Make the files again, compare them with what was delivered and keep the result.

    Returns:
        Names of the files that differ; none when the cut is proved.

    Raises:
        RuleBroken: CUT-006 the cut has no files yet.
    """
    actor.require("cut.verify")
    if not cut.manifest_digest:
        raise RuleBroken("This cut has no files yet.", rule="CUT-006")
    wrong = differences(cut)
    with acting(actor.acting_as("cut.verify")):
        record("datacut.verify", cut, details={"differ": wrong})
    return wrong


def differences(cut: DataCut) -> list[str]:
    """Make the files again and return the names of those that differ from what was stored."""
    store = deliveries()
    stored = {
        file.name: file.sha256 if store.is_whole(file.sha256) else "" for file in cut.files.all()
    }
    again = {made.name: made.sha256 for made in build(cut)}
    return sorted(
        name for name in stored.keys() | again.keys() if stored.get(name) != again.get(name)
    )
