"""Background work of delivery."""

from __future__ import annotations

from audit.actors import service
from audit.jobs import Progress, job
from audit.models import Job
from exports import services
from exports.models import DataCut
from studies.scoping import scope


@job("exports.generate", label="Data cut generator")
def generate(row: Job, *, cut_id: str) -> None:
    """Make the files of a frozen cut."""
    with scope(row.study_id):
        cut = DataCut.objects.select_related("study", "specification").get(pk=cut_id)
        services.generate(
            cut,
            actor=service("Data cut generator", study_id=cut.study_id),
            told=Progress(row).at,
        )
