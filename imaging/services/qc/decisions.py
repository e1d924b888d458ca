"""The decision: kept, then signed at its level."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.signatures import Assent
from audit import clock
from audit.actors import Actor, acting
from audit.errors import RuleBroken
from imaging.models import QcReview
from imaging.services import second_level
from imaging.services.qc.checklist import mirrored
from imaging.services.qc.claims import as_reviewer
from imaging.services.qc.outcome import take_effect
from imaging.workflows import QC_REVIEW
from studies.models import TimePoint
from studies.services import forms

MEANING = "qc_decision"
STATEMENT = (
    "I checked these images against the acquisition guideline and the form, and I decide as shown."
)


def decide(
    review: QcReview,
    *,
    decision: str,
    actor: Actor,
    deviation_cause: str = "",
    comment: str = "",
) -> QcReview:
    """Keep the decision that will be signed; whether it is allowed shows when it is signed.

    Raises:
        RuleBroken: IMG-056 there is no such decision or cause.
    """
    acting_person = as_reviewer(review, actor)
    fields = {f.name: f for f in QcReview._meta.get_fields() if hasattr(f, "choices")}
    known = {code for code, _ in fields["decision"].choices or ()}
    causes = {code for code, _ in fields["deviation_cause"].choices or ()} | {""}
    if decision not in known or deviation_cause not in causes:
        raise RuleBroken("Choose pass, pass with deviation, or fail.", rule="IMG-056")
    with transaction.atomic(), acting(acting_person):
        row: QcReview = (
            QcReview.objects.in_study(review.study_id).select_for_update().get(pk=review.pk)
        )
        own: Any = ""
        if row.form_record is not None:
            record_row = mirrored(row.form_record, decision, comment.strip(), acting_person)
            own = record_row.answers.get("decision", {}).get("comment", "")
        row.decision = decision
        row.deviation_cause = deviation_cause if decision == "pass_with_deviation" else ""
        row.comment = comment.strip() or (own if isinstance(own, str) else "")
        row.decided_at = clock.now()
        row.save()
        return row


def sign(review: QcReview, *, actor: Actor, assent: Assent) -> QcReview:
    """Sign the decision at its level.

    The first decision is drawn for the second level or takes effect at once; the second takes
    effect when it agrees; a difference waits for science, whose decision takes effect. A pass
    releases the visit to the readers; a failure asks for a re-scan.

    Raises:
        RuleBroken: IMG-006 the checklist is not complete; IMG-007 the decision is not consistent.
        Conflict: what was signed is not what is there.
    """
    acting_person = as_reviewer(review, actor)
    with transaction.atomic():
        visits = TimePoint.objects.in_study(review.study_id).select_for_update()
        time_point = visits.get(pk=review.time_point_id)
        step = "resolve" if review.level == second_level.RESOLUTION else "sign"
        signed = QC_REVIEW.move(
            review, step, actor=actor, assent=assent, details={"decision": review.decision}
        )
        if signed.form_record is not None:
            forms.lock(signed.form_record, actor=actor)
        if signed.level == second_level.FIRST:
            with acting(acting_person):
                second_level.draw(signed)
        counts = second_level.decisive(signed.submission)
        if counts is not None:
            take_effect(counts, time_point, actor)
        review.refresh_from_db()
        return signed
