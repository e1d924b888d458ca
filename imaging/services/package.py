"""Read packages: what readers of a visit are shown, versioned, with a digest over every byte."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from audit.actors import Actor, acting, service
from audit.errors import RuleBroken
from audit.models import record
from imaging.models import PackageSeries, Preview, ReadPackage, Series
from imaging.services.pictures import LABELS
from imaging.services.series import effective_series
from imaging.workflows import PACKAGE
from studies.models import TimePoint


def readable_series(time_point: TimePoint) -> list[Series]:
    """Return the series that readers see: those that hold and are not sorted out."""
    rows = [row for row in effective_series(time_point) if not row.facts.get("sorted_out")]
    return sorted(rows, key=lambda row: (-row.instance_count, row.number or 0, row.uid))


def build(time_point: TimePoint, *, actor: Actor) -> ReadPackage:
    """Build the next version of a visit's package; the one before is superseded on release.

    Raises:
        RuleBroken: IMG-040 no series is left to read.
    """
    rows = readable_series(time_point)
    if not rows:
        raise RuleBroken("No series is left to read.", rule="IMG-040")
    with transaction.atomic(), acting(actor):
        packages = ReadPackage.objects.in_study(time_point.study_id).filter(time_point=time_point)
        latest = packages.aggregate(n=Max("version"))["n"] or 0
        package = ReadPackage(
            study_id=time_point.study_id,
            time_point=time_point,
            version=latest + 1,
            digest=content_digest(rows),
        )
        package.save()
        PackageSeries.objects.bulk_create(
            [
                PackageSeries(
                    study_id=package.study_id,
                    package=package,
                    series=row,
                    order=order,
                    label=row.description[:80] or row.modality,
                )
                for order, row in enumerate(rows, start=1)
            ]
        )
        record("package.build", package, details={"series": len(rows), "digest": package.digest})
        return package


def content_digest(rows: list[Series]) -> str:
    """Return SHA-256 (hex) over the ordered series and the digests of their images."""
    content = [
        {"series": row.uid, "images": sorted(row.instances.values_list("sha256", flat=True))}
        for row in rows
    ]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def release(package: ReadPackage, *, actor: Actor) -> ReadPackage:
    """Release a package; the version released before is superseded with it."""
    with transaction.atomic():
        before = released(package.time_point)
        if before is not None:
            system = service("Read packages", study_id=package.study_id)
            PACKAGE.move(
                before,
                "supersede",
                actor=system,
                reason=f"version {package.version} was released",
            )
        return PACKAGE.move(package, "release", actor=actor)


def released(time_point: TimePoint) -> ReadPackage | None:
    """Return the package that readers of a visit see now."""
    found: ReadPackage | None = (
        ReadPackage.objects.in_study(time_point.study_id)
        .filter(time_point=time_point, state="released")
        .first()
    )
    return found


def stack(row: Series, *, route: str = "image-preview", study_code: str = "") -> dict[str, Any]:
    """Return the pictures of a series as the stack viewer reads them, head to foot.

    Args:
        route: URL name with ``study_code``, ``series`` and ``sha256``; readers have their own.
    """
    code = study_code or row.study.code
    shown = list(Preview.objects.filter(series=row).order_by("id"))
    windows = {
        preview.window: {
            "label": LABELS.get(preview.window, preview.window),
            "slices": [
                reverse(route, args=[code, row.pk, sha256]) for sha256 in preview.objects_sha256
            ],
        }
        for preview in shown
    }
    heights = [part[2] for part in shown[0].slices] if shown else []
    return {
        "windows": windows,
        "positions": heights if all(h is not None for h in heights) else [],
    }
