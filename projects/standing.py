"""How a study stands: where its time points are, what is late, which delivery comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Q

from audit import clock
from audit.actors import Actor
from exports.models import DataCut
from imaging.models import Submission
from queries.models import Query
from reads.models import ReadTask
from reads.visibility import OPEN
from studies.models import Study, TimePoint
from ui.charts import Span, stack_spans
from ui.figures import counted

#: stored states of a time point by who holds it: tone, words, states
HOLDERS: Sequence[tuple[str, str, tuple[str, ...]]] = (
    ("final", "locked", ("locked",)),
    ("read", "with readers", ("reading", "read", "checked")),
    ("good", "ready to read", ("accepted", "ready")),
    ("work", "with image operations", ("received", "in_qc")),
    ("idle", "expected", ("expected",)),
)
#: from this share of late time points on, a study is behind its plan
BEHIND = 0.1
BAR_WIDTH = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A stretch of the bar with its tone, words and number."""

    tone: str
    words: str
    count: int
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What a study's card says."""

    study: Study
    code: str
    sentence: str
    total: int
    parts: tuple[Part, ...]
    late: tuple[tuple[str, int], ...]
    next_cut: DataCut | None
    days_to_cut: int | None

    @property
    def bar_sentence(self) -> str:
        """The bar in words."""
        return ", ".join(f"{part.count} {part.words}" for part in self.parts)


def standing_of(study: Study, actor: Actor) -> Standing:
    """Return how a study stands for somebody who sees its time points; inside its scope."""
    today = clock.today(study.time_zone)
    late_upload = Q(state="expected", window_to__lt=today)
    counts: dict[str, int] = TimePoint.objects.visible_to(actor).aggregate(
        late_uploads=Count("pk", filter=late_upload),
        total=Count("pk", filter=~Q(state="not_done")),
        **{tone: Count("pk", filter=Q(state__in=states)) for tone, _, states in HOLDERS},
    )
    late = tuple((words, n) for words, n in _late(actor, counts["late_uploads"]) if n)
    cut = _next_cut(actor)
    return Standing(
        study=study,
        code=state_of_plan(study.state, counts["total"], sum(n for _, n in late)),
        sentence=_sentence(study, late),
        total=counts["total"],
        parts=_parts(counts),
        late=late,
        next_cut=cut,
        days_to_cut=(cut.planned_for - today).days if cut else None,
    )


def state_of_plan(state: str, total: int, late: int) -> str:
    """Return the display state of a study: behind from one late item in ten time points on."""
    if state == "startup":
        return "START_UP"
    if state in {"locked", "closed"}:
        return "CLOSED"
    if late and late >= BEHIND * total:
        return "BEHIND"
    return "AT_RISK" if late else "ON_PLAN"


def _late(actor: Actor, uploads: int) -> list[tuple[str, int]]:
    now = clock.now()
    found = [("uploads", uploads)]
    if actor.may("qc.view"):
        rows = Submission.objects.visible_to(actor).filter(state__in=["in_qc", "held"])
        found.append(("QC", rows.filter(qc_due_at__lt=now).count()))
    if actor.may("query.view"):
        rows = Query.objects.visible_to(actor).filter(state__in=["open", "reopened"])
        found.append(("queries", rows.filter(due_at__lt=now).count()))
    if actor.may("read.progress"):
        rows = ReadTask.objects.visible_to(actor).filter(state__in=OPEN)
        found.append(("reads", rows.filter(due_at__lt=now).count()))
    return found


def _sentence(study: Study, late: Sequence[tuple[str, int]]) -> str:
    if study.state == "startup":
        return "The study is not open for images yet."
    if not late:
        return "All clocks are inside the plan."
    words, number = max(late, key=lambda pair: pair[1])
    return {
        "uploads": f"{counted(number, 'visit')} without scans after the window.",
        "QC": f"{counted(number, 'submission')} in QC for longer than planned.",
        "queries": f"{counted(number, 'query', 'queries')} without an answer in time.",
        "reads": f"{counted(number, 'read')} past the due date.",
    }[words]


def _parts(counts: dict[str, int]) -> tuple[Part, ...]:
    held = [(tone, words, counts[tone]) for tone, words, _ in HOLDERS if counts[tone]]
    spans = stack_spans(
        [number for *_, number in held],
        largest=sum(number for *_, number in held),
        width=BAR_WIDTH,
        start=0,
    )
    return tuple(
        Part(tone=tone, words=words, count=number, span=span)
        for (tone, words, number), span in zip(held, spans, strict=True)
    )


def _next_cut(actor: Actor) -> DataCut | None:
    if not actor.may("cut.view"):
        return None
    rows: Any = DataCut.objects.visible_to(actor)
    coming = rows.filter(state__in=["planned", "cleaning", "frozen", "generated"])
    return coming.order_by("planned_for").first()
