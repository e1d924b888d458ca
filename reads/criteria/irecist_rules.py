"""Rules of iRECIST as pure functions: progression signs, confirmation, reset, overall response.

Source: Seymour 2017 tables 1 and 2, EORTC questions and answers (criteria.md 3.3). Everything
that a rule needs is in its inputs, the pending iUPD included, so that each step recomputes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from reads.criteria.arithmetic import ZERO, words
from reads.criteria.base import DecisionTable, Options, Record
from reads.criteria.recist_files import component_word, new_lesion_word
from reads.criteria.recist_rules import (
    NON_TARGET_ONLY_TABLE as RECIST_NON_TARGET_ONLY,
)
from reads.criteria.recist_rules import (
    OVERALL_TABLE as RECIST_OVERALL,
)
from reads.criteria.recist_targets import NOT_APPLICABLE
from reads.criteria.sums import sum_rule, total
from reads.criteria.trace import Inputs, Rule, Value

TARGET, NON_TARGET, NEW_LESION = "target", "non_target", "new_lesion"
IMMUNE = {
    "CR": "iCR",
    "PR": "iPR",
    "SD": "iSD",
    "PD": "iUPD",
    "NON-CR/NON-PD": "NON-iCR/NON-iUPD",
    "NE": "NE",
    "NED": "NED",
    NOT_APPLICABLE: NOT_APPLICABLE,
}
RANK = {"CR": 0, "PR": 1, "NON-CR/NON-PD": 2, "SD": 2, "PD": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """An iUPD that waits for confirmation: when it began and what it was based on.

    reasons: categories that had progressed; target_values, new_sum: sizes at that time in mm;
    non_targets, new_lesions: identifiers; category: response of the targets (of the non-targets
    without target disease) when the new lesion was recorded.
    """

    start_day: int
    last_day: int
    reasons: tuple[str, ...]
    target_values: Mapping[str, Decimal | None]
    non_targets: tuple[str, ...]
    new_lesions: tuple[str, ...]
    new_sum: Decimal | None
    category: str

    def as_inputs(self) -> dict[str, Value]:
        """Return the fields as inputs of a rule."""
        return {name: getattr(self, name) for name in PENDING_FIELDS}


PENDING_FIELDS = (
    "start_day",
    "last_day",
    "reasons",
    "target_values",
    "non_targets",
    "new_lesions",
    "new_sum",
    "category",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Response of a time point, the pending iUPD after it, and why."""

    response: str
    pending: Pending | None
    why: str
    by: tuple[str, ...] = ()
    progression_day: int | None = None


def pending_of(inputs: Inputs) -> Pending | None:
    """Return the pending iUPD of the inputs."""
    given = inputs["pending"]
    return None if given is None else Pending(**given)


def signs(inputs: Inputs) -> tuple[str, ...]:
    """Return the categories that show progression now, seen for themselves."""
    found = []
    if inputs["target"] == "PD":
        found.append(TARGET)
    if inputs["non_target"] == "PD":
        found.append(NON_TARGET)
    if fresh(inputs, inputs["accepted"]) or accepted_grown(inputs):
        found.append(NEW_LESION)
    return tuple(found)


def fresh(inputs: Inputs, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the new lesions that are there now and not among the known ones."""
    return tuple(identifier for identifier in inputs["new_present"] if identifier not in known)


def accepted_grown(inputs: Inputs) -> bool:
    """Return whether a new lesion that a response was given with has grown."""
    if not inputs["accepted"]:
        return False
    return sum_grown(inputs, inputs["accepted_sum"]) or bool(inputs["new_increased"])


def sum_grown(inputs: Inputs, reference: Decimal | None) -> bool:
    """Return whether the sum of new targets is larger than a reference by the confirming step."""
    now = inputs["new_sum"]
    if now is None or reference is None:
        return False
    return bool(now - reference >= inputs["confirm_increase_mm"])


def confirmations(inputs: Inputs, pending: Pending) -> dict[str, str]:
    """Return the categories that confirm the pending iUPD, each with its reason in words.

    Before the earliest day only an additional new lesion confirms, not growth of known lesions.
    """
    late = inputs["day"] - pending.last_day > inputs["max_days"]
    if late and inputs["late_confirmation"] == "unconfirmed":
        return {}
    found: dict[str, str] = {}
    if inputs["day"] - pending.start_day >= inputs["min_days"]:
        found.update(grown_targets(inputs, pending))
        found.update(grown_non_targets(inputs, pending))
    found.update(more_new_lesions(inputs, pending))
    return found


def grown_targets(inputs: Inputs, pending: Pending) -> dict[str, str]:
    """Return whether targets confirm: further growth, or progression that was not there before."""
    if TARGET not in pending.reasons:
        return {TARGET: "targets progress as well"} if inputs["target"] == "PD" else {}
    # Only lesions with a size at iUPD count: one that was not evaluable then has not grown.
    sizes = inputs["values"]
    known = {key: value for key, value in pending.target_values.items() if value is not None}
    before = total(known.values())
    now = total(sizes[key] or ZERO for key in known)
    if now - before < inputs["confirm_increase_mm"]:
        return {}
    return {
        TARGET: f"target sum {words(now, 'mm')} is {words(now - before, 'mm')} larger than "
        f"{words(before, 'mm')} at iUPD"
    }


def grown_non_targets(inputs: Inputs, pending: Pending) -> dict[str, str]:
    """Return whether non-targets confirm: any further increase, or first progression."""
    if NON_TARGET not in pending.reasons:
        worse = inputs["non_target"] == "PD"
        return {NON_TARGET: "non-target disease progresses as well"} if worse else {}
    more = set(inputs["non_target_progressing"]) - set(pending.non_targets)
    if inputs["non_target_increase"] or more:
        return {NON_TARGET: "non-target disease has increased further"}
    return {}


def more_new_lesions(inputs: Inputs, pending: Pending) -> dict[str, str]:
    """Return whether new lesions confirm: another one, or growth of those known at iUPD."""
    known = (*pending.new_lesions, *inputs["accepted"])
    another = fresh(inputs, known)
    if another:
        return {NEW_LESION: f"new lesion {', '.join(another)}"}
    if inputs["day"] - pending.start_day < inputs["min_days"]:
        return {}
    if NEW_LESION not in pending.reasons:
        return {NEW_LESION: "known new lesions have grown"} if accepted_grown(inputs) else {}
    if sum_grown(inputs, pending.new_sum):
        larger = words(inputs["new_sum"] - pending.new_sum, "mm")
        return {NEW_LESION: f"sum of new targets is {larger} larger than at iUPD"}
    if inputs["new_increased"]:
        return {NEW_LESION: f"new non-target {', '.join(inputs['new_increased'])} has increased"}
    return {}


def remaining(inputs: Inputs, pending: Pending) -> tuple[str, ...]:
    """Return the categories of the pending iUPD whose sign has not gone."""
    still = []
    if inputs["target"] == "PD":
        still.append(TARGET)
    if inputs["non_target"] == "PD":
        still.append(NON_TARGET)
    unresolved = set(pending.new_lesions) - set(inputs["new_absent"])
    if NEW_LESION in pending.reasons and unresolved:
        still.append(NEW_LESION)
    return tuple(still)


def plain_response(inputs: Inputs, *, new_lesion_stays: bool) -> str:
    """Return the RECIST table's response with an i; a new lesion that stays forbids iCR."""
    if inputs["target"] == NOT_APPLICABLE:
        non_target = inputs["non_target"]
        if non_target == NOT_APPLICABLE and not inputs["assessed"]:
            non_target = "NE"
        found = RECIST_NON_TARGET_ONLY.look_up(non_target, "NONE")
        held = "NON-CR/NON-PD"
    else:
        found = RECIST_OVERALL.look_up(inputs["target"], inputs["non_target"], "NONE")
        held = "PR"
    if new_lesion_stays and found == "CR":
        found = held
    return IMMUNE[found or "NE"]


def category(inputs: Inputs) -> str:
    """Return the response by which scenario B judges improvement."""
    given: str = inputs["target"]
    return str(inputs["non_target"]) if given == NOT_APPLICABLE else given


def improved(inputs: Inputs, pending: Pending) -> bool:
    """Return whether the disease of the baseline is in a better category than at iUPD."""
    now, before = category(inputs), pending.category
    return now in RANK and before in RANK and RANK[now] < RANK[before]


def outcome(inputs: Inputs) -> Outcome:
    """Return the response of a time point and the state after it (criteria.md 3.3)."""
    pending = pending_of(inputs)
    if pending is None:
        return free(inputs)
    found = {} if inputs["confirmed"] else confirmations(inputs, pending)
    if found:
        return Outcome(
            response="iCPD",
            pending=moved(inputs, pending, pending.reasons),
            why=f"iUPD of day {pending.start_day} is confirmed: {'; '.join(found.values())}",
            by=tuple(found),
            progression_day=pending.start_day,
        )
    still = remaining(inputs, pending)
    if not {TARGET, NON_TARGET} & set(still) and cannot_be_evaluated(inputs, pending):
        return Outcome(
            response="NE",
            pending=pending,
            why=f"cannot be evaluated; iUPD of day {pending.start_day} stays open",
        )
    return unconfirmed(inputs, pending, still)


def cannot_be_evaluated(inputs: Inputs, pending: Pending) -> bool:
    """Return whether the disease of the baseline, or what made the iUPD, cannot be judged."""
    unread = NON_TARGET in pending.reasons and inputs["non_target"] == "NE"
    nothing = plain_response(inputs, new_lesion_stays=False) == "NE"
    return not inputs["assessed"] or unread or nothing


def free(inputs: Inputs) -> Outcome:
    """Return the outcome when no iUPD is pending."""
    found = signs(inputs)
    if not found:
        stays = bool(inputs["new_present"])
        response = plain_response(inputs, new_lesion_stays=stays)
        return Outcome(response=response, pending=None, why="no sign of progression")
    return Outcome(
        response="iUPD", pending=started(inputs, found), why=f"progression by {named(found)}"
    )


def unconfirmed(inputs: Inputs, pending: Pending, still: tuple[str, ...]) -> Outcome:
    """Return the outcome of a pending iUPD that is not confirmed at this time point."""
    if not still:
        response = plain_response(inputs, new_lesion_stays=bool(inputs["new_present"]))
        return Outcome(response=response, pending=None, why="the signs of progression have gone")
    if still == (NEW_LESION,):
        response = plain_response(inputs, new_lesion_stays=True)
        if improved(inputs, pending):
            why = f"the new lesion is stable and the disease is better than {pending.category}"
            return Outcome(response=response, pending=None, why=why)
        if inputs["stable_new_lesion"] == "response":
            return Outcome(response=response, pending=None, why="the new lesion is stable")
    if inputs["confirmed"]:
        why = "progression was confirmed before and has not gone"
        return Outcome(response="iCPD", pending=moved(inputs, pending, still), why=why)
    late = inputs["day"] - pending.last_day > inputs["max_days"]
    if late and inputs["late_confirmation"] == "unconfirmed":
        why = "the last assessment of iUPD is too long ago; iUPD starts again"
        return Outcome(response="iUPD", pending=started(inputs, still), why=why)
    return Outcome(
        response="iUPD",
        pending=moved(inputs, pending, still),
        why=f"progression by {named(still)} of day {pending.start_day} is not confirmed",
    )


def named(categories: tuple[str, ...]) -> str:
    """Write categories in words."""
    return ", ".join(name.replace("_", "-" if name == NON_TARGET else " ") for name in categories)


def started(inputs: Inputs, reasons: tuple[str, ...]) -> Pending:
    """Return the iUPD that starts at this time point."""
    return Pending(
        start_day=inputs["day"],
        last_day=inputs["day"],
        reasons=reasons,
        target_values=inputs["values"],
        non_targets=inputs["non_target_progressing"],
        new_lesions=inputs["new_present"] if NEW_LESION in reasons else (),
        new_sum=inputs["new_sum"] if NEW_LESION in reasons else None,
        category=category(inputs),
    )


def moved(inputs: Inputs, pending: Pending, still: tuple[str, ...]) -> Pending:
    """Return the pending iUPD after one more time point: what has gone is no reason any more."""
    reasons = tuple(reason for reason in pending.reasons if reason in still)
    keeps_new = NEW_LESION in reasons
    return Pending(
        start_day=pending.start_day,
        last_day=inputs["day"],
        reasons=reasons,
        target_values=pending.target_values,
        non_targets=pending.non_targets if NON_TARGET in reasons else (),
        new_lesions=pending.new_lesions if keeps_new else (),
        new_sum=pending.new_sum if keeps_new else None,
        category=pending.category,
    )


def compute_target(inputs: Inputs) -> Value:
    """Return the iRECIST class of the targets."""
    if inputs["target"] != "PD":
        return IMMUNE[inputs["target"]]
    found = outcome(inputs)
    return "iCPD" if found.response == "iCPD" and TARGET in found.by else "iUPD"


def compute_non_target(inputs: Inputs) -> Value:
    """Return the iRECIST class of the non-target disease."""
    found = outcome(inputs)
    if found.response == "iCPD" and NON_TARGET in found.by:
        return "iCPD"
    return IMMUNE[inputs["non_target"]]


def compute_new_lesion(inputs: Inputs) -> Value:
    """Return UNEQUIVOCAL while an unequivocal new lesion is there, else NONE."""
    return "UNEQUIVOCAL" if inputs["new_present"] else "NONE"


NEW_SUM = sum_rule(
    key="iRECIST.new_target_sum_mm",
    clause="iRECIST table 1",
    unit="mm",
    what="Sum of new targets (never added to the baseline sum)",
)
TARGET_CLASS = Rule(
    key="iRECIST.target_response",
    clause="iRECIST table 2",
    statement="Target response with an i; RECIST progression is iUPD, iCPD when it confirms.",
    compute=compute_target,
    say=lambda inputs, value: f"Targets are {inputs['target']} by RECIST 1.1: {value}",
)
NON_TARGET_CLASS = Rule(
    key="iRECIST.non_target_response",
    clause="iRECIST table 2",
    statement="Non-target response with an i; progression is iUPD, a further increase iCPD.",
    compute=compute_non_target,
    say=lambda inputs, value: (
        f"Non-target disease is {inputs['non_target']} by RECIST 1.1: {value}"
    ),
)
NEW_LESION_CLASS = Rule(
    key="iRECIST.new_lesion",
    clause="iRECIST table 1",
    statement="New lesions are followed apart from the baseline disease.",
    compute=compute_new_lesion,
    say=lambda inputs, _value: (
        f"New lesions present: {', '.join(inputs['new_present'])}"
        if inputs["new_present"]
        else "No new lesion present"
    ),
)


def say_overall(inputs: Inputs, value: Value) -> str:
    """Write why the response is what it is."""
    why = outcome(inputs).why
    start = why if why.startswith("iUPD") else f"{why[0].upper()}{why[1:]}"
    return f"{start}: {value}"


OVERALL = Rule(
    key="iRECIST.overall_response",
    clause="iRECIST table 2",
    statement=(
        "First progression is iUPD; the next assessment confirms it (iCPD) by further growth, "
        "another new lesion or progression elsewhere, resets it when the sign has gone, or leaves "
        "it open."
    ),
    compute=lambda inputs: outcome(inputs).response,
    say=say_overall,
)


def compute_progression(inputs: Inputs) -> Value:
    """Return the day of the first iUPD of the confirmed block."""
    if inputs["confirmed_day"] is not None or not inputs["unconfirmed_is_event"]:
        return inputs["confirmed_day"]
    return inputs["pending_day"]


PROGRESSION = Rule(
    key="iRECIST.progression_day",
    clause="iRECIST §Progression date",
    statement="Progression dates from the first iUPD of the unbroken block that was confirmed.",
    compute=compute_progression,
    say=lambda _inputs, value: (
        "No confirmed progression" if value is None else f"Progression dates from day {value}"
    ),
)
RULES = (NEW_SUM, TARGET_CLASS, NON_TARGET_CLASS, NEW_LESION_CLASS, OVERALL, PROGRESSION)

# --- component table --------------------------------------------------------------------------

OVERALL_TABLE = DecisionTable(
    key="iRECIST.overall",
    title="Overall response from components; confirmation is a component's iCPD",
    clause="iRECIST table 2",
    columns=("target", "non_target", "new_lesion"),
    rows=(
        (("iCPD", "ANY", "ANY"), "iCPD"),
        (("ANY", "iCPD", "ANY"), "iCPD"),
        (("ANY", "ANY", "UNEQUIVOCAL"), "iUPD"),
        (("iUPD", "ANY", "NONE"), "iUPD"),
        (("ANY", "iUPD", "NONE"), "iUPD"),
        (("iCR", "iCR", "NONE"), "iCR"),
        (("iCR", NOT_APPLICABLE, "NONE"), "iCR"),
        (("iCR", "NON-iCR/NON-iUPD", "NONE"), "iPR"),
        (("iCR", "NE", "NONE"), "iPR"),
        (("iPR", "ANY", "NONE"), "iPR"),
        (("iSD", "ANY", "NONE"), "iSD"),
        (("NE", "ANY", "NONE"), "NE"),
        ((NOT_APPLICABLE, "iCR", "NONE"), "iCR"),
        ((NOT_APPLICABLE, "NON-iCR/NON-iUPD", "NONE"), "NON-iCR/NON-iUPD"),
        ((NOT_APPLICABLE, "NE", "NONE"), "NE"),
        ((NOT_APPLICABLE, NOT_APPLICABLE, "NONE"), "NED"),
    ),
)
TARGET_WORDS = frozenset({"iCR", "iPR", "iSD", "iUPD", "iCPD", "NE", NOT_APPLICABLE})
NON_TARGET_WORDS = frozenset({"iCR", "NON-iCR/NON-iUPD", "iUPD", "iCPD", "NE", NOT_APPLICABLE})


def component(record: Record, _options: Options) -> Mapping[str, Value]:
    """Answer a case of the component table; a confirmed component is one after an iUPD."""
    target = component_word(record, "target_response", TARGET_WORDS)
    non_target = component_word(record, "non_target_response", NON_TARGET_WORDS)
    new = "UNEQUIVOCAL" if new_lesion_word(record) == "UNEQUIVOCAL" else "NONE"
    return {"overall_response": OVERALL_TABLE.look_up(target, non_target, new)}
