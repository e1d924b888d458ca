"""Responsibilities and turnaround: the text a reader signs, and its signature."""

from __future__ import annotations

from django.db import transaction

from accounts.signatures import Assent
from audit.actors import Actor, acting, service
from audit.errors import NotPermitted, RuleBroken
from audit.models import record
from reads.design import ReadDesign
from reads.models import Onboarding, ReaderCommitment
from reads.services.clocks import plan_for
from reads.services.qualifying import effective_design
from reads.services.register import holding_contract
from reads.workflows import READER_COMMITMENT
from studies.calendars import Plan
from studies.models import Configuration

DESK = "Reader training"
#: clock of the plan -> what it is called in the text
_CLOCKS = {
    "read": "a read of a time point",
    "global_review": "a global review",
    "eligibility": "an eligibility read",
    "confirmation": "a confirmation of progression",
    "adjudication": "an adjudication",
}
_ALONE = (
    "I read alone, from the images and documents that the platform shows me, and speak with nobody "
    "about a case before it is signed."
)
_BLINDED = (
    "I do not try to learn the site, the subject, the treatment or the results of other readers, "
    "and I tell reviewer operations at once if I learn one of them."
)
_CONFLICTS = (
    "I declare every employment, investigator's role or financial interest at a participating site "
    "to reviewer operations."
)


def text_of(onboarding: Onboarding, configuration: Configuration, design: ReadDesign) -> list[str]:
    """Return what the reader takes on, from the charter, its clocks and the contract."""
    contract = holding_contract(onboarding.reader)
    study = onboarding.study
    plan = plan_for(study, configuration)
    criteria = ", ".join(design.criteria) or "the form alone"
    limits = design.batches
    found = [
        f"I read in study {study.code} by {configuration}, with {criteria}.",
        _ALONE,
        _BLINDED,
        *_turnarounds(plan, design),
    ]
    if limits.session_maximum:
        found.append(f"I read at most {limits.session_maximum} time points in one session.")
    found += [
        "I decline a read with a reason where I cannot read it in time or have a conflict.",
        _CONFLICTS,
    ]
    if contract is not None:
        found.append(
            f"My work is paid by contract {contract.number}, which holds until "
            f"{contract.valid_until:%d %b %Y}."
        )
    return found


def _turnarounds(plan: Plan, design: ReadDesign) -> list[str]:
    sessions = design.sessions
    wanted = {
        "read": True,
        "global_review": sessions.global_review,
        "eligibility": sessions.eligibility,
        "confirmation": sessions.confirmation_of_progression,
    }
    found = []
    for name, words in _CLOCKS.items():
        turnaround = plan.turnarounds.get(name)
        if turnaround is None or not wanted.get(name):
            continue
        unit = str(turnaround["unit"]).replace("_", " ")
        found.append(f"I sign {words} within {turnaround['amount']} {unit} after it is given.")
    return found


def offer(onboarding: Onboarding) -> ReaderCommitment:
    """Lay the text before the reader; a text that no longer holds is replaced. Safe to repeat."""
    configuration, design = effective_design(onboarding.study_id)
    contract = holding_contract(onboarding.reader)
    number = contract.number if contract else ""
    paragraphs = text_of(onboarding, configuration, design)
    desk = service(DESK, study_id=onboarding.study_id)
    with transaction.atomic(), acting(desk):
        Onboarding.objects.in_study(onboarding.study_id).select_for_update().get(pk=onboarding.pk)
        present = commitment_of(onboarding)
        if present is not None and present.paragraphs == paragraphs:
            return present
        if present is not None and present.state == "open":
            READER_COMMITMENT.move(present, "replace", actor=desk, reason="the text changed")
        made = ReaderCommitment(
            study_id=onboarding.study_id,
            onboarding=onboarding,
            design=configuration,
            contract_number=number,
            paragraphs=paragraphs,
        )
        made.save()
        record("reader.offer_commitment", made)
    return made


def commitment_of(onboarding: Onboarding) -> ReaderCommitment | None:
    """Return the reader's commitment to the charter version in effect: signed, or to sign."""
    configuration, _ = effective_design(onboarding.study_id)
    rows = ReaderCommitment.objects.in_study(onboarding.study_id).filter(
        onboarding=onboarding, design=configuration
    )
    found: ReaderCommitment | None = (
        rows.exclude(state="replaced").select_related("design").order_by("-created_at").first()
    )
    return found


def sign(commitment: ReaderCommitment, *, actor: Actor, assent: Assent) -> ReaderCommitment:
    """Sign responsibilities and turnaround.

    Raises:
        NotPermitted: it is another reader's.
        RuleBroken: CM-001 the text no longer holds; a new one is laid before the reader.
    """
    if commitment.onboarding.reader.user_id != actor.user_id:
        raise NotPermitted("Only the reader signs this.", rule="CM-002")
    if offer(commitment.onboarding).pk != commitment.pk:
        raise RuleBroken("The text changed. Read the new one and sign that.", rule="CM-001")
    return READER_COMMITMENT.move(commitment, "sign", actor=actor, assent=assent)
