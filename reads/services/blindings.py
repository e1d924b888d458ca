"""The blinding profile: what headers and pages do not tell readers, on top of the fences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from audit.actors import Actor
from studies.models import Configuration, Study
from studies.services import configuration as service

KIND = Configuration.Kind.BLINDING
KEY = "blinding"
TITLE = "Blinding profile"
#: what no profile can show a reader: the pages select by ``reads.visibility`` whatever it says
ALWAYS: Mapping[str, str] = {
    "site": "The site and its staff",
    "subject": "The subject's number and identity",
    "visit": "The name of the visit",
    "people": "Who sent, checked and assigned",
    "peer_reads": "What other readers found",
    "time_point_count": "How many time points are still to come",
}
#: what a profile decides
CHOICES: Mapping[str, str] = {
    "dates": "Calendar dates (days between scans are kept)",
    "equipment": "Maker and model of the scanner",
}
USUAL = ("dates",)


def newest(actor: Actor) -> Configuration | None:
    """Return the newest version of the profile that an actor may see."""
    rows = Configuration.objects.visible_to(actor).filter(kind=KIND, key=KEY)
    found: Configuration | None = rows.exclude(state="withdrawn").order_by("-version").first()
    return found


def save(study: Study, chosen: Sequence[str], *, actor: Actor) -> Configuration:
    """Write a profile: into its draft where there is one, else as the next version."""
    hide = [*ALWAYS, *(name for name in CHOICES if name in chosen)]
    draft = newest(actor)
    if draft is not None and draft.state == "draft":
        return service.revise(draft, {"hide": hide}, seen_digest=draft.digest, actor=actor)
    return service.draft(
        study, kind=KIND, key=KEY, title=TITLE, document={"hide": hide}, actor=actor
    )
