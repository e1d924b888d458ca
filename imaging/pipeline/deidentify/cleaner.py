"""The cleaner: one walk over the header, one decision per element.

Order of decision (PS3.15 E.1, `imaging.md` 7): an attribute that the profile does not name is
removed; then the action of the profile applies; then texts that are kept are cleaned.  Every
sequence is entered, whether the table names it or not.

A decision depends only on the encoded element, its character set and the plan, so it is
remembered by the element's bytes.  Once the layout of a series is known, its cleaning is compiled:
what every file of the series has in common is a run of bytes that is written as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from imaging.pipeline import encoding
from imaging.pipeline.deidentify.elements import Effect, ElementRules, is_creator
from imaging.pipeline.deidentify.holds import hold_reason
from imaging.pipeline.deidentify.plan import DeidPlan
from imaging.pipeline.deidentify.trial_modules import trial_elements, written_tags
from imaging.pipeline.encoding import Element, Malformed
from imaging.pipeline.layout import Layouts, Recognised
from imaging.pipeline.text import charsets_of
from imaging.pipeline.verify import (
    Header,
    ImageFacts,
    Judged,
    expected_pixel_bytes,
    judge_header,
    read_header,
)

REMEMBERED: Final = 4096
MEMO_ENTRIES: Final = 20_000
FIRST_PIXELS: Final = min(encoding.PIXEL_TAGS)
LAST_PIXELS: Final = max(encoding.PIXEL_TAGS)

# Structured reports and key object selections.  Their series ask for Referenced Performed
# Procedure Step Sequence, if only empty (Type 2, PS3.3 C.17.1); in images, where it is absent or
# has an item (Type 1C), it is removed.
REPORTS: Final = ("1.2.840.10008.5.1.4.1.1.88.", "1.2.840.10008.5.1.4.1.1.79.1")
_STEPS: Final = 0x00081111

Decision = tuple[bytes | None, Effect | tuple[int, ...]]


class Cleaned(NamedTuple):
    """A file that may be written: its elements before and after the pixel data, encoded.

    `counts` are elements per effect; `pixels` are the bytes as they came, None without any.
    """

    judged: Judged
    syntax: str
    explicit_out: bool
    head: bytes
    tail: bytes
    counts: tuple[tuple[str, int], ...]
    pixel_element: Element | None
    pixels: memoryview | None


@dataclass
class _Context:
    """Encoding of the data set being walked, and its memory of decisions."""

    explicit_in: bool
    explicit_out: bool
    charsets: tuple[str, ...]
    memo: dict[bytes, Decision] = field(default_factory=dict)


class _Slot(NamedTuple):
    """The place of an element that varies; `safe` is the VR of a private one in the safe list."""

    tag: int
    safe: str = ""
    kept: bool = True


Part = bytes | _Slot


class _Form(NamedTuple):
    """The cleaning of one layout, compiled; `counts` are those of what does not vary."""

    head: tuple[Part, ...]
    tail: tuple[Part, ...]
    counts: tuple[int, ...]
    context: _Context


class Cleaner:
    """Applies one plan; keeps decisions for files that follow."""

    def __init__(self, plan: DeidPlan) -> None:
        self._plan = plan
        self._rules = ElementRules(plan)
        self._contexts: dict[tuple[bool, bool, tuple[str, ...]], _Context] = {}
        self._layouts = Layouts()
        self._uids: dict[str, str] = {}
        self._written = written_tags(plan)
        self._trial = {
            explicit: trial_elements(plan, explicit=explicit) for explicit in (False, True)
        }

    def new_uid(self, uid: str) -> str:
        """Map a UID by the plan."""
        uid = uid.strip("\0 ")
        new = self._uids.get(uid)
        if new is None:
            if len(self._uids) > MEMO_ENTRIES:
                self._uids.clear()
            new = self._uids[uid] = self._plan.new_uid(uid)
        return new

    def take(self, data: bytes, *, accepted: frozenset[str] = frozenset()) -> Cleaned | str:
        """Judge and clean the bytes of one file; the reason code when it is held.

        Raises Malformed.
        """
        known = self._layouts.recognise(data)
        form: _Form | bool | None = known.layout.memory if known else None
        if known and isinstance(form, _Form):
            code = hold_reason(known.judged.image, accepted=accepted)
            again = None if code else self._clean_known(known, form)
            if code or again is not None:
                return again or code
        header = read_header(data)
        judged = judge_header(header)
        code = hold_reason(judged.image, accepted=accepted)
        if code:
            return code
        cleaned = self._clean(header, judged)
        if known is None:
            self._layouts.learn(header, judged)
        elif form is None:
            known.layout.memory = self._form(header, judged, known.layout.varying) or False
        return cleaned

    def _clean(self, header: Header, judged: Judged) -> Cleaned:
        """Clean the elements of one file.  Raises Malformed."""
        data, context = header.part10.data, self._context_of(header)
        top, counts = self._top(header, judged)
        found = self._data_set(data, top, context, 0, counts)
        found += self._added(judged, context)
        found.sort(key=_by_tag)
        values = {element.tag: element for element in header.elements}
        expected = expected_pixel_bytes(header, values, judged.image)
        return Cleaned(
            judged,
            header.part10.transfer_syntax,
            context.explicit_out,
            b"".join([piece for tag, piece in found if tag < FIRST_PIXELS]),
            b"".join([piece for tag, piece in found if tag > LAST_PIXELS]),
            _named(counts),
            *_pixels(data, judged.image, values, expected),
        )

    def _added(self, judged: Judged, context: _Context) -> list[tuple[int, bytes]]:
        """The elements that are written whatever came in."""
        added = self._trial[context.explicit_out]
        if not judged.image.sop_class.startswith(REPORTS):
            return added
        return [*added, (_STEPS, encoding.encode_items(_STEPS, [], context.explicit_out))]

    def _top(self, header: Header, judged: Judged) -> tuple[list[Element], list[int]]:
        """The elements of the top level that are decided on one by one; counts of the others."""
        apart = self._written | encoding.PIXEL_TAGS
        top = [element for element in header.elements if element[0] not in apart]
        counts = [0] * len(Effect)
        counts[Effect.DUMMY] += len(header.elements) - len(top) - judged.image.has_pixels
        return top, counts

    def _form(self, header: Header, judged: Judged, varying: frozenset[int]) -> _Form | None:
        """Compile the cleaning of a layout; None when what varies decides over its neighbours."""
        data, context = header.part10.data, self._context_of(header)
        top, counts = self._top(header, judged)
        private = [element for element in top if element.tag & 0x10000]
        if any(is_creator(element.tag) and element.tag in varying for element in private):
            return None
        fixed = [one for one in top if one.tag & 0x10000 or one.tag not in varying]
        found = dict(self._data_set(data, fixed, context, 0, counts))
        public = (one.tag for one in top if not one.tag & 0x10000)
        slots = {tag: _Slot(tag) for tag in public if tag in varying}
        for element, _, safe in self._rules.safe_private(data, private):
            if element.tag in varying:
                slots[element.tag] = _Slot(element.tag, safe, element.tag in found)
        parts: dict[int, Part] = {**found, **dict(self._added(judged, context)), **slots}
        ordered = sorted(parts.items(), key=_by_tag)
        return _Form(
            _joined(part for tag, part in ordered if tag < FIRST_PIXELS),
            _joined(part for tag, part in ordered if tag > LAST_PIXELS),
            tuple(counts),
            context,
        )

    def _clean_known(self, known: Recognised, form: _Form) -> Cleaned | None:
        """Clean a file of a known layout; None when it must be cleaned element by element."""
        data, layout, context = known.data, known.layout, form.context
        if len(context.memo) > MEMO_ENTRIES:
            context.memo.clear()
        counts = list(form.counts)
        sides: list[bytes] = []
        for side in (form.head, form.tail):
            pieces: list[bytes] = []
            for part in side:
                if type(part) is bytes:
                    pieces.append(part)
                    continue
                slot: _Slot = part  # type: ignore[assignment]
                element = known.varying[slot.tag]
                if slot.safe:
                    piece = self._rules.private_value(data, element, slot.safe, context)
                    if (piece is not None) is not slot.kept:
                        return None
                else:
                    piece = self._counted(data, element, context, 0, counts)
                if piece is not None:
                    pieces.append(piece)
            sides.append(b"".join(pieces))
        return Cleaned(
            known.judged,
            layout.syntax,
            context.explicit_out,
            sides[0],
            sides[1],
            _named(counts),
            *_pixels(data, known.judged.image, known.varying, layout.expected),
        )

    def _context_of(self, header: Header) -> _Context:
        explicit_out = header.part10.transfer_syntax != encoding.IMPLICIT_LE
        charsets = charsets_of(header.raw(0x00080005))
        return self._context(header.part10.explicit, explicit_out, charsets)

    def _context(
        self, explicit_in: bool, explicit_out: bool, charsets: tuple[str, ...]
    ) -> _Context:
        key = (explicit_in, explicit_out, charsets)
        context = self._contexts.get(key)
        if context is None:
            context = self._contexts[key] = _Context(explicit_in, explicit_out, charsets)
        if len(context.memo) > MEMO_ENTRIES:
            context.memo.clear()
        return context

    def _data_set(
        self,
        data: bytes,
        elements: Sequence[Element],
        context: _Context,
        depth: int,
        counts: list[int],
    ) -> list[tuple[int, bytes]]:
        out: list[tuple[int, bytes]] = []
        private: list[Element] = []
        once = {element.tag: element for element in reversed(elements)}
        counts[Effect.REMOVED] += len(elements) - len(once)  # a second value could hide identity
        for element in elements if len(once) == len(elements) else list(once.values())[::-1]:
            if element.tag & 0x10000:
                private.append(element)
                continue
            piece = self._counted(data, element, context, depth, counts)
            if piece is not None:
                out.append((element.tag, piece))
        if private:
            out += self._rules.private(data, private, context, counts)
        return out

    def _counted(
        self, data: bytes, element: Element, context: _Context, depth: int, counts: list[int]
    ) -> bytes | None:
        """Return what becomes of a public element, encoded, and count the effect."""
        memo = context.memo
        short = element.end - element.start <= REMEMBERED
        raw = data[element.start : element.end] if short else b""
        decision = memo.get(raw) if short else None
        if decision is None:
            decision = self._decide(data, element, context, depth)
            if short:
                memo[raw] = decision
        piece, effect = decision
        if type(effect) is tuple:
            for number, amount in enumerate(effect):
                counts[number] += amount
        else:
            counts[effect] += 1  # type: ignore[index]
        return piece

    def _decide(self, data: bytes, element: Element, context: _Context, depth: int) -> Decision:
        if not self._rules.is_sequence(element):
            return self._rules.decide(data, element, context)
        inner = [0] * len(Effect)
        piece = self._sequence(data, element, context, depth, inner)
        return piece, tuple(inner)

    def _sequence(
        self, data: bytes, element: Element, context: _Context, depth: int, counts: list[int]
    ) -> bytes | None:
        treatment = self._rules.sequence_treatment(element.tag)
        if treatment is not None:
            piece, effect = treatment(context.explicit_out)
            counts[effect] += 1
            return piece
        explicit_in = context.explicit_in and element.vr == "SQ"
        inner = [0] * len(Effect)
        try:
            spans = encoding.items(data, element, explicit_in, depth + 1)
            contents = [
                self._item(
                    data, span, context, explicit_in=explicit_in, depth=depth + 1, counts=inner
                )
                for span in spans
            ]
        except Malformed:
            if element.vr == "SQ":
                raise
            counts[Effect.REMOVED] += 1
            return None
        for number, amount in enumerate(inner):
            counts[number] += amount
        if any(end > start for start, end in spans) and not any(contents):
            counts[Effect.REMOVED] += 1
            return None
        return encoding.encode_items(element.tag, contents, context.explicit_out)

    def _item(
        self,
        data: bytes,
        span: tuple[int, int],
        context: _Context,
        *,
        explicit_in: bool,
        depth: int,
        counts: list[int],
    ) -> bytes:
        """Clean one item of a sequence.  Raises Malformed."""
        elements = encoding.index(data, span[0], span[1], explicit_in, depth)
        own = next((e for e in elements if e.tag == 0x00080005), None)
        charsets = context.charsets
        if own is not None:
            charsets = charsets_of(bytes(data[own.value : own.value_end]))
            elements.remove(own)
        nested = self._context(explicit_in, context.explicit_out, charsets)
        pieces = self._data_set(data, elements, nested, depth, counts)
        pieces.sort(key=lambda pair: pair[0])
        return b"".join([piece for _, piece in pieces])


def _by_tag(pair: tuple[int, object]) -> int:
    return pair[0]


def _named(counts: Sequence[int]) -> tuple[tuple[str, int], ...]:
    return tuple((name, counts[number]) for number, name in _EFFECTS if counts[number])


_EFFECTS: Final = tuple((int(effect), effect.name.lower()) for effect in Effect)


def _joined(parts: Iterable[Part]) -> tuple[Part, ...]:
    """Join pieces that stand side by side."""
    out: list[Part] = []
    for part in parts:
        if out and isinstance(part, bytes) and isinstance(out[-1], bytes):
            out[-1] += part
        else:
            out.append(part)
    return tuple(out)


def _pixels(
    data: bytes, image: ImageFacts, values: Mapping[int, Element], expected: int
) -> tuple[Element | None, memoryview | None]:
    """The element of the pixel data and its bytes; native data without what follows its end."""
    if not image.has_pixels:
        return None, None
    element = next(values[tag] for tag in encoding.PIXEL_TAGS if tag in values)
    length = image.pixel_length
    if image.transfer_syntax in encoding.NATIVE:
        expected += expected & 1
        if 0 < expected < length and length % expected:
            length = expected
    return element, memoryview(data)[image.pixel_offset : image.pixel_offset + length]


_CLEANERS: dict[str, Cleaner] = {}


def cleaner_for(plan: DeidPlan) -> Cleaner:
    """Return the cleaner of a plan, with what it has learnt in this process."""
    cleaner = _CLEANERS.get(plan.digest)
    if cleaner is None:
        if len(_CLEANERS) >= 16:
            _CLEANERS.pop(next(iter(_CLEANERS)))
        cleaner = _CLEANERS[plan.digest] = Cleaner(plan)
    return cleaner
