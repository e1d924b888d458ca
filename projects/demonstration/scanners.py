"""Phantom scans of the demonstration: three scanners over half a year, each with its own story."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

from accounts.permissions import Role
from audit import clock
from imaging.models import PhantomScan
from imaging.phantom import (
    SCANNERS,
    SeriesSpec,
    WaterTruth,
    invented_identity,
    write_water_phantom,
)
from imaging.services import phantoms
from projects.demonstration.player import Player

PROGRAMME = "ct_water"
SLICES = 5
MATRIX = 256
#: numbers of the invented identities that phantoms are scanned under
FIRST_IDENTITY = 900


@dataclass(frozen=True, slots=True)
class Check:
    """One phantom scan: site and day of the story, what the water measures, and why it was made."""

    site: int
    day: int
    water_hu: float
    occasion: str = PhantomScan.Occasion.SCHEDULED
    comment: str = ""
    decided: bool = True


#: The first scanner drifts within its limits, the second is soon due, the third waits for science
#: with a figure outside.
CHECKS: Sequence[Check] = (
    Check(0, -165, 0.2, PhantomScan.Occasion.FIRST),
    Check(1, -158, -0.6, PhantomScan.Occasion.FIRST),
    Check(2, -157, 0.5, PhantomScan.Occasion.FIRST),
    Check(0, -112, 0.9),
    Check(2, -76, 1.4, PhantomScan.Occasion.CHANGE, "New software version."),
    Check(0, -58, 1.9),
    Check(0, -11, 2.7),
    Check(2, -4, 5.2, PhantomScan.Occasion.CHANGE, "X-ray tube replaced.", decided=False),
)


def send(player: Player, check: Check) -> PhantomScan:
    """Scan the phantom of a site and send it; a worker measures it."""
    user = player.cast.site_users[check.site]
    actor = player.cast.actor(user)
    site = player.cast.sites[check.site]
    day = player.today + timedelta(days=check.day)
    folder = player.folder / f"phantom-{check.site}-{-check.day}"
    written = write_water_phantom(
        folder,
        SeriesSpec(
            identity=invented_identity(FIRST_IDENTITY + check.site, house=check.site),
            study_date=day,
            scanner=SCANNERS[check.site],
            slices=SLICES,
            matrix=MATRIX,
        ),
        WaterTruth(water_hu=check.water_hu),
    )
    with clock.shifted_to(player.at_site(check.site, check.day, 16)):
        scan = phantoms.start(site, site.site.scanners.get(modality="CT"), PROGRAMME, actor=actor)
        contents = {sha256(data).hexdigest(): data for data in map(Path.read_bytes, written.files)}
        sizes = [(digest, len(data)) for digest, data in contents.items()]
        for digest in phantoms.announce(scan, sizes, actor=actor):
            phantoms.store_file(scan, digest, [contents[digest]], actor=actor)
        scan = phantoms.describe(
            scan,
            scan_date=day.isoformat(),
            occasion=check.occasion,
            comment=check.comment,
            actor=actor,
        )
        scan = phantoms.send(scan, actor=actor)
    shutil.rmtree(folder)
    return scan


def decide(player: Player, check: Check, scan: PhantomScan) -> None:
    """Let science pass the scanner by signature, the day after."""
    actor = player.cast.actor(Role.SCIENTIFIC)
    with clock.shifted_to(player.at_site(check.site, check.day + 1, 11)):
        row = PhantomScan.objects.select_related("study", "plan", "scanner").get(pk=scan.pk)
        statement = phantoms.STATEMENTS[phantoms.QUALIFY]
        assent = player.cast.sign(Role.SCIENTIFIC, phantoms.QUALIFY, statement, row)
        phantoms.decide(row, passed=True, actor=actor, assent=assent)
