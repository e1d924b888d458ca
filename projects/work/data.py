"""Work on data: cuts to make and to take, visits to compare."""

from __future__ import annotations

from collections.abc import Iterable

from audit.actors import Actor
from exports.models import DataCut
from projects.addresses import address
from projects.work.items import WorkItem, end_of_day, source
from studies.models import Study, TimePoint
from ui.figures import counted


@source("cut.make")
def cuts_to_make(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Cuts on their way to release."""
    verbs = {
        "planned": "Start cleaning for",
        "cleaning": "Freeze",
        "frozen": "Wait for the files of",
        "generated": "Release",
    }
    rows = DataCut.objects.visible_to(actor).filter(state__in=verbs)
    for cut in rows:
        yield WorkItem(
            what=f"{verbs[cut.state]} {cut.title}",
            study=study.code,
            about=f"Cut-off {cut.cut_off:%d %b %Y}",
            kind="Data cut",
            url=address("cut-page", study.code, cut.pk),
            icon="list-check",
            due=end_of_day(cut.planned_for, study),
            cause="Data cut late",
        )


@source("cut.acknowledge")
def cuts_to_take(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Released cuts to download and confirm."""
    for cut in DataCut.objects.visible_to(actor).filter(state="released"):
        yield WorkItem(
            what=f"Download and confirm {cut.title}",
            study=study.code,
            about=f"Cut-off {cut.cut_off:%d %b %Y}, {counted(cut.item_count, 'record')}",
            kind="Data cut",
            url=address("cut-page", study.code, cut.pk),
            icon="file-download",
        )


@source("visits.compare")
def visits_to_compare(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Imaging visits for comparison with the clinical database."""
    received = (
        TimePoint.objects.visible_to(actor).exclude(state__in=["expected", "not_done"]).count()
    )
    yield WorkItem(
        what=f"Compare {counted(received, 'imaging visit')} with the clinical database",
        study=study.code,
        about="Subject, visit and scan date as listing",
        kind="Comparison",
        url=address("visit-listing", study.code),
        icon="clipboard-list",
    )
