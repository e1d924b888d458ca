"""A phantom scan as its site makes it: draft, description, files, sending."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation

from django.db import transaction
from django.db.models import Max

from accounts.models import User
from audit import clock, jobs
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from imaging.models import PhantomScan
from imaging.pipeline.technical_qc.phantom_plan import programmes_of
from imaging.services.manifest import WRONG_CONTENT
from imaging.services.phantoms.schedule import plan_of, programme_of
from imaging.storage import ArrivalStore
from imaging.storage.arrivals import WrongContent
from imaging.workflows import PHANTOM_SCAN
from studies.models import Scanner, StudySite

MAX_FILES = 2_000
MAX_BYTES = 2 * 1024**3


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
    """Keep what the site says about the scan; what it has not said yet is asked when it is sent.

    Raises:
        RuleBroken: PHM-012 a value is no date, no activity or no occasion.
        Conflict: PHM-011 the scan was sent already.
    """
    try:
        day = date.fromisoformat(scan_date) if scan_date.strip() else None
    except ValueError:
        raise RuleBroken("Give the date of the scan.", rule="PHM-012") from None
    if day is not None and day > clock.today(scan.study_site.site.time_zone):
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


def _activity(text: str, where: str) -> Decimal | None:
    if not text.strip():
        return None
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
