"""One part of a form in fields, and back from what a page posted.

What a page does not ask is kept from the part as it was, so that nothing of an imported form is
lost by opening it. What cannot be read stays as it was typed and is named by ``proofs``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reads.design.ecrf.outline import CHECK, items
from reads.design.ecrf.rules import (
    DERIVATIONS,
    Derivation,
    Posted,
    Rule,
    condition_from,
    derivation_of,
    derived_from,
    rule_of,
    subjects,
)
from reads.design.ecrf.wording import criterion_words

KINDS: Mapping[str, str] = {
    "choice": "One answer of a list",
    "multiple_choice": "Several answers of a list",
    "boolean": "Yes or no",
    "decimal": "Number with decimals",
    "integer": "Whole number",
    "text": "Short text",
    "long_text": "Long text",
    "date": "Date",
    "time": "Time of day",
    "group": "Rows (one for each lesion, region …)",
}
LEVELS: Mapping[str, str] = {
    "error": "Error: must be mended",
    "warning": "Warning: needs a reason",
    "info": "Notice: is shown",
}
TONES: Mapping[str, str] = {"": "none", "good": "green", "wait": "amber", "stop": "red"}
PRECISIONS: Mapping[str, str] = {"day": "Day", "month": "Month or day", "year": "Year or better"}
ABSENCES: Mapping[str, str] = {"not_done": "Not done", "not_evaluable": "Not evaluable"}
WHEN = "when"
_TEXTS = ("unit", "help", "prefill")
_NUMBERS = ("decimals", "max_length", "min_rows", "max_rows")


@dataclass(frozen=True, slots=True)
class Editor:
    """The fields of one part.

    Attributes:
        kind: form, section, item or check.
        values: control name -> text or list of texts.
        rules: the conditions by control name.
        subjects: what conditions may ask, grouped.
    """

    place: str
    kind: str
    values: Mapping[str, Any]
    rules: tuple[Rule, ...] = ()
    derivation: Derivation | None = None
    subjects: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    sources: tuple[str, ...] = ()
    criteria: tuple[tuple[str, str], ...] = ()
    parts: tuple[tuple[str, str], ...] = ()

    @property
    def target(self) -> dict[str, str]:
        """Where the values go in SDTM: data set, variable, test code."""
        return {name: self.values.get(f"cdisc.{name}", "") for name in _CDISC}


def editor_of(document: Mapping[str, Any], place: str, part: Mapping[str, Any] | None) -> Editor:
    """Return the editor of a part; of the form as a whole without one."""
    if part is None:
        values = {name: _text(document.get(name)) for name in ("title", "source")}
        return Editor("", "form", values)
    if place.startswith(CHECK):
        return _check_editor(document, place, part)
    if "." not in place:
        values = {name: _text(part.get(name)) for name in ("title", "help")}
        rules = (rule_of("shown_when", part.get("shown_when"), document),)
        return Editor(place, "section", values, rules, subjects=_subjects(document, ""))
    return _item_editor(document, place, part)


def _subjects(
    document: Mapping[str, Any], group: str
) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    return tuple((title, tuple(options)) for title, options in subjects(document, group))


def _check_editor(document: Mapping[str, Any], place: str, part: Mapping[str, Any]) -> Editor:
    about = str(part.get("item", ""))
    values: dict[str, Any] = {
        name: _text(part.get(name)) for name in ("id", "item", "level", "message", "clause")
    }
    values["final"] = part.get("final") is True
    return Editor(
        place,
        "check",
        values,
        (rule_of("when", part.get("when"), document), rule_of("must", part.get("must"), document)),
        subjects=_subjects(document, _group_of(document, about)),
    )


def _group_of(document: Mapping[str, Any], place: str) -> str:
    owner = place.rpartition(".")[0]
    return owner if owner in items(document) else ""


def _item_editor(document: Mapping[str, Any], place: str, part: Mapping[str, Any]) -> Editor:
    cdisc = part.get("cdisc") if isinstance(part.get("cdisc"), Mapping) else {}
    required = part.get("required", False)
    values: dict[str, Any] = {
        name: _text(part.get(name))
        for name in ("key", "label", "kind", "widget", "row_key", "row_name", *_TEXTS, *_NUMBERS)
    }
    values |= {
        "minimum": _text(part.get("minimum")),
        "maximum": _text(part.get("maximum")),
        "precision": _text(part.get("precision")) or "day",
        "units": "\n".join(f"{name} = {factor}" for name, factor in _pairs(part.get("units"))),
        "choices": [
            {name: _text(one.get(name)) for name in ("code", "label", "tone")}
            for one in part.get("choices") or ()
            if isinstance(one, Mapping)
        ],
        "required": WHEN if isinstance(required, Mapping) else "yes" if required else "no",
        "absence": part.get("absence", list(ABSENCES)),
        "read_only": part.get("read_only") is True,
        "carry_forward": part.get("carry_forward", []),
        **{f"cdisc.{name}": _text((cdisc or {}).get(name)) for name in _CDISC},
    }
    return Editor(
        place,
        "item",
        values,
        (
            rule_of("shown_when", part.get("shown_when"), document),
            rule_of("required_when", required if isinstance(required, Mapping) else None, document),
        ),
        derivation_of(part.get("derived"), document),
        _subjects(document, _group_of(document, place)),
        tuple(sorted(document.get("context", {}))),
        tuple((name, criterion_words(name)) for name in _criterion_names(document)),
        tuple(
            (str(one.get("key")), str(one.get("label") or one.get("key")))
            for one in part.get("items") or ()
            if isinstance(one, Mapping)
        ),
    )


_CDISC = ("dataset", "variable", "code")


def _criterion_names(document: Mapping[str, Any]) -> list[str]:
    found = {
        str(item["derived"]["named"])
        for item in items(document).values()
        if isinstance(item.get("derived"), Mapping) and "named" in item["derived"]
    }
    return sorted(found)


def _pairs(raw: object) -> list[tuple[str, object]]:
    return list(raw.items()) if isinstance(raw, Mapping) else []


def _text(raw: object) -> str:
    return "" if raw is None else str(raw)


def part_from(
    posted: Posted, document: Mapping[str, Any], place: str, before: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a part as a page describes it."""
    if place.startswith(CHECK):
        return _check_from(posted, document, before)
    if "." not in place:
        made = _with(dict(before), title=_posted(posted, "title"), help=_posted(posted, "help"))
        rule = condition_from(posted, "shown_when", before.get("shown_when"), document)
        return _with(made, shown_when=rule)
    return _item_from(posted, document, before)


def form_from(posted: Posted, before: Mapping[str, Any]) -> dict[str, Any]:
    """Return the form with what is said of it as a whole."""
    return _with(dict(before), title=_posted(posted, "title"), source=_posted(posted, "source"))


def _check_from(
    posted: Posted, document: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    made = _with(
        dict(before),
        item=_posted(posted, "item"),
        level=_posted(posted, "level"),
        message=_posted(posted, "message"),
        clause=_posted(posted, "clause"),
        final=True if posted.get("final", "") == "on" else None,
        when=condition_from(posted, "when", before.get("when"), document),
    )
    must = condition_from(posted, "must", before.get("must"), document)
    made["must"] = must or {"item": made.get("item", ""), "answered": True}
    return made


def _item_from(
    posted: Posted, document: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, Any]:
    made = dict(before)
    kind = _posted(posted, "kind") or str(before.get("kind", "text"))
    made["kind"] = kind
    _with(made, label=_posted(posted, "label"), widget=_posted(posted, "widget"))
    _with(made, **{name: _posted(posted, name) for name in _TEXTS})
    _with(made, **{name: _whole(_posted(posted, name)) for name in _NUMBERS})
    _with(made, minimum=_posted(posted, "minimum"), maximum=_posted(posted, "maximum"))
    precision = _posted(posted, "precision")
    _with(made, precision=precision if precision != "day" else None)
    _with(made, units=_units(_posted(posted, "units")), choices=_choices(posted) or None)
    _with(made, cdisc=_cdisc(posted), read_only=posted.get("read_only", "") == "on" or None)
    absence = [name for name in ABSENCES if name in posted.getlist("absence")]
    _with(made, shown_when=condition_from(posted, "shown_when", before.get("shown_when"), document))
    _with(made, derived=derived_from(posted, before.get("derived")))
    made.pop("absence", None)
    if absence != list(ABSENCES):
        made["absence"] = absence
    _with(made, required=_required(posted, document, before))
    if kind == "group":
        _with(made, row_key=_posted(posted, "row_key"), row_name=_posted(posted, "row_name"))
        keys = [str(one.get("key")) for one in made.get("items", ())]
        kept = [key for key in keys if key in posted.getlist("carry_forward")]
        _with(made, carry_forward=kept or None)
    return _fitting(made, kind)


def _required(posted: Posted, document: Mapping[str, Any], before: Mapping[str, Any]) -> object:
    said = _posted(posted, "required")
    if said == WHEN:
        was = before.get("required")
        return condition_from(
            posted, "required_when", was if isinstance(was, Mapping) else None, document
        )
    return True if said == "yes" else None


def _fitting(made: dict[str, Any], kind: str) -> dict[str, Any]:
    """Take away what belongs to another kind, so that changing the kind leaves no trap behind."""
    numbers = ("unit", "units", "minimum", "maximum")
    foreign = {
        "decimals": kind != "decimal",
        "choices": kind not in ("choice", "multiple_choice"),
        "widget": kind != "choice",
        "precision": kind != "date",
        "max_length": kind not in ("text", "long_text"),
        **{name: kind not in ("decimal", "integer") for name in numbers},
        **{
            name: kind != "group"
            for name in ("items", "row_key", "row_name", "min_rows", "max_rows", "carry_forward")
        },
    }
    for name, is_foreign in foreign.items():
        if is_foreign:
            made.pop(name, None)
    if kind == "decimal":
        made.setdefault("decimals", 1)
    return made


def _posted(posted: Posted, name: str) -> str:
    return str(posted.get(name, "")).replace("\r\n", "\n").strip()


def _whole(text: str) -> object:
    return int(text) if text.isdigit() else text or None


def _units(text: str) -> dict[str, str] | None:
    rows = [line.partition("=") for line in text.splitlines() if line.strip()]
    return {name.strip(): factor.strip() for name, _, factor in rows} or None


def _choices(posted: Posted) -> list[dict[str, str]]:
    columns = [posted.getlist(f"choice.{name}") for name in ("code", "label", "tone")]
    found = []
    for number, label in enumerate(columns[1]):
        words = str(label).strip()
        code = str(columns[0][number]).strip() if number < len(columns[0]) else ""
        tone = str(columns[2][number]).strip() if number < len(columns[2]) else ""
        if words or code:
            row = {"code": code or words.upper()[:64], "label": words or code}
            found.append(row | ({"tone": tone} if tone else {}))
    return found


def _cdisc(posted: Posted) -> dict[str, str] | None:
    said = {name: _posted(posted, f"cdisc.{name}") for name in _CDISC}
    return {name: text for name, text in said.items() if text} or None


def _with(made: dict[str, Any], **values: object) -> dict[str, Any]:
    """Set what is said and take away what is not."""
    for name, value in values.items():
        if value is None or value == "":
            made.pop(name, None)
        else:
            made[name] = value
    return made


__all__ = ["ABSENCES", "DERIVATIONS", "Editor", "editor_of", "form_from", "part_from"]
