"""A study that asks for phantoms: its plan, its scanners, and phantom scans of known truth."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from audit import clock, jobs
from audit.actors import acting, service
from imaging.models import PhantomScan
from imaging.phantom import Scanner as MadeBy
from imaging.phantom import SeriesSpec, WaterTruth, invented_identity, write_water_phantom
from imaging.services import phantoms
from imaging.storage import ArrivalStore
from imaging.workflows import PHANTOM_SCAN
from studies.models import Configuration, Scanner
from studies.scoping import scope
from tests.remembering import remembered
from tests.world import BUILDER, StudyWorld, _configure, make_study

CT = MadeBy(manufacturer="Phantom Medical", model="Ellipse 64", serial="PM-0001", software="5.1")
OTHER = MadeBy(manufacturer="Elsewhere Inc.", model="Other 16", serial="X-99", software="1")
IMAGING = Path(__file__).resolve().parents[2] / "imaging"
PLAN: dict[str, Any] = json.loads((IMAGING / "guidelines" / "phantoms.json").read_text())
FIGURES: list[dict[str, Any]] = [
    {
        "metric": "water_hu",
        "label": "CT number of water",
        "unit": "HU",
        "digits": 1,
        "value": 0.4,
        "lowest": -4.0,
        "highest": 4.0,
        "source": "IEC 61223-3-5",
        "passed": True,
    }
]


def ask_for_phantoms(world: StudyWorld) -> Configuration:
    """Make the shipped phantom plan effective, once."""
    found = phantoms.plan_of(world.study)
    kind = Configuration.Kind.PHANTOMS
    return found or _configure(world, kind, "phantoms", "Phantom plan", PLAN)


@remembered
def make_phantom_study(code: str = "ALPHA") -> StudyWorld:
    """A study with the shipped phantom plan; its first site has a PET/CT beside its CT."""
    world = make_study(code, sponsor="Norvane")
    with scope(world.study), acting(BUILDER):
        ask_for_phantoms(world)
        Scanner(
            site=world.sites[0].site,
            modality="PT",
            manufacturer="Phantom Medical",
            model_name="Ring 20",
            serial_number="PR-2001",
        ).save()
    return world


def scanner_of(world: StudyWorld, modality: str = "CT", site: int = 0) -> Scanner:
    """The scanner of a modality at a site."""
    found: Scanner = world.sites[site].site.scanners.get(modality=modality)
    return found


def phantom_scan(
    world: StudyWorld, *, state: str = "measured", picture_sha256: str = "", **values: Any
) -> PhantomScan:
    """A phantom scan of the first site's CT, moved to a state by its own steps."""
    system = service("phantom world", study_id=world.study.pk)
    with scope(world.study):
        plan = ask_for_phantoms(world)
        with acting(BUILDER):
            row = PhantomScan(
                study=world.study,
                study_site=world.sites[0],
                scanner=scanner_of(world),
                plan=plan,
                programme="ct_water",
                number=PhantomScan.objects.in_study(world.study).count() + 1,
                occasion="first",
                scan_date=values.pop("scan_date", clock.today()),
                sender=world.users["site_user"],
                **values,
            )
            row.save()
            sha256 = ArrivalStore(row.pk).put(f"files of {row}".encode())
            row.files = [{"sha256": sha256, "size": 1}]
            row.save()
        site = world.actor("site_user")
        if state == "withdrawn":
            return phantoms.withdraw(row, actor=site, reason="scanned twice")
        if state == "draft":
            return row
        row = PHANTOM_SCAN.move(row, "send", actor=site, changes={"received_at": clock.now()})
        if state == "returned":
            changes = {"problem": "no phantom"}
            return PHANTOM_SCAN.move(row, "refuse", actor=system, reason="no", changes=changes)
        if state == "received":
            return row
        changes = {"figures": FIGURES, "picture_sha256": picture_sha256}
        row = PHANTOM_SCAN.move(row, "measure", actor=system, changes=changes)
        if state == "measured":
            return row
        return decided(world, row, passed=state == "qualified", comment="looked at")


def water_files(folder: Path, day: date, *, made_by: MadeBy = CT, **truth: float) -> list[Path]:
    """A scan of a water cylinder of known truth, as a scanner exports it."""
    spec = SeriesSpec(
        identity=invented_identity(1), study_date=day, scanner=made_by, slices=5, matrix=256
    )
    return list(write_water_phantom(folder, spec, replace(WaterTruth(), **truth)).files)


def draft(world: StudyWorld, *, modality: str = "CT", programme: str = "ct_water") -> PhantomScan:
    """A draft of the first site for one of its scanners."""
    return phantoms.start(
        world.sites[0],
        scanner_of(world, modality),
        programme,
        actor=world.actor("site_user"),
    )


def add_files(world: StudyWorld, scan: PhantomScan, files: list[Path]) -> None:
    """Announce and send files as the page does."""
    actor = world.actor("site_user")
    content = {hashlib.sha256(p.read_bytes()).hexdigest(): p.read_bytes() for p in files}
    entries = [(sha256, len(data)) for sha256, data in content.items()]
    for sha256 in phantoms.announce(scan, entries, actor=actor):
        phantoms.store_file(scan, sha256, [content[sha256]], actor=actor)


def sent(world: StudyWorld, scan: PhantomScan, files: list[Path], **facts: Any) -> PhantomScan:
    """Describe, send and measure a scan; return it as it stands then."""
    actor = world.actor("site_user")
    add_files(world, scan, files)
    given = {"scan_date": clock.today().isoformat(), "occasion": "first", **facts}
    phantoms.describe(scan, **given, actor=actor)
    scan.refresh_from_db()
    phantoms.send(scan, actor=actor)
    for job in jobs.of(scan):
        if not job.is_over:
            assert jobs.run(str(job.pk)) == "done", job.error
    scan.refresh_from_db()
    return scan


def decided(
    world: StudyWorld, scan: PhantomScan, *, passed: bool = True, comment: str = ""
) -> PhantomScan:
    """Sign the decision on a measured scan, as a scientist."""
    if comment:
        scan = phantoms.comment(scan, comment, actor=world.actor("scientific"))
    meaning = phantoms.QUALIFY if passed else phantoms.FAIL
    return phantoms.decide(
        scan,
        passed=passed,
        actor=world.actor("scientific"),
        assent=world.assent("scientific", meaning),
    )


def earlier(days: int) -> str:
    """An ISO date some days ago."""
    return (clock.today() - timedelta(days=days)).isoformat()
