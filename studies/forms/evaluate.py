"""The one evaluator of answers: page, API, import and background check all call it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from studies.forms.conditions import Rows, decide
from studies.forms.definition import Check, Form, Item, Kind
from studies.forms.derivations import DerivedValue, Named, derive
from studies.forms.evaluation import REASONS, Evaluation, Message
from studies.forms.reading import is_blank, read_answer
from studies.forms.values import (
    ABSENCES,
    BLANK,
    Answer,
    Level,
    Status,
    Value,
    boolean_from,
    date_from,
    is_storable,
    number_from,
    time_from,
)
from studies.forms.values import Fault as ValueFault
from studies.forms.wording import ABSENCE_WORDS, answer_text, sentence, spoken, value_text

_INSERT = re.compile(r"\{([a-z0-9_.]+)(:because)?\}")
MAX_ROWS_READ = 500


def evaluate(
    form: Form,
    answers: object,
    *,
    previous: Evaluation | Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    derivations: Mapping[str, Named] | None = None,
    final: bool = False,
) -> Evaluation:
    """Read answers by a form, derive what follows, and run its checks.

    Parameters
    ----------
    answers
        JSON: `{section: {item: value, group: [{item: value}]}, "reasons": {key: text}}`.
        Whatever it is, nothing is raised: what cannot be read becomes an error message.
    previous
        The prior time point: its evaluation, or its answers to the same form.
    context
        Facts the form does not ask for, by the names the form declares.
    derivations
        Functions for the form's named derivations. They may raise `DerivationError`.
    final
        True when the form is about to be signed: required items and final checks count.
    """
    before = previous
    if isinstance(previous, Mapping):
        before = _Run(form, previous, None, {}, {}, everything=True).finished(final=False)
    prior = before if isinstance(before, Evaluation) else None
    return _Run(form, answers, prior, context or {}, derivations or {}).finished(final=final)


class _Run:
    """One evaluation in progress; it answers what conditions and derivations ask."""

    def __init__(
        self,
        form: Form,
        raw: object,
        prior: Evaluation | None,
        context: Mapping[str, object],
        named: Mapping[str, Named],
        *,
        everything: bool = False,
    ) -> None:
        self.form, self.prior, self.named, self.everything = form, prior, named, everything
        self.raw = raw if isinstance(raw, Mapping) else {}
        self.unreadable = not isinstance(raw, Mapping) and not is_blank(raw)
        self.kinds = dict(form.context)
        self.given = context
        self.answers: dict[str, Answer] = {}
        self.visible: set[str] = set()
        self.rows: dict[str, list[Mapping[object, object]]] = {}
        self.messages: list[Message] = []
        for path in form.order:
            self._read(form.items[path])

    # What conditions ask

    def answer(self, path: str, rows: Rows) -> Answer:
        return self.answers.get(self._place(path, rows), BLANK)

    def before(self, path: str, rows: Rows) -> Answer:
        if self.prior is None:
            return BLANK
        group = self.group_of(path)
        if not group:
            return self.prior.answer(path)
        key = self._row_key(group, rows[group]) if group in rows else ""
        keys = self.prior.rows.get(group, ())
        if not key or key not in keys:
            return BLANK
        return self.prior.answer(f"{group}.{keys.index(key)}.{path.rpartition('.')[2]}")

    def context(self, name: str) -> Value | None:
        raw = self.given.get(name)
        readers = {
            "decimal": number_from,
            "integer": number_from,
            "date": date_from,
            "time": time_from,
            "boolean": boolean_from,
        }
        read = readers.get(self.kinds.get(name, "text"))
        value = read(raw) if read is not None else raw if isinstance(raw, str) else None
        if isinstance(value, ValueFault):
            return None
        return value or None if isinstance(value, str) else value

    def row_keys(self, group: str) -> tuple[str, ...]:
        return tuple(self._row_key(group, index) for index in range(len(self.rows.get(group, ()))))

    def row_keys_before(self, group: str) -> tuple[str, ...] | None:
        return None if self.prior is None else self.prior.rows.get(group, ())

    def group_of(self, path: str) -> str:
        item = self.form.items.get(path)
        return item.group if item is not None else ""

    def _place(self, path: str, rows: Rows) -> str:
        group = self.group_of(path)
        if not group:
            return path
        if group not in rows:
            return ""
        return f"{group}.{rows[group]}.{path.rpartition('.')[2]}"

    def _row_key(self, group: str, index: int) -> str:
        item = self.form.items.get(group)
        rows = self.rows.get(group, [])
        if item is None or not item.row_key or index >= len(rows):
            return ""
        key = rows[index].get(item.row_key)
        return key.strip() if isinstance(key, str) and is_storable(key) else ""

    # Reading

    def _read(self, item: Item) -> None:
        for rows in self._scopes(item):
            if not self._is_shown(item, rows):
                continue
            place = self._place(item.path, rows)
            self.visible.add(place)
            raw = self._raw(item, rows)
            if item.kind is Kind.GROUP:
                self._read_rows(item, raw)
            elif item.derived is not None:
                self.answers[place] = self._derived(item, rows)
            elif item.read_only:
                self.answers[place] = read_answer(item, self.given.get(item.prefill, raw))
            else:
                self.answers[place] = self._admitted(item, read_answer(item, raw))

    def _scopes(self, item: Item) -> list[Rows]:
        if not item.group:
            return [{}]
        return [{item.group: index} for index in range(len(self.rows.get(item.group, ())))]

    def _is_shown(self, item: Item, rows: Rows) -> bool:
        if self.everything:
            return True
        section = self.form.section_of[item.path]
        conditions = [each for each in (section.shown_when, item.shown_when) if each is not None]
        return all(decide(each, self, rows) is True for each in conditions)

    def _raw(self, item: Item, rows: Rows) -> object:
        if item.group:
            return self.rows[item.group][rows[item.group]].get(item.key)
        section = self.raw.get(self.form.section_of[item.path].key)
        return section.get(item.key) if isinstance(section, Mapping) else None

    def _read_rows(self, item: Item, raw: object) -> None:
        if isinstance(raw, Mapping) and "status" in raw:
            self.answers[item.path] = self._admitted(item, read_answer(item, raw))
            return
        if is_blank(raw):
            self.answers[item.path] = BLANK
            return
        if not isinstance(raw, list | tuple):
            self.answers[item.path] = read_answer(item, "rows")
            return
        rows = raw[:MAX_ROWS_READ]
        self.rows[item.path] = [row if isinstance(row, Mapping) else {} for row in rows]
        self.answers[item.path] = Answer(Status.ANSWERED)
        if not all(isinstance(row, Mapping) for row in rows):
            self._say(item, "not_a_row")

    def _admitted(self, item: Item, answer: Answer) -> Answer:
        """An absence that this item may not have is not an answer."""
        if answer.status in ABSENCES and answer.status not in item.absence:
            words = ABSENCE_WORDS[answer.status]
            fault = ValueFault("absence_refused", (("absence", words),))
            return Answer(Status.INVALID, reason=answer.reason, fault=fault)
        return answer

    def _derived(self, item: Item, rows: Rows) -> Answer:
        assert item.derived is not None  # noqa: S101 (the caller looked)
        result: DerivedValue = derive(item.derived, self, rows, named=self.named)
        if result.value is None:
            return Answer(because=result.because)
        return Answer(Status.ANSWERED, result.value, unit=item.unit, because=result.because)

    # Checking

    def finished(self, *, final: bool) -> Evaluation:
        """Run the checks and close the evaluation."""
        asked, missing = self._completeness()
        self._builtin(missing, final=final)
        for check in self.form.checks:
            if final or not check.final:
                self._run(check)
        self._unknown()
        order = {path: number for number, path in enumerate(self.form.items)}
        self.messages.sort(key=lambda each: order.get(_path_of(each.place), -1))
        return Evaluation(
            form=self.form,
            final=final,
            visible=frozenset(self.visible),
            answers=MappingProxyType(self._in_document_order()),
            messages=tuple(self.messages),
            missing=tuple(missing),
            asked=tuple(asked),
            hidden_answers=tuple(self._hidden()),
            rows=MappingProxyType({group: self.row_keys(group) for group in self.rows}),
        )

    def _places(self) -> Iterator[tuple[Item, Rows, str]]:
        """Every visible place with its item, rows one after the other."""
        for section in self.form.sections:
            for item in section.items:
                if item.path in self.visible:
                    yield item, {}, item.path
                for index in range(len(self.rows.get(item.path, ()))):
                    for part in item.items:
                        place = f"{item.path}.{index}.{part.key}"
                        if place in self.visible:
                            yield part, {item.path: index}, place

    def _in_document_order(self) -> dict[str, Answer]:
        return {place: self.answers[place] for _, _, place in self._places()}

    def _completeness(self) -> tuple[list[str], list[str]]:
        asked, missing = [], []
        for item, rows, place in self._places():
            needed = item.required or item.min_rows > 0
            if item.required_when is not None:
                needed = decide(item.required_when, self, rows) is True
            if needed and item.derived is None:
                asked.append(place)
                if self.answers[place].status is Status.BLANK:
                    missing.append(place)
        return asked, missing

    def _builtin(self, missing: list[str], *, final: bool) -> None:
        if self.unreadable:
            self._say_plain("unreadable", "", self.form.title)
        for item, rows, place in self._places():
            answer = self.answers[place]
            if answer.fault is not None:
                self._say(item, answer.fault.code, rows=rows, **dict(answer.fault.facts))
            if answer.status in ABSENCES and not answer.reason:
                words = ABSENCE_WORDS[answer.status]
                self._say(item, "absence_unreasoned", rows=rows, absence=words)
            if item.kind is Kind.GROUP:
                self._row_limits(item, place, final=final)
            if not item.is_entered:
                self._recorded_value(item, rows, place, final=final)
            if final and place in missing:
                self._say(item, "required" if item.absence else "required_answer", rows=rows)

    def _row_limits(self, item: Item, place: str, *, final: bool) -> None:
        count = len(self.rows.get(item.path, ()))
        if count > item.max_rows:
            self._say(item, "max_rows", limit=str(item.max_rows))
        if final and 0 < count < item.min_rows:
            self._say(item, "min_rows", limit=str(item.min_rows))

    def _recorded_value(self, item: Item, rows: Rows, place: str, *, final: bool) -> None:
        """A derived or read-only value cannot be overridden: one recorded must be the same."""
        derived = item.derived
        if derived is not None and derived.kind == "named" and derived.name not in self.named:
            if final:
                self._say(item, "derivation_missing", rows=rows, name=derived.name)
            return
        raw = self._raw(item, rows)
        if is_blank(raw):
            return
        recorded, right = read_answer(item, raw), self.answers[place]
        if recorded.value != right.value:
            code = "derived_missing" if right.value is None else "derived_differs"
            facts = {
                "recorded": answer_text(item, recorded),
                "derived": value_text(item, right.value),
            }
            self._say(item, code, rows=rows, **facts)

    def _run(self, check: Check) -> None:
        item = self.form.items.get(check.item)
        if item is None:
            return
        for rows in self._scopes(item):
            place = self._place(item.path, rows)
            if place not in self.visible:
                continue
            if check.when is not None and decide(check.when, self, rows) is not True:
                continue
            if decide(check.must, self, rows) is False:
                self._add_message(
                    item,
                    rows,
                    key=self._key(check.id, item, rows),
                    check=check.id,
                    level=check.level,
                    text=self._filled(check.message, rows),
                    clause=check.clause,
                )

    def _filled(self, text: str, rows: Rows) -> str:
        """Put the values a message names into it: `{section.item}`, `{section.item:because}`."""

        def value(match: re.Match[str]) -> str:
            item = self.form.items.get(match[1])
            if item is None:
                known = self.context(match[1])
                return match[0] if known is None else spoken(known)
            answer = self.answer(item.path, rows)
            return " ".join(answer.because) if match[2] else answer_text(item, answer)

        return _INSERT.sub(value, text).strip()

    def _key(self, code: str, item: Item, rows: Rows) -> str:
        if not item.group:
            return code
        index, keys = rows[item.group], self.row_keys(item.group)
        known = keys[index] and keys.count(keys[index]) == 1
        return f"{code}:{keys[index]}" if known else f"{code}:{keys[index]}#{index + 1}"

    def _say(self, item: Item, code: str, *, rows: Rows | None = None, **facts: str) -> None:
        scope = rows or {}
        facts = {"label": self._label(item, scope), **facts}
        self._add_message(
            item,
            scope,
            key=self._key(f"{item.path}:{code}", item, scope),
            check=code,
            text=sentence(code, facts),
            facts=_pairs(facts),
        )

    def _say_plain(self, code: str, name: str, label: str) -> None:
        facts = {"label": label, "name": name}
        text = sentence(code, facts)
        self.messages.append(
            Message(f"{code}:{name}", code, "", Level.ERROR, text, label, facts=_pairs(facts))
        )

    def _add_message(
        self,
        item: Item,
        rows: Rows,
        *,
        key: str,
        check: str,
        text: str,
        level: Level = Level.ERROR,
        clause: str = "",
        facts: tuple[tuple[str, str], ...] = (),
    ) -> None:
        place = self._place(item.path, rows)
        reason = self._reason(key) if level is Level.WARNING else ""
        label = self._label(item, rows)
        self.messages.append(Message(key, check, place, level, text, label, clause, reason, facts))

    def _reason(self, key: str) -> str:
        reasons = self.raw.get(REASONS)
        text = reasons.get(key) if isinstance(reasons, Mapping) else None
        return text.strip() if isinstance(text, str) and is_storable(text) else ""

    def _label(self, item: Item, rows: Rows) -> str:
        if not item.group:
            return item.label
        index = rows[item.group]
        group = self.form.items[item.group]
        row = self._row_key(item.group, index) or f"{group.row_name} {index + 1}"
        return f"{row}, {item.label}"

    # What does not belong

    def _unknown(self) -> None:
        """Name every answer the form does not know: an import must not lose one in silence."""
        known = {section.key: section for section in self.form.sections}
        for key, content in self.raw.items():
            if key == REASONS:
                continue
            section = known.get(key) if isinstance(key, str) else None
            if section is None:
                self._say_plain("unknown_item", _name(key), _name(key))
            elif isinstance(content, Mapping):
                keys = {item.key for item in section.items}
                for name in content:
                    if name not in keys:
                        place = f"{section.key}.{_name(name)}"
                        self._say_plain("unknown_item", place, place)
            elif not is_blank(content):
                self._say_plain("unreadable", section.key, section.title)
        for group, rows in self.rows.items():
            keys = {item.key for item in self.form.items[group].items}
            names = {_name(name) for row in rows for name in row if name not in keys}
            for name in sorted(names):
                self._say_plain("unknown_item", f"{group}.{name}", f"{group}.{name}")

    def _hidden(self) -> Iterator[str]:
        """Places that are answered but not shown: kept, but they count for nothing."""
        for item in self.form.items.values():
            for rows in self._scopes(item):
                place = self._place(item.path, rows)
                if place not in self.visible and not is_blank(self._raw(item, rows)):
                    yield place


def _name(key: object) -> str:
    return key[:80] if isinstance(key, str) and is_storable(key) else "with an unreadable name"


def _path_of(place: str) -> str:
    return ".".join(part for part in place.split(".") if not part.isdigit())


def _pairs(facts: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(facts.items()))
