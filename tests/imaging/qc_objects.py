"""One object of each kind that quality control adds, for the table of addresses and roles."""

from __future__ import annotations

from typing import Any

from audit import clock
from audit.actors import acting
from imaging.models import LateImages, QcReview, ReadPackage, SiteException, Submission
from studies.models import Configuration
from tests.world import BUILDER, StudyWorld


def qc_objects(world: StudyWorld, sent: Submission) -> dict[str, Any]:
    """Return their keys; all belong to the submission's site and visit."""
    package = ReadPackage.objects.filter(time_point__subject=sent.subject).first()
    assert package is not None
    with acting(BUILDER):
        exception = SiteException(
            study=world.study,
            study_site=sent.study_site,
            number=1,
            code="outside_guideline",
            parameter="slice_thickness_mm",
            reason="The scanner reconstructs 8 mm only.",
            valid_from=clock.today(),
        )
        exception.save()
        late = LateImages(
            study=world.study,
            time_point=sent.time_point,
            submission=sent,
            package=package,
            due_at=clock.now(),
            due_by="plan",
        )
        late.save()
        review = QcReview(
            study=world.study,
            submission=sent,
            time_point=sent.time_point,
            level=QcReview.Rank.RESOLUTION,
            reviewer=world.users["scientific"],
        )
        review.save()
    guideline = Configuration.objects.filter(kind=Configuration.Kind.GUIDELINE).first()
    assert guideline is not None
    return {
        "exception": exception.pk,
        "late": late.pk,
        "review": review.pk,
        "package": package.pk,
        "guideline": guideline.pk,
    }
