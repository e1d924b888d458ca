"""What readers and adjudicators see of measurements: lesion tables, responses, sums."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from reads.criteria import registry
from reads.design.response_items import VOLUMES, entered_places, items_of, section_of
from reads.ecrf import Derived, ReadPoint
from reads.rows import PIECES
from studies.forms.evaluation import Evaluation
from studies.forms.values import Status

NOTHING = "\N{EN DASH}"
#: how a response is written out for people
RESPONSES = {
    "CR": "Complete response",
    "PR": "Partial response",
    "SD": "Stable disease",
    "PD": "Progressive disease",
    "NE": "Not evaluable",
    "NON-CR/NON-PD": "Non-complete response, non-progression",
    "NOT APPLICABLE": "Not applicable",
    "NED": "No evidence of disease",
    "iCR": "Complete response",
    "iPR": "Partial response",
    "iSD": "Stable disease",
    "NON-iCR/NON-iUPD": "Non-complete response, non-progression",
    "iUPD": "Unconfirmed progression",
    "iCPD": "Confirmed progression",
    "MR": "Minor response",
    "PDu": "Unconfirmed progression",
    "CMR": "Complete metabolic response",
    "PMR": "Partial metabolic response",
    "SMD": "Stable metabolic disease",
    "PMD": "Progressive metabolic disease",
}
_GROUPS = ("target.lesions", "non_target.lesions", "new.lesions", "bone.lesions")
_KINDS = {
    "target.lesions": "target",
    "non_target.lesions": "non_target",
    "new.lesions": "new",
    "bone.lesions": "new",
}
_TONES = {
    "CR": "good",
    "PR": "good",
    "SD": "work",
    "PD": "stop",
    "NE": "wait",
    "iCR": "good",
    "iPR": "good",
    "iSD": "work",
    "iUPD": "wait",
    "iCPD": "stop",
    "MR": "good",
    "PDu": "wait",
    "CMR": "good",
    "PMR": "good",
    "SMD": "work",
    "PMD": "stop",
}
_PARTIAL_RESPONSE = Decimal("0.7")  # RECIST 1.1 §4.3.1: at least 30 % below baseline
_PROGRESSION = Decimal("1.2")  # and at least 20 % above the nadir


@dataclass(frozen=True, slots=True)
class LesionCell:
    """A lesion at one time point: the value that counts for it, or its state in words.

    ``diameters`` stands before the value where that is a product: 30 × 20.
    """

    words: str
    value: Decimal | None = None
    is_now: bool = False
    is_missing: bool = False
    diameters: str = ""


@dataclass(frozen=True, slots=True)
class LesionRow:
    """A lesion over the time points shown."""

    label: str
    kind: str
    where: str
    axis: str
    cells: tuple[LesionCell, ...]
    since_first: Decimal | None = None
    since_nadir: Decimal | None = None
    slice: int | None = None
    pieces: tuple[LesionRow, ...] = ()

    @property
    def slice_index(self) -> int | None:
        """The slice as the viewer counts, from 0."""
        return None if self.slice is None else self.slice - 1


@dataclass(frozen=True, slots=True)
class LesionTable:
    """Lesions by time points with the sums."""

    columns: tuple[str, ...]
    rows: tuple[LesionRow, ...]
    sums: tuple[Decimal | None, ...]
    since_first: Decimal | None = None
    since_nadir: Decimal | None = None
    no_new_words: str = ""
    volumes: tuple[Decimal | None, ...] = ()
    volume_since_first: Decimal | None = None
    volume_since_nadir: Decimal | None = None
    unit: str = "mm"
    has_sum: bool = True

    @property
    def sum_words(self) -> str:
        """What the row of the sums is called, with its unit."""
        what = "Sum of target lesions" if self.unit == "mm" else "Sum of products"
        return f"{what}, {self.unit}"

    @property
    def has_volumes(self) -> bool:
        """Whether the form asks for volumes."""
        return any(volume is not None for volume in self.volumes)

    @property
    def has_new(self) -> bool:
        """Whether a new lesion is listed."""
        return any(row.kind == "new" for row in self.rows)


def lesions(points: Sequence[ReadPoint]) -> LesionTable:
    """Build the table of a stream up to its last time point."""
    now = points[-1]
    sums = tuple(_number(point.evaluation, "target.sum") for point in points)
    volumes = tuple(_number(point.evaluation, "target.volume_sum") for point in points)
    several = len(points) > 1
    found: dict[tuple[str, str], None] = {}
    for point in points:
        for group in _GROUPS:
            for label in point.evaluation.rows.get(group, ()):
                if label:
                    found.setdefault((group, label))
    rows = sorted(found, key=lambda key: (_GROUPS.index(key[0]), key[1]))
    return LesionTable(
        columns=tuple(_column(point) for point in points),
        rows=tuple(_row(points, group, label) for group, label in rows),
        sums=sums,
        since_first=_change(sums[0], sums[-1]) if several else None,
        since_nadir=_change(_least(sums[:-1]), sums[-1]) if several else None,
        no_new_words=_no_new(now),
        volumes=volumes,
        volume_since_first=_change(volumes[0], volumes[-1]) if several else None,
        volume_since_nadir=_change(_least(volumes[:-1]), volumes[-1]) if several else None,
        unit=_unit(now.evaluation),
        has_sum="target.sum" in now.evaluation.form.items,
    )


def _unit(evaluation: Evaluation) -> str:
    item = evaluation.form.items.get("target.sum")
    return item.unit if item is not None and item.unit else "mm"


@dataclass(frozen=True, slots=True)
class Change:
    """What became of a lesion, a sum or a response between two time points."""

    label: str
    before: str
    now: str


def since_last(points: Sequence[ReadPoint], criteria: Sequence[str]) -> tuple[Change, ...]:
    """Return what differs from the time point before: lesions, sums, then entered responses."""
    if len(points) < 2:  # noqa: PLR2004 - a change needs two time points
        return ()
    table, (before, now) = lesions(points), points[-2:]
    found = [
        Change(f"{row.label}, {row.where}", row.cells[-2].words, row.cells[-1].words)
        for whole in table.rows
        for row in (whole, *whole.pieces)
    ]
    unit = f"Sum, {table.unit}"
    found.append(Change(unit, _written(table.sums[-2]), _written(table.sums[-1])))
    found.append(Change("Volume, ml", _written(table.volumes[-2]), _written(table.volumes[-1])))
    for key in criteria:
        place = entered_places(key)["overall_response"]
        old, new = (_text(point.evaluation, place) or NOTHING for point in (before, now))
        found.append(Change(registry.get(key).title, old, new))
    return tuple(change for change in found if change.before != change.now)


def _written(value: Decimal | None) -> str:
    return NOTHING if value is None else f"{value:f}"


def _column(point: ReadPoint) -> str:
    return f"{point.id} baseline" if point.baseline else point.id


def _no_new(point: ReadPoint) -> str:
    if point.baseline:
        return NOTHING
    value = point.evaluation.answer("new.any").value
    return "Listed below" if value is True else "None" if value is False else "Open"


def _place(evaluation: Evaluation, group: str, label: str) -> str:
    labels = evaluation.rows.get(group, ())
    return f"{group}.{labels.index(label)}" if label in labels else ""


def _row(points: Sequence[ReadPoint], group: str, label: str) -> LesionRow:
    cells = []
    for index, point in enumerate(points):
        is_now = index == len(points) - 1
        cells.append(_cell(point.evaluation, _place(point.evaluation, group, label), is_now=is_now))
    shown = [p.evaluation for p in points if _place(p.evaluation, group, label)]
    last = shown[-1]
    place = _place(last, group, label)
    organ = _words(last, f"{place}.location")
    detail = _text(last, f"{place}.detail")
    number = _number(points[-1].evaluation, f"{_place(points[-1].evaluation, group, label)}.slice")
    values = [cell.value for cell in cells]
    several = len(points) > 1
    return LesionRow(
        label=label,
        kind=_KINDS[group],
        where=", ".join(part for part in (organ, detail) if part) or NOTHING,
        axis=_axis(last, place),
        cells=tuple(cells),
        since_first=_change(values[0], values[-1]) if several else None,
        since_nadir=_change(_least(values[:-1]), values[-1]) if several else None,
        slice=int(number) if number is not None else None,
        pieces=tuple(_pieces(points, group, label)),
    )


def _pieces(points: Sequence[ReadPoint], group: str, label: str) -> Iterator[LesionRow]:
    """Follow every piece of a split lesion by itself: T04.1, T04.2 beneath T04.

    The lesion counts with the sum of its pieces (RECIST 1.1 §4.3.2; Cheson 2014 for products);
    how a single piece grows is seen here and changes no response. A piece has no baseline, so its
    change stands against its own smallest value only.
    """
    places = [(p.evaluation, _place(p.evaluation, group, label)) for p in points]
    for number in PIECES:
        values = [_piece(evaluation, place, number) for evaluation, place in places]
        if all(value is None for value in values):
            continue
        last = len(values) - 1
        is_open = values[last] is None and _is_split(*places[last])
        yield LesionRow(
            label=f"{label}.{number}",
            kind="piece",
            where=f"piece of {label}",
            axis="both" if _unit(points[-1].evaluation) != "mm" else "long",
            cells=tuple(
                LesionCell(f"{value:f}", value, index == last)
                if value is not None
                else LesionCell("Open", None, is_now=True, is_missing=True)
                if index == last and is_open
                else LesionCell(NOTHING, None, index == last)
                for index, value in enumerate(values)
            ),
            since_nadir=_change(_least(values[:-1]), values[-1]),
        )


def _is_split(evaluation: Evaluation, place: str) -> bool:
    return bool(place) and _text(evaluation, f"{place}.state") == "SPLIT"


def _piece(evaluation: Evaluation, place: str, number: int) -> Decimal | None:
    """The size of a piece: its longest diameter, or its product where products count."""
    if not _is_split(evaluation, place):
        return None
    products = "target.lesions.piece_product_2" in evaluation.form.items
    if products and number == PIECES[0]:
        return _number(evaluation, f"{place}.product")
    return _number(evaluation, f"{place}.{'piece_product' if products else 'piece'}_{number}")


def _axis(evaluation: Evaluation, place: str) -> str:
    if place.startswith("bone."):
        return NOTHING
    if _unit(evaluation) != "mm":
        return "both"
    return "short" if _text(evaluation, f"{place}.location") == "LYMPH NODE" else "long"


def _diameters(evaluation: Evaluation, place: str) -> str:
    """Both diameters of a lesion whose product counts, as 30 × 20."""
    if _unit(evaluation) == "mm":
        return ""
    if _text(evaluation, f"{place}.state") == "SPLIT":
        return "split"
    both = [_number(evaluation, f"{place}.{axis}") for axis in ("long_axis", "short_axis")]
    return " \N{MULTIPLICATION SIGN} ".join(f"{one:f}" for one in both if one is not None)


def _cell(evaluation: Evaluation, place: str, *, is_now: bool) -> LesionCell:
    if not place:
        return LesionCell(NOTHING, is_now=is_now)
    value = _number(evaluation, f"{place}.value")
    if value is None and place.startswith("new."):
        value = _number(evaluation, f"{place}.long_axis")
    if value is not None:
        return LesionCell(f"{value:f}", value, is_now, diameters=_diameters(evaluation, place))
    state = _words(evaluation, f"{place}.state") or _words(evaluation, f"{place}.certainty")
    return LesionCell(state or "Choose", None, is_now, is_missing=not state)


def _number(evaluation: Evaluation, place: str) -> Decimal | None:
    value = evaluation.answer(place).value
    return value if isinstance(value, Decimal) else None


def _text(evaluation: Evaluation, place: str) -> str:
    value = evaluation.answer(place).value
    return value if isinstance(value, str) else ""


def _words(evaluation: Evaluation, place: str) -> str:
    """The label of a chosen code."""
    code = _text(evaluation, place)
    path = ".".join(part for part in place.split(".") if not part.isdigit())
    item = evaluation.form.items.get(path)
    labels = {choice.code: choice.label for choice in item.choices} if item else {}
    return labels.get(code, code)


def _least(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return min(known) if known else None


def _change(before: Decimal | None, now: Decimal | None) -> Decimal | None:
    """Return the change in percent to one decimal."""
    if before is None or now is None or before == 0:
        return None
    return ((now - before) / before * 100).quantize(Decimal("0.1"))


@dataclass(frozen=True, slots=True)
class Sums:
    """The sums of the target lesions as a chart."""

    points: tuple[tuple[str, float], ...]
    limits: tuple[tuple[str, float, str], ...]
    sentence: str
    unit: str = "mm"


def sums(points: Sequence[ReadPoint]) -> Sums | None:
    """Return the chart of the sums, or nothing while there are fewer than two."""
    known = [
        (point.id, value)
        for point in points
        if (value := _number(point.evaluation, "target.sum")) is not None
    ]
    if len(known) < 2:  # noqa: PLR2004 - a line needs two points
        return None
    unit = _unit(points[-1].evaluation)
    if unit != "mm":
        spoken = ", ".join(f"{value:f} {unit} at {name}" for name, value in known)
        plain = tuple((name, float(value)) for name, value in known)
        return Sums(plain, (), f"Sum of products: {spoken}.", unit)
    first, earlier = known[0][1], min(value for _, value in known[:-1])
    rise, fall = earlier * _PROGRESSION, first * _PARTIAL_RESPONSE
    limits = (
        (f"{rise:.1f} nadir + 20 %", float(rise), "stop"),
        (f"{fall:.1f} baseline \N{MINUS SIGN} 30 %", float(fall), "good"),
    )
    spoken = ", ".join(f"{value:f} mm at {name}" for name, value in known)
    return Sums(
        tuple((name, float(value)) for name, value in known),
        limits,
        f"Sum of target lesions: {spoken}.",
    )


@dataclass(frozen=True, slots=True)
class ResponseView:
    """What one criterion says of a time point, beside what the reader entered."""

    criterion: str
    overall: str
    overall_words: str
    tone: str
    parts: tuple[tuple[str, str], ...]
    why: tuple[str, ...]
    entered: str = ""
    is_overridden: bool = False
    override: str = ""


_STEPS = (
    "targets_left_out",
    "target_response",
    "non_target_response",
    "new_lesion",
    "measured_response",
    "overall_response",
    "steroids",
    "progressed_lesions",
    "spleen",
    "new_lesions",
    "bone_verdict",
)
#: what stands beside the overall response of a criterion, when it is derived
_PARTS = (
    ("Target", "target_response"),
    ("Non-target", "non_target_response"),
)


def response(key: str, derived: Derived, evaluation: Evaluation) -> ResponseView:
    """Show one criterion's derivation with its reasons in sentences."""
    last = derived.last
    overall = (last.text("overall_response") or "").replace("_", " ")
    entered = _text(evaluation, entered_places(key)["overall_response"])
    section = section_of(key)
    override = ": ".join(
        part
        for part in (
            _words(evaluation, f"{section}.override_class"),
            _text(evaluation, f"{section}.override_reason"),
        )
        if part
    )
    return ResponseView(
        criterion=registry.get(key).title,
        overall=overall,
        overall_words=RESPONSES.get(overall, ""),
        tone=_TONES.get(overall, "idle"),
        parts=(*_parts(key, last), *_new_part(evaluation)),
        why=tuple(step.sentence for step in last.trace if step.name in _steps(key)),
        entered=entered,
        is_overridden=bool(override) or bool(entered and overall and entered != overall),
        override=override,
    )


def _parts(key: str, last: Any) -> tuple[tuple[str, str], ...]:
    """What stands beside the overall response: the parts that a reader enters as well."""
    own = [(item.label, item.value) for item in items_of(key) if item.key != "overall"]
    known = dict((name, words) for words, name in _PARTS)
    rows = [(known.get(name, label), name) for label, name in own]
    if key == VOLUMES:
        rows = [("Volume", "measured_response")]
    return tuple((words, _part(last, name)) for words, name in rows if name in last.values)


def _new_part(evaluation: Evaluation) -> tuple[tuple[str, str], ...]:
    known = "new.any" in evaluation.form.items
    return (("New lesion", _new_words(evaluation)),) if known else ()


def _steps(key: str) -> set[str]:
    return {*_STEPS, *(item.value for item in items_of(key))}


def _part(result: Any, name: str) -> str:
    return response_words(result.text(name) or NOTHING)


def response_words(code: str) -> str:
    """Write a response as people write it: NON-CR/NON-PD is no shout."""
    return (
        code.replace("_", " ").replace("NON-", "Non-").replace("NOT APPLICABLE", "Not applicable")
    )


def _new_words(evaluation: Evaluation) -> str:
    answer = evaluation.answer("new.any")
    if answer.status is Status.NOT_EVALUABLE:
        return "Not evaluable"
    return "Yes" if answer.value is True else "No" if answer.value is False else "Open"


@dataclass(frozen=True, slots=True)
class Side:
    """One time point of one read in the comparison."""

    name: str
    sum_mm: str
    since_first: str
    target: str
    non_target: str
    new: str
    overall: str


def sides(points: Sequence[ReadPoint], entered: Sequence[Mapping[str, str]]) -> tuple[Side, ...]:
    """Return each time point of one read for the side-by-side table.

    Args:
        entered: response variables per time point, as counted for the comparison.
    """
    table = [_number(point.evaluation, "target.sum") for point in points]
    found = []
    for index, (point, responses) in enumerate(zip(points, entered, strict=True)):
        change = _change(table[0], table[index]) if index else None
        found.append(
            Side(
                name=point.id,
                sum_mm=NOTHING if table[index] is None else f"{table[index]:f}",
                since_first=NOTHING if change is None else _signed(change),
                target=response_words(responses.get("target_response") or NOTHING),
                non_target=response_words(responses.get("non_target_response") or NOTHING),
                new=NOTHING if point.baseline else _new_words(point.evaluation),
                overall=response_words(responses.get("overall_response") or NOTHING),
            )
        )
    return tuple(found)


def _signed(value: Decimal) -> str:
    sign = "\N{MINUS SIGN}" if value < 0 else "+" if value > 0 else ""
    return f"{sign}{abs(value):f} %"
