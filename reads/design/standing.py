"""Which decisions of a design nobody but people carries out yet, said before it is signed."""

from __future__ import annotations

from reads.design.document import ReadDesign


def by_hand(design: ReadDesign) -> list[str]:
    """Return the decisions that the platform states but does not act on."""
    sessions, named = design.sessions, design.stop_rules
    rows = (
        (sessions.global_review, "the global review"),
        (sessions.eligibility, "eligibility reads"),
        (sessions.confirmation_of_progression, "confirmation of progression"),
        (sessions.preliminary_analysis, "preliminary measurements by image operations"),
        (design.oncology_review.is_wanted, "the oncology review"),
        (design.dossiers != "never", "showing clinical dossiers"),
        (design.adjudication.at == "subject", "adjudication over the subject"),
        (design.adjudication.outcome != "choose", "a third result of the adjudicator"),
        (named.after_withdrawal == "stop", "the stop after withdrawal"),
        (named.after_death == "stop", "the stop after death"),
        (design.sampling.escalate_above_percent is not None, "escalation to full review"),
        (bool(design.truth), "the comparison with the standard of truth"),
    )
    return [text for is_wanted, text in rows if is_wanted]
