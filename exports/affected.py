"""Which cuts carry what the images of a visit gave: they are affected when the images move."""

from __future__ import annotations

from django.urls import reverse

from exports.models import CutItem, DataCut
from imaging.services.effects import Effect
from studies.models import TimePoint


def names(time_point: TimePoint) -> list[Effect]:
    """Name the cuts in whose frozen version the visit had been scanned."""
    listed = CutItem.objects.filter(
        study_id=time_point.study_id,
        record_kind=TimePoint._meta.label_lower,
        record_id=str(time_point.pk),
    )
    scanned = set(
        TimePoint.history.filter(
            history_id__in=listed.values_list("history_id", flat=True),
            assessment_date__isnull=False,
        ).values_list("history_id", flat=True)
    )
    cuts = DataCut.objects.in_study(time_point.study_id).filter(
        pk__in=listed.filter(history_id__in=scanned).values("cut_id")
    )
    return [
        Effect(
            "cut",
            f"{cut} ({cut.get_state_display().lower()}) holds {time_point} with its scan date",
            reverse("cut-page", args=[time_point.study.code, cut.pk]),
        )
        for cut in cuts.order_by("created_at")
    ]
