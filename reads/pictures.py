"""Pictures for blinded people: stacks under neutral names, bytes by the same lock as the lists."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from imaging.models import PackageSeries, Preview, ReadPackage
from imaging.services.package import stack

ROUTE = "read-picture"


@dataclass(frozen=True, slots=True)
class ShownSeries:
    """A series of a package as readers know it: its place, label and slices, no header text.

    The label is image operations' own (``imaging.services.package``), without dates or sites.
    """

    number: int
    modality: str
    slices: int
    entry: PackageSeries

    @property
    def name(self) -> str:
        """The label in the package, neutral when nobody wrote one."""
        return self.entry.label or f"{self.modality}, series {self.number}"


def series_of(package: ReadPackage | None) -> list[ShownSeries]:
    """Return the series of a package in reading order; series without pictures are left out.

    The description of the header stays away: sites write names and visits into it.
    """
    if package is None:
        return []
    entries = (
        package.entries.filter(series__previews__isnull=False)
        .distinct()
        .select_related("series")
        .order_by("order")
    )
    return [
        ShownSeries(number, entry.series.modality, entry.series.instance_count, entry)
        for number, entry in enumerate(entries, start=1)
    ]


def pane(
    shown: ShownSeries, *, title: str, corner: str, study_code: str, start: int | None = None
) -> dict[str, Any]:
    """Return one pane of the stack viewer."""
    thickness = shown.entry.series.facts.get("slice_thickness_mm")
    detail = shown.name if thickness is None else f"{shown.name} · {float(thickness):g} mm"
    made: dict[str, Any] = {
        "title": title,
        "detail": detail,
        "corner": corner,
        "stack": stack(shown.entry.series, route=ROUTE, study_code=study_code),
    }
    return made if start is None else {**made, "start": start}


def is_picture_of(series_entries: QuerySet[PackageSeries], series: UUID, sha256: str) -> bool:
    """Tell whether a picture belongs to a series among those that may be seen."""
    if not series_entries.filter(series_id=series).exists():
        return False
    rows = Preview.objects.filter(series_id=series)
    return any(sha256 in row.objects_sha256 for row in rows)


def chosen(shown: Sequence[ShownSeries], number: object) -> ShownSeries | None:
    """Return the series with a number as it came in an address, else the first."""
    wanted = str(number or "")
    named = next((one for one in shown if str(one.number) == wanted), None)
    return named or next(iter(shown), None)
