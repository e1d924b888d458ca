"""The pictures of a training case: those of a visit of the study, under new identifiers.

Rendered pictures, layout, labels and places are those of the released package; dates are moved by
the caller; of the header only the slice thickness is kept. The DICOM objects stay where they are:
their identifiers lie inside them, so that a case would need objects of its own, written anew.
"""

from __future__ import annotations

import hashlib
import uuid
from datetime import date, timedelta

from audit import clock
from audit.actors import Actor
from audit.errors import RuleBroken
from imaging.models import Preview, Series, Submission
from imaging.services import package
from reads.services.practicevisits import accept, add_series, add_submission, put_in_package
from studies.models import Configuration, TimePoint
from studies.workflows import TIME_POINT

#: header facts that a case keeps; everything else may tell where and when
KEPT_FACTS = ("slice_thickness_mm",)


def day_of(point: TimePoint) -> date:
    """Return the day by which a visit is ordered."""
    day = point.assessment_date or point.planned_date
    return day if isinstance(day, date) else clock.today()


def show(origin: TimePoint, point: TimePoint, moved: timedelta, desk: Actor) -> None:
    """Give a visit of the case the pictures that readers of the original visit see."""
    held = package.released(origin)
    if held is None:
        raise RuleBroken(f"{origin} has no released images.", rule="TR-013")
    day = day_of(origin) + moved
    point = accept(point, day, desk)
    entries = list(held.entries.select_related("series").order_by("order"))
    copies = [_series(entry.series, point, number, desk) for number, entry in enumerate(entries, 1)]
    chosen = [
        package.Choice(copy, label=entry.label, place=entry.place)
        for copy, entry in zip(copies, entries, strict=True)
    ]
    put_in_package(point, chosen, held.layout, desk)
    TIME_POINT.move(point, "make_ready", actor=desk)


def _series(origin: Series, point: TimePoint, number: int, desk: Actor) -> Series:
    row = _submission(origin, point, desk)
    uid = _new_uid(f"{row.pk}:{origin.uid}")
    made = add_series(
        row,
        study_uid=_new_uid(str(row.pk)),
        uid=uid,
        modality=origin.modality,
        number=number,
        body_part=origin.body_part,
        instance_count=origin.instance_count,
        facts={name: origin.facts[name] for name in KEPT_FACTS if name in origin.facts},
    )
    for shown in Preview.objects.filter(series=origin).order_by("id"):
        Preview.objects.create(
            study_id=point.study_id,
            series=made,
            window=shown.window,
            objects_sha256=shown.objects_sha256,
            slices=[[_new_uid(f"{uid}:{one[0]}"), *one[1:]] for one in shown.slices],
            thumbnail_sha256=shown.thumbnail_sha256,
        )
    return made


def _submission(origin: Series, point: TimePoint, desk: Actor) -> Submission:
    sent = origin.submission
    form = sent.form_record.form
    return add_submission(
        point,
        sent.sender,
        form=_held(form.kind, form.key),
        profile=_held(sent.profile.kind, sent.profile.key),
        guideline=_held(sent.guideline.kind, sent.guideline.key),
        desk=desk,
    )


def _held(kind: str, key: str) -> Configuration:
    found: Configuration | None = Configuration.objects.filter(
        kind=kind, key=key, state="effective"
    ).first()
    if found is None:
        label = Configuration.Kind(kind).label.lower()
        raise RuleBroken(f"No {label} “{key}” holds in the study.", rule="TR-014")
    return found


def _new_uid(text: str) -> str:
    """Return a UID of the UUID-derived root, which anybody may use (DICOM PS3.5 annex B.2)."""
    return f"2.25.{uuid.UUID(bytes=hashlib.sha256(text.encode()).digest()[:16]).int}"
