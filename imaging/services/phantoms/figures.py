"""Figures over time and as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from imaging.models import PhantomScan
from imaging.services.phantoms.schedule import programme_of


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
