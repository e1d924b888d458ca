"""Rules of PCWG3: bone scan (2+2 with flare, persistence), combined response, progression date.

Scher et al., J Clin Oncol 2016;34:1402-1418, as tabulated in criteria.md section 6.

A bone scan is judged with a snapshot of what came before (`Snapshot.as_inputs`): the reference
scan, a pending unconfirmed progression (PDu) and whether progression is certain already. First
the scan gives a verdict on the pending PDu, then its own state as read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from reads.criteria.base import DecisionTable
from reads.criteria.trace import Inputs, Rule, Value

KEY = "PCWG3"
BONE_CLAUSE = "PCWG3 bone scan (Scher 2016)"
CLAUSE = "PCWG3 (Scher 2016)"
NO_VERDICT, WAITS, CONFIRMED, REFUTED = "NONE", "WAITS", "CONFIRMED", "REFUTED"
DAYS_A_WEEK = 7


@dataclass(slots=True)
class Snapshot:
    """What the bone scans so far have shown, in chronological order."""

    reference: tuple[str, ...] | None = None
    seen_later: set[str] = field(default_factory=set)
    pending: dict[str, Any] | None = None
    progressed: bool = False

    def as_inputs(self) -> dict[str, Value]:
        """Return the snapshot as inputs of the rules; reference None: no scan after baseline."""
        return {
            "reference": self.reference,
            "seen_later": tuple(sorted(self.seen_later)),
            "pending": dict(self.pending) if self.pending else None,
            "progressed": self.progressed,
        }

    def take(self, scan: Inputs, verdict: str, state: str) -> None:
        """Let a finished scan enter."""
        if not scan["evaluable"]:
            if self.pending and scan["missing_between"] == "stop":
                self.pending = None
            return
        fresh = new_lesions(scan)
        self.progressed = self.progressed or verdict == CONFIRMED
        if verdict != WAITS:
            self.pending = _pending(scan, fresh) if state == "PDu" else None
        if self.reference is None:
            self.reference = tuple(sorted({*scan["first_seen"], *scan["persisting"]}))
        elif scan["vanished_lesions_count"]:
            self.seen_later |= fresh


def _pending(scan: Inputs, fresh: set[str]) -> dict[str, Any]:
    first = scan["reference"] is None
    return {
        "id": scan["id"],
        "day": scan["day"],
        "lesions": tuple(sorted(fresh)),
        "flare": first and in_flare_window(scan),
        "against_baseline": first,
    }


def in_flare_window(scan: Inputs) -> bool:
    """Return whether the scan lies in the flare window after treatment start."""
    since = scan["day"] - scan["start_day"]
    return bool(since <= DAYS_A_WEEK * scan["flare_window_weeks"])


def new_lesions(scan: Inputs, *, against_baseline: bool = False) -> set[str]:
    """Return the new lesions of a scan against the reference scan, or against the baseline.

    Lesions that vanished again count only when the charter says so.
    """
    present = {*scan["first_seen"], *scan["persisting"]}
    if scan["vanished_lesions_count"]:
        present |= set(scan["seen_later"])
    reference = scan["reference"]
    return present if against_baseline or reference is None else present - set(reference)


# Verdict on a pending PDu --------------------------------------------------------------------


def bone_verdict(scan: Inputs) -> Value:
    """Return what a scan says of the pending PDu: NONE, WAITS, CONFIRMED or REFUTED."""
    pending = scan["pending"]
    if pending is None or scan["progressed"]:
        return NO_VERDICT
    if not scan["evaluable"]:
        return WAITS
    soon = scan["day"] - pending["day"] < DAYS_A_WEEK * scan["confirm_min_weeks"]
    if soon and scan["short_interval"] == "wait":
        return WAITS
    return CONFIRMED if _confirms(scan, pending) else REFUTED


def _confirms(scan: Inputs, pending: Mapping[str, Any]) -> bool:
    least: int = scan["min_new_lesions"]
    if pending["flare"]:
        return len(new_lesions(scan)) >= least
    before = set(pending["lesions"])
    fresh = new_lesions(scan, against_baseline=pending["against_baseline"])
    persist: bool = len(before & {*scan["first_seen"], *scan["persisting"]}) >= least
    return persist or len(fresh) > len(before)


def _say_verdict(scan: Inputs, value: Value) -> str:
    pending = scan["pending"]
    if pending is None or value == NO_VERDICT:
        return "No unconfirmed bone progression is pending"
    what = f"the unconfirmed progression of {pending['id']}"
    if value == WAITS:
        return f"This scan does not decide {what}"
    rule = "additional new lesions" if pending["flare"] else "persistence of the new lesions"
    decides = "confirms" if value == CONFIRMED else "does not confirm"
    return f"By {rule} this scan {decides} {what}"


VERDICT = Rule(
    key=f"{KEY}.bone_verdict",
    clause=BONE_CLAUSE,
    statement=(
        "A PDu of the first scan in the flare window needs two additional new lesions at least "
        "6 weeks later; a later PDu needs its new lesions to persist or to become more."
    ),
    compute=bone_verdict,
    say=_say_verdict,
)


# State as read -------------------------------------------------------------------------------


def bone_as_read(scan: Inputs) -> Value:
    """Return the state of a scan with the data up to it: PD, PDu, NON-PD, NED or NE."""
    if not scan["evaluable"]:
        return "NE"
    if scan["progressed"] or scan["verdict"] == CONFIRMED:
        return "PD"
    if len(new_lesions(scan)) >= scan["min_new_lesions"]:
        return "PDu"
    return "NON-PD" if scan["visible"] else "NED"


def _say_as_read(scan: Inputs, value: Value) -> str:
    if value == "NE":
        return "Bone scan missing or unreadable: NE"
    if value == "PD":
        return "Bone progression is certain with this scan: PD"
    found = sorted(new_lesions(scan))
    against = "the baseline" if scan["reference"] is None else "the first scan after baseline"
    named = f" ({', '.join(found)})" if found else ""
    return f"{len(found)} new bone lesions against {against}{named}: {value}"


AS_READ = Rule(
    key=f"{KEY}.bone_response_as_read",
    clause=BONE_CLAUSE,
    statement=(
        "Two or more new lesions against the baseline (first scan) or the first scan after "
        "baseline (later ones) are PDu; NED without any lesion; NON-PD otherwise."
    ),
    compute=bone_as_read,
    say=_say_as_read,
)


def bone_final(inputs: Inputs) -> Value:
    """Return the state after all scans: a PDu becomes PD or NON-PD by the scan that decided."""
    if inputs["as_read"] == "NE":
        return "NE"
    return {CONFIRMED: "PD", REFUTED: "NON-PD"}.get(inputs["verdict"], inputs["as_read"])


def _say_final(inputs: Inputs, value: Value) -> str:
    if value != inputs["as_read"]:
        return f"Read as {inputs['as_read']}, rewritten by {inputs['decided_by']}: {value}"
    return f"Bone response after all scans: {value}"


FINAL = Rule(
    key=f"{KEY}.bone_response_final",
    clause=BONE_CLAUSE,
    statement="A later scan rewrites a PDu to PD (dated to it) or to NON-PD.",
    compute=bone_final,
    say=_say_final,
)


# Combined response ---------------------------------------------------------------------------

_STABLE_BONE = ("NON-PD", "PDu", "NED", "NE")


def _rows() -> tuple[tuple[tuple[str, ...], str], ...]:
    rows: list[tuple[tuple[str, ...], str]] = [
        (("PD", "ANY", "ANY"), "PD"),
        (("ANY", "PD", "ANY"), "PD"),
        (("NED", "NON-PD", "ANY"), "NON-CR/NON-PD"),
        (("NED", "PDu", "ANY"), "PDu"),
        (("NED", "NED", "ANY"), "NE"),
        (("NED", "NE", "ANY"), "NE"),
        (("CR", "NED", "ANY"), "CR"),
    ]
    rows += [
        ((soft, bone, "ANY"), soft)
        for soft in ("NE", "SD", "NON-CR/NON-PD", "PR")
        for bone in _STABLE_BONE
    ]
    for bone in ("NON-PD", "PDu", "NE"):
        rows.append((("CR", bone, "YES"), "PR"))
        rows.append((("CR", bone, "NO"), "NON-CR/NON-PD"))
    return tuple(rows)


COMBINED_TABLE = DecisionTable(
    key=f"{KEY}.combined",
    title="Soft tissue and bone",
    clause=CLAUSE,
    columns=("soft_tissue_response", "bone_response", "target_lesions_at_baseline"),
    rows=_rows(),
)


def overall_response(inputs: Inputs) -> Value:
    """Return the combined response; None when soft tissue was not given and bone is not PD."""
    soft = inputs["soft_tissue_response"]
    if soft is None:
        return "PD" if inputs["bone_response"] == "PD" else None
    target = "YES" if inputs["target_lesions_at_baseline"] else "NO"
    return COMBINED_TABLE.look_up(soft, inputs["bone_response"], target)


def _say_overall(inputs: Inputs, value: Value) -> str:
    soft = inputs["soft_tissue_response"] or "not given"
    return f"Soft tissue {soft}, bone {inputs['bone_response']}: {value or 'no combined response'}"


def _overall(name: str, statement: str) -> Rule:
    return Rule(
        key=f"{KEY}.{name}",
        clause=CLAUSE,
        statement=statement,
        compute=overall_response,
        say=_say_overall,
    )


OVERALL_AS_READ = _overall(
    "overall_response_as_read", "Soft tissue combined with the bone response as read."
)
OVERALL_FINAL = _overall(
    "overall_response_final", "Soft tissue combined with the bone response after all scans."
)
OVERALL = _overall("overall_response", "The combined response after all scans.")


# Soft tissue and progression date ------------------------------------------------------------


def _soft_tissue(inputs: Inputs) -> Value:
    return inputs["overall_response"]


def _say_soft_tissue(_inputs: Inputs, value: Value) -> str:
    return f"Soft tissue by RECIST 1.1: {value}"


SOFT_TISSUE = Rule(
    key=f"{KEY}.soft_tissue_response",
    clause=CLAUSE,
    statement="Soft tissue is assessed by RECIST 1.1.",
    compute=_soft_tissue,
    say=_say_soft_tissue,
)


def _progression_day(inputs: Inputs) -> Value:
    days = [inputs["bone_day"], inputs["soft_tissue_day"]]
    return min((day for day in days if day is not None), default=None)


def _say_progression(inputs: Inputs, value: Value) -> str:
    if value is None:
        return "No progression"
    parts = [
        f"{name} progression on day {day}"
        for name, day in (("bone", inputs["bone_day"]), ("soft tissue", inputs["soft_tissue_day"]))
        if day is not None
    ]
    return f"Radiographic progression on day {value}, the earlier of {' and '.join(parts)}"


PROGRESSION = Rule(
    key=f"{KEY}.progression_day",
    clause=CLAUSE,
    statement="The earlier of soft tissue PD and bone PD; bone PD dates from its first scan.",
    compute=_progression_day,
    say=_say_progression,
)
