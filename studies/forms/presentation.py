"""What a page shows of a form: a plain structure that one set of templates walks.

It holds no markup. Every text, name, id and link between them is decided here, so that the
templates only place them and another renderer (a PDF, a command line) can do the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import time

from studies.forms.definition import Form, Item, Kind
from studies.forms.evaluation import Evaluation, Message
from studies.forms.names import control, element_id
from studies.forms.reading import is_blank, read_answer
from studies.forms.values import Answer, Level, PartialDate, Status
from studies.forms.wording import ABSENCE_WORDS, NOTHING, answer_text

FILE_FACTS = ("header.", "series.")  # facts read from the images themselves
EXAMPLES = {"date": "05 Mar 2026", "partial_date": "UN Mar 2026", "time": "14:05"}
LEVEL_WORDS = {Level.ERROR: "Fix", Level.WARNING: "Explain", Level.INFO: "Note"}
LEVEL_ICONS = {
    Level.ERROR: "circle-x",
    Level.WARNING: "alert-triangle",
    Level.INFO: "info-circle",
}
LEVEL_TONES = {Level.ERROR: "stop", Level.WARNING: "wait", Level.INFO: "work"}
FEW_CHOICES = 4


@dataclass(frozen=True)
class MessageView:
    """One message with where it leads, and the control for its reason when it is a warning."""

    id: str
    level: str
    word: str
    tone: str
    icon: str
    text: str
    label: str
    clause: str
    target: str
    reason: str = ""
    reason_name: str = ""
    reason_id: str = ""


@dataclass(frozen=True)
class OptionView:
    id: str
    code: str
    label: str
    help: str
    tone: str
    is_chosen: bool


@dataclass(frozen=True)
class AbsenceView:
    """The control that says "not done" or "not evaluable", with its reason."""

    name: str
    id: str
    reason_name: str
    reason_id: str
    reason: str
    options: tuple[OptionView, ...]
    is_open: bool


@dataclass(frozen=True)
class FieldView:
    """One field. `widget` chooses the template's branch; `value` is what the control holds."""

    place: str
    id: str
    name: str
    shown_name: str
    widget: str
    label: str
    help: str
    help_id: str
    value: str
    text: str
    unit: str
    unit_name: str
    units: tuple[OptionView, ...]
    options: tuple[OptionView, ...]
    is_required: bool
    is_read_only: bool
    is_invalid: bool
    described_by: str
    messages: tuple[MessageView, ...]
    absence: AbsenceView | None
    before: str = ""
    source: str = ""
    source_value: str = ""
    source_differs: bool = False
    is_source_file: bool = False
    example: str = ""
    example_id: str = ""
    because: tuple[str, ...] = ()
    max_length: int = 0
    rows: RowsView | None = None

    @property
    def can_clear(self) -> bool:
        """Whether a radio button is on, which only another radio button can take back."""
        return any(option.is_chosen for option in self.options)


@dataclass(frozen=True)
class RowView:
    number: int
    id: str
    title: str
    name: str
    origin: str
    remove_name: str
    fields: tuple[FieldView, ...]


@dataclass(frozen=True)
class RowsView:
    rows: tuple[RowView, ...]
    row_name: str
    add_name: str
    may_add: bool


@dataclass(frozen=True)
class SectionView:
    key: str
    id: str
    title: str
    help: str
    fields: tuple[FieldView, ...]
    answered: int
    asked: int
    is_fixed: bool = False


@dataclass(frozen=True)
class FormView:
    """The whole page: sections, what must be fixed, what must be explained, how far one is."""

    title: str
    version: str
    digest: str
    sections: tuple[SectionView, ...]
    errors: tuple[MessageView, ...]
    warnings: tuple[MessageView, ...]
    answered: int
    asked: int
    can_sign: bool
    is_read_only: bool = False
    id: str = "form"
    summary_id: str = field(default="form-summary")

    @property
    def open_warnings(self) -> tuple[MessageView, ...]:
        return tuple(each for each in self.warnings if not each.reason)


def present(
    evaluation: Evaluation,
    answers: object,
    *,
    previous: Evaluation | None = None,
    context: Mapping[str, object] | None = None,
    read_only: bool = False,
    fixed: Collection[str] = (),
) -> FormView:
    """The page of an evaluation. `answers` are the raw answers that were evaluated.

    With `previous`, each field shows the answer of the prior time point; with `context`, what
    the field's prefill source says. `read_only` shows a signed form, `fixed` names the sections
    of an open one whose answers cannot change any more; a warning in them can still be explained.
    """
    raw = answers if isinstance(answers, Mapping) else {}
    held = frozenset(fixed)
    page = _Presenter(evaluation, raw, previous, context or {}, read_only=read_only, fixed=held)
    return page.page()


class _Presenter:
    def __init__(
        self,
        evaluation: Evaluation,
        raw: Mapping[object, object],
        previous: Evaluation | None,
        context: Mapping[str, object],
        *,
        read_only: bool,
        fixed: frozenset[str],
    ) -> None:
        self.evaluation, self.raw, self.fixed = evaluation, raw, fixed
        self.form: Form = evaluation.form
        self.previous, self.given, self.read_only = previous, context, read_only
        self.asked, self.missing = set(evaluation.asked), set(evaluation.missing)
        self.messages = {
            place: tuple(self._message(each) for each in evaluation.messages if each.place == place)
            for place in {each.place for each in evaluation.messages}
        }

    def _is_closed(self, place: str) -> bool:
        """Whether nothing is entered at a place: the form is signed, or its section is fixed."""
        return self.read_only or place.partition(".")[0] in self.fixed

    def page(self) -> FormView:
        every = tuple(
            self._message(each) for each in self.evaluation.messages if each.level is not Level.INFO
        )
        asked, missing = len(self.asked), len(self.missing)
        return FormView(
            title=self.form.title,
            version=self.form.version,
            digest=self.form.digest,
            sections=tuple(self._sections()),
            errors=tuple(each for each in every if each.level == Level.ERROR),
            warnings=tuple(each for each in every if each.level == Level.WARNING),
            answered=asked - missing,
            asked=asked,
            can_sign=self.evaluation.can_sign,
            is_read_only=self.read_only,
        )

    def _sections(self) -> list[SectionView]:
        views = []
        for section in self.form.sections:
            fields = tuple(
                self._field(item, item.path, self._raw_of(section.key, item.key))
                for item in section.items
                if item.path in self.evaluation.visible
            )
            if fields:
                asked = {each for each in self.asked if each.startswith(f"{section.key}.")}
                views.append(
                    SectionView(
                        key=section.key,
                        id=element_id("section", section.key),
                        title=section.title,
                        help=section.help,
                        fields=fields,
                        answered=len(asked - self.missing),
                        asked=len(asked),
                        is_fixed=section.key in self.fixed and not self.read_only,
                    )
                )
        return views

    def _raw_of(self, section: str, key: str) -> object:
        content = self.raw.get(section)
        return content.get(key) if isinstance(content, Mapping) else None

    def _field(self, item: Item, place: str, raw: object) -> FieldView:
        answer = self.evaluation.answer(place)
        messages = self.messages.get(place, ())
        help_id = element_id(place, "help") if item.help else ""
        fixed = self._is_closed(place) or not item.is_entered
        widget = "readout" if fixed and item.kind is not Kind.GROUP else _widget(item)
        example = EXAMPLES.get(widget, "")
        example_id = element_id(place, "example") if example else ""
        shown = (help_id, example_id, *(each.id for each in messages))
        return FieldView(
            place=place,
            id=element_id(place),
            name=control("answers", place),
            shown_name="" if fixed else control("shown", place),
            widget=widget,
            label=item.label,
            help=item.help,
            help_id=help_id,
            value=_control_value(item, answer, raw),
            text=answer_text(item, answer),
            unit=item.unit,
            unit_name=control("units", place) if item.units else "",
            units=self._units(item, place, answer, raw),
            options=_options(item, place, answer),
            is_required=place in self.asked,
            is_read_only=fixed,
            is_invalid=any(each.level == Level.ERROR for each in messages),
            described_by=" ".join(each for each in shown if each),
            messages=messages,
            absence=None if fixed else self._absence(item, place, answer),
            before=self._before(item, place),
            source=self._source(item),
            source_value=self._source_value(item),
            source_differs=self._source_differs(item, answer),
            is_source_file=item.prefill.startswith(FILE_FACTS),
            example=example,
            example_id=example_id,
            because=answer.because,
            max_length=item.max_length,
            rows=self._rows(item, raw) if item.kind is Kind.GROUP else None,
        )

    def _message(self, message: Message) -> MessageView:
        key = element_id("message", message.place or message.key, message.check)
        warning = message.level is Level.WARNING and not self.read_only
        return MessageView(
            id=key,
            level=message.level.value,
            word=LEVEL_WORDS[message.level],
            tone=LEVEL_TONES[message.level],
            icon=LEVEL_ICONS[message.level],
            text=message.text,
            label=message.label,
            clause=message.clause,
            target=element_id(message.place) if message.place else "",
            reason=message.reason,
            reason_name=control("reasons", message.key) if warning else "",
            reason_id=f"{key}-reason" if warning else "",
        )

    def _units(self, item: Item, place: str, answer: Answer, raw: object) -> tuple[OptionView, ...]:
        if not item.units:
            return ()
        given = raw.get("unit") if isinstance(raw, Mapping) else None
        chosen = answer.unit or (given if isinstance(given, str) else "") or item.unit
        names = [item.unit, *dict(item.units)]
        return tuple(
            OptionView(element_id(place, "unit", name), name, name, "", "", name == chosen)
            for name in names
        )

    def _absence(self, item: Item, place: str, answer: Answer) -> AbsenceView | None:
        if not item.absence or item.kind is Kind.GROUP:
            return None
        options = tuple(
            OptionView(
                element_id(place, status.value),
                status.value,
                ABSENCE_WORDS[status],
                "",
                "",
                answer.status is status,
            )
            for status in item.absence
        )
        return AbsenceView(
            name=control("absence", place),
            id=element_id(place, "absence"),
            reason_name=control("because", place),
            reason_id=element_id(place, "because"),
            reason=answer.reason,
            options=options,
            is_open=any(option.is_chosen for option in options),
        )

    def _before(self, item: Item, place: str) -> str:
        if self.previous is None or item.kind is Kind.GROUP:
            return ""
        if item.group:
            number = int(place.split(".")[2])
            keys, old = self.evaluation.rows[item.group], self.previous.rows.get(item.group, ())
            if not keys[number] or keys[number] not in old:
                return ""
            place = f"{item.group}.{old.index(keys[number])}.{item.key}"
        text = answer_text(item, self.previous.answer(place))
        return "" if text == NOTHING else text

    def _source(self, item: Item) -> str:
        if not item.prefill or item.read_only:
            return ""
        text = answer_text(item, read_answer(item, self.given.get(item.prefill)))
        return "" if text == NOTHING else text

    def _source_value(self, item: Item) -> str:
        """What the control would hold if the source's value were taken over."""
        given = self.given.get(item.prefill) if item.prefill else None
        return "" if given is None else _control_value(item, read_answer(item, given), given)

    def _source_differs(self, item: Item, answer: Answer) -> bool:
        if not item.prefill or self._is_closed(item.path) or answer.value is None:
            return False
        source = read_answer(item, self.given.get(item.prefill)).value
        return source is not None and source != answer.value

    def _rows(self, item: Item, raw: object) -> RowsView:
        keys = self.evaluation.rows.get(item.path, ())
        rows = raw if isinstance(raw, list | tuple) else ()
        closed = self._is_closed(item.path)
        views = []
        for number, key in enumerate(keys):
            place = f"{item.path}.{number}"
            row = rows[number] if number < len(rows) and isinstance(rows[number], Mapping) else {}
            views.append(
                RowView(
                    number=number,
                    id=element_id(place),
                    title=key or f"{item.row_name} {number + 1}",
                    name="" if closed else control("row", place),
                    origin=str(number),
                    remove_name="" if closed or item.fixed_rows else control("remove", place),
                    fields=tuple(
                        self._field(part, f"{place}.{part.key}", row.get(part.key))
                        for part in item.items
                        if f"{place}.{part.key}" in self.evaluation.visible
                    ),
                )
            )
        may_add = not (closed or item.fixed_rows) and len(keys) < item.max_rows
        return RowsView(tuple(views), item.row_name, control("add", item.path), may_add)


def _widget(item: Item) -> str:
    match item.kind:
        case Kind.LONG_TEXT:
            return "textarea"
        case Kind.INTEGER | Kind.DECIMAL:
            return "number"
        case Kind.CHOICE:
            return item.widget or ("radios" if len(item.choices) <= FEW_CHOICES else "select")
        case Kind.MULTIPLE_CHOICE:
            return "checkboxes"
        case Kind.BOOLEAN:
            return "segments"
        case Kind.GROUP:
            return "rows"
        case Kind.DATE:
            return "date" if item.precision == "day" else "partial_date"
        case _:
            return item.kind.value


def _options(item: Item, place: str, answer: Answer) -> tuple[OptionView, ...]:
    if item.kind is Kind.BOOLEAN:
        pairs = (("true", "Yes", "", True), ("false", "No", "", False))
        return tuple(
            OptionView(element_id(place, code), code, label, tone, "", answer.value is value)
            for code, label, tone, value in pairs
        )
    chosen = answer.value if isinstance(answer.value, tuple) else (answer.value,)
    return tuple(
        OptionView(
            element_id(place, str(number)),
            choice.code,
            choice.label,
            choice.help,
            choice.tone,
            choice.code in chosen,
        )
        for number, choice in enumerate(item.choices)
    )


def _control_value(item: Item, answer: Answer, raw: object) -> str:
    """What the control holds: the person's own text when it could not be read."""
    given = raw.get("value") if isinstance(raw, Mapping) else raw
    if answer.status in (Status.BLANK, Status.NOT_DONE, Status.NOT_EVALUABLE):
        return ""
    if answer.status is Status.INVALID:
        return answer.entered
    if item.kind in (Kind.INTEGER, Kind.DECIMAL):
        return answer.entered if isinstance(given, str) and not is_blank(given) else _plain(answer)
    if isinstance(answer.value, PartialDate):
        return answer.value.spoken
    if isinstance(answer.value, time):
        return answer.value.isoformat("seconds" if answer.value.second else "minutes")
    return answer.value if isinstance(answer.value, str) else ""


def _plain(answer: Answer) -> str:
    return "" if answer.number is None else format(answer.number, "f")
