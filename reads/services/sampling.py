"""Central review of a sample: the site's own results beside it, and the way to full review.

The charter's sentence is the rule: all subjects are reviewed once central and local results differ
in more than so many percent of the sample. A subject differs when at any time point the accepted
overall response by the first criterion is not the one that the site reported last.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting
from audit.errors import NotPermitted, ReasonRequired, RuleBroken
from audit.jobs import enqueue
from audit.models import record
from reads.design import ReadDesign
from reads.design.document import EVERYBODY
from reads.models import Acceptance, LocalResult, SampleEscalation
from reads.services.accepting import counted_value, is_holding
from reads.services.confirmation import OPINIONS
from reads.services.qualifying import effective_design
from reads.services.stopping import is_drawn
from studies.models import Study, Subject, TimePoint

REASON_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Comparison:
    """The sample so far: how many subjects are in it, were compared, and differ."""

    sample: int
    compared: int
    different: int

    def exceeds(self, percent: int) -> bool:
        """Tell whether more than a percentage of the sample differs."""
        return self.sample > 0 and self.different * EVERYBODY > percent * self.sample


def record_local(
    time_point: TimePoint, response: str, *, actor: Actor, reason: str = ""
) -> LocalResult:
    """Keep the overall response that the site reports; a correction needs a reason.

    Raises:
        RuleBroken: RD-027 it is no response that the platform knows.
        ReasonRequired: the site reported another one before and gives no reason.
    """
    actor.require("local.record")
    if actor.user_id is None:
        raise NotPermitted("A person of the site reports.", rule="local.record")
    if response not in OPINIONS:
        raise RuleBroken("Choose one of the listed responses.", rule="RD-027")
    with transaction.atomic(), acting(actor.acting_as("local.record"), reason):
        TimePoint.objects.in_study(time_point.study_id).select_for_update().get(pk=time_point.pk)
        before = local_result(time_point)
        if before is not None and before.response == response:
            return before
        if before is not None and not reason.strip():
            raise ReasonRequired("Say why the result is corrected.", rule="localresult.correct")
        made = LocalResult.objects.create(
            study_id=time_point.study_id,
            time_point=time_point,
            response=response,
            reason=reason.strip()[:REASON_LENGTH],
            by_id=actor.user_id,
        )
        record("timepoint.local_result", time_point, reason=reason)
        enqueue(
            "reads.sample",
            key=f"reads.sample:{time_point.study_id}:{made.pk}",
            row=time_point,
            of_study=str(time_point.study_id),
        )
        return made


def local_result(time_point: TimePoint) -> LocalResult | None:
    """Return what the site reported last."""
    return LocalResult.objects.filter(study_id=time_point.study_id, time_point=time_point).first()


def compare(study: Study, design: ReadDesign) -> Comparison:
    """Compare central and local results of the sampled subjects."""
    drawn = [s for s in Subject.objects.in_study(study) if is_drawn(s, design)]
    central = _central(study, design)
    local = _local(study)
    compared = different = 0
    for subject in drawn:
        both = [
            (central[point], local[point])
            for point in central.keys() & local.keys()
            if point[0] == subject.pk
        ]
        compared += bool(both)
        different += any(one != two for one, two in both)
    return Comparison(len(drawn), compared, different)


def _central(study: Study, design: ReadDesign) -> dict[tuple[object, object], str]:
    criterion = next(iter(design.criteria), "")
    rows = (
        Acceptance.objects.filter(study_id=study.pk)
        .select_related("time_point", "session", "case")
        .prefetch_related("session__assessments")
    )
    found: dict[tuple[object, object], str] = {}
    for row in rows:
        key = (row.time_point.subject_id, row.time_point_id)
        if key in found:
            continue
        values = {one.criterion: one for one in row.session.assessments.all()}
        holds = is_holding(row) and criterion in values
        response = counted_value(values[criterion], "overall_response", row.case) if holds else ""
        found[key] = response
    return {key: response for key, response in found.items() if response}


def _local(study: Study) -> dict[tuple[object, object], str]:
    found: dict[tuple[object, object], str] = {}
    for row in LocalResult.objects.filter(study_id=study.pk).select_related("time_point"):
        found.setdefault((row.time_point.subject_id, row.time_point_id), row.response)
    return found


def escalate(study: Study, *, actor: Actor) -> SampleEscalation | None:
    """Turn the sample into full review once the charter's limit is exceeded; safe to repeat.

    It is for good: a later correction of a result takes nobody out of the review again.
    """
    configuration, design = effective_design(study)
    limit = design.sampling.escalate_above_percent
    if limit is None or design.sampling.percent >= EVERYBODY:
        return None
    with transaction.atomic(), acting(actor):
        Study.objects.select_for_update().get(pk=study.pk)
        known = SampleEscalation.objects.filter(study_id=study.pk).first()
        if known is not None:
            return None
        found = compare(study, design)
        if not found.exceeds(limit):
            return None
        made = SampleEscalation.objects.create(
            study_id=study.pk,
            design=configuration,
            sample=found.sample,
            different=found.different,
            above_percent=limit,
            at=clock.now(),
        )
        record(
            "study.full_review",
            study,
            study_id=study.pk,
            details={"sample": found.sample, "different": found.different, "limit": limit},
        )
        for subject in Subject.objects.in_study(study):
            if not is_drawn(subject, design):
                enqueue(
                    "reads.plan",
                    key=f"reads.plan:{subject.pk}:full-review",
                    row=subject,
                    subject_id=str(subject.pk),
                )
        return made
