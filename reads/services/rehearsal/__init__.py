"""Scripted reads of a design through the real services, in a study that nobody will ever find.

A study, a site, a subject, readers and an adjudicator are made, the design and its forms become
effective in it, visits become ready, readers read and sign, the read desk settles; whatever else
the design has is played too: eligibility before enrolment, the global review, the oncologist's
review. Then the whole transaction is taken back: no row, event or signature of it remains, in the
study or elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from django.db import transaction

from audit.actors import acting, service
from audit.errors import Refused
from reads.design.ecrf.filling import NotCompletable
from reads.services.rehearsal import sessions, time_points
from reads.services.rehearsal.script import NAME, TEXTS, Outcome
from reads.services.rehearsal.stage import Stage
from studies.models import Configuration
from studies.scoping import scope

__all__ = ["Outcome", "rehearse"]

Play = Callable[[Stage], Iterator[Outcome]]
#: in this order; a play that the design does not have yields nothing
PLAYS: tuple[tuple[str, Play], ...] = (
    ("eligibility", sessions.eligibility_read),
    ("sequence", time_points.sequence),
    ("reads", time_points.reads),
    ("global", sessions.global_review),
    ("oncology", sessions.oncology_review),
    ("immutable", time_points.immutable),
    ("unqualified", time_points.unqualified),
)


def rehearse(design: Configuration, form: Configuration, blinding: Configuration) -> list[Outcome]:
    """Play the scripted reads of a design; nothing remains of them."""
    with transaction.atomic():
        outcomes = list(_played(design, form, blinding))
        transaction.set_rollback(True)
    return outcomes


def _played(
    design: Configuration, form: Configuration, blinding: Configuration
) -> Iterator[Outcome]:
    desk = service(NAME)
    try:
        with acting(desk):
            stage = Stage.built(design, form, blinding, desk)
    except (Refused, ValueError) as error:
        yield Outcome("stage", "The design can be put into use in a study.", False, str(error))
        return
    yield Outcome("stage", "The design can be put into use in a study.", True)
    with scope(stage.study):
        for name, play in PLAYS:
            try:
                with transaction.atomic():
                    found = list(play(stage))
            except (Refused, NotCompletable, ValueError) as error:
                yield Outcome(name, TEXTS[name], False, str(error))
                return
            yield from found
