"""The blinded form of a header: what a reader's DICOMweb holds of an object, byte by byte.

The same bytes are served as a DICOM object and turned into metadata, so that nothing can be hidden
in one form and shown in the other. The pinned blinding profile can hide more than the allow-list
does, never less.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Final

from imaging.dicomweb.allowed import ALLOWED, EMPTIED, EQUIPMENT, MOVED_DATES, tag_of
from imaging.dicomweb.levels import vr_of
from imaging.pipeline import encoding
from imaging.pipeline.encoding import Element

VERSION: Final = 1
#: where a hidden examination day is moved to
FIXED_DAY: Final = date(1900, 1, 1)
_STUDY_DATES: Final = (0x00080020, 0x00080021, 0x00080022, 0x00080023)
_CODE_VALUE, _CODE_MEANING = tag_of("CodeValue"), tag_of("CodeMeaning")
_FORMS: Final = {
    "UI": re.compile(rb"[0-9.]{1,64}\0?"),
    "DS": re.compile(rb" *[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)? *"),
    "IS": re.compile(rb" *[+-]?\d{1,12} *"),
    "CS": re.compile(rb"[A-Z0-9_ ]{0,16}"),
    "DA": re.compile(rb"\d{8}"),
    "DT": re.compile(rb"\d{8}\d{0,6}(\.\d{1,6})?([+-]\d{4})? *"),
    "TM": re.compile(rb"\d{2,6}(\.\d{1,6})? *"),
    "AS": re.compile(rb"\d{3}[DWMY]"),
    # text that devices write: kernels, methods, makers
    "SH": re.compile(rb"[\x20-\x7e]{0,16}"),
    "LO": re.compile(rb"[\x20-\x7e]{0,64}"),
}
_CODE: Final = re.compile(rb"[A-Z0-9.-]{1,16} ?")
_UNITS: Final = frozenset(
    b"1 mm ms s cm mm2/s um2/s Bq/ml g/ml cm2/ml {SUVbw}g/ml {SUVlbm}g/ml {SUVbsa}cm2/ml "
    b"{SUVibw}g/ml [hnsf'U] % CNTS BQML".split()
)
_NUMERIC: Final = frozenset("US SS UL SL UV SV FL FD AT OB OW OD OF OL OV".split())


@dataclass(frozen=True, slots=True)
class BlindedView:
    """How one series is shown to one blinded person.

    Attributes:
        subject: the person's own label for the subject.
        time_point: the neutral name of the visit ("TP2").
        order: place of the series in its package.
        hide: words of the pinned blinding profile.
        profile: digest of that profile.
    """

    subject: str
    time_point: str
    order: int
    modality: str
    hide: frozenset[str] = frozenset()
    profile: str = ""

    @property
    def series(self) -> str:
        """The neutral name of the series."""
        return f"{self.modality}, series {self.order}"

    @property
    def digest(self) -> str:
        """SHA-256 (hex) over everything that shapes what is shown."""
        facts = {**asdict(self), "hide": sorted(self.hide), "version": VERSION}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()

    def replacements(self) -> dict[int, tuple[str, bytes]]:
        """Return the attributes that are written anew: tag -> VR and value."""
        subject, visit = self.subject.encode(), self.time_point.encode()
        return {
            tag_of("PatientName"): ("PN", subject),
            tag_of("PatientID"): ("LO", subject),
            tag_of("ClinicalTrialSubjectReadingID"): ("LO", subject),
            tag_of("ClinicalTrialTimePointID"): ("LO", visit),
            tag_of("StudyDescription"): ("LO", visit),
            tag_of("StudyID"): ("SH", visit[:16]),
            tag_of("SeriesDescription"): ("LO", self.series.encode()),
            tag_of("SeriesNumber"): ("IS", str(self.order).encode()),
            tag_of("PatientIdentityRemoved"): ("CS", b"YES"),
            tag_of("DeidentificationMethod"): ("LO", b"Blinded for reading"),
        }


def explicit_header(
    data: bytes, elements: Iterable[Element], *, explicit: bool, view: BlindedView | None = None
) -> bytes:
    """Return a data set without its pixels in Explicit VR Little Endian, blinded if asked for."""
    kept = [
        e
        for e in elements
        if e.tag >> 16 > 2 and e.tag & 0xFFFF and e.tag not in encoding.PIXEL_TAGS  # noqa: PLR2004
    ]
    if view is None:
        return b"".join(_copied(data, e, explicit, 0) for e in kept)
    return _Blinding(data, kept, explicit, view).header(kept)


def _copied(data: bytes, element: Element, explicit: bool, depth: int) -> bytes:
    if explicit:
        return bytes(data[element.start : element.end])
    if element.vr != "SQ":
        raw = bytes(data[element.value : element.value_end])
        return encoding.encode(element.tag, element.vr, raw, True)
    contents = []
    for start, end in encoding.items(data, element, explicit, depth + 1):
        inner = encoding.index(data, start, end, explicit, depth + 1)
        contents.append(b"".join(_copied(data, e, explicit, depth + 1) for e in inner))
    return encoding.encode_items(element.tag, contents, True)


class _Blinding:
    """One object on its way to a blinded person."""

    def __init__(
        self, data: bytes, elements: list[Element], explicit: bool, view: BlindedView
    ) -> None:
        self.data = data
        self.explicit = explicit
        self.view = view
        self.allowed = ALLOWED - EQUIPMENT if "equipment" in view.hide else ALLOWED
        self.days = self._days(elements) if "dates" in view.hide else 0

    def _raw(self, element: Element) -> bytes:
        return bytes(self.data[element.value : element.value_end])

    def _days(self, elements: list[Element]) -> int | None:
        """Days by which dates are moved; ``None`` when no day is known and dates must go."""
        by_tag = {e.tag: e for e in elements}
        for tag in _STUDY_DATES:
            day = _day(self._raw(by_tag[tag])) if tag in by_tag else None
            if day is not None:
                return (FIXED_DAY - day).days
        return None

    def header(self, elements: list[Element]) -> bytes:
        written = {tag: b"" for tag in EMPTIED}
        written |= {e.tag: b"" for e in elements if e.tag in self.allowed and e.vr == "DA"}
        made = {tag: encoding.encode(tag, _vr(tag), value, True) for tag, value in written.items()}
        for element in elements:
            if element.tag in self.allowed:
                shown = self._element(element, 0)
                if shown:
                    made[element.tag] = shown
        for tag, (vr, value) in self.view.replacements().items():
            made[tag] = encoding.encode(tag, vr, value, True)
        return b"".join(made[tag] for tag in sorted(made))

    def _element(self, element: Element, depth: int) -> bytes:
        if element.vr == "SQ":
            contents = [
                self._item(start, end, depth + 1)
                for start, end in encoding.items(self.data, element, self.explicit, depth + 1)
            ]
            return encoding.encode_items(element.tag, contents, True)
        # The dictionary's VR, not the file's: another VR would carry text past the rules.
        vr = element.vr if _fits(element.tag, element.vr) else ""
        value = self._value(element.tag, vr, self._raw(element)) if vr else None
        return b"" if value is None else encoding.encode(element.tag, vr, value, True)

    def _item(self, start: int, end: int, depth: int) -> bytes:
        inner = encoding.index(self.data, start, end, self.explicit, depth)
        code = next((self._raw(e) for e in inner if e.tag == _CODE_VALUE), b"")
        made = []
        for element in inner:
            if element.tag == _CODE_MEANING:
                shown = self._value(_CODE_VALUE, "SH", code)
                made.append(encoding.encode(_CODE_MEANING, "LO", shown or b"", True))
            elif element.tag in self.allowed:
                made.append(self._element(element, depth))
        return b"".join(made)

    def _value(self, tag: int, vr: str, raw: bytes) -> bytes | None:
        """Return what is shown of a value, ``None`` when the attribute must go."""
        if not raw or vr in _NUMERIC:
            return raw
        if tag == _CODE_VALUE:
            return raw if _CODE.fullmatch(raw) or raw.rstrip() in _UNITS else None
        form = _FORMS.get(vr)
        parts = raw.rstrip(b"\0").split(b"\\")
        if form is None or not all(form.fullmatch(part) or not part.strip() for part in parts):
            return None
        if vr in MOVED_DATES and "dates" in self.view.hide:
            return self._moved(parts)
        return raw

    def _moved(self, parts: list[bytes]) -> bytes | None:
        if self.days is None:
            return None
        moved = []
        for part in parts:
            day = _day(part[:8])
            if day is None:
                return None
            try:
                shifted = day + timedelta(days=self.days)
            except OverflowError:
                return None
            moved.append(f"{shifted:%Y%m%d}".rjust(8, "0").encode() + part[8:])
        return b"\\".join(moved)


def _fits(tag: int, vr: str) -> bool:
    known = _vr(tag)
    return vr == known or (vr in _NUMERIC and known in _NUMERIC)


def _vr(tag: int) -> str:
    return vr_of(f"{tag:08X}")


def _day(raw: bytes) -> date | None:
    text = raw.strip(b"\0 ").decode("latin-1")
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError:
        return None
