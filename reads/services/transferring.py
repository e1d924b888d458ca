"""Taking a reader's subjects away by a rule: finish what was begun, or read again from baseline."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef, Q

from accounts.models import User
from audit.actors import Actor
from audit.errors import ReasonRequired, Refused, RuleBroken
from reads.models import ReaderStream, ReadSession
from reads.services.assigning import replace_reader
from reads.services.drawing import draw_readers
from reads.services.qualifying import effective_design
from reads.visibility import BEFORE_READY, OPEN
from studies.models import Study, TimePoint

FINISH, FROM_BASELINE = "finish_subject", "from_baseline"
RULES: Mapping[str, str] = {
    FINISH: "Finish subject: the reader keeps subjects with a signed read; others read the rest",
    FROM_BASELINE: "Re-read from baseline: another reader reads every unfinished subject anew",
}


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a transfer moves, and what it leaves where it is."""

    moves: Sequence[ReaderStream]
    keeps: Sequence[ReaderStream]


def plan_transfer(study: Study, reader: User, rule: str) -> Transfer:
    """Return the subjects that a rule moves: the impact, before anything is done.

    Raises:
        RuleBroken: RT-001 no such rule.
    """
    if rule not in RULES:
        raise RuleBroken("Choose the rule of the transfer.", rule="RT-001")
    signed = ReadSession._base_manager.filter(
        task__stream_id=OuterRef("pk"), state__in=("signed", "final")
    )
    to_come = TimePoint._base_manager.filter(
        subject_id=OuterRef("subject_id"), state__in=BEFORE_READY
    )
    rows = (
        ReaderStream.objects.in_study(study)
        .filter(reader=reader, purpose="efficacy", closed_reason="")
        .annotate(has_begun=Exists(signed), has_more=Exists(to_come))
        .filter(Q(has_more=True) | Q(tasks__state__in=(*OPEN, "planned", "declined")))
        .select_related("subject", "reader")
        .order_by("order_index")
        .distinct()
    )
    begun = [stream for stream in rows if rule == FINISH and stream.has_begun]
    return Transfer([stream for stream in rows if stream not in begun], begun)


def transfer(
    study: Study, reader: User, rule: str, *, actor: Actor, reason: str, to: User | None = None
) -> tuple[int, list[str]]:
    """Give a reader's subjects to others; return how many moved, and why others stayed.

    Args:
        to: who takes all of them; without it each subject is drawn by the rules of assignment.

    Raises:
        ReasonRequired: no reason.
        RuleBroken: RT-001 no such rule.
    """
    actor.require("read.manage")
    if not reason.strip():
        raise ReasonRequired("Say why the subjects are given to others.", rule="reads.transfer")
    configuration, design = effective_design(study)
    seed, moved, stayed = secrets.token_hex(8), 0, []
    for stream in plan_transfer(study, reader, rule).moves:
        try:
            taker = to or draw_readers(
                [stream.subject], configuration, design, seed=f"{seed}{moved}", per_subject=1
            )[stream.subject_id][0]  # fmt: skip
            replace_reader(stream, taker, actor=actor, reason=reason)
            moved += 1
        except Refused as refused:
            stayed.append(f"{stream.subject.code}: {refused.message}")
    return moved, stayed
