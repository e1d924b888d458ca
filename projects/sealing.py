"""How the chain over the trail stands, and proving it in the background."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from audit import chain, clock
from audit.jobs import enqueue, job
from audit.models import ChainLink, Event, Job, record

VERIFIED = "chain.verify"
SHOWN_BREAKS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """The chain's length and head, and what its last proof found.

    Attributes:
        breaks: places that did not match, or nothing when the chain was never proven.
    """

    links: int
    head: str
    sealed_at: datetime | None
    verified_at: datetime | None
    breaks: int | None


def seal() -> Seal:
    """Return how the chain stands."""
    newest = ChainLink.objects.order_by("-seq").first()
    proven = Event.objects.filter(kind=VERIFIED).order_by("-id").first()
    return Seal(
        links=newest.seq if newest else 0,
        head=newest.digest if newest else "",
        sealed_at=newest.sealed_at if newest else None,
        verified_at=proven.at if proven else None,
        breaks=len(proven.details["breaks"]) if proven else None,
    )


def ask_for_proof() -> Job:
    """Ask for a proof of the whole chain; asking twice within a minute is one proof."""
    return enqueue("projects.verify_chain", key=f"verify-chain:{clock.now():%Y-%m-%dT%H:%M}")


@job("projects.verify_chain", label="Audit chain")
def verify_chain(row: Job) -> None:
    """Prove the chain and keep what was found."""
    found = chain.verify()
    record(
        VERIFIED,
        details={
            "head": chain.head(),
            "breaks": [
                {"table": b.table, "row": b.row_id, "what": b.what} for b in found[:SHOWN_BREAKS]
            ],
        },
    )
