"""Read packages: what readers of a visit are shown, versioned, with a digest over every byte."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.urls import reverse

from audit.actors import Actor, acting, service
from audit.errors import RuleBroken
from audit.models import record
from imaging.models import PackageSeries, Preview, ReadPackage, Series
from imaging.services.pictures import LABELS
from imaging.services.readers import reads
from imaging.services.series import effective_series
from imaging.workflows import PACKAGE
from studies.models import TimePoint

LONGEST_LABEL = 80
# Dates in a label would tell readers what blinding keeps from them.
_DATE_LIKE = re.compile(r"\b(19|20)\d{2}\b|\b\d{1,2}[./-]\d{1,2}[./-]\d{2,4}\b")


def readable_series(time_point: TimePoint) -> list[Series]:
    """Return the series that readers see: those that hold and are not sorted out."""
    rows = [row for row in effective_series(time_point) if not row.facts.get("sorted_out")]
    return sorted(rows, key=lambda row: (-row.instance_count, row.number or 0, row.uid))


@dataclass(frozen=True, slots=True)
class Choice:
    """One series as image operations chose it: label for readers, and where it opens (from 1)."""

    series: Series
    label: str = ""
    place: int | None = None


def neutral_label(row: Series, number: int) -> str:
    """Return the name of a series that says nothing of date, site or earlier scans."""
    return f"{row.modality}, series {number}"


def default_choices(time_point: TimePoint) -> list[Choice]:
    """Return what is shown when nobody chose: every readable series, the largest first."""
    return [
        Choice(row, neutral_label(row, number), 1 if number == 1 else None)
        for number, row in enumerate(readable_series(time_point), start=1)
    ]


def build(
    time_point: TimePoint,
    *,
    actor: Actor,
    choices: Sequence[Choice] = (),
    layout: str = ReadPackage.Layout.ONE,
    note: str = "",
) -> ReadPackage:
    """Build the next version of a visit's package; the one before is superseded on release.

    Args:
        choices: series in reading order; without them all readable ones.

    Raises:
        RuleBroken: IMG-040 no series is left to read; IMG-041 a choice is not possible.
    """
    chosen = [
        replace(one, label=one.label.strip() or neutral_label(one.series, number))
        for number, one in enumerate(list(choices) or default_choices(time_point), start=1)
    ]
    _check_choices(time_point, chosen, layout)
    with transaction.atomic(), acting(actor):
        packages = ReadPackage.objects.in_study(time_point.study_id).filter(time_point=time_point)
        latest = packages.aggregate(n=Max("version"))["n"] or 0
        package = ReadPackage(
            study_id=time_point.study_id,
            time_point=time_point,
            version=latest + 1,
            layout=layout,
            note=note[:200],
            digest=content_digest(chosen, layout),
        )
        package.save()
        PackageSeries.objects.bulk_create(
            [
                PackageSeries(
                    study_id=package.study_id,
                    package=package,
                    series=one.series,
                    order=order,
                    label=one.label,
                    place=one.place,
                )
                for order, one in enumerate(chosen, start=1)
            ]
        )
        record(
            "package.build",
            package,
            details={"series": len(chosen), "digest": package.digest, "layout": layout},
        )
        return package


def places_of(layout: str) -> int:
    """Return how many series a layout shows at once."""
    rows, _, columns = layout.partition("x")
    return int(rows) * int(columns)


def _check_choices(time_point: TimePoint, chosen: Sequence[Choice], layout: str) -> None:
    if not chosen:
        raise RuleBroken("No series is left to read.", rule="IMG-040")
    if layout not in ReadPackage.Layout.values:
        raise RuleBroken("Choose a layout.", rule="IMG-041")
    held = {row.pk for row in effective_series(time_point)}
    if any(one.series.pk not in held for one in chosen):
        raise RuleBroken(
            "One of the chosen series does not hold for this visit any more: it was replaced or "
            "withdrawn. Look at the list again.",
            rule="IMG-041",
        )
    if len({one.series.pk for one in chosen}) != len(chosen):
        raise RuleBroken("A series is chosen twice.", rule="IMG-041")
    places = [one.place for one in chosen if one.place]
    if len(set(places)) != len(places):
        raise RuleBroken("Two series open at the same place of the layout.", rule="IMG-041")
    if any(place > places_of(layout) for place in places):
        raise RuleBroken("A series opens at a place that the layout does not have.", rule="IMG-041")
    if any(not _is_plain(one.label) for one in chosen):
        raise RuleBroken(
            "A label is at most 80 characters and names no date: readers do not see dates.",
            rule="IMG-041",
        )


def _is_plain(label: str) -> bool:
    return len(label) <= LONGEST_LABEL and not _DATE_LIKE.search(label)


def content_digest(chosen: Sequence[Choice], layout: str) -> str:
    """Return SHA-256 (hex) over order, labels, places, layout and the digests of all images."""
    return _digest([(one.series, one.label, one.place) for one in chosen], layout)


def stored_digest(package: ReadPackage) -> str:
    """Return the digest of a package as it is stored now: ``digest`` unless something changed."""
    entries = package.entries.select_related("series").order_by("order")
    return _digest([(e.series, e.label, e.place) for e in entries], package.layout)


def _digest(rows: Sequence[tuple[Series, str, int | None]], layout: str) -> str:
    content = {
        "layout": layout,
        "series": [
            {
                "series": row.uid,
                "label": label,
                "place": place,
                "images": sorted(row.instances.values_list("sha256", flat=True)),
            }
            for row, label, place in rows
        ],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def prepared(time_point: TimePoint) -> ReadPackage | None:
    """Return the newest version that was built and not released, if it can still be released."""
    found: ReadPackage | None = (
        ReadPackage.objects.in_study(time_point.study_id)
        .filter(time_point=time_point)
        .order_by("-version")
        .first()
    )
    if found is None or found.state != "built":
        return None
    held = {row.pk for row in effective_series(time_point)}
    return found if {e.series_id for e in found.entries.all()} <= held else None


def change(
    time_point: TimePoint,
    *,
    choices: Sequence[Choice],
    layout: str,
    note: str,
    actor: Actor,
) -> ReadPackage:
    """Write the next version as image operations chose it.

    In quality control it waits for the signed decision, which releases it. Of an accepted visit
    that nobody has begun to read it is released at once, and reads that wait take it.

    Raises:
        NotPermitted: the actor may not choose.
        RuleBroken: IMG-040, IMG-041 (see ``build``); IMG-042 reads have begun; IMG-043 a visit that
            is released needs the reason for its next version.
    """
    actor.require("package.edit")
    actor = actor.acting_as("package.edit")
    with transaction.atomic():
        visits = TimePoint.objects.in_study(time_point.study_id).select_for_update()
        locked = visits.get(pk=time_point.pk)
        waits = locked.state in {"received", "in_qc"}
        if not waits and (locked.state not in {"accepted", "ready"} or reads().begun(locked)):
            raise RuleBroken(
                "A reader has begun to read these images. What readers see changes only by a "
                "decision of science on late images.",
                rule="IMG-042",
            )
        if not waits and not note.strip():
            raise RuleBroken("Say why readers get another version.", rule="IMG-043")
        built = build(locked, actor=actor, choices=choices, layout=layout, note=note.strip())
        return built if waits else release(built, actor=actor)


def release(package: ReadPackage, *, actor: Actor) -> ReadPackage:
    """Release a package; the versions before are superseded with it."""
    with transaction.atomic():
        system = service("Read packages", study_id=package.study_id)
        before = (
            ReadPackage.objects.in_study(package.study_id)
            .filter(time_point=package.time_point, state__in=["built", "released"])
            .exclude(pk=package.pk)
        )
        for old in before:
            PACKAGE.move(
                old,
                "supersede",
                actor=system,
                reason=f"version {package.version} was released",
            )
        done = PACKAGE.move(package, "release", actor=actor)
        reads().released(done, actor=system)
        return done


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
