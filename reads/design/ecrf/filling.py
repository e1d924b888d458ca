"""Complete answers to any eCRF, as a scripted reader gives them.

A script says what matters (how large the lesion is); everything else is answered in the plainest
way until nothing is missing and nothing blocks. Responses follow the derived values beside them;
a warning gets a reason. What cannot be completed so is named, because then no reader could either.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from studies.forms.definition import Form, Item, Kind
from studies.forms.evaluation import Evaluation
from studies.forms.trees import comparisons
from studies.forms.values import Level

ROUNDS = 40
REASON = "Scripted read of the validation."
#: the plainest answer where a choice offers it
PLAIN = (
    "ADEQUATE", "MEASURED", "PRESENT", "UNCHANGED", "NONE", "LIVER", "CT SCAN", "CT", "GOOD",
    "NEGATIVE", "NO", "STABLE", "NORMAL",
)  # fmt: skip

#: unit of standardised uptake
UPTAKE = "g/ml"

Answers = dict[str, Any]
Evaluate = Callable[[Answers], Evaluation]


class NotCompletable(ValueError):
    """No answers were found with which the form can be signed; says what is left."""


@dataclass(frozen=True, slots=True)
class Script:
    """What a scripted reader finds at a time point.

    Attributes:
        size_mm: the longest diameter of every target lesion.
        rows: rows with which groups begin, by the group's path; groups the form lacks are skipped.
        said: answers by path.
        replace: whether rows stand in the place of those that are there.
    """

    size_mm: Decimal = Decimal(40)
    rows: Mapping[str, list[dict[str, Any]]] = field(default_factory=dict)
    said: Mapping[str, Any] = field(default_factory=dict)
    replace: bool = False


def completed(
    form: Form, answers: Mapping[str, Any], evaluate: Evaluate, script: Script
) -> Answers:
    """Return answers with which the form can be signed.

    Args:
        answers: what is there before, such as lesions carried forward.
        evaluate: gives a final evaluation of answers.

    Raises:
        NotCompletable: something stays missing or blocked.
    """
    made = _begun(form, copy.deepcopy(dict(answers)), script)
    twins = _twins(form)
    seen = evaluate(made)
    for _ in range(ROUNDS):
        if seen.can_sign:
            return made
        changed = [_answer(made, place, seen, script, twins) for place in seen.missing]
        changed += [_mend(made, message, seen, twins) for message in seen.messages]
        if not any(changed):
            break
        seen = evaluate(made)
    if seen.can_sign:
        return made
    left = [one.text for one in seen.messages if one.blocks][:5]
    raise NotCompletable("; ".join([*map(str, seen.missing[:5]), *left]))


def _begun(form: Form, made: Answers, script: Script) -> Answers:
    for path, value in script.said.items():
        item = form.items.get(path)
        if item is not None and item.is_entered and _takes(item, value):
            _put(made, path, value)
    for path, rows in script.rows.items():
        group = form.items.get(path)
        if group is None or group.kind is not Kind.GROUP:
            continue
        known = {part.key: part for part in group.items if part.is_entered or script.replace}
        if script.replace or not _get(made, path):
            begun = [{k: v for k, v in row.items() if _takes(known.get(k), v)} for row in rows]
            _put(made, path, begun)
    return made


def _takes(item: Item | None, value: Any) -> bool:
    """Whether the form has an item for an answer, and among its choices the answer."""
    if item is None:
        return False
    return not item.choices or item.choice(str(value)) is not None


def _twins(form: Form) -> dict[str, str]:
    """Return entered item -> derived item that a check compares it with."""
    found: dict[str, str] = {}
    for check in form.checks:
        for one in comparisons(check.must):
            entered = form.items.get(one.term.target)
            derived = form.items.get(one.operand.target)
            if entered is None or derived is None or one.operator != "is":
                continue
            if one.operand.kind == "other" and derived.derived is not None:
                found.setdefault(entered.path, derived.path)
    return found


def _path(place: str) -> str:
    return ".".join(part for part in place.split(".") if not part.isdigit())


def _answer(
    made: Answers, place: str, seen: Evaluation, script: Script, twins: dict[str, str]
) -> bool:
    item = seen.form.items.get(_path(place))
    if item is None or not item.is_entered:
        return False
    twin = twins.get(item.path)
    follows = seen.answer(twin).value if twin else None
    value = follows if isinstance(follows, str) else _plain(item, script)
    return _put(made, place, value)


def _mend(made: Answers, message: Any, seen: Evaluation, twins: dict[str, str]) -> bool:
    if not message.blocks:
        return False
    if message.level is Level.WARNING:
        reasons = made.setdefault("reasons", {})
        return reasons.setdefault(message.key, REASON) is REASON
    twin = twins.get(_path(message.place))
    follows = seen.answer(twin).value if twin else None
    if isinstance(follows, str):
        differs = seen.answer(message.place).value != follows
        return differs and _put(made, message.place, follows)
    return _turned(made, message.place, seen)


def _turned(made: Answers, place: str, seen: Evaluation) -> bool:
    """Take the next choice where the one that was taken is refused, first to last and around."""
    item = seen.form.items.get(_path(place))
    if item is None or item.kind is not Kind.CHOICE or not item.is_entered:
        return False
    codes = [choice.code for choice in item.choices]
    now = seen.answer(place).value
    if now not in codes:
        return False
    return _put(made, place, codes[(codes.index(str(now)) + 1) % len(codes)])


def _plain(item: Item, script: Script) -> Any:
    match item.kind:
        case Kind.BOOLEAN:
            return False
        case Kind.CHOICE:
            codes = [choice.code for choice in item.choices]
            return next((code for code in PLAIN if code in codes), codes[0])
        case Kind.MULTIPLE_CHOICE:
            return [item.choices[0].code]
        case Kind.DECIMAL | Kind.INTEGER:
            return _number(item, script)
        case Kind.DATE:
            return "2026-03-05"
        case Kind.TIME:
            return "09:30"
        case Kind.GROUP:
            return [{}]
        case _:
            return "scripted"


def _number(item: Item, script: Script) -> str:
    number = script.size_mm
    if item.unit in ("mL", "ml", "cm3", "cm³"):
        number = script.size_mm**3 / 2000  # half of the cube: an ellipsoid, near enough
    elif item.unit in ("mm3", "mm³"):
        number = script.size_mm**3 / 2
    elif item.unit == UPTAKE:
        number = script.size_mm / 4  # hotter the larger it is
    elif not item.unit:
        number = Decimal(4)
    if item.minimum is not None:
        number = max(number, item.minimum)
    if item.maximum is not None:
        number = min(number, item.maximum)
    digits = item.decimals if item.kind is Kind.DECIMAL and item.decimals is not None else 0
    return format(number.quantize(Decimal(1).scaleb(-digits)), "f")


def _get(made: Answers, path: str) -> Any:
    section, _, key = path.partition(".")
    part = made.get(section)
    return part.get(key) if isinstance(part, dict) else None


def _put(made: Answers, place: str, value: Any) -> bool:
    """Set an answer; return whether that changed anything."""
    section, key, *inner = place.split(".")
    part = made.setdefault(section, {})
    if not inner:
        changed = part.get(key) != value
        part[key] = value
        return changed
    number, name = int(inner[0]), inner[1]
    rows = part.setdefault(key, [])
    while len(rows) <= number:
        rows.append({})
    changed = rows[number].get(name) != value
    rows[number][name] = value
    return changed
