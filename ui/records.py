"""What the components are given: small frozen records, so that page writers and tests agree."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from ui.moments import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Words that lead somewhere."""

    label: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One sentence of a history: who, in which role, did what, from old to new, why, when."""

    who: str
    did: str
    when: datetime
    zone: str = "UTC"
    role: str = ""
    icon: str = ""
    is_system: bool = False
    old: str | None = None
    new: str | None = None
    reason: str = ""
    because: str = ""
    is_shifted: bool = False
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeStep:
    """A step of a life line: ``phase`` is done, now or todo; times are words, forecasts too."""

    phase: str
    icon: str
    label: str
    time: str = ""
    actor: str = ""
    clock: Clock | None = None
    tone: str = "work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """A button or link of a component; a button posts when ``posts`` is set."""

    label: str
    url: str
    icon: str = ""
    is_primary: bool = False
    posts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A condition of the next transition, in its own words."""

    text: str
    is_met: bool
    detail: str = ""
    is_pending: bool = False
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BarRow:
    """A cause with its count, drawn from zero; every figure links to its list."""

    label: str
    value: float
    tone: str = "work"
    note: str = ""
    action: Link | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackRow:
    """A row of a stacked chart; ``expected`` draws the dashed frame behind the parts."""

    label: str
    values: tuple[float, ...]
    expected: float | None = None
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnaroundRow:
    """Median and ninth decile of a duration in business days against the plan."""

    label: str
    median: float
    ninth_decile: float
    plan: float
    percent_in_time: float
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FunnelStage:
    """Time points that reached a stage, what waits there and what of it is late."""

    label: str
    count: int
    note: str = ""
    late: int = 0
    tone: str = "work"
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A second thing to know about a matrix cell, beside its state."""

    icon: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """A time point in the matrix. ``code`` empty means not applicable."""

    code: str = ""
    url: str = ""
    title: str = ""
    flags: tuple[Flag, ...] = ()
    is_mine: bool = False
    is_selected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixRow:
    """A subject and its cells, one for each column."""

    label: str
    url: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixGroup:
    """The subjects of one site."""

    label: str
    detail: str
    rows: tuple[MatrixRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixColumn:
    """A time point of the plan with its day and window."""

    label: str
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """Subjects by time points."""

    caption: str
    kind: str = "time_point"
    columns: tuple[MatrixColumn, ...]
    groups: tuple[MatrixGroup, ...]
    legend: tuple[str, ...] = ()
    flags: tuple[Flag, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A finding of the checks: what it means and the ways out. ``level``: error, warning, info."""

    level: str
    title: str
    text: str
    icon: str = ""
    tag: str = ""
    picture_url: str = ""
    picture_text: str = ""
    actions: tuple[Action, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Something asked of the site in a query; it closes by itself when it is met."""

    text: str
    is_met: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A message of a thread, or an event between messages when ``icon`` is set."""

    who: str
    text: str
    when: datetime
    zone: str = "UTC"
    role: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgress:
    """A long job as the page shows it: step n of m, true counts, time left in words."""

    title: str
    number: str
    state: str
    done: int
    total: int
    unit: str
    left: str = ""
    poll_url: str = ""
    cancel_url: str = ""
    result: Link | None = None
    error: str = ""

    @property
    def percent(self) -> int:
        """Whole per cent done, never rounded up to 100."""
        return self.done * 100 // self.total if self.total else 0

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen, so that the page stops asking."""
        return self.state.upper() in {"DONE", "FAILED", "CANCELLED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """Everything the sign dialog shows and sends."""

    dialog_id: str
    title: str
    url: str
    facts: tuple[tuple[str, str], ...]
    meaning: str
    consequence: str
    printed_name: str
    role: str
    now: datetime
    zone: str
    needs_password: bool = True
    needs_second_factor: bool = False
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    back_label: str = ""
    sign_label: str = ""
    htmx_target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """A completed value that is about to change."""

    field: str
    was: str
    becomes: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReasonRequest:
    """Everything the reason-for-change dialog shows and sends.

    ``effects`` are (tone, words) of what the act does, for acts that change more than a field;
    ``chosen`` and ``typed`` are what came back with a refusal.
    """

    dialog_id: str
    url: str
    changes: tuple[ValueChange, ...]
    reasons: tuple[tuple[str, str], ...]
    title: str = ""
    effects: tuple[tuple[str, str], ...] = ()
    chosen: str = ""
    typed: str = ""
    hidden: tuple[tuple[str, str], ...] = ()
    errors: tuple[str, ...] = ()
    least_characters: int = 10
    htmx_target: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormError:
    """A field error for the summary on top; ``anchor`` is the id of the field."""

    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadPanel:
    """Addresses and words of the upload part of a page."""

    manifest_url: str
    put_url: str
    finish_url: str
    parts_url: str = ""
    many_url: str = ""
    visit_url: str = ""
    note: str = ""
    kinds: tuple[str, ...] = field(default=("folder", "files", "zip"))
