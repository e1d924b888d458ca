"""Phantom scans: sent by a site for one scanner, measured by the platform, judged by science.

A pass holds for the interval of the study's phantom plan, counted from the day of the scan. Which
scanners are due follows from the plan, the scanners of active sites and the signed passes; nothing
about being due is stored.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from accounts.models import User
from accounts.signatures import Assent
from audit import clock, jobs
from audit.actors import Actor, acting, service
from audit.errors import Conflict, RuleBroken
from audit.models import Job, record
from imaging.models import PhantomScan
from imaging.pipeline.phantom_scan import ENGINE, Filling, MeasuredScan, measure
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits
from imaging.pipeline.technical_qc.phantom_metrics import PhantomError
from imaging.pipeline.technical_qc.phantom_plan import (
    MODALITY_OF,
    Programme,
    figures_of,
    programmes_of,
)
from imaging.services.manifest import WRONG_CONTENT
from imaging.storage import ArrivalStore, ContentDamaged, previews
from imaging.storage.arrivals import WrongContent
from imaging.workflows import PHANTOM_SCAN
from studies.models import Configuration, Scanner, StudySite
from studies.scoping import across_studies, scope

QUALIFY, FAIL = "phantom_pass", "phantom_failure"
STATEMENTS = {
    QUALIFY: "I have judged this phantom scan; the scanner is qualified for the study.",
    FAIL: "I have judged this phantom scan; the scanner is not qualified for the study.",
}
MAX_FILES = 2_000
MAX_BYTES = 2 * 1024**3
LIMITS = SandboxLimits()


# --- the plan -------------------------------------------------------------------------------


def plan_of(study: Any) -> Configuration | None:
    """Return the effective phantom plan of a study, or nothing when it asks for no phantoms."""
    found: Configuration | None = (
        Configuration.objects.in_study(study)
        .filter(kind=Configuration.Kind.PHANTOMS, state="effective")
        .order_by("key")
        .first()
    )
    return found


def programme_of(scan: PhantomScan) -> Programme:
    """Return the programme that a scan is judged by, as its pinned plan has it."""
    return next(p for p in programmes_of(scan.plan.document) if p.key == scan.programme)


@dataclass(frozen=True, slots=True)
class Qualification:
    """Where one scanner stands with one phantom.

    ``state``: missing, waiting (a scan is on its way), qualified, due (soon or over), failed.
    ``due`` is the day by which a scan is wanted; nothing when one is on its way.
    """

    study_site: StudySite
    scanner: Scanner
    programme: Programme
    state: str
    latest: PhantomScan | None
    until: date | None
    due: date | None

    @property
    def is_wanted(self) -> bool:
        """Whether the site is to send a scan now."""
        return self.state in {"missing", "due", "failed"}

    @property
    def is_over(self) -> bool:
        """Whether no pass holds today."""
        return self.state in {"missing", "failed"} or (
            self.until is not None and self.until < clock.today()
        )


def qualifications(study: Any, actor: Actor) -> list[Qualification]:
    """Return every scanner of the active sites that the actor may see, with each phantom."""
    plan = plan_of(study)
    if plan is None:
        return []
    programmes = programmes_of(plan.document)
    sites = StudySite.objects.visible_to(actor).filter(state="active").select_related("site")
    scans: dict[tuple[Any, Any, str], list[PhantomScan]] = {}
    rows = PhantomScan.objects.visible_to(actor).exclude(state="withdrawn").order_by("-number")
    for scan in rows:
        scans.setdefault((scan.study_site_id, scan.scanner_id, scan.programme), []).append(scan)
    found = []
    for site in sites.order_by("number"):
        for scanner in site.site.scanners.order_by("manufacturer", "model_name", "serial_number"):
            for programme in programmes:
                if scanner.modality in programme.modalities:
                    own = scans.get((site.pk, scanner.pk, programme.key), [])
                    found.append(_qualification(site, scanner, programme, own))
    return found


def _qualification(
    site: StudySite, scanner: Scanner, programme: Programme, scans: Sequence[PhantomScan]
) -> Qualification:
    today = clock.today(site.site.time_zone)
    latest = scans[0] if scans else None
    passed = next((s for s in scans if s.state == "qualified"), None)
    decided = next((s for s in scans if s.state in {"qualified", "failed"}), None)
    until = passed.qualified_until if passed else None
    failed = decided is not None and decided.state == "failed"
    if failed:
        until = None
    on_its_way = latest is not None and latest.state in {"received", "measured"}
    due: date | None = until or today
    if on_its_way:
        state, due = "waiting", None
    elif failed:
        state = "failed"
    elif until is None:
        state = "missing"
    elif until - timedelta(days=programme.warn_days) <= today:
        state = "due"
    else:
        state = "qualified"
    return Qualification(site, scanner, programme, state, latest, until, due)


def wanted(study: Any, actor: Actor) -> list[Qualification]:
    """Return the scanners of which a phantom scan is wanted now."""
    return [q for q in qualifications(study, actor) if q.is_wanted]


# --- the site -------------------------------------------------------------------------------


def start(study_site: StudySite, scanner: Scanner, programme: str, *, actor: Actor) -> PhantomScan:
    """Open the draft of a phantom scan; an open draft for the scanner is returned again.

    Raises:
        RuleBroken: PHM-010 the plan asks no such phantom of this scanner.
    """
    actor.require("phantom.send")
    actor = actor.acting_as("phantom.send")
    with transaction.atomic(), acting(actor):
        # The site's row hands out the draft: two tabs find the same one.
        site = (
            StudySite.objects.in_study(study_site.study_id)
            .select_for_update()
            .get(pk=study_site.pk)
        )
        plan = plan_of(site.study_id)
        asked = programmes_of(plan.document) if plan else ()
        fits = next((p for p in asked if p.key == programme), None)
        own = scanner.site_id == site.site_id
        if plan is None or fits is None or not own or scanner.modality not in fits.modalities:
            raise RuleBroken("The study asks no such phantom of this scanner.", rule="PHM-010")
        rows = PhantomScan.objects.in_study(site.study_id)
        mine = rows.filter(study_site=site, scanner=scanner, programme=programme)
        draft: PhantomScan | None = mine.filter(state="draft").first()
        if draft is not None:
            return draft
        last = mine.exclude(state="withdrawn").order_by("-number").first()
        row = PhantomScan(
            study_id=site.study_id,
            study_site=site,
            scanner=scanner,
            plan=plan,
            programme=programme,
            number=(rows.aggregate(n=Max("number"))["n"] or 0) + 1,
            occasion=_occasion(last),
            sender=User.objects.get(pk=actor.user_id),
        )
        row.save()
        record("phantomscan.start", row, details={"scanner": str(scanner), "phantom": fits.title})
        return row


def _occasion(last: PhantomScan | None) -> str:
    if last is None:
        return PhantomScan.Occasion.FIRST
    again = last.state in {"failed", "returned"}
    return PhantomScan.Occasion.REPEAT if again else PhantomScan.Occasion.SCHEDULED


def _draft(scan: PhantomScan, actor: Actor) -> PhantomScan:
    actor.require("phantom.send")
    rows = PhantomScan.objects.in_study(scan.study_id)
    row: PhantomScan = rows.select_for_update().get(pk=scan.pk)
    if row.state != "draft":
        raise Conflict(f"{row} was sent already; it cannot change.", rule="PHM-011")
    return row


def describe(
    scan: PhantomScan,
    *,
    scan_date: str,
    occasion: str,
    background: str = "",
    spheres: str = "",
    comment: str = "",
    actor: Actor,
) -> PhantomScan:
    """Keep what the site says about the scan.

    Raises:
        RuleBroken: PHM-012 a value is no date, no activity or no occasion.
        Conflict: PHM-011 the scan was sent already.
    """
    try:
        day = date.fromisoformat(scan_date)
    except ValueError:
        raise RuleBroken("Give the date of the scan.", rule="PHM-012") from None
    if day > clock.today(scan.study_site.site.time_zone):
        raise RuleBroken("The date of the scan lies in the future.", rule="PHM-012")
    if occasion not in PhantomScan.Occasion.values:
        raise RuleBroken("Choose why the phantom was scanned.", rule="PHM-012")
    filled = programme_of(scan).needs_filling
    with transaction.atomic(), acting(actor.acting_as("phantom.send")):
        row = _draft(scan, actor)
        row.scan_date, row.occasion = day, occasion
        row.background_kbq_ml = _activity(background, "background") if filled else None
        row.sphere_kbq_ml = _activity(spheres, "spheres") if filled else None
        row.comment = comment.strip()[:500]
        row.save()
        return row


def _activity(text: str, where: str) -> Decimal:
    try:
        value = Decimal(text.replace(",", ".").strip()).quantize(Decimal("0.0001"))
    except InvalidOperation:
        value = Decimal(0)
    if not 0 < value < 10_000:  # noqa: PLR2004 - a thousand times what phantoms hold
        raise RuleBroken(f"Give the activity in the {where} in kBq/ml.", rule="PHM-012")
    return value


def announce(scan: PhantomScan, entries: Sequence[tuple[str, int]], *, actor: Actor) -> list[str]:
    """Set the files of a draft by SHA-256 and size; return the digests that have not arrived.

    Raises:
        RuleBroken: PHM-013 too many files or bytes, or entries that are no files.
    """
    wanted_files = {sha256: size for sha256, size in entries if isinstance(sha256, str)}
    sound = all(isinstance(n, int) and n >= 0 for n in wanted_files.values())
    if not sound or len(wanted_files) > MAX_FILES or sum(wanted_files.values()) > MAX_BYTES:
        raise RuleBroken(
            f"A phantom scan has at most {MAX_FILES:,} files and 2 GB.", rule="PHM-013"
        )
    with transaction.atomic(), acting(actor.acting_as("phantom.send")):
        row = _draft(scan, actor)
        known = {entry["sha256"]: entry["size"] for entry in row.files}
        merged = {**known, **wanted_files}
        if len(merged) > MAX_FILES or sum(merged.values()) > MAX_BYTES:
            raise RuleBroken("These are more files than one phantom scan has.", rule="PHM-013")
        if merged != known:
            row.files = [{"sha256": s, "size": n} for s, n in sorted(merged.items())]
            row.save()
        scan.refresh_from_db()
    return missing(scan)


def missing(scan: PhantomScan) -> list[str]:
    """Return the digests of announced files that have not arrived."""
    arrivals = ArrivalStore(scan.pk)
    return [entry["sha256"] for entry in scan.files if not arrivals.exists(entry["sha256"])]


def store_file(scan: PhantomScan, sha256: str, chunks: Iterable[bytes], *, actor: Actor) -> None:
    """Take one announced file in: checked while it streams, sealed, durable before it counts.

    Raises:
        RuleBroken: PHM-014 it was not announced, or its bytes are others.
        Conflict: PHM-011 the scan was sent already.
    """
    actor.require("phantom.send")
    if scan.state != "draft":
        raise Conflict(f"{scan} was sent already; it cannot change.", rule="PHM-011")
    size = next((e["size"] for e in scan.files if e["sha256"] == sha256), None)
    if size is None:
        raise RuleBroken("This file was not announced. Choose the folder again.", rule="PHM-014")
    arrivals = ArrivalStore(scan.pk)
    if arrivals.exists(sha256):
        return
    try:
        arrivals.commit([arrivals.stage(chunks, sha256=sha256, size=size)])
    except WrongContent as wrong:
        raise RuleBroken(f"{WRONG_CONTENT[str(wrong)]} Send it again.", rule="PHM-014") from None


def clear(scan: PhantomScan, *, actor: Actor) -> PhantomScan:
    """Take all files out of a draft, to choose others."""
    with transaction.atomic(), acting(actor.acting_as("phantom.send")):
        row = _draft(scan, actor)
        gone, row.files = row.files, []
        row.save()
        record("phantomscan.clear", row, details={"files": len(gone)})
    arrivals = ArrivalStore(scan.pk)
    for entry in gone:
        arrivals.remove(entry["sha256"])
    return row


def send(scan: PhantomScan, *, actor: Actor) -> PhantomScan:
    """Send a phantom scan; the workers measure it.

    Raises:
        RuleBroken: PHM-001 files are missing; PHM-002 date or activity is missing.
    """
    with transaction.atomic():
        row = PHANTOM_SCAN.move(
            scan,
            "send",
            actor=actor,
            changes={"received_at": clock.now()},
            details={"files": len(scan.files)},
        )
        jobs.enqueue(
            "imaging.phantom", key=f"imaging.phantom:{row.pk}", row=row, total=1, scan=str(row.pk)
        )
        return row


def withdraw(scan: PhantomScan, *, actor: Actor, reason: str) -> PhantomScan:
    """Withdraw a phantom scan that was not measured yet."""
    return PHANTOM_SCAN.move(scan, "withdraw", actor=actor, reason=reason)


# --- the platform ---------------------------------------------------------------------------


def measure_scan(job: Job, scan_id: str) -> None:
    """Measure a received phantom scan, or return it to the site with the reason."""
    with across_studies("a worker takes up a phantom scan"):
        row = PhantomScan.objects.select_related("study", "plan", "scanner").get(pk=UUID(scan_id))
    system = service("Phantom measurement", study_id=row.study_id)
    with scope(row.study):
        if row.state != "received":
            return
        result = _measured(row)
        if isinstance(result, str):
            PHANTOM_SCAN.move(
                row, "refuse", actor=system, reason=result, changes={"problem": result[:300]}
            )
            return
        figures = figures_of(programme_of(row), result.metrics)
        PHANTOM_SCAN.move(
            row,
            "measure",
            actor=system,
            changes={
                "figures": [asdict(figure) for figure in figures],
                "header": dict(result.header),
                "picture_sha256": previews().put_bytes(result.picture),
                "engine_version": ENGINE,
            },
            details={"outside": [f.metric for f in figures if f.passed is False]},
        )


def _measured(row: PhantomScan) -> MeasuredScan | str:
    folder = Path(settings.DATA_DIR) / "work" / f"phantom-{row.pk.hex}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    try:
        arrivals = ArrivalStore(row.pk)
        paths = []
        for number, entry in enumerate(row.files):
            path = folder / f"{number:05d}"
            arrivals.write_to(entry["sha256"], path)
            paths.append(str(path))
        return _in_a_child(paths, programme_of(row).phantom, _filling(row))
    except (ContentDamaged, FileNotFoundError):
        return "A stored file cannot be read. Send the phantom scan again."
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _filling(row: PhantomScan) -> Filling | None:
    if row.background_kbq_ml is None or row.sphere_kbq_ml is None:
        return None
    return Filling(float(row.background_kbq_ml), float(row.sphere_kbq_ml))


def _in_a_child(paths: list[str], phantom: str, filling: Filling | None) -> MeasuredScan | str:
    def setup() -> Callable[[list[str]], MeasuredScan | str]:
        def run(files: list[str]) -> MeasuredScan | str:
            try:
                return measure([Path(path) for path in files], phantom, filling)
            except PhantomError as problem:
                return f"This could not be measured: {problem}."

        return run

    with Sandbox(setup, limits=LIMITS) as sandbox:
        _, result = next(iter(sandbox.map([paths])))
    if isinstance(result, Contained):
        return "The images could not be opened. Export the series again and send it once more."
    return result


# --- science --------------------------------------------------------------------------------


def comment(scan: PhantomScan, text: str, *, actor: Actor) -> PhantomScan:
    """Keep the comment of the decision, which the signature covers.

    Raises:
        Conflict: PHM-015 the scan waits for no decision.
    """
    actor.require("phantom.decide")
    with transaction.atomic(), acting(actor.acting_as("phantom.decide")):
        rows = PhantomScan.objects.in_study(scan.study_id)
        row: PhantomScan = rows.select_for_update().get(pk=scan.pk)
        if row.state != "measured":
            raise Conflict(f"{row} waits for no decision.", rule="PHM-015")
        row.decision_comment = text.strip()[:500]
        row.save()
        return row


def decide(scan: PhantomScan, *, passed: bool, actor: Actor, assent: Assent) -> PhantomScan:
    """Sign whether the scanner is qualified; a pass holds for the plan's interval.

    Raises:
        RuleBroken: PHM-003 a figure is outside without a comment; PHM-004 a failure without one.
    """
    day = scan.scan_date or clock.today()
    until = day + timedelta(days=programme_of(scan).every_days)
    return PHANTOM_SCAN.move(
        scan,
        "qualify" if passed else "fail",
        actor=actor,
        assent=assent,
        changes={
            "decided_by": User.objects.get(pk=actor.user_id),
            "decided_at": clock.now(),
            "qualified_until": until if passed else None,
        },
        details={"until": until.isoformat() if passed else ""},
    )


def return_to_site(scan: PhantomScan, *, actor: Actor, reason: str) -> PhantomScan:
    """Return a scan that shows something else than asked; the site sends another one."""
    return PHANTOM_SCAN.move(
        scan, "return_to_site", actor=actor, reason=reason, changes={"problem": reason[:300]}
    )


# --- what pages show ------------------------------------------------------------------------


def trend(scan: PhantomScan, metric: str) -> list[tuple[str, float]]:
    """Return a metric over the scans of the same scanner and phantom, oldest first, ten at most."""
    rows = (
        PhantomScan.objects.in_study(scan.study_id)
        .filter(
            study_site=scan.study_site_id,
            scanner=scan.scanner_id,
            programme=scan.programme,
            state__in=["measured", "qualified", "failed"],
        )
        .order_by("scan_date", "number")
    )
    points = []
    for row in rows:
        value = next((f["value"] for f in row.figures if f["metric"] == metric), None)
        if value is not None and row.scan_date:
            points.append((f"{row.scan_date:%b %Y}", float(value)))
    return points[-10:]


COLUMNS = (
    "number", "site", "scanner", "serial number", "phantom", "occasion", "scan date", "received",
    "state", "metric", "value", "lowest", "highest", "source", "passed", "decided", "decided by",
    "qualified until",
)  # fmt: skip


def table(scans: Iterable[PhantomScan]) -> Iterator[tuple[Any, ...]]:
    """Yield a line per figure, and one for a scan that has none, in the order of ``COLUMNS``."""
    for scan in scans:
        head = (
            str(scan), scan.study_site.number, str(scan.scanner), scan.scanner.serial_number,
            programme_of(scan).title, scan.get_occasion_display(), scan.scan_date,
            scan.received_at, scan.get_state_display(),
        )  # fmt: skip
        by = scan.decided_by.printed_name if scan.decided_by else ""
        tail = (scan.decided_at, by, scan.qualified_until)
        if not scan.figures:
            yield (*head, "", "", "", "", "", "", *tail)
        for f in scan.figures:
            limits = (f["lowest"], f["highest"], f["source"], f["passed"])
            yield (*head, f["metric"], f["value"], *limits, *tail)


def modality_of(scan: PhantomScan) -> str:
    """Return the modality in which the phantom of a scan is measured."""
    return MODALITY_OF[programme_of(scan).phantom]
