"""The phantom plan of a study and where each scanner stands with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from audit import clock
from audit.actors import Actor
from imaging.models import PhantomScan
from imaging.pipeline.technical_qc.phantom_plan import Programme, programmes_of
from studies.models import Configuration, Scanner, StudySite


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
