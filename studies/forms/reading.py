"""Reading one raw answer by its item: the same for a page, an API call and an import."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal

from studies.forms.definition import Item, Kind
from studies.forms.values import (
    ABSENCES,
    BLANK,
    Answer,
    Fault,
    PartialDate,
    Status,
    Value,
    boolean_from,
    date_from,
    invalid,
    is_storable,
    number_from,
    time_from,
)
from studies.forms.wording import number_text

PRECISIONS = ("year", "month", "day")


def is_blank(raw: object) -> bool:
    """Whether nothing was answered. False and 0 are answers."""
    return raw is None or (isinstance(raw, str) and not raw.strip()) or raw in ([], {}, ())


def read_answer(item: Item, raw: object) -> Answer:
    """The typed answer to an item. Never raises: what cannot be read has status `INVALID`.

    `raw` is a JSON value, `{"status": "not_done", "reason": ...}`, or for a number in another
    unit `{"value": ..., "unit": ...}`.
    """
    if is_blank(raw):
        return BLANK
    if isinstance(raw, Mapping):
        if "status" in raw:
            return _absent(raw)
        if item.kind in (Kind.DECIMAL, Kind.INTEGER):
            return _number(item, raw.get("value"), raw.get("unit"))
        return invalid("", _CODES[item.kind])
    return _READERS[item.kind](item, raw)


def _absent(raw: Mapping[object, object]) -> Answer:
    reason = raw.get("reason")
    text = reason.strip() if isinstance(reason, str) and is_storable(reason) else ""
    status = raw.get("status")
    for absence in ABSENCES:
        if status == absence.value:
            return Answer(absence, reason=text)
    return invalid("", "not_a_choice")


def _number(item: Item, raw: object, unit: object = None) -> Answer:
    if is_blank(raw):
        return BLANK
    entered = raw if isinstance(raw, str) else str(raw) if _is_small_number(raw) else ""
    number = number_from(raw)
    if isinstance(number, Fault):
        return Answer(Status.INVALID, entered=entered, fault=number)
    name = unit if isinstance(unit, str) and unit else item.unit
    factor = {item.unit: Decimal(1), **dict(item.units)}.get(name)
    if factor is None or not (unit is None or isinstance(unit, str)):
        return invalid(entered, "unknown_unit", units=_or([item.unit, *dict(item.units)]))
    answer = _in_limits(item, entered, number, number * factor)
    return answer or Answer(
        Status.ANSWERED, number * factor, entered.strip(), number=number, unit=name
    )


def _is_small_number(raw: object) -> bool:
    """Whether a number can be written out (`str` refuses integers of thousands of digits)."""
    return isinstance(raw, float) or (isinstance(raw, int) and abs(raw) < 10**18)


def _in_limits(item: Item, entered: str, number: Decimal, standard: Decimal) -> Answer | None:
    decimals = -min(0, int(number.as_tuple().exponent))
    if item.kind is Kind.INTEGER and number != number.to_integral_value():
        return invalid(entered, "not_whole")
    if item.kind is Kind.DECIMAL and item.decimals is not None and decimals > item.decimals:
        return invalid(entered, "too_many_decimals", limit=str(item.decimals))
    if item.minimum is not None and standard < item.minimum:
        return invalid(entered, "below", limit=f"{number_text(item.minimum)} {item.unit}".strip())
    if item.maximum is not None and standard > item.maximum:
        return invalid(entered, "above", limit=f"{number_text(item.maximum)} {item.unit}".strip())
    return None


def _date(item: Item, raw: object) -> Answer:
    value = date_from(raw)
    if value is None:
        return invalid(raw, "not_a_date")
    if PRECISIONS.index(value.precision) < PRECISIONS.index(item.precision):
        return invalid(raw, "imprecise_date", precision=item.precision)
    return _answered(value, raw)


def _time(_item: Item, raw: object) -> Answer:
    value = time_from(raw)
    return invalid(raw, "not_a_time") if value is None else _answered(value, raw)


def _text(item: Item, raw: object) -> Answer:
    if not isinstance(raw, str):
        return invalid("", "not_a_text")
    if not is_storable(raw):
        return invalid("", "not_storable")
    text = raw.strip().replace("\r\n", "\n")
    if len(text) > item.max_length:
        return invalid(raw, "too_long", limit=str(item.max_length))
    return _answered(text, text)


def _choice(item: Item, raw: object) -> Answer:
    if not isinstance(raw, str) or item.choice(raw) is None:
        return invalid("", "not_a_choice")
    return _answered(raw, raw)


def _choices(item: Item, raw: object) -> Answer:
    codes = [raw] if isinstance(raw, str) else raw
    if not isinstance(codes, list | tuple) or not all(isinstance(code, str) for code in codes):
        return invalid("", "not_a_choice")
    if any(item.choice(code) is None for code in codes):
        return invalid("", "not_a_choice")
    return _answered(tuple(each.code for each in item.choices if each.code in codes), "")


def _boolean(_item: Item, raw: object) -> Answer:
    value = boolean_from(raw)
    return invalid("", "not_a_boolean") if value is None else _answered(value, raw)


def _rows(_item: Item, _raw: object) -> Answer:
    return invalid("", "not_rows")


def _answered(value: Value, raw: object) -> Answer:
    entered = value.iso if isinstance(value, PartialDate) else raw if isinstance(raw, str) else ""
    return Answer(Status.ANSWERED, value, entered.strip())


def _or(names: list[str]) -> str:
    return " or ".join(name for name in names if name) or "none"


_READERS: Mapping[Kind, Callable[[Item, object], Answer]] = {
    Kind.TEXT: _text,
    Kind.LONG_TEXT: _text,
    Kind.INTEGER: _number,
    Kind.DECIMAL: _number,
    Kind.DATE: _date,
    Kind.TIME: _time,
    Kind.CHOICE: _choice,
    Kind.MULTIPLE_CHOICE: _choices,
    Kind.BOOLEAN: _boolean,
    Kind.GROUP: _rows,
}
_CODES = {
    Kind.TEXT: "not_a_text",
    Kind.LONG_TEXT: "not_a_text",
    Kind.DATE: "not_a_date",
    Kind.TIME: "not_a_time",
    Kind.CHOICE: "not_a_choice",
    Kind.MULTIPLE_CHOICE: "not_a_choice",
    Kind.BOOLEAN: "not_a_boolean",
    Kind.GROUP: "not_rows",
}
