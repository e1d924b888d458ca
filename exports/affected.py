"""Which cuts carry what the images of a visit gave: they are affected when the images move."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.urls import reverse

from audit.models import record
from exports.models import CutItem, DataCut
from imaging.services.effects import Effect
from reads.holders import Holder
from reads.models import ReadSession
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


def holding(study: Any, sessions: Collection[UUID]) -> list[Holder]:
    """Name the cuts whose frozen versions hold one of these reads."""
    return [
        Holder(
            str(cut.pk),
            f"{cut}, cut-off {cut.cut_off:%d %b %Y}, {cut.get_state_display().lower()}",
            reverse("cut-page", args=[cut.study.code, cut.pk]),
        )
        for cut in _cuts_with(study, sessions)
    ]


def rolled_back(study: Any, sessions: Collection[UUID], sentence: str) -> list[str]:
    """Keep in the history of every cut that holds these reads that they were rolled back."""
    told = []
    for cut in _cuts_with(study, sessions):
        record(
            "datacut.affected",
            cut,
            reason=sentence,
            details={"sessions": sorted(str(one) for one in sessions)},
        )
        told.append(f"{cut} holds such reads; it stays as it is and says so.")
    return told


def _cuts_with(study: Any, sessions: Collection[UUID]) -> list[DataCut]:
    listed = CutItem.objects.filter(
        study_id=study,
        record_kind=ReadSession._meta.label_lower,
        record_id__in=[str(one) for one in sessions],
    )
    rows = DataCut.objects.in_study(study).filter(pk__in=listed.values("cut_id"))
    return list(rows.select_related("study").order_by("number"))
